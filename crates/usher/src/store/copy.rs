//! From one store into another that is sealed with the same key. Doing it again adds what is new and changes nothing else.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Source};

use super::{LINES_MAX, LinePlace, Store, StoreError, Stories};

/// How many keys and meetings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectorySize {
    pub meetings: u64,
    pub keys: u64,
}

/// Some of another store's notifications that were taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNotices {
    /// How many were read.
    pub read: u64,
    /// Those of which something was new: all of it, or that they are settled.
    pub new: u64,
    /// The one to go on after; `None` if there are no more.
    pub next: Option<String>,
}

impl Store {
    /// Takes over keys and meetings as they stand in the other store, with their hashes and sealed passcodes. Of a meeting that both have,
    /// the version that was changed last stays; a key that is revoked in one of them is revoked.
    ///
    /// What the other store has no more is kept here: nobody knows whether it was deleted there or made here.
    pub async fn take_directory_of(&self, other: &Store) -> Result<(), StoreError> {
        let theirs = |error: sqlx::Error| other.fault(&error);
        let mut moment = other.read().await.map_err(theirs)?;
        let meetings = sqlx::query("SELECT * FROM meetings")
            .fetch_all(&mut *moment)
            .await
            .map_err(theirs)?;
        let keys = sqlx::query("SELECT * FROM api_keys")
            .fetch_all(&mut *moment)
            .await
            .map_err(theirs)?;
        drop(moment);
        let ours = |error: sqlx::Error| self.write_fault(&error);
        let (mut write, revision) = self.revise().await?;
        for row in &meetings {
            put_meeting(&mut write.transaction, row, revision)
                .await
                .map_err(ours)?;
        }
        for row in &keys {
            put_key(&mut write.transaction, row).await.map_err(ours)?;
        }
        self.commit(write).await
    }

    /// Takes over a page of what the other store's witnesses said. Says how many lines were new, and where to go on.
    pub async fn take_lines_of(
        &self,
        other: &Store,
        after: Option<&LinePlace>,
    ) -> Result<(u64, Option<LinePlace>), StoreError> {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        let page = other.lines(None, from, to, after, LINES_MAX).await?;
        Ok((self.keep_lines(&page.lines).await?, page.next))
    }

    /// Takes over attempts with all their events, and deletes here what tells whose they were where it is deleted there. Says how many
    /// events were new.
    pub async fn take_stories(&self, stories: &Stories) -> Result<u64, StoreError> {
        let ids: Vec<AttemptId> = stories
            .told
            .iter()
            .filter_map(|events| events.first())
            .map(|event| event.attempt)
            .collect();
        let ours = self.events_of_all(&ids).await?;
        let known: HashMap<_, &Event> = ours.iter().map(|event| (identity(event), event)).collect();
        let mut new = Vec::new();
        let mut to_erase = BTreeSet::new();
        for event in stories.told.iter().flatten() {
            match known.get(&identity(event)) {
                None => new.push(event.clone()),
                Some(ours) if event.personal.is_empty() && !ours.personal.is_empty() => {
                    to_erase.insert(event.attempt);
                }
                Some(_) => {}
            }
        }
        if !new.is_empty() {
            self.append(&new).await?;
        }
        if !to_erase.is_empty() {
            let ids: Vec<AttemptId> = to_erase.into_iter().collect();
            let write = self.erase_personal(&ids).await?;
            self.commit(write).await?;
        }
        Ok(new.len() as u64)
    }

    /// Takes over the other store's notifications that come after `after`, in the order of their hashes. What is settled in one of the
    /// two is settled here.
    ///
    /// Take them before the stories: a settled one's event is in the other store's journal by then.
    pub async fn take_notices_of(
        &self,
        other: &Store,
        after: Option<&str>,
    ) -> Result<TakenNotices, StoreError> {
        const NOTICES: usize = 512;
        let theirs = |error: sqlx::Error| other.fault(&error);
        let rows =
            sqlx::query("SELECT * FROM notifications WHERE hash > $1 ORDER BY hash LIMIT 512")
                .bind(after.unwrap_or_default())
                .fetch_all(&other.reader)
                .await
                .map_err(theirs)?;
        let last = rows.last().filter(|_| rows.len() == NOTICES);
        let next = last.map(|row| row.try_get("hash"));
        let next = next.transpose().map_err(theirs)?;
        let mut new = 0;
        if !rows.is_empty() {
            let mut write = self.write().await?;
            for row in &rows {
                new += put_notice(&mut write.transaction, row)
                    .await
                    .map_err(|error| self.write_fault(&error))?;
            }
            self.commit(write).await?;
        }
        Ok(TakenNotices {
            read: rows.len() as u64,
            new,
            next,
        })
    }

    pub async fn directory_size(&self) -> Result<DirectorySize, StoreError> {
        let count = async |sql: &'static str| -> Result<u64, StoreError> {
            let count: i64 = sqlx::query_scalar(sql)
                .fetch_one(&self.reader)
                .await
                .map_err(|error| self.fault(&error))?;
            Ok(count.cast_unsigned())
        };
        Ok(DirectorySize {
            meetings: count("SELECT count(*) FROM meetings").await?,
            keys: count("SELECT count(*) FROM api_keys").await?,
        })
    }
}

fn identity(event: &Event) -> (AttemptId, Source, &str) {
    (event.attempt, event.source, &event.id)
}

async fn put_meeting(
    connection: &mut AnyConnection,
    row: &AnyRow,
    revision: i64,
) -> Result<(), sqlx::Error> {
    let number: i64 = row.try_get("number")?;
    sqlx::query("DELETE FROM deleted_meetings WHERE number = $1")
        .bind(number)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO meetings (number, uuid, topic, host, account, app, passcode, settings, needs_registration, created_at, \
         updated_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (number) DO UPDATE SET uuid = excluded.uuid, topic = excluded.topic, host = excluded.host, \
         account = excluded.account, app = excluded.app, passcode = excluded.passcode, settings = excluded.settings, \
         needs_registration = excluded.needs_registration, created_at = excluded.created_at, \
         updated_at = excluded.updated_at, revision = excluded.revision WHERE excluded.updated_at > meetings.updated_at",
    )
    .bind(number)
    .bind(row.try_get::<Option<&str>, _>("uuid")?)
    .bind(row.try_get::<Option<&str>, _>("topic")?)
    .bind(row.try_get::<Option<&str>, _>("host")?)
    .bind(row.try_get::<Option<&str>, _>("account")?)
    .bind(row.try_get::<Option<&str>, _>("app")?)
    .bind(row.try_get::<&[u8], _>("passcode")?)
    .bind(row.try_get::<Option<&str>, _>("settings")?)
    .bind(row.try_get::<i64, _>("needs_registration")?)
    .bind(row.try_get::<i64, _>("created_at")?)
    .bind(row.try_get::<i64, _>("updated_at")?)
    .bind(revision)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_key(connection: &mut AnyConnection, row: &AnyRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO api_keys (id, name, scopes, sha256, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET revoked_at = coalesce(api_keys.revoked_at, excluded.revoked_at)",
    )
    .bind(row.try_get::<&str, _>("id")?)
    .bind(row.try_get::<&str, _>("name")?)
    .bind(row.try_get::<&str, _>("scopes")?)
    .bind(row.try_get::<&[u8], _>("sha256")?)
    .bind(row.try_get::<i64, _>("created_at")?)
    .bind(row.try_get::<Option<i64>, _>("revoked_at")?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says whether anything was new: 1 or 0.
async fn put_notice(connection: &mut AnyConnection, row: &AnyRow) -> Result<u64, sqlx::Error> {
    let put = sqlx::query(
        "INSERT INTO notifications (hash, received_at, at, event, meeting, meeting_uuid, facts, hashes, attempt, try_at, tries) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (hash) DO UPDATE SET attempt = excluded.attempt, hashes = NULL, try_at = NULL \
         WHERE excluded.try_at IS NULL AND notifications.try_at IS NOT NULL",
    )
    .bind(row.try_get::<&str, _>("hash")?)
    .bind(row.try_get::<i64, _>("received_at")?)
    .bind(row.try_get::<i64, _>("at")?)
    .bind(row.try_get::<&str, _>("event")?)
    .bind(row.try_get::<Option<i64>, _>("meeting")?)
    .bind(row.try_get::<Option<&str>, _>("meeting_uuid")?)
    .bind(row.try_get::<&str, _>("facts")?)
    .bind(row.try_get::<Option<&str>, _>("hashes")?)
    .bind(row.try_get::<Option<&[u8]>, _>("attempt")?)
    .bind(row.try_get::<Option<i64>, _>("try_at")?)
    .bind(row.try_get::<i64, _>("tries")?)
    .execute(connection)
    .await?;
    Ok(put.rows_affected())
}
