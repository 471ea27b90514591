//! Joins that Zoom did not confirm, and what its reports were asked about them.

use jiff::{SignedDuration, Timestamp};
use usher::store::{AskedReport, ReportSpending};
use usher_core::attempt::event::{Event, Kind as Told, MatchedBy, Source};

use crate::journal::{at, browser, id, minted};
use crate::notifications::meeting;
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    joins_that_only_the_browser_tells_of_are_found_by_meeting
    what_was_asked_about_a_meeting_is_known_until_it_expires
    what_was_spent_is_known_after_a_restart_and_each_day_begins_anew
}

fn by_zoom(attempt: usher_core::attempt::AttemptId, by: MatchedBy) -> Event {
    let mut event = browser(attempt, Told::Joined, 9);
    event.source = Source::Zoom;
    event.facts.matched_by = Some(by);
    event
}

async fn joins_that_only_the_browser_tells_of_are_found_by_meeting(home: Home) {
    let store = home.store().await;
    let (alone, confirmed, failed, late) = (id(0, 1), id(0, 2), id(0, 3), id(500, 4));
    for attempt in [alone, confirmed, failed, late] {
        store.append(&[minted(attempt)]).await.unwrap();
    }
    store
        .append(&[
            browser(alone, Told::Joined, 2),
            browser(confirmed, Told::Joined, 2),
            by_zoom(confirmed, MatchedBy::CustomerKey),
            browser(failed, Told::Failed, 2),
            browser(late, Told::Joined, 2),
        ])
        .await
        .unwrap();
    let from = at(0) - SignedDuration::from_hours(1);
    assert_eq!(
        store.unconfirmed_meetings(from, at(100)).await.unwrap(),
        [(meeting(), Vec::new())].into()
    );
    assert_eq!(
        store
            .unconfirmed_attempts(meeting(), from, at(100))
            .await
            .unwrap(),
        [alone]
    );
    let later = store.unconfirmed_meetings(at(600), at(900)).await.unwrap();
    assert!(later.is_empty());
}

async fn what_was_asked_about_a_meeting_is_known_until_it_expires(home: Home) {
    let store = home.store().await;
    let attempt = id(0, 1);
    let events = [minted(attempt), browser(attempt, Told::Joined, 2)];
    store.append(&events).await.unwrap();
    let asked = |account: &str, is_theirs, again_at| AskedReport {
        account: account.to_owned(),
        is_theirs,
        again_at,
    };
    for note in [
        asked("b", false, at(50)),
        asked("a", false, at(5)),
        asked("a", true, at(60)),
    ] {
        store.note_report(meeting(), &note).await.unwrap();
    }
    let known = async || {
        let mut meetings = store.unconfirmed_meetings(at(0), at(9)).await.unwrap();
        meetings.remove(&meeting()).unwrap()
    };
    let both = [asked("a", true, at(60)), asked("b", false, at(50))];
    assert_eq!(known().await, both);
    store.expire_reports(at(55)).await.unwrap();
    assert_eq!(known().await, both[..1]);
}

async fn what_was_spent_is_known_after_a_restart_and_each_day_begins_anew(home: Home) {
    let store = home.store().await;
    for (account, day, spent) in [("a", 7, 1), ("a", 7, 2), ("b", 7, 1), ("a", 8, 1)] {
        let spending = store.spend_report_request(account, day).await;
        assert_eq!(spending.unwrap(), spent, "{account} {day}");
    }
    store.pause_reports("a", at(9)).await.unwrap();
    store.pause_reports("c", at(9)).await.unwrap();
    store.close().await;
    let spending = |day, spent, not_before| ReportSpending {
        day,
        spent,
        not_before,
    };
    let known = home.store().await.report_spending().await.unwrap();
    let never = Timestamp::UNIX_EPOCH;
    let expected = [
        ("a", spending(8, 1, at(9))),
        ("b", spending(7, 1, never)),
        ("c", spending(0, 0, at(9))),
    ];
    let expected = expected.map(|(account, spending)| (account.to_owned(), spending));
    assert_eq!(known, expected.into());
}
