//! What the witnesses say, in the form of a witness file: JSON lines that the journal keeps, exports and takes in.
//!
//! A witness of which there is no line was not watching; a healthy one has lines that say so.

mod api;
mod change;
mod clock;
mod file;
mod status;
mod status_page;

pub use api::{ApiLine, Call, CallOutcome, Phase};
pub use change::{Change, TEXT_MAX_CHARS, ToldChange, What};
pub use clock::{ClockLine, Measured, SntpSource};
pub use file::{KINDS, LINE_MAX_BYTES, line};
pub use status::{Component, Indicator, StatusIncident, StatusLine};
pub use status_page::{NotAStatusPage, StatusReading, matters_for_joining};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// Our clock beside another.
    Clock(ClockLine),
    /// Our own calls.
    Api(ApiLine),
    /// The status page, as seen.
    Status(StatusLine),
    /// Something of ours that changed.
    Change(Change),
    /// That a witness was on.
    Watching(Watching),
}

impl Line {
    /// When it was said; of a time of watching, when that began.
    pub fn at(&self) -> Timestamp {
        match self {
            Line::Clock(line) => line.at,
            Line::Api(line) => line.at,
            Line::Status(line) => line.at,
            Line::Change(line) => line.at,
            Line::Watching(line) => line.from,
        }
    }

    /// Says whose it is, if it does not say so already.
    #[must_use]
    pub fn by(mut self, instance: &str) -> Self {
        let whose = match &mut self {
            Line::Clock(line) => &mut line.instance,
            Line::Api(line) => &mut line.instance,
            Line::Status(line) => &mut line.instance,
            Line::Change(line) => &mut line.instance,
            Line::Watching(line) => &mut line.instance,
        };
        whose.get_or_insert_with(|| instance.to_owned());
        self
    }

    /// The word in `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Line::Clock(_) => "clock",
            Line::Api(_) => "api",
            Line::Status(_) => "status",
            Line::Change(_) => "change",
            Line::Watching(_) => "watching",
        }
    }
}

/// A span in which a witness was on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    /// Which.
    pub witness: Witness,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Which Usher's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// What is watched besides attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// What we change ourselves.
    Change,
    /// Our clock against others.
    Clock,
    /// Zoom's APIs, by our own calls.
    Api,
    /// Zoom's status page.
    Status,
}

impl Witness {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Witness::Change => "change",
            Witness::Clock => "clock",
            Witness::Api => "api",
            Witness::Status => "status",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_line_is_read_and_written_alike() {
        for line in [
            r#"{"kind":"clock","at":"2023-10-10T04:00:01Z","server":"api.zoom.us","t0":"2023-10-10T04:00:00.9Z","t1":"2023-10-10T04:00:01Z","date":"2023-10-10T03:59:30Z","verified":true,"instance":"a"}"#,
            r#"{"kind":"clock","at":"2023-10-10T04:00:01Z","server":"ntp.example.com","source":"sntp","offset_ms":29500.5,"error_ms":4.0}"#,
            r#"{"kind":"api","at":"2023-10-10T04:00:00Z","call":"oauth","host":"zoom.us","outcome":"unreachable","phase":"dns","latency_ms":3.5,"count":7}"#,
            r#"{"kind":"status","at":"2023-10-10T04:00:00Z","reachable":true,"indicator":"minor","components":[{"name":"Meetings","status":"degraded_performance"}],"incidents":[{"name":"Joins fail","impact":"minor","status":"investigating","components":["Meetings"]}]}"#,
            r#"{"kind":"change","at":"2023-10-10T04:00:00Z","what":"release","text":"web 42","release":"42","environment":"production","dims":{"tenant":"a"}}"#,
            r#"{"kind":"watching","witness":"change","from":"2023-10-10T04:00:00Z","to":"2023-10-10T05:00:00Z"}"#,
        ] {
            let read: Line = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), line);
        }
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        for line in [
            r#"{"kind":"clock","at":"2023-10-10T04:00:01Z","server":"zoom.us","t0":"2023-10-10T04:00:00.9Z","t1":"2023-10-10T04:00:01Z","date":"2023-10-10T03:59:30Z"}"#,
            r#"{"kind":"api","at":"2023-10-10T04:00:00Z","call":"probe","host":"example.com","outcome":"ok"}"#,
            r#"{"kind":"status","at":"2023-10-10T04:00:00Z","reachable":false}"#,
            r#"{"kind":"change","at":"2023-10-10T04:00:00Z","what":"start","text":"started"}"#,
        ] {
            assert!(serde_json::from_str::<Line>(line).is_ok(), "{line}");
        }
    }
}
