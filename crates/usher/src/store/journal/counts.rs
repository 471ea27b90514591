//! Attempts counted by minute and by the value of each dimension, kept in step with the attempts' rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sqlx::AnyConnection;
use usher_core::attempt::AttemptId;
use usher_core::attempt::story::Phase;

use super::rows::{AttemptRow, chunked};

/// Values of a dimension that are counted apart, per day and process; what comes later is counted as [`OTHER`].
const VALUES_MAX: usize = 500;
/// Stands for values that are not counted apart.
pub const OTHER: &str = "(other)";
/// The dimension of failures' codes, beside those that attempts have.
pub const CODE: &str = "code";
/// The dimension with one value: everybody.
pub const EVERYBODY: &str = "";

/// The phases in the order of their columns.
pub(super) const PHASES: [Phase; 7] = Phase::ALL;

/// The values of each dimension that are counted apart today.
#[derive(Debug, Default)]
pub(in super::super) struct KnownValues(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    day: i64,
    values: HashMap<String, HashSet<String>>,
}

impl KnownValues {
    /// Which dimensions' values are counted as [`OTHER`]. What was decided for a value before stays, or what is subtracted later would
    /// not be what was added.
    pub(super) fn fold(&self, row: &mut AttemptRow, before: Option<&AttemptRow>, today: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.day != today {
            *known = Known {
                day: today,
                values: HashMap::new(),
            };
        }
        let mut folded = Vec::new();
        for (name, value) in &row.dims {
            let was = before.filter(|before| before.dims.get(name) == Some(value));
            let is_folded = match was {
                Some(before) => before.folded.contains(name),
                None => !known.admit(name, value),
            };
            if is_folded {
                folded.push(name.clone());
            }
        }
        row.folded = folded;
    }
}

impl Known {
    fn admit(&mut self, name: &str, value: &str) -> bool {
        if !self.values.contains_key(name) {
            self.values.insert(name.to_owned(), HashSet::new());
        }
        let Some(values) = self.values.get_mut(name) else {
            return false;
        };
        if values.contains(value) {
            return true;
        }
        let has_room = values.len() < VALUES_MAX;
        if has_room {
            values.insert(value.to_owned());
        }
        has_room
    }
}

/// What a write adds to the counts and takes off them.
#[derive(Debug, Default)]
pub(super) struct Deltas<'r>(BTreeMap<(&'r str, i64, &'r str), [i64; PHASES.len()]>);

impl<'r> Deltas<'r> {
    pub(super) fn add(&mut self, row: &'r AttemptRow) {
        self.count(row, 1);
    }

    pub(super) fn take_off(&mut self, row: &'r AttemptRow) {
        self.count(row, -1);
    }

    fn count(&mut self, row: &'r AttemptRow, by: i64) {
        let minute = minute_of(row.id);
        let column = PHASES.iter().position(|phase| *phase == row.phase);
        let code = row.code.as_deref().map(|code| (CODE, code));
        let dims = row.dims.iter().map(|(name, value)| {
            let value = if row.folded.contains(name) {
                OTHER
            } else {
                value
            };
            (name.as_str(), value)
        });
        for (name, value) in [(EVERYBODY, "")].into_iter().chain(code).chain(dims) {
            let counts = self.0.entry((name, minute, value)).or_default();
            if let Some(column) = column {
                counts[column] += by;
            }
        }
    }

    /// In the order of the primary key, so that two writers never wait for each other.
    pub(super) async fn write(
        self,
        connection: &mut AnyConnection,
        shard: i64,
    ) -> Result<(), sqlx::Error> {
        let rows: Vec<_> = self
            .0
            .into_iter()
            .filter(|(_, counts)| counts.iter().any(|count| *count != 0))
            .collect();
        let insert = "INSERT INTO minute_counts (dim, minute, value, shard, minted, loaded, called, waiting, silent, failed, joined) VALUES";
        let add = "ON CONFLICT (dim, minute, value, shard) DO UPDATE SET minted = minute_counts.minted + excluded.minted, \
            loaded = minute_counts.loaded + excluded.loaded, called = minute_counts.called + excluded.called, \
            waiting = minute_counts.waiting + excluded.waiting, silent = minute_counts.silent + excluded.silent, \
            failed = minute_counts.failed + excluded.failed, joined = minute_counts.joined + excluded.joined";
        for (chunk, sql) in chunked(connection, &rows, 11, insert, add) {
            let mut query = sqlx::query(sql);
            for ((dim, minute, value), counts) in chunk {
                query = query.bind(*dim).bind(*minute).bind(*value).bind(shard);
                for count in counts {
                    query = query.bind(*count);
                }
            }
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// Minutes since 1970.
pub(super) fn minute_of(id: AttemptId) -> i64 {
    id.unix_ms().div_euclid(60_000)
}

/// The minute that a moment is in, since 1970.
pub(super) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}
