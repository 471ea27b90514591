//! What a recording shows: the try that failed, judged by the rules for signatures and join objects as of Zoom's clock.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::answer::{Outcome, Wire};
use super::attempt::Attempt;
use super::entry::Fault;
use super::public_answer::public_text;
use super::recording::Recording;
use super::redacted_token::is_redacted;
use super::shown_as;
use super::time::{about_clock, iat, iat_offset_ms, made_by_a_clock_as_wrong, zooms_clock};
use super::transport::{self, Obstacle};
use crate::doctor::report::{Clock, Severity};
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
        secrets: if attempt.signature().is_some_and(is_redacted) {
            &[]
        } else {
            handed.secrets
        },
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
