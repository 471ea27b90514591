//! A slice by numbers: conditions on dimensions, and what is known of it.

use super::cube::PARTS;
use super::expectation::{Frame, Side, rate, relative_variance_of_rate};
use super::score::{CONDITION_NATS, Part, dispersion, relative_variance, surprise};

/// The most conditions of a slice.
pub(super) const CONDITIONS_MAX: usize = 3;

/// Up to [`CONDITIONS_MAX`] conditions, sorted by dimension; without any it is everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Slice {
    conditions: [(u32, u32); CONDITIONS_MAX],
    count: usize,
}

impl Slice {
    pub(super) fn conditions(&self) -> &[(u32, u32)] {
        &self.conditions[..self.count]
    }

    /// With one more condition.
    pub(super) fn and(mut self, dimension: usize, value: u32) -> Self {
        self.conditions[self.count] = (u32::try_from(dimension).unwrap_or(u32::MAX), value);
        self.count += 1;
        self.conditions[..self.count].sort_unstable();
        self
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn dimensions(&self) -> impl Iterator<Item = usize> {
        self.conditions()
            .iter()
            .map(|(dimension, _)| *dimension as usize)
    }

    pub(super) fn has(&self, columns: &[Vec<u32>], group: usize) -> bool {
        let mut conditions = self.conditions().iter();
        conditions.all(|(dimension, value)| columns[*dimension as usize][group] == *value)
    }

    /// Slices with some of its conditions, the shortest first.
    pub(super) fn shorter(&self) -> Vec<Slice> {
        let mut shorter: Vec<Slice> = (0..(1_u32 << self.count) - 1)
            .map(|chosen| {
                let conditions = self.conditions().iter().enumerate();
                let kept = conditions.filter(|(index, _)| chosen & (1 << index) != 0);
                kept.fold(Slice::default(), |slice, (_, (dimension, value))| {
                    slice.and(*dimension as usize, *value)
                })
            })
            .collect();
        shorter.sort_by_key(Slice::len);
        shorter
    }
}

/// A slice's counts in the window and in the baseline.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) attempts: u64,
    pub(super) failed: u64,
    /// What its groups' values predict.
    pub(super) predicted: f64,
    pub(super) usual_failed: f64,
    pub(super) usual_predicted: f64,
    pub(super) parts: Vec<Part>,
}

/// A slice and how it stands out.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) slice: Slice,
    pub(super) attempts: u64,
    pub(super) failed: u64,
    pub(super) expected: f64,
    /// `n·KL(p‖p0) − 2·|conditions|`.
    pub(super) score: f64,
    /// `n·KL(p‖p0)` divided by the dispersion: what is compared with the threshold.
    pub(super) calibrated: f64,
}

impl Sums {
    pub(super) fn rate(&self) -> f64 {
        rate(
            self.attempts as f64,
            self.predicted,
            self.usual_failed,
            self.usual_predicted,
        )
    }

    pub(super) fn surprise(&self) -> f64 {
        surprise(self.attempts as f64, self.failed as f64, self.rate())
    }

    pub(super) fn candidate(&self, slice: Slice) -> Candidate {
        let rate = self.rate();
        let expected = self.attempts as f64 * rate;
        let variance =
            relative_variance(&self.parts) + relative_variance_of_rate(self.usual_failed);
        let surprise = self.surprise();
        Candidate {
            slice,
            attempts: self.attempts,
            failed: self.failed,
            expected,
            score: surprise - CONDITION_NATS * slice.len() as f64,
            calibrated: surprise / dispersion(expected, rate, variance),
        }
    }
}

pub(super) fn no_parts() -> Vec<Part> {
    vec![
        Part {
            failed: 0.0,
            expected: 0.0
        };
        usize::from(PARTS)
    ]
}

/// Counts one slice by looking at all groups. `None` if the window has no attempts of it.
pub(super) fn sums(frame: &Frame, slice: &Slice) -> Option<Sums> {
    let groups_of = |side: &Side| -> Vec<usize> {
        let groups = &side.groups;
        (0..groups.len())
            .filter(|group| slice.has(&groups.columns, *group))
            .collect()
    };
    let mut sums = Sums {
        attempts: 0,
        failed: 0,
        predicted: 0.0,
        usual_failed: 0.0,
        usual_predicted: 0.0,
        parts: no_parts(),
    };
    for group in groups_of(&frame.window) {
        sums.attempts += frame.window.groups.attempts[group];
        sums.failed += frame.window.groups.failed[group];
        sums.predicted += frame.window.expected[group];
    }
    for group in groups_of(&frame.usual) {
        let (failed, expected) = (
            frame.usual.groups.failed[group] as f64,
            frame.usual.expected[group],
        );
        sums.usual_failed += failed;
        sums.usual_predicted += expected;
        let part = &mut sums.parts[usize::from(frame.usual.groups.part[group])];
        part.failed += failed;
        part.expected += expected;
    }
    (sums.attempts > 0).then_some(sums)
}
