//! What of a notification is kept: no name, no address, no passcode.

use jiff::Timestamp;
use usher_core::attempt::AttemptId;
use usher_core::text::is_hidden;
use usher_core::webhook::matching::Hashes;
use usher_core::webhook::{MeetingNotice, Notification, Participant};

use super::candidate::digits;
use crate::store::{Notice, NoticeFacts, NoticeHashes};

/// What is kept of a notification.
pub(crate) fn notice_of(
    notification: Notification,
    hash: String,
    received_at: Timestamp,
    name_key: &[u8],
) -> Notice {
    let of_meeting = |event: &str, meeting: MeetingNotice, is_settled| Notice {
        hash: hash.clone(),
        received_at,
        at: meeting.at,
        event: event.to_owned(),
        meeting: meeting.meeting_number,
        meeting_uuid: meeting.meeting_uuid.map(|uuid| shown(&uuid)),
        facts: NoticeFacts::default(),
        hashes: NoticeHashes::default(),
        is_settled,
    };
    match notification {
        Notification::Challenge { .. } => other("endpoint.url_validation", hash, received_at),
        Notification::Participant(participant) => {
            let hashes = hashes(Hashes::of(name_key, &participant));
            let facts = facts(&participant);
            Notice {
                facts,
                hashes,
                ..of_meeting(participant.event.as_str(), participant.meeting, false)
            }
        }
        Notification::Started(meeting) => of_meeting("meeting.started", meeting, true),
        Notification::Ended(meeting) => of_meeting("meeting.ended", meeting, true),
        Notification::Updated { meeting, changed } => {
            let changed = changed.iter().map(|name| shown(name)).collect();
            Notice {
                facts: NoticeFacts {
                    changed,
                    ..NoticeFacts::default()
                },
                ..of_meeting("meeting.updated", meeting, false)
            }
        }
        Notification::Other { event } => other(&event, hash, received_at),
    }
}

/// A body that is Zoom's and says nothing that can be read.
pub(crate) fn unreadable(hash: String, received_at: Timestamp) -> Notice {
    other("(unreadable)", hash, received_at)
}

fn other(event: &str, hash: String, received_at: Timestamp) -> Notice {
    Notice {
        hash,
        received_at,
        at: received_at,
        event: shown(event),
        meeting: None,
        meeting_uuid: None,
        facts: NoticeFacts::default(),
        hashes: NoticeHashes::default(),
        is_settled: true,
    }
}

fn facts(participant: &Participant) -> NoticeFacts {
    let customer_key = participant.customer_key.as_deref();
    NoticeFacts {
        attempt: customer_key.and_then(AttemptId::parse),
        leave_reason: participant.leave_reason.as_deref().map(shown),
        changed: Vec::new(),
    }
}

fn hashes(hashes: Hashes) -> NoticeHashes {
    NoticeHashes {
        name: hashes.name.map(digits),
        registrant: hashes.registrant.map(digits),
    }
}

/// Without what doesn't show: PostgreSQL refuses a NUL, and one such text would keep all others out.
fn shown(text: &str) -> String {
    /// The core's longest is a leave reason.
    const CHARS_MAX: usize = 300;
    let shown = text.chars().filter(|c| !is_hidden(*c));
    shown.take(CHARS_MAX).collect()
}
