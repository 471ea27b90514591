//! The score of a slice, its upper bounds, and how far rates can be trusted.

/// The lowest failure rate that anybody is expected to have: the detector's floor (design, Detector). Without it one failure where none
/// ever was would outweigh an outage.
pub(super) const RATE_MIN: f64 = 0.0005;
/// The highest: where everything always fails, failures are no news, and one that failed more than always is a rounding error.
pub(super) const RATE_MAX: f64 = 1.0 - RATE_MIN;
/// What a condition costs, in nats (design, Localizer).
pub(super) const CONDITION_NATS: f64 = 2.0;
/// Rates are never taken to be known better than to a tenth of themselves, however long the baseline: tomorrow is not today. Tuned (see
/// `docs/decisions.md`).
const SPREAD_MIN: f64 = 0.1;

/// `n·KL(p‖p0)` in nats, and 0 where p is not above p0.
///
/// For fixed failures it falls as `attempts` or `rate` rise as long as p > p0: its derivatives are `ln((1−p)/(1−p0))` and
/// `n·(p0−p)/(p0·(1−p0))`, both negative there. The bounds of the search rest on that.
pub(super) fn surprise(attempts: f64, failed: f64, rate: f64) -> f64 {
    if failed <= attempts * rate {
        return 0.0;
    }
    let succeeded = attempts - failed;
    let of_successes = if succeeded > 0.0 {
        succeeded * (succeeded / (attempts * (1.0 - rate))).ln()
    } else {
        0.0
    };
    failed * (failed / (attempts * rate)).ln() + of_successes
}

/// The most that a slice, or any slice within it, can have: [`surprise`] if nothing but its failures were tried, at the lowest rate.
pub(super) fn bound_by_failures(failed: f64) -> f64 {
    failed * -RATE_MIN.ln()
}

/// The most that a slice with so many attempts can have.
pub(super) fn bound_by_rate(attempts: f64, failed: f64) -> f64 {
    surprise(attempts, failed, RATE_MIN)
}

/// A slice in the baseline, part of time by part of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) failed: f64,
    pub(super) expected: f64,
}

/// The variance of a slice's rate from one part of the baseline to the next, relative to the square of the rate, beyond what counts of
/// failures vary anyway (by moments), at least [`SPREAD_MIN`] squared.
pub(super) fn relative_variance(parts: &[Part]) -> f64 {
    let least = SPREAD_MIN * SPREAD_MIN;
    let failed: f64 = parts.iter().map(|part| part.failed).sum();
    let expected: f64 = parts.iter().map(|part| part.expected).sum();
    if failed <= 0.0 || expected <= 0.0 {
        return least;
    }
    let level = failed / expected;
    let (mut excess, mut squares) = (0.0, 0.0);
    for part in parts {
        let usual = part.expected * level;
        excess += (part.failed - usual).powi(2) - usual;
        squares += usual * usual;
    }
    (excess / squares).max(least)
}

/// By how much failures of the window vary more than counts do: `1 + expected·v/(1−p0)`, `v` the relative variance of the expected rate.
pub(super) fn dispersion(expected: f64, rate: f64, relative_variance: f64) -> f64 {
    1.0 + expected * relative_variance / (1.0 - rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_falls_with_attempts_and_with_the_expected_rate_and_never_passes_its_bounds() {
        for failed in [1.0, 3.0, 50.0, 4_000.0] {
            let mut before = f64::INFINITY;
            for more in [0.0, 0.5, 1.0, 10.0, 300.0, 50_000.0] {
                let attempts = failed + more;
                let score = surprise(attempts, failed, 0.01);
                assert!(score <= before);
                assert!(score <= bound_by_rate(attempts, failed));
                assert!(bound_by_rate(attempts, failed) <= bound_by_failures(failed));
                before = score;
            }
            let by_rate =
                [RATE_MIN, 0.01, 0.3, 0.9, RATE_MAX].map(|p0| surprise(failed * 1.1, failed, p0));
            assert!(by_rate.is_sorted_by(|a, b| a >= b));
        }
        assert!(surprise(100.0, 1.0, 0.01).abs() < 1e-12);
        assert!(surprise(0.0, 0.0, 0.01).abs() < 1e-12);
    }

    #[test]
    fn rates_that_wander_are_trusted_less() {
        let parts = |failed: [f64; 4]| {
            failed.map(|failed| Part {
                failed,
                expected: 100.0,
            })
        };
        let calm = relative_variance(&parts([95.0, 103.0, 110.0, 92.0]));
        let wild = relative_variance(&parts([10.0, 300.0, 80.0, 10.0]));
        assert!((calm - 0.01).abs() < 1e-9);
        assert!(wild > 0.5);
        assert!(relative_variance(&[]) > 0.0);
    }
}
