//! Deleting: facts by whole days, what tells who it was earlier, and one person's data when they ask.

use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use usher_core::attempt::AttemptId;

use super::super::{Backend, Store, StoreError, Write, sqlite};
use super::counts::minute;
use super::partitions::{day_of, end_of, start_of};
use super::rows::{attempt_id, chunked};
use crate::config::Retention;

/// Rows of one transaction. In SQLite no other write gets in meanwhile, so it has to be short: some milliseconds.
const CHUNK: u32 = 512;

/// Beyond the time that Zoom's report may not be asked about a meeting again.
const REPORTS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What [`Store::expire`] deleted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Attempts of which it is not known any more whose they were.
    pub attempts: u64,
    /// Days of attempts and their events.
    pub days: u64,
    /// Notifications of Zoom's.
    pub notices: u64,
    /// Lines of witnesses.
    pub witness_lines: u64,
}

impl Store {
    /// Deletes all that is too old.
    pub async fn expire(
        &self,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Expired, StoreError> {
        let facts_from = retention.facts_from(now);
        let expired = Expired {
            attempts: self.expire_personal(retention.personal_from(now)).await?,
            days: self.expire_facts(facts_from).await?,
            notices: self.expire_notices(facts_from).await?,
            witness_lines: self.expire_witness_lines(facts_from).await?,
        };
        self.expire_reports(now - REPORTS_KEPT_FOR).await?;
        self.expire_settings(facts_from).await?;
        if expired != Expired::default() {
            let Expired {
                attempts,
                days,
                notices,
                witness_lines,
            } = expired;
            tracing::info!(
                attempts,
                days,
                notices,
                witness_lines,
                "personal data of attempts, facts of days, notifications and lines of witnesses are deleted, as the retention says"
            );
        }
        Ok(expired)
    }

    /// Deletes all that is told of the days (UTC) before the day of `before`: events, attempts and counts. Says how many days of
    /// attempts that were.
    pub async fn expire_facts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let first_kept = day_of(AttemptId::first_of(before));
        self.expire_counts(start_of(first_kept)).await?;
        match &*self.backend {
            Backend::Sqlite(_) => self.expire_rows(start_of(first_kept)).await,
            Backend::Postgres(_) => self
                .partitions
                .drop_before(&self.writer, first_kept)
                .await
                .map_err(|error| self.write_fault(&error)),
        }
    }

    /// Deletes what tells whose the attempts before `before` were; says how many attempts that were. Their facts stay, and so do the
    /// texts of their errors: they are Zoom's sentences, and two codes mean nothing without them. The raw objects go.
    pub async fn expire_personal(&self, before: Timestamp) -> Result<u64, StoreError> {
        // Every attempt with a participant has an event that says so.
        let select = "SELECT DISTINCT attempt AS id FROM events WHERE personal IS NOT NULL AND attempt < $1 AND attempt > $2 \
                      ORDER BY attempt LIMIT 512";
        let before = AttemptId::first_of(before).to_bytes().to_vec();
        let mut done = Progress::default();
        loop {
            let query = sqlx::query(select)
                .bind(before.as_slice())
                .bind(done.last.as_slice());
            let ids = self.ids(query).await?;
            if ids.is_empty() {
                return Ok(done.attempts);
            }
            let write = self.erase_personal(&ids).await?;
            // Listeners are not told: nobody looks at these any more.
            self.commit(write).await?;
            done.add(&ids);
        }
    }

    /// Deletes what tells that a person's attempts were theirs; says how many attempts that were. Their facts stay.
    pub async fn forget_participant(&self, participant: &str) -> Result<u64, StoreError> {
        // No stored text holds a NUL, which PostgreSQL would refuse.
        if participant.contains('\0') {
            return Ok(0);
        }
        let select =
            "SELECT id FROM attempts WHERE participant = $1 AND id > $2 ORDER BY id LIMIT 512";
        let mut done = Progress::default();
        loop {
            let query = sqlx::query(select)
                .bind(participant)
                .bind(done.last.as_slice());
            let ids = self.ids(query).await?;
            if ids.is_empty() {
                return Ok(done.attempts);
            }
            let write = self.erase_personal(&ids).await?;
            self.finish(write, ids.clone()).await?;
            done.add(&ids);
        }
    }

    /// `ids` are in order, so that two writers never wait for each other.
    pub(in super::super) async fn erase_personal(
        &self,
        ids: &[AttemptId],
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        if let Backend::Sqlite(_) = &*self.backend {
            sqlx::query(sqlite::OVERWRITE_DELETED)
                .execute(&mut *write.transaction)
                .await
                .map_err(|error| self.write_fault(&error))?;
        }
        // As an append does, so that none makes an attempt's row anew from what it read before.
        let lock = self.place.either(")", ") ORDER BY id FOR UPDATE");
        for (before, after) in [
            ("SELECT id FROM attempts WHERE id IN (", lock),
            (
                "UPDATE attempts SET participant = NULL WHERE id IN (",
                ") AND participant IS NOT NULL",
            ),
            (
                "UPDATE events SET personal = NULL WHERE attempt IN (",
                ") AND personal IS NOT NULL",
            ),
        ] {
            for (chunk, sql) in chunked(&write.transaction, ids, 1, before, after) {
                let mut query = sqlx::query(sql);
                for id in chunk {
                    query = query.bind(id.to_bytes().to_vec());
                }
                query
                    .execute(&mut *write.transaction)
                    .await
                    .map_err(|error| self.write_fault(&error))?;
            }
        }
        Ok(write)
    }

    async fn ids(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<Vec<AttemptId>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = query.fetch_all(&self.scanner).await.map_err(fault)?;
        let ids = rows.iter().map(|row| attempt_id(row, "id"));
        ids.collect::<Result<_, _>>().map_err(fault)
    }

    /// SQLite: day after day, each day's events before its attempts, so that an attempt's row is there as long as any of its events.
    async fn expire_rows(&self, before: Timestamp) -> Result<u64, StoreError> {
        let before = AttemptId::first_of(before);
        let mut days = 0;
        loop {
            let oldest = "SELECT id FROM attempts WHERE id < $1 ORDER BY id LIMIT 1";
            let oldest = self
                .ids(sqlx::query(oldest).bind(before.to_bytes().to_vec()))
                .await?;
            let Some(oldest) = oldest.first() else {
                return Ok(days);
            };
            let end = end_of(day_of(*oldest)).map_or(before, AttemptId::first_of);
            let end = end.to_bytes();
            for (table, id) in [("events", "attempt"), ("attempts", "id")] {
                let sql = format!(
                    "DELETE FROM {table} WHERE {id} <= (SELECT max({id}) FROM \
                     (SELECT {id} FROM {table} WHERE {id} < $1 ORDER BY {id} LIMIT {CHUNK}) AS oldest)"
                );
                while self
                    .delete_rows(sqlx::query(AssertSqlSafe(sql.clone())).bind(end.to_vec()))
                    .await?
                    > 0
                {}
            }
            days += 1;
        }
    }

    async fn expire_counts(&self, before: Timestamp) -> Result<(), StoreError> {
        // Jumps from one dimension to the next: the table's key begins with them, and there are few.
        let dims: Vec<String> = sqlx::query_scalar(
            "WITH RECURSIVE dims (dim) AS (SELECT min(dim) FROM minute_counts UNION ALL \
             SELECT (SELECT min(dim) FROM minute_counts WHERE dim > dims.dim) FROM dims WHERE dim IS NOT NULL) \
             SELECT dim FROM dims WHERE dim IS NOT NULL",
        )
        .fetch_all(&self.reader)
        .await
        .map_err(|error| self.fault(&error))?;
        let sql = format!(
            "DELETE FROM minute_counts WHERE dim = $1 AND minute <= (SELECT max(minute) FROM \
             (SELECT minute FROM minute_counts WHERE dim = $1 AND minute < $2 ORDER BY minute LIMIT {CHUNK}) AS oldest)"
        );
        for dim in dims {
            loop {
                let query = sqlx::query(AssertSqlSafe(sql.clone()))
                    .bind(dim.as_str())
                    .bind(minute(before));
                if self.delete_rows(query).await? == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// A transaction of its own; other writers come in between.
    async fn delete_rows(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let deleted = query
            .execute(&mut *write.transaction)
            .await
            .map_err(|error| self.write_fault(&error))?
            .rows_affected();
        self.commit(write).await?;
        Ok(deleted)
    }
}

/// How far it got through the attempts, in the order of their ids.
#[derive(Default)]
struct Progress {
    attempts: u64,
    last: Vec<u8>,
}

impl Progress {
    fn add(&mut self, ids: &[AttemptId]) {
        self.attempts += ids.len() as u64;
        if let Some(last) = ids.last() {
            self.last = last.to_bytes().to_vec();
        }
    }
}
