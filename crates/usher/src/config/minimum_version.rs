//! The oldest Web SDK that Zoom lets join, as it was announced.
//!
//! Zoom raises it every quarter (reference 3.1), so that a version written down in this program would soon be wrong: it is told.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use usher_core::join::dialect::SdkVersion;

use super::{ConfigError, file};

/// A minimum, and from when on it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MinimumVersion {
    pub(crate) version: SdkVersion,
    /// None: it counts already.
    pub(crate) from: Option<Timestamp>,
}

impl MinimumVersion {
    /// Reads `6.2.0` or `6.2.0@2027-02-06`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (version, from) = match text.split_once('@') {
            Some((version, from)) => (version, Some(from)),
            None => (text, None),
        };
        Self::of(version, from)
    }

    fn of(version: &str, from: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            version: SdkVersion::parse(version)
                .map_err(|refusal| format!("{} {}", refusal.message, refusal.hint))?,
            from: from.map(day_or_moment).transpose()?,
        })
    }

    pub(crate) fn counts_at(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at)
    }
}

/// A day, which begins at midnight UTC, or a moment in RFC 3339.
pub(crate) fn day_or_moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    text.parse::<Date>()
        .and_then(|day| Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)))
        .map_err(|_| "give the day as 2027-02-06, or a moment as 2027-02-06T00:00:00Z".to_owned())
}

pub(super) fn minimum_versions(
    given: &[file::MinimumVersion],
    source: &str,
) -> Result<Vec<MinimumVersion>, ConfigError> {
    let checked = given.iter().map(|one| {
        MinimumVersion::of(&one.version, one.from.as_deref())
            .map_err(|problem| ConfigError::at(source, "minimum_sdk_version", problem))
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_is_a_version_and_perhaps_the_day_from_which_it_counts() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let always = MinimumVersion::parse("5.1.0").unwrap();
        assert!(always.counts_at(Timestamp::UNIX_EPOCH));
        let coming = MinimumVersion::parse("6.2.0@2027-02-06").unwrap();
        assert_eq!(coming.version, SdkVersion(6, 2, 0));
        assert!(!coming.counts_at(at("2027-02-05T23:59:59Z")));
        assert!(coming.counts_at(at("2027-02-06T00:00:00Z")));
        for wrong in [
            "",
            "six",
            "6.2.0@",
            "6.2.0@soon",
            "6.2.0@2027-02-30",
            "@2027-02-06",
        ] {
            assert!(MinimumVersion::parse(wrong).is_err(), "{wrong}");
        }
    }
}
