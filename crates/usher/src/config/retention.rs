//! How long what happened is kept.

use jiff::{SignedDuration, Timestamp};

use super::ConfigError;
use super::file;

/// A year and a month: the same month of last year is there to compare with.
const DEFAULT_FACTS_DAYS: u32 = 400;
/// Long enough to answer who was hit by what happened last week.
const DEFAULT_PERSONAL_DAYS: u32 = 30;

/// Days that facts, and what tells who it was, are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub facts_days: u32,
    pub personal_days: u32,
}

impl Retention {
    pub(super) fn check(given: &file::Retention, source: &str) -> Result<Self, ConfigError> {
        let facts_days = given.facts_days.unwrap_or(DEFAULT_FACTS_DAYS);
        // Who shortens the facts alone means these, too.
        let default_personal_days = DEFAULT_PERSONAL_DAYS.min(facts_days);
        let personal_days = given.personal_days.unwrap_or(default_personal_days);
        if facts_days == 0 {
            let problem = "facts are kept for at least a day; give 1 or more";
            return Err(ConfigError::at(source, "retention.facts_days", problem));
        }
        if personal_days == 0 {
            let problem = "personal data is kept for at least a day, or Zoom's events would not find their attempts; give 1 or more";
            return Err(ConfigError::at(source, "retention.personal_days", problem));
        }
        if personal_days > facts_days {
            let problem = format!(
                "{personal_days} days are more than facts are kept; give at most {facts_days}, or raise `retention.facts_days`"
            );
            return Err(ConfigError::at(source, "retention.personal_days", problem));
        }
        Ok(Self {
            facts_days,
            personal_days,
        })
    }

    /// What happened before this is deleted.
    pub fn facts_from(self, now: Timestamp) -> Timestamp {
        days_before(now, self.facts_days)
    }

    /// Whose attempts those before this were is deleted.
    pub fn personal_from(self, now: Timestamp) -> Timestamp {
        days_before(now, self.personal_days)
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(facts_days: Option<u32>, personal_days: Option<u32>) -> Result<Retention, String> {
        let given = file::Retention {
            facts_days,
            personal_days,
        };
        Retention::check(&given, "usher.toml").map_err(|error| error.to_string())
    }

    #[test]
    fn personal_data_is_never_kept_longer_than_facts() {
        let days = |facts_days, personal_days| Retention {
            facts_days,
            personal_days,
        };
        assert_eq!(check(None, None), Ok(days(400, 30)));
        assert_eq!(check(Some(7), None), Ok(days(7, 7)));
        assert_eq!(check(Some(7), Some(7)), Ok(days(7, 7)));
        for (facts, personal, key) in [
            (Some(0), None, "retention.facts_days"),
            (None, Some(0), "retention.personal_days"),
            (Some(7), Some(8), "retention.personal_days"),
            (None, Some(401), "retention.personal_days"),
        ] {
            let error = check(facts, personal).unwrap_err();
            assert!(
                error.starts_with(&format!("usher.toml: `{key}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn days_beyond_the_beginning_of_time_keep_everything() {
        let all = check(Some(u32::MAX), Some(u32::MAX)).unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(all.facts_from(now), Timestamp::UNIX_EPOCH);
        let usual = check(None, None).unwrap();
        assert_eq!(
            usual.personal_from(now).as_second(),
            1_700_000_000 - 30 * 86_400
        );
    }
}
