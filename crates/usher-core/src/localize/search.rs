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

use std::borrow::Cow;
use std::cell::OnceCell;

use super::expectation::{Frame, Side};
use super::plan::Plan;
use super::score::{CONDITION_NATS, bound_by_failures, bound_by_rate};
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

/// A dimension's values by group, numbered anew: 0 for those that can't be part of an answer.
struct Columns<'a> {
    dimension: usize,
    window: Cow<'a, [u32]>,
    usual: Cow<'a, [u32]>,
    /// The cube's number of each; `None` where they are the same.
    values: Option<Vec<u32>>,
    width: usize,
}

impl Columns<'_> {
    fn value(&self, number: usize) -> u32 {
        match &self.values {
            Some(values) => values[number],
            None => u32::try_from(number).unwrap_or(u32::MAX),
        }
    }
}

/// Groups that are in a slice, and in which: 1 is the first.
struct Rows {
    groups: Vec<u32>,
    slices: Vec<u32>,
}

/// Slices of one combination of dimensions that may have an answer within them.
struct Prefix<'p> {
    slices: Vec<Slice>,
    window: Rows,
    with_failures: usize,
    usual: OnceCell<Rows>,
    /// Where `usual` comes from.
    parent: Option<(&'p Prefix<'p>, &'p Columns<'p>, Table)>,
    frame: &'p Frame,
}

impl<'p> Prefix<'p> {
    fn root(frame: &'p Frame) -> Self {
        Self {
            slices: vec![Slice::default()],
            window: Rows::all(&frame.window),
            with_failures: frame.window.groups.with_failures,
            usual: OnceCell::new(),
            parent: None,
            frame,
        }
    }

    fn usual(&self) -> &Rows {
        self.usual.get_or_init(|| match &self.parent {
            None => Rows::all(&self.frame.usual),
            Some((parent, columns, numbers)) => {
                parent.usual().of(&columns.usual, columns.width, numbers)
            }
        })
    }

    /// Numbers for one more condition: slice times value.
    fn size(&self, columns: &Columns<'_>) -> usize {
        (self.slices.len() + 1) * columns.width
    }

    fn failures(&self, columns: &Columns<'_>) -> Vec<(usize, u64)> {
        let mut failed = Table::new(self.size(columns), self.with_failures);
        let keys = self
            .window
            .keys(self.with_failures, &columns.window, columns.width);
        let groups = &self.frame.window.groups;
        failed.add(keys.map(|(key, group)| (key, groups.failed[group])));
        let mut entries = failed.entries();
        entries.retain(|(key, _)| key % columns.width != 0);
        entries
    }

    fn slice(&self, columns: &Columns<'_>, key: usize) -> Slice {
        let value = columns.value(key % columns.width);
        self.slices[key / columns.width - 1].and(columns.dimension, value)
    }

    /// With one more condition, where `need` can still be reached.
    fn refined(&'p self, columns: &'p Columns<'p>, need: f64) -> Self {
        let mut numbers = Table::new(self.size(columns), self.window.groups.len());
        let mut slices = Vec::new();
        for (key, failed) in self.failures(columns) {
            if bound_by_failures(failed as f64) >= need {
                slices.push(self.slice(columns, key));
                numbers.set(key, slices.len() as u64);
            }
        }
        let window = if slices.is_empty() {
            Rows::none()
        } else {
            self.window.of(&columns.window, columns.width, &numbers)
        };
        let all_with_failures = self.frame.window.groups.with_failures;
        Self {
            with_failures: window
                .groups
                .partition_point(|group| (*group as usize) < all_with_failures),
            slices,
            window,
            usual: OnceCell::new(),
            parent: Some((self, columns, numbers)),
            frame: self.frame,
        }
    }
}

impl Rows {
    fn none() -> Self {
        Self {
            groups: Vec::new(),
            slices: Vec::new(),
        }
    }

    fn all(side: &Side) -> Self {
        let count = u32::try_from(side.groups.len()).unwrap_or(u32::MAX);
        Self {
            groups: (0..count).collect(),
            slices: vec![1; count as usize],
        }
    }

    /// Slice times value, and the group.
    fn keys<'a>(
        &'a self,
        count: usize,
        column: &'a [u32],
        width: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let rows = self.groups[..count].iter().zip(&self.slices[..count]);
        rows.map(move |(group, slice)| {
            let group = *group as usize;
            (*slice as usize * width + column[group] as usize, group)
        })
    }

    fn all_keys<'a>(
        &'a self,
        column: &'a [u32],
        width: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.keys(self.groups.len(), column, width)
    }

    /// Those that have a number, with it.
    fn of(&self, column: &[u32], width: usize, numbers: &Table) -> Self {
        let mut rows = Self::none();
        for (key, group) in self.all_keys(column, width) {
            let number = numbers.get(key);
            if number != 0 {
                rows.groups.push(group as u32);
                rows.slices.push(number as u32);
            }
        }
        rows
    }
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
        let groups = &self.scope.frame.window.groups;
        let mut attempts = Table::new(prefix.size(columns), groups.len());
        failed.iter().for_each(|(key, _)| attempts.set(*key, 0));
        let keys = prefix.window.all_keys(&columns.window, columns.width);
        attempts.add_to_known(keys.map(|(key, group)| (key, groups.attempts[group])));
        let left: Vec<Counted> = failed
            .into_iter()
            .map(|(key, failed)| Counted {
                key,
                failed,
                attempts: attempts.get(key),
            })
            .filter(|counted| bound_by_rate(counted.attempts as f64, counted.failed as f64) >= need)
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
        left: Vec<Counted>,
        need: f64,
    ) {
        let frame = self.scope.frame;
        let numbers = numbers(prefix, columns, &left);
        let mut sums: Vec<Sums> = left.iter().map(Counted::sums).collect();
        for (key, group) in prefix.window.all_keys(&columns.window, columns.width) {
            if let Some(index) = (numbers.get(key) as usize).checked_sub(1) {
                sums[index].predicted += frame.window.expected[group];
            }
        }
        for (key, group) in prefix.usual().all_keys(&columns.usual, columns.width) {
            if let Some(index) = (numbers.get(key) as usize).checked_sub(1) {
                sums[index].usual_failed += frame.usual.groups.failed[group] as f64;
                sums[index].usual_predicted += frame.usual.expected[group];
            }
        }
        let (left, mut sums): (Vec<Counted>, Vec<Sums>) = left
            .into_iter()
            .zip(sums)
            .filter(|(_, sums)| sums.surprise() >= need)
            .unzip();
        if left.is_empty() {
            return;
        }
        self.add_parts(prefix, columns, &left, &mut sums);
        for (counted, sums) in left.iter().zip(&sums) {
            let slice = self.whole(&prefix.slice(columns, counted.key));
            self.consider(&slice, sums);
        }
    }

    /// How the slices went from one part of the baseline to the next.
    fn add_parts(
        &self,
        prefix: &Prefix<'_>,
        columns: &Columns<'_>,
        left: &[Counted],
        sums: &mut [Sums],
    ) {
        let usual = &self.scope.frame.usual;
        let numbers = numbers(prefix, columns, left);
        sums.iter_mut().for_each(|sums| sums.parts = no_parts());
        for (key, group) in prefix.usual().all_keys(&columns.usual, columns.width) {
            if let Some(index) = (numbers.get(key) as usize).checked_sub(1) {
                let part = &mut sums[index].parts[usize::from(usual.groups.part[group])];
                part.failed += usual.groups.failed[group] as f64;
                part.expected += usual.expected[group];
            }
        }
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
    attempts: u64,
}

impl Counted {
    fn sums(&self) -> Sums {
        Sums {
            attempts: self.attempts,
            failed: self.failed,
            predicted: 0.0,
            usual_failed: 0.0,
            usual_predicted: 0.0,
            parts: Vec::new(),
        }
    }
}

fn numbers(prefix: &Prefix<'_>, columns: &Columns<'_>, left: &[Counted]) -> Table {
    let mut numbers = Table::new(prefix.size(columns), prefix.window.groups.len());
    for (index, counted) in left.iter().enumerate() {
        numbers.set(counted.key, index as u64 + 1);
    }
    numbers
}
