//! One webhook on its way: signed, sent, answered, sent again.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::subscription::{
    LoopbackUrl, RetriedFailures, Subscription, TimestampUnit, WebhookFault, WrongSignature,
};
use super::{URL_VALIDATION, Webhooks};
use crate::Shared;
use crate::clock::ANY_HOST;

/// After the first attempt and after each retry: +5, +20 and +60 minutes `[doc]` (reference 7.2).
const RETRY_AFTER_MINUTES: [i64; 3] = [5, 20, 60];
/// So much of an answer is kept.
const ANSWER_KEPT_BYTES: usize = 4096;

/// One webhook for one subscription, with all attempts to deliver it.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    pub id: u64,
    pub url: LoopbackUrl,
    pub event: String,
    /// The bytes that are signed and sent.
    pub body: String,
    pub queued_at: Timestamp,
    #[serde(flatten)]
    pub state: DeliveryState,
    pub attempts: Vec<DeliveryAttempt>,
    #[serde(skip)]
    pub(super) fault: WebhookFault,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting {
        due_at: Timestamp,
    },
    Sending,
    Delivered,
    /// The last attempt failed, or failed in a way that is not retried.
    Failed,
    /// By a fault, without an attempt.
    Dropped,
}

/// One request and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryAttempt {
    /// By the simulator's clock.
    pub at: Timestamp,
    /// `x-zm-request-timestamp` as it was sent.
    pub timestamp: String,
    /// `x-zm-signature` as it was sent, if it was.
    pub signature: Option<String>,
    /// `None` without an answer.
    pub status: Option<u16>,
    pub latency_ms: u64,
    /// What was answered, its first 4096 bytes.
    pub body: String,
    /// Why it does not count as delivered.
    pub error: Option<String>,
}

/// Which of the waiting deliveries to attempt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deliver {
    /// Only these.
    pub ids: Option<BTreeSet<u64>>,
    /// Also those that are not due yet: "retry now".
    pub even_if_early: bool,
}

impl Delivery {
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, DeliveryState::Waiting { .. })
    }

    pub(super) fn is_over(&self) -> bool {
        !self.waits() && self.state != DeliveryState::Sending
    }

    fn is_wanted(&self, wanted: &Deliver, now: Timestamp) -> bool {
        let is_named = wanted.ids.as_ref().is_none_or(|ids| ids.contains(&self.id));
        match self.state {
            DeliveryState::Waiting { due_at } => {
                is_named && (wanted.even_if_early || due_at <= now)
            }
            _ => false,
        }
    }

    fn state_after(&self, attempt: &DeliveryAttempt, retried: RetriedFailures) -> DeliveryState {
        if attempt.error.is_none() {
            return DeliveryState::Delivered;
        }
        let is_server_error = attempt.status.is_none_or(|status| status >= 500);
        let is_retried = retried == RetriedFailures::All || is_server_error;
        // That a challenge is not retried is assumed.
        match RETRY_AFTER_MINUTES.get(self.attempts.len()) {
            Some(minutes) if is_retried && self.event != URL_VALIDATION => DeliveryState::Waiting {
                due_at: attempt
                    .at
                    .checked_add(SignedDuration::from_mins(*minutes))
                    .unwrap_or(Timestamp::MAX),
            },
            _ => DeliveryState::Failed,
        }
    }
}

/// One attempt, ready to be sent.
struct Outgoing {
    subscription: Subscription,
    event: String,
    body: String,
    at: Timestamp,
    timestamp: String,
    signature: Option<String>,
}

impl Outgoing {
    fn new(subscription: &Subscription, delivery: &Delivery, now: Timestamp) -> Self {
        let timestamp = timestamp(subscription, delivery, now);
        let message = format!("v0:{timestamp}:{}", delivery.body);
        let signature = match delivery.fault.signature {
            None => Some(format!(
                "v0={}",
                hex_hmac(&subscription.secret_token, &message)
            )),
            Some(WrongSignature::Forged) => {
                let other_secret = format!("not {}", subscription.secret_token);
                Some(format!("v0={}", hex_hmac(&other_secret, &message)))
            }
            Some(WrongSignature::Malformed) => Some("v0=not-hexadecimal".to_owned()),
            Some(WrongSignature::Missing) => None,
        };
        Self {
            subscription: subscription.clone(),
            event: delivery.event.clone(),
            body: delivery.body.clone(),
            at: now,
            timestamp,
            signature,
        }
    }

    async fn send(self, client: &Client) -> DeliveryAttempt {
        let started = Instant::now();
        let within = Duration::from_millis(self.subscription.answer_within_ms);
        let mut request = client
            .post(self.subscription.url.url().clone())
            .timeout(within)
            .header(CONTENT_TYPE, "application/json")
            .header("x-zm-request-timestamp", &self.timestamp)
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("x-zm-signature", signature);
        }
        let (status, body, broken) = match request.send().await {
            Ok(response) => {
                let status = response.status();
                let (body, broken) = read(response).await;
                (Some(status), body, broken)
            }
            Err(error) => (None, String::new(), Some(reason(&error))),
        };
        let error = broken.or_else(|| self.objection(status?, &body));
        DeliveryAttempt {
            at: self.at,
            timestamp: self.timestamp,
            signature: self.signature,
            status: status.map(|status| status.as_u16()),
            latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            body,
            error,
        }
    }

    /// Why an answer does not count as delivered: 200 or 204 does `[doc]`, and a challenge wants its token back, signed `[src]`.
    fn objection(&self, status: StatusCode, answer: &str) -> Option<String> {
        if self.event != URL_VALIDATION {
            let is_delivered = matches!(status, StatusCode::OK | StatusCode::NO_CONTENT);
            return (!is_delivered).then(|| format!("status {}", status.as_u16()));
        }
        if status != StatusCode::OK {
            return Some(format!("status {}", status.as_u16()));
        }
        let asked: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let plain_token = asked["payload"]["plainToken"].as_str().unwrap_or_default();
        let answer: Value = serde_json::from_str(answer).unwrap_or_default();
        if answer["plainToken"] != plain_token {
            Some("plainToken is not the one that was sent".to_owned())
        } else if answer["encryptedToken"] != hex_hmac(&self.subscription.secret_token, plain_token)
        {
            Some("encryptedToken is not plainToken signed with the secret token".to_owned())
        } else {
            None
        }
    }
}

fn timestamp(subscription: &Subscription, delivery: &Delivery, now: Timestamp) -> String {
    let first = delivery.attempts.first();
    if let Some(first) = first.filter(|_| subscription.retries_keep_timestamp) {
        return first.timestamp.clone();
    }
    let offset_ms = delivery.fault.timestamp_offset_ms;
    let ms = now.as_millisecond().saturating_add(offset_ms);
    match subscription.timestamp_unit {
        TimestampUnit::Seconds => ms.div_euclid(1000).to_string(),
        TimestampUnit::Milliseconds => ms.to_string(),
    }
}

/// The beginning of an answer's body, and what broke it off.
async fn read(mut response: reqwest::Response) -> (String, Option<String>) {
    let mut bytes = Vec::new();
    let mut broken = None;
    while bytes.len() < ANSWER_KEPT_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                broken = Some(reason(&error));
                break;
            }
        }
    }
    bytes.truncate(ANSWER_KEPT_BYTES);
    (String::from_utf8_lossy(&bytes).into_owned(), broken)
}

fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection broke off".to_owned()
    }
}

/// By `aws-lc-rs`: Usher, which verifies it, uses another implementation.
fn hex_hmac(secret: &str, message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, message.as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Straight to this machine: no proxy, and no redirect that leads elsewhere.
pub(crate) fn client() -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
}

impl Webhooks {
    /// The ids of those that are wanted, in the order in which to send them.
    fn wanted(&self, wanted: &Deliver, now: Timestamp) -> Vec<u64> {
        self.deliveries
            .iter()
            .filter(|delivery| delivery.is_wanted(wanted, now))
            .map(|delivery| delivery.id)
            .collect()
    }

    /// Takes a waiting delivery for one attempt, unless somebody else has.
    fn take(&mut self, id: u64, now: Timestamp) -> Option<Outgoing> {
        let delivery = self.deliveries.iter_mut().find(|each| each.id == id)?;
        if !delivery.waits() {
            return None;
        }
        let subscription = self
            .subscriptions
            .iter()
            .find(|each| each.url == delivery.url);
        let outgoing = subscription.map(|each| Outgoing::new(each, delivery, now));
        // Nobody is subscribed there any more.
        delivery.state = match outgoing {
            Some(_) => DeliveryState::Sending,
            None => DeliveryState::Failed,
        };
        outgoing
    }

    fn attempted(&mut self, id: u64, attempt: DeliveryAttempt, retried: RetriedFailures) {
        if let Some(delivery) = self.deliveries.iter_mut().find(|each| each.id == id) {
            delivery.state = delivery.state_after(&attempt, retried);
            delivery.attempts.push(attempt);
        }
    }
}

impl Shared {
    /// Attempts deliveries one after the other, and gives them as they are then.
    pub(crate) async fn deliver(&self, wanted: &Deliver) -> Vec<Delivery> {
        let ids = self.with_world(|world| {
            let now = world.clock.now(ANY_HOST);
            world.webhooks.wanted(wanted, now)
        });
        self.attempt(ids.clone()).await;
        self.with_world(|world| world.webhooks.with_ids(&ids))
    }

    /// Attempts those of a verb that are due, and gives all of them.
    pub(crate) async fn deliver_queued(&self, queued: Vec<u64>) -> Vec<Delivery> {
        let wanted = Deliver {
            ids: Some(queued.iter().copied().collect()),
            even_if_early: false,
        };
        self.deliver(&wanted).await;
        self.with_world(|world| world.webhooks.with_ids(&queued))
    }

    /// In a task of its own: who asked for it may go away, and the attempt is recorded all the same.
    async fn attempt(&self, ids: Vec<u64>) {
        let shared = self.clone();
        let task = tokio::spawn(async move {
            for id in ids {
                let taken = shared.with_world(|world| {
                    let now = world.clock.now(ANY_HOST);
                    world.webhooks.take(id, now)
                });
                let Some(outgoing) = taken else { continue };
                let retried = outgoing.subscription.retried_failures;
                let attempt = outgoing.send(&shared.client).await;
                shared.with_world(|world| world.webhooks.attempted(id, attempt, retried));
            }
        });
        // It ends early only with the runtime.
        let _ = task.await;
    }
}
