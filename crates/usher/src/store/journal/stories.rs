//! The whole journal, in the order of time and in bounded memory: for what is exported or copied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;

use super::super::{Store, StoreError};
use super::events_of;
use super::partitions::{day_of, end_of};
use super::rows::attempt_id;

/// Some attempts, oldest first, each with its events.
#[derive(Debug)]
pub struct Stories {
    pub told: Vec<Vec<Event>>,
    /// The attempt to go on after; `None` if there are no more.
    pub next: Option<AttemptId>,
}

/// How much a journal holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct JournalSize {
    pub attempts: u64,
    pub events: u64,
}

impl Store {
    /// The oldest attempts from `from` on and before `to` that come after `after`.
    pub async fn stories(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        after: Option<AttemptId>,
    ) -> Result<Stories, StoreError> {
        self.read_stories(from, to, after)
            .await
            .map_err(|error| self.fault(&error))
    }

    async fn read_stories(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        after: Option<AttemptId>,
    ) -> Result<Stories, sqlx::Error> {
        const ATTEMPTS: usize = 256;
        let bound = |at: Option<Timestamp>, open: [u8; 16]| {
            at.map_or(open, |at| AttemptId::first_of(at).to_bytes())
                .to_vec()
        };
        let mut moment = self.read().await?;
        let rows = sqlx::query(
            "SELECT id FROM attempts WHERE id >= $1 AND id < $2 AND id > $3 AND phase <> 0 ORDER BY id LIMIT 256",
        )
        .bind(bound(from, [0; 16]))
        .bind(bound(to, [0xff; 16]))
        .bind(after.map_or(Vec::new(), |id| id.to_bytes().to_vec()))
        .fetch_all(&mut *moment)
        .await?;
        let ids = rows.iter().map(|row| attempt_id(row, "id"));
        let ids: Vec<AttemptId> = ids.collect::<Result<_, _>>()?;
        let mut told: BTreeMap<AttemptId, Vec<Event>> = BTreeMap::new();
        for event in events_of(&mut moment, &ids).await? {
            told.entry(event.attempt).or_default().push(event);
        }
        Ok(Stories {
            told: told.into_values().collect(),
            next: ids.last().copied().filter(|_| ids.len() == ATTEMPTS),
        })
    }

    /// Counts what there is, a day at a time, so that no single statement takes long.
    pub async fn journal_size(&self) -> Result<JournalSize, StoreError> {
        self.count_journal()
            .await
            .map_err(|error| self.fault(&error))
    }

    async fn count_journal(&self) -> Result<JournalSize, sqlx::Error> {
        let mut size = JournalSize::default();
        let mut from = Vec::new();
        loop {
            let first = sqlx::query("SELECT id FROM attempts WHERE id >= $1 ORDER BY id LIMIT 1")
                .bind(from.as_slice())
                .fetch_optional(&self.scanner)
                .await?;
            let Some(first) = first else {
                return Ok(size);
            };
            let day = day_of(attempt_id(&first, "id")?);
            // Greater than every id, after the last day there is.
            let to = end_of(day).map_or(vec![0xff; 17], |end| {
                AttemptId::first_of(end).to_bytes().to_vec()
            });
            for (count, sql) in [
                (
                    &mut size.attempts,
                    "SELECT count(*) FROM attempts WHERE id >= $1 AND id < $2 AND phase <> 0",
                ),
                (
                    &mut size.events,
                    "SELECT count(*) FROM events WHERE attempt >= $1 AND attempt < $2",
                ),
            ] {
                let of_day: i64 = sqlx::query_scalar(sql)
                    .bind(from.as_slice())
                    .bind(to.as_slice())
                    .fetch_one(&self.scanner)
                    .await?;
                *count += of_day.cast_unsigned();
            }
            from = to;
        }
    }

    /// The events of these attempts.
    pub(crate) async fn events_of_all(&self, ids: &[AttemptId]) -> Result<Vec<Event>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.scanner.acquire().await.map_err(fault)?;
        events_of(&mut reader, ids).await.map_err(fault)
    }
}
