//! The multiwindow, multi-burn-rate alert of the SRE workbook (chapter 5, table 5-8).

use super::random::Random;

/// Long window and short window in minutes, and the burn rate that both must pass.
const PAIRS: [(usize, usize, f64); 3] = [(60, 5, 14.4), (360, 30, 6.0), (4320, 360, 1.0)];
/// The error budget, as a multiple of the usual rate.
const BUDGET: f64 = 1.5;
const HISTORY: usize = 4320;
/// After so long it is not waited for any more.
const PATIENCE: usize = 7 * 1440;

/// Running sums of attempts and failures, minute by minute.
struct Minutes {
    attempts: Vec<u64>,
    failed: Vec<u64>,
}

impl Minutes {
    fn add(&mut self, random: &mut Random, rate: f64, p: f64) {
        let failed = random.poisson(60.0 * rate * p);
        let joined = random.poisson(60.0 * rate * (1.0 - p));
        self.attempts
            .push(self.attempts.last().unwrap() + failed + joined);
        self.failed.push(self.failed.last().unwrap() + failed);
    }

    fn rate(&self, minutes: usize) -> f64 {
        let last = self.attempts.len() - 1;
        let attempts = self.attempts[last] - self.attempts[last - minutes];
        (self.failed[last] - self.failed[last - minutes]) as f64 / attempts.max(1) as f64
    }

    fn is_burning(&self, budget: f64) -> bool {
        PAIRS.iter().any(|(long, short, burn)| {
            self.rate(*long) > burn * budget && self.rate(*short) > burn * budget
        })
    }
}

fn history(random: &mut Random, rate: f64, p0: f64) -> Minutes {
    let mut minutes = Minutes {
        attempts: vec![0],
        failed: vec![0],
    };
    for _ in 0..HISTORY {
        minutes.add(random, rate, p0);
    }
    minutes
}

/// Seconds from the change to the alert, in one world; `None` if it does not come within a week.
pub(crate) fn delay(random: &mut Random, rate: f64, p0: f64, p1: f64) -> Option<f64> {
    let mut minutes = history(random, rate, p0);
    for minute in 1..=PATIENCE {
        minutes.add(random, rate, p1);
        if minutes.is_burning(BUDGET * p0) {
            return Some(60.0 * minute as f64);
        }
    }
    None
}

/// How often it goes off within so many days at the usual rate.
pub(crate) fn false_alarms(random: &mut Random, rate: f64, p0: f64, days: usize) -> usize {
    let mut minutes = history(random, rate, p0);
    let mut was_burning = false;
    let mut count = 0;
    for _ in 0..days * 1440 {
        minutes.add(random, rate, p0);
        let is_burning = minutes.is_burning(BUDGET * p0);
        count += usize::from(is_burning && !was_burning);
        was_burning = is_burning;
    }
    count
}
