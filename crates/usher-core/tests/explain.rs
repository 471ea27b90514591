//! Logs explained from end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use jiff::{SignedDuration, Timestamp};
use usher_core::detect::FALSE_ALARMS;
use usher_core::explain::{Explanation, Incident, Log, explain};
use usher_core::import::{Aggregated, Kind, Outcome, Row, Single};
use usher_core::verdict::{Cause, Party};
use usher_core::witness::Line;

/// `SplitMix64`: the same logs in every run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn one_of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        let index = (self.unit() * values.len() as f64) as usize;
        values[index.min(values.len() - 1)]
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What fails, when, and how.
struct Fault {
    from: Timestamp,
    to: Timestamp,
    share: f64,
    code: Option<&'static str>,
    /// Of whom.
    along: Option<(&'static str, &'static str)>,
}

/// A day of ten attempts a minute, of which one in a hundred fails for reasons of its own.
fn day(seed: u64, fault: &Fault) -> Log {
    let mut random = Random(seed);
    let mut log = Log::default();
    let start = at("2023-10-09T15:00:00Z");
    for second in (0..24 * 3600).step_by(6) {
        let began = start + SignedDuration::from_secs(second);
        let dims = vec![
            (
                "browser".to_owned(),
                random.one_of(&["Chrome", "Edge", "Safari"]).to_owned(),
            ),
            ("instance".to_owned(), random.one_of(&["a", "b"]).to_owned()),
            ("release".to_owned(), "41".to_owned()),
            ("view".to_owned(), "client".to_owned()),
        ];
        let is_of_fault = fault.from <= began
            && began < fault.to
            && fault
                .along
                .is_none_or(|(dim, value)| dims.iter().any(|(d, v)| d == dim && v == value));
        let fails_by_fault = is_of_fault && random.unit() < fault.share;
        let fails = fails_by_fault || random.unit() < 0.01;
        let took = if fails { 300 } else { 4000 };
        log.add(&Row {
            at: began,
            kind: Kind::Single(Single {
                outcome: Some(if fails {
                    Outcome::Failed
                } else {
                    Outcome::Joined
                }),
                code: if fails_by_fault {
                    fault.code.map(str::to_owned)
                } else {
                    fails.then(|| random.one_of(&["1", "3008", "3004"]).to_owned())
                },
                reason: None,
                answered_at: Some(began + SignedDuration::from_millis(took)),
                signature: None,
            }),
            meeting: None,
            participant: None,
            dims,
            is_earlier_of_two: false,
        });
    }
    log
}

fn tokyo() -> Fault {
    Fault {
        from: at("2023-10-10T04:00:00Z"),
        to: at("2023-10-10T04:55:00Z"),
        share: 0.97,
        code: None,
        along: None,
    }
}

fn only(explanation: &Explanation) -> Incident {
    let [incident] = &explanation.incidents[..] else {
        panic!("{:#?}", explanation.incidents)
    };
    incident.clone()
}

fn is_near(one: Timestamp, other: Timestamp, seconds: i64) -> bool {
    one.duration_since(other).abs() <= SignedDuration::from_secs(seconds)
}

#[test]
fn the_hour_is_found_within_attempts_and_bounded_and_blames_nobody() {
    let mut log = day(1, &tokyo());
    let incident = only(&explain(&mut log, &[], FALSE_ALARMS));
    assert!(
        is_near(incident.since, tokyo().from, 60),
        "{}",
        incident.since
    );
    assert!(
        is_near(incident.opened_at, tokyo().from, 90),
        "{}",
        incident.opened_at
    );
    assert!(
        is_near(incident.until.unwrap(), tokyo().to, 180),
        "{:?}",
        incident.until
    );
    assert_eq!(incident.slice, []);
    assert_eq!(
        (incident.cause, incident.party),
        (None, Party::Undetermined)
    );
    assert!(
        incident.failed > 500 && incident.expected_failed < 50.0,
        "{incident:#?}"
    );
    assert!(!incident.would_settle.is_empty() && !incident.series.is_empty());
}

#[test]
fn the_same_hour_with_a_clock_reading_is_a_clock() {
    let fault = Fault {
        code: Some("3712"),
        ..tokyo()
    };
    let mut log = day(2, &fault);
    let line = |json: &str| serde_json::from_str::<Line>(json).unwrap();
    let lines = [
        line(
            r#"{"kind":"clock","at":"2023-10-10T04:20:00Z","server":"api.zoom.us","t0":"2023-10-10T04:19:59.9Z","t1":"2023-10-10T04:20:00Z","date":"2023-10-10T04:19:10Z"}"#,
        ),
        line(
            r#"{"kind":"watching","witness":"change","from":"2023-10-10T00:00:00Z","to":"2023-10-10T09:00:00Z"}"#,
        ),
    ];
    let incident = only(&explain(&mut log, &lines, FALSE_ALARMS));
    assert_eq!(
        incident.cause,
        Some(Cause::IatInFutureClockSkew),
        "{:#?}",
        incident.leading
    );
}

#[test]
fn a_slice_that_fails_is_named_and_the_rest_is_not_blamed() {
    let fault = Fault {
        code: Some("3635"),
        along: Some(("browser", "Safari")),
        ..tokyo()
    };
    let mut log = day(3, &fault);
    let incident = only(&explain(&mut log, &[], FALSE_ALARMS));
    let slice: Vec<(&str, &str)> = incident
        .slice
        .iter()
        .map(|condition| (condition.dim.as_str(), condition.value.as_str()))
        .collect();
    assert_eq!(slice, [("browser", "Safari")]);
    assert_eq!(
        incident.cause,
        Some(Cause::Browser),
        "{:#?}",
        incident.leading
    );
}

#[test]
fn a_quiet_day_has_no_incident_and_a_rerun_changes_nothing() {
    for seed in 10..13 {
        let quiet = Fault {
            share: 0.0,
            ..tokyo()
        };
        let mut log = day(seed, &quiet);
        let explained = explain(&mut log, &[], FALSE_ALARMS);
        assert_eq!(explained.incidents, [], "{seed}");
        assert_eq!(explained.attempts, 14_400);
        assert_eq!(explain(&mut log, &[], FALSE_ALARMS), explained);
    }
}

#[test]
fn counts_by_the_minute_show_the_same_hour() {
    let mut log = Log::default();
    let start = at("2023-10-09T15:00:00Z");
    let mut random = Random(4);
    for minute in 0..24 * 60 {
        let began = start + SignedDuration::from_mins(minute);
        let is_bad = tokyo().from <= began && began < tokyo().to;
        let usual = u64::from(random.unit() < 0.6);
        log.add(&Row {
            at: began,
            kind: Kind::Aggregated(Aggregated {
                attempts: 60,
                failed: if is_bad { 58 } else { usual },
                code: None,
                reason: None,
            }),
            meeting: None,
            participant: None,
            dims: Vec::new(),
            is_earlier_of_two: false,
        });
    }
    let incident = only(&explain(&mut log, &[], FALSE_ALARMS));
    assert!(
        is_near(incident.since, tokyo().from, 60),
        "{}",
        incident.since
    );
    assert!(
        is_near(incident.until.unwrap(), tokyo().to, 120),
        "{:?}",
        incident.until
    );
    assert_eq!(incident.cause, None);
}

#[test]
fn odd_logs_are_explained_without_a_word() {
    assert_eq!(explain(&mut Log::default(), &[], FALSE_ALARMS).attempts, 0);
    let mut one = Log::default();
    one.add(&Row {
        at: at("2023-10-10T04:00:00Z"),
        kind: Kind::Single(Single {
            outcome: Some(Outcome::Failed),
            code: None,
            reason: None,
            answered_at: None,
            signature: None,
        }),
        meeting: None,
        participant: None,
        dims: Vec::new(),
        is_earlier_of_two: false,
    });
    assert_eq!(explain(&mut one, &[], FALSE_ALARMS).incidents, []);
}
