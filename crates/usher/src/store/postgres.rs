//! The store in a PostgreSQL database, which several instances of Usher may share.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::announcements::{CHANNEL, Relay};
use super::{ACQUIRE_TIMEOUT, Pools, READERS, SCANNERS, StoreError, address::PostgresUrl};

/// One moment: all that is read in the transaction is of when it began.
pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(super) const BEGIN_WRITE: &str = "BEGIN";
pub(super) const COUNT_SCHEMA_TABLES: &str = "SELECT count(*) FROM (SELECT to_regclass('_sqlx_migrations') AS name) AS found WHERE name IS NOT NULL";
/// Of those who come together, one changes the schema. It may have to wait for long, and to work for long.
pub(super) const BEGIN_MIGRATION: [&str; 3] = [
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    // "usher" in ASCII; any number does that nobody else takes.
    "SELECT pg_advisory_xact_lock(504119551346)",
];

/// What every connection is told. A lock is waited for as long as in SQLite; no statement of a verb takes nearly as long as 10 s.
const SETTINGS: &str =
    "application_name=usher&options[lock_timeout]=2s&options[statement_timeout]=10s";
/// Beside the readers, so that long reading keeps no write from its connection.
const WRITERS: u32 = 4;
/// Between two attempts to listen again.
const RELISTEN_INTERVAL: Duration = Duration::from_secs(1);
/// An answer that takes longer is none.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Database {
    url: SecretString,
}

/// Connects once, so that an error shows with its reason: a pool would hide that it was refused.
pub(super) async fn open(url: &PostgresUrl) -> Result<(Pools, Database), StoreError> {
    let sql = |error: sqlx::Error| StoreError::of_sql(&error, &url.place);
    let database = Database {
        url: url.with(SETTINGS),
    };
    let options: AnyConnectOptions = database.url.expose_secret().parse().map_err(sql)?;
    let pool = |connections| {
        AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options.clone())
    };
    let pools = Pools {
        writer: pool(WRITERS),
        reader: pool(READERS),
        scanner: pool(SCANNERS),
    };
    let connection = database.connect().await.map_err(sql)?;
    connection.close().await.map_err(sql)?;
    Ok((pools, database))
}

impl Database {
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let options: PgConnectOptions = self.url.expose_secret().parse()?;
        timeout(ACQUIRE_TIMEOUT, options.connect())
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Whether it takes one more connection. A pool does not tell: that a server is away and that its connections are at work are one
    /// error to it.
    pub(super) async fn reach(&self) -> Result<(), sqlx::Error> {
        self.connect().await?.close().await
    }

    /// A lock of a session of its own: it ends with its holder, however that ends. Stores in several schemas of one database have each
    /// their own.
    pub(super) async fn try_lead(&self) -> Result<Option<PgConnection>, sqlx::Error> {
        let mut session = self.connect().await?;
        let leads: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_lock(hashtext('usher leader'), hashtext(current_schema()))",
        )
        .fetch_one(&mut session)
        .await?;
        Ok(leads.then_some(session))
    }

    /// Hands on what is announced until nobody hears it, or it is dropped. Whenever it begins anew, something may have been missed.
    pub(super) fn relay(&self, relay: Relay) -> impl Future<Output = ()> + use<> {
        let url = self.url.clone();
        async move {
            loop {
                if let Err(error) = relay_until_lost(&url, &relay).await {
                    tracing::debug!("listening for announcements failed: {error}");
                }
                tokio::time::sleep(RELISTEN_INTERVAL).await;
            }
        }
    }
}

async fn relay_until_lost(url: &SecretString, relay: &Relay) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect(url.expose_secret())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    relay.tell_gap();
    while let Some(notification) = listener.try_recv().await? {
        relay.tell(notification.payload());
    }
    Ok(())
}

/// Whether a row had no partition to go to: `check_violation`, which no constraint of ours is known to give.
pub(super) fn lacks_partition(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("23514"))
}

/// Whether a session still answers, and with it, whether the lock that it took is still its own.
pub(super) async fn answers(session: &mut PgConnection) -> bool {
    matches!(timeout(ANSWER_TIMEOUT, session.ping()).await, Ok(Ok(())))
}
