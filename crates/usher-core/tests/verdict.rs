//! Verdicts: what is concluded from which facts, and that nothing is without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};
use usher_core::failure::{FaultClass, Supplier, explain};
use usher_core::localize::Condition;
use usher_core::verdict::{Attempt, Case, Cause, Party, Signed, Verdict, verdict};
use usher_core::witness::Line;

const SINCE: &str = "2023-10-10T04:00:00Z";
const UNTIL: &str = "2023-10-10T04:55:00Z";

/// An incident that a test describes.
#[derive(Default)]
struct Told {
    slice: Vec<Condition>,
    tied: Vec<Vec<Condition>>,
    dims: Vec<(String, usize)>,
    attempts: Vec<Attempt>,
    lines: Vec<Line>,
}

fn since() -> Timestamp {
    SINCE.parse().unwrap()
}

fn attempt(minute: i64, attempts: u64, failed: u64, code: Option<&str>) -> Attempt {
    let explained = explain(code, None, None, Supplier::Unknown);
    Attempt {
        at: since() + SignedDuration::from_mins(minute),
        attempts,
        failed,
        is_inside: true,
        code: code.map(str::to_owned),
        is_told: code.is_some(),
        class: if code.is_some() {
            explained.class
        } else {
            FaultClass::Unknown
        },
        signed: None,
        meeting: Some(format!("8500000{:04}", minute.unsigned_abs())),
    }
}

impl Told {
    /// Ten attempts a minute for an hour before and for the hour itself, in which so many of each ten fail with a code.
    fn hour(failing: u64, code: Option<&str>) -> Self {
        let mut told = Self::default().recording("meeting");
        told.attempts
            .extend((-60..0).map(|minute| attempt(minute, 10, 0, None)));
        for minute in 0..55 {
            told.attempts.push(attempt(minute, failing, failing, code));
            told.attempts.push(attempt(minute, 10 - failing, 0, None));
        }
        told
    }

    fn along(mut self, dim: &str, value: &str) -> Self {
        self.slice.push(Condition {
            dim: dim.to_owned(),
            value: value.to_owned(),
        });
        self.recording(dim)
    }

    /// A dimension with several values.
    fn recording(mut self, dim: &str) -> Self {
        self.dims.push((dim.to_owned(), 4));
        self
    }

    fn signed(mut self, iat_age_s: i64, finding: Option<Cause>) -> Self {
        for attempt in &mut self.attempts {
            let in_time = attempt.failed == 0;
            attempt.signed = Some(Signed {
                iat_age_ms: iat_age_s * 1000,
                exp_in_ms: 7_170_000,
                offset_ms: None,
                finding: finding.filter(|_| !in_time),
            });
        }
        self
    }

    fn line(mut self, json: &str) -> Self {
        self.lines.push(serde_json::from_str(json).unwrap());
        self
    }

    /// One reading of Zoom's clock: ours is so far ahead.
    fn clock(self, ahead_s: i64) -> Self {
        let at = since() + SignedDuration::from_mins(20);
        let date = at - SignedDuration::from_secs(ahead_s);
        let t0 = at - SignedDuration::from_millis(100);
        self.line(&format!(
            r#"{{"kind":"clock","at":"{at}","server":"zoom.us","t0":"{t0}","t1":"{at}","date":"{date}"}}"#
        ))
    }

    fn change(self, what: &str, minutes_before: i64) -> Self {
        let at = since() - SignedDuration::from_mins(minutes_before);
        self.line(&format!(
            r#"{{"kind":"change","at":"{at}","what":"{what}","text":"{what} changed"}}"#
        ))
    }

    fn watched(self, witness: &str) -> Self {
        self.line(&format!(
            r#"{{"kind":"watching","witness":"{witness}","from":"2023-10-10T00:00:00Z","to":"2023-10-10T09:00:00Z"}}"#
        ))
    }

    fn calls(self, host: &str, outcome: &str, count: u32) -> Self {
        self.line(&format!(
            r#"{{"kind":"api","at":"2023-10-10T04:10:00Z","call":"probe","host":"{host}","outcome":"{outcome}","count":{count}}}"#
        ))
    }

    fn call(self, call: &str, outcome: &str, count: u32) -> Self {
        self.line(&format!(
            r#"{{"kind":"api","at":"2023-10-10T04:10:00Z","call":"{call}","host":"api.zoom.us","outcome":"{outcome}","count":{count}}}"#
        ))
    }

    fn status(self, indicator: &str, component: &str) -> Self {
        let components = if component.is_empty() {
            String::new()
        } else {
            format!(r#"{{"name":"{component}","status":"major_outage"}}"#)
        };
        self.line(&format!(
            r#"{{"kind":"status","at":"2023-10-10T04:10:00Z","reachable":true,"indicator":"{indicator}","components":[{components}],"incidents":[]}}"#
        ))
    }

    fn verdict(&self) -> Verdict {
        verdict(&Case {
            slice: &self.slice,
            tied: &self.tied,
            dims: &self.dims,
            since: since(),
            until: Some(UNTIL.parse().unwrap()),
            as_of: "2023-10-10T06:00:00Z".parse().unwrap(),
            attempts: &self.attempts,
            lines: &self.lines,
        })
    }
}

fn given(told: &Told) -> Option<Cause> {
    told.verdict().cause
}

#[test]
fn the_hour_of_the_report_is_undetermined_and_says_what_would_settle_it() {
    let told = Told::hour(10, None).status("none", "");
    let verdict = told.verdict();
    assert_eq!((verdict.cause, verdict.party), (None, Party::Undetermined));
    let leading: Vec<Cause> = verdict.leading.iter().map(|one| one.cause).collect();
    assert!(
        leading.contains(&Cause::IatInFutureClockSkew),
        "{leading:?}"
    );
    assert!(leading.contains(&Cause::ZoomOutage), "{leading:?}");
    let settle = verdict.would_settle.join("\n");
    for words in [
        "code and text",
        "signing clock",
        "claims",
        "API",
        "changed in the hour",
    ] {
        assert!(settle.contains(words), "{words}: {settle}");
    }
    assert!(verdict.confidence < 0.9, "{}", verdict.confidence);
}

#[test]
fn one_code_for_everybody_is_told_apart_by_what_the_witnesses_say() {
    let hour = || Told::hour(10, Some("3712"));
    let well = |told: Told| {
        told.clock(0)
            .call("oauth", "ok", 60)
            .watched("change")
            .status("none", "")
    };
    assert_eq!(given(&hour()), None, "3712 alone is no verdict");
    assert_eq!(
        given(
            &hour()
                .clock(45)
                .signed(30, None)
                .watched("change")
                .call("oauth", "ok", 60)
        ),
        Some(Cause::IatInFutureClockSkew)
    );
    assert_eq!(
        given(&well(hour().signed(30, None)).change("secret", 3)),
        Some(Cause::WrongSecretOrKeyPair)
    );
    let outage = hour()
        .signed(30, None)
        .clock(0)
        .watched("change")
        .call("oauth", "error", 40)
        .calls("www.example.com", "ok", 60)
        .status("major", "Zoom Meetings");
    assert_eq!(given(&outage), Some(Cause::ZoomOutage));
    let healthy = well(hour().signed(30, None)).verdict();
    assert!(
        healthy
            .ruled_out
            .iter()
            .any(|out| out.cause == Cause::IatInFutureClockSkew),
        "a clock that is right is ruled out: {:#?}",
        healthy.leading
    );
}

#[test]
fn a_way_out_that_is_broken_is_not_blamed_on_zoom() {
    let told = Told::hour(9, None)
        .along("role", "host")
        .call("oauth", "unreachable", 50)
        .calls("www.example.com", "unreachable", 55)
        .watched("change");
    assert_eq!(given(&told), Some(Cause::OurEgress));
}

#[test]
fn codes_that_say_it_themselves_are_believed_where_they_show_as_they_would() {
    for (told, cause, party) in [
        (
            Told::hour(10, Some("3710")).recording("app"),
            Cause::AppDeactivated,
            Party::Integrator,
        ),
        (
            Told::hour(10, Some("10000")).along("sdk_version", "2.16.0"),
            Cause::SdkVersionTooOld,
            Party::Integrator,
        ),
        (
            Told::hour(10, Some("4012")).along("account", "external"),
            Cause::ObfRequired,
            Party::Integrator,
        ),
        (
            Told::hour(10, Some("4011")).along("account", "external"),
            Cause::ExternalAccountNotAllowedOrUnpublishedApp,
            Party::Integrator,
        ),
        (
            Told::hour(10, Some("3004")).along("meeting", "85000000001"),
            Cause::WrongPassword,
            Party::Host,
        ),
        (
            Told::hour(9, Some("4005")).along("meeting", "85000000001"),
            Cause::MeetingStateOrSetting,
            Party::Host,
        ),
        (
            Told::hour(10, Some("3625")).along("host", "teacher"),
            Cause::HostAccount,
            Party::Host,
        ),
        (
            Told::hour(10, Some("3099")).along("meeting", "85000000001"),
            Cause::RegistrationTokenMissing,
            Party::Integrator,
        ),
        (
            Told::hour(8, Some("-3000")).along("network", "192.0.2.0/24"),
            Cause::Network,
            Party::Network,
        ),
        (
            Told::hour(10, Some("4017")).along("meeting", "85000000001"),
            Cause::ObfOwnerNotInMeeting,
            Party::Host,
        ),
    ] {
        let verdict = told.verdict();
        assert_eq!(
            (verdict.cause, verdict.party),
            (Some(cause), party),
            "{:#?}",
            verdict.leading
        );
    }
}

#[test]
fn a_release_is_blamed_for_what_begins_with_it() {
    let told = Told::hour(10, Some("3"))
        .along("release", "42")
        .change("release", 2)
        .watched("change");
    let cause = given(&told);
    assert!(
        matches!(cause, Some(Cause::OurRelease | Cause::WrongInitParameter)),
        "{cause:?}"
    );
    let generic = Told::hour(7, Some("1"))
        .along("release", "42")
        .change("release", 2)
        .watched("change");
    assert_eq!(given(&generic), Some(Cause::OurRelease));
}

#[test]
fn signatures_that_the_doctor_finds_fault_with_are_the_cause() {
    for cause in [
        Cause::IatInMilliseconds,
        Cause::ExpTooShort,
        Cause::MissingClaim,
        Cause::ExpInPast,
    ] {
        let code = if cause == Cause::ExpInPast {
            "3705"
        } else {
            "3712"
        };
        let told = Told::hour(10, Some(code))
            .signed(30, Some(cause))
            .recording("release")
            .clock(0);
        assert_eq!(given(&told), Some(cause), "{:#?}", told.verdict().leading);
    }
}

#[test]
fn hosts_who_get_no_zak_are_told_from_an_outage() {
    let told = Told::hour(9, Some("3265"))
        .along("role", "host")
        .call("oauth", "refused", 30)
        .watched("change");
    let verdict = told.verdict();
    assert_eq!(
        (verdict.cause, verdict.party),
        (Some(Cause::OauthFailing), Party::Integrator)
    );
    let zak = Told::hour(9, Some("3623"))
        .along("role", "host")
        .call("oauth", "ok", 30)
        .call("zak", "error", 30)
        .watched("change")
        .verdict();
    assert_eq!(
        (zak.cause, zak.party),
        (Some(Cause::ZakFailing), Party::Zoom)
    );
}

#[test]
fn more_evidence_for_a_cause_never_lowers_it() {
    let posterior = |told: &Told, cause: Cause| {
        let verdict = told.verdict();
        let one = verdict.leading.into_iter().find(|one| one.cause == cause);
        one.map_or(0.0, |one| one.posterior)
    };
    let hour = |failing| Told::hour(failing, Some("3712")).signed(30, None);
    let clock = Cause::IatInFutureClockSkew;
    assert!(posterior(&hour(5).clock(45), clock) > posterior(&hour(5), clock));
    let outage = Cause::ZoomOutage;
    let hour = || Told::hour(10, Some("3621"));
    let with_calls = || hour().call("oauth", "error", 20);
    let with_status = || with_calls().status("major", "Meetings");
    assert!(posterior(&with_calls(), outage) > posterior(&hour(), outage));
    assert!(posterior(&with_status(), outage) > posterior(&with_calls(), outage));
}

#[test]
fn every_verdict_has_evidence_and_its_posteriors_are_chances() {
    for told in [
        Told::hour(10, None),
        Told::hour(10, Some("3710")),
        Told::hour(1, Some("9999")),
        Told::default(),
    ] {
        let verdict = told.verdict();
        let sum: f64 = verdict.leading.iter().map(|one| one.posterior).sum();
        assert!((0.0..=1.0).contains(&sum) && (0.0..=1.0).contains(&verdict.confidence));
        if verdict.cause.is_some() {
            assert!(
                verdict
                    .terms
                    .iter()
                    .any(|term| Some(term.for_cause) == verdict.cause && term.log_lr > 0.0)
            );
        }
        assert!(verdict.terms.iter().all(|term| term.log_lr.is_finite()));
    }
}
