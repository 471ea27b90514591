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
struct Step {
    version: i64,
    what: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[Step {
    version: 1,
    what: "meetings and keys",
    sqlite: include_str!("../../migrations/sqlite/0001_meetings_and_keys.sql"),
    postgres: include_str!("../../migrations/postgres/0001_meetings_and_keys.sql"),
}];

/// Checks the version, and brings the tables to the newest if that is wanted. A new store gets them without asking.
///
/// The version is found out without a lock; what is missing is added in one transaction, so that of many who start at once one
/// does it and the others wait, and nobody sees it half done.
pub(super) async fn bring_up(
    writer: &AnyPool,
    place: &Place,
    if_missing: IfMissing,
    if_older: IfOlder,
) -> Result<Schema, StoreError> {
    let sql = |error: sqlx::Error| StoreError::of_sql(&error, place);
    let migration = |error: MigrateError| StoreError::of_migration(&error, place);
    let newest = STEPS.last().map_or(0, |step| step.version);
    let mut connection = writer.acquire().await.map_err(sql)?;
    let found = version(&mut connection, place).await.map_err(sql)?;
    check(found, newest, place, if_missing, if_older)?;
    let migrator = migrator(place);
    if found == Some(newest) {
        // Finds out whether the steps that were taken were these.
        migrator
            .run_direct(None, &mut *connection, false)
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

fn migrator(place: &Place) -> Migrator {
    let migrations = STEPS.iter().map(|step| {
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
