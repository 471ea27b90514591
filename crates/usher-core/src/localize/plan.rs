//! Which slices there are, and how far one must stand out among them.

use super::cube::Groups;
use super::expectation::Frame;
use super::nesting::Nesting;
use super::score::surprise;
use super::slice::{CONDITIONS_MAX, Slice};

/// The chance that a scan of a window in which nothing happened claims a cause.
const FALSE_CLAIMS: f64 = 0.01;
/// Combinations are searched of that many dimensions at most ...
const COMBINED_MAX: usize = 64;
/// ... of as many as cost no more than so many additions (some seconds) ...
const WORK_MAX: usize = 4_000_000_000;
/// ... and of so many in any case.
const COMBINED_MIN: usize = 12;

/// The dimensions to search, what follows from what, and the thresholds.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Dimensions of which single conditions are searched: one of those that imply each other, none with a single value.
    pub(super) alone: Vec<usize>,
    /// Those of which combinations are searched, too.
    pub(super) combined: Vec<usize>,
    pub(super) nesting: Nesting,
    /// Values that occur in the window.
    values: Vec<usize>,
    groups: usize,
    /// Combinations of dimensions by their number.
    combinations: [f64; CONDITIONS_MAX + 1],
    /// The least of the thresholds of slices with so many conditions.
    pub(super) least: [f64; CONDITIONS_MAX + 1],
}

impl Plan {
    pub(super) fn of(frame: &Frame, names: &[&str]) -> Self {
        let window = &frame.window.groups;
        let values: Vec<usize> = window
            .columns
            .iter()
            .map(|column| distinct(column))
            .collect();
        let mut alone: Vec<usize> = (0..names.len())
            .filter(|dimension| tells_apart(&window.columns[*dimension], values[*dimension]))
            .collect();
        alone.sort_unstable_by_key(|dimension| names[*dimension]);
        let nesting = Nesting::of(window, &frame.usual.groups, &alone);
        let all = alone.clone();
        alone.retain(|dimension| {
            let earlier = all.iter().take_while(|other| *other != dimension);
            !earlier
                .into_iter()
                .any(|other| nesting.is_mutual(*other, *dimension))
        });
        let combined = most_promising(&alone, frame);
        let mut plan = Self {
            alone,
            combined,
            nesting,
            values,
            groups: window.len(),
            combinations: [1.0; CONDITIONS_MAX + 1],
            least: [0.0; CONDITIONS_MAX + 1],
        };
        plan.set_thresholds();
        plan
    }

    /// Whether slices with conditions on all of these are worth a look: if one follows from another, a shorter slice is the same.
    pub(super) fn is_combination(&self, dimensions: &[usize]) -> bool {
        dimensions.iter().all(|one| {
            let mut others = dimensions.iter();
            others.all(|other| one == other || !self.nesting.implies(*one, *other))
        })
    }

    /// How many nats a slice with conditions on these dimensions must have, for dispersion 1.
    ///
    /// A slice that was chosen beforehand has t or more with a probability of at most e^−t (Chernoff). [`FALSE_CLAIMS`] is shared evenly by
    /// the numbers of conditions, then by the combinations of dimensions, then by the slices of one combination: their union bound.
    pub(super) fn threshold(&self, dimensions: &[usize]) -> f64 {
        let product = dimensions
            .iter()
            .map(|dimension| self.values[*dimension] as f64)
            .product::<f64>();
        let slices = product.min(self.groups as f64);
        let levels = (CONDITIONS_MAX + 1) as f64;
        (levels * self.combinations[dimensions.len()] * slices.max(1.0) / FALSE_CLAIMS).ln()
    }

    /// How many values the slice's dimensions have: the fewer, the more general it is.
    pub(super) fn values_of(&self, slice: &Slice) -> usize {
        slice
            .dimensions()
            .map(|dimension| self.values[dimension])
            .sum()
    }

    fn set_thresholds(&mut self) {
        let combined = self.combined.clone();
        let mut all: [Vec<Vec<usize>>; CONDITIONS_MAX + 1] = Default::default();
        all[0].push(Vec::new());
        all[1].extend(self.alone.iter().map(|dimension| vec![*dimension]));
        for (i, a) in combined.iter().enumerate() {
            for (j, b) in combined.iter().enumerate().skip(i + 1) {
                if !self.is_combination(&[*a, *b]) {
                    continue;
                }
                all[2].push(vec![*a, *b]);
                let thirds = combined.iter().skip(j + 1).map(|c| vec![*a, *b, *c]);
                all[3].extend(thirds.filter(|three| self.is_combination(three)));
            }
        }
        for (level, of_level) in all.iter().enumerate() {
            self.combinations[level] = of_level.len().max(1) as f64;
            let thresholds = of_level.iter().map(|dimensions| self.threshold(dimensions));
            self.least[level] = thresholds.fold(f64::INFINITY, f64::min);
        }
    }
}

fn distinct(column: &[u32]) -> usize {
    let highest = column.iter().copied().max().unwrap_or(0) as usize;
    let mut seen = vec![false; highest + 1];
    for value in column {
        seen[*value as usize] = true;
    }
    seen.iter().skip(1).filter(|seen| **seen).count()
}

/// A dimension on which all have the same value tells nobody apart.
fn tells_apart(column: &[u32], values: usize) -> bool {
    values > 1 || (values == 1 && column.contains(&0))
}

/// As many as can be combined, those first of which a value stands out most by itself.
fn most_promising(alone: &[usize], frame: &Frame) -> Vec<usize> {
    let groups = frame.window.groups.len().max(1);
    let room = (COMBINED_MIN..=COMBINED_MAX)
        .take_while(|count| count * (count - 1) * (count - 2) / 6 * groups <= WORK_MAX)
        .last()
        .unwrap_or(COMBINED_MIN);
    if alone.len() <= room {
        return alone.to_vec();
    }
    let mut order: Vec<(f64, usize)> = alone
        .iter()
        .map(|dimension| {
            (
                most_surprising(*dimension, &frame.window.groups, &frame.window.expected),
                *dimension,
            )
        })
        .collect();
    order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    order.truncate(room);
    let chosen: Vec<usize> = order.into_iter().map(|(_, dimension)| dimension).collect();
    let is_chosen = |dimension: &usize| chosen.contains(dimension);
    alone.iter().copied().filter(is_chosen).collect()
}

fn most_surprising(dimension: usize, groups: &Groups, expected: &[f64]) -> f64 {
    let column = &groups.columns[dimension];
    let highest = column.iter().copied().max().unwrap_or(0) as usize;
    let mut sums = vec![(0.0, 0.0, 0.0); highest + 1];
    for (group, value) in column.iter().enumerate() {
        let sum = &mut sums[*value as usize];
        sum.0 += groups.attempts[group] as f64;
        sum.1 += groups.failed[group] as f64;
        sum.2 += expected[group];
    }
    let scores = sums.iter().skip(1).filter(|sum| sum.0 > 0.0);
    let scores = scores
        .map(|(attempts, failed, expected)| surprise(*attempts, *failed, expected / attempts));
    scores.fold(0.0, f64::max)
}
