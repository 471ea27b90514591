//! Times and counts that can't be.

use jiff::Timestamp;
use usher_core::detect::{Change, Counts, Detector, FALSE_ALARMS, Slot, Start};
use usher_core::failure::FaultClass;

use super::world::{Script, at, experienced, id, opened};

fn start(n: u64, at: Timestamp) -> Start<'static> {
    Start {
        id: id(n),
        at,
        dims: &[],
        is_first_of_burst: true,
    }
}

#[test]
fn only_failures_since_the_beginning_are_an_incident_since_the_first() {
    let mut script = Script::new();
    (0..50).for_each(|n| script.attempt(5.0 + 60.0 * f64::from(n), &[], Some(FaultClass::Unknown)));
    let changes = script.run(&mut Detector::new(at(0.0), FALSE_ALARMS));
    let [Change::Opened { since, .. }, ..] = changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(since, at(5.0));
}

#[test]
fn a_single_failure_is_none() {
    let mut script = Script::new();
    script.attempt(5.0, &[], Some(FaultClass::Unknown));
    assert_eq!(script.run(&mut Detector::new(at(0.0), FALSE_ALARMS)), []);
}

#[test]
fn more_failures_than_attempts_count_as_all() {
    let tell = |failed| {
        let mut detector = experienced(0.01);
        detector.counted(&Counts {
            from: at(0.0),
            until: at(60.0),
            dims: &[],
            attempts: 10,
            failed,
            class: FaultClass::Zoom,
        });
        detector.advance(at(60.0))
    };
    assert_eq!(tell(u64::MAX), tell(10));
    assert_eq!(opened(&tell(10)).len(), 1);
}

#[test]
fn times_at_the_ends_of_the_calendar_are_no_trouble() {
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    for (n, moment) in [Timestamp::MIN, Timestamp::MAX, at(1.0), Timestamp::MIN]
        .into_iter()
        .enumerate()
    {
        detector.started(moment, &start(n as u64, Timestamp::MAX));
        detector.started(moment, &start(n as u64 + 10, Timestamp::MIN));
        detector.failed(moment, id(n as u64), FaultClass::Zoom);
        detector.counted(&Counts {
            from: Timestamp::MAX,
            until: moment,
            dims: &[("", ""), ("os", "a"), ("os", "b")],
            attempts: u64::MAX,
            failed: 1,
            class: FaultClass::Zoom,
        });
        detector.advance(moment);
    }
}

#[test]
fn a_start_that_is_told_too_late_raises_nothing() {
    let mut detector = experienced(0.01);
    (0..100).for_each(|n| detector.started(at(600.0), &start(n, at(600.0))));
    (0..100).for_each(|n| detector.joined(at(610.0), id(n)));
    for n in 100..200 {
        detector.started(at(1000.0), &start(n, at(500.0)));
        detector.failed(at(1000.0), id(n), FaultClass::Zoom);
    }
    assert_eq!(detector.advance(at(1001.0)), []);
}

#[test]
fn news_of_what_nobody_started_says_nothing() {
    let mut detector = experienced(0.01);
    for n in 0..100 {
        detector.failed(at(1.0), id(n), FaultClass::Zoom);
        detector.joined(at(1.0), id(n));
    }
    assert_eq!(detector.advance(at(100.0)), []);
}

#[test]
fn no_traffic_at_all_is_no_incident() {
    let mut detector = experienced(0.01);
    assert_eq!(detector.advance(at(1e8)), []);
    assert!(detector.usual(&Slot::Everybody).is_some());
}
