//! While the store is not there.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use usher::directory::{Directory, StartError};
use usher::store::{IfMissing, IfOlder, Store};

use crate::home::{Home, NUMBER, degraded, epoch, number, passcode};

#[tokio::test]
async fn without_the_store_a_start_takes_the_snapshot_and_creates_no_empty_store() {
    let home = Home::new().await.with_snapshot().await;
    home.move_store("usher.sqlite", "aside");
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(degraded(&directory), ["store_missing"]);
    assert_eq!(directory.store().unwrap_err().code(), "store_missing");
    directory.refresh().await.unwrap_err();
    home.assert_mints(&directory);
    assert!(!home.sqlite().exists());
}

#[tokio::test]
async fn a_corrupt_store_is_stood_in_for_too() {
    let home = Home::new().await.with_snapshot().await;
    fs::write(home.sqlite(), [0x5a; 8192]).unwrap();
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(degraded(&directory), ["store_corrupt"]);
}

#[tokio::test]
async fn with_neither_store_nor_usable_snapshot_the_error_names_both() {
    let home = Home::new().await;
    fs::write(home.sqlite(), [0x5a; 8192]).unwrap();
    let error = home.start().await.unwrap_err();
    let StartError::Nothing { store, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(store.code(), "store_corrupt");
    let text = error.to_string();
    assert!(
        text.contains("usher.sqlite") && text.contains("no snapshot"),
        "{text}"
    );
}

static CLOCK_S: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_second(CLOCK_S.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn a_store_lost_while_serving_is_away_since_then_and_catches_up_when_it_is_back() {
    let home = Home::new().await;
    let directory = Directory::start(home.sources(), home.master_key.clone(), clock)
        .await
        .unwrap();
    directory.save_snapshot().await.unwrap();
    home.move_store("usher.sqlite", "aside");
    for second in [100, 200] {
        CLOCK_S.store(second, Ordering::SeqCst);
        directory.refresh().await.unwrap_err();
        assert_eq!(degraded(&directory), ["store_missing"]);
        let message = &directory.degradations()[0].message;
        assert!(message.contains("since 1970-01-01T00:01:40Z"), "{message}");
        home.assert_mints(&directory);
    }
    home.move_store("aside", "usher.sqlite");
    home.another_process()
        .await
        .delete(number(NUMBER))
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert_eq!(degraded(&directory), [""; 0]);
    assert!(directory.meeting(number(NUMBER)).is_none());
}

#[tokio::test]
async fn a_store_restored_from_a_backup_is_the_truth() {
    let home = Home::new().await;
    fs::copy(home.sqlite(), home.folder.path().join("backup")).unwrap();
    let directory = home.directory().await;
    let store = directory.store().unwrap();
    store
        .register(number(850_999_999), &passcode(""), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(850_999_999)).is_some());
    store.close().await;
    home.move_store("backup", "usher.sqlite");
    directory.refresh().await.unwrap_err();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(850_999_999)).is_none());
    home.assert_mints(&directory);
}

#[tokio::test]
async fn an_empty_file_in_the_place_of_the_store_counts_as_none_and_the_snapshot_stays() {
    let home = Home::new().await.with_snapshot().await;
    let snapshot = fs::read(home.sources().snapshot).unwrap();
    fs::write(home.sqlite(), "").unwrap();
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(degraded(&directory), ["store_missing"]);
    directory.save_snapshot().await.unwrap();
    assert_eq!(fs::read(home.sources().snapshot).unwrap(), snapshot);
}

#[tokio::test]
async fn a_store_that_was_never_written_to_does_not_stand_against_a_snapshot() {
    let home = Home::new().await.with_snapshot().await;
    let snapshot = fs::read(home.sources().snapshot).unwrap();
    home.move_store("usher.sqlite", "aside");
    let fresh = Store::open(
        &home.sources().store,
        IfMissing::Create,
        IfOlder::Refuse,
        home.master_key.clone(),
    )
    .await
    .unwrap();
    fresh.close().await;
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(degraded(&directory), ["store_missing"]);
    directory.save_snapshot().await.unwrap();
    assert_eq!(fs::read(home.sources().snapshot).unwrap(), snapshot);
}

#[tokio::test]
async fn a_store_that_was_never_written_to_is_used_when_the_snapshot_is_as_empty() {
    let home = Home::bare();
    for _ in 0..2 {
        let directory = home.directory().await;
        assert_eq!(degraded(&directory), [""; 0]);
        directory.save_snapshot().await.unwrap();
        directory.store().unwrap().close().await;
    }
}
