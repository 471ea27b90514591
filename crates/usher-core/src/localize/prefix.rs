//! Slices of one combination of dimensions, and which groups are in them: what the search extends by one more condition.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::expectation::{Frame, Side};
use super::score::bound_by_failures;
use super::slice::Slice;
use super::table::Table;

/// A dimension's values by group, numbered anew: 0 for those that can't be part of an answer.
pub(super) struct Columns<'a> {
    pub(super) dimension: usize,
    pub(super) window: Cow<'a, [u32]>,
    pub(super) usual: Cow<'a, [u32]>,
    /// The cube's number of each; `None` where they are the same.
    pub(super) values: Option<Vec<u32>>,
    pub(super) width: usize,
}

impl Columns<'_> {
    fn value(&self, number: usize) -> u32 {
        match &self.values {
            Some(values) => values[number],
            None => u32::try_from(number).unwrap_or(u32::MAX),
        }
    }
}

/// Slices of one combination of dimensions that may have an answer within them.
pub(super) struct Prefix<'p> {
    pub(super) slices: Vec<Slice>,
    pub(super) window: Rows,
    with_failures: usize,
    usual: OnceCell<Rows>,
    /// Where `usual` comes from.
    parent: Option<(&'p Prefix<'p>, &'p Columns<'p>, Table<u32>)>,
    frame: &'p Frame,
}

/// Groups, and which slice each is in: 1 is the first, 0 none.
pub(super) struct Rows {
    /// `None`: all of them, in their order, which is read faster than picked.
    groups: Option<Vec<u32>>,
    slices: Vec<u32>,
}

impl<'p> Prefix<'p> {
    pub(super) fn root(frame: &'p Frame) -> Self {
        Self {
            slices: vec![Slice::default()],
            window: Rows::all(&frame.window),
            with_failures: frame.window.groups.with_failures,
            usual: OnceCell::new(),
            parent: None,
            frame,
        }
    }

    pub(super) fn usual(&self) -> &Rows {
        self.usual.get_or_init(|| match &self.parent {
            None => Rows::all(&self.frame.usual),
            Some((parent, columns, numbers)) => {
                parent
                    .usual()
                    .numbered(&columns.usual, columns.width, numbers)
            }
        })
    }

    /// Keys for one more condition: slice times value.
    pub(super) fn size(&self, columns: &Columns<'_>) -> usize {
        (self.slices.len() + 1) * columns.width
    }

    /// Failures of each slice with one more condition.
    pub(super) fn failures(&self, columns: &Columns<'_>) -> Vec<(usize, u64)> {
        let mut failed = Table::<u64>::new(self.size(columns), self.with_failures);
        let groups = &self.frame.window.groups;
        match &self.window.groups {
            None => {
                let keys = self.window.slices[..self.with_failures]
                    .iter()
                    .zip(&*columns.window);
                let keys =
                    keys.map(|(slice, value)| *slice as usize * columns.width + *value as usize);
                failed.add(keys.zip(groups.failed.iter().copied()));
            }
            Some(picked) => {
                let rows = picked[..self.with_failures].iter().zip(&self.window.slices);
                failed.add(rows.map(|(group, slice)| {
                    let group = *group as usize;
                    let key = *slice as usize * columns.width + columns.window[group] as usize;
                    (key, groups.failed[group])
                }));
            }
        }
        let mut entries = failed.entries();
        entries.retain(|(key, _)| key % columns.width != 0 && *key >= columns.width);
        entries
    }

    pub(super) fn slice(&self, columns: &Columns<'_>, key: usize) -> Slice {
        let value = columns.value(key % columns.width);
        self.slices[key / columns.width - 1].and(columns.dimension, value)
    }

    /// With one more condition, where `need` can still be reached.
    pub(super) fn refined(&'p self, columns: &'p Columns<'p>, need: f64) -> Self {
        let mut numbers = Table::<u32>::new(self.size(columns), self.window.slices.len());
        let mut slices = Vec::new();
        for (key, failed) in self.failures(columns) {
            if bound_by_failures(failed as f64) >= need {
                slices.push(self.slice(columns, key));
                numbers.set(key, slices.len() as u32);
            }
        }
        let window = if slices.is_empty() {
            Rows::none()
        } else {
            self.window
                .numbered(&columns.window, columns.width, &numbers)
        };
        let all_with_failures = self.frame.window.groups.with_failures;
        Self {
            with_failures: match &window.groups {
                None => all_with_failures,
                Some(groups) => {
                    groups.partition_point(|group| (*group as usize) < all_with_failures)
                }
            },
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
            groups: Some(Vec::new()),
            slices: Vec::new(),
        }
    }

    fn all(side: &Side) -> Self {
        Self {
            groups: None,
            slices: vec![1; side.groups.len()],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slices.len()
    }

    /// Key (slice times value) and group, of each.
    pub(super) fn keys<'a>(
        &'a self,
        column: &'a [u32],
        width: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let picked = self.groups.as_deref();
        self.slices.iter().enumerate().map(move |(row, slice)| {
            let group = picked.map_or(row, |picked| picked[row] as usize);
            (*slice as usize * width + column[group] as usize, group)
        })
    }

    /// Adds a pair of numbers of each group to its key.
    pub(super) fn add_pairs(
        &self,
        column: &[u32],
        width: usize,
        pairs: &[[f64; 2]],
        sums: &mut Table<[f64; 2]>,
    ) {
        let add = |sum: &mut [f64; 2], pair: [f64; 2]| {
            sum[0] += pair[0];
            sum[1] += pair[1];
        };
        match &self.groups {
            None => {
                let keys = self.slices.iter().zip(column);
                let keys = keys.map(|(slice, value)| *slice as usize * width + *value as usize);
                sums.update_known(keys.zip(pairs.iter().copied()), add);
            }
            Some(picked) => {
                let rows = picked.iter().zip(&self.slices).map(|(group, slice)| {
                    let group = *group as usize;
                    (
                        *slice as usize * width + column[group] as usize,
                        pairs[group],
                    )
                });
                sums.update_known(rows, add);
            }
        }
    }

    /// Those whose key has a number, with it. Few are picked, of many all stay.
    fn numbered(&self, column: &[u32], width: usize, numbers: &Table<u32>) -> Self {
        let slices: Vec<u32> = self
            .keys(column, width)
            .map(|(key, _)| numbers.get(key))
            .collect();
        let count = slices.iter().filter(|slice| **slice != 0).count();
        if self.groups.is_none() && count * 2 > slices.len() {
            return Self {
                groups: None,
                slices,
            };
        }
        let picked = self.groups.as_deref();
        let mut rows = Self::none();
        rows.slices.reserve(count);
        let groups = rows.groups.get_or_insert_with(Vec::new);
        groups.reserve(count);
        for (row, slice) in slices
            .into_iter()
            .enumerate()
            .filter(|(_, slice)| *slice != 0)
        {
            groups.push(picked.map_or(row as u32, |picked| picked[row]));
            rows.slices.push(slice);
        }
        rows
    }
}
