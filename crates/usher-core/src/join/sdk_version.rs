//! Versions of the Web SDK: how they are read, and which exist.

use std::fmt;

use crate::refusal::Refusal;

/// A version of the Web SDK, e.g. `2.16.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SdkVersion(pub u16, pub u16, pub u16);

impl SdkVersion {
    /// Reads `major.minor.patch`; a missing patch or minor counts as 0, a leading `v` is allowed.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = || {
            Refusal::new(
                "invalid_sdk_version",
                "sdk_version",
                "The SDK version can't be read.",
                "Give it as in the page's package.json, e.g. \"2.16.0\".",
            )
        };
        let mut numbers = [0_u16; 3];
        let parts: Vec<&str> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
        if parts.len() > numbers.len() {
            return Err(refuse());
        }
        for (number, part) in numbers.iter_mut().zip(parts) {
            // u16::from_str would take a plus sign.
            if !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(refuse());
            }
            *number = part.parse().map_err(|_| refuse())?;
        }
        Ok(Self(numbers[0], numbers[1], numbers[2]))
    }

    /// The first version in a text that people wrote: `2.16.0 (custom client)`, `SDK 5.14.11.8692`. Parts beyond the third are builds.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.')
            .find_map(|word| {
                let parts: Vec<&str> = word
                    .split('.')
                    .filter(|part| !part.is_empty())
                    .take(3)
                    .collect();
                (parts.len() > 1)
                    .then(|| Self::parse(&parts.join(".")).ok())
                    .flatten()
            })
    }
}

impl fmt::Display for SdkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The versions that npm holds, as of 2026-11-24: `@zoomus/websdk` below 3, `@zoom/meetingsdk` from 3 on.
pub const PUBLISHED_VERSIONS: &[SdkVersion] = &[
    SdkVersion(2, 7, 0),
    SdkVersion(2, 8, 0),
    SdkVersion(2, 9, 0),
    SdkVersion(2, 9, 5),
    SdkVersion(2, 9, 7),
    SdkVersion(2, 10, 0),
    SdkVersion(2, 10, 1),
    SdkVersion(2, 11, 0),
    SdkVersion(2, 11, 5),
    SdkVersion(2, 12, 0),
    SdkVersion(2, 12, 2),
    SdkVersion(2, 13, 0),
    SdkVersion(2, 14, 0),
    SdkVersion(2, 15, 0),
    SdkVersion(2, 15, 2),
    SdkVersion(2, 16, 0),
    SdkVersion(2, 17, 0),
    SdkVersion(2, 18, 0),
    SdkVersion(2, 18, 2),
    SdkVersion(2, 18, 3),
    SdkVersion(3, 1, 0),
    SdkVersion(3, 1, 2),
    SdkVersion(3, 1, 4),
    SdkVersion(3, 1, 6),
    SdkVersion(3, 5, 1),
    SdkVersion(3, 5, 2),
    SdkVersion(3, 6, 0),
    SdkVersion(3, 6, 1),
    SdkVersion(3, 7, 0),
    SdkVersion(3, 8, 0),
    SdkVersion(3, 8, 5),
    SdkVersion(3, 8, 10),
    SdkVersion(3, 9, 0),
    SdkVersion(3, 9, 2),
    SdkVersion(3, 10, 0),
    SdkVersion(3, 11, 0),
    SdkVersion(3, 11, 2),
    SdkVersion(3, 12, 0),
    SdkVersion(3, 13, 0),
    SdkVersion(3, 13, 1),
    SdkVersion(3, 13, 2),
    SdkVersion(4, 0, 0),
    SdkVersion(4, 0, 5),
    SdkVersion(4, 0, 6),
    SdkVersion(4, 0, 7),
    SdkVersion(4, 1, 0),
    SdkVersion(5, 0, 0),
    SdkVersion(5, 0, 2),
    SdkVersion(5, 0, 4),
    SdkVersion(5, 1, 0),
    SdkVersion(5, 1, 2),
    SdkVersion(5, 1, 4),
    SdkVersion(6, 0, 0),
    SdkVersion(6, 0, 2),
    SdkVersion(6, 1, 0),
    SdkVersion(6, 2, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_write_them() {
        for (text, version) in [
            ("2.16.0", Some(SdkVersion(2, 16, 0))),
            ("v6.2.0", Some(SdkVersion(6, 2, 0))),
            ("5.0", Some(SdkVersion(5, 0, 0))),
            ("5.0.x", None),
            ("", None),
            ("2.+1.0", None),
            ("1.2.3.4", None),
            ("99999.0.0", None),
        ] {
            assert_eq!(SdkVersion::parse(text).ok(), version, "{text}");
        }
    }

    #[test]
    fn a_version_is_found_in_what_people_write() {
        for (text, version) in [
            ("2.16.0", Some(SdkVersion(2, 16, 0))),
            ("1.9.8 and 2.0.1", Some(SdkVersion(1, 9, 8))),
            ("SDK iOS 5.14.11.8692, 6.20.0", Some(SdkVersion(5, 14, 11))),
            ("web 5.x", None),
            ("v4.0.7", Some(SdkVersion(4, 0, 7))),
            ("newest", None),
        ] {
            assert_eq!(SdkVersion::find(text), version, "{text}");
        }
    }

    #[test]
    fn the_table_of_versions_is_in_order() {
        assert!(PUBLISHED_VERSIONS.is_sorted());
    }
}
