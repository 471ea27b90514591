//! One stream: outcomes of one slice over time, with all that is known of them.

use super::baseline::Baseline;
use super::numeric::SECOND_US;
use super::page::Page;
use super::process::Process;
use super::recovery::{End, Recovery};

/// A stream in its slot.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    process: Process,
    page: Page,
    baseline: Baseline,
    /// While its incident is open.
    recovery: Option<Recovery>,
}

/// Evidence that a stream has become bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alarm {
    /// ln R, at least 0.
    pub(super) evidence: f64,
    /// Microseconds since 1970.
    pub(super) since: i64,
    /// The suspected failure probability that leads.
    pub(super) rate: f64,
}

impl Stream {
    pub(super) fn new(now: i64, budget_us: f64, parent: Option<f64>) -> Self {
        let mut baseline = Baseline::default();
        let usual = baseline.usual(parent);
        Self {
            process: Process::new(now, budget_us, usual),
            page: Page::default(),
            baseline,
            recovery: None,
        }
    }

    /// p0.
    pub(super) fn usual(&self) -> f64 {
        self.process.ladder().usual
    }

    pub(super) fn is_bad(&self) -> bool {
        self.recovery.is_some()
    }

    pub(super) fn enter(&mut self, at: i64, first_at: i64, attempts: u64) {
        self.process.enter(at, first_at, attempts);
    }

    pub(super) fn correct(&mut self, at: i64, failed: u64) {
        self.process.correct(at, failed);
    }

    /// Whether an incident must open.
    pub(super) fn alarm(&self) -> Option<Alarm> {
        if self.is_bad() {
            return None;
        }
        let (evidence, rung) = self.process.evidence()?;
        let ladder = self.process.ladder();
        let mut page = self.page.clone();
        let mut last_failed = None;
        for second in self.process.undecided() {
            page.take(ladder, second.first_at, second.attempts, second.failed);
            if second.failed > 0 {
                last_failed = Some(second.first_at);
            }
        }
        let since = page.since(rung).or(last_failed)?;
        Some(Alarm {
            evidence,
            since,
            rate: ladder.rungs[rung],
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.process.heap_bytes() + self.baseline.heap_bytes()
    }

    /// Its incident opens.
    pub(super) fn open(&mut self, alarm: Alarm, now: i64) {
        self.baseline.forget_since(alarm.since);
        self.recovery = Some(Recovery::new(self.usual(), alarm.rate, alarm.since, now));
    }

    /// An incident of another stream explains what this one saw since then.
    pub(super) fn explain(&mut self, since: i64, now: i64) {
        if self.is_bad() {
            return;
        }
        self.baseline.forget_since(since);
        self.process.reset(now);
        self.page.lower();
    }

    /// What it remembers from before is explained.
    pub(super) fn forgive(&mut self) {
        self.page = Page::default();
    }

    /// What was usual is void.
    pub(super) fn unlearn(&mut self) {
        if !self.is_bad() {
            self.baseline.adopt(0, 0, 0);
        }
    }

    /// Takes in what is decided: all that started in seconds that are over for `age_us`. When its incident ended, if it did, and how.
    pub(super) fn settle(&mut self, now: i64, age_us: i64) -> Option<(i64, End)> {
        let before = (now - age_us).div_euclid(SECOND_US);
        let mut ended = None;
        while let Some(second) = self.process.settle(before) {
            if second.attempts == 0 {
                continue;
            }
            let (at, attempts, failed) = (second.first_at, second.attempts, second.failed);
            let Some(recovery) = &mut self.recovery else {
                self.page.take(self.process.ladder(), at, attempts, failed);
                self.baseline.take(at, attempts, failed);
                continue;
            };
            if let Some(end) = recovery.take(at, attempts, failed) {
                let decided_at = (second.second() + 1) * SECOND_US + age_us;
                self.close(decided_at, end);
                ended = Some((decided_at, end));
            }
        }
        ended
    }

    /// Its incident is over: the stream is watched anew.
    fn close(&mut self, now: i64, end: End) {
        self.recovery = None;
        self.page = Page::default();
        self.process.reset(now);
        if let End::BecameUsual { attempts, failed } = end {
            self.baseline.adopt(now, attempts, failed);
        }
    }

    /// History counts at once.
    pub(super) fn learn(&mut self, at: i64, attempts: u64, failed: u64) {
        self.baseline.learn(at, attempts, failed);
    }

    /// Follows what the stream's own past and its parent say. Not while an incident is open: then p0 is frozen.
    pub(super) fn follow(&mut self, now: i64, parent: Option<f64>) {
        if !self.is_bad() && self.baseline.ripen(now) {
            self.process.set_usual(self.baseline.usual(parent), now);
        }
    }
}
