//! Which finding explains the failure by itself, and what to look at if none does.
//!
//! Without an error, the finding that explains most. With one, only what can end in that error. No guess: a code with several
//! readings and no finding beside it leaves the cause open.

use std::cmp::Reverse;

use super::error_code::Reading;
use super::numeric_date::seconds;
use super::report::{Severity, Shown, Source, Weight};
use super::{Decoded, Exam, Finding, Kind, Report, hmac, times};
use crate::verdict::{Cause, Party};

pub(super) fn conclude(exam: &Exam<'_>, mut findings: Vec<Finding>) -> Report {
    admit_contradiction(exam, &mut findings);
    findings.sort_by_key(|finding| {
        let is_error = finding.severity == Severity::Error;
        (!is_error, finding.weight, Reverse(finding.severity))
    });
    let chosen = choose(exam, &findings);
    let cause = chosen.and_then(|index| findings[index].cause);
    let party = chosen.map_or(Party::Undetermined, |index| findings[index].party);
    let next_suspects = next_suspects(exam, &findings, cause);
    if let Some(index) = chosen {
        findings[..=index].rotate_right(1);
    }
    findings.extend(all_well(exam, &findings, &next_suspects));
    // What a ZAK says names a person and is of no use here.
    let claims = exam.claims.as_ref().filter(|_| exam.kind != Kind::Zak);
    Report {
        kind: exam.kind,
        cause,
        party,
        findings,
        next_suspects,
        claims: claims.map(Decoded::shown_map),
        clock: None,
        iat_offset_ms: None,
        shown: [
            (Source::Header, exam.header.as_ref()),
            (Source::Claims, claims),
            (Source::Join, exam.join.as_ref()),
        ]
        .into_iter()
        .filter_map(|(source, decoded)| {
            let text = decoded?.text().to_owned();
            Some(Shown { source, text })
        })
        .collect(),
    }
}

fn admit_contradiction(exam: &Exam<'_>, findings: &mut [Finding]) {
    let reading = exam.reading.as_ref();
    let said = findings
        .iter_mut()
        .find(|finding| finding.rule == "error_code");
    if let Some(text) = reading.and_then(|reading| contradiction(exam, reading))
        && let Some(said) = said
    {
        said.message.push_str(text);
        said.severity = Severity::Warning;
    }
}

/// Where the first error is that is wanted. The error that was handed in speaks through its reading.
fn first(findings: &[Finding], is_wanted: impl Fn(&Finding) -> bool) -> Option<usize> {
    findings.iter().position(|finding| {
        finding.severity == Severity::Error && finding.rule != "error_code" && is_wanted(finding)
    })
}

fn choose(exam: &Exam<'_>, findings: &[Finding]) -> Option<usize> {
    let Some(reading) = &exam.reading else {
        return first(findings, Finding::is_firm)
            .or_else(|| only_supposition(findings))
            .or_else(|| first(findings, |finding| finding.weight == Weight::Age));
    };
    let is_suspect = |finding: &Finding| {
        let cause = finding.cause;
        cause.is_some_and(|cause| reading.suspects.contains(&cause))
    };
    if let Some(said) = reading.cause {
        let is_more_specific = |finding: &Finding| {
            finding.is_firm() && (finding.cause == Some(said) || is_suspect(finding))
        };
        return first(findings, is_more_specific).or_else(|| {
            findings.iter().position(|finding| {
                finding.rule == "error_code" && finding.severity == Severity::Error
            })
        });
    }
    if !reading.admits_signature() {
        return first(findings, |finding| finding.is_firm() && is_suspect(finding));
    }
    among_faults_of_a_signature(reading, findings)
}

fn among_faults_of_a_signature(reading: &Reading, findings: &[Finding]) -> Option<usize> {
    // 3712 has many readings and prefers none; the narrower codes name theirs first.
    let preferred = reading
        .suspects
        .first()
        .filter(|_| !reading.is_invalid_signature());
    let is_preferred = |finding: &Finding| {
        finding.weight != Weight::Supposed
            && preferred.is_some()
            && finding.cause.as_ref() == preferred
    };
    // A host without a ZAK gets as far as the meeting.
    let is_excluded = |finding: &Finding| {
        reading.is_about_signature() && finding.cause == Some(Cause::MissingZak)
    };
    first(findings, is_preferred)
        .or_else(|| {
            first(findings, |finding| {
                finding.is_firm() && !is_excluded(finding)
            })
        })
        .or_else(|| only_supposition(findings).filter(|_| reading.says_nothing()))
}

/// What holds only if the newest SDK is meant, or only if the page is slow, explains when it stands alone.
fn only_supposition(findings: &[Finding]) -> Option<usize> {
    let mut suppositions =
        (0..findings.len()).filter(|index| findings[*index].weight == Weight::Supposed);
    let one = suppositions.next()?;
    (suppositions.next().is_none() && findings[one].severity == Severity::Error).then_some(one)
}

/// Where the error says one thing and what was handed in another: then it is not this token that failed, or not this clock.
fn contradiction(exam: &Exam<'_>, reading: &Reading) -> Option<&'static str> {
    let claims = exam.claims.as_ref()?;
    let is_still_valid =
        exam.handed.now_is_given && seconds(claims, "exp").is_some_and(|exp| exp > exam.now_s());
    if reading.is_expired() && is_still_valid {
        return Some(
            " But this token's `exp` is still to come: another, older token was sent, or the clock that signed is far behind.",
        );
    }
    let is_about_app_key = reading.failure.is_none() && reading.cause == Some(Cause::MissingClaim);
    (is_about_app_key && claims.has("appKey"))
        .then_some(" But this token has an `appKey`: the page sends another one.")
}

/// What a good signature leaves, the likeliest first. Our order.
const AFTER_A_GOOD_SIGNATURE: &[Cause] = &[
    Cause::WrongSecretOrKeyPair,
    Cause::IatInFutureClockSkew,
    Cause::MnMismatchOrFormat,
    Cause::MissingZak,
    Cause::ExternalAccountNotAllowedOrUnpublishedApp,
    Cause::ObfRequired,
    Cause::AppDeactivated,
    Cause::WrongAppType,
    Cause::SdkVersionTooOld,
    Cause::MeetingStateOrSetting,
    Cause::ZoomOutage,
];

fn next_suspects(exam: &Exam<'_>, findings: &[Finding], cause: Option<Cause>) -> Vec<Cause> {
    let seen: Vec<Cause> = findings
        .iter()
        .filter(|finding| finding.rule != "error_code")
        .filter_map(|finding| finding.cause)
        .collect();
    let said = said(exam, cause);
    // What differs from one signature, or one moment, to the next comes before what is in all of them.
    let is_random = exam
        .reading
        .as_ref()
        .is_some_and(Reading::is_refused_at_random);
    let at_random: &[Cause] = if is_random {
        &[Cause::IatInFutureClockSkew, Cause::WrongBase64]
    } else {
        &[]
    };
    let is_open_question =
        cause.is_none() && exam.reading.as_ref().is_none_or(Reading::admits_signature);
    let after: &[Cause] = if is_open_question && exam.claims.is_some() && exam.is_for_meetings() {
        AFTER_A_GOOD_SIGNATURE
    } else {
        &[]
    };
    let mut suspects: Vec<Cause> = Vec::new();
    for suspect in at_random.iter().chain(&seen).chain(&said).chain(after) {
        let is_open = seen.contains(suspect) || !is_ruled_out(exam, findings, *suspect);
        if Some(*suspect) != cause && is_open && !suspects.contains(suspect) {
            suspects.push(*suspect);
        }
    }
    suspects
}

/// What the error says, and what goes with the cause.
fn said(exam: &Exam<'_>, cause: Option<Cause>) -> Vec<Cause> {
    let mut said: Vec<Cause> = Vec::new();
    if let Some(reading) = &exam.reading {
        if reading.is_expired() && cause.is_none() {
            said.push(Cause::ClockBehind);
        }
        said.extend(reading.cause);
        said.extend(reading.suspects);
    }
    if cause == Some(Cause::ExpInPast) {
        // Cached, or expired on arrival: the token alone does not tell.
        said.push(Cause::ClockBehind);
    }
    said
}

/// Whether what was handed in shows that it is not this. Called for what no finding names.
fn is_ruled_out(exam: &Exam<'_>, findings: &[Finding], suspect: Cause) -> bool {
    /// The longest back-dating that somebody needed (reference 1.2), seconds.
    const ENOUGH_MARGIN_S: i64 = 400;
    match suspect {
        Cause::WrongSecretOrKeyPair => hmac::is_verified(findings),
        Cause::WrongBase64
        | Cause::WrongAlgOrHeader
        | Cause::WrappedSignature
        | Cause::LegacySignatureFormat => exam.token.is_some() && exam.is_for_meetings(),
        Cause::MissingClaim
        | Cause::WrongClaimType
        | Cause::IatInMilliseconds
        | Cause::ExpTooShort
        | Cause::ExpTooLong
        | Cause::TokenExpOutOfRange => exam.claims.is_some(),
        Cause::MnMismatchOrFormat => {
            let is_compared = exam.handed.meeting.is_some()
                || exam
                    .join
                    .as_ref()
                    .is_some_and(|join| join.has("meetingNumber"));
            exam.claims.is_some() && is_compared
        }
        Cause::MissingZak => {
            let is_attendee = exam.claims.is_some() && !exam.is_host();
            is_attendee || exam.join.as_ref().is_some_and(|join| join.has("zak"))
        }
        Cause::IatInFutureClockSkew => {
            times::margin_s(exam).is_some_and(|margin_s| margin_s >= ENOUGH_MARGIN_S)
        }
        Cause::ExpInPast => {
            let is_said = exam.reading.as_ref().is_some_and(Reading::is_expired);
            exam.handed.now_is_given && exam.claims.is_some() && !is_said
        }
        _ => false,
    }
}

fn all_well(exam: &Exam<'_>, findings: &[Finding], suspects: &[Cause]) -> Option<Finding> {
    let is_well = exam.claims.is_some()
        && exam.is_for_meetings()
        && findings
            .iter()
            .all(|finding| finding.severity != Severity::Error);
    let next = suspects
        .iter()
        .take(3)
        .map(|cause| cause.text())
        .collect::<Vec<_>>()
        .join(" ");
    let hmac = if hmac::is_verified(findings) {
        "form, claims, times and HMAC"
    } else if exam.token.is_some() {
        "form, claims and times (the HMAC was not checked: no secret was given)"
    } else {
        "claims and times (there was no token to check form and HMAC of)"
    };
    is_well.then(|| {
        Finding::info(
            "signature_is_good",
            format!("Nothing is wrong with what was handed in: {hmac}."),
            if next.is_empty() {
                "Look elsewhere: the meeting, the app, Zoom.".to_owned()
            } else {
                format!("Look elsewhere, in this order: {next}")
            },
        )
    })
}
