//! Zoom's notifications.

use usher::store::{Notice, NoticeFacts, NoticeHashes, Store, Wanted};
use usher_core::attempt::event::Event;
use usher_core::meeting::MeetingNumber;

use crate::journal::{at, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    a_notification_is_kept_once
    what_is_settled_is_not_due_any_more_and_loses_its_hashes
    what_was_put_off_is_due_later
    changed_meetings_are_due_apart_from_participants
    attempts_are_found_by_the_hash_of_a_name_or_a_registrant_on_their_meeting_and_day
    the_instances_that_zoom_told_of_are_listed
    old_notifications_expire
}

const MEETING: u64 = 85_012_345_678;

pub(crate) fn meeting() -> MeetingNumber {
    MeetingNumber::from_u64(MEETING).unwrap()
}

pub(crate) fn joined(n: u8, second: i64) -> Notice {
    Notice {
        hash: format!("{n:032x}"),
        received_at: at(second),
        at: at(second),
        event: "meeting.participant_joined".into(),
        meeting: Some(meeting()),
        meeting_uuid: Some("uuid+1==".into()),
        facts: NoticeFacts {
            attempt: Some(id(0, 1)),
            leave_reason: Some("鈴木 \"&Co\"".into()),
            changed: Vec::new(),
        },
        hashes: NoticeHashes {
            name: Some("0a".repeat(16)),
            registrant: None,
        },
        is_settled: false,
    }
}

async fn due(store: &Store, second: i64) -> Vec<Notice> {
    let due = store.due_notices(Wanted::Participants, at(second)).await;
    due.unwrap().into_iter().map(|due| due.notice).collect()
}

async fn a_notification_is_kept_once(home: Home) {
    let store = home.store().await;
    let (first, second) = (joined(1, 0), joined(2, 1));
    let batch = [first.clone(), second.clone(), first.clone()];
    assert_eq!(
        store.keep_notices(&batch).await.unwrap(),
        [true, true, false]
    );
    let again = Notice {
        received_at: at(9),
        ..first.clone()
    };
    assert_eq!(store.keep_notices(&[again]).await.unwrap(), [false]);
    assert_eq!(due(&store, 10).await, [first, second]);
}

async fn what_is_settled_is_not_due_any_more_and_loses_its_hashes(home: Home) {
    let store = home.store().await;
    let started = Notice {
        event: "meeting.started".into(),
        is_settled: true,
        ..joined(2, 0)
    };
    store.keep_notices(&[joined(1, 0), started]).await.unwrap();
    assert_eq!(due(&store, 10).await, [joined(1, 0)]);
    let hash = joined(1, 0).hash;
    store.settle_notice(&hash, Some(id(0, 1))).await.unwrap();
    store.settle_notice(&hash, None).await.unwrap();
    store.postpone_notice(&hash, at(1)).await.unwrap();
    assert_eq!(due(&store, 10).await, []);
    let mut stranger = home.stranger().await;
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM notifications WHERE attempt IS NOT NULL AND hashes IS NULL AND try_at IS NULL",
    )
    .fetch_one(&mut stranger)
    .await
    .unwrap();
    assert_eq!(found, 1);
}

async fn what_was_put_off_is_due_later(home: Home) {
    let store = home.store().await;
    store.keep_notices(&[joined(1, 0)]).await.unwrap();
    let hash = joined(1, 0).hash;
    store.postpone_notice(&hash, at(30)).await.unwrap();
    assert_eq!(due(&store, 29).await, []);
    let later = store
        .due_notices(Wanted::Participants, at(30))
        .await
        .unwrap();
    assert_eq!((later.len(), later[0].tries), (1, 1));
}

async fn changed_meetings_are_due_apart_from_participants(home: Home) {
    let store = home.store().await;
    let updated = Notice {
        event: "meeting.updated".into(),
        ..joined(2, 0)
    };
    store
        .keep_notices(&[joined(1, 0), updated.clone()])
        .await
        .unwrap();
    let changed = store
        .due_notices(Wanted::ChangedMeetings, at(1))
        .await
        .unwrap();
    assert_eq!(changed[0].notice, updated);
    assert_eq!((changed.len(), due(&store, 1).await.len()), (1, 1));
}

fn named(mut minted: Event, name: &str, registrant: &str) -> Event {
    minted.personal.name_hash = Some(name.repeat(16));
    minted.personal.registrant_hash = Some(registrant.repeat(16));
    minted
}

async fn attempts_are_found_by_the_hash_of_a_name_or_a_registrant_on_their_meeting_and_day(
    home: Home,
) {
    let store = home.store().await;
    let day = 86_400;
    let mut elsewhere = named(minted(id(3, 3)), "0a", "0b");
    elsewhere.facts.origin.as_mut().unwrap().meeting_number =
        Some(MeetingNumber::from_u64(85_000_000_009).unwrap());
    store
        .append(&[
            named(minted(id(1, 1)), "0a", "ff"),
            named(minted(id(2, 2)), "ff", "0b"),
            elsewhere,
            named(minted(id(4, 4)), "ff", "ff"),
            named(minted(id(-day, 5)), "0a", "0b"),
            minted(id(5, 6)),
        ])
        .await
        .unwrap();
    let find = async |name: Option<&str>, registrant: Option<&str>| {
        let hashes = NoticeHashes {
            name: name.map(|name| name.repeat(16)),
            registrant: registrant.map(|hash| hash.repeat(16)),
        };
        let found = store.attempts_of(meeting(), &hashes, at(0), at(10)).await;
        found.unwrap()
    };
    assert_eq!(find(Some("0a"), None).await, [id(1, 1)]);
    assert_eq!(find(Some("0a"), Some("0b")).await, [id(2, 2), id(1, 1)]);
    assert_eq!(find(None, None).await, []);
}

async fn the_instances_that_zoom_told_of_are_listed(home: Home) {
    let store = home.store().await;
    let of = |n, second, uuid: &str| Notice {
        meeting_uuid: Some(uuid.into()),
        ..joined(n, second)
    };
    let told = [
        of(1, 0, "a"),
        of(2, 10, "b"),
        of(3, 20, "a"),
        of(4, 99, "c"),
    ];
    store.keep_notices(&told).await.unwrap();
    let instances = store.meeting_instances(meeting(), at(0), at(50)).await;
    assert_eq!(instances.unwrap(), ["a", "b"]);
}

async fn old_notifications_expire(home: Home) {
    let store = home.store().await;
    let told: Vec<Notice> = (0..=255).map(|n| joined(n, i64::from(n))).collect();
    store.keep_notices(&told).await.unwrap();
    assert_eq!(store.expire_notices(at(250)).await.unwrap(), 250);
    assert_eq!(due(&store, 999).await.len(), 6);
}
