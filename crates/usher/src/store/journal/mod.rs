//! The journal: events, which are only ever added, and for each attempt the row that they make.

mod counts;
mod partitions;
mod read;
mod retention;
mod rows;
mod signatures;
mod stats;
mod stories;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Source};
use usher_core::attempt::origin::PasscodeFrom;
use usher_core::attempt::story::Story;

use super::{Backend, Store, StoreError, Write};
use counts::Deltas;
use rows::decode_event;

pub(super) use counts::KnownValues;
pub(super) use partitions::Partitions;
pub(super) use rows::{attempt_id, chunked, to_json};

pub use counts::{CODE, EVERYBODY, OTHER};
pub use read::{AttemptFilter, AttemptPage, LIMIT_MAX};
pub use retention::Expired;
pub use rows::AttemptRow;
pub use stats::{OutcomeCounts, Point, Stats, Steps};
pub use stories::{JournalSize, Stories};

/// Attempts changed; the payload is their ids, separated by spaces.
pub const ATTEMPTS: &str = "attempts";
/// Ids in one announcement; with more, listeners are told of a gap.
const ANNOUNCED_MAX: usize = 200;

/// What became of events that were given to [`Store::append`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Appended {
    /// For each event, in their order: whether it was new.
    pub is_new: Vec<bool>,
}

impl Store {
    /// Adds events, and brings their attempts' rows and the counts up to date: all of it or nothing. Events that are there already
    /// change nothing, so that whoever does not know whether an earlier call got through calls again.
    pub async fn append(&self, events: &[Event]) -> Result<Appended, StoreError> {
        self.make_partitions(events).await?;
        // Most writes are mints of new attempts, of which nothing has to be read.
        let are_new_mints = events.iter().all(|event| event.source == Source::Mint) && {
            let mut seen = HashSet::new();
            events.iter().all(|event| seen.insert(event.attempt))
        };
        if are_new_mints && self.append_new(events).await? {
            return Ok(Appended {
                is_new: vec![true; events.len()],
            });
        }
        self.append_any(events).await
    }

    /// Adds the only events of new attempts; `false`, and nothing is added, if they turn out to be known.
    async fn append_new(&self, events: &[Event]) -> Result<bool, StoreError> {
        let sql = |error| self.write_fault(&error);
        let mut write = self.write().await?;
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let Some(story) = Story::of([event]) else {
                continue;
            };
            let mut row = AttemptRow::of(event.attempt, &story);
            self.known_values.fold(&mut row, None, today(event));
            rows.push(row);
        }
        rows.sort_by_key(|row| row.id);
        let added = insert_attempts(&mut write.transaction, &rows, "ON CONFLICT DO NOTHING")
            .await
            .map_err(sql)?;
        if added < rows.len() as u64 {
            return Ok(false);
        }
        let events: Vec<&Event> = events.iter().collect();
        insert_events(&mut write.transaction, &events)
            .await
            .map_err(sql)?;
        self.count(&mut write, &rows, &BTreeMap::new()).await?;
        self.finish(write, rows.iter().map(|row| row.id)).await?;
        Ok(true)
    }

    async fn append_any(&self, events: &[Event]) -> Result<Appended, StoreError> {
        let sql = |error| self.write_fault(&error);
        let mut write = self.write().await?;
        let ids: BTreeSet<AttemptId> = events.iter().map(|event| event.attempt).collect();
        let ids: Vec<AttemptId> = ids.into_iter().collect();
        let before = lock_attempts(&mut write.transaction, &ids)
            .await
            .map_err(sql)?;
        let known = events_of(&mut write.transaction, &ids).await.map_err(sql)?;
        let mut told: BTreeMap<AttemptId, Vec<&Event>> = BTreeMap::new();
        for event in &known {
            told.entry(event.attempt).or_default().push(event);
        }
        let mut new = Vec::new();
        let is_new: Vec<bool> = events
            .iter()
            .map(|event| {
                let told = told.entry(event.attempt).or_default();
                let is_same = |other: &&Event| other.source == event.source && other.id == event.id;
                let is_new = !told.iter().any(is_same);
                if is_new {
                    told.push(event);
                    new.push(event);
                }
                is_new
            })
            .collect();
        let touched: BTreeSet<AttemptId> = new.iter().map(|event| event.attempt).collect();
        let mut rows = Vec::with_capacity(touched.len());
        for id in touched {
            let events = told.get(&id).into_iter().flatten().copied();
            let Some(story) = Story::of(events) else {
                continue;
            };
            let mut row = AttemptRow::of(id, &story);
            let newest = new.iter().rev().find(|event| event.attempt == id);
            let today = newest.map_or(0, |event| today(event));
            self.known_values.fold(&mut row, before.get(&id), today);
            rows.push(row);
        }
        insert_events(&mut write.transaction, &new)
            .await
            .map_err(sql)?;
        insert_attempts(&mut write.transaction, &rows, REPLACE)
            .await
            .map_err(sql)?;
        self.count(&mut write, &rows, &before).await?;
        self.finish(write, rows.iter().map(|row| row.id)).await?;
        Ok(Appended { is_new })
    }

    /// Counts the rows instead of those that they replace.
    async fn count(
        &self,
        write: &mut Write,
        rows: &[AttemptRow],
        before: &BTreeMap<AttemptId, AttemptRow>,
    ) -> Result<(), StoreError> {
        let mut deltas = Deltas::default();
        for row in rows {
            if let Some(before) = before.get(&row.id) {
                deltas.take_off(before);
            }
            deltas.add(row);
        }
        deltas
            .write(&mut write.transaction, self.shard)
            .await
            .map_err(|error| self.write_fault(&error))
    }

    /// Tells who listens, and commits.
    async fn finish(
        &self,
        mut write: Write,
        changed: impl ExactSizeIterator<Item = AttemptId>,
    ) -> Result<(), StoreError> {
        let count = changed.len();
        if count > 0 {
            let payload = if count <= ANNOUNCED_MAX {
                let ids: Vec<String> = changed.map(|id| id.to_string()).collect();
                ids.join(" ")
            } else {
                String::new()
            };
            self.announce(&mut write, ATTEMPTS, &payload).await?;
        }
        self.commit(write).await
    }

    /// Makes ready for attempts of today and tomorrow, so that no mint at midnight waits for it.
    pub async fn make_ready_for(&self, now: Timestamp) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(_) => {
                let days = [now, now + SignedDuration::from_hours(24)];
                let days = days.map(|at| partitions::day_of(AttemptId::first_of(at)));
                self.partitions
                    .make(&self.writer, days.into_iter())
                    .await
                    .map_err(|error| self.write_fault(&error))
            }
        }
    }

    /// A table's part for each day that the events are of, where the store has such.
    async fn make_partitions(&self, events: &[Event]) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(_) => {
                let days = events.iter().map(|event| partitions::day_of(event.attempt));
                self.partitions
                    .make(&self.writer, days)
                    .await
                    .map_err(|error| self.write_fault(&error))
            }
        }
    }
}

fn today(event: &Event) -> i64 {
    counts::minute(event.received_at).div_euclid(24 * 60)
}

const REPLACE: &str = "ON CONFLICT (id) DO UPDATE SET meeting = excluded.meeting, participant = excluded.participant, \
    phase = excluded.phase, since = excluded.since, code = excluded.code, reason = excluded.reason, \
    passcode_from = excluded.passcode_from, confirmation = excluded.confirmation, dims = excluded.dims, folded = excluded.folded";

async fn insert_attempts(
    connection: &mut AnyConnection,
    rows: &[AttemptRow],
    on_conflict: &str,
) -> Result<u64, sqlx::Error> {
    let mut added = 0;
    let insert = "INSERT INTO attempts (id, meeting, participant, phase, since, code, reason, passcode_from, confirmation, dims, folded) VALUES";
    for (chunk, sql) in chunked(connection, rows, 11, insert, on_conflict) {
        let mut query: rows::AnyQuery<'_> = sqlx::query(sql);
        for row in chunk {
            let folded = (!row.folded.is_empty())
                .then(|| to_json(&row.folded))
                .transpose()?;
            query = query
                .bind(row.id.to_bytes().to_vec())
                .bind(row.meeting)
                .bind(row.participant.clone())
                .bind(row.phase.number())
                .bind(row.since.as_microsecond())
                .bind(row.code.clone())
                .bind(row.reason.clone())
                .bind(row.passcode_from.map(PasscodeFrom::as_str))
                .bind(row.confirmation.number())
                .bind(to_json(&row.dims)?)
                .bind(folded);
        }
        added += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(added)
}

async fn insert_events(
    connection: &mut AnyConnection,
    events: &[&Event],
) -> Result<(), sqlx::Error> {
    let insert =
        "INSERT INTO events (attempt, source, id, kind, at, received_at, facts, personal) VALUES";
    for (chunk, sql) in chunked(connection, events, 8, insert, "ON CONFLICT DO NOTHING") {
        let mut query: rows::AnyQuery<'_> = sqlx::query(sql);
        for event in chunk {
            let personal = (!event.personal.is_empty())
                .then(|| to_json(&event.personal))
                .transpose()?;
            query = query
                .bind(event.attempt.to_bytes().to_vec())
                .bind(event.source.number())
                .bind(event.id.clone())
                .bind(event.kind.number())
                .bind(event.at.as_microsecond())
                .bind(event.received_at.as_microsecond())
                .bind(to_json(&event.facts)?)
                .bind(personal);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Keeps other writers away from these attempts until the transaction ends, and tells the rows that there were. Those that there were
/// not are made, or there would be nothing to lock.
async fn lock_attempts(
    connection: &mut AnyConnection,
    ids: &[AttemptId],
) -> Result<BTreeMap<AttemptId, AttemptRow>, sqlx::Error> {
    let mut before = BTreeMap::new();
    // Phase 0 is none: a row that was only made to be locked.
    let insert = "INSERT INTO attempts (id, phase, since, confirmation, dims) VALUES";
    let lock = "ON CONFLICT (id) DO UPDATE SET phase = attempts.phase RETURNING *";
    for (chunk, sql) in chunked(connection, ids, 5, insert, lock) {
        let mut query = sqlx::query(sql);
        for id in chunk {
            query = query
                .bind(id.to_bytes().to_vec())
                .bind(0_i64)
                .bind(0_i64)
                .bind(0_i64)
                .bind("{}");
        }
        for row in query.fetch_all(&mut *connection).await? {
            if sqlx::Row::try_get::<i64, _>(&row, "phase")? != 0 {
                let row = AttemptRow::decode(&row)?;
                before.insert(row.id, row);
            }
        }
    }
    Ok(before)
}

async fn events_of(
    connection: &mut AnyConnection,
    ids: &[AttemptId],
) -> Result<Vec<Event>, sqlx::Error> {
    let mut events = Vec::new();
    let select = "SELECT * FROM events WHERE attempt IN (";
    for (chunk, sql) in chunked(connection, ids, 1, select, ")") {
        let mut query = sqlx::query(sql);
        for id in chunk {
            query = query.bind(id.to_bytes().to_vec());
        }
        for row in query.fetch_all(&mut *connection).await? {
            events.push(decode_event(&row)?);
        }
    }
    Ok(events)
}
