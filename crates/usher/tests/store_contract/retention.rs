//! What is deleted when, and what stays.

use jiff::{SignedDuration, Timestamp};
use usher::config::Retention;
use usher::store::{AttemptFilter, Expired, JournalSize, Store};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Kind as Told;

use crate::journal::{at, browser, id, minted};
use crate::notifications::joined;
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    facts_expire_by_whole_days_with_events_attempts_and_counts
    a_day_that_expired_can_be_told_of_again_by_every_instance
    personal_data_expires_earlier_and_the_facts_stay
    a_person_is_forgotten_in_every_attempt_and_nobody_else_is
    what_was_forgotten_stays_so_when_the_attempt_goes_on
    more_than_one_chunk_expires_whole
    all_that_is_too_old_goes_at_once
    an_id_of_the_farthest_future_holds_nothing_up
}

const DAY_S: i64 = 86_400;

fn day_after(id: AttemptId) -> Timestamp {
    id.at() + SignedDuration::from_hours(24)
}

async fn known(store: &Store) -> Vec<AttemptId> {
    let filter = AttemptFilter::default();
    let page = store.attempts(&filter, 100, Timestamp::MAX).await.unwrap();
    page.attempts.iter().map(|row| row.id).collect()
}

async fn participant(store: &Store, id: AttemptId) -> Option<String> {
    store.attempt_rows(&[id]).await.unwrap()[0]
        .participant
        .clone()
}

/// Minutes in which anybody is counted.
async fn counted_minutes(home: &Home) -> i64 {
    let mut stranger = home.stranger().await;
    sqlx::query_scalar("SELECT count(DISTINCT minute) FROM minute_counts")
        .fetch_one(&mut stranger)
        .await
        .unwrap()
}

async fn facts_expire_by_whole_days_with_events_attempts_and_counts(home: Home) {
    let store = home.store().await;
    // 22:13:20 UTC, and the same a day and two days later.
    let [old, kept, young] = [id(0, 1), id(DAY_S, 1), id(2 * DAY_S, 1)];
    for id in [old, kept, young] {
        store.append(&[minted(id)]).await.unwrap();
        store.append(&[browser(id, Told::Joined, 1)]).await.unwrap();
    }
    // In the midst of the day of `kept`.
    assert_eq!(store.expire_facts(kept.at()).await.unwrap(), 1);
    assert_eq!(known(&store).await, [young, kept]);
    assert!(store.events(old).await.unwrap().is_empty());
    assert_eq!(store.events(kept).await.unwrap().len(), 2);
    assert_eq!(counted_minutes(&home).await, 2);
    assert_eq!(store.expire_facts(kept.at()).await.unwrap(), 0);
    assert_eq!(
        store.journal_size().await.unwrap(),
        JournalSize {
            attempts: 2,
            events: 4
        }
    );
}

async fn a_day_that_expired_can_be_told_of_again_by_every_instance(home: Home) {
    let [one, other] = [home.store().await, home.store().await];
    let (first, late) = (id(0, 1), id(1, 1));
    other.append(&[minted(first)]).await.unwrap();
    one.expire_facts(day_after(first)).await.unwrap();
    one.append(&[minted(late)]).await.unwrap();
    one.expire_facts(day_after(first)).await.unwrap();
    // It may have to learn that what it knew is gone.
    if other.append(&[minted(late)]).await.is_err() {
        assert_eq!(home.kind, Kind::Postgres);
        other.append(&[minted(late)]).await.unwrap();
    }
    assert_eq!(known(&one).await, [late]);
}

async fn personal_data_expires_earlier_and_the_facts_stay(home: Home) {
    let store = home.store().await;
    let [old, young] = [id(0, 1), id(10, 1)];
    let mut failed = browser(old, Told::Failed, 1);
    failed.facts.reason = Some("Signature is invalid.".into());
    failed.personal.raw = serde_json::value::to_raw_value("Ann").ok();
    store
        .append(&[minted(old), failed, minted(young)])
        .await
        .unwrap();
    assert_eq!(store.expire_personal(young.at()).await.unwrap(), 1);
    let events = store.events(old).await.unwrap();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.personal.is_empty()));
    let row = store.attempt_rows(&[old]).await.unwrap().remove(0);
    assert_eq!(row.participant, None);
    assert_eq!(row.reason.as_deref(), Some("Signature is invalid."));
    assert_eq!(participant(&store, young).await.as_deref(), Some("p-1"));
    assert_eq!(store.expire_personal(young.at()).await.unwrap(), 0);
}

async fn a_person_is_forgotten_in_every_attempt_and_nobody_else_is(home: Home) {
    let store = home.store().await;
    let [first, second, others] = [id(0, 1), id(2 * DAY_S, 1), id(5, 1)];
    let mut other = minted(others);
    other.personal.participant = Some("p-12".into());
    store
        .append(&[minted(first), minted(second), other])
        .await
        .unwrap();
    for unknown in ["p", "P-1", "%", "", "p-1\0"] {
        assert_eq!(
            store.forget_participant(unknown).await.unwrap(),
            0,
            "{unknown:?}"
        );
    }
    assert_eq!(store.forget_participant("p-1").await.unwrap(), 2);
    for id in [first, second] {
        assert_eq!(participant(&store, id).await, None);
        assert!(store.events(id).await.unwrap()[0].personal.is_empty());
    }
    assert_eq!(participant(&store, others).await.as_deref(), Some("p-12"));
    assert_eq!(store.forget_participant("p-1").await.unwrap(), 0);
}

async fn what_was_forgotten_stays_so_when_the_attempt_goes_on(home: Home) {
    let store = home.store().await;
    let id = id(0, 1);
    store.append(&[minted(id)]).await.unwrap();
    store.forget_participant("p-1").await.unwrap();
    // The mint is told again (a spool that is replayed), and the browser goes on.
    store
        .append(&[minted(id), browser(id, Told::Joined, 1)])
        .await
        .unwrap();
    assert_eq!(participant(&store, id).await, None);
    assert!(
        store
            .events(id)
            .await
            .unwrap()
            .iter()
            .all(|event| event.personal.is_empty())
    );
}

async fn more_than_one_chunk_expires_whole(home: Home) {
    let store = home.store().await;
    let mints: Vec<_> = (0..1_300).map(|n| minted(id(n, 1))).collect();
    store.append(&mints).await.unwrap();
    assert_eq!(store.expire_personal(Timestamp::MAX).await.unwrap(), 1_300);
    let expired = store.expire_facts(day_after(id(1_300, 1))).await.unwrap();
    assert_eq!(expired, 1);
    assert_eq!(store.journal_size().await.unwrap(), JournalSize::default());
}

async fn all_that_is_too_old_goes_at_once(home: Home) {
    let store = home.store().await;
    store.append(&[minted(id(0, 1))]).await.unwrap();
    store.append(&[minted(id(8 * DAY_S, 1))]).await.unwrap();
    let notices = [joined(1, 0), joined(2, 8 * DAY_S)];
    store.keep_notices(&notices).await.unwrap();
    let retention = Retention {
        facts_days: 5,
        personal_days: 1,
    };
    let expired = Expired {
        attempts: 2,
        days: 1,
        notices: 1,
        witness_lines: 0,
    };
    let now = at(10 * DAY_S);
    assert_eq!(store.expire(retention, now).await.unwrap(), expired);
    assert_eq!(store.notice_count().await.unwrap(), 1);
    let again = store.expire(retention, now).await.unwrap();
    assert_eq!(again, Expired::default());
}

async fn an_id_of_the_farthest_future_holds_nothing_up(home: Home) {
    let store = home.store().await;
    let last = AttemptId::from_bytes([0xff; 16]);
    let mut minted = minted(last);
    (minted.at, minted.received_at) = (at(0), at(0));
    store.append(&[minted]).await.unwrap();
    assert_eq!(store.events(last).await.unwrap().len(), 1);
    let size = JournalSize {
        attempts: 1,
        events: 1,
    };
    assert_eq!(store.journal_size().await.unwrap(), size);
    assert_eq!(store.expire_facts(Timestamp::MAX).await.unwrap(), 0);
}
