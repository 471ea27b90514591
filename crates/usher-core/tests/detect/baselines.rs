//! What is usual.

use jiff::SignedDuration;
use usher_core::detect::{Change, Counts, Detector, FALSE_ALARMS, SLOTS_MAX, Slot, USUAL_MIN};
use usher_core::failure::FaultClass;

use super::world::{Random, Script, at, experienced, opened};

fn usual(detector: &Detector) -> f64 {
    detector.usual(&Slot::Everybody).unwrap()
}

/// A detector that has seen so many hours, each with attempts and failures.
fn after(hours: u32, counts: impl Fn(u32) -> (u64, u64)) -> Detector {
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    detector.learn((0..hours).map(|hour| {
        let from = at(3600.0 * f64::from(hour));
        let (attempts, failed) = counts(hour);
        Counts {
            from,
            until: from + SignedDuration::from_hours(1),
            dims: &[],
            attempts,
            failed,
            class: FaultClass::Zoom,
        }
    }));
    detector
}

#[test]
fn without_history_one_in_seven_is_not_unusual_yet() {
    let detector = Detector::new(at(0.0), FALSE_ALARMS);
    assert!((usual(&detector) - 0.146).abs() < 0.001);
}

#[test]
fn the_bound_closes_in_on_the_rate_from_above() {
    let bounds = [1, 10, 100].map(|hours| usual(&after(hours, |_| (200, 2))));
    assert!(bounds.is_sorted_by(|a, b| a > b), "{bounds:?}");
    assert!((0.01..0.013).contains(&bounds[2]), "{bounds:?}");
}

#[test]
fn a_daily_curve_raises_it_to_the_crest() {
    let detector = after(24 * 14, |hour| (3600, if hour % 24 < 12 { 18 } else { 54 }));
    assert!(
        (0.015..0.025).contains(&usual(&detector)),
        "{}",
        usual(&detector)
    );
}

#[test]
fn drift_is_followed() {
    let detector = after(24 * 30, |hour| (1000, 10 + u64::from(hour) / 36));
    assert!(
        (0.026..0.04).contains(&usual(&detector)),
        "{}",
        usual(&detector)
    );
}

#[test]
fn it_never_falls_below_the_floor() {
    let detector = after(500, |_| (1_000_000, 0));
    assert!((usual(&detector) - USUAL_MIN).abs() < 1e-9);
}

#[test]
fn an_incident_does_not_become_usual() {
    let mut script = Script::new();
    script.traffic(&mut Random(2), 0.0..20_000.0, 1.0, &[&[]], |now, _| {
        (if now > 7200.0 { 0.6 } else { 0.01 }, FaultClass::Unknown)
    });
    let mut detector = experienced(0.01);
    assert_eq!(opened(&script.run(&mut detector)).len(), 1);
    assert!(usual(&detector) < 0.015, "{}", usual(&detector));
}

#[test]
fn a_million_values_and_a_thousand_dimensions_take_no_more_streams_than_there_are() {
    let mut detector = experienced(0.01);
    for n in 0..20_000_u32 {
        let (meeting, own) = (n.to_string(), format!("own{}", n % 1000));
        detector.counted(&Counts {
            from: at(f64::from(n)),
            until: at(f64::from(n)),
            dims: &[("meeting", &meeting), (&own, "x")],
            attempts: 1,
            failed: 0,
            class: FaultClass::Unknown,
        });
    }
    assert!(detector.streams() <= SLOTS_MAX);
    assert!(
        detector
            .usual(&Slot::OtherValues {
                dim: "meeting".to_owned()
            })
            .is_some()
    );
    assert!(
        detector
            .usual(&Slot::Value {
                dim: "own6".to_owned(),
                value: "x".to_owned()
            })
            .is_some()
    );
    assert!(
        detector
            .usual(&Slot::Value {
                dim: "own7".to_owned(),
                value: "x".to_owned()
            })
            .is_none()
    );
}

#[test]
fn a_value_with_much_traffic_gets_a_stream_though_it_came_late() {
    let mut detector = experienced(0.01);
    let mut tell = |second: u32, meeting: &str, attempts| {
        detector.counted(&Counts {
            from: at(f64::from(second)),
            until: at(f64::from(second) + 1.0),
            dims: &[("meeting", meeting)],
            attempts,
            failed: 0,
            class: FaultClass::Unknown,
        });
    };
    (0..1000).for_each(|n| tell(n, &n.to_string(), 1));
    (1000..1100).for_each(|n| tell(n, "huge", 10));
    assert!(
        detector
            .usual(&Slot::Value {
                dim: "meeting".to_owned(),
                value: "huge".to_owned()
            })
            .is_some()
    );
}

/// Minutes of a hundred attempts for two weeks, from a detector that knows nothing: failures swing between 1 and 3 % by day, scatter by half
/// from minute to minute, and on three days an hour is an outage of 40 %.
fn two_weeks(seed: u64, has_outages: bool) -> Vec<Change> {
    let mut random = Random(seed);
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    let mut changes = Vec::new();
    for minute in 0..14 * 1440_u32 {
        let from = f64::from(minute) * 60.0;
        let by_day = 0.02 - 0.01 * (std::f64::consts::TAU * from / 86_400.0).cos();
        let is_out =
            has_outages && [5, 8, 12].contains(&(minute / 1440)) && minute % 1440 / 60 == 13;
        let p = if is_out {
            0.4
        } else {
            by_day * (0.5 + random.unit())
        };
        let failed = (0..100).filter(|_| random.unit() < p).count() as u64;
        detector.counted(&Counts {
            from: at(from),
            until: at(from + 60.0),
            dims: &[],
            attempts: 100,
            failed,
            class: FaultClass::Unknown,
        });
        changes.extend(detector.advance(at(from + 60.0)));
    }
    changes
}

#[test]
fn rows_that_swing_and_scatter_open_nothing_and_hide_no_outage() {
    for seed in 0..2 {
        assert_eq!(two_weeks(seed, false), []);
        let changes = two_weeks(seed, true);
        let since = opened(&changes)
            .into_iter()
            .filter_map(|change| match change {
                Change::Opened { since, .. } => Some(*since),
                _ => None,
            });
        let thirteen = |day: f64| at(86_400.0 * day + 13.0 * 3600.0);
        assert_eq!(
            since.collect::<Vec<_>>(),
            [5.0, 8.0, 12.0].map(thirteen),
            "{changes:?}"
        );
        let closed = changes
            .iter()
            .filter(|change| matches!(change, Change::Closed { .. }));
        assert_eq!(closed.count(), 3, "{changes:?}");
    }
}
