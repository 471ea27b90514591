//! What Zoom sends to `/webhooks/zoom`: whether it is Zoom's, what it says, which attempt it is about.
//!
//! * [`verify`]: the signature over the raw body, before anything else is looked at.
//! * [`challenge_answer`]: Zoom asks whether the endpoint is ours.
//! * [`parse`]: the raw body as a [`Notification`].
//! * [`matching`]: the attempt that a participant's notification belongs to.
//!
//! Sources: <https://github.com/zoom/webhook-sample> (e4d48a77, `index.js`), the types of
//! <https://github.com/zoom/rivet-javascript> (7309ea34, `meetings/meetings.d.ts`) and
//! <https://developers.zoom.us/blog/webhook-delays.md>. No delivery of Zoom's own was observed.

mod challenge;
mod keyed_hash;
pub mod matching;
mod notification;
mod reading;
mod verification;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

pub use challenge::{ChallengeAnswer, challenge_answer};
pub use keyed_hash::{KeyedHash, fingerprint, name_hash, registrant_hash};
pub use notification::{
    BODY_BYTES_MAX, MeetingNotice, Notification, Participant, ParticipantEvent, parse,
};
pub use verification::{Forged, Verified, signature, verify};

/// How far our clock and Zoom's may differ before times are not believed.
///
/// Ours, not Zoom's: a signature can be minted well with a clock that is minutes off (the mint bounds `iat` by Zoom's time).
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// From when on "Zoom did not confirm" may be said of somebody whose page said `joined` at that moment.
///
/// Zoom tries again 5, then 20, then 60 minutes later, and gives up: the last try is 85 minutes after the first
/// (<https://developers.zoom.us/blog/webhook-delays.md>). The first comes seconds after the join; five minutes more are ours.
pub fn confirmation_deadline(joined_at: Timestamp) -> Timestamp {
    const LAST_RETRY: SignedDuration = SignedDuration::from_mins(5 + 20 + 60);
    const SLACK: SignedDuration = SignedDuration::from_mins(5);
    later(joined_at, LAST_RETRY + SLACK)
}

/// What makes the same notification the same: half of the SHA-256 of the raw body, as 32 hexadecimal digits.
///
/// Zoom delivers some more than once; no header that counts the tries was found (unverified).
pub fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body)[..16])
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A number since 1970, in seconds or milliseconds by its magnitude: Zoom's unit of the header's timestamp is unverified.
fn moment(number: i64) -> Option<Timestamp> {
    /// As seconds the year 5138, as milliseconds 1973.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    if number < MILLISECONDS_FROM {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
