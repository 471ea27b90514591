//! When an incident is over, and when it is the same one again.

use usher_core::detect::Change;
use usher_core::failure::FaultClass;

use super::world::{Random, Script, at, experienced, opened, seconds};

/// An hour of traffic in which failures are as likely as `failing` says.
fn changes_of(seed: u64, rate: f64, hours: f64, failing: impl Fn(f64) -> f64) -> Vec<Change> {
    let mut random = Random(seed);
    let mut script = Script::new();
    let dims: &[&[_]] = &[&[("browser", "Chrome")], &[("browser", "Safari")]];
    script.traffic(&mut random, 0.0..hours * 3600.0, rate, dims, |now, _| {
        (failing(now), FaultClass::Unknown)
    });
    script.run(&mut experienced(0.01))
}

fn within(now: f64, span: std::ops::Range<f64>, inside: f64) -> f64 {
    if span.contains(&now) { inside } else { 0.01 }
}

#[test]
fn the_tokyo_hour_opens_once_closes_once_and_is_dated_at_both_ends() {
    for seed in 0..10 {
        let changes = changes_of(seed, 0.2, 4.0, |now| within(now, 3600.0..7200.0, 0.97));
        let [
            Change::Opened { since, .. },
            ..,
            Change::Closed {
                until: Some(until),
                at,
                ..
            },
        ] = changes[..]
        else {
            panic!("{changes:?}")
        };
        assert_eq!(opened(&changes).len(), 1, "{changes:?}");
        assert!((seconds(since) - 3600.0).abs() < 60.0, "{since}");
        assert!((seconds(until) - 7200.0).abs() < 60.0, "{until}");
        assert!(seconds(at) < 7200.0 + 300.0, "{at}");
    }
}

#[test]
fn a_partial_recovery_is_none() {
    for seed in 0..10 {
        let changes = changes_of(seed, 1.0, 3.0, |now| {
            if now > 5400.0 {
                0.35
            } else {
                within(now, 3600.0..5400.0, 0.97)
            }
        });
        assert_eq!(opened(&changes).len(), 1, "{changes:?}");
        assert!(
            !changes
                .iter()
                .any(|change| matches!(change, Change::Closed { .. })),
            "{changes:?}"
        );
    }
}

#[test]
fn what_comes_back_within_half_an_hour_continues() {
    let changes = changes_of(3, 1.0, 3.0, |now| {
        within(now, 3600.0..4800.0, 0.9).max(within(now, 5700.0..6600.0, 0.9))
    });
    let kinds: Vec<&str> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Opened { .. } => Some("opened"),
            Change::Closed { .. } => Some("closed"),
            Change::Continued { .. } => Some("continued"),
            Change::Widened { .. } => None,
        })
        .collect();
    assert_eq!(
        kinds,
        ["opened", "closed", "continued", "closed"],
        "{changes:?}"
    );
}

#[test]
fn what_comes_back_later_is_another_incident() {
    let changes = changes_of(3, 1.0, 5.0, |now| {
        within(now, 3600.0..4800.0, 0.9).max(within(now, 9000.0..10_000.0, 0.9))
    });
    assert_eq!(opened(&changes).len(), 2, "{changes:?}");
}

#[test]
fn silence_ends_nothing() {
    let mut script = Script::new();
    for n in 0..30 {
        script.attempt(10.0 * f64::from(n), &[], Some(FaultClass::Unknown));
    }
    script.attempt(86_400.0, &[], None);
    let changes = script.run(&mut experienced(0.01));
    assert!(
        !changes
            .iter()
            .any(|change| matches!(change, Change::Closed { .. })),
        "{changes:?}"
    );
}

#[test]
fn what_lasts_a_day_and_lets_most_people_in_is_usual() {
    let changes = changes_of(5, 0.2, 60.0, |now| if now > 7200.0 { 0.1 } else { 0.01 });
    let [
        Change::Opened { .. },
        ..,
        Change::Closed {
            until: None,
            at: closed,
            ..
        },
    ] = changes[..]
    else {
        panic!("{changes:?}")
    };
    assert!(closed < at(7200.0 + 26.0 * 3600.0));
    assert_eq!(opened(&changes).len(), 1, "{changes:?}");
}
