//! Which alarms are one incident.

use usher_core::detect::{Change, Slot};
use usher_core::failure::FaultClass;

use super::world::{Dims, Random, Script, experienced, opened, tell};

const PLACES: &[Dims] = &[
    &[("browser", "Chrome"), ("release", "1")],
    &[("browser", "Chrome"), ("release", "2")],
    &[("browser", "Safari"), ("release", "1")],
    &[("browser", "Safari"), ("release", "2")],
    &[("browser", "Firefox"), ("release", "1")],
    &[("browser", "Firefox"), ("release", "2")],
];

fn has(dims: Dims, value: &str) -> bool {
    dims.iter().any(|(_, own)| *own == value)
}

#[test]
fn an_outage_for_everybody_is_one_incident() {
    for seed in 0..8 {
        let mut script = Script::new();
        script.traffic(&mut Random(seed), 0.0..5400.0, 2.0, PLACES, |now, dims| {
            if !(1800.0..3600.0).contains(&now) {
                (0.01, FaultClass::Unknown)
            } else if has(dims, "1") {
                (0.95, FaultClass::Zoom)
            } else {
                (0.95, FaultClass::Network)
            }
        });
        let changes = script.run(&mut experienced(0.01));
        assert_eq!(opened(&changes).len(), 1, "{seed} {changes:?}");
        assert!(
            matches!(changes.last(), Some(Change::Closed { .. })),
            "{changes:?}"
        );
    }
}

#[test]
fn a_cause_in_one_slice_is_one_incident() {
    for seed in 0..8 {
        let mut script = Script::new();
        script.traffic(&mut Random(seed), 0.0..5400.0, 2.0, PLACES, |now, dims| {
            let is_bad = (1800.0..3600.0).contains(&now) && has(dims, "Safari");
            if is_bad {
                (0.6, FaultClass::Device)
            } else {
                (0.01, FaultClass::Unknown)
            }
        });
        let changes = script.run(&mut experienced(0.01));
        assert_eq!(opened(&changes).len(), 1, "{seed} {changes:?}");
    }
}

/// Safari fails from minute 30, release 2 from minute 50, both until the end.
fn two_causes(seed: u64, localized: bool) -> Vec<Change> {
    let mut script = Script::new();
    script.traffic(&mut Random(seed), 0.0..5400.0, 2.0, PLACES, |now, dims| {
        if now > 1800.0 && has(dims, "Safari") {
            (0.8, FaultClass::Device)
        } else if now > 3000.0 && has(dims, "2") {
            (0.8, FaultClass::Signature)
        } else {
            (0.01, FaultClass::Unknown)
        }
    });
    let mut detector = experienced(0.01);
    let mut changes = Vec::new();
    for (known, news) in script.news() {
        tell(&mut detector, known, news);
        for change in detector.advance(known) {
            if let (true, Change::Opened { incident, .. }) =
                (localized && changes.is_empty(), &change)
            {
                detector.localize(*incident, &[("browser", "Safari")]);
            }
            changes.push(change);
        }
    }
    changes
}

#[test]
fn two_causes_are_two_incidents_once_the_first_is_localized() {
    for seed in 0..8 {
        let changes = two_causes(seed, true);
        assert_eq!(opened(&changes).len(), 2, "{seed} {changes:?}");
    }
}

#[test]
fn an_incident_for_everybody_hides_a_second_cause_until_it_is_localized() {
    for seed in 0..8 {
        let changes = two_causes(seed, false);
        let is_for_everybody = |change: &&Change| {
            matches!(
                change,
                Change::Opened {
                    slot: Slot::Everybody,
                    ..
                } | Change::Widened {
                    slot: Slot::Everybody,
                    ..
                }
            )
        };
        let expected = if changes.iter().find(is_for_everybody).is_some() {
            1
        } else {
            2
        };
        assert_eq!(opened(&changes).len(), expected, "{seed} {changes:?}");
    }
}
