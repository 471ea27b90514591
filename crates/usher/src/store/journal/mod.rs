//! The journal: events, which are only ever added, and for each attempt the row that they make.

mod counts;
mod firsts;
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
pub(super) use firsts::{Firsts, ID_PREFIX as FIRST_ID_PREFIX};
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

/// Events of one attempt that browsers may tell. All of them are read again with each new one, so that nobody may have many; a page that
/// goes on telling for hours has told what matters by then.
const BROWSER_EVENTS_MAX: usize = 200;

/// What became of events that were given to [`Store::append`], in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Whether it was new, and was added.
    pub is_new: Vec<bool>,
    /// Whether it was new and was left out: browsers have told as much of its attempt as is kept.
    pub is_dropped: Vec<bool>,
}

impl Store {
    /// Adds events, and brings their attempts' rows and the counts up to date: all of it or nothing. Events that are there already
    /// change nothing, so that whoever does not know whether an earlier call got through calls again.
    pub async fn append(&self, events: &[Event]) -> Result<Appended, StoreError> {
        self.make_partitions(events).await?;
        // An attempt begins with one of these. Of a new one nothing has to be read, and most writes are of new ones.
        let begins = |event: &&Event| matches!(event.source, Source::Mint | Source::Import);
        let presumed_new = events.iter().filter(begins).map(|event| event.attempt);
        let presumed_new: HashSet<AttemptId> = presumed_new.collect();
        if !presumed_new.is_empty()
            && let Some(appended) = self.try_append(events, &presumed_new).await?
        {
            return Ok(appended);
        }
        let appended = self.try_append(events, &HashSet::new()).await?;
        Ok(appended.unwrap_or_default())
    }

    /// `None`, and nothing is added, if an attempt that was presumed to be new is not.
    async fn try_append(
        &self,
        events: &[Event],
        presumed_new: &HashSet<AttemptId>,
    ) -> Result<Option<Appended>, StoreError> {
        let sql = |error| self.write_fault(&error);
        let mut write = self.write().await?;
        let ids: BTreeSet<AttemptId> = events.iter().map(|event| event.attempt).collect();
        let may_be_known = ids.into_iter().filter(|id| !presumed_new.contains(id));
        let may_be_known: Vec<AttemptId> = may_be_known.collect();
        let before = lock_attempts(&mut write.transaction, &may_be_known)
            .await
            .map_err(sql)?;
        let known = events_of(&mut write.transaction, &may_be_known)
            .await
            .map_err(sql)?;
        let (stories, appended) = tell(&known, events);
        let added: Vec<&Event> = events
            .iter()
            .zip(&appended.is_new)
            .filter_map(|(event, is_new)| is_new.then_some(event))
            .collect();
        let (new_rows, rows) = self.rows_of(&stories, &added, presumed_new, &before);
        let inserted = insert_attempts(&mut write.transaction, &new_rows, "ON CONFLICT DO NOTHING")
            .await
            .map_err(sql)?;
        if inserted < new_rows.len() as u64 {
            return Ok(None);
        }
        insert_attempts(&mut write.transaction, &rows, REPLACE)
            .await
            .map_err(sql)?;
        insert_events(&mut write.transaction, &added)
            .await
            .map_err(sql)?;
        let rows = || new_rows.iter().chain(&rows);
        self.count(&mut write, rows(), &before).await?;
        let firsts = self.firsts.of(rows(), &added);
        if !firsts.is_empty() {
            // If this fails, they have to be found again.
            let written = self.insert_lines(&mut write, &firsts).await;
            let new = written.inspect_err(|_| self.firsts.forget())?;
            self.firsts.were_known(firsts.len() as u64 - new);
        }
        let finished = self.finish(write, rows().map(|row| row.id).collect());
        finished.await.inspect_err(|_| self.firsts.forget())?;
        Ok(Some(appended))
    }

    /// The rows of the attempts that events were added to, in the order of their ids: of those presumed to be new, and of the others.
    fn rows_of(
        &self,
        stories: &BTreeMap<AttemptId, Vec<&Event>>,
        added: &[&Event],
        presumed_new: &HashSet<AttemptId>,
        before: &BTreeMap<AttemptId, AttemptRow>,
    ) -> (Vec<AttemptRow>, Vec<AttemptRow>) {
        let newest: BTreeMap<AttemptId, &Event> =
            added.iter().map(|event| (event.attempt, *event)).collect();
        let row = |(id, newest): (AttemptId, &Event)| {
            let events = stories.get(&id)?.iter().copied();
            let mut row = AttemptRow::of(id, &Story::of(events)?);
            self.known_values
                .fold(&mut row, before.get(&id), today(newest));
            Some(row)
        };
        let rows = newest.into_iter().filter_map(row);
        rows.partition(|row| presumed_new.contains(&row.id))
    }

    /// Counts the rows instead of those that they replace.
    async fn count(
        &self,
        write: &mut Write,
        rows: impl Iterator<Item = &AttemptRow>,
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
    async fn finish(&self, mut write: Write, changed: Vec<AttemptId>) -> Result<(), StoreError> {
        if !changed.is_empty() {
            let payload = if changed.len() <= ANNOUNCED_MAX {
                let ids: Vec<String> = changed.iter().map(AttemptId::to_string).collect();
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

/// The stories that known events and those to be added make together, and what becomes of these.
fn tell<'e>(
    known: &'e [Event],
    events: &'e [Event],
) -> (BTreeMap<AttemptId, Vec<&'e Event>>, Appended) {
    let mut stories: BTreeMap<AttemptId, Vec<&Event>> = BTreeMap::new();
    for event in known {
        stories.entry(event.attempt).or_default().push(event);
    }
    let mut appended = Appended::default();
    for event in events {
        let story = stories.entry(event.attempt).or_default();
        let is_same = |other: &&Event| other.source == event.source && other.id == event.id;
        let is_known = story.iter().any(is_same);
        let is_dropped = !is_known && event.source == Source::Browser && is_full(story);
        appended.is_new.push(!is_known && !is_dropped);
        appended.is_dropped.push(is_dropped);
        if !is_known && !is_dropped {
            story.push(event);
        }
    }
    (stories, appended)
}

fn is_full(story: &[&Event]) -> bool {
    let told = story.iter().filter(|event| event.source == Source::Browser);
    told.count() >= BROWSER_EVENTS_MAX
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
