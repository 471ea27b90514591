//! Who was in which meeting and when. Webhooks and reports both speak from here, so that they agree.

mod control;
mod verbs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Shared;
use crate::webhooks::Delivery;

pub(crate) use control::routes;

/// Somebody, as Zoom knows them. What is `None` is missing in webhooks and reports, but for `email` and `user`: those are empty there, as
/// Zoom sends them for guests from outside the host's account (reference 7.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    pub customer_key: Option<String>,
    pub registrant_id: Option<String>,
    pub user_name: Option<String>,
    pub email: Option<String>,
    /// The Zoom user's id.
    pub user: Option<String>,
    pub phone_number: Option<String>,
}

impl Person {
    /// Somebody of whom only the key is known that the join carried.
    pub fn with_customer_key(customer_key: &str) -> Self {
        Self {
            customer_key: Some(customer_key.into()),
            ..Self::default()
        }
    }
}

/// One time that a person was in an instance of a meeting, or waited to be.
#[derive(Debug, Clone, Serialize)]
pub struct Participant {
    pub person: Person,
    /// Numbered within the meeting.
    pub user_id: String,
    pub participant_uuid: String,
    pub waited_from: Option<Timestamp>,
    pub joined_at: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
}

/// A meeting from its start to its end. Each has a UUID of its own (reference 6).
#[derive(Debug, Clone, Serialize)]
pub struct Instance {
    pub meeting: u64,
    pub uuid: String,
    pub account: String,
    pub started_at: Timestamp,
    /// `None` while it runs.
    pub ended_at: Option<Timestamp>,
    pub participants: Vec<Participant>,
}

impl Instance {
    fn covers(&self, at: Timestamp) -> bool {
        self.started_at <= at && self.ended_at.is_none_or(|ended_at| at <= ended_at)
    }
}

/// All instances of all meetings, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Instances {
    all: Vec<Instance>,
    participants_made: u64,
}

impl Instances {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Instance> {
        self.all.iter()
    }

    /// The one that runs, else the one that was made last.
    pub(crate) fn latest(&self, meeting: u64) -> Option<&Instance> {
        let of_meeting = || self.iter().rev().filter(|each| each.meeting == meeting);
        of_meeting()
            .find(|instance| instance.ended_at.is_none())
            .or_else(|| of_meeting().next())
    }

    fn running(&self, meeting: u64) -> Option<usize> {
        self.all
            .iter()
            .position(|each| each.meeting == meeting && each.ended_at.is_none())
    }

    fn ended_that_covers(&self, meeting: u64, at: Timestamp) -> Option<usize> {
        self.all
            .iter()
            .rposition(|each| each.meeting == meeting && each.ended_at.is_some() && each.covers(at))
    }

    pub(crate) fn new_participant(&mut self, person: Person) -> Participant {
        // Zoom numbers the people of a meeting in steps of 1024 (as its ids look; assumed).
        self.participants_made += 1;
        let number = 16_777_216 + 1024 * self.participants_made;
        Participant {
            person,
            user_id: number.to_string(),
            participant_uuid: format!("51A70000-0000-4000-8000-{:012X}", self.participants_made),
            waited_from: None,
            joined_at: None,
            left_at: None,
        }
    }
}

/// A meeting starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingStart {
    pub meeting: u64,
    /// Now, unless it is said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// A new one is made unless it is said.
    #[serde(default)]
    pub uuid: Option<String>,
}

/// A person waits for a meeting, is in it, and leaves it. Without a running instance the meeting starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attendance {
    pub meeting: u64,
    pub person: Person,
    /// Since when they were in the waiting room, if they were.
    #[serde(default)]
    pub waited_from: Option<Timestamp>,
    /// Now, unless it is said, or only `waited_from` is: then they still wait.
    #[serde(default)]
    pub joined_at: Option<Timestamp>,
    #[serde(default)]
    pub left_at: Option<Timestamp>,
    /// The report knows of them, but no webhook is sent.
    #[serde(default)]
    pub without_webhooks: bool,
}

/// The person with that key leaves the running instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    pub meeting: u64,
    pub customer_key: String,
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// The running instance ends, and everybody who is in it leaves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingEnd {
    pub meeting: u64,
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// Why attendance can't be as it is said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttendanceError {
    #[error("meeting: there is no meeting {0}")]
    NoMeeting(u64),
    #[error("meeting: no instance of {0} is running; start one, or let somebody join")]
    NotRunning(u64),
    #[error("meeting: {0} is running already; end it first")]
    Running(u64),
    #[error("customer_key: nobody with {0:?} is in the meeting")]
    NobodyThere(String),
    #[error("{later}: {later_at} is before {earlier} ({earlier_at})")]
    OutOfOrder {
        later: &'static str,
        later_at: Timestamp,
        earlier: &'static str,
        earlier_at: Timestamp,
    },
}

/// What a verb did, with the deliveries that now wait to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub uuid: String,
    pub participant_uuid: Option<String>,
    pub queued: Vec<u64>,
}

/// What a verb did, with its deliveries after their first attempt.
#[derive(Debug, Clone, Serialize)]
pub struct Attended {
    pub uuid: String,
    pub participant_uuid: Option<String>,
    pub deliveries: Vec<Delivery>,
}

impl Shared {
    /// Makes the deliveries that a verb queued.
    pub(crate) async fn tell(&self, happened: Happened) -> Attended {
        Attended {
            uuid: happened.uuid,
            participant_uuid: happened.participant_uuid,
            deliveries: self.deliver_queued(happened.queued).await,
        }
    }
}
