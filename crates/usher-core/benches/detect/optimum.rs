//! Page's CUSUM that knows p0 and p1, with the threshold that its mean time to a false alarm asks for.
//!
//! A success lowers it by ln((1 − p0)/(1 − p1)), a failure raises it by ln(p1/p0). On a lattice of that ratio (at most 8 steps down, so within a
//! few hundredths of it) it is a Markov chain (Brook and Evans 1972), and the mean number of attempts until it passes h solves a banded
//! linear system, exactly: no asymptotic formula.

pub(crate) struct Cusum {
    up: usize,
    down: usize,
    threshold: usize,
    height: usize,
}

impl Cusum {
    /// The lowest threshold whose mean number of attempts to a false alarm is at least `attempts`.
    pub(crate) fn new(p0: f64, p1: f64, attempts: f64) -> Self {
        let ratio = (p1 / p0).ln() / ((1.0 - p0) / (1.0 - p1)).ln();
        let error = |down: usize| (ratio - (ratio * down as f64).round() / down as f64).abs();
        let down = (1..=8)
            .min_by(|a, b| error(*a).total_cmp(&error(*b)))
            .unwrap();
        let up = (ratio * down as f64).round() as usize;
        let (mut low, mut high) = (1, up.max(down));
        while mean_attempts(p0, up, down, high) < attempts {
            low = high;
            high *= 2;
        }
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if mean_attempts(p0, up, down, middle) < attempts {
                low = middle;
            } else {
                high = middle;
            }
        }
        Self {
            up,
            down,
            threshold: high,
            height: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.height = 0;
    }

    /// Whether it alarms.
    pub(crate) fn take(&mut self, failed: bool) -> bool {
        self.height = if failed {
            self.height + self.up
        } else {
            self.height.saturating_sub(self.down)
        };
        self.height >= self.threshold
    }
}

/// The mean number of attempts until it passes `threshold` from 0, while they fail with `p`: (I − Q) L = 1 by elimination within the band.
fn mean_attempts(p: f64, up: usize, down: usize, threshold: usize) -> f64 {
    let width = down + up + 1;
    let mut rows = vec![vec![0.0; width]; threshold];
    let mut right = vec![1.0; threshold];
    for (state, row) in rows.iter_mut().enumerate() {
        row[down] += 1.0;
        row[state.saturating_sub(down) + down - state] -= 1.0 - p;
        if state + up < threshold {
            row[down + up] -= p;
        }
    }
    for pivot in 0..threshold {
        for below in pivot + 1..(pivot + down + 1).min(threshold) {
            let (above, rest) = rows.split_at_mut(below);
            let (pivot_row, row) = (&above[pivot], &mut rest[0]);
            let factor = row[pivot + down - below] / pivot_row[down];
            for column in 0..=up {
                row[pivot + column + down - below] -= factor * pivot_row[down + column];
            }
            right[below] -= factor * right[pivot];
        }
    }
    for state in (0..threshold).rev() {
        for column in 1..=up.min(threshold - 1 - state) {
            right[state] -= rows[state][down + column] * right[state + column];
        }
        right[state] /= rows[state][down];
    }
    right[0]
}
