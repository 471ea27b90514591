//! Ways to misbehave: slow, limited, broken, gone.

use std::collections::VecDeque;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::altered_headers::{AlteredHeaders, HeaderText};
use crate::clock::{ANY_HOST, http_date};
use crate::rest::iso_seconds;

/// One way to misbehave for the requests that it matches.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default = "any")]
    pub host: String,
    /// A path, or its beginning followed by `*`.
    #[serde(default = "any")]
    pub path: String,
    #[serde(default = "any")]
    pub method: String,
    /// How many requests it strikes; without it, all.
    #[serde(default)]
    pub times: Option<u64>,
    #[serde(default)]
    pub delay_ms: u64,
    /// What it changes in the headers of the answer, whoever gives that.
    #[serde(default)]
    pub headers: AlteredHeaders,
    /// Without an answer the request is only delayed, or its answer altered.
    #[serde(default)]
    pub answer: Option<FaultAnswer>,
}

pub(crate) fn any() -> String {
    ANY_HOST.to_owned()
}

/// Whether a text is the pattern, or continues it where a `*` stands at its end.
pub(crate) fn covers(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            host: any(),
            path: any(),
            method: any(),
            times: None,
            delay_ms: 0,
            headers: AlteredHeaders::default(),
            answer: None,
        }
    }
}

/// What a fault answers instead of Zoom.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAnswer {
    /// The connection is closed without an answer.
    Close,
    /// No answer, and the connection stays open.
    Hang,
    /// A status with a JSON body.
    Json {
        status: Status,
        body: Value,
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// A status with a page, as a proxy or a maintenance notice would send it.
    Html { status: Status },
    /// To another address, as a captive portal or a moved page sends it.
    Redirect {
        to: HeaderText,
        #[serde(default = "Status::found")]
        status: Status,
    },
    /// A status and bytes that are neither JSON nor text, said to be JSON.
    Garbage { status: Status },
    /// Half of a JSON body, then the connection is closed.
    Half { status: Status },
    /// 429 for whatever exceeds `requests` within `per_ms`.
    RateLimit {
        requests: usize,
        per_ms: u64,
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// What `/api/v1/wc/info` answers, in the form that the asking SDK reads.
    Join { code: i64, message: String },
}

/// A status that ends a request: a server can't finish with one below 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Status(pub(crate) StatusCode);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match StatusCode::from_u16(status) {
            Ok(code) if (200..600).contains(&status) => Ok(Self(code)),
            _ => Err(format!(
                "{status} is no status to answer with: use 200 to 599"
            )),
        }
    }
}

impl Status {
    /// What a redirect has unless it says otherwise.
    fn found() -> Self {
        Self(StatusCode::FOUND)
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0.as_u16()
    }
}

/// `Retry-After` in one of the three forms that Zoom is said to use (reference 5.3).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryAfter {
    pub after_s: u32,
    pub form: RetryAfterForm,
}

/// How `Retry-After` is written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterForm {
    Seconds,
    HttpDate,
    Iso8601,
}

impl RetryAfter {
    pub(crate) fn header_value(self, now: Timestamp) -> String {
        let at = now
            .checked_add(SignedDuration::from_secs(i64::from(self.after_s)))
            .unwrap_or(now);
        match self.form {
            RetryAfterForm::Seconds => self.after_s.to_string(),
            RetryAfterForm::HttpDate => http_date(at),
            RetryAfterForm::Iso8601 => iso_seconds(at),
        }
    }
}

/// A fault in force.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveFault {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests it has struck.
    pub struck: u64,
    #[serde(skip)]
    admitted: VecDeque<Timestamp>,
}

/// The faults in force, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    active: Vec<ActiveFault>,
    last_id: u64,
}

/// What the faults do to one request.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) delay_ms: u64,
    pub(crate) headers: AlteredHeaders,
    pub(crate) answer: Option<(u64, FaultAnswer)>,
}

impl Faults {
    /// Puts a fault in force and gives its id.
    pub fn add(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        self.active.push(ActiveFault {
            id: self.last_id,
            fault,
            struck: 0,
            admitted: VecDeque::new(),
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

    pub fn iter(&self) -> impl Iterator<Item = &ActiveFault> {
        self.active.iter()
    }

    /// Delays add up, of each header the first alteration counts; the first fault with an answer ends the search.
    pub(crate) fn strike(
        &mut self,
        host: &str,
        method: &str,
        path: &str,
        now: Timestamp,
    ) -> Strike {
        let mut strike = Strike::default();
        for active in &mut self.active {
            if !active.matches(host, method, path) || active.admits(now) {
                continue;
            }
            active.struck += 1;
            strike.delay_ms = strike.delay_ms.saturating_add(active.fault.delay_ms);
            strike.headers.fill_from(&active.fault.headers);
            if let Some(answer) = &active.fault.answer {
                strike.answer = Some((active.id, answer.clone()));
                break;
            }
        }
        strike
    }
}

impl ActiveFault {
    fn matches(&self, host: &str, method: &str, path: &str) -> bool {
        let fault = &self.fault;
        covers(&fault.path, path)
            && (fault.host == ANY_HOST || fault.host.eq_ignore_ascii_case(host))
            && (fault.method == ANY_HOST || fault.method.eq_ignore_ascii_case(method))
            && fault.times.is_none_or(|times| self.struck < times)
    }

    /// Whether a rate limit still has room; it then counts the request.
    fn admits(&mut self, now: Timestamp) -> bool {
        let Some(FaultAnswer::RateLimit {
            requests, per_ms, ..
        }) = self.fault.answer
        else {
            return false;
        };
        let window = SignedDuration::from_millis(i64::try_from(per_ms).unwrap_or(i64::MAX));
        while self
            .admitted
            .front()
            .is_some_and(|at| now.duration_since(*at) >= window)
        {
            self.admitted.pop_front();
        }
        let admits = self.admitted.len() < requests;
        if admits {
            self.admitted.push_back(now);
        }
        admits
    }
}
