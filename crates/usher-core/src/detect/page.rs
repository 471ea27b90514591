//! Page's CUSUM (1954): since when a stream is bad.

use super::ladder::{Ladder, RUNGS};
use super::numeric::real;

/// What the CUSUM is lowered to when an incident of another stream explains what raised it: a few successes bring it back to zero.
const EXPLAINED_MAX: f64 = 3.0;

/// One CUSUM for each suspected failure probability.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    heights: [f64; RUNGS],
    /// When the first attempt after the last zero started, in microseconds since 1970.
    since: [i64; RUNGS],
}

impl Page {
    /// Takes attempts in, in the order of their starts.
    pub(super) fn take(&mut self, ladder: &Ladder, first_at: i64, attempts: u64, failed: u64) {
        for k in 0..RUNGS {
            if self.heights[k] <= 0.0 {
                self.since[k] = first_at;
            }
            let gain = ladder.ln_joined[k] * real(attempts) + ladder.ln_corrected[k] * real(failed);
            self.heights[k] = (self.heights[k] + gain).max(0.0);
        }
    }

    /// Where the CUSUM of a rung last stood at zero; `None` while it stands there.
    pub(super) fn since(&self, rung: usize) -> Option<i64> {
        (self.heights[rung] > 0.0).then(|| self.since[rung])
    }

    /// What raised it has an incident elsewhere.
    pub(super) fn lower(&mut self) {
        for height in &mut self.heights {
            *height = height.min(EXPLAINED_MAX);
        }
    }
}
