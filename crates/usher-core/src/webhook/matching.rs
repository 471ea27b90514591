//! Which attempt a participant's notification belongs to, and how sure that is.
//!
//! The strongest evidence comes first: the attempt's own id, then the registrant, then meeting, time and name.

use jiff::{SignedDuration, Timestamp};

use super::keyed_hash::{KeyedHash, name_hash, registrant_hash};
use super::{CLOCK_SKEW, Participant, later};
use crate::attempt::AttemptId;
use crate::attempt::event::{Kind, MatchedBy};
use crate::meeting::MeetingNumber;
use crate::signature::EXPIRES_IN_S_MAX;

/// How long after the signature's end a person can still appear.
///
/// A signature is needed to get in, not to stay: whoever joined at its end is re-announced after a lost connection, a breakout room or
/// the waiting room, and leaves at last. Zoom's longest meeting lasts 30 hours (paid plans; third-party
/// note of Zoom's pricing page, 2026-10).
const STAY_MAX: SignedDuration = SignedDuration::from_hours(30);

/// How long after the call of `join()` (or the mint) somebody of the same name is taken for the same person.
///
/// Ours: a page joins at once, and the same name an hour later is more likely to come by Zoom's own app.
const GUESS_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// An attempt that a notification may belong to.
///
/// Give the one whose id is the notification's `customer_key`, if there is such a one, and those on the same meeting of the last days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its id; the time of the mint is in it.
    pub attempt: AttemptId,
    /// The meeting that it was minted for; an imported attempt may have none.
    pub meeting_number: Option<MeetingNumber>,
    /// When the page said that it called `join()`.
    pub called_at: Option<Timestamp>,
    /// When its signature ends; unknown counts as 48 h after the mint, the longest that Zoom allows.
    pub expires_at: Option<Timestamp>,
    /// Hash of Zoom's registrant id, where the product gave it. The registrant *token* (`tk`) of a join request is another value; that
    /// the id can be read out of it is unverified, so only equal ids match.
    pub registrant_hash: Option<KeyedHash>,
    /// Hash of the name that was joined with.
    pub name_hash: Option<KeyedHash>,
    /// Whether Zoom has said already that this person is in, or was.
    pub is_confirmed: bool,
    /// Whether the page said that the join failed.
    pub has_failed: bool,
}

/// What of a notification is compared by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hashes {
    /// Of the name.
    pub name: Option<KeyedHash>,
    /// Of the registrant's id.
    pub registrant: Option<KeyedHash>,
}

impl Hashes {
    /// The hashes of a notification. Zoom withholds names of accounts under HIPAA
    /// (<https://devforum.zoom.us/t/add-customer-key-property-to-zoommtg-join-and-webhook-notifications/56427>): no name, no guess.
    pub fn of(key: &[u8], participant: &Participant) -> Self {
        let name = participant.user_name.as_deref();
        Self {
            name: name
                .filter(|name| !name.trim().is_empty())
                .map(|name| name_hash(key, name)),
            registrant: participant
                .registrant_id
                .as_deref()
                .map(|id| registrant_hash(key, id)),
        }
    }
}

/// The attempt that a notification belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Its id.
    pub attempt: AttemptId,
    /// By which evidence.
    pub by: MatchedBy,
    /// Why the evidence is doubtful: there exactly if `by` is [`MatchedBy::DoubtfulCustomerKey`].
    pub doubt: Option<Doubt>,
}

/// Why a `customer_key` is not believed: the client supplies it, and no signature covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The attempt was minted for another meeting.
    OtherMeeting,
    /// Zoom names no meeting, or the attempt has none.
    UnknownMeeting,
    /// It happened later than anybody with this signature can be in the meeting.
    TooLate,
}

impl Doubt {
    /// Stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Doubt::OtherMeeting => "other_meeting",
            Doubt::UnknownMeeting => "unknown_meeting",
            Doubt::TooLate => "too_late",
        }
    }
}

/// Finds the attempt, if one can be told.
pub fn find(participant: &Participant, hashes: Hashes, candidates: &[Candidate]) -> Option<Match> {
    let claimed = participant
        .customer_key
        .as_deref()
        .and_then(AttemptId::parse);
    let by_key = || {
        let known = candidates.iter().find(|c| Some(c.attempt) == claimed)?;
        Some(by_customer_key(participant, known))
    };
    // Who carries another attempt's id, even an unknown one's, is none of the candidates as far as names can tell.
    let by_guess = || {
        claimed
            .is_none()
            .then(|| guess(participant, hashes, candidates))?
    };
    by_key()
        .or_else(|| by_registrant(participant, hashes, candidates))
        .or_else(by_guess)
}

fn by_customer_key(participant: &Participant, known: &Candidate) -> Match {
    let doubt = doubt(participant, known);
    Match {
        attempt: known.attempt,
        by: match doubt {
            None => MatchedBy::CustomerKey,
            Some(_) => MatchedBy::DoubtfulCustomerKey,
        },
        doubt,
    }
}

/// What speaks against the attempt: meeting, or a time that is too late.
///
/// Nobody but the minter knew the id before the mint, for 74 of its bits are random: one that comes back from before proves a wrong clock,
/// not a foreign id (the story of the attempt says so).
fn doubt(participant: &Participant, candidate: &Candidate) -> Option<Doubt> {
    let at = participant.meeting.at;
    match (participant.meeting.meeting_number, candidate.meeting_number) {
        (Some(told), Some(minted_for)) if told != minted_for => Some(Doubt::OtherMeeting),
        (Some(_), Some(_)) if at > latest(candidate) => Some(Doubt::TooLate),
        (Some(_), Some(_)) => None,
        _ => Some(Doubt::UnknownMeeting),
    }
}

/// Without an id, only meeting and time tell that this can be the attempt.
fn fits(participant: &Participant, candidate: &Candidate) -> bool {
    doubt(participant, candidate).is_none()
        && later(participant.meeting.at, CLOCK_SKEW) >= minted_at(candidate)
}

fn minted_at(candidate: &Candidate) -> Timestamp {
    Timestamp::from_millisecond(candidate.attempt.unix_ms()).unwrap_or(Timestamp::MAX)
}

fn latest(candidate: &Candidate) -> Timestamp {
    let longest = SignedDuration::from_secs(i64::from(EXPIRES_IN_S_MAX));
    let expires_at = candidate
        .expires_at
        .unwrap_or_else(|| later(minted_at(candidate), longest));
    later(later(expires_at, STAY_MAX), CLOCK_SKEW)
}

/// A registrant is a person, who may have tried several times: the last try that fits, one that failed only if there is no other.
fn by_registrant(
    participant: &Participant,
    hashes: Hashes,
    candidates: &[Candidate],
) -> Option<Match> {
    let registrant = hashes.registrant?;
    candidates
        .iter()
        .filter(|c| c.registrant_hash == Some(registrant) && fits(participant, c))
        .max_by_key(|c| (!c.has_failed, c.attempt))
        .map(|c| Match {
            attempt: c.attempt,
            by: MatchedBy::Registrant,
            doubt: None,
        })
}

/// The only attempt that fits; several that do are none.
fn guess(participant: &Participant, hashes: Hashes, candidates: &[Candidate]) -> Option<Match> {
    let name = hashes.name?;
    let mut fitting = candidates.iter().filter(|c| {
        c.name_hash == Some(name) && fits(participant, c) && is_at_the_right_stage(participant, c)
    });
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(Match {
            attempt: only.attempt,
            by: MatchedBy::Guess,
            doubt: None,
        }),
        _ => None,
    }
}

/// Only who is in can leave; only who is not in yet, and has not failed, can come, and soon.
fn is_at_the_right_stage(participant: &Participant, candidate: &Candidate) -> bool {
    if participant.event.kind() == Kind::Left {
        return candidate.is_confirmed;
    }
    let began_at = candidate.called_at.unwrap_or_else(|| minted_at(candidate));
    !candidate.is_confirmed
        && !candidate.has_failed
        && participant.meeting.at <= later(began_at, GUESS_WITHIN)
}
