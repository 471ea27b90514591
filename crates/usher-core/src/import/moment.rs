//! Moments as logs write them.

use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime, temporal::Pieces};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Span, Timestamp};

use super::given::without_zero_fraction;
use super::row::Options;
use crate::attempt::EARLIEST;

/// How far ahead of now a log may be: time zones that are off by one day at most.
const AHEAD_MAX_H: i64 = 24;

/// A moment that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// The clocks had gone back: its wall-clock time occurred twice, and this is the earlier.
    pub(super) is_earlier_of_two: bool,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self {
            at,
            is_earlier_of_two: false,
        }
    }
}

/// Reads a moment that stands outside of a row, where only times that name their zone are unambiguous. The error follows the value in a
/// sentence: "is …".
pub fn read(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    let zone = None;
    let options = Options {
        now,
        zone,
        dimensions_max: 0,
    };
    parse(text, &options).map(|moment| moment.at)
}

/// Reads a moment. The error follows the value in a sentence: "is …".
pub(super) fn parse(text: &str, options: &Options) -> Result<Moment, &'static str> {
    let moment = any_format(text, options.zone.as_ref())?;
    // What is older was read with the wrong unit.
    if moment.at < EARLIEST {
        return Err("is before 2011, when there was no Zoom; is its unit or column right?");
    }
    let latest = options.now.checked_add(Span::new().hours(AHEAD_MAX_H));
    if latest.is_ok_and(|latest| moment.at > latest) {
        return Err("is more than a day in the future; is its unit, zone or column right?");
    }
    Ok(moment)
}

fn any_format(text: &str, zone: Option<&TimeZone>) -> Result<Moment, &'static str> {
    if !text.is_ascii() {
        return Err("is no time that import knows; write RFC 3339, e.g. 2023-10-10T13:05:00Z");
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && let Some(epoch) = number(text)
    {
        return epoch.map(Moment::from);
    }
    if is_slashed_day_first(text) {
        return Err(
            "does not say whether day or month comes first; write 2023-10-31 13:05:00 or RFC 3339",
        );
    }
    if let Some(moment) = apache(text) {
        return Ok(moment.into());
    }
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Ok(at.into());
    }
    iso(text, zone)
}

/// Time since 1970; the unit is told by the magnitude, which from 2011 to 2100 leaves no doubt.
fn number(text: &str) -> Option<Result<Timestamp, &'static str>> {
    const SECONDS_FROM: i128 = 100_000_000;
    const MILLISECONDS_FROM: i128 = 100_000_000_000;
    const MICROSECONDS_FROM: i128 = 100_000_000_000_000;
    const NANOSECONDS_FROM: i128 = 100_000_000_000_000_000;
    // 2011-01-01 in minutes; a day written as the number 20991231 is below.
    const MINUTES_FROM: i128 = 21_564_000;
    let (whole, fraction) = without_zero_fraction(text)
        .split_once('.')
        .unwrap_or((without_zero_fraction(text), ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return is_exponent(text).then_some(Err(
            "is in exponent form, which has lost the last digits; export the whole number",
        ));
    }
    if is_exponent(whole) {
        return Some(Err(
            "is in exponent form, which has lost the last digits; export the whole number",
        ));
    }
    let whole: i128 = whole.parse().ok()?;
    let unit_ns: i128 = match whole {
        NANOSECONDS_FROM.. => 1,
        MICROSECONDS_FROM.. => 1_000,
        MILLISECONDS_FROM.. => 1_000_000,
        SECONDS_FROM.. => 1_000_000_000,
        MINUTES_FROM.. => 60_000_000_000,
        _ => {
            return Some(Err(
                "is no number of seconds, milliseconds or minutes since 1970 that lies after 2010",
            ));
        }
    };
    let ns = whole
        .checked_mul(unit_ns)
        .and_then(|ns| ns.checked_add(fraction_of(fraction, unit_ns)))
        .and_then(|ns| Timestamp::from_nanosecond(ns).ok());
    Some(ns.ok_or("is too large for a time"))
}

fn is_exponent(text: &str) -> bool {
    text.contains(['e', 'E']) && text.parse::<f64>().is_ok()
}

/// The part of `unit_ns` that the digits after the point say; what is finer than a nanosecond is dropped.
fn fraction_of(digits: &str, unit_ns: i128) -> i128 {
    digits
        .bytes()
        .scan(unit_ns, |place_ns, digit| {
            let value = *place_ns * i128::from(digit - b'0');
            // Tenths of what is left: minutes and seconds divide by ten far enough.
            *place_ns /= 10;
            Some(value / 10)
        })
        .sum()
}

/// `10/10/2023 …` and `10.10.2023 …`: nobody can know.
fn is_slashed_day_first(text: &str) -> bool {
    let mut parts = text.splitn(3, ['/', '.']);
    let mut short = || {
        parts.next().is_some_and(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    short() && short() && parts.next().is_some()
}

/// `10/Oct/2023:13:55:36 +0900`, with or without its brackets.
fn apache(text: &str) -> Option<Timestamp> {
    let text = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let time = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    time.to_timestamp().ok()
}

/// ISO 8601 and what is near it: RFC 3339, `2023-10-10 13:05`, `2023/10/10 13:05:00.123 +0900`, `… UTC`.
fn iso(text: &str, zone: Option<&TimeZone>) -> Result<Moment, &'static str> {
    const UNKNOWN: &str = "is no time that import knows; write RFC 3339, e.g. 2023-10-10T13:05:00Z";
    let text = iso_spelling(text);
    let pieces = Pieces::parse(&text).map_err(|_| {
        if zone_word(&text) {
            "ends in the name of a zone that is not UTC; write an offset such as +09:00"
        } else {
            UNKNOWN
        }
    })?;
    let time = pieces
        .time()
        .ok_or("is a day without a time of day; name a column that has both")?;
    let civil = DateTime::from_parts(pieces.date(), time);
    match (pieces.to_numeric_offset(), pieces.time_zone_annotation()) {
        (Some(offset), _) => offset
            .to_timestamp(civil)
            .map(Moment::from)
            .map_err(|_| UNKNOWN),
        (None, Some(_)) => Err("names a zone without an offset; write an offset such as +09:00"),
        (None, None) => in_zone(civil, zone),
    }
}

/// The same text as ISO 8601 writes it: dashes in the date, and no space before the offset.
fn iso_spelling(text: &str) -> String {
    let mut text = text.to_owned();
    let is_slash_date =
        text.len() >= 10 && text.as_bytes()[4] == b'/' && text.as_bytes()[7] == b'/';
    if is_slash_date {
        text.replace_range(4..5, "-");
        text.replace_range(7..8, "-");
    }
    if let Some((time, suffix)) = text.rsplit_once(' ') {
        if matches!(suffix, "UTC" | "GMT" | "Z" | "utc" | "gmt" | "z") {
            return format!("{}Z", time.trim_end());
        }
        if time.len() > 10 && suffix.starts_with(['+', '-']) {
            return format!("{}{suffix}", time.trim_end());
        }
    }
    text
}

fn zone_word(text: &str) -> bool {
    text.rsplit_once(' ').is_some_and(|(time, word)| {
        Pieces::parse(time).is_ok() && word.bytes().all(|b| b.is_ascii_alphabetic())
    })
}

fn in_zone(civil: DateTime, zone: Option<&TimeZone>) -> Result<Moment, &'static str> {
    let Some(zone) = zone else {
        return Err("has no zone; say which one the file is in with --tz, e.g. --tz Asia/Tokyo");
    };
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let (offset, is_earlier_of_two): (Offset, bool) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, false),
        AmbiguousOffset::Fold { before, .. } => (before, true),
        AmbiguousOffset::Gap { .. } => {
            return Err("never was in that zone: the clocks went forward over it; is --tz right?");
        }
    };
    let at = offset
        .to_timestamp(civil)
        .map_err(|_| "is outside of what a time can be")?;
    Ok(Moment {
        at,
        is_earlier_of_two,
    })
}
