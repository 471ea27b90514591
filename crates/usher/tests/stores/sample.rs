//! Small things that tests of the store give it.

#![allow(dead_code, clippy::unwrap_used)]

use jiff::Timestamp;
use usher::store::{Edit, MeetingChange, Name, Passcode};
use usher_core::meeting::MeetingNumber;

pub(crate) fn number(number: u64) -> MeetingNumber {
    MeetingNumber::from_u64(number).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_microsecond(second * 1_000_000 + 1).unwrap()
}

pub(crate) fn topic(text: &str) -> MeetingChange {
    MeetingChange {
        topic: Edit::parse("topic", Some(text)).unwrap(),
        ..MeetingChange::default()
    }
}

pub(crate) fn passcode(text: &str) -> MeetingChange {
    MeetingChange {
        passcode: Some(Passcode::new(text).unwrap()),
        ..MeetingChange::default()
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new("name", text).unwrap()
}
