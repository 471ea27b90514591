//! Failures are known sooner than successes. That is no news.

use usher_core::detect::{Change, Detector, FALSE_ALARMS};
use usher_core::failure::FaultClass;

use super::world::{Random, Script, at, experienced};

/// Crowds of 300 within two seconds each hour, of which one percent fail, for half a day.
fn crowds(seed: u64) -> Script {
    let mut random = Random(seed);
    let mut script = Script::new();
    for hour in 0..12 {
        for _ in 0..300 {
            let start = f64::from(hour) * 3600.0 + 2.0 * random.unit();
            let fails = (random.unit() < 0.01).then_some(FaultClass::Unknown);
            script.attempt(start, &[], fails);
        }
    }
    script
}

#[test]
fn a_thousand_joins_in_one_second_at_the_usual_rate_open_nothing() {
    for spread in [0.0, 0.001] {
        let mut script = Script::new();
        for n in 0..1000 {
            let fails = (n % 100 == 7).then_some(FaultClass::Unknown);
            script.attempt(
                10.0 + spread * f64::from(n) / 1.1,
                &[("browser", "Chrome")],
                fails,
            );
        }
        assert_eq!(script.run(&mut experienced(0.01)), []);
    }
}

#[test]
fn a_thousand_joins_in_one_second_that_all_fail_open_one_incident() {
    let mut script = Script::new();
    for _ in 0..1000 {
        script.attempt(10.0, &[("browser", "Chrome")], Some(FaultClass::Unknown));
    }
    let changes = script.run(&mut experienced(0.01));
    assert!(
        matches!(changes[..], [Change::Opened { since, at: known, .. }]
        if since == at(10.0) && known == at(10.3)),
        "{changes:?}"
    );
}

#[test]
fn crowds_at_the_usual_rate_raise_no_alarm_in_twenty_half_days() {
    let alarms = (0..20).filter(|seed| !crowds(*seed).run(&mut experienced(0.01)).is_empty());
    assert_eq!(alarms.count(), 0);
}

#[test]
fn silence_becomes_a_failure_at_the_age_by_which_others_have_answered() {
    let mut detector = experienced(0.01);
    let age = detector.answer_age().as_secs_f64();
    let mut script = Script::new();
    script.fails_after = 1e4;
    for n in 0..20 {
        script.attempt(f64::from(n), &[], Some(FaultClass::Unknown));
    }
    let changes = script.run(&mut detector);
    let [
        Change::Opened {
            since, at: known, ..
        },
        ..,
    ] = changes[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!(since, at(0.0));
    assert!(known >= at(age) && known <= at(age + 8.0), "{known}");
}

#[test]
fn the_age_is_learned_from_how_long_joins_take() {
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    let mut script = Script::new();
    script.joins_after = 3.0;
    for n in 0..5000 {
        script.attempt(f64::from(n), &[], None);
    }
    script.run(&mut detector);
    let age = detector.answer_age().as_secs_f64();
    assert!((6.0..7.0).contains(&age), "{age}");
}
