//! Several instances on one store: who leads, and what they hear of each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use usher::directory::{Directory, Sources, keep_fresh};
use usher::store::{DIRECTORY, Heard, IfOlder, Listener, Position, Store};

use crate::stores::sample::{at, number, topic};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    of_several_instances_one_leads_and_when_it_ends_another_can
    a_leader_of_one_store_does_not_keep_another_store_from_having_one
    a_change_is_announced_once_it_is_committed
    a_listener_that_comes_again_goes_on_where_it_was_with_another_instance_too
    a_listener_of_a_closed_store_hears_that_it_ended
    a_directory_brings_in_what_was_announced_without_waiting_for_its_next_look
}

async fn of_several_instances_one_leads_and_when_it_ends_another_can(home: Home) {
    let (one, other) = (home.store().await, home.store().await);
    let mut leadership = one.try_lead().await.unwrap().expect("nobody else leads");
    assert!(leadership.holds().await);
    assert!(other.try_lead().await.unwrap().is_none());
    assert!(one.try_lead().await.unwrap().is_none());
    drop(leadership);
    // A PostgreSQL server notices that the session ended when it comes to it.
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Some(leadership) = other.try_lead().await.unwrap() {
                break leadership;
            }
        }
    });
    assert!(waited.await.expect("nobody leads").holds().await);
}

async fn a_leader_of_one_store_does_not_keep_another_store_from_having_one(home: Home) {
    let another = Home::new(home.kind).await;
    let (one, other) = (home.store().await, another.store().await);
    let _leads = one.try_lead().await.unwrap().unwrap();
    assert!(other.try_lead().await.unwrap().is_some());
}

/// What is announced by this write, whatever else may be heard before it.
async fn hears(listener: &mut Listener, revision: i64) {
    let wanted = Heard::Announcement {
        topic: DIRECTORY.to_owned(),
        payload: revision.to_string(),
    };
    let heard = tokio::time::timeout(Duration::from_secs(20), async {
        while listener.next().await.expect("the store is open") != wanted {}
    });
    heard.await.expect("nothing was heard");
}

async fn revision(store: &Store) -> i64 {
    store.changes_since(None).await.unwrap().unwrap().revision
}

async fn a_change_is_announced_once_it_is_committed(home: Home) {
    let store = home.store().await;
    // In PostgreSQL, another instance's.
    let writer = match home.kind {
        Kind::Sqlite => store.clone(),
        Kind::Postgres => home.store().await,
    };
    let mut listener = store.listen();
    if home.kind == Kind::Postgres {
        assert_eq!(
            listener.next().await,
            Some(Heard::Gap),
            "it listens from now on"
        );
    }
    let register = async |n| {
        let added = writer.register(number(n), &topic("x"), at(1)).await;
        added.map(|_| ())
    };
    register(850_000_001).await.unwrap();
    hears(&mut listener, revision(&store).await).await;
    register(850_000_001).await.unwrap_err();
    register(850_000_002).await.unwrap();
    let next = listener.next().await.unwrap();
    let Heard::Announcement { payload, .. } = &next else {
        panic!("{next:?}")
    };
    assert_eq!(payload, &revision(&store).await.to_string());
    assert!(next.concerns(DIRECTORY) && !next.concerns("other") && Heard::Gap.concerns("other"));
}

async fn a_listener_that_comes_again_goes_on_where_it_was_with_another_instance_too(home: Home) {
    let (first, other) = match home.kind {
        Kind::Sqlite => {
            let store = home.store().await;
            (store.clone(), store)
        }
        Kind::Postgres => (home.store().await, home.store().await),
    };
    let (mut listener, mut at_other) = (first.listen(), other.listen());
    if home.kind == Kind::Postgres {
        for listener in [&mut listener, &mut at_other] {
            assert_eq!(listener.next().await, Some(Heard::Gap), "it listens now");
        }
    }
    let register = async |n| {
        let added = first.register(number(n), &topic("x"), at(1)).await;
        added.map(|_| ()).unwrap();
    };
    register(850_000_001).await;
    let heard = listener.next().await;
    assert_eq!(at_other.next().await, heard);
    let position = listener.position();
    assert_eq!(at_other.position(), position);
    drop(listener);
    register(850_000_002).await;
    register(850_000_003).await;
    let mut again = other.listen_after(position).unwrap();
    let third = revision(&first).await;
    for revision in [third - 1, third] {
        let announced = Heard::Announcement {
            topic: DIRECTORY.to_owned(),
            payload: revision.to_string(),
        };
        assert_eq!(again.next().await, Some(announced));
    }
    let unknown = Position::parse("0123456789abcdef").unwrap();
    assert!(other.listen_after(unknown).is_none());
    // A process that has just begun knows of nothing before.
    assert!(home.store().await.listen_after(position).is_none());
}

async fn a_listener_of_a_closed_store_hears_that_it_ended(home: Home) {
    let store = home.store().await;
    let mut listener = store.listen();
    store.close().await;
    while listener.next().await.is_some() {}
}

async fn a_directory_brings_in_what_was_announced_without_waiting_for_its_next_look(home: Home) {
    const ROUNDS: u64 = 8;
    let sources = Sources {
        store: home.address.clone(),
        if_older: IfOlder::Refuse,
        snapshot: home.folder.path().join("snapshot"),
    };
    let directory = Directory::start(sources, home.key.clone(), || at(1)).await;
    let directory = Arc::new(directory.unwrap());
    let writer = match home.kind {
        Kind::Sqlite => directory.store().unwrap(),
        Kind::Postgres => home.store().await,
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(keep_fresh(directory.clone(), stop.clone()));
    let mut began = Instant::now();
    for round in 0..=ROUNDS {
        if round == 1 {
            // From here on it listens.
            began = Instant::now();
        }
        let number = number(850_000_000 + round);
        let changed = directory.changed();
        writer.register(number, &topic("x"), at(1)).await.unwrap();
        changed.await;
        while directory.meeting(number).is_none() {
            directory.changed().await;
        }
    }
    // It looks once a second by itself, and each change comes right after the one before was seen.
    assert!(
        began.elapsed() < Duration::from_secs(ROUNDS / 2),
        "{:?}",
        began.elapsed()
    );
    stop.cancel();
    running.await.unwrap();
}
