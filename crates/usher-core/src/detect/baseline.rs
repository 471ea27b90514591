//! p0: how likely a stream's attempts usually fail, learned from its own past.
//!
//! Hours of attempts are added up and forgotten with a half-life, so that drift is followed. p0 is an upper 95 % bound of what the rate is
//! *at any one moment*, for the detector's promise is about every moment: the quantile of a Beta distribution with the mean of the
//! hours and the parent's rate, and a variance that holds both what is not known about the mean, and how much more the hours differ than
//! chance explains (method of moments of the beta-binomial). A daily curve thus raises p0 to its crest.

use std::collections::VecDeque;

use statrs::function::beta::checked_beta_reg;

use super::numeric::{HOUR_US, SECOND_US, logit, logit_inverse, real};

/// What is younger does not count yet: an incident must not become usual while it is being found.
const LAG_US: i64 = 1800 * SECOND_US;
/// Attempts ripen in blocks of so long.
const BLOCK_US: i64 = 600 * SECOND_US;
/// Half of what is known is forgotten in so many hours: three days. A weekly curve is not followed.
const HALF_LIFE_HOURS: f64 = 72.0;
/// The prior of a stream without a parent, in attempts: 5 %, which makes p0 14.6 % before anything is known.
const ROOT_PRIOR: f64 = 20.0;
const ROOT_RATE: f64 = 0.05;
/// How many attempts the parent's rate counts for.
const PARENT_PRIOR: f64 = 100.0;
const CONFIDENCE: f64 = 0.95;
/// p0 is reckoned again when what is known has grown by that share, and every hour.
const NEWS: f64 = 0.05;

/// Counts of a span of time.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    start: i64,
    attempts: u64,
    failed: u64,
}

/// What a stream's past says.
#[derive(Debug, Clone, Default)]
pub(super) struct Baseline {
    /// Not counted yet.
    young: VecDeque<Block>,
    hour: Block,
    /// Sums over past hours, each forgotten by its age: attempts, failures, and their squares and product.
    attempts: f64,
    failed: f64,
    attempts_squared: f64,
    failed_squared: f64,
    product: f64,
    /// What was known when p0 was last reckoned.
    reckoned_attempts: f64,
    is_stale: bool,
}

impl Baseline {
    /// Attempts that are decided; they count when they are old enough.
    pub(super) fn take(&mut self, at: i64, attempts: u64, failed: u64) {
        let start = at - at.rem_euclid(BLOCK_US);
        if self.young.back().is_none_or(|last| last.start < start) {
            self.young.push_back(Block {
                start,
                ..Block::default()
            });
        }
        if let Some(last) = self.young.back_mut() {
            last.attempts += attempts;
            last.failed += failed;
        }
    }

    /// Counts what is old enough. Whether p0 should be reckoned again.
    pub(super) fn ripen(&mut self, now: i64) -> bool {
        while let Some(oldest) = self.young.front().copied() {
            if oldest.start + BLOCK_US + LAG_US > now {
                break;
            }
            self.young.pop_front();
            self.learn(oldest.start, oldest.attempts, oldest.failed);
        }
        let known = self.attempts + real(self.hour.attempts);
        self.is_stale || known > self.reckoned_attempts * (1.0 + NEWS)
    }

    /// Counts attempts at once: history.
    pub(super) fn learn(&mut self, at: i64, attempts: u64, failed: u64) {
        let start = at - at.rem_euclid(HOUR_US);
        if start > self.hour.start {
            self.end_hour(start);
        }
        self.hour.attempts += attempts;
        self.hour.failed += failed;
    }

    /// What began since then belongs to an incident.
    pub(super) fn forget_since(&mut self, since: i64) {
        self.young.retain(|block| block.start + BLOCK_US <= since);
    }

    /// All that was known is void: this is what is usual from now on.
    pub(super) fn adopt(&mut self, at: i64, attempts: u64, failed: u64) {
        *self = Self::default();
        self.learn(at, attempts, failed);
        self.is_stale = true;
    }

    /// The upper 95 % bound, given the parent's; `None` for a stream without a parent.
    pub(super) fn usual(&mut self, parent: Option<f64>) -> f64 {
        let (prior, rate) = parent.map_or((ROOT_PRIOR, ROOT_RATE), |rate| (PARENT_PRIOR, rate));
        let attempts = self.attempts + real(self.hour.attempts);
        let failed = self.failed + real(self.hour.failed);
        let mean = (failed + prior * rate) / (attempts + prior);
        let variance_share = self.dispersion() + 1.0 / (attempts + prior + 1.0);
        self.reckoned_attempts = attempts;
        self.is_stale = false;
        beta_quantile(mean, variance_share.min(0.5), CONFIDENCE)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.young.capacity() * size_of::<Block>()
    }

    /// How much the hours differ beyond chance: the intraclass correlation of the beta-binomial. 0 while chance explains it all.
    fn dispersion(&self) -> f64 {
        let pairs = self.attempts_squared - self.attempts;
        if self.attempts <= 0.0 || pairs <= 0.0 {
            return 0.0;
        }
        let mean = self.failed / self.attempts;
        let binomial = mean * (1.0 - mean);
        let squares =
            self.failed_squared - 2.0 * mean * self.product + mean * mean * self.attempts_squared;
        let excess = (squares - self.attempts * binomial) / (pairs * binomial);
        if excess.is_finite() {
            excess.clamp(0.0, 0.5)
        } else {
            0.0
        }
    }

    fn end_hour(&mut self, next: i64) {
        let attempts = real(self.hour.attempts);
        let failed = real(self.hour.failed);
        self.attempts += attempts;
        self.failed += failed;
        self.attempts_squared += attempts * attempts;
        self.failed_squared += failed * failed;
        self.product += attempts * failed;
        let hours = real(next - self.hour.start) / real(HOUR_US);
        let kept = if self.hour.start == 0 {
            1.0
        } else {
            (-hours / HALF_LIFE_HOURS).exp2()
        };
        for sum in [
            &mut self.attempts,
            &mut self.failed,
            &mut self.attempts_squared,
            &mut self.failed_squared,
            &mut self.product,
        ] {
            *sum *= kept;
        }
        self.hour = Block {
            start: next,
            ..Block::default()
        };
        self.is_stale = true;
    }
}

/// The quantile of a Beta distribution with this mean, and this share of the greatest variance that the mean allows. By bisection in
/// log-odds: 40 halvings of a span of 80.
fn beta_quantile(mean: f64, variance_share: f64, probability: f64) -> f64 {
    let size = (1.0 / variance_share - 1.0).max(1e-3);
    let mean = mean.clamp(1e-9, 1.0 - 1e-9);
    let (a, b) = (mean * size, (1.0 - mean) * size);
    let (mut low, mut high) = (logit(mean) - 1.0, 40.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        match checked_beta_reg(a, b, logit_inverse(middle)) {
            Ok(below) if below < probability => low = middle,
            _ => high = middle,
        }
        if high - low < 1e-4 {
            break;
        }
    }
    logit_inverse(high)
}
