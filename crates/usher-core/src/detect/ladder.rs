//! The usual failure probability, and the six above it that an incident is looked for at.

use super::numeric::logit_inverse;

/// How many suspected failure probabilities stand beside each other.
pub(super) const RUNGS: usize = 6;
/// Odds ratio of the lowest rung to the usual: less than that is drift, and the learned p0 follows it.
const LOWEST_ODDS_RATIO: f64 = 3.0;
/// The highest rung. Not 1: a single success must not rule an outage out.
const HIGHEST: f64 = 0.95;
/// Below that, p0 is not believed: a stream that never failed in a million attempts still has its first failure some day. 0.2 % was
/// simulated too: 1.7x the optimal delay for 0.1 → 2 %, against 1.2x, with no fewer false alarms.
pub const USUAL_MIN: f64 = 0.0005;
/// Above that, p0 is not believed either: where most people don't get in, that is an incident however long it has been so.
pub const USUAL_MAX: f64 = 0.5;

/// p0 with its rungs `p_k`, even in log-odds from odds ratio 3 up to 0.95, and the logarithms of their likelihood ratios.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ladder {
    pub(super) usual: f64,
    pub(super) rungs: [f64; RUNGS],
    /// ln((1 − `p_k`) / (1 − p0)): what a success says.
    pub(super) ln_joined: [f64; RUNGS],
    /// ln(odds(`p_k`) / odds(p0)): what turning a success into a failure says.
    pub(super) ln_corrected: [f64; RUNGS],
    /// The same two, not as logarithms.
    pub(super) joined: [f64; RUNGS],
    pub(super) corrected: [f64; RUNGS],
}

impl Ladder {
    /// The ladder over a usual failure probability, which is kept between [`USUAL_MIN`] and [`USUAL_MAX`].
    pub(super) fn above(usual: f64) -> Self {
        let usual = if usual.is_nan() {
            USUAL_MAX
        } else {
            usual.clamp(USUAL_MIN, USUAL_MAX)
        };
        let floor = (usual / (1.0 - usual)).ln();
        let lowest = floor + LOWEST_ODDS_RATIO.ln();
        let highest = (HIGHEST / (1.0 - HIGHEST)).ln();
        let mut ladder = Self {
            usual,
            rungs: [0.0; RUNGS],
            ln_joined: [0.0; RUNGS],
            ln_corrected: [0.0; RUNGS],
            joined: [0.0; RUNGS],
            corrected: [0.0; RUNGS],
        };
        let mut share = 0.0;
        for k in 0..RUNGS {
            let log_odds = lowest + (highest - lowest) * share;
            share += 1.0 / 5.0;
            let p = logit_inverse(log_odds);
            ladder.rungs[k] = p;
            ladder.ln_joined[k] = ((1.0 - p) / (1.0 - usual)).ln();
            ladder.ln_corrected[k] = log_odds - floor;
            ladder.joined[k] = ladder.ln_joined[k].exp();
            ladder.corrected[k] = ladder.ln_corrected[k].exp();
        }
        ladder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_likelihood_ratio_is_fair_at_the_usual_rate() {
        for usual in [0.0005, 0.01, 0.146, 0.5] {
            let ladder = Ladder::above(usual);
            for k in 0..RUNGS {
                let failed = ladder.joined[k] * ladder.corrected[k];
                let mean = usual * failed + (1.0 - usual) * ladder.joined[k];
                assert!((mean - 1.0).abs() < 1e-9, "{usual} {k} {mean}");
            }
            assert!((ladder.corrected[0] - 3.0).abs() < 1e-9);
            assert!((ladder.rungs[5] - 0.95).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_no_probability_becomes_one() {
        for usual in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
            let ladder = Ladder::above(usual);
            assert!((USUAL_MIN..=USUAL_MAX).contains(&ladder.usual));
        }
    }
}
