//! Attempts over time, by what became of them.

use jiff::Timestamp;
use usher::store::{CODE, OTHER, OutcomeCounts, Stats, Steps, Store};
use usher_core::attempt::event::Kind as Told;
use usher_core::attempt::origin::Origin;

use crate::journal::{at, browser, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    each_minute_tells_what_became_of_its_attempts
    an_outcome_is_as_of_the_moment_of_asking
    steps_begin_where_the_span_begins_and_what_is_outside_is_not_counted
    values_of_a_dimension_are_counted_apart_and_the_largest_comes_first
    failures_are_counted_by_their_code
    the_values_with_the_fewest_attempts_are_one_when_there_are_too_many
    what_two_instances_counted_is_one_sum
    what_changed_later_is_counted_once_and_as_it_is_now
}

/// A whole minute.
const START_S: i64 = 40;

async fn stats(store: &Store, span_s: [i64; 2], step_s: i64, by: Option<&str>) -> Stats {
    as_of(store, span_s, step_s, by, at(100_000)).await
}

async fn as_of(
    store: &Store,
    span_s: [i64; 2],
    step_s: i64,
    by: Option<&str>,
    now: Timestamp,
) -> Stats {
    let [from, to] = span_s.map(|second| at(START_S + second));
    let steps = Steps::new(from, to, step_s).unwrap();
    store.stats(steps, by, now).await.unwrap()
}

fn joined(joined: i64) -> OutcomeCounts {
    OutcomeCounts {
        joined,
        ..OutcomeCounts::default()
    }
}

/// An attempt that got in, of these dimensions.
async fn joins(store: &Store, second: i64, random: u128, dims: &[(&str, &str)]) {
    let id = id(START_S + second, random);
    let mut mint = minted(id);
    let own = dims
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    mint.facts.origin = Some(Box::new(Origin {
        dims: own.collect(),
        ..Origin::default()
    }));
    store.append(&[mint]).await.unwrap();
    store.append(&[browser(id, Told::Joined, 2)]).await.unwrap();
}

async fn each_minute_tells_what_became_of_its_attempts(home: Home) {
    let store = home.store().await;
    let told = [
        (0, None),
        (1, Some(Told::Loaded)),
        (2, Some(Told::Called)),
        (3, Some(Told::Waiting)),
        (4, Some(Told::Silent)),
        (59, Some(Told::Failed)),
        (60, Some(Told::Joined)),
    ];
    for (second, kind) in told {
        let id = id(START_S + second, 1);
        store.append(&[minted(id)]).await.unwrap();
        if let Some(kind) = kind {
            store.append(&[browser(id, kind, 1)]).await.unwrap();
        }
    }
    let stats = stats(&store, [0, 180], 60, None).await;
    let first = OutcomeCounts {
        joined: 0,
        failed: 1,
        waiting: 1,
        pending: 0,
        unanswered: 2,
        unobserved: 2,
    };
    let series: Vec<_> = stats.series.iter().map(|p| (p.at, p.counts)).collect();
    assert_eq!(
        series,
        [(at(START_S), first), (at(START_S + 60), joined(1))]
    );
    let total = OutcomeCounts { joined: 1, ..first };
    assert_eq!(stats.totals, [(String::new(), total)]);
    assert_eq!(total.attempts(), 7);
}

async fn an_outcome_is_as_of_the_moment_of_asking(home: Home) {
    let store = home.store().await;
    let [unobserved, unanswered] = [id(START_S, 1), id(START_S, 2)];
    for id in [unobserved, unanswered] {
        store.append(&[minted(id)]).await.unwrap();
    }
    let called = browser(unanswered, Told::Called, 1);
    store.append(&[called]).await.unwrap();
    // The minute ends at 60, its last mint could have been answered until 120.
    for (now_s, pending) in [(1, 2), (119, 2), (120, 0)] {
        let stats = as_of(&store, [0, 60], 60, None, at(START_S + now_s)).await;
        let expected = OutcomeCounts {
            pending,
            unanswered: i64::from(pending == 0),
            unobserved: i64::from(pending == 0),
            ..OutcomeCounts::default()
        };
        assert_eq!(stats.totals, [(String::new(), expected)], "at {now_s}");
    }
}

async fn steps_begin_where_the_span_begins_and_what_is_outside_is_not_counted(home: Home) {
    let store = home.store().await;
    for second in [0, 119, 120, 419, 420, 719, 720] {
        joins(&store, second, 1, &[]).await;
    }
    let stats = stats(&store, [120, 720], 300, None).await;
    let series: Vec<_> = stats.series.iter().map(|p| (p.at, p.counts)).collect();
    assert_eq!(
        series,
        [
            (at(START_S + 120), joined(2)),
            (at(START_S + 420), joined(2))
        ]
    );
}

async fn values_of_a_dimension_are_counted_apart_and_the_largest_comes_first(home: Home) {
    let store = home.store().await;
    joins(&store, 0, 1, &[("tenant", "acme")]).await;
    joins(&store, 1, 1, &[("tenant", "鈴木")]).await;
    joins(&store, 61, 1, &[("tenant", "鈴木")]).await;
    joins(&store, 62, 1, &[]).await;
    let stats = stats(&store, [0, 180], 60, Some("tenant")).await;
    let series: Vec<_> = stats
        .series
        .iter()
        .map(|p| (p.at, p.value.as_str(), p.counts))
        .collect();
    assert_eq!(
        series,
        [
            (at(START_S), "acme", joined(1)),
            (at(START_S), "鈴木", joined(1)),
            (at(START_S + 60), "鈴木", joined(1))
        ]
    );
    let total = |value: &str, count| (value.to_owned(), joined(count));
    assert_eq!(stats.totals, [total("鈴木", 2), total("acme", 1)]);
}

async fn failures_are_counted_by_their_code(home: Home) {
    let store = home.store().await;
    let failing = id(START_S, 1);
    store.append(&[minted(failing)]).await.unwrap();
    store
        .append(&[browser(failing, Told::Failed, 1)])
        .await
        .unwrap();
    joins(&store, 1, 1, &[]).await;
    let stats = stats(&store, [0, 60], 60, Some(CODE)).await;
    let failed = OutcomeCounts {
        failed: 1,
        ..OutcomeCounts::default()
    };
    assert_eq!(stats.totals, [("3712".to_owned(), failed)]);
}

async fn the_values_with_the_fewest_attempts_are_one_when_there_are_too_many(home: Home) {
    let store = home.store().await;
    // A day by the minute has room for 13 values.
    for value in 0..15_u128 {
        for random in 0..2 + u128::from(value >= 2) {
            let tenant = format!("t{value:02}");
            let second = i64::try_from(value).unwrap();
            joins(&store, second, random, &[("tenant", &tenant)]).await;
        }
    }
    let stats = stats(&store, [0, 86_400], 60, Some("tenant")).await;
    assert_eq!(stats.totals.len(), 14);
    assert_eq!(stats.totals[0], (OTHER.to_owned(), joined(4)));
    assert!(stats.totals[1..].iter().all(|(_, c)| *c == joined(3)));
    assert!(!stats.totals.iter().any(|(value, _)| value == "t00"));
}

async fn what_two_instances_counted_is_one_sum(home: Home) {
    let stores = [home.store().await, home.store().await];
    for (n, store) in stores.iter().enumerate() {
        joins(store, 0, n as u128, &[("tenant", "acme")]).await;
    }
    let [one, other] = &stores;
    for store in [one, other] {
        let stats = stats(store, [0, 60], 60, Some("tenant")).await;
        assert_eq!(stats.totals, [("acme".to_owned(), joined(2))]);
    }
}

async fn what_changed_later_is_counted_once_and_as_it_is_now(home: Home) {
    let stores = [home.store().await, home.store().await];
    let id = id(START_S, 1);
    let mut loaded = browser(id, Told::Loaded, 1);
    loaded.facts.client = Some(Box::new(usher_core::attempt::event::Client {
        browser: Some("Chrome 117".into()),
        ..Default::default()
    }));
    let mut called = browser(id, Told::Called, 2);
    called.facts.client = Some(Box::new(usher_core::attempt::event::Client {
        browser: Some("Edge 117".into()),
        ..Default::default()
    }));
    let joined_after = browser(id, Told::Joined, 3);
    for (n, event) in [minted(id), loaded, called, joined_after]
        .iter()
        .enumerate()
    {
        stores[n % 2]
            .append(std::slice::from_ref(event))
            .await
            .unwrap();
    }
    // The value that it had for a while is not left with nothing in it.
    let stats = stats(&stores[0], [0, 60], 60, Some("browser")).await;
    assert_eq!(stats.totals, [("Edge 117".to_owned(), joined(1))]);
    assert_eq!(stats.series.len(), 1);
}
