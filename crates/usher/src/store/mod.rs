//! Meetings, API keys and the journal on disk, in SQLite or PostgreSQL: one method = one transaction.
//!
//! Each verb has one body of SQL for both, through sqlx's `Any`: `$1` placeholders, numbers as `i64`, yes and no as 1 and 0, JSON as text.
//! Where the two part is in `sqlite` and `postgres`. Every write to keys and meetings raises the store's revision and marks what it
//! touched, so that readers in memory ask for [`Store::changes_since`] instead of reading everything.

mod address;
mod announcements;
mod changes;
mod copy;
mod error;
mod journal;
mod key;
mod keys;
mod leader;
mod meeting;
mod meetings;
mod notifications;
mod postgres;
mod reports;
mod schema;
mod settings;
mod sqlite;
mod text;
mod witness_lines;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Any, AnyPool, Transaction};

use crate::seal::MasterKey;

use announcements::Announcements;
use journal::{Firsts, KnownValues, Partitions};

pub use address::{Address, Place};
pub use announcements::{DIRECTORY, Heard, Listener, Position};
pub use changes::Changes;
pub use copy::{DirectorySize, TakenNotices};
pub use error::StoreError;
pub use journal::{
    ATTEMPTS, Appended, AttemptFilter, AttemptPage, AttemptRow, CODE, EVERYBODY, Expired,
    JournalSize, LIMIT_MAX, OTHER, OutcomeCounts, Point, Stats, Steps, Stories,
};
pub use key::{ApiKey, KeyHash, KeyId, KeyRecord, Scope, Scopes};
pub use leader::Leadership;
pub use meeting::{Edit, Meeting, MeetingChange, Passcode};
pub use meetings::{MeetingPage, PAGE_MAX};
pub use notifications::{DueNotice, Notice, NoticeFacts, NoticeHashes, Wanted};
pub use reports::{AskedReport, ReportSpending};
pub use schema::{IfOlder, Schema};
pub use text::{Host, Name, Text, Topic};
pub use witness_lines::{LINES_MAX, LinePage, LinePlace, StoredLine};

/// How long a verb waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections for reads that are quick: of few rows, by a key. What keeps memory in step with the store is one of them.
const READERS: u32 = 4;
/// Connections for lists, counts and audits, which may be at work for seconds: so many that no quick read waits for them.
const SCANNERS: u32 = 4;

/// What to do about a store that is not there: no file, or no tables in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    /// An empty file is missing, too: SQLite would take it for a new store.
    Fail,
}

/// An open store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    place: Place,
    backend: Arc<Backend>,
    schema: Schema,
    master_key: Arc<MasterKey>,
    writer: AnyPool,
    /// For quick reads.
    reader: AnyPool,
    /// For reads that may take long.
    scanner: AnyPool,
    announcements: Arc<Announcements>,
    known_values: Arc<KnownValues>,
    partitions: Arc<Partitions>,
    firsts: Arc<Firsts>,
    /// Which rows of the counts are this process's.
    shard: i64,
    /// Why the last write failed, if it did.
    write_error: Arc<Mutex<Option<StoreError>>>,
}

/// Where SQLite and PostgreSQL part.
#[derive(Debug)]
enum Backend {
    Sqlite(sqlite::OpenFile),
    Postgres(postgres::Database),
}

struct Pools {
    writer: AnyPool,
    reader: AnyPool,
    scanner: AnyPool,
}

/// A write under way. Rolled back unless committed.
struct Write {
    transaction: Transaction<'static, Any>,
    /// For listeners in this process, once it is committed.
    announced: Vec<announcements::Entry>,
}

impl Store {
    /// Opens a store. Tables of the newest version are made where there are none; what is done about older ones is the caller's choice.
    pub async fn open(
        address: &Address,
        if_missing: IfMissing,
        if_older: IfOlder,
        master_key: Arc<MasterKey>,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let place = address.place();
        let (pools, backend) = match address {
            Address::Sqlite(file) => {
                let (pools, file) = sqlite::open(file, if_missing).await?;
                (pools, Backend::Sqlite(file))
            }
            Address::Postgres(url) => {
                let (pools, database) = postgres::open(url).await?;
                (pools, Backend::Postgres(database))
            }
        };
        let schema =
            schema::bring_up(schema::STEPS, &pools.writer, &place, if_missing, if_older).await?;
        let store = Self {
            place,
            backend: Arc::new(backend),
            schema,
            master_key,
            writer: pools.writer,
            reader: pools.reader,
            scanner: pools.scanner,
            announcements: Arc::new(Announcements::new()),
            known_values: Arc::default(),
            partitions: Arc::default(),
            firsts: Arc::default(),
            shard: i64::from(rand::random::<u8>()),
            write_error: Arc::default(),
        };
        store.claim().await?;
        Ok(store)
    }

    /// Whether what is open is still what is at its address.
    pub async fn check_in_place(&self) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(file) => file.check_in_place().await,
            // A name that leads to another server is noticed by the next connection only; what is open works.
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Why it can't be reached, if it can't, where all that is known is that no connection came in time.
    pub(crate) async fn reach(&self) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(file) => file.check_in_place().await,
            Backend::Postgres(database) => {
                database.reach().await.map_err(|error| self.fault(&error))
            }
        }
    }

    /// Whether it can be written, by a write that is taken back.
    pub(crate) async fn check_writable(&self) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE store SET revision = revision")
            .execute(&mut *write.transaction)
            .await
            .map_err(|error| self.write_fault(&error))?;
        write
            .transaction
            .rollback()
            .await
            .map_err(|error| self.write_fault(&error))
    }

    /// Closes its connections; what is under way ends first.
    pub async fn close(&self) {
        self.announcements.closed.cancel();
        self.reader.close().await;
        self.scanner.close().await;
        // Last: only one that may write empties SQLite's log into the file.
        self.writer.close().await;
    }

    /// What errors and the log call it.
    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// Why the last write failed, if it did.
    pub fn last_write_error(&self) -> Option<StoreError> {
        self.write_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether nothing was ever written to it.
    pub(crate) async fn is_fresh(&self) -> Result<bool, StoreError> {
        let revision: i64 = sqlx::query_scalar("SELECT revision FROM store")
            .fetch_one(&self.reader)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(revision == 0)
    }

    /// Marks a new store with the master key, or checks that it was marked with this one.
    async fn claim(&self) -> Result<(), StoreError> {
        let sql = |error| self.fault(&error);
        let read = || {
            sqlx::query_scalar::<_, Vec<u8>>("SELECT master_key_fingerprint FROM store")
                .fetch_optional(&self.writer)
        };
        let ours = self.master_key.fingerprint();
        let mut marked = read().await.map_err(sql)?;
        if marked.is_none() {
            sqlx::query("INSERT INTO store (only_row, master_key_fingerprint, revision) VALUES (1, $1, 0) ON CONFLICT DO NOTHING")
                .bind(ours.as_slice())
                .execute(&self.writer)
                .await
                .map_err(sql)?;
            marked = read().await.map_err(sql)?;
        }
        match marked {
            Some(theirs) if theirs == ours => Ok(()),
            _ => Err(StoreError::OtherMasterKey {
                place: self.place.clone(),
            }),
        }
    }

    /// Reading several things of one moment.
    async fn read(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        let begin = self.place.either(sqlite::BEGIN_READ, postgres::BEGIN_READ);
        self.reader.begin_with(begin).await
    }

    async fn write(&self) -> Result<Write, StoreError> {
        let begin = self
            .place
            .either(sqlite::BEGIN_WRITE, postgres::BEGIN_WRITE);
        let transaction = self
            .writer
            .begin_with(begin)
            .await
            .map_err(|error| self.write_fault(&error))?;
        Ok(Write {
            transaction,
            announced: Vec::new(),
        })
    }

    /// A write to keys or meetings, and the revision that it makes. One at a time: the others wait here.
    async fn revise(&self) -> Result<(Write, i64), StoreError> {
        let mut write = self.write().await?;
        let revision: i64 =
            sqlx::query_scalar("UPDATE store SET revision = revision + 1 RETURNING revision")
                .fetch_one(&mut *write.transaction)
                .await
                .map_err(|error| self.write_fault(&error))?;
        self.announce(&mut write, DIRECTORY, &revision.to_string())
            .await?;
        Ok((write, revision))
    }

    async fn commit(&self, write: Write) -> Result<(), StoreError> {
        write
            .transaction
            .commit()
            .await
            .map_err(|error| self.write_fault(&error))?;
        self.tell_listeners(write.announced);
        self.remember_write(None);
        Ok(())
    }

    fn write_fault(&self, error: &sqlx::Error) -> StoreError {
        if postgres::lacks_partition(error) {
            // Another instance dropped what this one knew to be there. The next try makes it again.
            self.partitions.forget();
        }
        let error = self.fault(error);
        self.remember_write(Some(error.clone()));
        error
    }

    fn remember_write(&self, error: Option<StoreError>) {
        *self
            .write_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn fault(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of_sql(error, &self.place)
    }
}

/// What takes long (the file system, much to decrypt), away from the threads that answer requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn timestamp(microseconds: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(microseconds).map_err(|error| sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
impl Store {
    /// One in SQLite for a test, empty, with the folder that it is in.
    pub(crate) async fn temporary() -> (tempfile::TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let file = Address::Sqlite(folder.path().join("usher.sqlite"));
        let key = Arc::new(MasterKey::generate().unwrap());
        let store = Self::open(&file, IfMissing::Create, IfOlder::Refuse, key).await;
        (folder, store.unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_on_disk_before_it_is_answered() {
        let (_folder, store) = Store::temporary().await;
        let pragma = async |sql: &'static str| -> i64 {
            sqlx::query_scalar(sql)
                .fetch_one(&store.writer)
                .await
                .unwrap()
        };
        // FULL, as <https://www.sqlite.org/pragma.html#pragma_synchronous> numbers it.
        assert_eq!(pragma("PRAGMA synchronous").await, 2);
        assert_eq!(pragma("PRAGMA busy_timeout").await, 2000);
    }

    #[tokio::test]
    async fn what_is_too_long_to_be_announced_is_heard_as_a_gap() {
        let (_folder, store) = Store::temporary().await;
        let mut listener = store.listen();
        let mut write = store.write().await.unwrap();
        for payload in ["a b", &"x".repeat(8000)] {
            store.announce(&mut write, "topic", payload).await.unwrap();
        }
        store.commit(write).await.unwrap();
        let first = Heard::Announcement {
            topic: "topic".to_owned(),
            payload: "a b".to_owned(),
        };
        assert_eq!(listener.next().await, Some(first));
        assert_eq!(listener.next().await, Some(Heard::Gap));
    }

    #[tokio::test]
    async fn a_full_disk_is_named_and_the_store_goes_on_when_there_is_room_again() {
        let (_folder, store) = Store::temporary().await;
        let add_key = async || {
            let key = ApiKey::generate().unwrap();
            let name = Name::new("name", "x").unwrap();
            let scopes = Scopes::parse("mint").unwrap();
            store
                .add_key(&key, name, scopes, Timestamp::UNIX_EPOCH)
                .await
        };
        let limit_pages = async |pages| {
            let pragma = format!("PRAGMA max_page_count = {pages}");
            sqlx::query(sqlx::AssertSqlSafe(pragma))
                .execute(&store.writer)
                .await
                .unwrap();
        };
        // To SQLite, a file that may not grow is a full disk. It rolls back by itself here, as it does there.
        limit_pages(12).await;
        let mut kept = 0;
        let error = loop {
            match add_key().await {
                Ok(_) => kept += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), "store_full");
        assert!(error.to_string().contains("usher.sqlite"));
        assert_eq!(store.last_write_error(), Some(error));
        limit_pages(1000).await;
        add_key().await.unwrap();
        assert_eq!(store.last_write_error(), None);
        assert_eq!(store.keys().await.unwrap().len(), kept + 1);
    }
}
