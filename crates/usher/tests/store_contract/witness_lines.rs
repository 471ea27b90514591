//! What the witnesses said, the change log among it, and the settings that a start compares itself with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher::store::{LINES_MAX, Store, StoredLine};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::witness::{Change, Line, ToldChange, Watching, Witness};

use crate::copy::original;
use crate::journal::{at, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    a_line_is_kept_once_and_a_time_of_watching_grows
    lines_are_read_in_their_order_page_by_page_and_by_kind
    who_was_watching_when_a_span_began_is_found
    the_last_line_before_a_moment_is_what_held_then
    old_lines_go_but_not_what_was_seen_first
    a_release_is_told_once_per_environment_whoever_sees_it
    lines_are_taken_over_from_another_store
    settings_are_compared_with_the_last_start_of_the_instance_or_of_any
}

fn change(name: &str, seconds: i64) -> StoredLine {
    let told = ToldChange {
        at: Some(at(seconds)),
        text: Some(name.to_owned()),
        ..ToldChange::default()
    };
    StoredLine {
        id: name.to_owned(),
        line: Line::Change(told.checked(at(seconds)).unwrap()),
    }
}

fn watching(to_s: i64) -> StoredLine {
    StoredLine {
        id: "watching".to_owned(),
        line: Line::Watching(Watching {
            witness: Witness::Clock,
            from: at(0),
            to: at(to_s),
            instance: None,
        }),
    }
}

async fn all(store: &Store) -> Vec<StoredLine> {
    let page = store
        .lines(None, Timestamp::UNIX_EPOCH, Timestamp::MAX, None, LINES_MAX)
        .await
        .unwrap();
    page.lines
}

async fn a_line_is_kept_once_and_a_time_of_watching_grows(home: Home) {
    let store = home.store().await;
    assert_eq!(store.keep_lines(&[change("a", 5)]).await.unwrap(), 1);
    assert_eq!(store.keep_lines(&[change("a", 9)]).await.unwrap(), 0);
    store.keep_lines(&[watching(10)]).await.unwrap();
    store.keep_lines(&[watching(20)]).await.unwrap();
    assert_eq!(all(&store).await, [watching(20), change("a", 5)]);
}

async fn lines_are_read_in_their_order_page_by_page_and_by_kind(home: Home) {
    let store = home.store().await;
    // Two of one moment: the name decides.
    let lines = [change("c", 7), change("b", 7), change("a", 9), watching(1)];
    store.keep_lines(&lines).await.unwrap();
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = store
            .lines(Some("change"), at(0), at(10), after.as_ref(), 1)
            .await
            .unwrap();
        names.extend(page.lines.into_iter().map(|stored| stored.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["b", "c", "a"]);
    let span = store.lines(None, at(7), at(9), None, 10).await.unwrap();
    assert_eq!(span.lines.len(), 2);
    assert_eq!(span.next, None);
}

async fn who_was_watching_when_a_span_began_is_found(home: Home) {
    let store = home.store().await;
    store.keep_lines(&[watching(100)]).await.unwrap();
    let at_start = store.watching_at(at(50)).await.unwrap();
    assert_eq!(at_start, [watching(100).line]);
    assert_eq!(store.watching_at(at(100)).await.unwrap(), []);
}

async fn the_last_line_before_a_moment_is_what_held_then(home: Home) {
    let store = home.store().await;
    let lines = [change("a", 1), change("b", 5), change("c", 9)];
    store.keep_lines(&lines).await.unwrap();
    let held = store.last_line("change", at(9)).await.unwrap();
    assert_eq!(held, Some(lines[1].line.clone()));
    assert_eq!(store.last_line("status", at(9)).await.unwrap(), None);
}

async fn old_lines_go_but_not_what_was_seen_first(home: Home) {
    let store = home.store().await;
    store
        .append(&[released(id(0, 1), "41", "production")])
        .await
        .unwrap();
    store
        .keep_lines(&[change("a", 1), change("b", 50)])
        .await
        .unwrap();
    assert_eq!(store.expire_witness_lines(at(50)).await.unwrap(), 1);
    let left = all(&store).await;
    let texts: Vec<&str> = told(&left)
        .iter()
        .map(|change| change.text.as_str())
        .collect();
    assert_eq!(texts, ["Release 41 was seen for the first time.", "b"]);
    // Its line is there, so that a new process does not take it for new.
    home.store()
        .await
        .append(&[released(id(60, 1), "41", "production")])
        .await
        .unwrap();
    assert_eq!(all(&store).await, left);
}

fn released(attempt: AttemptId, release: &str, environment: &str) -> Event {
    let mut event = minted(attempt);
    let origin = event.facts.origin.as_mut().unwrap();
    origin.release = Some(release.to_owned());
    origin.environment = Some(environment.to_owned());
    origin.join_shape = None;
    origin.claims = None;
    event
}

fn told(lines: &[StoredLine]) -> Vec<&Change> {
    lines
        .iter()
        .map(|stored| match &stored.line {
            Line::Change(change) => change,
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn a_release_is_told_once_per_environment_whoever_sees_it(home: Home) {
    let (one, other) = (home.store().await, home.store().await);
    one.append(&[released(id(0, 1), "41", "production")])
        .await
        .unwrap();
    other
        .append(&[released(id(1, 1), "41", "production")])
        .await
        .unwrap();
    other
        .append(&[released(id(2, 1), "41", "staging")])
        .await
        .unwrap();
    one.append(&[released(id(3, 1), "42", "staging")])
        .await
        .unwrap();
    let lines = all(&one).await;
    let changes = told(&lines);
    let seen = changes.iter().map(|change| {
        let environment = change.environment.as_deref().unwrap();
        (change.release.as_deref().unwrap(), environment, change.at)
    });
    let expected = [
        ("41", "production", at(0)),
        ("41", "staging", at(2)),
        ("42", "staging", at(3)),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

async fn lines_are_taken_over_from_another_store(home: Home) {
    let (_other, source) = original(&home).await;
    let target = home.store().await;
    source
        .keep_lines(&[change("a", 1), watching(5)])
        .await
        .unwrap();
    target.keep_lines(&[change("a", 1)]).await.unwrap();
    let (new, next) = target.take_lines_of(&source, None).await.unwrap();
    assert_eq!((new, next), (1, None));
    assert_eq!(all(&target).await, all(&source).await);
}

async fn settings_are_compared_with_the_last_start_of_the_instance_or_of_any(home: Home) {
    let store = home.store().await;
    let settings = |value: &str| BTreeMap::from([("backdate_s".to_owned(), value.to_owned())]);
    let swap = async |instance: &str, value: &str, seconds| {
        let settings = settings(value);
        let before = store.swap_settings(instance, &settings, at(seconds)).await;
        before.unwrap()
    };
    assert_eq!(swap("a", "1", 1).await, None);
    assert_eq!(swap("b", "2", 2).await, Some(settings("1")), "any");
    assert_eq!(swap("a", "3", 3).await, Some(settings("1")), "its own");
    assert_eq!(swap("c", "4", 4).await, Some(settings("3")), "the last");
}
