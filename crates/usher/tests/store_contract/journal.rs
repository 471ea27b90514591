//! Events, and what they make of their attempts.

use jiff::{SignedDuration, Timestamp};
use usher::store::Store;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind as Told, Personal, Source};
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::{Confirmation, Phase};
use usher_core::meeting::MeetingNumber;

use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    what_was_appended_reads_back
    an_event_that_is_there_changes_nothing
    of_two_same_events_in_one_batch_one_is_new
    events_make_the_attempts_row_whatever_order_they_come_in
    events_of_an_attempt_without_a_mint_are_kept
    many_mints_at_once_are_all_there
    instances_that_append_to_one_attempt_at_once_lose_nothing
    browsers_may_tell_so_much_of_one_attempt_and_others_go_on
    listeners_hear_which_attempts_changed
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn id(second: i64, random: u128) -> AttemptId {
    AttemptId::new(at(second), random)
}

pub(crate) fn minted(attempt: AttemptId) -> Event {
    Event {
        attempt,
        source: Source::Mint,
        id: "mint".into(),
        kind: Told::Minted,
        at: attempt.at(),
        received_at: attempt.at(),
        facts: Facts {
            origin: Some(Box::new(Origin {
                meeting_number: Some(MeetingNumber::from_u64(85_012_345_678).unwrap()),
                release: Some("r1".into()),
                dims: [("tenant".to_owned(), "鈴木 \"&Co\"".to_owned())].into(),
                ..Origin::default()
            })),
            ..Facts::default()
        },
        personal: Personal {
            participant: Some("p-1".into()),
            ..Personal::default()
        },
    }
}

pub(crate) fn browser(attempt: AttemptId, kind: Told, after_s: i64) -> Event {
    let at = attempt.at() + SignedDuration::from_secs(after_s);
    Event {
        attempt,
        source: Source::Browser,
        id: format!("{}-{after_s}", kind.as_str()),
        kind,
        at,
        received_at: at,
        facts: Facts {
            code: (kind == Told::Failed).then(|| "3712".to_owned()),
            ..Facts::default()
        },
        personal: Personal::default(),
    }
}

async fn row(store: &Store, id: AttemptId) -> usher::store::AttemptRow {
    store.attempt_rows(&[id]).await.unwrap().remove(0)
}

async fn what_was_appended_reads_back(home: Home) {
    let store = home.store().await;
    let id = id(0, 1);
    let mut failed = browser(id, Told::Failed, 2);
    failed.facts.reason = Some("Signature is invalid.".into());
    failed.personal.raw = serde_json::value::to_raw_value(&serde_json::json!({"a": 1})).ok();
    store.append(&[minted(id)]).await.unwrap();
    store.append(&[failed.clone()]).await.unwrap();
    let events = store.events(id).await.unwrap();
    assert_eq!(
        serde_json::to_value(&events).unwrap(),
        serde_json::to_value([minted(id), failed]).unwrap()
    );
    let row = row(&store, id).await;
    assert_eq!(row.meeting, Some(85_012_345_678));
    assert_eq!(row.participant.as_deref(), Some("p-1"));
    assert_eq!((row.phase, row.since), (Phase::Failed, at(2)));
    assert_eq!(row.code.as_deref(), Some("3712"));
    assert_eq!(row.reason.as_deref(), Some("Signature is invalid."));
    assert_eq!(row.confirmation, Confirmation::None);
    assert_eq!(row.dims["release"], "r1");
}

async fn an_event_that_is_there_changes_nothing(home: Home) {
    let store = home.store().await;
    let id = id(0, 1);
    let called = browser(id, Told::Called, 1);
    for _ in 0..2 {
        store.append(&[minted(id)]).await.unwrap();
        store.append(std::slice::from_ref(&called)).await.unwrap();
    }
    let again = store.append(&[minted(id), called]).await.unwrap();
    assert_eq!(again.is_new, [false, false]);
    assert_eq!(store.events(id).await.unwrap().len(), 2);
    assert_eq!(row(&store, id).await.phase, Phase::Called);
}

async fn of_two_same_events_in_one_batch_one_is_new(home: Home) {
    let store = home.store().await;
    let id = id(0, 1);
    let appended = store.append(&[minted(id), minted(id)]).await.unwrap();
    assert_eq!(appended.is_new, [true, false]);
    assert_eq!(store.events(id).await.unwrap().len(), 1);
}

async fn events_make_the_attempts_row_whatever_order_they_come_in(home: Home) {
    let store = home.store().await;
    for (n, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]]
        .iter()
        .enumerate()
    {
        let id = id(0, n as u128);
        let events = [
            minted(id),
            browser(id, Told::Called, 1),
            browser(id, Told::Failed, 2),
            browser(id, Told::Joined, 20),
        ];
        for n in order {
            store.append(&events[*n..=*n]).await.unwrap();
        }
        let row = row(&store, id).await;
        assert_eq!((row.phase, row.since), (Phase::Joined, at(20)), "{order:?}");
        assert_eq!((row.code, row.meeting), (None, Some(85_012_345_678)));
    }
}

async fn events_of_an_attempt_without_a_mint_are_kept(home: Home) {
    let store = home.store().await;
    let id = id(0, 1);
    store.append(&[browser(id, Told::Called, 1)]).await.unwrap();
    assert_eq!(row(&store, id).await.phase, Phase::Called);
    assert_eq!(store.events(id).await.unwrap().len(), 1);
}

async fn many_mints_at_once_are_all_there(home: Home) {
    let store = home.store().await;
    // Around midnight, so that they belong to two days.
    let midnight = 1_700_006_400 - 1_700_000_000;
    let ids: Vec<AttemptId> = (0..1_000).map(|n| id(midnight - 500 + n, 9)).collect();
    let mints: Vec<Event> = ids.iter().rev().copied().map(minted).collect();
    let appended = store.append(&mints).await.unwrap();
    assert!(appended.is_new.iter().all(|is_new| *is_new));
    let mut rows = store.attempt_rows(&ids).await.unwrap();
    rows.sort_by_key(|row| row.id);
    assert!(rows.iter().map(|row| row.id).eq(ids.iter().copied()));
    assert_eq!(store.events(ids[0]).await.unwrap().len(), 1);
}

async fn instances_that_append_to_one_attempt_at_once_lose_nothing(home: Home) {
    let stores = [home.store().await, home.store().await];
    let ids: Vec<AttemptId> = (0..20).map(|n| id(n, 3)).collect();
    let told = ids.iter().flat_map(|id| {
        [
            minted(*id),
            browser(*id, Told::Called, 1),
            browser(*id, Told::Waiting, 2),
            browser(*id, Told::Joined, 30),
        ]
    });
    let mut tasks = tokio::task::JoinSet::new();
    for (n, event) in told.enumerate() {
        let store = stores[n % 2].clone();
        tasks.spawn(async move { store.append(&[event]).await });
    }
    while let Some(appended) = tasks.join_next().await {
        assert_eq!(appended.unwrap().unwrap().is_new, [true]);
    }
    for id in ids {
        assert_eq!(stores[0].events(id).await.unwrap().len(), 4);
        assert_eq!(row(&stores[1], id).await.phase, Phase::Joined);
    }
}

async fn browsers_may_tell_so_much_of_one_attempt_and_others_go_on(home: Home) {
    let store = home.store().await;
    let [id, other] = [id(0, 1), id(0, 2)];
    let told = |from, to| (from..to).map(|second| browser(id, Told::Called, second));
    let mut batch: Vec<Event> = told(0, 150).collect();
    batch.insert(0, minted(id));
    store.append(&batch).await.unwrap();
    // The last of these is there already, and one is of another attempt.
    let batch: Vec<Event> = told(150, 210)
        .chain([browser(id, Told::Called, 3), minted(other)])
        .collect();
    let appended = store.append(&batch).await.unwrap();
    let new = [vec![true; 50], vec![false; 11], vec![true]].concat();
    let dropped = [vec![false; 50], vec![true; 10], vec![false; 2]].concat();
    assert_eq!((appended.is_new, appended.is_dropped), (new, dropped));
    assert_eq!(store.events(id).await.unwrap().len(), 201);
    // What is Zoom's is not of a browser.
    let mut joined = browser(id, Told::Joined, 300);
    joined.source = Source::Zoom;
    let appended = store.append(&[joined]).await.unwrap();
    assert_eq!(appended.is_new, [true]);
    assert_eq!(row(&store, id).await.phase, Phase::Joined);
}

async fn listeners_hear_which_attempts_changed(home: Home) {
    let store = home.store().await;
    // SQLite tells its own process; PostgreSQL tells every instance.
    let listening = match home.kind {
        Kind::Sqlite => store.clone(),
        Kind::Postgres => home.store().await,
    };
    let mut listener = listening.listen();
    if home.kind == Kind::Postgres {
        assert_eq!(
            listener.next().await,
            Some(usher::store::Heard::Gap),
            "it listens now"
        );
    }
    let id = id(0, 1);
    store.append(&[minted(id)]).await.unwrap();
    let heard = listener.next().await.unwrap();
    assert_eq!(
        heard,
        usher::store::Heard::Announcement {
            topic: usher::store::ATTEMPTS.to_owned(),
            payload: id.to_string(),
        }
    );
}
