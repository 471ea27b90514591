//! How many failures were to be expected.
//!
//! The baseline's rates are taken apart into a rate for everybody and a factor for each value of each dimension, fitted so that every
//! value's failures in the baseline come out as they were (iterative proportional fitting, Deming & Stephan 1940). So a rate that is
//! higher because more of the traffic comes from a tenant that always fails more often is expected. Each factor is drawn to 1 as far as
//! chance explains it: empirical Bayes with a gamma prior, whose width is what the values of the dimension differ by beyond chance.
//!
//! What is not the product of its factors, a slice shows by its own baseline: [`rate`].

use super::cube::{Groups, Usual};
use super::score::{RATE_MAX, RATE_MIN};

/// Factors of nested dimensions share what one of them explains; after so many rounds little is left to share.
const ROUNDS: usize = 3;
/// What is expected without any attempt outside the window: one failure in a hundred.
const RATE_ASSUMED: f64 = 0.01;
/// A slice's own baseline counts against what its values predict as much as so many expected failures. Tuned.
pub(super) const PRIOR_FAILURES: f64 = 5.0;

/// Groups with what was expected of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) groups: Groups,
    /// Failures that were to be expected.
    pub(super) expected: Vec<f64>,
    /// What the search adds up: attempts (of the baseline: failures) beside `expected`.
    pub(super) pairs: Vec<[f64; 2]>,
}

/// The window beside what is usual.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) window: Side,
    pub(super) usual: Side,
}

impl Frame {
    pub(super) fn new(window: Groups, (source, usual): (Usual, Groups)) -> Self {
        let factors = Factors::fit(source, &usual, &window);
        let pairs = |counts: &[u64], expected: &[f64]| {
            let counts = counts.iter().map(|count| *count as f64);
            counts
                .zip(expected)
                .map(|(count, expected)| [count, *expected])
                .collect()
        };
        let (of_window, of_usual) = (factors.expected(&window), factors.expected(&usual));
        Self {
            window: Side {
                pairs: pairs(&window.attempts, &of_window),
                expected: of_window,
                groups: window,
            },
            usual: Side {
                pairs: pairs(&usual.failed, &of_usual),
                expected: of_usual,
                groups: usual,
            },
        }
    }

    /// With the window's expected failures multiplied.
    pub(super) fn expecting(mut self, times: f64) -> Self {
        for (expected, pair) in self.window.expected.iter_mut().zip(&mut self.window.pairs) {
            *expected *= times;
            pair[1] = *expected;
        }
        self
    }

    /// What is left where `keep` says so; `keep` gets the columns and a group.
    pub(super) fn filtered(&self, keep: impl Fn(&[Vec<u32>], usize) -> bool) -> Self {
        Self {
            window: self.window.filtered(&keep),
            usual: self.usual.filtered(&keep),
        }
    }
}

impl Side {
    fn filtered(&self, keep: &impl Fn(&[Vec<u32>], usize) -> bool) -> Self {
        let groups = &self.groups;
        let kept: Vec<usize> = (0..groups.len())
            .filter(|group| keep(&groups.columns, *group))
            .collect();
        Self {
            expected: kept.iter().map(|group| self.expected[*group]).collect(),
            pairs: kept.iter().map(|group| self.pairs[*group]).collect(),
            groups: Groups {
                columns: groups
                    .columns
                    .iter()
                    .map(|column| kept.iter().map(|group| column[*group]).collect())
                    .collect(),
                attempts: kept.iter().map(|group| groups.attempts[*group]).collect(),
                failed: kept.iter().map(|group| groups.failed[*group]).collect(),
                part: kept.iter().map(|group| groups.part[*group]).collect(),
                with_failures: kept.partition_point(|group| *group < groups.with_failures),
            },
        }
    }
}

/// The rate that is expected of a slice: what its groups' values predict, corrected by how that came true in the slice's own baseline,
/// as far as there is one.
pub(super) fn rate(attempts: f64, expected: f64, usual_failed: f64, usual_expected: f64) -> f64 {
    let own = (usual_failed + PRIOR_FAILURES) / (usual_expected + PRIOR_FAILURES);
    (expected / attempts * own).clamp(RATE_MIN, RATE_MAX)
}

/// The relative variance of that correction, because the baseline is finite.
pub(super) fn relative_variance_of_rate(usual_failed: f64) -> f64 {
    1.0 / (usual_failed + PRIOR_FAILURES)
}

struct Factors {
    everybody: f64,
    /// For each dimension that has any: a factor for each value.
    of_values: Vec<Option<Vec<f64>>>,
}

impl Factors {
    fn fit(source: Usual, usual: &Groups, window: &Groups) -> Self {
        let failed: f64 = usual.failed.iter().map(|failed| *failed as f64).sum();
        let attempts: f64 = usual.attempts.iter().map(|attempts| *attempts as f64).sum();
        let everybody = match source {
            Usual::Assumed => RATE_ASSUMED,
            // Half a failure more: with few attempts and none failed, the rate is not taken for the lowest.
            Usual::Baseline | Usual::Elsewhere => (failed + 0.5) / (attempts + 1.0),
        };
        let mut factors = Self {
            everybody: everybody.clamp(RATE_MIN, RATE_MAX),
            of_values: vec![None; usual.columns.len()],
        };
        let mut expected = factors.expected(usual);
        for _ in 0..ROUNDS {
            for (dimension, column) in usual.columns.iter().enumerate() {
                let values = highest(column).max(highest(&window.columns[dimension])) + 1;
                let Some(step) = step(column, values, usual, &expected) else {
                    continue;
                };
                for (expected, value) in expected.iter_mut().zip(column) {
                    *expected *= step[*value as usize];
                }
                let of_values =
                    factors.of_values[dimension].get_or_insert_with(|| vec![1.0; values]);
                for (factor, step) in of_values.iter_mut().zip(&step) {
                    *factor *= step;
                }
            }
        }
        factors
    }

    fn expected(&self, groups: &Groups) -> Vec<f64> {
        let mut rates = vec![self.everybody; groups.len()];
        for (factors, column) in self.of_values.iter().zip(&groups.columns) {
            if let Some(factors) = factors {
                for (rate, value) in rates.iter_mut().zip(column) {
                    *rate *= factors[*value as usize];
                }
            }
        }
        rates
            .iter()
            .zip(&groups.attempts)
            .map(|(rate, attempts)| rate.clamp(RATE_MIN, RATE_MAX) * *attempts as f64)
            .collect()
    }
}

fn highest(column: &[u32]) -> usize {
    column.iter().copied().max().unwrap_or(0) as usize
}

/// What the values of a dimension still lack; `None` if they differ by chance.
fn step(column: &[u32], values: usize, groups: &Groups, expected: &[f64]) -> Option<Vec<f64>> {
    let mut of_values = vec![(0.0, 0.0); values];
    for ((value, expected), failed) in column.iter().zip(expected).zip(&groups.failed) {
        let of_value = &mut of_values[*value as usize];
        of_value.0 += *failed as f64;
        of_value.1 += expected;
    }
    let (mut excess, mut noise, mut squares) = (0.0, 0.0, 0.0);
    for (failed, expected) in &of_values {
        // Values count alike where there is much of them, so that a small one that differs is not drawn to the large ones.
        let weight = (1.0 + expected).powi(-2);
        excess += weight * ((failed - expected).powi(2) - expected);
        noise += weight * weight * (2.0 * expected * expected + expected);
        squares += weight * expected * expected;
    }
    if excess <= 2.0 * noise.sqrt() {
        return None;
    }
    // Moments: the variance of the factors is the excess; a gamma prior of mean 1 and that variance has the shape 1/variance.
    let prior = squares / excess;
    let step = of_values
        .iter()
        .map(|(failed, expected)| (failed + prior) / (expected + prior));
    Some(step.collect())
}
