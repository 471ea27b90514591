//! How far signatures were from a limit that Zoom's clock sets.

use jiff::SignedDuration;

use crate::clock::Interval;
use crate::verdict::Cause;
use crate::verdict::case::Signed;
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};

/// Signatures by which side of the limit they were on for certain.
#[derive(Debug, Default, Clone, Copy)]
struct Sides {
    beyond: u64,
    within: u64,
}

impl Sides {
    fn known(self) -> u64 {
        self.beyond + self.within
    }
}

/// Of `iat`: its age on Zoom's clock is its age on ours minus the offset. `distance` tells it on ours.
pub(super) fn of(figures: &Figures<'_>, distance: fn(&Signed) -> i64) -> Distances {
    let clock = figures.clocks.values().copied().reduce(Interval::hull);
    let collect = |signed: &[(&crate::verdict::Attempt, u64)]| {
        let distances = signed.iter().filter_map(|(attempt, count)| {
            let signed = attempt.signed?;
            let offset = signed.offset_ms.map(millis).or(clock);
            Some((distance(&signed), offset, *count))
        });
        distances.collect()
    };
    Distances {
        failed: collect(&figures.signed_failed),
        well: collect(&figures.signed_well),
        clock,
        ahead: Limit::Behind,
    }
}

/// Milliseconds on our clock, the offset if it is known, how many.
type Distance = (i64, Option<Interval>, u64);

/// Where the limit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// A moment that has to be past: a clock of ours that is ahead comes too near.
    Behind,
    /// One that has to come: a clock of ours that is behind does.
    Ahead,
}

/// Distances to a limit on our clock, with the offset of it to Zoom's.
pub(super) struct Distances {
    failed: Vec<Distance>,
    well: Vec<Distance>,
    clock: Option<Interval>,
    ahead: Limit,
}

impl Distances {
    /// For a limit that is ahead: a clock that is behind Zoom's comes nearer to it.
    pub(super) fn mirrored(self) -> Self {
        Self {
            ahead: Limit::Ahead,
            ..self
        }
    }

    fn sides(&self, distances: &[Distance]) -> Sides {
        let mut sides = Sides::default();
        for (distance, offset, count) in distances {
            let Some(offset) = offset else {
                continue;
            };
            let [lo, hi] = offset.as_millis();
            // What is left on Zoom's clock, between these.
            let (least, most) = match self.ahead {
                Limit::Behind => (distance - hi, distance - lo),
                Limit::Ahead => (distance + lo, distance + hi),
            };
            if most < 0 {
                sides.beyond += count;
            } else if least >= 0 {
                sides.within += count;
            }
        }
        sides
    }
}

/// What the margins say. `found` is what a certain sight of it is worth.
pub(super) fn terms(cause: Cause, distances: &Distances, what: &str, found: f64) -> Vec<Term> {
    let failed = distances.sides(&distances.failed);
    let well = distances.sides(&distances.well);
    let known = failed.known();
    if known == 0 {
        let clock = distances.clock.filter(|_| distances.failed.is_empty());
        return clock
            .and_then(|clock| of_clock_alone(cause, clock, distances.ahead))
            .into_iter()
            .collect();
    }
    let share = failed.beyond as f64 / known as f64;
    if share < 0.5 {
        let text = format!(
            "{} of {known} failing signatures did not have {what}.",
            failed.within
        );
        return vec![Term::new(cause, log_lr(0.005 + share, 1.0), text).of(known, failed.beyond)];
    }
    let text = format!(
        "{} of {known} failing signatures had {what}.",
        failed.beyond
    );
    let mut terms = vec![Term::new(cause, found + share.ln(), text).of(known, failed.beyond)];
    if well.known() > 0 {
        let text = format!("{} of {} that worked had it.", well.beyond, well.known());
        let rate = well.beyond as f64 / well.known() as f64;
        // Zoom may refuse them at random: that some worked is possible.
        terms.push(Term::new(cause, log_lr((1.0 - rate).max(0.1), 0.6), text).of(well.known(), 0));
    }
    terms
}

/// Without claims: a clock that is right can't have done it, one that is off by more than the usual back-dating can.
fn of_clock_alone(cause: Cause, clock: Interval, ahead: Limit) -> Option<Term> {
    let [lo, hi] = clock.as_millis();
    // Zoom's sample dates nothing back, and nobody's signatures live for less than 1800 s.
    let (least, most, needed_ms, way) = match ahead {
        Limit::Behind => (lo, hi, 1_000, "ahead of"),
        Limit::Ahead => (-hi, -lo, 1_800_000, "behind"),
    };
    if most < needed_ms {
        let text = format!(
            "Our clock was at most {:.1} s {way} Zoom's.",
            ms_to_s(most.max(0))
        );
        return Some(Term::new(cause, log_lr(0.02, 1.0), text));
    }
    if least >= needed_ms {
        let text = format!(
            "Our clock was at least {:.1} s {way} Zoom's.",
            ms_to_s(least)
        );
        let strength = if least >= 30_000 { 0.9 } else { 0.4 };
        return Some(Term::new(cause, log_lr(strength, 0.02), text));
    }
    None
}

fn ms_to_s(ms: i64) -> f64 {
    ms as f64 / 1e3
}

fn millis([lo, hi]: [i64; 2]) -> Interval {
    Interval {
        lo: SignedDuration::from_millis(lo),
        hi: SignedDuration::from_millis(hi),
    }
}
