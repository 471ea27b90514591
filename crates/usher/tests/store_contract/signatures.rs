//! The signatures of a span of time, judged again.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use usher::store::Store;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Source};
use usher_core::attempt::origin::{Hmac, Origin};
use usher_core::audit::{Limit, Shape, ShapeOf, Summary};
use usher_core::verdict::Cause;

use crate::journal::{at, browser, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    valid_ones_are_counted_with_the_smallest_margin_and_who_made_them
    an_invalid_one_is_named_with_its_cause_and_its_attempt
    only_the_span_is_judged_and_its_end_is_not_in_it
    a_signature_that_was_handed_in_is_judged_too
    attempts_that_have_no_signature_are_not_counted
    one_odd_claim_leaves_the_rest_answerable
    more_than_one_page_of_them_is_judged_without_gap_or_overlap
}

fn claims(iat_s: i64) -> Value {
    let exp_s = iat_s + 7_200;
    json!({
        "appKey": "aKey", "sdkKey": "aKey", "mn": "85012345678", "role": 0, "iat": iat_s, "exp": exp_s, "tokenExp": exp_s,
    })
}

fn signed(attempt: AttemptId, claims: &Value, hmac: Hmac) -> Event {
    let join = json!({ "signature": "", "passWord": "" });
    let mut event = minted(attempt);
    let origin = event.facts.origin.as_mut().unwrap();
    **origin = Origin {
        claims: serde_json::value::to_raw_value(claims).ok(),
        hmac: Some(hmac),
        role: Some("attendee".into()),
        instance: Some("usher-1".into()),
        join_shape: Some(Shape::of(&join)),
        ..(**origin).clone()
    };
    event
}

/// One that Usher minted `before_s` after its `iat`.
fn good(second: i64, random: u128, before_s: i64) -> Event {
    let id = id(second, random);
    signed(id, &claims(id.at().as_second() - before_s), Hmac::Valid)
}

async fn audit(store: &Store, from_s: i64, to_s: i64) -> Summary {
    store.audit(at(from_s), at(to_s)).await.unwrap()
}

fn counts(summary: &Summary) -> [u64; 3] {
    let counts = summary.counts;
    [counts.valid, counts.invalid, counts.not_checkable]
}

async fn valid_ones_are_counted_with_the_smallest_margin_and_who_made_them(home: Home) {
    let store = home.store().await;
    store
        .append(&[good(0, 1, 30), good(1, 1, 12), good(2, 1, 31)])
        .await
        .unwrap();
    let summary = audit(&store, 0, 60).await;
    assert_eq!(counts(&summary), [3, 0, 0]);
    let at_least: Option<Timestamp> = Some(at(0));
    assert_eq!((summary.from, summary.to), (at_least, Some(at(60))));
    let margin = |limit| summary.margins.iter().find(|m| m.limit == limit).unwrap();
    let nearest = margin(Limit::IatNotInFuture);
    assert_eq!((nearest.smallest_ms, nearest.attempt), (12_000, id(1, 1)));
    let [maker] = &summary.by_maker[..] else {
        panic!("{:?}", summary.by_maker)
    };
    assert_eq!(maker.release.as_deref(), Some("r1"));
    assert_eq!(maker.instance.as_deref(), Some("usher-1"));
    assert_eq!(maker.counts.valid, 3);
    let shape = |of| {
        let mut found = summary.shapes.iter().filter(|seen| seen.of == of);
        found.next().unwrap().shape.to_string()
    };
    assert_eq!(shape(ShapeOf::Join), "passWord:string signature:string");
    assert!(shape(ShapeOf::Claims).contains("mn:string role:number"));
}

async fn an_invalid_one_is_named_with_its_cause_and_its_attempt(home: Home) {
    let store = home.store().await;
    let ahead = id(1, 1);
    let events = [
        good(0, 1, 30),
        signed(ahead, &claims(at(2).as_second()), Hmac::Valid),
    ];
    store.append(&events).await.unwrap();
    let summary = audit(&store, 0, 60).await;
    assert_eq!(counts(&summary), [1, 1, 0]);
    let [invalid] = &summary.invalid_signatures[..] else {
        panic!("{:?}", summary.invalid_signatures)
    };
    assert_eq!(invalid.attempt, ahead);
    assert_eq!(invalid.cause, Some(Cause::IatInFutureClockSkew));
}

async fn only_the_span_is_judged_and_its_end_is_not_in_it(home: Home) {
    let store = home.store().await;
    let events = [
        good(9, 1, 30),
        good(10, 1, 30),
        good(19, 1, 30),
        good(20, 1, 30),
    ];
    store.append(&events).await.unwrap();
    assert_eq!(counts(&audit(&store, 10, 20).await), [2, 0, 0]);
    assert_eq!(counts(&audit(&store, 21, 30).await), [0, 0, 0]);
}

async fn a_signature_that_was_handed_in_is_judged_too(home: Home) {
    let store = home.store().await;
    let mut handed_in = good(0, 1, 30);
    handed_in.source = Source::Import;
    handed_in.facts.origin.as_mut().unwrap().hmac = Some(Hmac::NotCheckable);
    store.append(&[handed_in]).await.unwrap();
    let summary = audit(&store, 0, 60).await;
    assert_eq!(counts(&summary), [0, 0, 1]);
    assert_eq!(summary.not_checkable_because.no_secret, 1);
}

async fn attempts_that_have_no_signature_are_not_counted(home: Home) {
    let store = home.store().await;
    let events = [
        minted(id(0, 1)),
        browser(id(1, 1), usher_core::attempt::event::Kind::Called, 1),
    ];
    store.append(&events).await.unwrap();
    assert_eq!(counts(&audit(&store, 0, 60).await), [0, 0, 0]);
}

async fn one_odd_claim_leaves_the_rest_answerable(home: Home) {
    let store = home.store().await;
    let mut odd = signed(id(1, 2), &json!({}), Hmac::NotCheckable);
    odd.source = Source::Import;
    let origin = odd.facts.origin.as_mut().unwrap();
    origin.claims = RawValue::from_string(r#"{"iat":1e999}"#.to_owned()).ok();
    store.append(&[good(0, 1, 30), odd]).await.unwrap();
    let summary = audit(&store, 0, 60).await;
    assert_eq!(counts(&summary), [1, 0, 1]);
    assert_eq!(summary.not_checkable_because.partly_known, 1);
}

async fn more_than_one_page_of_them_is_judged_without_gap_or_overlap(home: Home) {
    let store = home.store().await;
    // Some attempts have two: one that was minted here, and one that was handed in for the same id.
    let mints: Vec<Event> = (0..4_500)
        .map(|n| good(n % 50, n.cast_unsigned().into(), 30))
        .collect();
    let also_handed_in: Vec<Event> = mints
        .iter()
        .step_by(3)
        .map(|mint| Event {
            source: Source::Import,
            ..mint.clone()
        })
        .collect();
    store.append(&mints).await.unwrap();
    store.append(&also_handed_in).await.unwrap();
    assert_eq!(counts(&audit(&store, 0, 60).await), [6_000, 0, 0]);
}
