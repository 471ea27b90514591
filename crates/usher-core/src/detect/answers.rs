//! The age by which healthy attempts have answered, learned from those that did.

use super::ladder::USUAL_MIN;
use super::numeric::{SECOND_US, real};

/// Before enough is known. Our own choice: several times what joining takes where it works.
const DEFAULT_US: i64 = 30 * SECOND_US;
const MIN_US: i64 = 5 * SECOND_US;
const MAX_US: i64 = 60 * SECOND_US;
/// The share of healthy attempts that may answer later: what p0 allows for at least.
const LATER: f64 = USUAL_MIN;
/// Room for joins that get slower: what is later than the age is not seen, so an age without it could only fall.
const ROOM: f64 = 2.0;
/// So many answers are needed, for the tail to hold one.
const ENOUGH: f64 = 1.0 / LATER;
/// From one bin's upper edge to the next.
const STEP: f64 = 1.1;
const BINS: usize = 64;
/// The first bin's upper edge: 0.15 s · 1.1⁶³ is 61 s.
const FIRST_US: f64 = 150_000.0;

/// How long joins took, as a histogram that forgets.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    bins: [f64; BINS],
    total: f64,
    age_us: i64,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            bins: [0.0; BINS],
            total: 0.0,
            age_us: DEFAULT_US,
        }
    }
}

impl Answers {
    /// An attempt joined so long after it started. 0 is no measurement: the log did not say when.
    pub(super) fn take(&mut self, took_us: i64) {
        if took_us <= 0 {
            return;
        }
        let mut edge = FIRST_US;
        let mut bin = 0;
        while bin + 1 < BINS && real(took_us) > edge {
            edge *= STEP;
            bin += 1;
        }
        self.bins[bin] += 1.0;
        self.total += 1.0;
    }

    /// The age at which an attempt counts as unanswered.
    pub(super) fn age_us(&self) -> i64 {
        self.age_us
    }

    /// Learns the age from what was taken, and forgets half of it.
    pub(super) fn learn(&mut self) {
        if self.total < ENOUGH {
            return;
        }
        let mut later = 0.0;
        let mut bins = BINS;
        while bins > 1 && later + self.bins[bins - 1] <= LATER * self.total {
            bins -= 1;
            later += self.bins[bins];
        }
        let mut edge = FIRST_US * ROOM;
        for _ in 1..bins {
            edge *= STEP;
        }
        // Bounded before it is cut to whole microseconds.
        #[allow(clippy::cast_possible_truncation)]
        let age_us = edge.clamp(real(MIN_US), real(MAX_US)) as i64;
        self.age_us = age_us;
        self.bins.iter_mut().for_each(|bin| *bin /= 2.0);
        self.total /= 2.0;
    }
}
