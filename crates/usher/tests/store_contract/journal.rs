//! Events, and what they make of their attempts.

use jiff::{SignedDuration, Timestamp};
use usher::store::{AttemptFilter, Store};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind as Told, Personal, Source};
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::{Confirmation, Outcome, Phase};
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
    attempts_are_found_by_each_condition
    pages_of_attempts_follow_each_other_without_gap_or_overlap
    a_condition_without_an_index_looks_at_so_many_attempts_a_page_and_the_next_page_goes_on
    of_two_conditions_with_an_index_one_is_checked
    pages_can_go_from_the_oldest_to_the_newest
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

async fn found(store: &Store, filter: AttemptFilter, now_s: i64) -> Vec<AttemptId> {
    let page = store.attempts(&filter, 100, at(now_s)).await.unwrap();
    page.attempts.iter().map(|row| row.id).collect()
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

async fn attempts_are_found_by_each_condition(home: Home) {
    let store = home.store().await;
    let [old, failed, joined, silent] = [id(0, 1), id(100, 1), id(200, 1), id(300, 1)];
    let mut other = minted(silent);
    let origin = other.facts.origin.as_mut().unwrap();
    origin.meeting_number = Some(MeetingNumber::from_u64(123_456_789).unwrap());
    origin.dims = [("tenant".to_owned(), "acme".to_owned())].into();
    other.personal.participant = Some("p-2".into());
    for event in [
        minted(old),
        minted(failed),
        browser(failed, Told::Failed, 1),
        minted(joined),
        browser(joined, Told::Joined, 1),
        other,
        browser(silent, Told::Called, 1),
    ] {
        store.append(&[event]).await.unwrap();
    }
    let all = AttemptFilter::default;
    let of_outcome = |outcome| AttemptFilter {
        outcome: Some(outcome),
        ..all()
    };
    for (filter, now_s, expected) in [
        (all(), 400, vec![silent, joined, failed, old]),
        (
            AttemptFilter {
                from: Some(at(100)),
                to: Some(at(300)),
                ..all()
            },
            400,
            vec![joined, failed],
        ),
        (
            AttemptFilter {
                meeting: Some(123_456_789),
                ..all()
            },
            400,
            vec![silent],
        ),
        (
            AttemptFilter {
                code: Some("3712".into()),
                ..all()
            },
            400,
            vec![failed],
        ),
        (
            AttemptFilter {
                participant: Some("p-2".into()),
                ..all()
            },
            400,
            vec![silent],
        ),
        (
            AttemptFilter {
                dims: vec![("tenant".into(), "鈴木 \"&Co\"".into())],
                ..all()
            },
            400,
            vec![joined, failed, old],
        ),
        (
            AttemptFilter {
                dims: vec![
                    ("tenant".into(), "acme".into()),
                    ("release".into(), "r1".into()),
                ],
                ..all()
            },
            400,
            vec![silent],
        ),
        (
            AttemptFilter {
                dims: vec![("tenant".into(), "acm".into())],
                ..all()
            },
            400,
            vec![],
        ),
        (of_outcome(Outcome::Joined), 400, vec![joined]),
        (of_outcome(Outcome::Failed), 400, vec![failed]),
        (of_outcome(Outcome::Waiting), 400, vec![]),
        (of_outcome(Outcome::Unobserved), 400, vec![old]),
        (of_outcome(Outcome::Pending), 320, vec![silent]),
        (of_outcome(Outcome::Unanswered), 320, vec![]),
        (of_outcome(Outcome::Unanswered), 400, vec![silent]),
    ] {
        assert_eq!(
            found(&store, filter.clone(), now_s).await,
            expected,
            "{filter:?} at {now_s}"
        );
    }
}

async fn pages_of_attempts_follow_each_other_without_gap_or_overlap(home: Home) {
    let store = home.store().await;
    let mut ids: Vec<AttemptId> = (0..25)
        .map(|n| id(n / 5, n.cast_unsigned().into()))
        .collect();
    let mints: Vec<Event> = ids.iter().copied().map(minted).collect();
    store.append(&mints).await.unwrap();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let filter = AttemptFilter {
            before,
            ..AttemptFilter::default()
        };
        let page = store.attempts(&filter, 7, at(100)).await.unwrap();
        seen.extend(page.attempts.iter().map(|row| row.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    ids.reverse();
    assert_eq!(seen, ids);
}

/// So many attempts that one page does not look at all of them: of one minute, the newest first in the order of their last digits.
async fn many_attempts(home: &Home, store: &Store, count: u32) {
    let first = id(0, 1);
    store.append(&[minted(first)]).await.unwrap();
    let prefix = &first.to_string()[..24];
    let id = match home.kind {
        Kind::Sqlite => format!("unhex('{prefix}' || printf('%08x', n))"),
        Kind::Postgres => format!("decode('{prefix}' || lpad(to_hex(n), 8, '0'), 'hex')"),
    };
    let sql = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         INSERT INTO attempts (id, phase, since, confirmation, dims) SELECT {id}, 1, 0, 0, '{{\"tenant\":\"acme\"}}' FROM numbers"
    );
    let mut stranger = home.stranger().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut stranger)
        .await
        .unwrap();
}

async fn a_condition_without_an_index_looks_at_so_many_attempts_a_page_and_the_next_page_goes_on(
    home: Home,
) {
    let store = home.store().await;
    many_attempts(&home, &store, 110_000).await;
    let mut filter = AttemptFilter {
        dims: vec![("tenant".into(), "鈴木 \"&Co\"".into())],
        ..AttemptFilter::default()
    };
    let mut sizes = Vec::new();
    let mut found = Vec::new();
    loop {
        let page = store.attempts(&filter, 50, at(100)).await.unwrap();
        sizes.push(page.attempts.len());
        found.extend(page.attempts.iter().map(|row| row.id));
        filter.before = page.next;
        if filter.before.is_none() {
            break;
        }
    }
    assert_eq!(found, [id(0, 1)]);
    assert_eq!(sizes, [0, 0, 1], "of 110,000 attempts, 50,000 a page");
    let everything = AttemptFilter::default();
    let page = store.attempts(&everything, 50, at(100)).await.unwrap();
    assert_eq!(page.attempts.len(), 50);
}

async fn of_two_conditions_with_an_index_one_is_checked(home: Home) {
    let store = home.store().await;
    let [failed, other] = [id(0, 1), id(1, 1)];
    let mut mint = minted(other);
    mint.personal.participant = Some("p-2".into());
    let fails = [
        browser(failed, Told::Failed, 1),
        browser(other, Told::Failed, 1),
    ];
    store.append(&[minted(failed), mint]).await.unwrap();
    store.append(&fails).await.unwrap();
    let filter = |participant: &str, meeting, code: &str| AttemptFilter {
        participant: Some(participant.into()),
        meeting: Some(meeting),
        code: Some(code.into()),
        ..AttemptFilter::default()
    };
    let meeting = 85_012_345_678;
    for (filter, expected) in [
        (filter("p-1", meeting, "3712"), vec![failed]),
        (filter("p-2", meeting, "3712"), vec![other]),
        (filter("p-3", meeting, "3712"), vec![]),
        (filter("p-1", meeting + 1, "3712"), vec![]),
        (filter("p-1", meeting, "1"), vec![]),
    ] {
        assert_eq!(found(&store, filter, 100).await, expected);
    }
}

async fn pages_can_go_from_the_oldest_to_the_newest(home: Home) {
    let store = home.store().await;
    let ids: Vec<AttemptId> = (0..25).map(|second| id(second, 1)).collect();
    let mints: Vec<Event> = ids.iter().copied().map(minted).collect();
    store.append(&mints).await.unwrap();
    let mut filter = AttemptFilter {
        after: Some(ids[3]),
        ..AttemptFilter::default()
    };
    let mut seen = Vec::new();
    while filter.after.is_some() {
        let page = store.attempts(&filter, 7, at(100)).await.unwrap();
        seen.extend(page.attempts.iter().map(|row| row.id));
        filter.after = page.next;
    }
    assert_eq!(seen, ids[4..]);
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
