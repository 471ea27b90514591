//! Attempts counted by minute and by the value of each dimension, kept in step with the attempts' rows.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use usher_core::attempt::AttemptId;
use usher_core::attempt::story::{DIMENSIONS, Phase};

use super::rows::{AttemptRow, chunked};

/// Values of a dimension that are counted apart, per day and process; what comes later is counted as [`OTHER`]. Each may have a row in every
/// minute, so this bounds what an answer reads, however many attempts there are: of 500 hosts, a day of 20 million attempts took up to 1.8
/// times as long as one of 200,000, and with 100 up to 3 times (`scripts/bench-stats`). What is frequent comes early.
const VALUES_MAX: usize = 50;
/// Dimensions beside Usher's own that are counted, per day and process.
const NAMES_MAX: usize = 50;
/// Days whose values are remembered: today's, and that of the records which follow from a spool.
const DAYS_MAX: usize = 2;
/// Stands for values that are not counted apart.
pub const OTHER: &str = "(other)";
/// The dimension of failures' codes, beside those that attempts have.
pub const CODE: &str = "code";
/// The dimension with one value: everybody.
pub const EVERYBODY: &str = "";

/// The phases in the order of their columns.
pub(super) const PHASES: [Phase; 7] = Phase::ALL;

/// How a dimension of an attempt is counted if not by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Folded {
    /// As [`OTHER`].
    Value,
    /// Not at all: there are too many dimensions.
    Name,
}

/// The values of each dimension that are counted apart, of the days that came last, the latest in front.
#[derive(Debug, Default)]
pub(in super::super) struct KnownValues(Mutex<VecDeque<Known>>);

#[derive(Debug, Default)]
struct Known {
    day: i64,
    values: HashMap<String, HashSet<String>>,
}

impl KnownValues {
    /// Decides which dimensions of a row are not counted by their value. What was decided for a value before stays, or what is
    /// subtracted later would not be what was added.
    pub(super) fn fold(&self, row: &mut AttemptRow, before: Option<&AttemptRow>, today: i64) {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Known::of_day(&mut days, today);
        let mut folded = BTreeMap::new();
        for (name, value) in row.counted() {
            let was = before.filter(|before| before.counted().any(|old| old == (name, value)));
            let decided = match was {
                Some(before) => before.folded.get(name).copied(),
                None => known.admit(name, value),
            };
            if let Some(decided) = decided {
                folded.insert(name.to_owned(), decided);
            }
        }
        row.folded = folded;
    }
}

impl AttemptRow {
    /// The dimensions that it is counted by, with its values of them.
    fn counted(&self) -> impl Iterator<Item = (&str, &str)> {
        let code = self.code.as_deref().map(|code| (CODE, code));
        let dims = self.dims.iter();
        dims.map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(code)
    }
}

impl Known {
    /// What is known of a day; the one that was not asked for the longest is forgotten for a new one.
    fn of_day(days: &mut VecDeque<Self>, day: i64) -> &mut Self {
        match days.iter().position(|known| known.day == day) {
            Some(0) => {}
            Some(n) => days.swap(0, n),
            None => {
                days.truncate(DAYS_MAX - 1);
                days.push_front(Self {
                    day,
                    values: HashMap::new(),
                });
            }
        }
        &mut days[0]
    }

    /// `None` if the value is counted apart.
    fn admit(&mut self, name: &str, value: &str) -> Option<Folded> {
        if !self.values.contains_key(name) {
            if !is_own(name) && self.values.keys().filter(|name| !is_own(name)).count() >= NAMES_MAX
            {
                return Some(Folded::Name);
            }
            self.values.insert(name.to_owned(), HashSet::new());
        }
        let values = self.values.get_mut(name)?;
        if values.contains(value) {
            return None;
        }
        if values.len() >= VALUES_MAX {
            return Some(Folded::Value);
        }
        values.insert(value.to_owned());
        None
    }
}

/// Usher's own dimensions are counted whatever others there are.
fn is_own(name: &str) -> bool {
    name == CODE || DIMENSIONS.contains(&name)
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
        let dims = row
            .counted()
            .filter_map(|(name, value)| match row.folded.get(name) {
                None => Some((name, value)),
                Some(Folded::Value) => Some((name, OTHER)),
                Some(Folded::Name) => None,
            });
        for (name, value) in [(EVERYBODY, "")].into_iter().chain(dims) {
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

#[cfg(test)]
mod tests {
    use usher_core::attempt::story::Confirmation;

    use super::*;

    fn row(dims: &[(&str, &str)], code: Option<&str>) -> AttemptRow {
        let dims = dims
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        AttemptRow {
            id: AttemptId::first_of(Timestamp::UNIX_EPOCH),
            meeting: None,
            participant: None,
            phase: Phase::Failed,
            since: Timestamp::UNIX_EPOCH,
            code: code.map(str::to_owned),
            reason: None,
            passcode_from: None,
            confirmation: Confirmation::None,
            dims: dims.collect(),
            folded: BTreeMap::new(),
        }
    }

    /// What the row is counted by on that day.
    fn counted(known: &KnownValues, mut row: AttemptRow, day: i64) -> Vec<(String, String)> {
        known.fold(&mut row, None, day);
        let mut deltas = Deltas::default();
        deltas.add(&row);
        let keys = deltas.0.keys().filter(|(name, _, _)| *name != EVERYBODY);
        keys.map(|(name, _, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn pair(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn codes_beyond_so_many_are_counted_together_as_those_of_any_dimension() {
        let known = KnownValues::default();
        for n in 0..VALUES_MAX {
            let code = n.to_string();
            assert_eq!(counted(&known, row(&[], Some(&code)), 1), pair(CODE, &code));
        }
        assert_eq!(counted(&known, row(&[], Some("x")), 1), pair(CODE, OTHER));
        assert_eq!(counted(&known, row(&[], Some("7")), 1), pair(CODE, "7"));
    }

    #[test]
    fn dimensions_beyond_so_many_are_not_counted_but_ushers_own_are() {
        let known = KnownValues::default();
        for n in 0..NAMES_MAX {
            let name = format!("d{n}");
            assert_eq!(
                counted(&known, row(&[(&name, "x")], None), 1),
                pair(&name, "x")
            );
        }
        let mut late = row(&[("late", "x"), ("d7", "y"), ("browser", "z")], None);
        let expected = [pair("browser", "z"), pair("d7", "y")].concat();
        assert_eq!(counted(&known, late.clone(), 1), expected);
        // It stays so when the row is counted again by a process that knows of none.
        known.fold(&mut late, None, 1);
        let mut again = row(&[("late", "x"), ("d7", "y"), ("browser", "z")], None);
        KnownValues::default().fold(&mut again, Some(&late), 1);
        assert_eq!(again.folded, late.folded);
    }

    #[test]
    fn what_is_replayed_of_yesterday_does_not_make_today_forget() {
        let known = KnownValues::default();
        for n in 0..VALUES_MAX {
            let value = n.to_string();
            assert_eq!(
                counted(&known, row(&[("host", &value)], None), 2),
                pair("host", &value)
            );
            counted(&known, row(&[("host", "yesterday")], None), 1);
        }
        assert_eq!(
            counted(&known, row(&[("host", "x")], None), 2),
            pair("host", OTHER)
        );
        // The day before yesterday takes yesterday's place.
        counted(&known, row(&[("host", "x")], None), 0);
        assert_eq!(
            counted(&known, row(&[("host", "x")], None), 2),
            pair("host", OTHER)
        );
    }
}
