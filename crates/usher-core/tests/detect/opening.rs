//! What opens an incident, how soon, and since when.

use usher_core::detect::{Change, Counts, Slot};
use usher_core::failure::FaultClass;

use super::world::{Random, Script, at, experienced, opened, seconds};

#[test]
fn an_outage_opens_within_a_handful_of_attempts_and_began_with_the_first() {
    let mut script = Script::new();
    for n in 0..200 {
        let fails = (n >= 150).then_some(FaultClass::Unknown);
        script.attempt(20.0 * f64::from(n), &[], fails);
    }
    let changes = script.run(&mut experienced(0.01));
    let [
        Change::Opened {
            since,
            at: known,
            usual,
            ..
        },
        ..,
    ] = changes[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!(since, at(3000.0));
    assert!(known <= at(3000.0 + 5.0 * 20.0 + 0.3), "{known}");
    assert!((0.002..0.02).contains(&usual), "{usual}");
}

#[test]
fn a_rise_to_five_percent_is_found_and_dated() {
    let mut found = 0;
    for seed in 0..10 {
        let mut random = Random(seed);
        let mut script = Script::new();
        script.traffic(&mut random, 0.0..14_400.0, 1.0, &[&[]], |now, _| {
            (if now < 7200.0 { 0.01 } else { 0.05 }, FaultClass::Unknown)
        });
        let changes = script.run(&mut experienced(0.01));
        let [Change::Opened { since, at, .. }] = opened(&changes)[..] else {
            panic!("{changes:?}")
        };
        assert!(
            seconds(*at) > 7200.0 && seconds(*at) < 9000.0,
            "{seed} {at}"
        );
        found += i32::from((seconds(*since) - 7200.0).abs() < 300.0);
    }
    assert!(found >= 8, "{found}");
}

#[test]
fn rows_of_ten_thousand_are_as_good_as_attempts() {
    let mut detector = experienced(0.01);
    let mut changes = Vec::new();
    for minute in 0..60 {
        let from = f64::from(minute) * 60.0;
        // 1.3 times the usual rate is less than what is looked for, however many attempts show it.
        let failed = if minute < 30 { 100 } else { 130 };
        for dims in [&[("os", "ios")], &[("os", "mac")]] {
            detector.counted(&Counts {
                from: at(from),
                until: at(from + 60.0),
                dims,
                attempts: 10_000,
                failed,
                class: FaultClass::Unknown,
            });
        }
        changes.extend(detector.advance(at(from + 60.0)));
    }
    let mut outage = detector.clone();
    outage.counted(&Counts {
        from: at(3600.0),
        until: at(3660.0),
        dims: &[("os", "ios")],
        attempts: 10_000,
        failed: 9_000,
        class: FaultClass::Unknown,
    });
    changes.extend(outage.advance(at(3660.0)));
    let [
        Change::Opened {
            since, at: known, ..
        },
    ] = opened(&changes)[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!((*since, *known), (at(3600.0), at(3660.0)), "{changes:?}");
}

#[test]
fn retries_do_not_count() {
    let mut detector = experienced(0.01);
    for n in 0..1000_u64 {
        let now = at(n as f64);
        let start = usher_core::detect::Start {
            id: super::world::id(n),
            at: now,
            dims: &[],
            is_first_of_burst: n == 0,
        };
        detector.started(now, &start);
        detector.failed(now, start.id, FaultClass::Unknown);
    }
    assert_eq!(detector.advance(at(2000.0)), []);
}

#[test]
fn one_meeting_raises_its_own_alarm_and_none_for_everybody() {
    let mut random = Random(1);
    let mut script = Script::new();
    script.traffic(
        &mut random,
        0.0..7200.0,
        0.5,
        &[&[("meeting", "1")], &[("meeting", "2")]],
        |now, dims| {
            let is_wrong = now > 3600.0 && dims[0].1 == "2";
            (if is_wrong { 0.9 } else { 0.01 }, FaultClass::User)
        },
    );
    let mut detector = experienced(0.01);
    let changes = script.run(&mut detector);
    let [Change::Opened { slot, .. }] = opened(&changes)[..] else {
        panic!("{changes:?}")
    };
    let own = Slot::Value {
        dim: "meeting".to_owned(),
        value: "2".to_owned(),
    };
    assert!(
        *slot == own || *slot == Slot::Class(FaultClass::User),
        "{slot:?}"
    );
    let is_for_everybody = |change: &Change| {
        matches!(
            change,
            Change::Widened {
                slot: Slot::Everybody,
                ..
            }
        )
    };
    assert!(!changes.iter().any(is_for_everybody));
}
