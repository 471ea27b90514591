//! One answer's `Date` beside our clock.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::Interval;
use crate::attempt::EARLIEST;

/// An answer's `Date`, and our clock around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose clock: the host that answered.
    pub server: String,
    /// Its name was proven by TLS.
    pub is_verified: bool,
    /// When the request was sent, on our clock.
    pub sent_at: Timestamp,
    /// When the answer's head arrived, on our clock: not before `sent_at`.
    pub received_at: Timestamp,
    /// The server's clock at some moment between, cut to the whole second.
    pub date: Timestamp,
}

/// Why an answer says nothing about the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoReading {
    /// It has no `Date`.
    #[error("the answer has no Date")]
    NoDate,
    /// Its `Date` is not one (RFC 9110, section 5.6.7).
    #[error("the answer's Date can't be read")]
    MalformedDate,
    /// It has an `Age`: a cache answered, and `Date` is when the cache got it (RFC 9111, section 5.1).
    #[error("the answer comes from a cache: it has an Age")]
    FromCache,
    /// A proxy, a gateway or a captive portal answered in the host's place, with its own clock.
    #[error("the answer is a proxy's or a gateway's, not the host's own")]
    NotItsOwn,
    /// It came before it was asked for: our clock was set back meanwhile.
    #[error("our clock was set back between request and answer")]
    SetBack,
}

impl Reading {
    /// Reads the headers of an answer.
    pub fn of_answer(
        server: &str,
        is_verified: bool,
        (sent_at, received_at): (Timestamp, Timestamp),
        date: Option<&str>,
        age: Option<&str>,
    ) -> Result<Self, NoReading> {
        if age.is_some() {
            return Err(NoReading::FromCache);
        }
        if received_at < sent_at {
            return Err(NoReading::SetBack);
        }
        let date = date.ok_or(NoReading::NoDate)?;
        Ok(Self {
            server: server.to_owned(),
            is_verified,
            sent_at,
            received_at,
            date: http_date(date).ok_or(NoReading::MalformedDate)?,
        })
    }

    /// Where our clock can be: the server's stood somewhere in the second of `date`, at a moment between `sent_at` and `received_at`.
    pub fn offset(&self) -> Interval {
        Interval {
            lo: self.sent_at.duration_since(self.date) - SignedDuration::from_secs(1),
            hi: self.received_at.duration_since(self.date),
        }
    }
}

/// The one form that servers may send, which is also one of RFC 2822's.
const IMF_FIXDATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Reads it.
fn http_date(text: &str) -> Option<Timestamp> {
    if text.len() != IMF_FIXDATE.len() || !text.ends_with(" GMT") {
        return None;
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    // What is older is no clock of Zoom's.
    (date >= EARLIEST).then_some(date)
}
