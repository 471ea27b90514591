//! An attempt as the core's matching sees it.

use jiff::Timestamp;
use serde::Deserialize;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind, MatchedBy, Source};
use usher_core::attempt::story::Story;
use usher_core::webhook::KeyedHash;
use usher_core::webhook::matching::Candidate;

#[derive(Deserialize)]
struct Expiry {
    exp: i64,
}

/// What the events of an attempt say; `None` without any.
pub(super) fn candidate(attempt: AttemptId, events: &[Event]) -> Option<Candidate> {
    let story = Story::of(events)?;
    let claims = story.origin.and_then(|origin| origin.claims.as_deref());
    let expiry = claims.and_then(|claims| serde_json::from_str::<Expiry>(claims.get()).ok());
    let calls = events.iter().filter(|event| event.kind == Kind::Called);
    Some(Candidate {
        attempt,
        meeting_number: story.origin.and_then(|origin| origin.meeting_number),
        called_at: calls.map(|event| event.at).max(),
        expires_at: expiry.and_then(|expiry| Timestamp::from_second(expiry.exp).ok()),
        registrant_hash: story.registrant_hash.and_then(keyed_hash),
        name_hash: story.name_hash.and_then(keyed_hash),
        is_confirmed: events.iter().any(says_in),
        has_failed: story.final_failure().is_some(),
    })
}

/// Whether Zoom says, by whatever evidence but a doubtful one, that the person is in, or was.
fn says_in(event: &Event) -> bool {
    event.source == Source::Zoom
        && matches!(event.kind, Kind::Joined | Kind::Left)
        && event.facts.matched_by != Some(MatchedBy::DoubtfulCustomerKey)
}

/// The 32 hexadecimal digits that are kept of a hash.
pub(crate) fn digits(hash: KeyedHash) -> String {
    format!("{:032x}", u128::from_be_bytes(hash))
}

/// Reads them.
pub(super) fn keyed_hash(digits: &str) -> Option<KeyedHash> {
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}
