//! What Zoom sent, kept before it is answered, and looked at until the attempt that it is about is found or not.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use usher_core::attempt::AttemptId;
use usher_core::meeting::MeetingNumber;

use super::journal::{attempt_id, chunked, to_json};
use super::{Store, StoreError, timestamp};

/// Rows of one transaction that deletes.
const CHUNK: u64 = 512;

/// A notification of Zoom's, without names and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Of the body, 32 hexadecimal digits: the same again is a duplicate.
    pub hash: String,
    pub received_at: Timestamp,
    /// When it happened, on Zoom's clock.
    pub at: Timestamp,
    /// Zoom's name of it.
    pub event: String,
    pub meeting: Option<MeetingNumber>,
    pub meeting_uuid: Option<String>,
    pub facts: NoticeFacts,
    pub hashes: NoticeHashes,
    /// Whether something is to be done about it.
    pub is_settled: bool,
}

/// What a notification says beyond what happened where and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeFacts {
    /// The `customer_key`, where it has the form of an attempt's id: another one is the product's own and may tell who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_reason: Option<String>,
    /// Names of a meeting's fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// Keyed hashes, in hexadecimal, of what tells who it is. Deleted when the notification is settled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeHashes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrant: Option<String>,
}

/// A notification that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueNotice {
    pub notice: Notice,
    /// How often nothing was found.
    pub tries: i64,
}

/// Which notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// About somebody in a meeting.
    Participants,
    /// About meetings that were changed.
    ChangedMeetings,
}

impl Wanted {
    fn condition(self) -> &'static str {
        match self {
            Wanted::Participants => "event <> 'meeting.updated'",
            Wanted::ChangedMeetings => "event = 'meeting.updated'",
        }
    }
}

impl Store {
    /// Adds notifications; says for each whether it was new. Those that are there already change nothing.
    pub async fn keep_notices(&self, notices: &[Notice]) -> Result<Vec<bool>, StoreError> {
        let sql = |error| self.write_fault(&error);
        let mut write = self.write().await?;
        let mut added = HashSet::new();
        let insert = "INSERT INTO notifications (hash, received_at, at, event, meeting, meeting_uuid, facts, hashes, try_at, tries) VALUES";
        let once = "ON CONFLICT DO NOTHING RETURNING hash";
        for (chunk, statement) in chunked(&write.transaction, notices, 10, insert, once) {
            let mut query = sqlx::query(statement);
            for notice in chunk {
                let hashes = (!notice.is_settled)
                    .then(|| to_json(&notice.hashes))
                    .transpose()
                    .map_err(sql)?;
                let try_at = (!notice.is_settled).then(|| notice.received_at.as_microsecond());
                query = query
                    .bind(&notice.hash)
                    .bind(notice.received_at.as_microsecond())
                    .bind(notice.at.as_microsecond())
                    .bind(&notice.event)
                    .bind(notice.meeting.map(number))
                    .bind(notice.meeting_uuid.as_ref())
                    .bind(to_json(&notice.facts).map_err(sql)?)
                    .bind(hashes)
                    .bind(try_at)
                    .bind(0_i64);
            }
            let rows = query.fetch_all(&mut *write.transaction).await;
            for row in rows.map_err(sql)? {
                added.insert(row.try_get::<String, _>("hash").map_err(sql)?);
            }
        }
        self.commit(write).await?;
        // Of two same ones in one batch, one is new.
        let is_new = |notice: &Notice| added.remove(&notice.hash);
        Ok(notices.iter().map(is_new).collect())
    }

    /// Notifications to look at, at most 128, in the order in which they happened.
    pub async fn due_notices(
        &self,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Vec<DueNotice>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let select = format!(
            "SELECT * FROM notifications WHERE try_at <= $1 AND {} ORDER BY at, received_at LIMIT 128",
            wanted.condition()
        );
        // Made of constants.
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(now.as_microsecond())
            .fetch_all(&self.reader)
            .await
            .map_err(fault)?;
        rows.iter()
            .map(decode)
            .collect::<Result<_, _>>()
            .map_err(fault)
    }

    /// Nothing more is to be done about it.
    pub async fn settle_notice(
        &self,
        hash: &str,
        attempt: Option<AttemptId>,
    ) -> Result<(), StoreError> {
        let write = sqlx::query(
            "UPDATE notifications SET attempt = $2, try_at = NULL, hashes = NULL WHERE hash = $1 AND try_at IS NOT NULL",
        );
        write
            .bind(hash)
            .bind(attempt.map(|id| id.to_bytes().to_vec()))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|error| self.write_fault(&error))
    }

    /// Nothing was found now; perhaps later.
    pub async fn postpone_notice(&self, hash: &str, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE notifications SET try_at = $2, tries = tries + 1 WHERE hash = $1 AND try_at IS NOT NULL")
            .bind(hash)
            .bind(until.as_microsecond())
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|error| self.write_fault(&error))
    }

    /// The attempts on a meeting from `from` until `to` whose name or registrant has one of these hashes: at most 64, out of the latest
    /// 5,000 of the meeting.
    pub async fn attempts_of(
        &self,
        meeting: MeetingNumber,
        hashes: &NoticeHashes,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<AttemptId>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let holds = self.place.either(
            "instr(personal, $4) > 0 OR instr(personal, $5) > 0",
            "position($4 in personal) > 0 OR position($5 in personal) > 0",
        );
        let select = format!(
            "SELECT id FROM (SELECT id FROM attempts WHERE meeting = $1 AND id >= $2 AND id < $3 AND phase <> 0 ORDER BY id DESC LIMIT 5000) AS latest \
             WHERE EXISTS (SELECT 1 FROM events WHERE attempt = latest.id AND attempt >= $2 AND attempt < $3 AND ({holds})) \
             ORDER BY id DESC LIMIT 64"
        );
        let entry = |field: &str, hash: Option<&String>| match hash {
            Some(hash) => format!("\"{field}\":\"{hash}\""),
            // No text of ours holds it.
            None => "\u{1}".to_owned(),
        };
        let bound = |at| AttemptId::first_of(at).to_bytes().to_vec();
        // Made of the constants above.
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(number(meeting))
            .bind(bound(from))
            .bind(bound(to))
            .bind(entry("name_hash", hashes.name.as_ref()))
            .bind(entry("registrant_hash", hashes.registrant.as_ref()))
            .fetch_all(&self.reader)
            .await
            .map_err(fault)?;
        let ids = rows.iter().map(|row| attempt_id(row, "id"));
        ids.collect::<Result<_, _>>().map_err(fault)
    }

    /// Zoom's ids of the meeting's instances that it told of between two moments, at most 16, the latest first.
    pub async fn meeting_instances(
        &self,
        meeting: MeetingNumber,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT meeting_uuid FROM notifications WHERE meeting = $1 AND at >= $2 AND at <= $3 AND meeting_uuid IS NOT NULL \
             AND event <> 'meeting.updated' GROUP BY meeting_uuid ORDER BY max(at) DESC LIMIT 16",
        )
        .bind(number(meeting))
        .bind(from.as_microsecond())
        .bind(to.as_microsecond())
        .fetch_all(&self.reader)
        .await
        .map_err(|error| self.fault(&error))
    }

    /// Counts them a day at a time, so that no single statement takes long.
    pub async fn notice_count(&self) -> Result<u64, StoreError> {
        const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
        let number = async |sql: &'static str, from: i64, to: i64| -> Result<Option<i64>, _> {
            let query = sqlx::query_scalar(sql).bind(from).bind(to);
            let number = query.fetch_one(&self.reader).await;
            number.map_err(|error| self.fault(&error))
        };
        let (mut count, mut from) = (0, i64::MIN);
        let first = "SELECT min(received_at) FROM notifications WHERE received_at >= $1 AND received_at <= $2";
        let of_day =
            "SELECT count(*) FROM notifications WHERE received_at >= $1 AND received_at < $2";
        while let Some(start) = number(first, from, i64::MAX).await? {
            from = start.saturating_add(DAY_US);
            let of_day = number(of_day, start, from).await?;
            count += of_day.unwrap_or_default().cast_unsigned();
        }
        Ok(count)
    }

    /// Deletes notifications that came before `before`; says how many.
    pub async fn expire_notices(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let chunk = sqlx::query(
                "DELETE FROM notifications WHERE hash IN (SELECT hash FROM notifications WHERE received_at < $1 LIMIT 512)",
            )
            .bind(before.as_microsecond())
            .execute(&self.writer)
            .await
            .map_err(|error| self.write_fault(&error))?
            .rows_affected();
            deleted += chunk;
            if chunk < CHUNK {
                return Ok(deleted);
            }
        }
    }
}

fn decode(row: &AnyRow) -> Result<DueNotice, sqlx::Error> {
    let json = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    let hashes: Option<&str> = row.try_get("hashes")?;
    let hashes = hashes.map(serde_json::from_str).transpose().map_err(json)?;
    let notice = Notice {
        hash: row.try_get("hash")?,
        received_at: timestamp(row.try_get("received_at")?)?,
        at: timestamp(row.try_get("at")?)?,
        event: row.try_get("event")?,
        meeting: row
            .try_get::<Option<i64>, _>("meeting")?
            .and_then(meeting_number),
        meeting_uuid: row.try_get("meeting_uuid")?,
        facts: serde_json::from_str(row.try_get("facts")?).map_err(json)?,
        hashes: hashes.unwrap_or_default(),
        is_settled: row.try_get::<Option<i64>, _>("try_at")?.is_none(),
    };
    Ok(DueNotice {
        notice,
        tries: row.try_get("tries")?,
    })
}

pub(super) fn number(meeting: MeetingNumber) -> i64 {
    meeting.as_u64().cast_signed()
}

pub(super) fn meeting_number(number: i64) -> Option<MeetingNumber> {
    MeetingNumber::from_u64(u64::try_from(number).ok()?).ok()
}
