//! Attempts counted by what they have in common: one group for all of the same dimensions in the same part of time.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use foldhash::fast::FixedState;
use jiff::{SignedDuration, Timestamp};

/// The most dimensions that are kept; more are left out, and named.
pub const DIMENSIONS_MAX: usize = 1024;
/// Parts of the baseline whose rates are compared with each other.
pub(super) const PARTS: u8 = 32;
/// The part of time of the window; the baseline's follow it.
pub(super) const WINDOW: u8 = 0;

/// Which attempts are searched, and which say what is usual. Half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    /// The time in question.
    pub window: Range<Timestamp>,
    /// The time that says what is usual. What of it lies in the window is the window's; without any, all outside the window says it.
    pub baseline: Range<Timestamp>,
}

/// A dimension: its values are numbered from 1, and 0 is none.
#[derive(Debug, Default)]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) values: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32, FixedState>,
    /// The value of each group; shorter than the groups where the last have none.
    column: Vec<u32>,
}

impl Dimension {
    fn number(&mut self, value: &str) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.values.len() + 1).unwrap_or(u32::MAX);
        self.values.push(value.into());
        self.numbers.insert(value.into(), number);
        number
    }

    fn of_group(&self, group: usize) -> u32 {
        self.column.get(group).copied().unwrap_or(0)
    }
}

/// Where the expected rates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// The baseline.
    Baseline,
    /// The baseline has no attempts: everything outside the window.
    Elsewhere,
    /// There are no attempts outside the window: one in a hundred is taken to fail, everywhere.
    Assumed,
}

/// Attempts of a window and of its baseline, single ones and counts alike.
///
/// A missing value is no value: no condition can be on it.
#[derive(Debug)]
pub struct Cube {
    spans: Spans,
    part: SignedDuration,
    pub(super) dimensions: Vec<Dimension>,
    by_name: HashMap<String, usize, FixedState>,
    groups: HashMap<u64, u32, FixedState>,
    counts: Vec<Count>,
    row: Vec<u32>,
    left_out: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    place: Place,
    attempts: u64,
    failed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Window,
    Baseline(u8),
    Elsewhere(u8),
}

/// Groups of one side, column by column; those with failures come first.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    pub(super) columns: Vec<Vec<u32>>,
    pub(super) attempts: Vec<u64>,
    pub(super) failed: Vec<u64>,
    /// Part of time.
    pub(super) part: Vec<u8>,
    /// How many of the groups have failures.
    pub(super) with_failures: usize,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.attempts.len()
    }
}

impl Cube {
    /// A cube without attempts.
    pub fn new(spans: Spans) -> Self {
        let length = |span: &Range<Timestamp>| span.end.duration_since(span.start);
        // A part is as long as the window, so that it shows what a window may differ by; but there are between 8 and 32.
        let part = match length(&spans.baseline) {
            SignedDuration::ZERO => length(&spans.window),
            baseline => length(&spans.window)
                .min(baseline / 8)
                .max(baseline / i32::from(PARTS)),
        };
        let part = part.max(SignedDuration::from_millis(1));
        Self {
            spans,
            part,
            dimensions: Vec::new(),
            by_name: HashMap::default(),
            groups: HashMap::default(),
            counts: Vec::new(),
            row: Vec::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// Adds attempts that began at that time and have the same dimensions: one, or a row of counts. `failed` beyond `attempts` is cut.
    pub fn add<'a>(
        &mut self,
        at: Timestamp,
        dims: impl IntoIterator<Item = (&'a str, &'a str)>,
        attempts: u64,
        failed: u64,
    ) {
        if attempts == 0 {
            return;
        }
        self.row.fill(0);
        for (position, (name, value)) in dims.into_iter().enumerate() {
            if value.is_empty() {
                continue;
            }
            if let Some(dimension) = self.dimension(position, name) {
                self.row[dimension] = self.dimensions[dimension].number(value);
            }
        }
        let place = self.place(at);
        let group = self.group(place);
        let count = &mut self.counts[group];
        count.attempts += attempts;
        count.failed += failed.min(attempts);
    }

    /// Rows mostly have their dimensions in one order, so the position is tried first.
    fn dimension(&mut self, position: usize, name: &str) -> Option<usize> {
        if self
            .dimensions
            .get(position)
            .is_some_and(|d| d.name == name)
        {
            return Some(position);
        }
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        if self.dimensions.len() == DIMENSIONS_MAX {
            if self.left_out.len() < DIMENSIONS_MAX {
                self.left_out.insert(name.to_owned());
            }
            return None;
        }
        let index = self.dimensions.len();
        self.dimensions.push(Dimension {
            name: name.to_owned(),
            ..Dimension::default()
        });
        self.by_name.insert(name.to_owned(), index);
        self.row.push(0);
        Some(index)
    }

    fn place(&self, at: Timestamp) -> Place {
        let part_since = |start: Timestamp| {
            let parts = at
                .duration_since(start)
                .as_millis()
                .div_euclid(self.part.as_millis());
            u8::try_from(parts.rem_euclid(i128::from(PARTS))).unwrap_or(0)
        };
        if self.spans.window.contains(&at) {
            Place::Window
        } else if self.spans.baseline.contains(&at) {
            Place::Baseline(part_since(self.spans.baseline.start))
        } else {
            Place::Elsewhere(part_since(self.spans.window.start))
        }
    }

    /// The group of the row that was read; a new one if there is none.
    fn group(&mut self, place: Place) -> usize {
        let mut key = self.key(place);
        loop {
            let Some(group) = self.groups.get(&key).copied() else {
                return self.new_group(key, place);
            };
            let group = group as usize;
            let is_same = self.counts[group].place == place
                && self
                    .dimensions
                    .iter()
                    .zip(&self.row)
                    .all(|(d, value)| d.of_group(group) == *value);
            if is_same {
                return group;
            }
            key = key.wrapping_add(1);
        }
    }

    /// Values that are missing don't enter, so that a dimension that comes later changes no key.
    fn key(&self, place: Place) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        place.hash(&mut hasher);
        for (dimension, value) in self.row.iter().enumerate() {
            if *value != 0 {
                hasher.write_u64((dimension as u64) << 32 | u64::from(*value));
            }
        }
        hasher.finish()
    }

    fn new_group(&mut self, key: u64, place: Place) -> usize {
        let group = self.counts.len();
        self.groups
            .insert(key, u32::try_from(group).unwrap_or(u32::MAX));
        self.counts.push(Count {
            place,
            attempts: 0,
            failed: 0,
        });
        for (dimension, value) in self.dimensions.iter_mut().zip(&self.row) {
            if *value != 0 {
                dimension.column.resize(group, 0);
                dimension.column.push(*value);
            }
        }
        group
    }

    /// Dimensions beyond [`DIMENSIONS_MAX`], sorted; of these at most as many again.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    /// The groups of the window.
    pub(super) fn window(&self) -> Groups {
        self.side(|place| (place == Place::Window).then_some(WINDOW))
    }

    /// The groups that say what is usual.
    pub(super) fn usual(&self) -> (Usual, Groups) {
        let baseline = self.side(|place| match place {
            Place::Baseline(part) => Some(part),
            _ => None,
        });
        if baseline.len() > 0 {
            return (Usual::Baseline, baseline);
        }
        let elsewhere = self.side(|place| match place {
            Place::Elsewhere(part) => Some(part),
            _ => None,
        });
        let usual = if elsewhere.len() > 0 {
            Usual::Elsewhere
        } else {
            Usual::Assumed
        };
        (usual, elsewhere)
    }

    fn side(&self, part_of: impl Fn(Place) -> Option<u8>) -> Groups {
        let of_side = |has_failures: bool| {
            let part_of = &part_of;
            self.counts
                .iter()
                .enumerate()
                .filter_map(move |(group, count)| {
                    let is_it = (count.failed > 0) == has_failures;
                    is_it.then_some(())?;
                    Some((group, count, part_of(count.place)?))
                })
        };
        let mut groups = Groups::default();
        let mut order = Vec::new();
        for (group, count, part) in of_side(true).chain(of_side(false)) {
            order.push(group);
            groups.attempts.push(count.attempts);
            groups.failed.push(count.failed);
            groups.part.push(part);
            groups.with_failures += usize::from(count.failed > 0);
        }
        groups.columns = self
            .dimensions
            .iter()
            .map(|dimension| {
                order
                    .iter()
                    .map(|group| dimension.of_group(*group))
                    .collect()
            })
            .collect();
        groups
    }
}
