//! Where webhooks go, how they are signed, and what is done to them on the way.

use std::net::IpAddr;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::faults::{any, covers};

/// An address on this machine. The simulator sends nothing anywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoopbackUrl(Url);

impl LoopbackUrl {
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<String> for LoopbackUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for LoopbackUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
        let host = url.host_str().unwrap_or_default();
        let is_loopback = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if url.scheme() == "http" && is_loopback {
            Ok(Self(url))
        } else {
            Err(
                "the simulator sends webhooks only to http:// and localhost, 127.0.0.1 or [::1]"
                    .into(),
            )
        }
    }
}

impl From<LoopbackUrl> for String {
    fn from(url: LoopbackUrl) -> Self {
        url.0.into()
    }
}

/// The unit of `x-zm-request-timestamp`. Which one Zoom uses is unverified (reference 7.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampUnit {
    #[default]
    Seconds,
    Milliseconds,
}

/// What is sent again. The sources contradict each other (reference 0.10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetriedFailures {
    /// Whatever is not 200 or 204 within the time `[doc]`.
    #[default]
    All,
    /// 5xx, and no answer at all `[3rd]`.
    ServerErrors,
}

/// One subscription of an app to events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Also its name: putting another one with the same URL replaces it.
    pub url: LoopbackUrl,
    pub secret_token: String,
    /// Names of events, `*` at an end matches any continuation; empty = all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Only meetings of this account; without it, of every account.
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub timestamp_unit: TimestampUnit,
    #[serde(default)]
    pub retried_failures: RetriedFailures,
    /// Whether a retry is signed with the timestamp of the first attempt. What Zoom does is unverified (reference 7.1).
    #[serde(default)]
    pub retries_keep_timestamp: bool,
    /// Three seconds `[doc]`, unless a test can't wait that long.
    #[serde(default = "answer_within_ms")]
    pub answer_within_ms: u64,
}

fn answer_within_ms() -> u64 {
    3000
}

impl Subscription {
    /// To all events of all accounts.
    pub fn new(url: LoopbackUrl, secret_token: &str) -> Self {
        Self {
            url,
            secret_token: secret_token.into(),
            events: Vec::new(),
            account: None,
            timestamp_unit: TimestampUnit::default(),
            retried_failures: RetriedFailures::default(),
            retries_keep_timestamp: false,
            answer_within_ms: answer_within_ms(),
        }
    }

    pub(crate) fn wants(&self, event: &str, account: &str) -> bool {
        let is_subscribed =
            self.events.is_empty() || self.events.iter().any(|pattern| covers(pattern, event));
        is_subscribed && self.account.as_ref().is_none_or(|own| own == account)
    }
}

/// A signature that is not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongSignature {
    /// Made with another secret.
    Forged,
    /// Not hexadecimal.
    Malformed,
    /// No header at all.
    Missing,
}

/// What goes wrong with the deliveries that it strikes, all their attempts included. Those which match add up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookFault {
    /// An event's name, or its beginning followed by `*`.
    #[serde(default = "any")]
    pub event: String,
    /// How many deliveries it strikes; without it, all.
    pub times: Option<u64>,
    /// How many more times the same body is sent.
    pub duplicates: u8,
    /// It goes ahead of what still waits.
    pub overtakes: bool,
    /// By the simulator's clock: it becomes due that much later.
    pub delay_ms: u64,
    /// Added to the time in the header, and signed: negative is stale, positive comes from the future.
    pub timestamp_offset_ms: i64,
    pub signature: Option<WrongSignature>,
    /// It is never sent, and not retried.
    pub dropped: bool,
}

impl Default for WebhookFault {
    fn default() -> Self {
        Self {
            event: any(),
            times: None,
            duplicates: 0,
            overtakes: false,
            delay_ms: 0,
            timestamp_offset_ms: 0,
            signature: None,
            dropped: false,
        }
    }
}

/// A webhook fault in force.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveWebhookFault {
    pub id: u64,
    #[serde(flatten)]
    pub fault: WebhookFault,
    /// How many deliveries it has struck.
    pub struck: u64,
}

/// The webhook faults in force, oldest first.
#[derive(Debug, Default)]
pub struct WebhookFaults {
    active: Vec<ActiveWebhookFault>,
    last_id: u64,
}

impl WebhookFaults {
    /// Puts a fault in force and gives its id.
    pub fn add(&mut self, fault: WebhookFault) -> u64 {
        self.last_id += 1;
        self.active.push(ActiveWebhookFault {
            id: self.last_id,
            fault,
            struck: 0,
        });
        self.last_id
    }

    /// Ends a fault; says whether there was one.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.id != id);
        self.active.len() < before
    }

    pub fn clear(&mut self) {
        self.active.clear();
    }

    pub fn iter(&self) -> impl Iterator<Item = &ActiveWebhookFault> {
        self.active.iter()
    }

    /// All that is wrong with one delivery.
    pub(crate) fn strike(&mut self, event: &str) -> WebhookFault {
        let mut sum = WebhookFault::default();
        for active in &mut self.active {
            let fault = &active.fault;
            let is_spent = fault.times.is_some_and(|times| active.struck >= times);
            if is_spent || !covers(&fault.event, event) {
                continue;
            }
            active.struck += 1;
            sum.duplicates = sum.duplicates.saturating_add(fault.duplicates);
            sum.overtakes |= fault.overtakes;
            sum.delay_ms = sum.delay_ms.saturating_add(fault.delay_ms);
            sum.timestamp_offset_ms = sum
                .timestamp_offset_ms
                .saturating_add(fault.timestamp_offset_ms);
            sum.signature = sum.signature.or(fault.signature);
            sum.dropped |= fault.dropped;
        }
        sum
    }
}
