//! What time it is at each host. Zoom's hosts answer `Date`, and judge `iat` and `exp`, by clocks of their own; here each can be set.

use std::collections::BTreeMap;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The host name that stands for every host without an offset of its own.
pub const ANY_HOST: &str = "*";

/// Offsets to the real clock, by host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clock {
    offsets: BTreeMap<String, OffsetMs>,
}

/// How far a host's clock is ahead of the real one, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct OffsetMs(i64);

impl OffsetMs {
    /// A hundred years either way, so that every time stays one that a `Date` header can write.
    const LIMIT: i64 = 100 * 365 * 24 * 3600 * 1000;
}

impl TryFrom<i64> for OffsetMs {
    type Error = String;

    fn try_from(offset_ms: i64) -> Result<Self, String> {
        if (-Self::LIMIT..=Self::LIMIT).contains(&offset_ms) {
            Ok(Self(offset_ms))
        } else {
            Err(format!(
                "an offset of {offset_ms} ms is more than a hundred years"
            ))
        }
    }
}

impl From<OffsetMs> for i64 {
    fn from(offset: OffsetMs) -> Self {
        offset.0
    }
}

impl Clock {
    /// Sets the clock of one host, or with [`ANY_HOST`] of every host that has none of its own.
    pub fn set(&mut self, host: &str, offset: OffsetMs) {
        self.offsets.insert(host.to_ascii_lowercase(), offset);
    }

    pub(crate) fn now(&self, host: &str) -> Timestamp {
        let offset = self
            .offsets
            .get(host)
            .or_else(|| self.offsets.get(ANY_HOST));
        let offset = SignedDuration::from_millis(offset.map_or(0, |offset| offset.0));
        let real = Timestamp::now();
        real.checked_add(offset).unwrap_or(real)
    }
}

/// The form of the `Date` header (RFC 9110, section 5.6.7): whole seconds, cut off.
pub(crate) fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}
