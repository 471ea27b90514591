//! The reversed process: the evidence that an incident is over.
//!
//! Shiryaev–Roberts again, with the hypotheses exchanged: still bad, against back at p0. It reads attempts that are all decided, second by
//! second in the order of their starts, so news is not biased; what that costs is the age at which attempts are decided, and nobody waits for it.

use super::numeric::{HOUR_US, SECOND_US, ln_sum, real};

/// Mean time between false ends of an incident that lasts: they are undone within minutes, so six hours are enough.
const FALSE_END_US: f64 = 6.0 * 3600e6;
/// A gap without attempts counts as no more than that: silence does not end an incident.
const GAP_MAX_US: i64 = 600 * SECOND_US;
/// From so many attempts on the incident's own rate is believed.
const RATE_FROM: u64 = 20;
/// What has lasted that long and lets half of the people in is the new usual rate.
const LASTING_US: i64 = 24 * HOUR_US;

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// Back at p0, since `until`.
    Recovered { until: i64 },
    /// It has lasted for a day, and this is what is usual now.
    BecameUsual { attempts: u64, failed: u64 },
}

/// One stream's evidence, while its incident is open.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    usual: f64,
    /// The highest failure probability that the incident had.
    worst: f64,
    ln_joined: f64,
    ln_failed: f64,
    since: i64,
    attempts: u64,
    failed: u64,
    ln_r: f64,
    begun_to: i64,
    /// Page's CUSUM, reversed, and when the first attempt after its last zero started.
    height: f64,
    until: i64,
}

impl Recovery {
    /// `worst` is the failure probability that opened it.
    pub(super) fn new(usual: f64, worst: f64, since: i64, now: i64) -> Self {
        let mut recovery = Self {
            usual,
            worst: 0.0,
            ln_joined: 0.0,
            ln_failed: 0.0,
            since,
            attempts: 0,
            failed: 0,
            ln_r: f64::NEG_INFINITY,
            begun_to: now,
            height: 0.0,
            until: now,
        };
        recovery.raise(worst);
        recovery
    }

    /// Takes a second's attempts in, which are all decided.
    pub(super) fn take(&mut self, first_at: i64, attempts: u64, failed: u64) -> Option<End> {
        self.attempts += attempts;
        self.failed += failed;
        let rate = real(self.failed) / real(self.attempts.max(1));
        if self.attempts >= RATE_FROM && rate > self.worst {
            self.raise(rate);
        }
        let begun = (first_at - self.begun_to).clamp(0, GAP_MAX_US);
        self.begun_to = self.begun_to.max(first_at);
        let gain = self.ln_joined * real(attempts - failed) + self.ln_failed * real(failed);
        self.ln_r = ln_sum(self.ln_r, (real(begun) / FALSE_END_US).ln()) + gain;
        if self.height <= 0.0 {
            self.until = first_at;
        }
        self.height = (self.height + gain).max(0.0);
        if self.ln_r >= 0.0 {
            return Some(End::Recovered {
                until: self.until.max(self.since),
            });
        }
        let lasts = first_at - self.since >= LASTING_US;
        (lasts && 2 * self.failed < self.attempts).then_some(End::BecameUsual {
            attempts: self.attempts,
            failed: self.failed,
        })
    }

    /// The incident is worse than was known: what was taken for a recovery was none.
    ///
    /// "Still bad" lies half way between p0 and the incident's rate, on the scale of √p, on which chance is alike everywhere: 29 % for an outage
    /// of 95 % with p0 at 1 %, 2.6 % for a rise to 5 %. At the incident's own rate, a partial recovery would end it.
    fn raise(&mut self, worst: f64) {
        self.worst = worst;
        let bad = f64::midpoint(self.usual.sqrt(), worst.sqrt()).powi(2);
        self.ln_joined = ((1.0 - self.usual) / (1.0 - bad)).ln();
        self.ln_failed = (self.usual / bad).ln();
    }
}
