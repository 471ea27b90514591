//! PostgreSQL: a partition of `events` and one of `attempts` for each day, by the time inside the id, so that ids stay unique.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{AnyPool, AssertSqlSafe, Executor};
use usher_core::attempt::AttemptId;

/// The days that are known to have theirs.
#[derive(Debug, Default)]
pub(in super::super) struct Partitions(Mutex<BTreeSet<Date>>);

pub(super) fn day_of(attempt: AttemptId) -> Date {
    TimeZone::UTC.to_datetime(attempt.at()).date()
}

impl Partitions {
    /// Makes those that are missing. Each in a transaction of its own, beside the one that needs it: making one waits for readers.
    pub(super) async fn make(
        &self,
        writer: &AnyPool,
        days: impl Iterator<Item = Date>,
    ) -> Result<(), sqlx::Error> {
        let missing: BTreeSet<Date> = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            days.filter(|day| !known.contains(day)).collect()
        };
        for day in missing {
            if !is_there(writer, day).await? {
                create(writer, day).await?;
            }
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(day);
        }
        Ok(())
    }

    /// Drops those of the days before `first_kept`, and says of how many days they were.
    ///
    /// Dropping waits for those who read or write, and who comes meanwhile waits behind it: it gives up soon rather than hold up a mint.
    pub(super) async fn drop_before(
        &self,
        writer: &AnyPool,
        first_kept: Date,
    ) -> Result<u64, sqlx::Error> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(relname AS TEXT) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
             WHERE inhparent IN ('attempts'::regclass, 'events'::regclass)",
        )
        .fetch_all(writer)
        .await?;
        let days: BTreeSet<Date> = names.iter().filter_map(|name| day_in(name)).collect();
        let mut dropped = 0;
        for day in days.range(..first_kept) {
            let mut transaction = writer.begin().await?;
            transaction
                .execute("SET LOCAL lock_timeout = '500ms'")
                .await?;
            // In the order in which a write takes them.
            let sql = format!(
                "DROP TABLE IF EXISTS {}, {}",
                name("attempts", *day),
                name("events", *day)
            );
            transaction.execute(AssertSqlSafe(sql)).await?;
            transaction.commit().await?;
            dropped += 1;
        }
        self.forget();
        Ok(dropped)
    }

    /// They may be gone.
    pub(in super::super) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

pub(super) fn name(table: &str, day: Date) -> String {
    format!("{table}_{}", day.strftime("%Y_%m_%d"))
}

fn day_in(name: &str) -> Option<Date> {
    let (_, day) = name.split_once('_')?;
    Date::strptime("%Y_%m_%d", day).ok()
}

pub(super) fn start_of(day: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// None of the last day that a timestamp can tell: ids may be later.
pub(super) fn end_of(day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?;
    TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
}

/// Looked up first: to be told that a partition exists, `CREATE` waits for all who write to the table.
async fn is_there(writer: &AnyPool, day: Date) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT to_regclass($1) AS name UNION ALL SELECT to_regclass($2)) AS found WHERE name IS NOT NULL",
    )
    .bind(name("attempts", day))
    .bind(name("events", day))
    .fetch_one(writer)
    .await?;
    Ok(found == 2)
}

async fn create(writer: &AnyPool, day: Date) -> Result<(), sqlx::Error> {
    let mut transaction = writer.begin().await?;
    // Of those who come together, one makes it.
    transaction
        .execute("SELECT pg_advisory_xact_lock(504119551347)")
        .await?;
    // In the order in which a write takes them.
    for table in ["attempts", "events"] {
        transaction
            .execute(AssertSqlSafe(creation(table, day)))
            .await?;
    }
    transaction.commit().await
}

/// Names and bounds are made of a date's digits alone.
fn creation(table: &str, day: Date) -> String {
    let bound = |at| format!(r"'\x{}'", AttemptId::first_of(at));
    format!(
        "CREATE TABLE IF NOT EXISTS {} PARTITION OF {table} FOR VALUES FROM ({}) TO ({})",
        name(table, day),
        bound(start_of(day)),
        end_of(day).map_or("MAXVALUE".to_owned(), bound)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_partition_holds_the_ids_of_its_day() {
        let sql = creation("events", Date::constant(2023, 10, 10));
        let first = AttemptId::first_of("2023-10-10T00:00:00Z".parse().unwrap());
        let after = AttemptId::first_of("2023-10-11T00:00:00Z".parse().unwrap());
        assert_eq!(
            sql,
            format!(
                r"CREATE TABLE IF NOT EXISTS events_2023_10_10 PARTITION OF events FOR VALUES FROM ('\x{first}') TO ('\x{after}')"
            )
        );
        assert_eq!(day_in("events_2023_10_10"), Some(day_of(first)));
        assert_eq!(day_in("events_pkey"), None);
        assert_eq!(day_of(first), Date::constant(2023, 10, 10));
        assert_eq!(day_of(after), Date::constant(2023, 10, 11));
    }

    #[test]
    fn the_last_days_partition_holds_whatever_is_later() {
        let last = AttemptId::from_bytes([0xff; 16]);
        let sql = creation("events", day_of(last));
        assert!(
            sql.starts_with("CREATE TABLE IF NOT EXISTS events_9999_12_30 "),
            "{sql}"
        );
        assert!(sql.ends_with(" TO (MAXVALUE)"), "{sql}");
    }
}
