//! Our own calls to Zoom, and to the control.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One call, or several alike of one minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiLine {
    /// When it ended; of several, when their minute began.
    pub at: Timestamp,
    /// What was asked.
    pub call: Call,
    /// Host, with its port if it is not the usual one. One that is not Zoom's is the control: it says whether our own way out works.
    pub host: String,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The answer's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// Zoom's own code in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How far it got, if there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// How long it took, in milliseconds; of several, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How many calls it stands for.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
    /// Whose credentials it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Which Usher called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it so
fn is_one(count: &u64) -> bool {
    *count == 1
}

/// What Zoom is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// For an access token.
    #[serde(rename = "oauth")]
    OAuth,
    /// For a meeting.
    Meeting,
    /// For a user.
    User,
    /// For a ZAK.
    Zak,
    /// For an OBF token.
    Obf,
    /// For a report on participants.
    Report,
    /// Nothing but whether there is an answer.
    Probe,
}

impl Call {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Call::OAuth => "oauth",
            Call::Meeting => "meeting",
            Call::User => "user",
            Call::Zak => "zak",
            Call::Obf => "obf",
            Call::Report => "report",
            Call::Probe => "probe",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// With what was asked for; of a probe, with any answer that its host gives by itself.
    Ok,
    /// 4xx.
    Refused,
    /// 429.
    Limited,
    /// 5xx, or an answer that is none.
    Error,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
}

/// How far a call got that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The name could not be looked up.
    Dns,
    /// No connection.
    Tcp,
    /// The connection is not secure.
    Tls,
    /// The request was sent.
    Http,
}
