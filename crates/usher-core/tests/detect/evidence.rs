//! One stream's evidence: what is known late never says more than hindsight does.

use proptest::prelude::*;
use usher_core::detect::Process;

const SECOND_US: i64 = 1_000_000;
/// A promise so weak that alarms are frequent.
const BUDGET_US: f64 = 30e6;

#[derive(Debug, Clone)]
struct Attempt {
    at: i64,
    failed: bool,
    known_after: i64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    // A few attempts a second up to crowds in one.
    let attempt = (
        0..20 * SECOND_US,
        prop::bool::weighted(0.4),
        0..8 * SECOND_US,
    );
    let attempt = attempt.prop_map(|(at, failed, known_after)| Attempt {
        at,
        failed,
        known_after,
    });
    prop::collection::vec(attempt, 1..60).prop_map(|mut attempts| {
        attempts.sort_by_key(|attempt| attempt.at);
        attempts
    })
}

/// The evidence when everything about attempts that started by then is known at once.
fn hindsight(attempts: &[Attempt], by: i64) -> Option<f64> {
    let mut process = Process::new(0, BUDGET_US, 0.05);
    for attempt in attempts.iter().filter(|attempt| attempt.at <= by) {
        process.enter(attempt.at, attempt.at, 1);
        if attempt.failed {
            process.correct(attempt.at, 1);
        }
    }
    process.evidence().map(|(evidence, _)| evidence)
}

proptest! {
    #[test]
    fn at_any_moment_it_is_at_most_what_hindsight_says(attempts in attempts()) {
        let starts = attempts.iter().map(|attempt| (attempt.at, false, attempt.at));
        let news = attempts.iter().filter(|attempt| attempt.failed);
        let news = news.map(|attempt| (attempt.at + attempt.known_after, true, attempt.at));
        let mut events: Vec<_> = starts.chain(news).collect();
        events.sort_unstable();
        let mut process = Process::new(0, BUDGET_US, 0.05);
        for (now, is_failure, at) in events {
            while process.settle((now - 9 * SECOND_US).div_euclid(SECOND_US)).is_some() {}
            if is_failure {
                process.correct(at, 1);
            } else {
                process.enter(at, at, 1);
            }
            if let Some((evidence, _)) = process.evidence() {
                let known = hindsight(&attempts, now);
                prop_assert!(known.is_some_and(|known| evidence <= known + 1e-9), "{evidence} {known:?}");
            }
        }
    }

    #[test]
    fn what_starts_late_says_no_more_than_in_its_time(attempts in attempts(), keys in prop::collection::vec(any::<u64>(), 60)) {
        let mut shuffled: Vec<_> = attempts.iter().zip(keys).collect();
        // Within three seconds.
        shuffled.sort_by_key(|(attempt, key)| attempt.at + i64::try_from(key % 3_000_000).unwrap());
        let mut process = Process::new(0, BUDGET_US, 0.05);
        for (attempt, _) in &shuffled {
            process.enter(attempt.at, attempt.at, 1);
        }
        for (attempt, _) in shuffled.iter().filter(|(attempt, _)| attempt.failed) {
            process.correct(attempt.at, 1);
        }
        if let Some((evidence, _)) = process.evidence() {
            let known = hindsight(&attempts, i64::MAX);
            prop_assert!(known.is_some_and(|known| evidence <= known + 1e-9), "{evidence} {known:?}");
        }
    }

    #[test]
    fn counts_say_what_their_attempts_say_one_by_one(attempts in 1..500_u64, share in 0.0..1.0_f64, second in 0..1000_i64) {
        let failed = (attempts as f64 * share) as u64;
        let at = second * SECOND_US;
        let mut together = Process::new(0, BUDGET_US, 0.05);
        together.enter(at, at, attempts);
        together.correct(at, failed);
        let mut apart = Process::new(0, BUDGET_US, 0.05);
        for n in 0..attempts {
            apart.enter(at, at, 1);
            if n < failed {
                apart.correct(at, 1);
            }
        }
        match (together.evidence(), apart.evidence()) {
            (Some((one, rung)), Some((two, same))) => {
                prop_assert_eq!(rung, same);
                prop_assert!((one - two).abs() < 1e-6 * one.abs().max(1.0), "{} {}", one, two);
            }
            (one, two) => prop_assert_eq!(one.is_some(), two.is_some()),
        }
    }
}
