//! Where failures are: the slice of attempts that explains best why more failed than usual.
//!
//! An expectation-based scan statistic (Kulldorff 1997, Neill 2012): of all slices of up to three conditions, the one with the highest
//! `n·KL(p‖p0) − 2·|conditions|`, where n attempts of the slice failed at the rate p > p0, and p0 is what was to be expected of them
//! (`expectation`). The search is exact (`search`). Slices within 3 nats of it are listed as ties: they can't be told apart yet. A slice
//! that has the same attempts as a shorter one is not listed.
//!
//! **When a cause is claimed.** A slice competes only if it stands out by itself: `n·KL(p‖p0)`, divided by its dispersion, passes
//! `ln(slices like it / 0.01)` (`plan`). The dispersion is by how much more than a count the slice's failures vary: because the baseline is
//! finite, because its rate wandered within the baseline, and at least as if all rates were known to a tenth (`score`). After the best, its
//! attempts are taken away and the rest is scanned again by the same rule, so a further cause is claimed by chance at most once in a
//! hundred scans. The score itself is never divided.
//!
//! **Everybody** is the empty slice, an answer like any other.
//!
//! **A missing value is no value**: no condition is on it. Its rate enters what is expected, like any other.
//!
//! **Nested dimensions.** If every value of one dimension goes with one value of another (an SDK version has one view), the one implies the
//! other: slices with conditions on both are the same as shorter ones and are not searched. Of dimensions that imply each other one is
//! searched, and the slice found names its equals.
//!
//! **Bounds.** [`DIMENSIONS_MAX`] dimensions are kept. Combinations are searched of all of them only if there are few (at least 12, at most
//! 64, by the number of groups); else of those on which a value stands out most by itself, the others one by one. [`Localization::alone`]
//! names these. The number of values is not bounded: those that can't be part of an answer are dropped by the search's own bounds.

// Groups and values are numbered in 32 bits, and counts stay far below 2^53.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]

#[cfg(test)]
mod brute_force;
mod causes;
mod cube;
mod expectation;
mod nesting;
mod plan;
mod prefix;
mod score;
mod search;
mod slice;
mod table;

use std::fmt;

use serde::Serialize;

pub use cube::{Cube, DIMENSIONS_MAX, Spans, Usual};

use causes::{Cause, causes, is_spread_evenly};
use expectation::Frame;
use plan::Plan;
use slice::{Candidate, Slice};

/// One condition of a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    /// The dimension.
    pub dim: String,
    /// Its value.
    pub value: String,
}

/// A slice that stands out.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its conditions, sorted by dimension; none: everybody.
    pub slice: Vec<Condition>,
    /// `n·KL(p‖p0) − 2·|conditions|`, in nats.
    pub score: f64,
    /// Attempts of the window.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// How many failures were to be expected.
    pub expected_failed: f64,
    /// Slices that have the very same attempts, by dimensions that imply each other or in this window.
    pub equals: Vec<Vec<Condition>>,
    /// What it is among the slices.
    pub role: Role,
}

/// What a slice is among those found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The first.
    Best,
    /// It can't be told apart from the slice of that index yet.
    TieOf(usize),
    /// A further cause, found after the attempts of the slice of that index, and of those before it, were taken away.
    After(usize),
}

/// One dimension follows from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implication {
    /// Each of its values ...
    pub dim: String,
    /// ... goes with one value of this one.
    pub implies: String,
    /// And the other way round.
    pub is_mutual: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Localization {
    /// The best first, what can't be told from it, then further causes; empty if nothing stands out.
    pub slices: Vec<Found>,
    /// Within the best slice failures are spread as usual over each recorded dimension: what decides who fails isn't recorded.
    pub is_spread_evenly: bool,
    /// Attempts of the window.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// How many failures were to be expected.
    pub expected_failed: f64,
    /// Where the expected rates come from.
    pub usual: Usual,
    /// Attempts that they come from.
    pub usual_attempts: u64,
    /// Dimensions that follow from each other.
    pub implications: Vec<Implication>,
    /// Dimensions that were searched alone, not in combinations: there were too many.
    pub alone: Vec<String>,
}

/// The most slices that are listed.
const LISTED_MAX: usize = 10;

/// Finds the slices that explain best why more failed than usual.
pub fn localize(cube: &Cube) -> Localization {
    let window = cube.window();
    let (source, usual) = cube.usual();
    let sum = |counts: &[u64]| counts.iter().sum::<u64>();
    let (attempts, failed, usual_attempts) = (
        sum(&window.attempts),
        sum(&window.failed),
        sum(&usual.attempts),
    );
    let frame = Frame::new(window, (source, usual));
    let names: Vec<&str> = cube
        .dimensions
        .iter()
        .map(|dimension| dimension.name.as_str())
        .collect();
    let plan = Plan::of(&frame, &names);
    let causes = causes(&frame, &plan);
    let everybody = slice::sums(&frame, &Slice::default());
    let naming = Naming {
        cube,
        plan: &plan,
        frame: &frame,
    };
    Localization {
        is_spread_evenly: causes
            .first()
            .is_some_and(|cause| is_spread_evenly(&cause.best, &frame, &plan)),
        slices: naming.listed(&causes),
        attempts,
        failed,
        expected_failed: everybody.map_or(0.0, |sums| sums.attempts as f64 * sums.rate()),
        usual: source,
        usual_attempts,
        implications: naming.implications(),
        alone: naming.alone(),
    }
}

/// From numbers to names.
struct Naming<'a> {
    cube: &'a Cube,
    plan: &'a Plan,
    frame: &'a Frame,
}

impl Naming<'_> {
    fn listed(&self, causes: &[Cause]) -> Vec<Found> {
        let mut listed: Vec<Found> = Vec::new();
        let mut before = None;
        // Each cause has its place; ties of the first get what is left of the list.
        let room = LISTED_MAX.saturating_sub(causes.len());
        for cause in causes {
            let index = listed.len();
            let role = before.map_or(Role::Best, Role::After);
            listed.push(self.found(&cause.best, role, &cause.ties));
            if before.is_none() {
                let ties = cause.ties.iter().take(room);
                listed.extend(ties.map(|tie| self.found(tie, Role::TieOf(index), &[])));
            }
            before = Some(index);
        }
        listed
    }

    fn found(&self, candidate: &Candidate, role: Role, ties: &[Candidate]) -> Found {
        let mut equals = self.by_mutual_dimensions(&candidate.slice);
        let same = ties
            .iter()
            .filter(|tie| self.has_same_attempts(&tie.slice, &candidate.slice));
        equals.extend(same.map(|tie| self.named(&tie.slice)));
        Found {
            slice: self.named(&candidate.slice),
            score: candidate.score,
            attempts: candidate.attempts,
            failed: candidate.failed,
            expected_failed: candidate.expected,
            equals,
            role,
        }
    }

    fn named(&self, slice: &Slice) -> Vec<Condition> {
        let conditions = slice.conditions().iter();
        let mut named: Vec<Condition> = conditions
            .map(|(dimension, value)| {
                let dimension = &self.cube.dimensions[*dimension as usize];
                Condition {
                    dim: dimension.name.clone(),
                    value: dimension.values[*value as usize - 1].to_string(),
                }
            })
            .collect();
        named.sort_unstable();
        named
    }

    fn has_same_attempts(&self, one: &Slice, other: &Slice) -> bool {
        let groups = &self.frame.window.groups;
        (0..groups.len())
            .all(|group| one.has(&groups.columns, group) == other.has(&groups.columns, group))
    }

    /// The slice with one of its dimensions replaced by one that means the same.
    fn by_mutual_dimensions(&self, slice: &Slice) -> Vec<Vec<Condition>> {
        let groups = &self.frame.window.groups;
        let Some(example) = (0..groups.len()).find(|group| slice.has(&groups.columns, *group))
        else {
            return Vec::new();
        };
        let mut equals = Vec::new();
        for dimension in slice.dimensions() {
            for other in 0..groups.columns.len() {
                let value = groups.columns[other][example];
                if value == 0 || !self.plan.nesting.is_mutual(dimension, other) {
                    continue;
                }
                let others = slice
                    .conditions()
                    .iter()
                    .filter(|(d, _)| *d as usize != dimension);
                let equal =
                    others.fold(Slice::default(), |equal, (d, v)| equal.and(*d as usize, *v));
                equals.push(self.named(&equal.and(other, value)));
            }
        }
        equals
    }

    fn name(&self, dimension: usize) -> String {
        self.cube.dimensions[dimension].name.clone()
    }

    fn implications(&self) -> Vec<Implication> {
        let count = self.cube.dimensions.len();
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let nesting = &self.plan.nesting;
        let mut implications: Vec<Implication> = pairs
            .filter(|(from, to)| nesting.implies(*from, *to))
            .filter(|(from, to)| {
                !nesting.is_mutual(*from, *to) || self.name(*from) < self.name(*to)
            })
            .map(|(from, to)| Implication {
                dim: self.name(from),
                implies: self.name(to),
                is_mutual: nesting.is_mutual(from, to),
            })
            .collect();
        implications.sort_by(|a, b| (&a.dim, &a.implies).cmp(&(&b.dim, &b.implies)));
        implications
    }

    fn alone(&self) -> Vec<String> {
        let plan = self.plan;
        let alone = plan
            .alone
            .iter()
            .filter(|dimension| !plan.combined.contains(dimension));
        alone.map(|dimension| self.name(*dimension)).collect()
    }
}

/// `sdk_version implies view`.
impl fmt::Display for Implication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_mutual {
            write!(f, "{} and {} imply each other", self.dim, self.implies)
        } else {
            write!(f, "{} implies {}", self.dim, self.implies)
        }
    }
}
