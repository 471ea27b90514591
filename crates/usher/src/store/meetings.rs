//! The verbs of meetings.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use usher_core::meeting::MeetingNumber;

use super::{Meeting, MeetingChange, Name, Passcode, Store, StoreError, Text, Write, timestamp};
use crate::seal::MasterKey;
use crate::zoom::ZoomMeeting;

/// The most meetings on a page.
pub const PAGE_MAX: u32 = 200;

/// Some meetings in the order of their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct MeetingPage {
    pub meetings: Vec<Meeting>,
    /// The number to go on after; `None` on the last page.
    pub next: Option<MeetingNumber>,
}

impl Store {
    /// Adds a meeting; an error if the number is known.
    pub async fn register(
        &self,
        number: MeetingNumber,
        change: &MeetingChange,
        at: Timestamp,
    ) -> Result<Meeting, StoreError> {
        let (mut write, revision) = self.revise().await?;
        if self.find(&mut write.transaction, number).await?.is_some() {
            return Err(StoreError::MeetingExists(number));
        }
        let mut meeting = Meeting::new(number, at);
        meeting.change(change, at);
        self.put(write, revision, meeting).await
    }

    /// Adds or updates a meeting by what Zoom says of it.
    pub async fn import(
        &self,
        zoom: &ZoomMeeting,
        account: &Name,
        at: Timestamp,
    ) -> Result<Meeting, StoreError> {
        let (mut write, revision) = self.revise().await?;
        let known = self.find(&mut write.transaction, zoom.number).await?;
        let mut meeting = known.unwrap_or_else(|| Meeting::new(zoom.number, at));
        meeting.learn(zoom, account, at);
        self.put(write, revision, meeting).await
    }

    /// Changes a meeting; `None` if the number is unknown.
    pub async fn change(
        &self,
        number: MeetingNumber,
        change: &MeetingChange,
        at: Timestamp,
    ) -> Result<Option<Meeting>, StoreError> {
        let (mut write, revision) = self.revise().await?;
        let Some(mut meeting) = self.find(&mut write.transaction, number).await? else {
            return Ok(None);
        };
        meeting.change(change, at);
        self.put(write, revision, meeting).await.map(Some)
    }

    /// Forgets a meeting; says whether it was known.
    pub async fn delete(&self, number: MeetingNumber) -> Result<bool, StoreError> {
        let sql = |error| self.write_fault(&error);
        let (mut write, revision) = self.revise().await?;
        let number = number.as_u64().cast_signed();
        let deleted = sqlx::query("DELETE FROM meetings WHERE number = $1")
            .bind(number)
            .execute(&mut *write.transaction)
            .await
            .map_err(sql)?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO deleted_meetings (number, revision) VALUES ($1, $2)")
            .bind(number)
            .bind(revision)
            .execute(&mut *write.transaction)
            .await
            .map_err(sql)?;
        self.commit(write).await?;
        Ok(true)
    }

    /// One meeting.
    pub async fn meeting(&self, number: MeetingNumber) -> Result<Option<Meeting>, StoreError> {
        let mut reader = self
            .reader
            .acquire()
            .await
            .map_err(|error| self.fault(&error))?;
        self.find(&mut reader, number).await
    }

    /// The meetings after a number, all or those whose number, topic or host holds a text, in either case (of ASCII letters;
    /// in PostgreSQL of those that its locale knows).
    pub async fn meetings(
        &self,
        search: Option<&str>,
        after: Option<MeetingNumber>,
        limit: u32,
    ) -> Result<MeetingPage, StoreError> {
        let limit = limit.clamp(1, PAGE_MAX) as usize;
        if search.is_some_and(|text| text.contains('\0')) {
            // No stored text holds a NUL, and to LIKE it would end the pattern.
            return Ok(MeetingPage {
                meetings: Vec::new(),
                next: None,
            });
        }
        // People write numbers with spaces and dashes.
        let digits = search
            .map(|text| text.replace([' ', '-'], ""))
            .filter(|text| !text.is_empty());
        let rows = sqlx::query(
            r"SELECT * FROM meetings WHERE number > $1 AND ($2 IS NULL OR lower(topic) LIKE lower($2) ESCAPE '\'
                OR lower(host) LIKE lower($2) ESCAPE '\' OR CAST(number AS TEXT) LIKE $3 ESCAPE '\') ORDER BY number LIMIT $4",
        )
        .bind(after.map_or(0, |number| number.as_u64().cast_signed()))
        .bind(search.map(pattern))
        .bind(digits.as_deref().map(pattern))
        // One more tells whether there is a next page.
        .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
        .fetch_all(&self.reader)
        .await
        .map_err(|error| self.fault(&error))?;
        let page = rows.get(..limit).unwrap_or(&rows);
        // Not that of the last meeting: the last row may be one that can't be read.
        let last = page.iter().rev().find_map(|row| number_of(row).ok());
        Ok(MeetingPage {
            meetings: decode_all(page, &self.master_key).0,
            next: last.filter(|_| rows.len() > limit),
        })
    }

    async fn find(
        &self,
        connection: &mut AnyConnection,
        number: MeetingNumber,
    ) -> Result<Option<Meeting>, StoreError> {
        let row = sqlx::query("SELECT * FROM meetings WHERE number = $1")
            .bind(number.as_u64().cast_signed())
            .fetch_optional(connection)
            .await
            .map_err(|error| self.fault(&error))?;
        row.map(|row| decode(&row, &self.master_key))
            .transpose()
            .map_err(|error| StoreError::MeetingUnreadable {
                number,
                place: self.place.clone(),
                detail: error.to_string(),
            })
    }

    async fn put(
        &self,
        mut write: Write,
        revision: i64,
        meeting: Meeting,
    ) -> Result<Meeting, StoreError> {
        let sql = |error| self.write_fault(&error);
        let sealed = self
            .master_key
            .seal(meeting.passcode.expose().as_bytes(), &place(meeting.number));
        let sealed = sealed.map_err(|error| sql(sqlx::Error::Encode(error.into())))?;
        sqlx::query("DELETE FROM deleted_meetings WHERE number = $1")
            .bind(meeting.number.as_u64().cast_signed())
            .execute(&mut *write.transaction)
            .await
            .map_err(sql)?;
        sqlx::query(
            "INSERT INTO meetings (number, uuid, topic, host, account, app, passcode, settings, needs_registration, created_at, \
             updated_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (number) DO UPDATE SET uuid = excluded.uuid, topic = excluded.topic, host = excluded.host, \
             account = excluded.account, app = excluded.app, passcode = excluded.passcode, settings = excluded.settings, \
             needs_registration = excluded.needs_registration, created_at = excluded.created_at, \
             updated_at = excluded.updated_at, revision = excluded.revision",
        )
        .bind(meeting.number.as_u64().cast_signed())
        .bind(meeting.uuid.as_deref())
        .bind(meeting.topic.as_deref())
        .bind(meeting.host.as_deref())
        .bind(meeting.account.as_deref())
        .bind(meeting.app.as_deref())
        .bind(sealed)
        .bind(meeting.settings.as_ref().map(ToString::to_string))
        .bind(i64::from(meeting.needs_registration))
        .bind(meeting.created_at.as_microsecond())
        .bind(meeting.updated_at.as_microsecond())
        .bind(revision)
        .execute(&mut *write.transaction)
        .await
        .map_err(sql)?;
        self.commit(write).await?;
        Ok(meeting)
    }
}

/// Where a passcode belongs, so that it opens in its own row only.
fn place(number: MeetingNumber) -> String {
    format!("passcode of meeting {number}")
}

/// A `LIKE` pattern for a text as it stands.
fn pattern(text: &str) -> String {
    let escaped = text
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    format!("%{escaped}%")
}

pub(super) fn decode_number(number: i64) -> Result<MeetingNumber, sqlx::Error> {
    MeetingNumber::from_u64(number.cast_unsigned())
        .map_err(|refusal| sqlx::Error::Decode(refusal.into()))
}

fn number_of(row: &AnyRow) -> Result<MeetingNumber, sqlx::Error> {
    decode_number(row.try_get("number")?)
}

/// The meetings that can be read, and the numbers of those that can't: one damaged row takes no other with it.
pub(super) fn decode_all(rows: &[AnyRow], master_key: &MasterKey) -> (Vec<Meeting>, Vec<i64>) {
    let (mut meetings, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match decode(row, master_key) {
            Ok(meeting) => meetings.push(meeting),
            Err(error) => {
                let number = row.try_get("number").unwrap_or_default();
                tracing::warn!(
                    meeting = number,
                    "a meeting can't be read, it is left out: {error}"
                );
                unreadable.push(number);
            }
        }
    }
    (meetings, unreadable)
}

fn decode(row: &AnyRow, master_key: &MasterKey) -> Result<Meeting, sqlx::Error> {
    fn text<const MAX: usize>(
        row: &AnyRow,
        column: &str,
    ) -> Result<Option<Text<MAX>>, sqlx::Error> {
        Ok(row.try_get::<Option<&str>, _>(column)?.map(Text::stored))
    }
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    let number = number_of(row)?;
    let passcode = master_key
        .open(row.try_get("passcode")?, &place(number))
        .map_err(|error| broken(error.into()))?;
    let passcode = std::str::from_utf8(&passcode).map_err(|error| broken(error.into()))?;
    let settings = row
        .try_get::<Option<&str>, _>("settings")?
        .map(serde_json::from_str);
    Ok(Meeting {
        number,
        uuid: text(row, "uuid")?,
        topic: text(row, "topic")?,
        host: text(row, "host")?,
        account: text(row, "account")?,
        app: text(row, "app")?,
        passcode: Passcode::stored(passcode.to_owned()),
        settings: settings.transpose().map_err(|error| broken(error.into()))?,
        needs_registration: row.try_get::<i64, _>("needs_registration")? != 0,
        created_at: timestamp(row.try_get("created_at")?)?,
        updated_at: timestamp(row.try_get("updated_at")?)?,
    })
}
