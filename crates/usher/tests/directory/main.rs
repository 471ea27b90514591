//! Keys and meetings in memory: what counts when, and what is left when the store is not there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod away;
mod home;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use usher::directory::keep_fresh;
use usher::store::ApiKey;

use home::{Home, NUMBER, degraded, epoch, number, passcode};

#[tokio::test]
async fn a_start_loads_keys_and_meetings() {
    let home = Home::new().await;
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(degraded(&directory), [""; 0]);
    let caller = directory.authenticate(home.api_key.expose()).unwrap();
    assert_eq!((caller.key, &*caller.name), (home.api_key.id(), "backend"));
}

#[tokio::test]
async fn a_key_that_is_not_exactly_right_belongs_to_nobody() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let good = home.api_key.expose();
    let other_secret = format!(
        "{}{}",
        &good[..19],
        &ApiKey::generate().unwrap().expose()[19..]
    );
    let unknown = ApiKey::generate().unwrap();
    for key in [
        "",
        &good[..61],
        &good[1..],
        &format!("{good} "),
        &other_secret,
        unknown.expose(),
    ] {
        assert!(directory.authenticate(key).is_none(), "{key}");
    }
}

#[tokio::test]
async fn what_another_process_writes_counts_after_a_refresh() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let other = home.another_process().await;
    other.revoke_key(home.api_key.id(), epoch()).await.unwrap();
    other
        .change(number(NUMBER), &passcode("anders"), epoch())
        .await
        .unwrap();
    other
        .register(number(850_999_999), &passcode(""), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.authenticate(home.api_key.expose()).is_none());
    assert_eq!(
        directory.meeting(number(NUMBER)).unwrap().passcode.expose(),
        "anders"
    );
    assert!(directory.meeting(number(850_999_999)).is_some());
    other.delete(number(NUMBER)).await.unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(NUMBER)).is_none());
    assert!(directory.meeting(number(850_999_999)).is_some());
}

#[tokio::test]
async fn a_deleted_meeting_that_was_registered_again_is_there() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let store = directory.store().unwrap();
    store.delete(number(NUMBER)).await.unwrap();
    store
        .register(number(NUMBER), &passcode("anders"), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert_eq!(
        directory.meeting(number(NUMBER)).unwrap().passcode.expose(),
        "anders"
    );
}

#[tokio::test]
async fn the_loop_notices_other_processes_and_ends_when_told_to() {
    let home = Home::new().await;
    let directory = Arc::new(home.directory().await);
    let stop = CancellationToken::new();
    let running = tokio::spawn(keep_fresh(directory.clone(), stop.clone()));
    let changed = directory.changed();
    home.another_process()
        .await
        .revoke_key(home.api_key.id(), epoch())
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(20), changed)
        .await
        .expect("it noticed nothing");
    assert!(directory.authenticate(home.api_key.expose()).is_none());
    home.another_process()
        .await
        .delete(number(NUMBER))
        .await
        .unwrap();
    stop.cancel();
    running.await.unwrap();
    assert!(
        directory.meeting(number(NUMBER)).is_none(),
        "the last round is after the stop"
    );
    home.move_store("usher.sqlite", "aside");
    let next = home.directory().await;
    assert!(
        next.meeting(number(NUMBER)).is_none(),
        "the snapshot is of the last round"
    );
}

#[tokio::test]
async fn a_meeting_that_cannot_be_read_is_left_out_and_told_of_until_it_is_gone() {
    let home = Home::new().await;
    let store = home.another_process().await;
    for n in [850_000_001, 850_000_002] {
        store
            .register(number(n), &passcode("x"), epoch())
            .await
            .unwrap();
    }
    home.tamper("UPDATE meetings SET passcode = x'00' WHERE number = 850000001")
        .await;
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert!(directory.meeting(number(850_000_001)).is_none());
    assert_eq!(degraded(&directory), ["unreadable_meetings"]);
    home.tamper(
        "UPDATE store SET revision = revision + 1;
         UPDATE meetings SET settings = '{', revision = (SELECT revision FROM store) WHERE number = 850000002",
    )
    .await;
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(850_000_002)).is_none());
    let message = &directory.degradations()[0].message;
    assert!(message.starts_with("2 of"), "{message}");
    for n in [850_000_001, 850_000_002] {
        store.delete(number(n)).await.unwrap();
    }
    directory.refresh().await.unwrap();
    assert_eq!(degraded(&directory), [""; 0]);
    home.assert_mints(&directory);
}

#[tokio::test]
async fn a_failed_write_is_told_of_until_one_works() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let store = directory.store().unwrap();
    // SQLite rolls back by itself, as it does when the disk is full.
    home.tamper(
        "CREATE TRIGGER full BEFORE INSERT ON meetings BEGIN SELECT RAISE(ROLLBACK, 'no room'); END",
    )
    .await;
    store
        .register(number(850_000_001), &passcode(""), epoch())
        .await
        .unwrap_err();
    assert_eq!(degraded(&directory), ["store_unavailable"]);
    home.tamper("DROP TRIGGER full").await;
    store
        .register(number(850_000_001), &passcode(""), epoch())
        .await
        .unwrap();
    store
        .register(number(850_000_001), &passcode(""), epoch())
        .await
        .unwrap_err();
    assert_eq!(
        degraded(&directory),
        [""; 0],
        "a caller's error is none of the store's"
    );
}
