//! `Retry-After` in its three forms. Pure.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

static HTTP_DATE: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new();

/// How long Zoom asks to wait, or `None` if the value can't be read.
///
/// * seconds and an HTTP date: RFC 9110, section 10.2.3 (the date in the form that it tells senders to use);
/// * an ISO-8601 instant: what Zoom sends for its daily limits, going by older documents (reference 5.3; unverified today).
///
/// The two dates count from `answered_at`. Give the answer's own `Date`, so that an error of our clock does not enter.
/// A moment that has passed means: now.
pub(super) fn parse(value: &str, answered_at: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for an integer: that is asking to wait for ever.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = value.parse().ok().or_else(|| parse_http_date(value))?;
    Some(
        answered_at
            .duration_until(until)
            .try_into()
            .unwrap_or(Duration::ZERO),
    )
}

/// An HTTP date in the form that RFC 9110, section 5.6.7 prescribes; the two obsolete ones are not read.
pub(super) fn parse_http_date(value: &str) -> Option<Timestamp> {
    HTTP_DATE.parse_timestamp(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered_at() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn seconds_a_date_and_an_instant_are_understood() {
        for (value, seconds) in [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("Tue, 24 Nov 2026 12:02:00 GMT", 120),
            ("2026-11-24T12:02:00Z", 120),
            ("2026-11-24T12:02:00.000Z", 120),
            ("2026-11-24T21:02:00+09:00", 120),
            ("2026-11-25T00:00:00Z", 12 * 3600),
        ] {
            assert_eq!(
                parse(value, answered_at()),
                Some(Duration::from_secs(seconds)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_moment_that_has_passed_means_now() {
        for value in [
            "Tue, 24 Nov 2026 11:00:00 GMT",
            "2026-11-24T11:00:00Z",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(value, answered_at()), Some(Duration::ZERO), "{value}");
        }
    }

    #[test]
    fn more_seconds_than_fit_are_for_ever() {
        assert_eq!(
            parse("99999999999999999999999999", answered_at()),
            Some(Duration::from_secs(u64::MAX))
        );
    }

    #[test]
    fn anything_else_is_not_guessed_at() {
        for value in [
            "",
            " ",
            "-1",
            "1.5",
            "soon",
            "60 s",
            "2026-11-24",
            "2026-11-24T12:00:00",
            "Tue, 24 Nov",
        ] {
            assert_eq!(parse(value, answered_at()), None, "{value:?}");
        }
    }
}
