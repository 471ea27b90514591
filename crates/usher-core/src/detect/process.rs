//! Mixture Shiryaev–Roberts with a wall-time start weight: one stream's evidence that failing has become likelier than usual.
//!
//! Every moment starts a *term*, of weight dt / T for each of six suspected failure probabilities `p_k`, shared evenly; every attempt multiplies
//! the terms that began before it by its likelihood ratio `LR_k`: (1 − `p_k`)/(1 − p0) for a success, `p_k/p0` for a failure. R is the sum of all
//! terms, and an incident opens at R ≥ 1.
//!
//! **Promise.** While the probability of failing, given all before, stays at or below p0, E\[`LR_k`\] ≤ 1, so that R(t) − t/T is a
//! supermartingale and the mean time to R ≥ 1 is at least T, whatever the traffic (Shin, Ramdas, Rinaldo 2023, on e-detectors).
//!
//! **News is biased**: failures answer in milliseconds, successes in seconds. So an attempt enters *when it starts*, as a success
//! ([`Process::enter`]), and becomes a failure when it fails ([`Process::correct`]); both factors touch only terms that began before the
//! attempt did. Let M(t) be what hindsight makes of the attempts started until t: the promise is about M. In R, attempts whose failure is not known yet count as
//! successes, and `LR_k`(joined) < `LR_k`(failed), so at any moment **R ≤ M**: R reaches 1 only where M does, and the order and speed
//! of news can't raise a false alarm.
//!
//! Terms are kept by the second in which they began, for as long as attempts may be undecided; older ones are merged. Where a second is
//! too coarse to tell which began first, the safe side is taken: a success touches the terms of its own second, a correction does not. The
//! one exception is an attempt after which no term has begun yet: its correction touches all, so that failures that are known at once
//! are counted exactly at any rate.

use std::collections::VecDeque;

use super::ladder::{Ladder, RUNGS};
use super::numeric::{SECOND_US, ln_sum, real};

type Terms = [f64; RUNGS];
const NONE: Terms = [f64::NEG_INFINITY; RUNGS];
/// What is owed is paid before it gets so large that adding to it loses digits.
const OWED_MAX: f64 = 1e6;
/// Past an alarm the size of a term says nothing more; capped, it stays a number.
const FRESH_MAX: f64 = 1e100;

/// Attempts that started within one second, and the terms that began in it.
#[derive(Debug, Clone)]
pub struct Second {
    /// Seconds since 1970.
    second: i64,
    /// When its first attempt started, in microseconds since 1970.
    pub(super) first_at: i64,
    pub(super) attempts: u64,
    pub(super) failed: u64,
    /// Logarithms, without what is owed.
    terms: Terms,
}

/// The evidence of one stream, whose usual failure probability is given. Times are microseconds since 1970.
#[derive(Debug, Clone)]
pub struct Process {
    /// Weight that begins in a microsecond, for one rung.
    start_per_us: f64,
    ladder: Ladder,
    /// For attempts that started before `ladder_from`: what they entered with, they are corrected with.
    earlier: Ladder,
    ladder_from: i64,
    /// Terms of all seconds before `settled_to`, as logarithms without what is owed.
    settled: Terms,
    settled_to: i64,
    seconds: VecDeque<Second>,
    /// Terms that began in the last second since it was folded. Not logarithms: the only ones that get new weight.
    fresh: Terms,
    /// Logarithm of the factor that all kept terms, but not the fresh ones, are still to be multiplied by: what touches all of them costs six additions.
    owed: Terms,
    /// Up to when terms have begun, in microseconds since 1970.
    begun_to: i64,
}

impl Process {
    /// Starts at `from`; `budget_us` is T, the mean time between false alarms, in microseconds.
    pub fn new(from: i64, budget_us: f64, usual: f64) -> Self {
        let ladder = Ladder::above(usual);
        Self {
            start_per_us: 1.0 / (budget_us * real(RUNGS)),
            ladder,
            earlier: ladder,
            ladder_from: from,
            settled: NONE,
            settled_to: i64::MIN,
            seconds: VecDeque::new(),
            fresh: [0.0; RUNGS],
            owed: [0.0; RUNGS],
            begun_to: from,
        }
    }

    pub(super) fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Attempts that start from now on are measured against another usual failure probability.
    pub(super) fn set_usual(&mut self, usual: f64, from: i64) {
        self.earlier = self.ladder;
        self.ladder = Ladder::above(usual);
        self.ladder_from = from;
    }

    /// Forgets all evidence, and begins anew. What is undecided keeps its counts.
    pub fn reset(&mut self, from: i64) {
        self.settled = NONE;
        for second in &mut self.seconds {
            second.terms = NONE;
        }
        self.fresh = [0.0; RUNGS];
        self.owed = [0.0; RUNGS];
        self.begun_to = self.begun_to.max(from);
    }

    /// So many attempts start at `at`, as successes. `first_at` is when the first of them started, if they are counted together later.
    pub fn enter(&mut self, at: i64, first_at: i64, attempts: u64) {
        let second = at.div_euclid(SECOND_US);
        let is_late = self.seconds.back().is_some_and(|last| second < last.second);
        if is_late || second < self.settled_to {
            self.enter_late(second, first_at, attempts);
            return;
        }
        self.begin_terms(at);
        self.open(second, first_at);
        for k in 0..RUNGS {
            self.fresh[k] *= power(self.ladder.joined[k], self.ladder.ln_joined[k], attempts);
            self.owed[k] += self.ladder.ln_joined[k] * real(attempts);
        }
        if let Some(last) = self.seconds.back_mut() {
            last.attempts = last.attempts.saturating_add(attempts);
            last.first_at = last.first_at.min(first_at);
        }
    }

    /// Of what entered at `at`, so many failed. Too late for that: nothing happens.
    pub fn correct(&mut self, at: i64, failed: u64) {
        let second = at.div_euclid(SECOND_US);
        let Ok(index) = self.find(second) else { return };
        let entered = &mut self.seconds[index];
        let failed = failed.min(entered.attempts - entered.failed);
        entered.failed += failed;
        let ladder = if at < self.ladder_from {
            &self.earlier
        } else {
            &self.ladder
        };
        let ln = ladder.ln_corrected.map(|ln| ln * real(failed));
        if at >= self.begun_to {
            for k in 0..RUNGS {
                let factor = power(ladder.corrected[k], ladder.ln_corrected[k], failed);
                self.fresh[k] = (self.fresh[k] * factor).min(FRESH_MAX);
                self.owed[k] += ln[k];
            }
            return;
        }
        let before = self
            .seconds
            .iter_mut()
            .take(index)
            .map(|second| &mut second.terms);
        for terms in before.chain([&mut self.settled]) {
            for k in 0..RUNGS {
                terms[k] += ln[k];
            }
        }
    }

    /// ln R, and the rung that most of it stands on; `None` while it is below 0, as it nearly always is.
    pub fn evidence(&self) -> Option<(f64, usize)> {
        let kept = self
            .seconds
            .iter()
            .map(|second| &second.terms)
            .chain([&self.settled]);
        let mut highest = NONE;
        for terms in kept.clone() {
            for k in 0..RUNGS {
                highest[k] = highest[k].max(terms[k]);
            }
        }
        let bound = (0..RUNGS).map(|k| (highest[k] + self.owed[k]).max(self.fresh[k].ln()));
        let bound = bound.fold(f64::NEG_INFINITY, f64::max);
        if bound + (real(RUNGS) * real(self.seconds.len() + 2)).ln() < 0.0 {
            return None;
        }
        let mut leading = (f64::NEG_INFINITY, 0);
        let mut sum = f64::NEG_INFINITY;
        for k in 0..RUNGS {
            let old = kept
                .clone()
                .fold(f64::NEG_INFINITY, |sum, terms| ln_sum(sum, terms[k]));
            let rung = ln_sum(old + self.owed[k], self.fresh[k].ln());
            sum = ln_sum(sum, rung);
            if rung > leading.0 {
                leading = (rung, k);
            }
        }
        (sum >= 0.0).then_some((sum, leading.1))
    }

    /// Hands over the next second before `before` (seconds since 1970), whose attempts are all decided.
    pub fn settle(&mut self, before: i64) -> Option<Second> {
        if self.seconds.front()?.second >= before {
            return None;
        }
        self.fold();
        let oldest = self.seconds.pop_front()?;
        for k in 0..RUNGS {
            self.settled[k] = ln_sum(self.settled[k], oldest.terms[k]);
        }
        self.settled_to = oldest.second + 1;
        Some(oldest)
    }

    /// Seconds with attempts that may be undecided, oldest first.
    pub(super) fn undecided(&self) -> impl Iterator<Item = &Second> {
        self.seconds.iter().filter(|second| second.attempts > 0)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.seconds.capacity() * size_of::<Second>()
    }

    fn find(&self, second: i64) -> Result<usize, usize> {
        match self.seconds.back() {
            Some(last) if last.second == second => Ok(self.seconds.len() - 1),
            _ => self
                .seconds
                .binary_search_by_key(&second, |kept| kept.second),
        }
    }

    /// An attempt that started before the last second did.
    fn enter_late(&mut self, second: i64, first_at: i64, attempts: u64) {
        let ln = self.ladder.ln_joined.map(|ln| ln * real(attempts));
        let touch = |terms: &mut Terms| (0..RUNGS).for_each(|k| terms[k] += ln[k]);
        touch(&mut self.settled);
        if second < self.settled_to {
            return;
        }
        let index = match self.find(second) {
            Ok(index) => index,
            Err(index) => {
                self.seconds.insert(index, Second::empty(second, first_at));
                index
            }
        };
        // The next kept second holds what began in the seconds before it that nobody was kept of, this one among them: a success touches it, too.
        self.seconds
            .iter_mut()
            .take(index + 2)
            .for_each(|second| touch(&mut second.terms));
        let entered = &mut self.seconds[index];
        entered.attempts = entered.attempts.saturating_add(attempts);
        entered.first_at = entered.first_at.min(first_at);
    }

    /// Terms begin up to `at`. Those of the seconds between the last attempt and this one stand apart: this one may be corrected.
    fn begin_terms(&mut self, at: i64) {
        let second = at.div_euclid(SECOND_US);
        let start = second * SECOND_US;
        let last = self.seconds.back().map(|last| last.second);
        if self.begun_to < start {
            self.fold();
            let gap = (real(start - self.begun_to) * self.start_per_us).ln();
            if last.is_none() {
                self.settled_to = second;
            } else if last != Some(second - 1) {
                self.seconds.push_back(Second::empty(second - 1, start));
            }
            let last = self
                .seconds
                .back_mut()
                .map_or(&mut self.settled, |last| &mut last.terms);
            for k in 0..RUNGS {
                last[k] = ln_sum(last[k], gap - self.owed[k]);
            }
            self.begun_to = start;
        }
        self.open(second, at);
        if self.begun_to < at {
            let weight = real(at - self.begun_to) * self.start_per_us;
            self.fresh.iter_mut().for_each(|term| *term += weight);
            self.begun_to = at;
        }
    }

    /// Makes `second` the last one.
    fn open(&mut self, second: i64, first_at: i64) {
        if self.seconds.back().is_none_or(|last| last.second != second) {
            self.fold();
            self.seconds.push_back(Second::empty(second, first_at));
        }
    }

    /// Turns the fresh terms into logarithms: the second that they began in is over.
    fn fold(&mut self) {
        let last = self.seconds.back_mut();
        let last = last.map_or(&mut self.settled, |last| &mut last.terms);
        for k in 0..RUNGS {
            last[k] = ln_sum(last[k], self.fresh[k].ln() - self.owed[k]);
        }
        self.fresh = [0.0; RUNGS];
        if self.owed.iter().any(|owed| owed.abs() > OWED_MAX) {
            self.pay();
        }
    }

    /// Pays what is owed.
    fn pay(&mut self) {
        let kept = self.seconds.iter_mut().map(|second| &mut second.terms);
        for terms in kept.chain([&mut self.settled]) {
            for k in 0..RUNGS {
                terms[k] += self.owed[k];
            }
        }
        self.owed = [0.0; RUNGS];
    }
}

impl Second {
    fn empty(second: i64, first_at: i64) -> Self {
        Self {
            second,
            first_at,
            attempts: 0,
            failed: 0,
            terms: NONE,
        }
    }

    /// Seconds since 1970.
    pub(super) fn second(&self) -> i64 {
        self.second
    }
}

/// `base`ⁿ, of which the logarithm is known. Finite, for what it multiplies may be 0.
fn power(base: f64, ln_base: f64, n: u64) -> f64 {
    if n == 1 {
        base
    } else {
        (ln_base * real(n)).exp().min(f64::MAX)
    }
}
