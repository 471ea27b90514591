//! `--from`, `--to` and `--tz`: a span of time as people have it, in the time of their place.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::{Failure, moment};
use crate::import_file::zone;

/// A span of time: its end is not in it.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    zone: TimeZone,
}

impl Span {
    /// Reads the ends of a span. One without a zone or an offset is of `tz`, or UTC. Where an hour comes twice, the span is the longer one.
    pub(super) fn parse(from: &str, to: &str, tz: Option<&str>) -> Result<Self, Failure> {
        let zone = match tz {
            Some(tz) => zone(tz).map_err(|error| Failure::new(format!("--tz: {error}")))?,
            None => TimeZone::UTC,
        };
        let span = Self {
            from: end("--from", from, &zone, End::First)?,
            to: end("--to", to, &zone, End::Last)?,
            zone,
        };
        if span.from >= span.to {
            return Err(
                Failure::new("--from: the span ends before it begins, or has no length")
                    .hint("give a --from before --to"),
            );
        }
        Ok(span)
    }

    /// A moment in the time of the place.
    pub(super) fn local(&self, at: Timestamp) -> String {
        local(&self.zone, at)
    }
}

/// A moment in the time of a place.
pub(super) fn local(zone: &TimeZone, at: Timestamp) -> String {
    let at = zone.to_datetime(at);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2023-10-10 13:00-14:00 Asia/Tokyo (2023-10-10T04:00:00Z to 2023-10-10T05:00:00Z)`.
impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [from, to] = [self.from, self.to].map(|at| self.zone.to_datetime(at));
        let is_of_minutes = from.second() == 0 && to.second() == 0;
        let time = if is_of_minutes { "%H:%M" } else { "%H:%M:%S" };
        let day = format!("%Y-%m-%d {time}");
        let (separator, end) = if from.date() == to.date() {
            ("-", time)
        } else {
            (" to ", day.as_str())
        };
        write!(f, "{}{separator}", from.strftime(&day))?;
        write!(f, "{} ", to.strftime(end))?;
        match self.zone.iana_name() {
            Some("UTC") => f.write_str("UTC"),
            Some(name) => write!(f, "{name} ({} to {})", self.from, self.to),
            None => {
                let offset = self.zone.to_offset(self.from);
                write!(f, "UTC{offset} ({} to {})", self.from, self.to)
            }
        }
    }
}

/// Which end of a span: where a wall-clock time comes twice, the span is the longer one.
#[derive(Clone, Copy)]
pub(super) enum End {
    First,
    Last,
}

/// Reads a moment. One without a zone or an offset is of `zone`.
pub(super) fn end(flag: &str, text: &str, zone: &TimeZone, end: End) -> Result<Timestamp, Failure> {
    if let Ok(at) = moment(text) {
        return Ok(at);
    }
    if let Ok(at) = text.parse::<ZonedDateTime>() {
        return Ok(at.timestamp());
    }
    let unreadable = || {
        Failure::new(format!("{flag}: this is no time"))
            .hint("give it as 2023-10-10T13:00 (with --tz), 2023-10-10T13:00:00+09:00, or in seconds since 1970")
    };
    let civil: DateTime = text.parse().map_err(|_| unreadable())?;
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let at = match end {
        End::First => ambiguous.earlier(),
        End::Last => ambiguous.later(),
    };
    at.map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str, tz: Option<&str>) -> Span {
        Span::parse(from, to, tz).map_err(|e| e.message).unwrap()
    }

    #[test]
    fn times_without_a_zone_are_of_the_place_and_others_stay_what_they_are() {
        let expected = "2023-10-10T04:00:00Z".parse().unwrap();
        for from in [
            "2023-10-10T13:00",
            "2023-10-10 13:00:00",
            "2023-10-10T04:00:00Z",
            "2023-10-10T06:00:00+02:00",
            "2023-10-10T06:00:00[Europe/Berlin]",
            "1696910400",
        ] {
            let span = span(from, "2023-10-10 14:00", Some("Asia/Tokyo"));
            assert_eq!(span.from, expected, "{from}");
        }
        assert_eq!(
            span("2023-10-10", "2023-10-11", None).from.as_second() % 86_400,
            0
        );
    }

    #[test]
    fn an_hour_that_comes_twice_is_in_the_span_twice() {
        // 2023-10-29: clocks in Berlin go back from 3 to 2.
        let span = span(
            "2023-10-29 02:00",
            "2023-10-29 02:59",
            Some("Europe/Berlin"),
        );
        assert_eq!(span.to.duration_since(span.from).as_mins(), 119);
    }

    #[test]
    fn it_is_shown_in_the_time_of_the_place_and_in_utc() {
        for (from, to, tz, shown) in [
            (
                "2023-10-10 13:00",
                "2023-10-10 14:00",
                Some("Asia/Tokyo"),
                "2023-10-10 13:00-14:00 Asia/Tokyo (2023-10-10T04:00:00Z to 2023-10-10T05:00:00Z)",
            ),
            (
                "2023-10-10 13:00",
                "2023-10-10 14:00",
                Some("+09:00"),
                "2023-10-10 13:00-14:00 UTC+09 (2023-10-10T04:00:00Z to 2023-10-10T05:00:00Z)",
            ),
            (
                "2023-10-10 13:00:01",
                "2023-10-11",
                None,
                "2023-10-10 13:00:01 to 2023-10-11 00:00:00 UTC",
            ),
        ] {
            assert_eq!(span(from, to, tz).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_span_is_refused_by_its_flag() {
        for (from, to, tz, flag) in [
            ("13:00", "2023-10-10", None, "--from"),
            ("2023-10-10", "soon", None, "--to"),
            ("2023-10-11", "2023-10-10", None, "--from"),
            ("2023-10-10", "2023-10-10", None, "--from"),
            ("2023-10-10", "2023-10-11", Some("Asia/Edo"), "--tz"),
        ] {
            let failure = Span::parse(from, to, tz).unwrap_err();
            assert!(failure.message.starts_with(flag), "{}", failure.message);
        }
    }
}
