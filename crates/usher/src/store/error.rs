//! What can go wrong with a store, in words that name the file and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;
use thiserror::Error;
use usher_core::meeting::MeetingNumber;

// SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;

/// Why a verb of the store failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The one error that is the caller's.
    #[error("meeting {0} is registered already; change it instead")]
    MeetingExists(MeetingNumber),
    /// One row is damaged; the others can be used.
    #[error("meeting {number} in {} can't be read ({detail}); delete it and register it again", .file.display())]
    MeetingUnreadable {
        number: MeetingNumber,
        file: PathBuf,
        detail: String,
    },
    #[error("{} is locked by another program; end that program, or try again", .file.display())]
    Locked { file: PathBuf },
    #[error("{} can't be written to; give the user who runs Usher write permission on the file and its folder", .file.display())]
    ReadOnly { file: PathBuf },
    #[error("the disk with {} is full; make room on it", .file.display())]
    Full { file: PathBuf },
    #[error("{} is damaged or no SQLite file ({detail}); restore it from a backup", .file.display())]
    Corrupt { file: PathBuf, detail: String },
    #[error("{} was written by a newer version of Usher (migration {migration}); run that version or a later one", .file.display())]
    NewerThanBinary { file: PathBuf, migration: i64 },
    #[error("{} was sealed with another master key; give Usher the key that was in use when the file was made", .file.display())]
    OtherMasterKey { file: PathBuf },
    #[error("{} is missing or empty; mount its disk or restore it from a backup, or remove the snapshot to begin anew", .file.display())]
    Missing { file: PathBuf },
    #[error("can't use {}: {detail}; check the path, and that the user who runs Usher may use it", .file.display())]
    Unavailable { file: PathBuf, detail: String },
}

impl StoreError {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MeetingExists(_) => "meeting_exists",
            Self::MeetingUnreadable { .. } => "meeting_unreadable",
            Self::Locked { .. } => "store_locked",
            Self::ReadOnly { .. } => "store_read_only",
            Self::Full { .. } => "store_full",
            Self::Corrupt { .. } => "store_corrupt",
            Self::NewerThanBinary { .. } => "store_newer_than_binary",
            Self::OtherMasterKey { .. } => "store_other_master_key",
            Self::Missing { .. } => "store_missing",
            Self::Unavailable { .. } => "store_unavailable",
        }
    }

    /// What is the matter, without the path and the detail: for those who may not know where the file is.
    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::MeetingExists(_) => "the meeting is registered already",
            Self::MeetingUnreadable { .. } => "the meeting can't be read",
            Self::Locked { .. } => "another program holds its file",
            Self::ReadOnly { .. } => "its file can't be written to",
            Self::Full { .. } => "its disk is full",
            Self::Corrupt { .. } => "its file is damaged or no SQLite file",
            Self::NewerThanBinary { .. } => "its file was written by a newer version of Usher",
            Self::OtherMasterKey { .. } => "its file was sealed with another master key",
            Self::Missing { .. } => "its file is missing or empty",
            Self::Unavailable { .. } => "its file can't be used",
        }
    }

    pub(super) fn of_sql(error: &sqlx::Error, file: &Path) -> Self {
        let detail = error.to_string();
        let file = file.to_owned();
        match error {
            sqlx::Error::Database(database) => match primary_code(database.as_ref()) {
                Some(BUSY | LOCKED) => Self::Locked { file },
                Some(READ_ONLY) => Self::ReadOnly { file },
                Some(CORRUPT | NOT_A_DATABASE) => Self::Corrupt { file, detail },
                Some(FULL) => Self::Full { file },
                _ => Self::Unavailable { file, detail },
            },
            // All connections are at work for longer than a caller waits.
            sqlx::Error::PoolTimedOut => Self::Locked { file },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => Self::Corrupt { file, detail },
            _ => Self::Unavailable { file, detail },
        }
    }

    pub(super) fn of_migration(error: &MigrateError, file: &Path) -> Self {
        let detail = error.to_string();
        let file = file.to_owned();
        match error {
            MigrateError::VersionMissing(migration) => Self::NewerThanBinary {
                file,
                migration: *migration,
            },
            MigrateError::Execute(sql) | MigrateError::ExecuteMigration(sql, _) => {
                Self::of_sql(sql, &file)
            }
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
                Self::Corrupt { file, detail }
            }
            _ => Self::Unavailable { file, detail },
        }
    }

    pub(super) fn of_io(error: &io::Error, file: &Path) -> Self {
        let file = file.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { file },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { file }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { file },
            _ => Self::Unavailable {
                file,
                detail: error.to_string(),
            },
        }
    }
}

/// Whether another program holds the file.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    matches!(database.and_then(primary_code), Some(BUSY | LOCKED))
}

/// The low byte of the extended code that SQLite gives.
fn primary_code(error: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}
