//! What can go wrong with a store, in words that name it and the remedy.

use std::io;
use std::path::Path;

use sqlx::migrate::MigrateError;
use thiserror::Error;
use usher_core::meeting::MeetingNumber;

use super::address::Place;

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
    #[error(
        "meeting {number} in {place} can't be read ({detail}); delete it and register it again"
    )]
    MeetingUnreadable {
        number: MeetingNumber,
        place: Place,
        detail: String,
    },
    #[error("{place} is locked by another program; end that program, or try again")]
    Locked { place: Place },
    #[error("all connections to {place} are at work, or it gives none; try again in some seconds")]
    Busy { place: Place },
    #[error("{place} can't be written to; give {}", .place.either(
        "the user who runs Usher write permission on the file and its folder",
        "Usher's role the right to write, and to create tables, in a database that is no standby",
    ))]
    ReadOnly { place: Place },
    #[error("the disk with {place} is full; make room on it")]
    Full { place: Place },
    #[error(
        "{place} is out of memory ({detail}); of shared memory, because a query locks the tables of every day it reads: ask for a shorter \
         span, or raise max_locks_per_transaction in postgresql.conf and restart the server"
    )]
    OutOfMemory { place: Place, detail: String },
    #[error("{place} is damaged{} ({detail}); restore it from a backup", .place.either(" or no SQLite file", ""))]
    Corrupt { place: Place, detail: String },
    #[error(
        "{place} was written by a newer version of Usher (migration {migration}); run that version or a later one"
    )]
    NewerThanBinary { place: Place, migration: i64 },
    #[error(
        "{place} was written by an older version of Usher (migration {migration}, this one needs {newest}); back it up, then run \
         `usher migrate`"
    )]
    OlderThanBinary {
        place: Place,
        migration: i64,
        newest: i64,
    },
    #[error(
        "{place} was sealed with another master key; give Usher the key that was in use when it was made"
    )]
    OtherMasterKey { place: Place },
    #[error("{place} is missing or empty; {}, or remove the snapshot to begin anew", .place.either(
        "mount its disk or restore it from a backup",
        "check the address or restore it from a backup",
    ))]
    Missing { place: Place },
    #[error("can't use {place}: {detail}; check {}", .place.either(
        "the path, and that the user who runs Usher may use it",
        "the address, the password, and that the server runs and the database exists",
    ))]
    Unavailable { place: Place, detail: String },
}

impl StoreError {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MeetingExists(_) => "meeting_exists",
            Self::MeetingUnreadable { .. } => "meeting_unreadable",
            Self::Locked { .. } => "store_locked",
            Self::Busy { .. } => "store_busy",
            Self::ReadOnly { .. } => "store_read_only",
            Self::Full { .. } => "store_full",
            Self::OutOfMemory { .. } => "store_out_of_memory",
            Self::Corrupt { .. } => "store_corrupt",
            Self::NewerThanBinary { .. } => "store_newer_than_binary",
            Self::OlderThanBinary { .. } => "store_older_than_binary",
            Self::OtherMasterKey { .. } => "store_other_master_key",
            Self::Missing { .. } => "store_missing",
            Self::Unavailable { .. } => "store_unavailable",
        }
    }

    /// What is the matter, without the place and the detail: for those who may not know where the store is.
    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::MeetingExists(_) => "the meeting is registered already",
            Self::MeetingUnreadable { .. } => "the meeting can't be read",
            Self::Locked { .. } => "another program holds it",
            Self::Busy { .. } => "it gave no connection in time",
            Self::ReadOnly { .. } => "it can't be written to",
            Self::Full { .. } => "its disk is full",
            Self::OutOfMemory { .. } => "it is out of memory",
            Self::Corrupt { .. } => "it is damaged",
            Self::NewerThanBinary { .. } => "it was written by a newer version of Usher",
            Self::OlderThanBinary { .. } => "it was written by an older version of Usher",
            Self::OtherMasterKey { .. } => "it was sealed with another master key",
            Self::Missing { .. } => "it is missing or empty",
            Self::Unavailable { .. } => "it can't be used",
        }
    }

    pub(super) fn of_sql(error: &sqlx::Error, place: &Place) -> Self {
        let detail = error.to_string();
        let place = place.clone();
        match error {
            sqlx::Error::Database(database) => match &place {
                Place::File(_) => Self::of_sqlite(primary_code(database.as_ref()), place, detail),
                Place::Database { .. } => {
                    Self::of_postgres(&database.code().unwrap_or_default(), place, detail)
                }
            },
            // All connections are at work for longer than a caller waits, or the server is away.
            sqlx::Error::PoolTimedOut => Self::Busy { place },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => Self::Corrupt { place, detail },
            _ => Self::Unavailable { place, detail },
        }
    }

    fn of_sqlite(code: Option<i32>, place: Place, detail: String) -> Self {
        match code {
            Some(BUSY | LOCKED) => Self::Locked { place },
            Some(READ_ONLY) => Self::ReadOnly { place },
            Some(CORRUPT | NOT_A_DATABASE) => Self::Corrupt { place, detail },
            Some(FULL) => Self::Full { place },
            _ => Self::Unavailable { place, detail },
        }
    }

    /// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_postgres(code: &str, place: Place, detail: String) -> Self {
        match code {
            // Serialization failure, deadlock, lock timeout, statement timeout.
            "40001" | "40P01" | "55P03" | "57014" => Self::Locked { place },
            // A standby, or a role that may not.
            "25006" | "42501" => Self::ReadOnly { place },
            "53100" => Self::Full { place },
            "53200" => Self::OutOfMemory { place, detail },
            // A damaged page, a damaged index.
            "XX001" | "XX002" => Self::Corrupt { place, detail },
            _ => Self::Unavailable { place, detail },
        }
    }

    pub(super) fn of_migration(error: &MigrateError, place: &Place) -> Self {
        let detail = error.to_string();
        match error {
            MigrateError::VersionMissing(migration) => Self::NewerThanBinary {
                place: place.clone(),
                migration: *migration,
            },
            MigrateError::Execute(sql) | MigrateError::ExecuteMigration(sql, _) => {
                Self::of_sql(sql, place)
            }
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => Self::Corrupt {
                place: place.clone(),
                detail,
            },
            _ => Self::Unavailable {
                place: place.clone(),
                detail,
            },
        }
    }

    pub(super) fn of_io(error: &io::Error, file: &Path) -> Self {
        let place = Place::File(file.to_owned());
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { place },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { place }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { place },
            _ => Self::Unavailable {
                place,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_without_room_for_locks_is_told_from_one_that_is_away() {
        let place = Place::Database {
            host: "db".to_owned(),
            name: "usher".to_owned(),
        };
        let error = StoreError::of_postgres("53200", place, "out of shared memory".to_owned());
        assert_eq!(error.code(), "store_out_of_memory");
        let says = error.to_string();
        for part in ["usher", "out of shared memory", "max_locks_per_transaction"] {
            assert!(says.contains(part), "{says}");
        }
    }
}
