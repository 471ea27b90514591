//! A store that moves to another database.

use usher::store::{ApiKey, IfMissing, IfOlder, JournalSize, Notice, Scopes, Store, Wanted};
use usher_core::attempt::event::Kind as Told;

use crate::journal::{at as second, browser, id, minted};
use crate::notifications::joined;
use crate::stores::sample::{at, name, number, passcode};
use crate::stores::{Home, Kind, on_both_stores};

// The one of the name is where it moves to.
on_both_stores! {
    a_copy_has_all_that_the_original_has
    copying_again_adds_what_is_new_and_changes_nothing_else
    what_was_deleted_of_a_person_is_deleted_in_the_copy_too
    notifications_come_along_and_what_is_settled_in_one_store_stays_settled
    a_copy_under_another_master_key_is_refused
}

/// The other kind of store, with the same key.
pub(crate) async fn original(home: &Home) -> (Home, Store) {
    let kind = match home.kind {
        Kind::Sqlite => Kind::Postgres,
        Kind::Postgres => Kind::Sqlite,
    };
    let mut other = Home::new(kind).await;
    other.key = home.key.clone();
    let store = other.store().await;
    (other, store)
}

async fn copy(from: &Store, to: &Store) -> u64 {
    to.take_directory_of(from).await.unwrap();
    let (mut after, mut added) = (None, 0);
    loop {
        let stories = from.stories(None, None, after).await.unwrap();
        added += to.take_stories(&stories).await.unwrap();
        after = stories.next;
        if after.is_none() {
            return added;
        }
    }
}

async fn a_copy_has_all_that_the_original_has(home: Home) {
    let (_other, from) = original(&home).await;
    let to = home.store().await;
    let key = ApiKey::generate().unwrap();
    let scopes = Scopes::parse("mint,read").unwrap();
    from.add_key(&key, name("backend"), scopes, at(1))
        .await
        .unwrap();
    from.register(number(850_123_456), &passcode("geheim"), at(2))
        .await
        .unwrap();
    let mints: Vec<_> = (0..700).map(|n| minted(id(n * 500, 1))).collect();
    from.append(&mints).await.unwrap();
    let joined = browser(id(0, 1), Told::Joined, 3);
    from.append(&[joined]).await.unwrap();
    assert_eq!(copy(&from, &to).await, 701);
    assert_eq!(to.keys().await.unwrap(), from.keys().await.unwrap());
    let meeting = to.meeting(number(850_123_456)).await.unwrap().unwrap();
    assert_eq!(meeting.passcode.expose(), "geheim");
    assert_eq!(
        to.journal_size().await.unwrap(),
        JournalSize {
            attempts: 700,
            events: 701
        }
    );
    for id in [id(0, 1), id(699 * 500, 1)] {
        let json =
            async |store: &Store| serde_json::to_value(store.events(id).await.unwrap()).unwrap();
        assert_eq!(json(&to).await, json(&from).await);
        assert_eq!(
            to.attempt_rows(&[id]).await.unwrap(),
            from.attempt_rows(&[id]).await.unwrap()
        );
    }
}

async fn copying_again_adds_what_is_new_and_changes_nothing_else(home: Home) {
    let (_other, from) = original(&home).await;
    let to = home.store().await;
    let meeting = number(850_123_456);
    let key = ApiKey::generate().unwrap();
    let scopes = Scopes::parse("mint").unwrap();
    from.register(meeting, &passcode("old"), at(2))
        .await
        .unwrap();
    from.add_key(&key, name("backend"), scopes, at(1))
        .await
        .unwrap();
    from.append(&[minted(id(0, 1))]).await.unwrap();
    copy(&from, &to).await;
    to.revoke_key(key.id(), at(3)).await.unwrap();
    to.change(meeting, &passcode("newer here"), at(9))
        .await
        .unwrap();
    from.change(meeting, &passcode("older there"), at(5))
        .await
        .unwrap();
    to.append(&[minted(id(5, 9))]).await.unwrap();
    from.append(&[browser(id(0, 1), Told::Called, 1)])
        .await
        .unwrap();
    assert_eq!(copy(&from, &to).await, 1);
    assert_eq!(copy(&from, &to).await, 0);
    assert_eq!(to.keys().await.unwrap()[0].revoked_at, Some(at(3)));
    let kept = to.meeting(meeting).await.unwrap().unwrap();
    assert_eq!(kept.passcode.expose(), "newer here");
    assert_eq!(
        to.journal_size().await.unwrap(),
        JournalSize {
            attempts: 2,
            events: 3
        }
    );
}

async fn what_was_deleted_of_a_person_is_deleted_in_the_copy_too(home: Home) {
    let (_other, from) = original(&home).await;
    let to = home.store().await;
    from.append(&[minted(id(0, 1))]).await.unwrap();
    copy(&from, &to).await;
    from.forget_participant("p-1").await.unwrap();
    copy(&from, &to).await;
    assert!(to.events(id(0, 1)).await.unwrap()[0].personal.is_empty());
    assert_eq!(to.forget_participant("p-1").await.unwrap(), 0);
}

/// How many were read, and of how many something was new.
async fn copy_notices(from: &Store, to: &Store) -> (u64, u64) {
    let (mut read, mut new, mut after) = (0, 0, None);
    loop {
        let taken = to.take_notices_of(from, after.as_deref()).await.unwrap();
        (read, new) = (read + taken.read, new + taken.new);
        after = taken.next;
        if after.is_none() {
            return (read, new);
        }
    }
}

async fn notifications_come_along_and_what_is_settled_in_one_store_stays_settled(home: Home) {
    let (_other, from) = original(&home).await;
    let to = home.store().await;
    // More than one page, and over several days.
    let of = |n: u32| Notice {
        hash: format!("{n:032x}"),
        ..joined(0, i64::from(n) * 700)
    };
    let all: Vec<Notice> = (0..600).map(of).collect();
    from.keep_notices(&all).await.unwrap();
    assert_eq!(copy_notices(&from, &to).await, (600, 600));
    assert_eq!(copy_notices(&from, &to).await, (600, 0));
    assert_eq!(to.notice_count().await.unwrap(), 600);
    // Another one of the source's, each settles one, and one is tried in vain here.
    from.keep_notices(&[of(600)]).await.unwrap();
    from.settle_notice(&of(1).hash, Some(id(0, 1)))
        .await
        .unwrap();
    to.settle_notice(&of(2).hash, None).await.unwrap();
    to.postpone_notice(&of(3).hash, second(1_000_000))
        .await
        .unwrap();
    assert_eq!(copy_notices(&from, &to).await, (601, 2));
    assert_eq!(copy_notices(&from, &to).await, (601, 0));
    let due = to.due_notices(Wanted::Participants, second(900_000)).await;
    let due: Vec<Notice> = due.unwrap().into_iter().map(|due| due.notice).collect();
    assert_eq!(due[..2], [of(0), of(4)]);
    let mut stranger = home.stranger().await;
    let settled: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM notifications WHERE try_at IS NULL AND hashes IS NULL",
    )
    .fetch_one(&mut stranger)
    .await
    .unwrap();
    assert_eq!(settled, 2);
}

async fn a_copy_under_another_master_key_is_refused(home: Home) {
    home.store().await.close().await;
    let (other, _from) = original(&Home::new(home.kind).await).await;
    let error = Store::open(
        &home.address,
        IfMissing::Create,
        IfOlder::Refuse,
        other.key.clone(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.code(), "store_other_master_key");
}
