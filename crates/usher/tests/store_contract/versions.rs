//! New stores, and those of other versions.

use std::sync::Arc;

use usher::seal::MasterKey;
use usher::store::{IfMissing, IfOlder, Store};

use crate::stores::sample::{at, number, passcode};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    a_new_store_says_that_it_is_new_and_an_old_one_that_it_is_not
    a_store_keeps_what_it_was_given_when_it_is_opened_again
    many_first_starts_at_once_share_one_store
    a_missing_store_is_not_made_unless_asked_for
    a_store_of_a_newer_version_is_left_alone
    another_master_key_is_noticed_at_once_even_in_an_empty_store
}

async fn a_new_store_says_that_it_is_new_and_an_old_one_that_it_is_not(home: Home) {
    let first = home.store().await.schema();
    assert_eq!(first.found, None);
    let second = home.store().await.schema();
    assert_eq!((second.found, second.now), (Some(first.now), first.now));
}

async fn a_store_keeps_what_it_was_given_when_it_is_opened_again(home: Home) {
    let store = home.store().await;
    store
        .register(number(850_123_456), &passcode("geheim"), at(1))
        .await
        .unwrap();
    store.close().await;
    let meeting = home.store().await.meeting(number(850_123_456)).await;
    assert_eq!(meeting.unwrap().unwrap().passcode.expose(), "geheim");
}

async fn many_first_starts_at_once_share_one_store(home: Home) {
    let home = Arc::new(home);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let home = home.clone();
        tasks.spawn(async move { home.open().await.unwrap().schema().found });
    }
    let found = tasks.join_all().await;
    let made = found.iter().filter(|found| found.is_none()).count();
    assert_eq!(made, 1, "{found:?}");
}

async fn a_missing_store_is_not_made_unless_asked_for(home: Home) {
    for _ in 0..2 {
        let key = home.key.clone();
        let error = Store::open(&home.address, IfMissing::Fail, IfOlder::Migrate, key)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "store_missing");
    }
}

async fn a_store_of_a_newer_version_is_left_alone(home: Home) {
    home.store().await.close().await;
    home.tamper("UPDATE _sqlx_migrations SET version = version + 9000")
        .await;
    for if_older in [IfOlder::Refuse, IfOlder::Migrate] {
        let key = home.key.clone();
        let error = Store::open(&home.address, IfMissing::Create, if_older, key)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "store_newer_than_binary");
        assert!(error.to_string().contains("migration 900"), "{error}");
    }
}

async fn another_master_key_is_noticed_at_once_even_in_an_empty_store(home: Home) {
    home.store().await.close().await;
    let other = Arc::new(MasterKey::generate().unwrap());
    let error = Store::open(&home.address, IfMissing::Create, IfOlder::Refuse, other)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "store_other_master_key");
}
