//! What a webhook's body says. Names of events and fields: rivet 7309ea34, `meetings/meetings.d.ts`.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::reading::{Fields, changed_fields, reason_of};
use crate::attempt::event::Kind;
use crate::meeting::MeetingNumber;
use crate::refusal::Refusal;
use crate::text::well_formed_json;

/// The longest body that is read. Ours: a participant's takes about 1 kB; `meeting.updated` can list occurrences and invitees.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// The longest name of an event that is kept, in characters. Zoom's longest are about 60.
const EVENT_CHARS_MAX: usize = 100;

/// What Zoom says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// `endpoint.url_validation`: see [`super::challenge_answer`].
    Challenge {
        /// What is to be signed; not checked yet.
        plain_token: String,
    },
    /// Of one person in one meeting.
    Participant(Participant),
    /// `meeting.started`.
    Started(MeetingNotice),
    /// `meeting.ended`.
    Ended(MeetingNotice),
    /// `meeting.updated`.
    Updated {
        /// Which meeting, and when.
        meeting: MeetingNotice,
        /// Names of what Zoom lists in the event, at most 64: `topic`, `settings.waiting_room`. Not the values: the passcode may be among them. That
        /// Zoom lists only what has changed is unverified.
        changed: Vec<String>,
    },
    /// Anything else that was subscribed to.
    Other {
        /// Zoom's name of it.
        event: String,
    },
}

/// Which meeting, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingNotice {
    /// None if it is no number of 9 to 12 digits.
    pub meeting_number: Option<MeetingNumber>,
    /// Zoom's id of the meeting's instance.
    pub meeting_uuid: Option<String>,
    /// When it happened, on Zoom's clock.
    pub at: Timestamp,
}

/// What became of one person in one meeting.
///
/// Printed for debugging, it shows nothing that tells who it is; a `customerKey` of the product's own may.
#[derive(Clone, PartialEq, Eq)]
pub struct Participant {
    /// What happened.
    pub event: ParticipantEvent,
    /// Which meeting, and when.
    pub meeting: MeetingNotice,
    /// What the page gave as `customerKey`: an attempt's id, or anything.
    pub customer_key: Option<String>,
    /// Zoom's id of the registrant, where the meeting asks for registration.
    pub registrant_id: Option<String>,
    /// The name shown in the meeting. For matching: it is never kept.
    pub user_name: Option<String>,
    /// Why the person left, in Zoom's words, without the name that they begin with.
    pub leave_reason: Option<String>,
    /// Zoom's id of the person in this instance of the meeting.
    pub participant_uuid: Option<String>,
}

impl fmt::Debug for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Participant")
            .field("event", &self.event)
            .field("meeting", &self.meeting)
            .field("participant_uuid", &self.participant_uuid)
            .field("leave_reason", &self.leave_reason)
            .finish_non_exhaustive()
    }
}

/// What happened to a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantEvent {
    /// In the meeting.
    Joined,
    /// Out of it.
    Left,
    /// Waits for the host.
    JbhWaiting,
    /// Waits for the host no longer. Sent twice by a bug up to Web SDK 6.9 (changelog of 6.10.0).
    JbhWaitingLeft,
    /// In the meeting, before the host.
    JbhJoined,
    /// In the waiting room.
    JoinedWaitingRoom,
    /// Out of it, into the meeting or away.
    LeftWaitingRoom,
    /// Sent back to it.
    PutInWaitingRoom,
    /// Let in.
    Admitted,
}

impl ParticipantEvent {
    const ALL: [Self; 9] = [
        Self::Joined,
        Self::Left,
        Self::JbhWaiting,
        Self::JbhWaitingLeft,
        Self::JbhJoined,
        Self::JoinedWaitingRoom,
        Self::LeftWaitingRoom,
        Self::PutInWaitingRoom,
        Self::Admitted,
    ];

    /// Zoom's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "meeting.participant_joined",
            Self::Left => "meeting.participant_left",
            Self::JbhWaiting => "meeting.participant_jbh_waiting",
            Self::JbhWaitingLeft => "meeting.participant_jbh_waiting_left",
            Self::JbhJoined => "meeting.participant_jbh_joined",
            Self::JoinedWaitingRoom => "meeting.participant_joined_waiting_room",
            Self::LeftWaitingRoom => "meeting.participant_left_waiting_room",
            Self::PutInWaitingRoom => "meeting.participant_put_in_waiting_room",
            Self::Admitted => "meeting.participant_admitted",
        }
    }

    /// Reads Zoom's name of it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    /// What it is in an attempt's story.
    ///
    /// Who is no longer in the waiting room has waited, and is not known to have been in the meeting: only Zoom's own
    /// "joined" and "left" say so.
    pub fn kind(self) -> Kind {
        match self {
            Self::Joined | Self::JbhJoined => Kind::Joined,
            Self::Left => Kind::Left,
            Self::JbhWaiting
            | Self::JoinedWaitingRoom
            | Self::PutInWaitingRoom
            | Self::Admitted => Kind::Waiting,
            Self::JbhWaitingLeft | Self::LeftWaitingRoom => Kind::Waited,
        }
    }
}

/// Reads a verified body; `sent_at` (of the verified timestamp) stands in where the body has no time.
///
/// Ids may be numbers or strings, fields may be missing, empty or unknown, a name may be no Unicode. Refused: what is no JSON object with an `event`, and
/// what is over [`BODY_BYTES_MAX`]. A refused body still was Zoom's: answer 200, for a 4xx or 5xx may only bring it again.
pub fn parse(body: &[u8], sent_at: Timestamp) -> Result<Notification, Refusal> {
    if body.len() > BODY_BYTES_MAX {
        return Err(refuse("body_too_long", "The body is over 256 KiB."));
    }
    let envelope: Value = serde_json::from_str(&well_formed_json(body))
        .map_err(|_| refuse("malformed_json", "The body is not JSON."))?;
    let envelope = Fields::of(&envelope);
    let event = envelope
        .text("event")
        .ok_or_else(|| refuse("missing_event", "The body has no `event`."))?;
    let payload = envelope.inner("payload");
    let happened_at = envelope.moment("event_ts").unwrap_or(sent_at);
    Ok(notification(&event, payload, happened_at))
}

fn refuse(code: &'static str, message: &str) -> Refusal {
    Refusal::new(
        code,
        "body",
        message,
        "Subscribe this endpoint to Zoom's meeting events only.",
    )
}

fn notification(event: &str, payload: Fields<'_>, happened_at: Timestamp) -> Notification {
    let object = payload.inner("object");
    let notice_at = |at: Option<Timestamp>| notice(object, at.unwrap_or(happened_at));
    match event {
        "endpoint.url_validation" => Notification::Challenge {
            plain_token: payload.verbatim("plainToken").unwrap_or_default(),
        },
        "meeting.started" => Notification::Started(notice_at(object.moment("start_time"))),
        "meeting.ended" => Notification::Ended(notice_at(object.moment("end_time"))),
        // Its `start_time` is when the meeting is planned, not when it was changed.
        "meeting.updated" => Notification::Updated {
            meeting: notice(object, happened_at),
            changed: changed_fields(object),
        },
        _ => ParticipantEvent::parse(event).map_or_else(
            || Notification::Other {
                event: event.chars().take(EVENT_CHARS_MAX).collect(),
            },
            |event| Notification::Participant(participant(event, object, happened_at)),
        ),
    }
}

fn notice(object: Fields<'_>, at: Timestamp) -> MeetingNotice {
    MeetingNotice {
        meeting_number: object
            .text("id")
            .and_then(|id| MeetingNumber::parse(&id).ok()),
        meeting_uuid: object.text("uuid"),
        at,
    }
}

fn participant(event: ParticipantEvent, object: Fields<'_>, happened_at: Timestamp) -> Participant {
    let person = object.inner("participant");
    // The `jbh_*` events have no time of their own.
    let time_field = match event {
        ParticipantEvent::Joined => "join_time",
        ParticipantEvent::Left => "leave_time",
        _ => "date_time",
    };
    let user_name = person.text("user_name");
    Participant {
        event,
        meeting: notice(object, person.moment(time_field).unwrap_or(happened_at)),
        customer_key: person.text("customer_key"),
        registrant_id: person.text("registrant_id"),
        leave_reason: person
            .text("leave_reason")
            .and_then(|told| reason_of(&told, user_name.as_deref())),
        user_name,
        participant_uuid: person.text("participant_uuid"),
    }
}
