//! How a PostgreSQL server can fail.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use usher::directory::{Directory, Sources};
use usher::seal::MasterKey;
use usher::store::{Address, Heard, IfMissing, IfOlder, Steps, Store, StoreError};

use crate::stores::postgres::{Cluster, Fsync};
use crate::stores::sample::{at, number, topic};

async fn open(url: &str, key: &Arc<MasterKey>) -> Result<Store, StoreError> {
    let address = Address::parse(url).unwrap();
    Store::open(&address, IfMissing::Create, IfOlder::Refuse, key.clone()).await
}

fn key() -> Arc<MasterKey> {
    Arc::new(MasterKey::generate().unwrap())
}

async fn stranger(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

fn assert_names_database(error: &StoreError, code: &str) {
    let text = error.to_string();
    assert_eq!(error.code(), code, "{text}");
    assert!(text.contains("the database at 127.0.0.1/"), "{text}");
    assert!(
        !text.contains("postgres:") && !text.contains("hush"),
        "{text}"
    );
}

/// Until the pool has noticed that its connections are no more, or that there are some again.
async fn until_ok<T>(verb: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let tried = async {
        loop {
            if let Ok(value) = verb().await {
                return value;
            }
        }
    };
    let tried = tokio::time::timeout(Duration::from_secs(30), tried);
    tried.await.expect("the store did not come back")
}

#[tokio::test]
async fn a_server_that_stops_is_named_and_the_store_goes_on_when_it_is_back() {
    let cluster = Cluster::start_new(Fsync::On).await;
    let url = cluster.new_database().await;
    let key = key();
    let store = open(&url, &key).await.unwrap();
    let register = async |n| store.register(number(n), &topic("x"), at(1)).await;
    register(850_000_001).await.unwrap();
    let mut leadership = store.try_lead().await.unwrap().unwrap();
    let mut listener = store.listen();
    assert_eq!(listener.next().await, Some(Heard::Gap));

    cluster.stop();
    assert!(!leadership.holds().await);
    // To a pool, a server that is away and one that is busy are the same.
    let error = register(850_000_002).await.unwrap_err();
    assert_names_database(&error, "store_busy");
    assert_eq!(store.last_write_error(), Some(error));
    assert_names_database(&open(&url, &key).await.unwrap_err(), "store_unavailable");

    cluster.start().await;
    until_ok(async || register(850_000_002).await).await;
    assert_eq!(store.last_write_error(), None);
    assert_eq!(listener.next().await, Some(Heard::Gap), "it listens again");
    assert!(store.try_lead().await.unwrap().is_some());

    cluster.kill();
    cluster.start().await;
    let page = until_ok(async || store.meetings(None, None, 10).await).await;
    assert_eq!(page.meetings.len(), 2);
}

#[tokio::test]
async fn while_another_program_holds_a_lock_reading_goes_on_and_a_write_gives_up_in_time() {
    let url = Cluster::shared(Fsync::Off).await.new_database().await;
    let store = open(&url, &key()).await.unwrap();
    let mut stranger = stranger(&url).await;
    let mut lock = stranger.begin().await.unwrap();
    lock.execute("SELECT revision FROM store FOR UPDATE")
        .await
        .unwrap();
    let added = store
        .register(number(850_000_001), &topic("x"), at(1))
        .await;
    assert_names_database(&added.unwrap_err(), "store_locked");
    assert_eq!(store.keys().await.unwrap(), []);
    lock.rollback().await.unwrap();
    store
        .register(number(850_000_001), &topic("x"), at(1))
        .await
        .unwrap();
}

/// A service's memory of the store, and more reading of this kind than there are connections: each is at work until it gives up.
async fn busy_directory(
    url: &str,
    table: &str,
    read: impl AsyncFn(&Store),
    refresh: impl AsyncFnOnce(&Directory),
) {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources {
        store: Address::parse(url).unwrap(),
        if_older: IfOlder::Refuse,
        snapshot: folder.path().join("snapshot"),
    };
    let directory = Directory::start(sources, key(), Timestamp::now)
        .await
        .unwrap();
    let store = directory.store().unwrap();
    let mut holder = stranger(url).await;
    let mut lock = holder.begin().await.unwrap();
    let statement = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    lock.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    let reading = join_all((0..16).map(|_| read(&store)));
    let refreshing = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        let mut observer = stranger(url).await;
        let are_at_work = async || -> i64 {
            let query = sqlx::query_scalar(waiting);
            query.fetch_one(&mut observer).await.unwrap()
        };
        wait_until(are_at_work, 4).await;
        refresh(&directory).await;
    };
    tokio::select! {
        () = refreshing => {}
        () = async { reading.await; std::future::pending().await } => {}
    }
    assert_eq!(directory.degradations(), []);
    assert!(directory.store().is_ok());
}

async fn wait_until(mut count: impl AsyncFnMut() -> i64, wanted: i64) {
    while count().await < wanted {}
}

#[tokio::test]
async fn no_list_that_takes_long_keeps_memory_from_being_refreshed() {
    let url = Cluster::shared(Fsync::Off).await.new_database().await;
    let read = async |store: &Store| {
        let to = Timestamp::now();
        let steps = Steps::new(to - Duration::from_mins(10), to, 60).unwrap();
        store.stats(steps, None, to).await.unwrap_err();
    };
    busy_directory(&url, "minute_counts", read, async |directory| {
        directory.refresh().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_store_whose_connections_are_all_at_work_is_busy_and_not_away() {
    let url = Cluster::shared(Fsync::Off).await.new_database().await;
    let read = async |store: &Store| {
        let id = usher_core::attempt::AttemptId::first_of(Timestamp::now());
        store.events(id).await.unwrap_err();
    };
    busy_directory(&url, "events", read, async |directory| {
        let error = directory.refresh().await.unwrap_err();
        assert_names_database(&error, "store_busy");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_named() {
    let url = Cluster::shared(Fsync::Off).await.url("nowhere");
    let error = open(&url, &key()).await.unwrap_err();
    assert_names_database(&error, "store_unavailable");
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[tokio::test]
async fn a_role_that_may_not_write_is_told_which_right_it_lacks() {
    let url = Cluster::shared(Fsync::Off).await.new_database().await;
    stranger(&url)
        .await
        .execute(
            "CREATE ROLE guest LOGIN PASSWORD 'hush'; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        )
        .await
        .unwrap();
    let guest = url.replace("postgres@", "guest:hush@");
    let key = key();
    let error = open(&guest, &key).await.unwrap_err();
    assert_names_database(&error, "store_read_only");
    let owner = open(&url, &key).await.unwrap();
    owner
        .register(number(850_000_001), &topic("x"), at(1))
        .await
        .unwrap();
    stranger(&url)
        .await
        .execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
        .await
        .unwrap();
    let store = open(&guest, &key).await.unwrap();
    assert_eq!(
        store.meetings(None, None, 10).await.unwrap().meetings.len(),
        1
    );
    let error = store.delete(number(850_000_001)).await.unwrap_err();
    assert_names_database(&error, "store_read_only");
}

#[tokio::test]
async fn passcodes_are_not_in_the_table() {
    let url = Cluster::shared(Fsync::Off).await.new_database().await;
    let store = open(&url, &key()).await.unwrap();
    store
        .register(
            number(850_000_001),
            &crate::stores::sample::passcode("geheim"),
            at(1),
        )
        .await
        .unwrap();
    let row: String = sqlx::query_scalar("SELECT encode(passcode, 'escape') FROM meetings")
        .fetch_one(&mut stranger(&url).await)
        .await
        .unwrap();
    assert!(!row.contains("geheim"));
}
