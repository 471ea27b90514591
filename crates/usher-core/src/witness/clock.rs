//! Our clock beside another's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Reading;

/// One answer that tells a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockLine {
    /// When it came, on our clock.
    pub at: Timestamp,
    /// Whose clock it is.
    pub server: String,
    /// What it tells.
    #[serde(flatten)]
    pub measured: Measured,
    /// Which Usher's clock it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// The two ways to compare clocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// By SNTP (RFC 4330), which measures for itself. Offsets are ours minus the other's.
    Sntp {
        /// Says that it is this way.
        source: SntpSource,
        /// In milliseconds.
        offset_ms: f64,
        /// The offset is wrong by at most so many milliseconds, if the server is right.
        error_ms: f64,
    },
    /// By the `Date` of an HTTP answer.
    Date {
        /// When it was asked, on our clock.
        t0: Timestamp,
        /// When the answer came.
        t1: Timestamp,
        /// The answer's `Date`, in whole seconds.
        date: Timestamp,
        /// TLS proved the server's name.
        #[serde(default)]
        verified: bool,
    },
}

/// The word that marks an SNTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SntpSource {
    /// The only one.
    #[serde(rename = "sntp")]
    Sntp,
}

impl From<&Reading> for ClockLine {
    fn from(reading: &Reading) -> Self {
        Self {
            at: reading.received_at,
            server: reading.server.clone(),
            measured: Measured::Date {
                t0: reading.sent_at,
                t1: reading.received_at,
                date: reading.date,
                verified: reading.is_verified,
            },
            instance: None,
        }
    }
}
