//! The store in a SQLite file: one connection writes, so that writers queue here and not in SQLite's busy handler; others read
//! beside it (WAL).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, Connection, Executor};

use super::{
    ACQUIRE_TIMEOUT, IfMissing, Pools, READERS, SCANNERS, StoreError, address::Place, blocking,
    error,
};
use crate::seal;

pub(super) const BEGIN_READ: &str = "BEGIN";
/// Takes the lock at once: a write that begins as a read can fail when it comes to write.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
pub(super) const COUNT_SCHEMA_TABLES: &str =
    "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";

/// What is deleted is overwritten, not only unlinked.
pub(super) const OVERWRITE_DELETED: &str = "PRAGMA secure_delete = ON";

/// How long a write waits for another process's. Longer than any transaction here, shorter than a caller's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
const SET_BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 2000";
const WAL_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// What a path holds besides letters and digits and a URL keeps as it is.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// A file that is open.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    inode: Inode,
}

/// Device and number: tells a file from another one that took its path.
type Inode = (u64, u64);

/// Opens the file, or creates it if that is wanted.
pub(super) async fn open(
    file: &Path,
    if_missing: IfMissing,
) -> Result<(Pools, OpenFile), StoreError> {
    let path = file.to_owned();
    let (inode, canonical) = blocking(move || prepare(&path, if_missing))
        .await
        .map_err(|error| StoreError::of_io(&error, file))?;
    let place = Place::File(file.to_owned());
    let sql = |error: sqlx::Error| StoreError::of_sql(&error, &place);
    let writer = writer(&canonical).await.map_err(sql)?;
    switch_to_wal(&writer).await.map_err(sql)?;
    let read_only = options(&canonical, "ro").map_err(sql)?;
    let reader = pool(READERS)
        .connect_with(read_only.clone())
        .await
        .map_err(sql)?;
    let pools = Pools {
        writer,
        reader,
        scanner: pool(SCANNERS).connect_lazy_with(read_only),
    };
    let path = file.to_owned();
    Ok((pools, OpenFile { path, inode }))
}

impl OpenFile {
    /// Whether the file that is open is still the one at its path: SQLite would go on with a deleted file unawares.
    pub(super) async fn check_in_place(&self) -> Result<(), StoreError> {
        let file = self.path.clone();
        match blocking(move || fs::metadata(&file)).await {
            Ok(metadata) if inode(&metadata) == self.inode => Ok(()),
            Ok(_) => Err(StoreError::Unavailable {
                place: Place::File(self.path.clone()),
                detail: "another file took its place".to_owned(),
            }),
            Err(error) => Err(StoreError::of_io(&error, &self.path)),
        }
    }

    /// A lock on a file beside it: several processes may have one SQLite file open. It ends with its holder, however that ends.
    pub(super) async fn try_lead(&self) -> Result<Option<File>, StoreError> {
        let mut lock = self.path.clone().into_os_string();
        lock.push(".leader");
        let path = PathBuf::from(lock);
        let opened = path.clone();
        blocking(move || {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&opened)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        })
        .await
        .map_err(|error| StoreError::of_io(&error, &path))
    }
}

/// Creates what may be created, private to its owner. An existing file is not opened: closing it again would
/// drop the locks that SQLite holds on it in this process.
fn prepare(file: &Path, if_missing: IfMissing) -> io::Result<(Inode, PathBuf)> {
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
    let metadata = fs::metadata(file)?;
    if if_missing == IfMissing::Fail && metadata.is_file() && metadata.len() == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((inode(&metadata), file.canonicalize()?))
}

fn inode(metadata: &fs::Metadata) -> Inode {
    (metadata.dev(), metadata.ino())
}

/// `file` is canonical, because a URL with `..` in it would be taken to mean another file if there are links.
fn options(file: &Path, mode: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    let path = file.to_str().ok_or_else(|| {
        sqlx::Error::Configuration("its path is not text in UTF-8, which SQLite needs".into())
    })?;
    let path = utf8_percent_encode(path, IN_URL);
    format!("sqlite://{path}?mode={mode}").parse()
}

/// Of `synchronous`, SQLite's default is `FULL`, and that is needed: what an answer promises to have kept survives a power cut.
/// It isn't set here, because setting it reads the file, and the pool takes an error here for one that goes away.
fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        // A file does not hang up.
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async { connection.execute(SET_BUSY_TIMEOUT).await.map(|_| ()) })
        })
}

async fn writer(file: &Path) -> Result<AnyPool, sqlx::Error> {
    // After some errors (a full disk) SQLite has rolled back by itself, and sqlx, whose own rollback then fails, counts a
    // transaction that is no more: such a connection begins no other.
    let pool = pool(1).after_release(|connection, _| {
        Box::pin(async {
            if connection.is_in_transaction() {
                // What a dropped transaction asked for comes first.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    });
    pool.connect_with(options(file, "rw")?).await
}

/// Switching a new file to WAL needs it alone and, unlike all else in SQLite, gives up at once if it isn't: when several start together.
async fn switch_to_wal(writer: &AnyPool) -> Result<(), sqlx::Error> {
    let started = Instant::now();
    loop {
        match writer.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if error::is_locked(&error) && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(WAL_RETRY_INTERVAL).await;
            }
            result => return result.map(|_| ()),
        }
    }
}
