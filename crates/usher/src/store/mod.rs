//! Meetings and API keys on disk: one SQLite file, one method = one transaction.
//!
//! One connection writes, so that writers queue here and not in SQLite's busy handler; others read beside it (WAL). Every
//! write raises the store's revision and marks what it touched, so that readers in memory ask for [`Store::changes_since`] instead of
//! reading everything; `PRAGMA data_version` would tell them that something changed, but not what.

mod changes;
mod error;
mod key;
mod keys;
mod meeting;
mod meetings;
mod text;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqlSafeStr, Sqlite, Transaction};

use crate::seal::{self, MasterKey};

pub use changes::Changes;
pub use error::StoreError;
pub use key::{ApiKey, KeyHash, KeyId, KeyRecord, Scope, Scopes};
pub use meeting::{Edit, Meeting, MeetingChange, Passcode};
pub use meetings::{MeetingPage, PAGE_MAX};
pub use text::{Host, Name, Text, Topic};

/// How long a write waits for another process's. Longer than any transaction here, shorter than a caller's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
const WAL_RETRY_INTERVAL: Duration = Duration::from_millis(10);
/// How long a verb waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers beside the writer: listing is rare, minting doesn't read.
const READERS: u32 = 4;

/// The last of the files in `migrations/sqlite`.
const NEWEST_MIGRATION: i64 = 1;

/// What to do about a file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    /// An empty file is missing, too: SQLite would take it for a new store.
    Fail,
}

/// An open store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    file: Arc<Path>,
    inode: Inode,
    master_key: Arc<MasterKey>,
    writer: SqlitePool,
    reader: SqlitePool,
    /// Why the last write failed, if it did.
    write_error: Arc<Mutex<Option<StoreError>>>,
}

/// Device and number: tells a file from another one that took its path.
type Inode = (u64, u64);

impl Store {
    /// Opens the SQLite file and brings its tables up to date.
    pub async fn open(
        file: &Path,
        if_missing: IfMissing,
        master_key: Arc<MasterKey>,
    ) -> Result<Self, StoreError> {
        let path = file.to_owned();
        let inode = blocking(move || prepare(&path, if_missing))
            .await
            .map_err(|error| StoreError::of_io(&error, file))?;
        let sql = |error: sqlx::Error| StoreError::of_sql(&error, file);
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = connect_writer(options.clone()).await.map_err(sql)?;
        migrate(&writer)
            .await
            .map_err(|error| StoreError::of_migration(&error, file))?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true))
            .await
            .map_err(sql)?;
        let store = Self {
            file: file.into(),
            inode,
            master_key,
            writer,
            reader,
            write_error: Arc::default(),
        };
        store.claim().await?;
        Ok(store)
    }

    /// Whether the file that is open is still the one at its path: SQLite would go on with a deleted file unawares.
    pub async fn check_in_place(&self) -> Result<(), StoreError> {
        let file = self.file.clone();
        match blocking(move || inode(&file)).await {
            Ok(inode) if inode == self.inode => Ok(()),
            Ok(_) => {
                let detail = "another file took its place".to_owned();
                Err(StoreError::Unavailable {
                    file: self.file.to_path_buf(),
                    detail,
                })
            }
            Err(error) => Err(StoreError::of_io(&error, &self.file)),
        }
    }

    /// Closes its connections; what is under way ends first.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub fn file(&self) -> &Path {
        &self.file
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
        sqlx::query_scalar("SELECT revision = 0 FROM store")
            .fetch_one(&self.reader)
            .await
            .map_err(|error| self.fault(&error))
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
                file: self.file.to_path_buf(),
            }),
        }
    }

    /// A write that takes the lock at once: one that begins as a read can fail when it comes to write.
    async fn write(&self) -> Result<Write, StoreError> {
        let sql = |error| self.write_fault(&error);
        let mut transaction = self
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(sql)?;
        let revision =
            sqlx::query_scalar("UPDATE store SET revision = revision + 1 RETURNING revision")
                .fetch_one(&mut *transaction)
                .await
                .map_err(sql)?;
        Ok(Write {
            transaction,
            revision,
        })
    }

    async fn commit(&self, transaction: Transaction<'_, Sqlite>) -> Result<(), StoreError> {
        transaction
            .commit()
            .await
            .map_err(|error| self.write_fault(&error))?;
        self.remember_write(None);
        Ok(())
    }

    fn write_fault(&self, error: &sqlx::Error) -> StoreError {
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
        StoreError::of_sql(error, &self.file)
    }
}

/// A write under way, and the revision that it makes. Rolled back unless committed.
struct Write {
    transaction: Transaction<'static, Sqlite>,
    revision: i64,
}

/// Creates what may be created, private to its owner. An existing file is not opened: closing it again would
/// drop the locks that SQLite holds on it in this process.
fn prepare(file: &Path, if_missing: IfMissing) -> io::Result<Inode> {
    if if_missing == IfMissing::Create {
        seal::create_private_folder_of(file)?;
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
        {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let metadata = std::fs::metadata(file)?;
    if if_missing == IfMissing::Fail && metadata.is_file() && metadata.len() == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((metadata.dev(), metadata.ino()))
}

fn inode(file: &Path) -> io::Result<Inode> {
    std::fs::metadata(file).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Switching a new file to WAL needs it alone and, unlike all else in SQLite, gives up at once if it isn't: when several start together.
async fn connect_writer(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        // What an answer promises to have kept survives a power cut.
        .synchronous(SqliteSynchronous::Full);
    let started = Instant::now();
    loop {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // After some errors (a full disk) SQLite has rolled back by itself, and sqlx, whose own rollback then fails, counts a
            // transaction that is no more: such a connection begins no other.
            .after_release(|connection, _| {
                Box::pin(async {
                    // What a dropped transaction asked for comes first.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            });
        match pool.connect_with(options.clone()).await {
            Err(error) if error::is_locked(&error) && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(WAL_RETRY_INTERVAL).await;
            }
            result => return result,
        }
    }
}

/// Whether a file is up to date is found out without locking it; what is missing is added in one transaction, so that of
/// many who start at once one does it and the others wait.
async fn migrate(writer: &SqlitePool) -> Result<(), MigrateError> {
    let migrator = Migrator::with_migrations(vec![Migration::new(
        NEWEST_MIGRATION,
        "meetings and keys".into(),
        MigrationType::Simple,
        include_str!("../../migrations/sqlite/0001_meetings_and_keys.sql").into_sql_str(),
        false,
    )]);
    let newest = sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations");
    // A failure that is more than a missing table shows again below.
    let newest = newest.fetch_one(writer).await.ok().flatten();
    if newest >= Some(NEWEST_MIGRATION) {
        return migrator.run(writer).await;
    }
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    // `run` takes any connection by a trait whose bound does not hold in a spawned future.
    migrator.run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
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
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_named_and_the_store_goes_on_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(MasterKey::generate().unwrap());
        let store = Store::open(&folder.path().join("usher.sqlite"), IfMissing::Create, key)
            .await
            .unwrap();
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
