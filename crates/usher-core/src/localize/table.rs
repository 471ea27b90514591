//! Sums by key: an array where keys are dense, a map where they are not.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// An array of so many numbers stays in the second-level cache.
const ALWAYS_DENSE: usize = 1 << 16;
/// 64 MiB: larger ones are maps.
const DENSE_MAX: usize = 1 << 23;
/// Clearing and reading that many numbers costs about as much as putting one into a map.
const PER_ITEM: usize = 8;

pub(super) enum Table {
    Dense(Vec<u64>),
    Sparse(HashMap<u64, u64, FixedState>),
}

impl Table {
    /// For keys below `size`, about `items` of them.
    pub(super) fn new(size: usize, items: usize) -> Self {
        let is_dense = size
            <= ALWAYS_DENSE
                .max(items.saturating_mul(PER_ITEM))
                .min(DENSE_MAX);
        if is_dense {
            Table::Dense(vec![0; size])
        } else {
            Table::Sparse(HashMap::default())
        }
    }

    /// Adds amounts to their keys.
    pub(super) fn add(&mut self, items: impl Iterator<Item = (usize, u64)>) {
        match self {
            Table::Dense(sums) => items.for_each(|(key, amount)| sums[key] += amount),
            Table::Sparse(sums) => {
                items.for_each(|(key, amount)| *sums.entry(key as u64).or_default() += amount);
            }
        }
    }

    /// Adds amounts to keys that are there; an array may take others, too, which is faster than to ask.
    pub(super) fn add_to_known(&mut self, items: impl Iterator<Item = (usize, u64)>) {
        match self {
            Table::Dense(sums) => items.for_each(|(key, amount)| sums[key] += amount),
            Table::Sparse(sums) => items.for_each(|(key, amount)| {
                if let Some(sum) = sums.get_mut(&(key as u64)) {
                    *sum += amount;
                }
            }),
        }
    }

    pub(super) fn set(&mut self, key: usize, amount: u64) {
        match self {
            Table::Dense(sums) => sums[key] = amount,
            Table::Sparse(sums) => {
                sums.insert(key as u64, amount);
            }
        }
    }

    pub(super) fn get(&self, key: usize) -> u64 {
        match self {
            Table::Dense(sums) => sums[key],
            Table::Sparse(sums) => sums.get(&(key as u64)).copied().unwrap_or(0),
        }
    }

    /// Keys with a sum, in their order.
    pub(super) fn entries(&self) -> Vec<(usize, u64)> {
        match self {
            Table::Dense(sums) => {
                let sums = sums.iter().copied().enumerate();
                sums.filter(|(_, sum)| *sum > 0).collect()
            }
            Table::Sparse(sums) => {
                let mut entries: Vec<_> = sums
                    .iter()
                    .map(|(key, sum)| (*key as usize, *sum))
                    .collect();
                entries.sort_unstable();
                entries
            }
        }
    }
}
