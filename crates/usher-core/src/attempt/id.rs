//! The id of an attempt: one person trying once.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// No attempt began before 2011, when Zoom was founded.
pub const EARLIEST: Timestamp = Timestamp::constant(1_293_840_000, 0);
/// How far the clocks of others may be ahead of ours. Ours, not Zoom's.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Whether an attempt can have begun at that moment. An id that others made is asked this about its own time before anything is kept
/// under it: stores are partitioned, and deleted, by that time.
pub fn can_have_begun(at: Timestamp, now: Timestamp) -> bool {
    at >= EARLIEST && at.duration_since(now) <= AHEAD_MAX
}

/// 128 bits, written as 32 lower-case hexadecimal digits, in the order of time.
///
/// It travels as the SDK's `customerKey`, which the SDK cuts silently at 36 characters (type definitions of
/// `@zoom/meetingsdk` 6.2.0) and which Zoom's REST schema returns with at most 35: a hyphenated UUID would not survive.
/// The bits are those of a UUID version 7 (RFC 9562, section 5.7), so that stores with a UUID type can keep it as one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(u128);

impl AttemptId {
    /// The id for a moment and 74 random bits (the rest of `random` is not used).
    ///
    /// Moments before 1970 count as 1970.
    pub fn new(at: Timestamp, random: u128) -> Self {
        let ms = u128::try_from(at.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
        let rand_a = (random >> 62) & 0x0fff;
        let rand_b = random & 0x3fff_ffff_ffff_ffff;
        Self(ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
    }

    /// Reads the 32 digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_hex
            .then(|| u128::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }

    /// The moment that the id carries, in milliseconds since 1970.
    pub fn unix_ms(self) -> i64 {
        i64::try_from(self.0 >> 80).unwrap_or(i64::MAX)
    }

    /// The moment that the id carries: that of the attempt.
    pub fn at(self) -> Timestamp {
        Timestamp::from_millisecond(self.unix_ms()).unwrap_or(Timestamp::MAX)
    }

    /// The smallest id of a moment, whatever is random in it: spans of time are spans of ids.
    pub fn first_of(at: Timestamp) -> Self {
        let ms = at.as_duration().as_millis();
        // What begins within a millisecond is after it: ids carry whole ones, rounded down.
        let is_whole = at.subsec_nanosecond() % 1_000_000 == 0;
        let ms = if is_whole { ms } else { ms + 1 };
        Self(u128::try_from(ms).unwrap_or(0).min(0xffff_ffff_ffff) << 80)
    }

    /// The 16 bytes, in the order of time.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reads the 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl serde::Serialize for AttemptId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AttemptId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("an attempt's id has 32 lower-case hex digits"))
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttemptId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn an_id_is_32_lower_case_hex_digits_and_reads_back() {
        let id = AttemptId::new(at_ms(1_696_910_400_123), u128::MAX);
        let text = id.to_string();
        assert_eq!(text, "018b17bdda7b7fffbfffffffffffffff");
        assert_eq!(AttemptId::parse(&text), Some(id));
        assert_eq!(id.unix_ms(), 1_696_910_400_123);
    }

    #[test]
    fn an_attempt_begins_after_zoom_and_not_in_the_future() {
        let now = at_ms(1_696_910_400_000);
        for (ms, can) in [
            (1_293_839_999_999, false),
            (1_293_840_000_000, true),
            (1_696_910_700_000, true),
            (1_696_910_700_001, false),
            (0xffff_ffff_ffff, false),
        ] {
            let id = AttemptId(ms << 80);
            assert_eq!(can_have_begun(id.at(), now), can, "{id}");
        }
    }

    #[test]
    fn ids_sort_by_time_whatever_their_random_bits() {
        assert!(AttemptId::new(at_ms(1), u128::MAX) < AttemptId::new(at_ms(2), 0));
    }

    #[test]
    fn what_is_not_32_lower_case_hex_digits_is_no_id() {
        for text in [
            "",
            "018B17BDDA7B7FFFBFFFFFFFFFFFFFFF",
            "018b17bd-da7b-7fff-bfff-ffffffffffff",
            "+18b17bdda7b7fffbfffffffffffffff",
        ] {
            assert_eq!(AttemptId::parse(text), None, "{text}");
        }
    }
}
