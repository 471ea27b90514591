//! One fact about an attempt, from one source. Facts are never changed, only joined by others.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::AttemptId;
use super::origin::Origin;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Usher itself, when it minted.
    Mint,
    /// The page, through the browser client.
    Browser,
    /// Zoom: a webhook, or its report.
    Zoom,
    /// A file, or a caller that minted elsewhere.
    Import,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Join parameters were made, here or elsewhere.
    Minted,
    /// The page has the SDK and the parameters.
    Loaded,
    /// The page called `join()`.
    Called,
    /// In the waiting room, or before the host.
    Waiting,
    /// No longer there: in the meeting, or away.
    Waited,
    /// The page waited for a callback until its own deadline.
    Silent,
    /// The page went away before an answer.
    GaveUp,
    /// The SDK gave an error.
    Failed,
    /// In the meeting.
    Joined,
    /// Out of it again.
    Left,
    /// Zoom's report of the meeting does not have this person.
    NotConfirmed,
}

/// One fact. Attempt, source and id together identify it: the same again is a duplicate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// Whose it is.
    pub attempt: AttemptId,
    /// Who says it.
    pub source: Source,
    /// Unique within the attempt and source: at most [`ID_MAX`] characters.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// When it happened, on the recorder's clock, as well as it is known (see [`on_our_clock`]).
    pub at: Timestamp,
    /// When the recorder heard of it.
    pub received_at: Timestamp,
    /// What more is known.
    pub facts: Facts,
    /// What is deleted before the facts are.
    pub personal: Personal,
}

/// The longest id of an event, in characters: room for a UUID with a prefix.
pub const ID_MAX: usize = 64;

/// What an event says beyond its kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What was minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<Origin>>,
    /// The page and its browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Box<Client>>,
    /// The error's code as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The error's text as it came, cut to a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The browser's time as it came, where it is not the recorder's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// Zoom's own name of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom_event: Option<String>,
    /// How Zoom's event found its attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_by: Option<MatchedBy>,
    /// Zoom's id of the meeting's instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_uuid: Option<String>,
}

/// How sure it is that an event of Zoom's belongs to the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Zoom returned the attempt's id, the meeting fits, and it is not too late.
    CustomerKey,
    /// Zoom returned the attempt's id, but for another meeting, or too late: the key is supplied by the client and can be forged.
    DoubtfulCustomerKey,
    /// The registrant is the one of the join request.
    Registrant,
    /// Meeting, time and name fit, and no other attempt does.
    Guess,
}

/// The page and its browser, as the browser client tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// The version of the SDK that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// `client` or `component`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// Family and major version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// Family and major version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// The page's release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The Network Information API's word: `4g`, `wifi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Whether the page may use `SharedArrayBuffer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_origin_isolated: Option<bool>,
    /// The browser's clock minus the recorder's, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// The address that the report came from, cut to its network: `203.0.113.0/24`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// What tells who it was: deleted earlier than the facts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Personal {
    /// The person's id in the embedding product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
    /// A keyed hash of the name that was joined with, in hexadecimal: for matching Zoom's events; the name itself is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_hash: Option<String>,
    /// A keyed hash of Zoom's id of the registrant, where the product gave it: for matching, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrant_hash: Option<String>,
    /// The error object as the page had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawValue>>,
}

impl Personal {
    /// Whether there is nothing to delete.
    pub fn is_empty(&self) -> bool {
        self.participant.is_none()
            && self.name_hash.is_none()
            && self.registrant_hash.is_none()
            && self.raw.is_none()
    }
}

/// When something happened on the recorder's clock, from the browser's: clocks in browsers are off by years.
///
/// `claimed` and `sent` are of the same clock, so that their difference is true, apart from what the way took (`received` is later
/// than the sending by that much). Without `sent`, a claim within `TRUSTED_SKEW` of the receipt is taken, and any other counts
/// as the moment of the receipt. Never later than the receipt, never before the attempt.
pub fn on_our_clock(
    attempt: AttemptId,
    claimed: Timestamp,
    sent: Option<Timestamp>,
    received: Timestamp,
) -> Timestamp {
    /// A clock that is synchronised at all is within this; an offline queue is not, but its sender says when it sent.
    const TRUSTED_SKEW_MS: i64 = 120_000;
    let age_ms = if let Some(sent) = sent {
        sent.as_millisecond()
            .saturating_sub(claimed.as_millisecond())
    } else {
        let age_ms = received
            .as_millisecond()
            .saturating_sub(claimed.as_millisecond());
        if age_ms.abs() <= TRUSTED_SKEW_MS {
            age_ms
        } else {
            0
        }
    };
    let oldest_ms = attempt.unix_ms().min(received.as_millisecond());
    let at_ms = received
        .as_millisecond()
        .saturating_sub(age_ms.max(0))
        .max(oldest_ms);
    Timestamp::from_millisecond(at_ms).unwrap_or(received)
}

macro_rules! words {
    ($type:ident { $($variant:ident $word:literal $number:literal,)* }) => {
        impl $type {
            /// The word as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $word,)* }
            }

            /// The number that stores keep: stable.
            pub fn number(self) -> i64 {
                match self { $($type::$variant => $number,)* }
            }

            /// What a store kept.
            pub fn of_number(number: i64) -> Option<Self> {
                match number { $($number => Some($type::$variant),)* _ => None }
            }
        }
    };
}
pub(super) use words;

words!(Source {
    Mint "mint" 1,
    Browser "browser" 2,
    Zoom "zoom" 3,
    Import "import" 4,
});

words!(Kind {
    Minted "minted" 1,
    Loaded "loaded" 2,
    Called "called" 3,
    Waiting "waiting" 4,
    Silent "silent" 5,
    GaveUp "gave_up" 6,
    Failed "failed" 7,
    Joined "joined" 8,
    Left "left" 9,
    NotConfirmed "not_confirmed" 10,
    Waited "waited" 11,
});

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn a_browsers_clock_that_is_off_by_years_does_not_move_what_it_tells() {
        let minted = 1_700_000_000_000;
        let attempt = AttemptId::new(ms(minted), 0);
        let received = ms(minted + 10_000);
        let years = 5 * 365 * 86_400_000;
        for (claimed, sent, expected) in [
            // Sent 3 s after it happened, by a clock that is years behind, or ahead.
            (minted - years, Some(minted - years + 3_000), minted + 7_000),
            (minted + years, Some(minted + years + 3_000), minted + 7_000),
            // The sender does not say when it sent.
            (minted + 8_000, None, minted + 8_000),
            (minted - years, None, minted + 10_000),
            // Not after the receipt, not before the mint.
            (minted + 60_000, Some(minted), minted + 10_000),
            (minted, Some(minted + years), minted),
        ] {
            let at = on_our_clock(attempt, ms(claimed), sent.map(ms), received);
            assert_eq!(at, ms(expected), "{claimed} {sent:?}");
        }
    }

    #[test]
    fn what_a_store_keeps_of_a_word_reads_back() {
        for number in 1..=11 {
            assert_eq!(Kind::of_number(number).unwrap().number(), number);
        }
        assert_eq!(Kind::of_number(12), None);
        assert_eq!(Source::of_number(3), Some(Source::Zoom));
    }
}
