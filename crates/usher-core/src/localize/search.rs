//! The exact search: the best slice and all within [`TIE_NATS`] of it.
//!
//! Level by level (one, two, three conditions), and in a level by combinations of dimensions, depth first. A combination is counted in
//! passes of which each spares the next most of its work:
//! 1. Failures of each of its slices, by groups that have failures, which mostly are few. With F failures no slice, and none within it,
//!    has more than `F·ln(1/p_min)` nats ([`bound_by_failures`]): a slice T within S has at most S's failures, at least as many attempts as
//!    failures, and an expected rate of at least `p_min`; the score rises with failures and falls with attempts and with the expected rate.
//!    So what is below the score of the best slice found, or below what it takes to stand out, is neither counted nor refined further.
//! 2. Attempts of those that are left: with n known, `n·KL(F/n‖p_min)` bounds the slice itself.
//! 3. What was expected of those that are left: their score.
//!
//! Nothing is sampled. A test holds it against brute force.

use super::expectation::{Frame, rate};
use super::plan::Plan;
use super::prefix::{Columns, Prefix};
use super::score::{CONDITION_NATS, Part, bound_by_failures, bound_by_rate, surprise};
use super::slice::{CONDITIONS_MAX, Candidate, Slice, Sums, no_parts};
use super::table::Table;

/// Slices whose scores differ by less can't be told apart yet: e³, odds of 20 to 1 (design, Localizer).
pub(super) const TIE_NATS: f64 = 3.0;
/// Candidates that are kept before those that fell behind are dropped.
const KEPT_MAX: usize = 4096;

/// What to search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) frame: &'a Frame,
    pub(super) plan: &'a Plan,
    /// All attempts of the frame meet these conditions, and none is put on their dimensions again.
    pub(super) within: &'a Slice,
    /// Whether the slice of all attempts of the frame is searched, too.
    pub(super) is_whole_asked: bool,
    /// Nothing below this score is looked for.
    pub(super) score_min: f64,
}

/// The best slice and all that can't be told apart from it, best first. Empty if nothing stands out.
pub(super) fn search(scope: Scope<'_>) -> Vec<Candidate> {
    let mut search = Search {
        scope,
        best: scope.score_min + TIE_NATS,
        found: Vec::new(),
    };
    search.whole_scope();
    search.single_conditions();
    let columns = search.combined_columns();
    let root = Prefix::root(scope.frame);
    for level in 2..=CONDITIONS_MAX {
        search.combinations(&root, &columns, level);
    }
    search.keep_the_best();
    search.found
}

struct Search<'a> {
    scope: Scope<'a>,
    best: f64,
    found: Vec<Candidate>,
}

impl Search<'_> {
    /// What `n·KL` must be to matter, of slices with so many conditions.
    fn need(&self, level: usize, threshold: f64) -> f64 {
        threshold.max(self.best - TIE_NATS + CONDITION_NATS * level as f64)
    }

    /// The least that any slice with at least so many conditions needs.
    fn need_from(&self, level: usize) -> f64 {
        let levels = level..=CONDITIONS_MAX;
        let needs = levels.map(|level| self.need(level, self.scope.plan.least[level]));
        needs.fold(f64::INFINITY, f64::min)
    }

    /// The level of slices with so many conditions beside those of the scope.
    fn level(&self, conditions: usize) -> usize {
        self.scope.within.len() + conditions
    }

    fn whole_scope(&mut self) {
        if !self.scope.is_whole_asked {
            return;
        }
        if let Some(sums) = super::slice::sums(self.scope.frame, self.scope.within) {
            self.consider(self.scope.within, &sums);
        }
    }

    fn is_open(&self, dimension: usize) -> bool {
        let within: Vec<usize> = self.scope.within.dimensions().chain([dimension]).collect();
        !self
            .scope
            .within
            .dimensions()
            .any(|other| other == dimension)
            && self.scope.plan.is_combination(&within)
    }

    fn single_conditions(&mut self) {
        let level = self.level(1);
        if level > CONDITIONS_MAX {
            return;
        }
        let frame = self.scope.frame;
        let root = Prefix::root(frame);
        for dimension in self.scope.plan.alone.clone() {
            if !self.is_open(dimension) {
                continue;
            }
            let (window, usual) = (
                &frame.window.groups.columns[dimension],
                &frame.usual.groups.columns[dimension],
            );
            let highest = window.iter().chain(usual).copied().max().unwrap_or(0) as usize;
            let columns = Columns {
                dimension,
                window: window.into(),
                usual: usual.into(),
                values: None,
                width: highest + 1,
            };
            self.count(&root, &columns);
        }
    }

    /// Columns of the dimensions to combine, without the values that no answer can have.
    fn combined_columns(&self) -> Vec<Columns<'static>> {
        let frame = self.scope.frame;
        let need = self.need_from(self.level(2).min(CONDITIONS_MAX));
        let open = self
            .scope
            .plan
            .combined
            .iter()
            .filter(|dimension| self.is_open(**dimension));
        open.map(|dimension| {
            let (window, usual) = (
                &frame.window.groups.columns[*dimension],
                &frame.usual.groups.columns[*dimension],
            );
            let highest = window.iter().chain(usual).copied().max().unwrap_or(0) as usize;
            let mut failed = vec![0; highest + 1];
            for (value, count) in window.iter().zip(&frame.window.groups.failed) {
                failed[*value as usize] += count;
            }
            let mut numbers = vec![0_u32; highest + 1];
            let mut values = vec![0];
            for value in 1..=highest {
                if bound_by_failures(failed[value] as f64) >= need {
                    numbers[value] = values.len() as u32;
                    values.push(value as u32);
                }
            }
            let renumbered = |column: &[u32]| {
                column
                    .iter()
                    .map(|value| numbers[*value as usize])
                    .collect::<Vec<u32>>()
            };
            Columns {
                dimension: *dimension,
                window: renumbered(window).into(),
                usual: renumbered(usual).into(),
                width: values.len(),
                values: Some(values),
            }
        })
        .collect()
    }

    /// All slices with so many conditions.
    fn combinations(&mut self, root: &Prefix<'_>, columns: &[Columns<'_>], conditions: usize) {
        let level = self.level(conditions);
        if level > CONDITIONS_MAX {
            return;
        }
        for (index, first) in columns.iter().enumerate() {
            let prefix = root.refined(first, self.need(level, self.scope.plan.least[level]));
            self.extend(
                &prefix,
                &[first.dimension],
                &columns[index + 1..],
                conditions - 1,
            );
        }
    }

    fn extend(
        &mut self,
        prefix: &Prefix<'_>,
        dimensions: &[usize],
        columns: &[Columns<'_>],
        more: usize,
    ) {
        if prefix.slices.is_empty() {
            return;
        }
        for (index, next) in columns.iter().enumerate() {
            let dimensions = [dimensions, &[next.dimension]].concat();
            let all: Vec<usize> = self
                .scope
                .within
                .dimensions()
                .chain(dimensions.iter().copied())
                .collect();
            if next.width == 1 || !self.scope.plan.is_combination(&all) {
                continue;
            }
            if more == 1 {
                self.count(prefix, next);
            } else {
                let level = self.level(dimensions.len() + more - 1);
                let need = self.need(level, self.scope.plan.least[level]);
                let refined = prefix.refined(next, need);
                self.extend(&refined, &dimensions, &columns[index + 1..], more - 1);
            }
        }
    }

    /// Counts the slices of one combination of dimensions.
    fn count(&mut self, prefix: &Prefix<'_>, columns: &Columns<'_>) {
        let mut failed = prefix.failures(columns);
        let Some((key, _)) = failed.first() else {
            return;
        };
        let dimensions: Vec<usize> = self
            .whole(&prefix.slice(columns, *key))
            .dimensions()
            .collect();
        let threshold = self.scope.plan.threshold(&dimensions);
        let need = self.need(dimensions.len(), threshold);
        failed.retain(|(_, failed)| bound_by_failures(*failed as f64) >= need);
        if failed.is_empty() {
            return;
        }
        let window = &prefix.window;
        let mut sums = known(prefix, columns, failed.iter().map(|(key, _)| *key));
        let pairs = &self.scope.frame.window.pairs;
        window.add_pairs(&columns.window, columns.width, pairs, &mut sums);
        let counted = failed.into_iter().map(|(key, failed)| {
            let [attempts, predicted] = sums.get(key);
            Counted {
                key,
                failed,
                attempts,
                predicted,
                usual: [0.0; 2],
            }
        });
        let left: Vec<Counted> = counted
            .filter(|counted| bound_by_rate(counted.attempts, counted.failed as f64) >= need)
            .collect();
        if !left.is_empty() {
            self.compare(prefix, columns, left, need);
        }
    }

    /// The whole slice, the conditions of the scope included.
    fn whole(&self, slice: &Slice) -> Slice {
        let conditions = self.scope.within.conditions().iter();
        conditions.fold(*slice, |slice, (dimension, value)| {
            slice.and(*dimension as usize, *value)
        })
    }

    /// Compares slices with what was expected of them.
    fn compare(
        &mut self,
        prefix: &Prefix<'_>,
        columns: &Columns<'_>,
        mut left: Vec<Counted>,
        need: f64,
    ) {
        let mut sums = known(prefix, columns, left.iter().map(|counted| counted.key));
        let pairs = &self.scope.frame.usual.pairs;
        prefix
            .usual()
            .add_pairs(&columns.usual, columns.width, pairs, &mut sums);
        for counted in &mut left {
            counted.usual = sums.get(counted.key);
        }
        left.retain(|counted| counted.surprise() >= need);
        if left.is_empty() {
            return;
        }
        let parts = self.parts(prefix, columns, &left);
        for (counted, parts) in left.iter().zip(parts) {
            let slice = self.whole(&prefix.slice(columns, counted.key));
            self.consider(&slice, &counted.sums(parts));
        }
    }

    /// How the slices went from one part of the baseline to the next.
    fn parts(
        &self,
        prefix: &Prefix<'_>,
        columns: &Columns<'_>,
        left: &[Counted],
    ) -> Vec<Vec<Part>> {
        let usual = &self.scope.frame.usual;
        let mut numbers = Table::<u32>::new(prefix.size(columns), usual.groups.len());
        for (index, counted) in left.iter().enumerate() {
            numbers.set(counted.key, index as u32 + 1);
        }
        let mut parts = vec![no_parts(); left.len()];
        for (key, group) in prefix.usual().keys(&columns.usual, columns.width) {
            if let Some(index) = (numbers.get(key) as usize).checked_sub(1) {
                let part = &mut parts[index][usize::from(usual.groups.part[group])];
                part.failed += usual.groups.failed[group] as f64;
                part.expected += usual.expected[group];
            }
        }
        parts
    }

    /// Takes a slice if it stands out and isn't far behind the best.
    fn consider(&mut self, slice: &Slice, sums: &Sums) {
        let dimensions: Vec<usize> = slice.dimensions().collect();
        let threshold = self.scope.plan.threshold(&dimensions);
        let candidate = sums.candidate(*slice);
        if candidate.calibrated < threshold || candidate.score < self.best - TIE_NATS {
            return;
        }
        self.best = self.best.max(candidate.score);
        self.found.push(candidate);
        if self.found.len() > KEPT_MAX {
            self.keep_the_best();
        }
    }

    fn keep_the_best(&mut self) {
        let best = self.best;
        self.found
            .retain(|candidate| candidate.score >= best - TIE_NATS);
        self.found.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.found.truncate(KEPT_MAX / 2);
    }
}

struct Counted {
    key: usize,
    failed: u64,
    attempts: f64,
    predicted: f64,
    /// Failures of the baseline, and what was predicted of them.
    usual: [f64; 2],
}

impl Counted {
    fn surprise(&self) -> f64 {
        let [failed, predicted] = self.usual;
        let rate = rate(self.attempts, self.predicted, failed, predicted);
        surprise(self.attempts, self.failed as f64, rate)
    }

    fn sums(&self, parts: Vec<Part>) -> Sums {
        Sums {
            attempts: self.attempts as u64,
            failed: self.failed,
            predicted: self.predicted,
            usual_failed: self.usual[0],
            usual_predicted: self.usual[1],
            parts,
        }
    }
}

/// A table for sums of these keys.
fn known(
    prefix: &Prefix<'_>,
    columns: &Columns<'_>,
    keys: impl Iterator<Item = usize>,
) -> Table<[f64; 2]> {
    let mut table = Table::new(prefix.size(columns), prefix.window.len());
    keys.for_each(|key| table.set(key, [0.0; 2]));
    table
}
