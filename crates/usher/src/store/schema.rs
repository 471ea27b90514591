//! The versions of the tables: which one a store has, and how it gets the newest.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, Executor, SqlSafeStr};

use super::address::Place;
use super::{IfMissing, StoreError, postgres, sqlite};

/// What to do about tables of an older version of Usher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfOlder {
    Refuse,
    Migrate,
}

/// The version of a store's tables: the number of the last migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// As it was found; `None` if there were no tables yet.
    pub found: Option<i64>,
    pub now: i64,
}

/// One step, for both databases. A step that was released is never changed.
pub(super) struct Step {
    version: i64,
    what: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

pub(super) const STEPS: &[Step] = &[
    Step {
        version: 1,
        what: "meetings and keys",
        sqlite: include_str!("../../migrations/sqlite/0001_meetings_and_keys.sql"),
        postgres: include_str!("../../migrations/postgres/0001_meetings_and_keys.sql"),
    },
    Step {
        version: 2,
        what: "the journal",
        sqlite: include_str!("../../migrations/sqlite/0002_journal.sql"),
        postgres: include_str!("../../migrations/postgres/0002_journal.sql"),
    },
    Step {
        version: 3,
        what: "Zoom's notifications",
        sqlite: include_str!("../../migrations/sqlite/0003_notifications.sql"),
        postgres: include_str!("../../migrations/postgres/0003_notifications.sql"),
    },
    Step {
        version: 4,
        what: "Zoom's reports",
        sqlite: include_str!("../../migrations/sqlite/0004_reports.sql"),
        postgres: include_str!("../../migrations/postgres/0004_reports.sql"),
    },
    Step {
        version: 5,
        what: "what the witnesses said",
        sqlite: include_str!("../../migrations/sqlite/0005_witnesses.sql"),
        postgres: include_str!("../../migrations/postgres/0005_witnesses.sql"),
    },
];

/// Checks the version, and brings the tables to the newest if that is wanted. A new store gets them without asking.
///
/// The version is found out without a lock; what is missing is added in one transaction, so that of many who start at once one
/// does it and the others wait, and nobody sees it half done.
pub(super) async fn bring_up(
    steps: &[Step],
    writer: &AnyPool,
    place: &Place,
    if_missing: IfMissing,
    if_older: IfOlder,
) -> Result<Schema, StoreError> {
    let sql = |error: sqlx::Error| StoreError::of_sql(&error, place);
    let migration = |error: MigrateError| StoreError::of_migration(&error, place);
    let newest = steps.last().map_or(0, |step| step.version);
    let mut connection = writer.acquire().await.map_err(sql)?;
    let found = version(&mut connection, place).await.map_err(sql)?;
    check(found, newest, place, if_missing, if_older)?;
    let migrator = migrator(steps, place);
    if found == Some(newest) {
        validate(&migrator, &mut connection)
            .await
            .map_err(migration)?;
        return Ok(Schema { found, now: newest });
    }
    drop(connection);
    let begin = place.either(sqlite::BEGIN_WRITE, postgres::BEGIN_WRITE);
    let mut transaction = writer.begin_with(begin).await.map_err(sql)?;
    for statement in place.either(&[][..], &postgres::BEGIN_MIGRATION) {
        transaction.execute(*statement).await.map_err(sql)?;
    }
    // Another instance may have been first.
    let found = version(&mut transaction, place).await.map_err(sql)?;
    check(found, newest, place, if_missing, if_older)?;
    migrator
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(migration)?;
    transaction.commit().await.map_err(sql)?;
    Ok(Schema { found, now: newest })
}

fn check(
    found: Option<i64>,
    newest: i64,
    place: &Place,
    if_missing: IfMissing,
    if_older: IfOlder,
) -> Result<(), StoreError> {
    let place = || place.clone();
    match found {
        None if if_missing == IfMissing::Fail => Err(StoreError::Missing { place: place() }),
        Some(version) if version > newest => Err(StoreError::NewerThanBinary {
            place: place(),
            migration: version,
        }),
        Some(version) if version < newest && if_older == IfOlder::Refuse => {
            Err(StoreError::OlderThanBinary {
                place: place(),
                migration: version,
                newest,
            })
        }
        _ => Ok(()),
    }
}

async fn version(
    connection: &mut AnyConnection,
    place: &Place,
) -> Result<Option<i64>, sqlx::Error> {
    let count = place.either(sqlite::COUNT_SCHEMA_TABLES, postgres::COUNT_SCHEMA_TABLES);
    let tables: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *connection)
        .await?;
    if tables == 0 {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
}

/// Whether the steps that were taken were these. The migrator would find out too, but it needs the right to create tables.
async fn validate(migrator: &Migrator, connection: &mut AnyConnection) -> Result<(), MigrateError> {
    let taken: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations")
            .fetch_all(connection)
            .await?;
    for (version, checksum) in taken {
        let known = migrator.iter().find(|known| known.version == version);
        let known = known.ok_or(MigrateError::VersionMissing(version))?;
        if *known.checksum != checksum {
            return Err(MigrateError::VersionMismatch(version));
        }
    }
    Ok(())
}

fn migrator(steps: &[Step], place: &Place) -> Migrator {
    let migrations = steps.iter().map(|step| {
        let sql = place.either(step.sqlite, step.postgres).into_sql_str();
        Migration::new(
            step.version,
            step.what.into(),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // The transaction has its own lock, which ends with it; sqlx's outlives an error.
    migrator.set_locking(false);
    migrator
}

#[cfg(test)]
#[path = "../../tests/stores/postgres.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used)]
mod server;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;

    use super::server::{Cluster, Fsync};
    use super::*;
    use crate::seal::MasterKey;
    use crate::store::{Address, Store};

    const OLD: &[Step] = &[Step {
        version: 1,
        what: "a table",
        sqlite: "CREATE TABLE notes (text TEXT) STRICT",
        postgres: "CREATE TABLE notes (text TEXT)",
    }];
    const NEW: &[Step] = &[
        Step { ..OLD[0] },
        Step {
            version: 7,
            what: "a column",
            sqlite: "ALTER TABLE notes ADD COLUMN at INTEGER; INSERT INTO notes VALUES ('x', 1)",
            postgres: "ALTER TABLE notes ADD COLUMN at BIGINT; INSERT INTO notes VALUES ('x', 1)",
        },
    ];

    /// A database with no tables in it, as each store opens its own.
    async fn bare(address: &Address) -> AnyPool {
        sqlx::any::install_default_drivers();
        match address {
            Address::Sqlite(file) => {
                sqlite::open(file, IfMissing::Create)
                    .await
                    .unwrap()
                    .0
                    .writer
            }
            Address::Postgres(url) => postgres::open(url).await.unwrap().0.writer,
        }
    }

    async fn homes() -> (TempDir, [Address; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let file = Address::Sqlite(folder.path().join("usher.sqlite"));
        let url = Cluster::shared(Fsync::Off).await.new_database().await;
        (folder, [file, Address::parse(&url).unwrap()])
    }

    async fn up(
        steps: &'static [Step],
        address: &Address,
        if_older: IfOlder,
    ) -> Result<Schema, StoreError> {
        let place = address.place();
        let writer = bare(address).await;
        bring_up(steps, &writer, &place, IfMissing::Create, if_older).await
    }

    #[tokio::test]
    async fn an_older_store_is_refused_unless_it_may_be_migrated_and_then_it_keeps_what_it_had() {
        let (_folder, addresses) = homes().await;
        for address in addresses {
            let made = up(OLD, &address, IfOlder::Refuse).await.unwrap();
            assert_eq!(
                made,
                Schema {
                    found: None,
                    now: 1
                }
            );
            let error = up(NEW, &address, IfOlder::Refuse).await.unwrap_err();
            assert_eq!(error.code(), "store_older_than_binary");
            assert!(error.to_string().contains("usher migrate"), "{error}");
            let found = Some(1);
            let migrated = up(NEW, &address, IfOlder::Migrate).await.unwrap();
            assert_eq!(migrated, Schema { found, now: 7 });
            let error = up(OLD, &address, IfOlder::Migrate).await.unwrap_err();
            assert_eq!(error.code(), "store_newer_than_binary");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_that_migrate_at_once_one_does_and_all_go_on() {
        let (_folder, addresses) = homes().await;
        for address in addresses {
            up(OLD, &address, IfOlder::Refuse).await.unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let address = address.clone();
                tasks.spawn(async move { up(NEW, &address, IfOlder::Migrate).await });
            }
            let found: Vec<_> = tasks
                .join_all()
                .await
                .into_iter()
                .map(|schema| schema.unwrap().found)
                .collect();
            assert_eq!(
                found.iter().filter(|found| **found == Some(1)).count(),
                1,
                "{found:?}"
            );
            let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM notes")
                .fetch_one(&bare(&address).await)
                .await
                .unwrap();
            assert_eq!(rows, 1);
        }
    }

    #[tokio::test]
    async fn a_step_that_was_changed_after_it_was_taken_is_noticed_and_one_that_fails_leaves_nothing()
     {
        const CHANGED: &[Step] = &[Step {
            sqlite: "CREATE TABLE notes (text TEXT, other TEXT) STRICT",
            postgres: "CREATE TABLE notes (text TEXT, other TEXT)",
            ..OLD[0]
        }];
        const BROKEN: &[Step] = &[
            Step { ..OLD[0] },
            Step {
                sqlite: "NONSENSE",
                postgres: "NONSENSE",
                ..NEW[1]
            },
        ];
        let (_folder, addresses) = homes().await;
        for address in addresses {
            up(BROKEN, &address, IfOlder::Refuse).await.unwrap_err();
            let made = up(OLD, &address, IfOlder::Refuse).await.unwrap();
            assert_eq!(
                made.found, None,
                "the first step of a broken attempt stayed"
            );
            let error = up(CHANGED, &address, IfOlder::Refuse).await.unwrap_err();
            assert_eq!(error.code(), "store_corrupt", "{error}");
        }
    }

    #[tokio::test]
    async fn a_database_of_somebody_else_is_a_missing_store() {
        let (_folder, addresses) = homes().await;
        for address in addresses {
            let writer = bare(&address).await;
            writer
                .execute("CREATE TABLE theirs (id BIGINT)")
                .await
                .unwrap();
            let key = Arc::new(MasterKey::generate().unwrap());
            let error = Store::open(&address, IfMissing::Fail, IfOlder::Migrate, key)
                .await
                .unwrap_err();
            assert_eq!(error.code(), "store_missing");
            sqlx::query("SELECT id FROM theirs")
                .fetch_all(&writer)
                .await
                .unwrap();
        }
    }
}
