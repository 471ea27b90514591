//! What holds whatever is told.

use jiff::SignedDuration;
use proptest::prelude::*;
use usher_core::detect::{Change, Detector, FALSE_ALARMS};
use usher_core::failure::FaultClass;

use super::world::{Dims, News, Script, at, tell};

const DIMS: [Dims; 4] = [
    &[],
    &[("browser", "Chrome"), ("os", "mac")],
    &[("browser", "Safari"), ("os", "mac")],
    &[("meeting", "85012345678")],
];
const CLASSES: [FaultClass; 4] = [
    FaultClass::Unknown,
    FaultClass::User,
    FaultClass::Meeting,
    FaultClass::Network,
];

/// Start in seconds, dimensions, and a class if it fails.
fn attempts() -> impl Strategy<Value = Vec<(u32, usize, Option<usize>)>> {
    let fails = prop_oneof![2 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    prop::collection::vec((0..1200_u32, 0..4_usize, fails), 1..200)
}

fn script(attempts: &[(u32, usize, Option<usize>)]) -> Script {
    let mut script = Script::new();
    for (start, dims, fails) in attempts {
        script.attempt(
            f64::from(*start),
            DIMS[*dims],
            fails.map(|class| CLASSES[class]),
        );
    }
    script
}

/// Tells moment by moment; within one in the order that `keys` say.
fn run_shuffled(script: &Script, keys: &[u64]) -> Vec<Change> {
    let rank = |news: &News| match news {
        News::Started(..) => 0,
        News::Failed(..) | News::Joined(..) => 1,
    };
    let mut news: Vec<_> = script.news().into_iter().zip(keys.iter().cycle()).collect();
    news.sort_by_key(|((known, news), key)| (*known, rank(news), **key));
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    let mut changes = Vec::new();
    for ((known, news), _) in news {
        tell(&mut detector, known, news);
    }
    changes.extend(detector.advance(at(2000.0)));
    changes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn successes_never_open_an_incident(starts in prop::collection::vec((0..100_000_u32, 0..4_usize), 1..300)) {
        let attempts: Vec<_> = starts.into_iter().map(|(start, dims)| (start, dims, None)).collect();
        let mut detector = Detector::new(at(0.0), SignedDuration::from_secs(60));
        prop_assert_eq!(script(&attempts).run(&mut detector), []);
    }

    #[test]
    fn the_order_within_a_moment_does_not_matter(
        attempts in attempts(),
        keys in prop::collection::vec(any::<u64>(), 50),
    ) {
        let script = script(&attempts);
        prop_assert_eq!(run_shuffled(&script, &[0]), run_shuffled(&script, &keys));
    }

    #[test]
    fn a_rerun_finds_the_same(attempts in attempts()) {
        let script = script(&attempts);
        let run = || script.run(&mut Detector::new(at(0.0), FALSE_ALARMS));
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn asking_more_often_changes_nothing(attempts in attempts()) {
        let script = script(&attempts);
        let often = script.run(&mut Detector::new(at(0.0), FALSE_ALARMS));
        let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
        for (known, news) in script.news() {
            tell(&mut detector, known, news);
        }
        let end = script.news().last().map(|(known, _)| *known).unwrap();
        let once = detector.advance(end + SignedDuration::from_mins(2));
        prop_assert_eq!(once, often);
    }

    #[test]
    fn every_incident_opens_before_it_closes_and_began_before_it_was_known(attempts in attempts()) {
        let changes = script(&attempts).run(&mut Detector::new(at(0.0), SignedDuration::from_secs(3600)));
        let mut begun = at(0.0);
        for change in changes {
            match change {
                Change::Opened { since, at, .. } | Change::Continued { since, at, .. } => {
                    prop_assert!(since <= at);
                    begun = since;
                }
                Change::Closed { until, at, .. } => prop_assert!(until.is_none_or(|until| begun <= until && until <= at)),
                Change::Widened { .. } => {}
            }
        }
    }
}
