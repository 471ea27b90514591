//! Looking attempts up: by conditions, page by page.

use usher::store::{AttemptFilter, Store};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind as Told};
use usher_core::attempt::story::Outcome;
use usher_core::meeting::MeetingNumber;

use super::journal::{at, browser, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    attempts_are_found_by_each_condition
    pages_of_attempts_follow_each_other_without_gap_or_overlap
    a_condition_without_an_index_looks_at_so_many_attempts_a_page_and_the_next_page_goes_on
    of_two_conditions_with_an_index_one_is_checked
    pages_can_go_from_the_oldest_to_the_newest
}

async fn found(store: &Store, filter: AttemptFilter, now_s: i64) -> Vec<AttemptId> {
    let page = store.attempts(&filter, 100, at(now_s)).await.unwrap();
    page.attempts.iter().map(|row| row.id).collect()
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
