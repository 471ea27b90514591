//! Meeting numbers and roles: the words that a signature and join parameters share.

use std::fmt;

use crate::refusal::Refusal;

/// The number of a meeting or webinar: 9 to 12 digits.
///
/// Zoom's REST API describes it as a 64-bit integer that can exceed ten digits; the Web SDK refuses more than twelve
/// characters before it asks Zoom (Client View 5.1.4). As an integer it has no leading zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeetingNumber(u64);

impl MeetingNumber {
    const HINT: &'static str = "Give the 9 to 12 digits of the meeting, e.g. \"85012345678\"; spaces and dashes are stripped.";

    /// Reads a number as people write it: spaces and dashes between digits are stripped, everything else is refused.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.trim_start().starts_with('-') {
            return Err(Self::refuse("The meeting number is negative."));
        }
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.is_empty() {
            return Err(Self::refuse("The meeting number is empty."));
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Self::refuse(
                "The meeting number holds something other than digits.",
            ));
        }
        match digits.parse() {
            Ok(number) if digits.len() == decimal_digits(number) => Self::from_u64(number),
            Ok(_) => Err(Self::refuse("The meeting number begins with a zero.")),
            Err(_) => Err(Self::wrong_length(digits.len())),
        }
    }

    /// The number that Zoom's REST API gives as a 64-bit integer.
    pub fn from_u64(number: u64) -> Result<Self, Refusal> {
        match decimal_digits(number) {
            9..=12 => Ok(Self(number)),
            length => Err(Self::wrong_length(length)),
        }
    }

    /// The number as an integer.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    fn wrong_length(length: usize) -> Refusal {
        Self::refuse(format!(
            "The meeting number has {length} digit{}, not 9 to 12.",
            if length == 1 { "" } else { "s" }
        ))
    }

    fn refuse(message: impl Into<String>) -> Refusal {
        Refusal::new(
            "invalid_meeting_number",
            "meeting_number",
            message,
            Self::HINT,
        )
    }
}

fn decimal_digits(number: u64) -> usize {
    number
        .checked_ilog10()
        .map_or(1, |log10| log10 as usize + 1)
}

impl fmt::Display for MeetingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A string of digits: the JSON type that Zoom's sample gives the `mn` claim and the SDK's `meetingNumber`.
impl serde::Serialize for MeetingNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for MeetingNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What the person may do: the `role` claim (0 participant, 1 host).
///
/// Starting a meeting needs [`Role::Host`] and a ZAK; an attendee with a ZAK joins as that signed-in person.
/// Source: <https://developers.zoom.us/docs/meeting-sdk/web/component-view/meetings-webinars/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Joins: claim 0.
    Attendee,
    /// Starts the meeting or joins it as its host: claim 1.
    Host,
}

impl Role {
    /// The value of the `role` claim.
    pub fn claim(self) -> u8 {
        match self {
            Role::Attendee => 0,
            Role::Host => 1,
        }
    }

    /// The word that Usher's API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Attendee => "attendee",
            Role::Host => "host",
        }
    }

    /// Reads `attendee`, `host`, `0` or `1`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "attendee" | "0" => Ok(Role::Attendee),
            "host" | "1" => Ok(Role::Host),
            _ => Err(Refusal::new(
                "invalid_role",
                "role",
                "The role is neither attendee (0) nor host (1).",
                "Give \"attendee\" or \"host\".",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_dashes_are_stripped_from_a_number() {
        for text in ["85012345678", "850 1234 5678", "850-1234-5678"] {
            assert_eq!(MeetingNumber::parse(text).unwrap().as_u64(), 85_012_345_678);
        }
    }

    #[test]
    fn a_negative_number_is_no_meetings() {
        for text in ["-85012345678", " -850 1234 5678"] {
            let refusal = MeetingNumber::parse(text).unwrap_err();
            assert_eq!(refusal.message, "The meeting number is negative.", "{text}");
        }
    }

    #[test]
    fn numbers_have_9_to_12_digits() {
        for (text, is_accepted) in [
            ("12345678", false),
            ("123456789", true),
            ("123456789012", true),
            ("1234567890123", false),
            ("99999999999999999999999999", false),
        ] {
            assert_eq!(MeetingNumber::parse(text).is_ok(), is_accepted, "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_never_repeats_odd_characters() {
        for text in [
            "",
            "   ",
            "85012345678x",
            "８５０１２３４５６７８",
            "850\u{202e}12345678",
            "012345678901",
        ] {
            let refusal = MeetingNumber::parse(text).unwrap_err();
            assert_eq!(refusal.field, "meeting_number", "{text}");
            assert!(refusal.to_string().is_ascii(), "{refusal}");
        }
    }

    #[test]
    fn a_role_is_a_word_or_the_claim() {
        assert_eq!(Role::parse("host").unwrap(), Role::Host);
        assert_eq!(Role::parse("0").unwrap(), Role::Attendee);
        assert_eq!(Role::parse("2").unwrap_err().field, "role");
    }
}
