//! What is new to a reader that knows the store as of some revision.

use usher_core::meeting::MeetingNumber;

use super::meetings::{decode_all, decode_number};
use super::{KeyRecord, Meeting, Store, StoreError, blocking};

/// What changed since a revision, of one moment.
#[derive(Debug)]
pub struct Changes {
    /// The revision that these changes lead to.
    pub revision: i64,
    /// The meetings are all that there are, not only the changed ones.
    pub is_everything: bool,
    pub meetings: Vec<Meeting>,
    /// The numbers of rows among them that can't be read.
    pub unreadable: Vec<i64>,
    pub deleted: Vec<MeetingNumber>,
    /// All keys: they are few.
    pub keys: Vec<KeyRecord>,
}

impl Store {
    /// What a reader that knows revision `known` (or nothing) has to learn; `None` if that is nothing.
    pub async fn changes_since(&self, known: Option<i64>) -> Result<Option<Changes>, StoreError> {
        self.read_changes(known)
            .await
            .map_err(|error| self.fault(&error))
    }

    async fn read_changes(&self, known: Option<i64>) -> Result<Option<Changes>, sqlx::Error> {
        let mut moment = self.read().await?;
        let revision: i64 = sqlx::query_scalar("SELECT revision FROM store")
            .fetch_one(&mut *moment)
            .await?;
        if known == Some(revision) {
            return Ok(None);
        }
        // A store behind its reader was restored from a backup: what the reader knows is worth nothing.
        let since = known.filter(|known| *known < revision);
        let rows = sqlx::query("SELECT * FROM meetings WHERE revision > $1")
            .bind(since.unwrap_or(-1))
            .fetch_all(&mut *moment)
            .await?;
        let deleted: Vec<i64> =
            sqlx::query_scalar("SELECT number FROM deleted_meetings WHERE revision > $1")
                .bind(since.unwrap_or(revision))
                .fetch_all(&mut *moment)
                .await?;
        let keys = sqlx::query_as("SELECT * FROM api_keys")
            .fetch_all(&mut *moment)
            .await?;
        let master_key = self.master_key.clone();
        // All meetings at once are much to decrypt.
        let (meetings, unreadable) = blocking(move || Ok(decode_all(&rows, &master_key))).await?;
        Ok(Some(Changes {
            revision,
            is_everything: since.is_none(),
            meetings,
            unreadable,
            // What is no number was no meeting.
            deleted: deleted
                .into_iter()
                .filter_map(|number| decode_number(number).ok())
                .collect(),
            keys,
        }))
    }
}
