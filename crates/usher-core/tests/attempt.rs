//! What events say together, whatever their order.

#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Client, Event, Facts, Kind, MatchedBy, Personal, Source};
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::{Confirmation, Outcome, Story};

const MINTED_S: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(MINTED_S + second).unwrap()
}

fn event(source: Source, kind: Kind, second: i64) -> Event {
    Event {
        attempt: AttemptId::new(at(0), 7),
        source,
        id: format!("{}-{second}", kind.as_str()),
        kind,
        at: at(second),
        received_at: at(second),
        facts: Facts::default(),
        personal: Personal::default(),
    }
}

fn minted() -> Event {
    let mut event = event(Source::Mint, Kind::Minted, 0);
    event.facts.origin = Some(Box::new(Origin {
        sdk_version: Some("6.2.0".into()),
        release: Some("backend-1".into()),
        dims: [("tenant".to_owned(), "acme".to_owned())].into(),
        ..Origin::default()
    }));
    event
}

fn browser(kind: Kind, second: i64) -> Event {
    event(Source::Browser, kind, second)
}

fn zoom(kind: Kind, second: i64, matched_by: MatchedBy) -> Event {
    let mut event = event(Source::Zoom, kind, second);
    event.facts.matched_by = Some(matched_by);
    event
}

fn outcome(events: &[Event], second: i64) -> Outcome {
    let story = Story::of(events).unwrap();
    story.phase.outcome(story.since, at(second))
}

#[test]
fn an_outcome_is_as_of_a_moment() {
    use Kind::{Called, Failed, GaveUp, Joined, Loaded, Silent, Waiting};
    let told = |kinds: &[(Kind, i64)]| {
        let told = kinds.iter().map(|(kind, second)| browser(*kind, *second));
        [minted()].into_iter().chain(told).collect::<Vec<_>>()
    };
    for (events, second, expected) in [
        (told(&[]), 59, Outcome::Pending),
        (told(&[]), 60, Outcome::Unobserved),
        (told(&[(Loaded, 100)]), 120, Outcome::Pending),
        (told(&[(Loaded, 100)]), 160, Outcome::Unobserved),
        // The deadline runs from the call, not from the mint.
        (told(&[(Called, 3_000)]), 3_059, Outcome::Pending),
        (told(&[(Called, 3_000)]), 3_060, Outcome::Unanswered),
        // Who closes the page at once has not seen a join fail.
        (told(&[(Called, 5), (GaveUp, 6)]), 7, Outcome::Pending),
        (told(&[(Called, 5), (GaveUp, 6)]), 66, Outcome::Unanswered),
        (told(&[(Called, 5), (Silent, 65)]), 65, Outcome::Unanswered),
        (
            told(&[(Called, 5), (Silent, 65), (Joined, 90)]),
            90,
            Outcome::Joined,
        ),
        (told(&[(Called, 5), (Failed, 6)]), 6, Outcome::Failed),
        (told(&[(Called, 5), (Waiting, 7)]), 9_999, Outcome::Waiting),
        (
            told(&[(Called, 5), (Waiting, 7), (Joined, 900)]),
            9_999,
            Outcome::Joined,
        ),
        // Called again after an error.
        (
            told(&[(Called, 5), (Failed, 6), (Called, 17)]),
            20,
            Outcome::Pending,
        ),
        (
            told(&[(Called, 5), (Failed, 6), (Called, 17), (Joined, 20)]),
            20,
            Outcome::Joined,
        ),
        // A connection that broke later was a join all the same.
        (
            told(&[(Called, 5), (Joined, 8), (Failed, 900)]),
            900,
            Outcome::Joined,
        ),
        // The error of the same call, told out of order by a clock that was corrected differently.
        (told(&[(Failed, 5), (Called, 6)]), 7, Outcome::Failed),
    ] {
        assert_eq!(
            outcome(&events, second),
            expected,
            "{events:#?} at {second}"
        );
    }
}

#[test]
fn zoom_confirms_what_the_browser_says_or_says_it_alone() {
    let said = browser(Kind::Joined, 8);
    let confirmed = zoom(Kind::Joined, 9, MatchedBy::CustomerKey);
    for (events, expected) in [
        (vec![minted(), said.clone()], Confirmation::BrowserAlone),
        (
            vec![minted(), said.clone(), confirmed.clone()],
            Confirmation::Zoom,
        ),
        (vec![minted(), confirmed.clone()], Confirmation::Zoom),
        (
            vec![
                minted(),
                said,
                event(Source::Zoom, Kind::NotConfirmed, 9_000),
            ],
            Confirmation::Denied,
        ),
    ] {
        let story = Story::of(&events).unwrap();
        assert_eq!(story.confirmation, expected);
        assert_eq!(outcome(&events, 9_999), Outcome::Joined);
    }
}

#[test]
fn a_join_that_the_page_saw_fail_and_zoom_confirms_is_a_join_worth_a_look() {
    let events = [
        minted(),
        browser(Kind::Called, 1),
        browser(Kind::Failed, 2),
        zoom(Kind::Joined, 3, MatchedBy::CustomerKey),
    ];
    let story = Story::of(&events).unwrap();
    assert_eq!(outcome(&events, 10), Outcome::Joined);
    assert_eq!(story.oddities.len(), 1);
    assert!(story.final_failure().is_none() && story.failure.is_some());
}

#[test]
fn a_doubtful_match_counts_for_nothing_and_a_guess_not_against_an_error() {
    let called = browser(Kind::Called, 1);
    let doubtful = zoom(Kind::Joined, 3, MatchedBy::DoubtfulCustomerKey);
    assert_eq!(
        outcome(&[minted(), called.clone(), doubtful], 100),
        Outcome::Unanswered
    );
    let guess = zoom(Kind::Joined, 3, MatchedBy::Guess);
    assert_eq!(
        outcome(&[minted(), called.clone(), guess.clone()], 100),
        Outcome::Joined
    );
    let failed = browser(Kind::Failed, 2);
    assert_eq!(
        outcome(&[minted(), called, failed, guess], 100),
        Outcome::Failed
    );
}

#[test]
fn leaving_the_waiting_room_proves_that_somebody_waited_and_takes_no_failure_back() {
    let called = browser(Kind::Called, 1);
    let came = zoom(Kind::Waiting, 5, MatchedBy::CustomerKey);
    let broke = browser(Kind::Failed, 300);
    let left = zoom(Kind::Waited, 340, MatchedBy::CustomerKey);
    for (events, expected) in [
        (vec![&called, &came, &broke, &left], Outcome::Failed),
        (vec![&called, &broke, &left], Outcome::Failed),
        (vec![&called, &came, &left], Outcome::Waiting),
        (vec![&called, &left], Outcome::Waiting),
    ] {
        let story = Story::of(events).unwrap();
        assert_eq!(story.phase.outcome(story.since, at(9_999)), expected);
    }
    let events = [called, came, left];
    assert_eq!(Story::of(&events).unwrap().since, at(5), "when it began");
}

#[test]
fn an_id_that_zoom_returns_from_before_the_mint_counts_and_shows_a_wrong_clock() {
    let joined = |second| zoom(Kind::Joined, second, MatchedBy::CustomerKey);
    for (second, oddities) in [(-300, 0), (-301, 1)] {
        let events = [minted(), browser(Kind::Called, 1), joined(second)];
        let story = Story::of(&events).unwrap();
        assert_eq!(story.confirmation, Confirmation::Zoom);
        assert_eq!(story.oddities.len(), oddities, "{second} s");
    }
}

#[test]
fn what_usher_recorded_of_its_mint_stands_over_what_others_say_of_it() {
    let mut forged = event(Source::Import, Kind::Minted, -60);
    forged.facts.origin = Some(Box::new(Origin {
        release: Some("forged".into()),
        ..Origin::default()
    }));
    forged.personal.participant = Some("somebody".into());
    let mut ours = minted();
    ours.personal.participant = Some("p-1".into());
    for second in [-60, 60] {
        forged.at = at(second);
        let events = [forged.clone(), ours.clone()];
        let story = Story::of(&events).unwrap();
        assert_eq!(story.dimensions()["release"], "backend-1");
        assert_eq!(story.participant, Some("p-1"), "{second} s");
        assert_eq!(story.made_by.unwrap().source, Source::Mint);
    }
    let story = Story::of([&forged]).unwrap();
    assert_eq!(story.dimensions()["release"], "forged", "nobody else says");
}

#[test]
fn a_story_as_of_a_moment_leaves_out_what_was_not_yet_heard() {
    let mut late = browser(Kind::Failed, 2);
    late.received_at = at(500);
    let events = [minted(), browser(Kind::Called, 1), late];
    let known = |second: i64| {
        events
            .iter()
            .filter(move |event| event.received_at <= at(second))
    };
    let then = Story::of(known(400)).unwrap();
    assert_eq!(then.phase.outcome(then.since, at(400)), Outcome::Unanswered);
    let now = Story::of(known(500)).unwrap();
    assert_eq!(now.phase.outcome(now.since, at(500)), Outcome::Failed);
}

#[test]
fn the_browser_is_believed_about_what_runs_in_it() {
    let mut loaded = browser(Kind::Loaded, 1);
    loaded.facts.client = Some(Box::new(Client {
        sdk_version: Some("5.1.4".into()),
        browser: Some("Chrome 130".into()),
        release: Some("page-9".into()),
        ..Client::default()
    }));
    let events = [minted(), loaded];
    let story = Story::of(&events).unwrap();
    let dims = story.dimensions();
    assert_eq!(dims["sdk_version"], "5.1.4");
    assert_eq!(dims["browser"], "Chrome 130");
    assert_eq!(dims["release"], "backend-1", "the release that minted");
    assert_eq!(dims["tenant"], "acme");
}

#[test]
fn an_attempt_without_a_record_of_its_mint_is_told_from_reports() {
    let events = [browser(Kind::Called, 1), browser(Kind::Joined, 4)];
    let story = Story::of(&events).unwrap();
    assert_eq!(outcome(&events, 5), Outcome::Joined);
    assert_eq!(story.oddities.len(), 1);
    assert!(Story::of([]).is_none());
}

fn any_event() -> impl Strategy<Value = Event> {
    let kinds = [
        Kind::Loaded,
        Kind::Called,
        Kind::Waiting,
        Kind::Waited,
        Kind::Silent,
        Kind::GaveUp,
        Kind::Failed,
        Kind::Joined,
        Kind::Left,
    ];
    let sources = [Source::Browser, Source::Zoom, Source::Import];
    let matches = [
        None,
        Some(MatchedBy::CustomerKey),
        Some(MatchedBy::DoubtfulCustomerKey),
        Some(MatchedBy::Guess),
    ];
    (
        prop::sample::select(kinds.to_vec()).no_shrink(),
        prop::sample::select(sources.to_vec()).no_shrink(),
        prop::sample::select(matches.to_vec()).no_shrink(),
        0..120_i64,
    )
        .prop_map(|(kind, source, matched_by, second)| {
            let mut event = event(source, kind, second);
            event.facts.matched_by = matched_by;
            event.facts.code = (kind == Kind::Failed).then(|| second.to_string());
            event
        })
}

proptest! {
    #[test]
    fn the_order_of_arrival_and_duplicates_change_nothing(
        events in prop::collection::vec(any_event(), 1..8), turn in 0..8_usize, second in 0..300_i64,
    ) {
        let told = |events: &[Event]| {
            let story = Story::of(events).unwrap();
            (story.phase, story.since, story.failure, story.confirmation, story.oddities)
        };
        let mut turned = events.clone();
        turned.rotate_left(turn % events.len());
        turned.push(events[0].clone());
        prop_assert_eq!(told(&events), told(&turned));
        prop_assert_eq!(outcome(&events, second), outcome(&turned, second));
    }

    #[test]
    fn once_decided_an_outcome_does_not_change_by_waiting(
        events in prop::collection::vec(any_event(), 1..8), second in 200..300_i64,
    ) {
        let later = second + SignedDuration::from_hours(1000).as_secs();
        prop_assert_eq!(outcome(&events, second), outcome(&events, later));
    }
}
