//! Keys and meetings.

use serde_json::json;
use usher::store::{ApiKey, Edit, MeetingChange, PAGE_MAX, Passcode, Scopes, Store, StoreError};
use usher::zoom::ZoomMeeting;

use crate::stores::sample::{at, name, number, passcode, topic};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    a_registered_meeting_reads_back_as_it_was_given
    the_longest_and_the_shortest_number_are_kept
    registering_a_known_number_is_an_error_and_changes_nothing
    of_many_that_register_one_number_at_once_one_succeeds
    an_import_registers_and_the_next_one_updates
    a_change_touches_what_it_names
    what_is_unknown_is_neither_shown_nor_changed_nor_deleted
    a_deleted_meeting_is_gone_and_can_be_registered_again
    pages_follow_each_other_without_gap_or_overlap
    a_page_has_between_one_meeting_and_the_most_allowed
    a_search_looks_at_number_topic_and_host
    a_search_takes_its_text_literally
    a_key_is_listed_as_added_and_stays_listed_when_revoked
    a_reader_learns_what_is_new_to_it_and_no_more
    a_reader_ahead_of_the_store_learns_everything
}

async fn found(store: &Store, search: &str) -> Vec<u64> {
    let page = store.meetings(Some(search), None, PAGE_MAX).await.unwrap();
    page.meetings
        .iter()
        .map(|meeting| meeting.number.as_u64())
        .collect()
}

async fn a_registered_meeting_reads_back_as_it_was_given(home: Home) {
    let store = home.store().await;
    let change = MeetingChange {
        topic: Edit::parse("topic", Some("鈴木's “weekly”")).unwrap(),
        host: Edit::parse("host", Some("host@example.com")).unwrap(),
        account: Edit::parse("account", Some("eu")).unwrap(),
        app: Edit::parse("app", Some("shop")).unwrap(),
        passcode: Some(Passcode::new("geheim").unwrap()),
    };
    let given = store
        .register(number(85_012_345_678), &change, at(1))
        .await
        .unwrap();
    let read = store.meeting(number(85_012_345_678)).await.unwrap();
    assert_eq!(read.as_ref(), Some(&given));
    assert_eq!(given.topic.as_deref(), Some("鈴木's “weekly”"));
    assert_eq!(given.host.as_deref(), Some("host@example.com"));
    assert_eq!(given.account.as_deref(), Some("eu"));
    assert_eq!(given.app.as_deref(), Some("shop"));
    assert_eq!(given.passcode.expose(), "geheim");
    assert_eq!((given.created_at, given.updated_at), (at(1), at(1)));
}

async fn the_longest_and_the_shortest_number_are_kept(home: Home) {
    let store = home.store().await;
    for number in [number(100_000_000), number(999_999_999_999)] {
        store
            .register(number, &MeetingChange::default(), at(1))
            .await
            .unwrap();
        let meeting = store.meeting(number).await.unwrap().unwrap();
        assert_eq!(meeting.number, number);
        assert!(meeting.passcode.is_empty());
    }
}

async fn registering_a_known_number_is_an_error_and_changes_nothing(home: Home) {
    let store = home.store().await;
    let number = number(850_123_456);
    store
        .register(number, &topic("first"), at(1))
        .await
        .unwrap();
    let error = store
        .register(number, &topic("second"), at(2))
        .await
        .unwrap_err();
    assert_eq!(error, StoreError::MeetingExists(number));
    let kept = store.meeting(number).await.unwrap().unwrap();
    assert_eq!(kept.topic.as_deref(), Some("first"));
}

async fn of_many_that_register_one_number_at_once_one_succeeds(home: Home) {
    let store = home.store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        tasks.spawn(async move {
            store
                .register(number(850_123_456), &topic("mine"), at(1))
                .await
                .is_ok()
        });
    }
    let succeeded = tasks.join_all().await;
    assert_eq!(succeeded.iter().filter(|is_ok| **is_ok).count(), 1);
}

async fn an_import_registers_and_the_next_one_updates(home: Home) {
    let store = home.store().await;
    let zoom = |json| serde_json::from_value::<ZoomMeeting>(json).unwrap();
    let first = zoom(
        json!({"id": 850_123_456, "uuid": "/a//b==", "topic": "Weekly", "host_id": "abc", "password": "geheim",
        "settings": {"approval_type": 0, "waiting_room": true, "alternative_hosts": "ann@example.com"}}),
    );
    store.import(&first, &name("eu"), at(1)).await.unwrap();
    let app = MeetingChange {
        app: Edit::Set(name("shop")),
        ..MeetingChange::default()
    };
    store
        .change(number(850_123_456), &app, at(2))
        .await
        .unwrap();
    let second =
        zoom(json!({"id": 850_123_456, "topic": "Daily", "settings": {"approval_type": 2}}));
    let updated = store.import(&second, &name("eu"), at(3)).await.unwrap();
    assert_eq!(
        store.meeting(number(850_123_456)).await.unwrap().unwrap(),
        updated
    );
    assert_eq!(updated.topic.as_deref(), Some("Daily"));
    assert_eq!(updated.uuid.as_deref(), Some("/a//b=="));
    assert_eq!(updated.host.as_deref(), Some("abc"));
    assert_eq!(updated.app.as_deref(), Some("shop"));
    assert_eq!(updated.passcode.expose(), "geheim");
    assert_eq!(updated.settings, Some(json!({"approval_type": 2})));
    assert!(!updated.needs_registration);
    assert_eq!((updated.created_at, updated.updated_at), (at(1), at(3)));
}

async fn a_change_touches_what_it_names(home: Home) {
    let store = home.store().await;
    let number = number(850_123_456);
    store
        .register(number, &passcode("geheim"), at(1))
        .await
        .unwrap();
    let changed = store
        .change(number, &topic("Weekly"), at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(changed.passcode.expose(), "geheim");
    assert_eq!(changed.topic.as_deref(), Some("Weekly"));
    let cleared = store
        .change(number, &topic(""), at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(cleared.topic, None);
    assert_eq!(store.meeting(number).await.unwrap(), Some(cleared));
}

async fn what_is_unknown_is_neither_shown_nor_changed_nor_deleted(home: Home) {
    let store = home.store().await;
    let number = number(850_123_456);
    assert_eq!(store.meeting(number).await.unwrap(), None);
    assert_eq!(
        store.change(number, &topic("x"), at(1)).await.unwrap(),
        None
    );
    assert!(!store.delete(number).await.unwrap());
}

async fn a_deleted_meeting_is_gone_and_can_be_registered_again(home: Home) {
    let store = home.store().await;
    let number = number(850_123_456);
    store
        .register(number, &passcode("geheim"), at(1))
        .await
        .unwrap();
    assert!(store.delete(number).await.unwrap());
    assert_eq!(store.meeting(number).await.unwrap(), None);
    store
        .register(number, &topic("again"), at(2))
        .await
        .unwrap();
    let again = store.meeting(number).await.unwrap().unwrap();
    assert!(again.passcode.is_empty());
    assert!(store.delete(number).await.unwrap());
}

async fn pages_follow_each_other_without_gap_or_overlap(home: Home) {
    let store = home.store().await;
    let numbers: Vec<u64> = (0..25).map(|n| 850_000_000 + n * 7).collect();
    for n in numbers.iter().rev() {
        store
            .register(number(*n), &topic("x"), at(1))
            .await
            .unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.meetings(None, after, 10).await.unwrap();
        assert!(page.meetings.len() <= 10);
        seen.extend(page.meetings.iter().map(|meeting| meeting.number.as_u64()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, numbers);
    let exact = store.meetings(None, None, 25).await.unwrap();
    assert_eq!((exact.meetings.len(), exact.next), (25, None));
}

async fn a_page_has_between_one_meeting_and_the_most_allowed(home: Home) {
    let store = home.store().await;
    for n in 0..=u64::from(PAGE_MAX) {
        let number = number(850_000_000 + n);
        store.register(number, &topic("x"), at(1)).await.unwrap();
    }
    for (limit, length) in [(0, 1), (u32::MAX, PAGE_MAX as usize)] {
        let page = store.meetings(None, None, limit).await.unwrap();
        assert_eq!(page.meetings.len(), length, "{limit}");
        assert!(page.next.is_some());
    }
}

async fn a_search_looks_at_number_topic_and_host(home: Home) {
    let store = home.store().await;
    let host = MeetingChange {
        host: Edit::parse("host", Some("ann@example.com")).unwrap(),
        ..MeetingChange::default()
    };
    for (n, change) in [
        (850_111_111, topic("Weekly 鈴木")),
        (850_222_222, host),
        (850_333_333, MeetingChange::default()),
    ] {
        store.register(number(n), &change, at(1)).await.unwrap();
    }
    assert_eq!(found(&store, "WEEKLY").await, [850_111_111]);
    assert_eq!(found(&store, "鈴木").await, [850_111_111]);
    assert_eq!(found(&store, "@example").await, [850_222_222]);
    assert_eq!(found(&store, "333").await, [850_333_333]);
    assert_eq!(found(&store, "850 333-333").await, [850_333_333]);
    assert_eq!(found(&store, "nothing").await, [0; 0]);
    assert_eq!(found(&store, "-").await, [0; 0]);
}

async fn a_search_takes_its_text_literally(home: Home) {
    let store = home.store().await;
    let topics = [
        "50% off",
        "50 off",
        "a_b",
        "axb",
        r"back\slash",
        "it's \"quoted\"",
        "'; DROP TABLE meetings; --",
    ];
    for (n, text) in (850_000_000..).zip(topics) {
        store
            .register(number(n), &topic(text), at(1))
            .await
            .unwrap();
    }
    for (search, hit) in [
        ("0%", 0),
        ("a_b", 2),
        (r"\", 4),
        ("\"q", 5),
        ("t's", 5),
        ("'; DROP", 6),
    ] {
        assert_eq!(found(&store, search).await, [850_000_000 + hit], "{search}");
    }
    assert_eq!(found(&store, "").await.len(), topics.len());
    for search in ["\0", "50\0", "850\0"] {
        assert_eq!(found(&store, search).await, [0; 0], "{search:?}");
    }
}

async fn a_key_is_listed_as_added_and_stays_listed_when_revoked(home: Home) {
    let store = home.store().await;
    let key = ApiKey::generate().unwrap();
    let scopes = Scopes::parse("mint,host").unwrap();
    let added = store
        .add_key(&key, name("backend"), scopes, at(1))
        .await
        .unwrap();
    assert_eq!(store.keys().await.unwrap(), std::slice::from_ref(&added));
    assert!(added.hash.is_of(key.expose()));
    let revoked = store.revoke_key(key.id(), at(2)).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(at(2)));
    let again = store.revoke_key(key.id(), at(3)).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(at(2)));
    assert_eq!(store.keys().await.unwrap(), [revoked]);
    let unknown = ApiKey::generate().unwrap().id();
    assert_eq!(store.revoke_key(unknown, at(4)).await.unwrap(), None);
}

async fn a_reader_learns_what_is_new_to_it_and_no_more(home: Home) {
    let store = home.store().await;
    let everything = store.changes_since(None).await.unwrap().unwrap();
    assert!(everything.is_everything);
    assert_eq!(
        store
            .changes_since(Some(everything.revision))
            .await
            .unwrap()
            .map(|c| c.revision),
        None
    );

    for n in [850_000_001, 850_000_002, 850_000_003] {
        store.register(number(n), &topic("x"), at(1)).await.unwrap();
    }
    let three = store
        .changes_since(Some(everything.revision))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((three.meetings.len(), three.is_everything), (3, false));

    store
        .change(number(850_000_002), &topic("y"), at(2))
        .await
        .unwrap();
    store.delete(number(850_000_003)).await.unwrap();
    let key = ApiKey::generate().unwrap();
    store
        .add_key(&key, name("k"), Scopes::parse("read").unwrap(), at(2))
        .await
        .unwrap();
    let news = store
        .changes_since(Some(three.revision))
        .await
        .unwrap()
        .unwrap();
    let changed: Vec<_> = news.meetings.iter().map(|meeting| meeting.number).collect();
    assert_eq!(changed, [number(850_000_002)]);
    assert_eq!(news.deleted, [number(850_000_003)]);
    assert_eq!(news.keys.len(), 1);
    assert_eq!(
        store
            .changes_since(Some(news.revision))
            .await
            .unwrap()
            .map(|c| c.revision),
        None
    );
}

async fn a_reader_ahead_of_the_store_learns_everything(home: Home) {
    let store = home.store().await;
    store
        .register(number(850_000_001), &topic("x"), at(1))
        .await
        .unwrap();
    let changes = store.changes_since(Some(1000)).await.unwrap().unwrap();
    assert!(changes.is_everything);
    assert_eq!(changes.meetings.len(), 1);
}
