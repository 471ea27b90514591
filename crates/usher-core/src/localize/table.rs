//! Values by key: an array where keys are dense, a map where they are not.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// An array of so many numbers stays in the second-level cache.
const ALWAYS_DENSE: usize = 1 << 16;
/// 64 MiB of pairs: larger ones are maps.
const DENSE_MAX: usize = 1 << 22;
/// Clearing and reading that many numbers costs less than putting one into a map.
const PER_ITEM: usize = 4;

pub(super) enum Table<T> {
    Dense(Vec<T>),
    Sparse(HashMap<u64, T, FixedState>),
}

impl<T: Copy + Default> Table<T> {
    /// For keys below `size`, about `items` of them.
    pub(super) fn new(size: usize, items: usize) -> Self {
        let is_dense = size
            <= ALWAYS_DENSE
                .max(items.saturating_mul(PER_ITEM))
                .min(DENSE_MAX);
        if is_dense {
            Table::Dense(vec![T::default(); size])
        } else {
            Table::Sparse(HashMap::default())
        }
    }

    /// Changes the value of each key that is there; an array may take others, too, which is faster than to ask.
    #[inline]
    pub(super) fn update_known<I>(
        &mut self,
        items: impl Iterator<Item = (usize, I)>,
        update: impl Fn(&mut T, I),
    ) {
        match self {
            Table::Dense(values) => items.for_each(|(key, item)| update(&mut values[key], item)),
            Table::Sparse(values) => items.for_each(|(key, item)| {
                if let Some(value) = values.get_mut(&(key as u64)) {
                    update(value, item);
                }
            }),
        }
    }

    pub(super) fn set(&mut self, key: usize, value: T) {
        match self {
            Table::Dense(values) => values[key] = value,
            Table::Sparse(values) => {
                values.insert(key as u64, value);
            }
        }
    }

    pub(super) fn get(&self, key: usize) -> T {
        match self {
            Table::Dense(values) => values[key],
            Table::Sparse(values) => values.get(&(key as u64)).copied().unwrap_or_default(),
        }
    }
}

impl Table<u64> {
    /// Adds amounts to their keys.
    #[inline]
    pub(super) fn add(&mut self, items: impl Iterator<Item = (usize, u64)>) {
        match self {
            Table::Dense(sums) => items.for_each(|(key, amount)| sums[key] += amount),
            Table::Sparse(sums) => {
                items.for_each(|(key, amount)| *sums.entry(key as u64).or_default() += amount);
            }
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
