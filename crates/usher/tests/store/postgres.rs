//! How a PostgreSQL server can fail.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use usher::seal::MasterKey;
use usher::store::{Address, Heard, IfMissing, IfOlder, Store, StoreError};

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
    let error = register(850_000_002).await.unwrap_err();
    assert_names_database(&error, "store_unavailable");
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
