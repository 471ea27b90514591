//! What a recording shows: the try that failed, judged by the rules for signatures and join objects as of Zoom's clock.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Outcome, Wire};
use super::attempt::Attempt;
use super::entry::Fault;
use super::recording::Recording;
use super::redact::public_text;
use super::shown_as;
use super::transport::{self, Obstacle};
use crate::clock::Interval;
use crate::doctor::report::{Clock, Severity, Weight};
use crate::doctor::{Finding, Handed, Kind, Report, examine};
use crate::join::dialect::View;
use crate::verdict::{Cause, Party};

/// Judges a recording.
///
/// Of `handed` the secrets, key, meeting, SDK version, view and claims count; the moment only where no answer of Zoom's tells it, and the
/// error only where the file does not hold Zoom's.
pub fn examine_recording(recording: &Recording, handed: &Handed<'_>) -> Report {
    if !recording.is_archive() {
        return unreadable(recording);
    }
    let mut beside = Vec::new();
    let mut report = if let Some(attempt) = recording.judged() {
        judged(recording, attempt, handed, &mut beside)
    } else {
        without_request(recording, handed)
    };
    report.kind = Kind::Har;
    beside.extend(about_tries(recording, handed));
    beside.extend(about_clock(recording));
    beside.extend(fault(recording));
    put_first(&mut report, beside);
    report.clock = recording.clock().map(|(offset, readings)| Clock {
        offset_ms: offset.as_millis(),
        readings,
    });
    report
}

/// No join request is there. If the page was given a signature, and it is one that the SDK itself can't use, that is why.
fn without_request(recording: &Recording, handed: &Handed<'_>) -> Report {
    let obstacle = transport::before_any_request(recording);
    let Some((signature, at)) = &recording.delivered else {
        let mut report = empty();
        prevail(&mut report, obstacle);
        return report;
    };
    let now = at.filter(|_| !handed.now_is_given);
    let mut report = examine(&Handed {
        text: Some(signature),
        sdk_version: handed
            .sdk_version
            .or(recording.sdk.map(|(version, _)| version)),
        view: handed.view.or(recording.sdk.map(|(_, view)| view)),
        now: now.unwrap_or(handed.now),
        now_is_given: now.is_some() || handed.now_is_given,
        error_code: None,
        reason: None,
        ..*handed
    });
    // What the SDK sees in a signature before it asks anybody (reference 0.2, 2.2, 2.5).
    let is_seen_by_the_sdk = matches!(
        report.cause,
        Some(
            Cause::MissingClaim
                | Cause::WrappedSignature
                | Cause::LegacySignatureFormat
                | Cause::WrongBase64
                | Cause::WrongAppType
        )
    );
    if is_seen_by_the_sdk {
        report.findings.insert(1, obstacle.finding);
    } else {
        prevail(&mut report, obstacle);
    }
    report
}

fn empty() -> Report {
    Report {
        kind: Kind::Har,
        cause: None,
        party: Party::Undetermined,
        findings: Vec::new(),
        next_suspects: Vec::new(),
        claims: None,
        clock: None,
        iat_offset_ms: None,
        shown: Vec::new(),
    }
}

fn unreadable(recording: &Recording) -> Report {
    let mut report = empty();
    let why = match recording.ending.fault {
        Some(Fault::Truncated) => "it ends before its list of requests (`log.entries`) begins",
        Some(Fault::Broken { .. }) => "it is not JSON of that form",
        None => "it is JSON without a list of requests (`log.entries`)",
    };
    report.kind = Kind::Unknown;
    let unreadable = transport::obstacle(
        "har_unreadable",
        None,
        &[],
        format!("This is no recording of a browser's traffic (HAR): {why}."),
        "In the browser's developer tools, network tab: reload the page, join, then \"Save all as HAR with content\".",
    );
    report.findings.push(unreadable.finding);
    report
}

/// What the recording says goes before what the rules say, but after what fails the join.
fn put_first(report: &mut Report, beside: Vec<Finding>) {
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    let errors = report
        .findings
        .iter()
        .take_while(|finding| is_error(finding));
    let at = errors.count();
    report.findings.splice(at..at, beside);
    report
        .findings
        .sort_by_key(|finding| Reverse(finding.severity));
}

/// The obstacle explains the failure, whatever else is wrong with what was sent.
fn prevail(report: &mut Report, obstacle: Obstacle) {
    let Obstacle { finding, suspects } = obstacle;
    report.cause = finding.cause;
    report.party = finding.party;
    let seen: Vec<Cause> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| finding.cause)
        .collect();
    let mut next: Vec<Cause> = Vec::new();
    for suspect in suspects.into_iter().chain(seen) {
        if Some(suspect) != report.cause && !next.contains(&suspect) {
            next.push(suspect);
        }
    }
    report.next_suspects = next;
    report
        .findings
        .retain(|finding| finding.rule != "signature_is_good");
    report.findings.insert(0, finding);
}

fn judged(
    recording: &Recording,
    attempt: &Attempt,
    handed: &Handed<'_>,
    beside: &mut Vec<Finding>,
) -> Report {
    let zooms = zooms_clock(recording, attempt);
    let mut report = rules(attempt, zooms, handed);
    report.iat_offset_ms = iat_offset_ms(&report, zooms);
    if let Some(made) = made_by_a_clock_as_wrong(recording, attempt, &report) {
        report.cause = made.cause;
        report.party = made.party;
        report
            .next_suspects
            .retain(|cause| Some(*cause) != made.cause);
        if !report.next_suspects.contains(&Cause::ExpInPast) {
            report.next_suspects.insert(0, Cause::ExpInPast);
        }
        report.findings.insert(0, made);
    }
    if let Some(obstacle) = transport::in_the_way(recording, attempt) {
        prevail(&mut report, obstacle);
    }
    let mut failures = recording.side_failures.iter().map(transport::beside);
    if matches!(attempt.outcome, Outcome::Accepted)
        && let Some(obstacle) = failures.next()
    {
        prevail(&mut report, obstacle);
    }
    beside.push(answer(recording, attempt));
    beside.extend(iat(&report, attempt));
    beside.extend(failures.map(|mut obstacle| {
        obstacle.finding.severity = Severity::Warning;
        obstacle.finding
    }));
    if !attempt.is_zooms_host {
        beside.push(Finding::warning(
            "har_other_host",
            None,
            format!("The join request went to {}, which is not Zoom's: `webEndpoint` in `init()` names it.", attempt.host),
            "Leave `webEndpoint` out, unless that host passes requests on to Zoom.",
        ));
    }
    report
}

/// What Zoom's clock showed at some moment between request and answer: from, to. `Date` is of the answer, and the request came before.
fn zooms_clock(recording: &Recording, attempt: &Attempt) -> Option<(Timestamp, Timestamp)> {
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

/// The rules for signatures and join objects, for what was sent.
fn rules(attempt: &Attempt, zooms: Option<(Timestamp, Timestamp)>, handed: &Handed<'_>) -> Report {
    let join = attempt.join_object();
    let (code, reason) = match &attempt.outcome {
        Outcome::Refused(wire) => as_the_sdk_reads(wire),
        Outcome::WithoutBody => (
            handed.error_code.map(str::to_owned),
            handed.reason.map(str::to_owned),
        ),
        _ => (None, None),
    };
    // Of the moments that are possible the last one: an `iat` that may be in Zoom's past is not called ahead.
    let now = zooms
        .map(|(_, last)| last)
        .or(attempt.sent_at.filter(|_| !handed.now_is_given));
    examine(&Handed {
        text: attempt.signature(),
        join: join.as_deref(),
        error_code: code.as_deref(),
        reason: reason.as_deref(),
        sdk_version: handed.sdk_version.or(attempt.sdk_version()),
        view: handed.view.or(attempt.view()),
        now: now.unwrap_or(handed.now),
        now_is_given: now.is_some() || handed.now_is_given,
        now_is_zooms: zooms.is_some(),
        ..*handed
    })
}

/// The code and the text that the catalogue knows the answer by. 124 on this wire is an expired registrant token (reference 0.3); elsewhere
/// it is other things.
fn as_the_sdk_reads(wire: &Wire) -> (Option<String>, Option<String>) {
    match wire.code {
        124 => (
            Some("3610".to_owned()),
            Some("Token has expired.".to_owned()),
        ),
        code => (Some(code.to_string()), Some(wire.text.clone())),
    }
}

fn iat_s(report: &Report) -> Option<i64> {
    /// The year 5138: more is milliseconds.
    const SECONDS_MAX: i64 = 100_000_000_000;
    let iat = report.claims.as_ref()?.get("iat")?.as_i64()?;
    (0..SECONDS_MAX).contains(&iat).then_some(iat)
}

fn iat_offset_ms(report: &Report, zooms: Option<(Timestamp, Timestamp)>) -> Option<[i64; 2]> {
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
fn made_by_a_clock_as_wrong(
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

fn answer(recording: &Recording, attempt: &Attempt) -> Finding {
    let version = attempt.sdk_version().map_or_else(
        || "of an unknown version".to_owned(),
        |version| version.to_string(),
    );
    let view = match attempt.view() {
        Some(View::Client) => "Client View",
        Some(View::Component) => "Component View",
        None => "one of the views",
    };
    let how = if attempt.asks_for_call() {
        "GET (JSONP)"
    } else {
        "POST"
    };
    let requests = if attempt.requests > 1 {
        format!(", {} requests,", attempt.requests)
    } else {
        String::new()
    };
    let said = match &attempt.outcome {
        Outcome::Refused(wire) => format!(
            "Zoom answered with code {} and \"{}\".",
            wire.code,
            public_text(&wire.text, attempt.private_values())
        ),
        Outcome::Accepted if recording.is_followed_up => {
            "Zoom accepted it, and the SDK got on to the meeting.".to_owned()
        }
        Outcome::Accepted => "Zoom accepted it.".to_owned(),
        Outcome::WithoutBody => {
            "Zoom answered, but this recording holds no bodies of answers.".to_owned()
        }
        Outcome::Failed(..) | Outcome::Unanswered => "It got no answer.".to_owned(),
        _ => "It did not get the answer that it asks for.".to_owned(),
    };
    Finding::info(
        "har_answer",
        format!(
            "The join request ({how}{requests} Web SDK {version}, {view}): {said} {}",
            shown_as::sentence(attempt)
        ),
        if matches!(attempt.outcome, Outcome::WithoutBody) {
            "Save the recording with content, or give the error that the page got with --error and --reason."
        } else {
            ""
        },
    )
}

/// `iat` against Zoom's clock, in words.
fn iat(report: &Report, attempt: &Attempt) -> Option<Finding> {
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

fn about_tries(recording: &Recording, handed: &Handed<'_>) -> Option<Finding> {
    let count = recording.attempts_count;
    if count < 2 {
        return None;
    }
    let story = |attempt: &Attempt| {
        let report = rules(attempt, zooms_clock(recording, attempt), handed);
        let cause = transport::in_the_way(recording, attempt)
            .map_or(report.cause, |obstacle| obstacle.finding.cause);
        let what = match &attempt.outcome {
            Outcome::Accepted => "accepted".to_owned(),
            Outcome::Refused(wire) => format!("refused with {}", wire.code),
            Outcome::WithoutBody => "answered".to_owned(),
            _ => "not answered by Zoom".to_owned(),
        };
        let at = attempt
            .sent_at
            .map_or_else(|| "?".to_owned(), |at| format!("{at:.0}"));
        let cause = cause.map_or(String::new(), |cause| format!(" ({})", cause.id()));
        format!("{at} {what}{cause}")
    };
    let stories: Vec<String> = recording.attempts.iter().map(story).collect();
    let failed = recording
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome.is_failure())
        .count();
    let which = if failed > 0 {
        "the last one that failed"
    } else {
        "the last one"
    };
    Some(Finding::info(
        "har_tries",
        format!(
            "{count} tries to join are in this recording; {which} is judged here. By the browser's clock: {}.",
            stories.join("; ")
        ),
        "",
    ))
}

fn about_clock(recording: &Recording) -> Vec<Finding> {
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

fn fault(recording: &Recording) -> Option<Finding> {
    let what = match recording.ending.fault? {
        Fault::Truncated => "ends in the middle".to_owned(),
        Fault::Broken { line } => format!("can't be read from line {line} on"),
    };
    Some(Finding::warning(
        "har_truncated",
        None,
        format!(
            "The recording {what}; the {} requests before that were read.",
            recording.entries
        ),
        "Save it again; what is missing may have held a later try.",
    ))
}
