//! Time in a recording: Zoom's clock when it judged the join, `iat` beside it, the browser's clock, and what is said of them.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::attempt::Attempt;
use super::recording::Recording;
use crate::clock::Interval;
use crate::doctor::report::Weight;
use crate::doctor::{Finding, Report};
use crate::verdict::{Cause, Party};

/// What Zoom's clock showed at some moment between request and answer: from, to. `Date` is of the answer, and the request came before.
pub(super) fn zooms_clock(
    recording: &Recording,
    attempt: &Attempt,
) -> Option<(Timestamp, Timestamp)> {
    const SECOND: SignedDuration = SignedDuration::from_secs(1);
    let round_trip = attempt
        .sent_at
        .zip(attempt.received_at)
        .map_or(SignedDuration::ZERO, |(sent_at, received_at)| {
            received_at.duration_since(sent_at)
        });
    let by_date = attempt.date.and_then(|date| {
        let from = date.checked_sub(round_trip).ok()?;
        Some((from, date.checked_add(SECOND).ok()?))
    });
    let by_offset = recording.clock().and_then(|(offset, _)| {
        let sent_at = attempt.sent_at?;
        let received_at = attempt.received_at.unwrap_or(sent_at);
        Some((
            sent_at.checked_sub(offset.hi).ok()?,
            received_at.checked_sub(offset.lo).ok()?,
        ))
    });
    match (by_date, by_offset) {
        (Some(date), Some(offset)) => {
            let both = (date.0.max(offset.0), date.1.min(offset.1));
            Some(if both.0 <= both.1 { both } else { date })
        }
        (by_date, by_offset) => by_date.or(by_offset),
    }
}

fn iat_s(report: &Report) -> Option<i64> {
    /// The year 5138: more is milliseconds.
    const SECONDS_MAX: i64 = 100_000_000_000;
    let iat = report.claims.as_ref()?.get("iat")?.as_i64()?;
    (0..SECONDS_MAX).contains(&iat).then_some(iat)
}

pub(super) fn iat_offset_ms(
    report: &Report,
    zooms: Option<(Timestamp, Timestamp)>,
) -> Option<[i64; 2]> {
    let iat = Timestamp::from_second(iat_s(report)?).ok()?;
    let (from, to) = zooms?;
    let offset = Interval {
        lo: iat.duration_since(to),
        hi: iat.duration_since(from),
    };
    Some(offset.as_millis())
}

/// A signature that has expired by Zoom's clock, and was made a moment before by the browser's: whatever made it has a clock as wrong as the
/// browser's. Nothing was cached.
pub(super) fn made_by_a_clock_as_wrong(
    recording: &Recording,
    attempt: &Attempt,
    report: &Report,
) -> Option<Finding> {
    /// As much as people back-date by (reference 1.2: up to 400 s), and a little for clocks that differ.
    const JUST_BEFORE_S: std::ops::RangeInclusive<i64> = -60..=420;
    let sent_s = attempt.sent_at?.as_second();
    let age_s = sent_s - iat_s(report)?;
    let (offset, _) = recording.clock()?;
    let is_shown = report.cause == Some(Cause::ExpInPast)
        && JUST_BEFORE_S.contains(&age_s)
        && offset.hi < -SignedDuration::from_secs(crate::doctor::LIFETIME_MIN_S);
    is_shown.then(|| {
        Finding::error(
            "har_expired_on_arrival",
            Cause::ClockBehind,
            Weight::Together,
            format!("By the browser's clock the signature was {age_s} s old when it was sent, but that clock is {} behind Zoom's, by which it had expired: what signs has a clock as wrong as the browser's.", length(offset.hi)),
            "Synchronise the clock that signs (NTP), and take its time in UTC.",
        )
    })
}

/// `iat` against Zoom's clock, in words.
pub(super) fn iat(report: &Report, attempt: &Attempt) -> Option<Finding> {
    let Some([lo, hi]) = report.iat_offset_ms else {
        return attempt.signature().and(iat_s(report)).map(|_| {
            Finding::info(
                "har_iat",
                "No answer in this recording tells Zoom's time, so the signature's times are judged by the browser's clock.",
                "",
            )
        });
    };
    let seconds = |ms: i64| format!("{}.{:03} s", ms.abs() / 1000, ms.abs() % 1000);
    let message = if lo > 0 {
        format!(
            "`iat` was {} to {} ahead of Zoom's clock when Zoom judged it.",
            seconds(lo),
            seconds(hi)
        )
    } else if hi < 0 {
        format!(
            "`iat` was {} to {} before Zoom's clock when Zoom judged it.",
            seconds(hi),
            seconds(lo)
        )
    } else {
        format!(
            "`iat` was between {} before and {} ahead of Zoom's clock when Zoom judged it: within what can be told.",
            seconds(lo),
            seconds(hi)
        )
    };
    Some(Finding::info("har_iat", message, ""))
}

pub(super) fn about_clock(recording: &Recording) -> Vec<Finding> {
    /// A clock that is off by less is a good one, and most `iat`s are back-dated by that much.
    const FAR: SignedDuration = SignedDuration::from_secs(30);
    let mut findings = Vec::new();
    if recording.clocks_disagree() {
        findings.push(Finding::warning(
            "har_clocks_disagree",
            None,
            "Hosts of Zoom's contradict each other about the time in this recording: one of them is not Zoom's own, or the browser's clock was set meanwhile.",
            "Record again; look for a proxy that answers in Zoom's place.",
        ));
    }
    let Some((offset, readings)) = recording.clock() else {
        let mut reasons = recording.no_readings.clone();
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        let reasons: Vec<String> = reasons
            .iter()
            .map(|(why, count)| format!("{why} ({count})"))
            .collect();
        let why = if reasons.is_empty() {
            "no answer of a Zoom host is in it".to_owned()
        } else {
            reasons.join(", ")
        };
        findings.push(Finding::info(
            "har_no_clock",
            format!("The browser's clock can't be compared with Zoom's by this recording: {why}."),
            "",
        ));
        return findings;
    };
    let answers = if readings == 1 {
        "one answer".to_owned()
    } else {
        format!("{readings} answers")
    };
    let [lo, hi] = offset.as_millis();
    if offset.lo > FAR || offset.hi < -FAR {
        let (distance, side) = if offset.lo > FAR {
            (offset.lo, "ahead of")
        } else {
            (offset.hi, "behind")
        };
        findings.push(Finding::warning(
            "har_clock",
            None,
            format!("The browser's clock is at least {} {side} Zoom's ({lo} to {hi} ms ours minus Zoom's, by {answers}). It matters if the signature is made on the same machine.", length(distance)),
            "Synchronise that clock (NTP), and sign on a server.",
        ).by(Party::User));
    } else {
        findings.push(Finding::info(
            "har_clock",
            format!("The browser's clock minus Zoom's is {lo} to {hi} ms, by {answers}."),
            "",
        ));
    }
    findings
}

fn length(duration: SignedDuration) -> String {
    let seconds = duration.abs().as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
