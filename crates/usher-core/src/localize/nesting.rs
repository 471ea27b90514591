//! Dimensions that follow from each other: an SDK version has one view, a tenant one host.

use super::cube::Groups;

/// With fewer attempts a value, it is no rule that a value goes with one other: a value that came once goes with one of anything.
const ATTEMPTS_PER_VALUE_MIN: u64 = 5;

/// Which dimension follows from which.
#[derive(Debug, Clone)]
pub(super) struct Nesting {
    implies: Vec<Vec<bool>>,
}

impl Nesting {
    /// Looks at all attempts of the window and of the baseline.
    pub(super) fn of(window: &Groups, usual: &Groups, dimensions: &[usize]) -> Self {
        let all = window.columns.len();
        let mut nesting = Self {
            implies: vec![vec![false; all]; all],
        };
        for &from in dimensions {
            if !is_repeated(from, window, usual) {
                continue;
            }
            for &to in dimensions {
                nesting.implies[from][to] = from != to && follows(from, to, [window, usual]);
            }
        }
        nesting
    }

    /// Whether each value of the one dimension goes with one value of the other, always.
    pub(super) fn implies(&self, from: usize, to: usize) -> bool {
        self.implies[from][to]
    }

    pub(super) fn is_mutual(&self, one: usize, other: usize) -> bool {
        self.implies(one, other) && self.implies(other, one)
    }
}

fn is_repeated(dimension: usize, window: &Groups, usual: &Groups) -> bool {
    let mut seen = Vec::new();
    let (mut values, mut attempts) = (0, 0);
    for groups in [window, usual] {
        for (value, count) in groups.columns[dimension].iter().zip(&groups.attempts) {
            let value = *value as usize;
            if value == 0 {
                continue;
            }
            if seen.len() <= value {
                seen.resize(value + 1, false);
            }
            values += u64::from(!seen[value]);
            seen[value] = true;
            attempts += count;
        }
    }
    attempts >= ATTEMPTS_PER_VALUE_MIN * values
}

/// Values of `to` by values of `from`; a missing value of `from` says nothing, one of `to` is like a value.
fn follows(from: usize, to: usize, sides: [&Groups; 2]) -> bool {
    let mut known: Vec<Option<u32>> = Vec::new();
    for groups in sides {
        for (a, b) in groups.columns[from].iter().zip(&groups.columns[to]) {
            let index = *a as usize;
            if index == 0 {
                continue;
            }
            if known.len() <= index {
                known.resize(index + 1, None);
            }
            if *known[index].get_or_insert(*b) != *b {
                return false;
            }
        }
    }
    true
}
