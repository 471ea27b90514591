use serde_json::{Value, json};
use usher_core::audit::{Limit, Margin, Signed, Summary};

use crate::signatures::*;

fn margin(summary: &Summary, limit: Limit) -> Margin {
    *summary
        .margins
        .iter()
        .find(|margin| margin.limit == limit)
        .unwrap()
}

#[test]
fn the_smallest_margin_to_each_limit_names_its_attempt() {
    let claims = [
        claims_with(json!({})),
        claims_with(json!({"exp": AT_S + 1771, "tokenExp": AT_S + 172_769})),
        claims_with(json!({"iat": AT_S - 12, "exp": AT_S + 172_788})),
    ];
    let summary = audit((0..).zip(&claims).map(|(number, claims)| Signed {
        attempt: attempt(number),
        ..signed(claims)
    }));
    for (limit, smallest_ms, number) in [
        (Limit::IatNotInFuture, 12_000, 2),
        (Limit::ExpNotPast, 1_771_000, 1),
        (Limit::LifetimeMin, 1_000, 1),
        (Limit::LifetimeMax, 0, 2),
        (Limit::TokenExpNotPast, 7_170_000, 0),
        (Limit::TokenLifetimeMin, 5_382_000, 2),
        (Limit::TokenLifetimeMax, 1_000, 1),
    ] {
        let margin = margin(&summary, limit);
        assert_eq!(
            (margin.smallest_ms, margin.attempt, margin.beyond),
            (smallest_ms, attempt(number), 0),
            "{limit:?}"
        );
    }
}

#[test]
fn a_margin_counts_parts_of_a_second_so_that_rounding_shows() {
    // `iat` rounded to the next second, as the code in the report did.
    let claims = claims_with(json!({"iat": AT_S + 1}));
    let summary = audit([Signed {
        at: at_ms(600),
        ..signed(&claims)
    }]);
    let margin = margin(&summary, Limit::IatNotInFuture);
    assert_eq!((margin.smallest_ms, margin.beyond), (-400, 1));
    assert_eq!(json_of(&summary)["margins"][0]["smallest_s"], json!(-0.4));
}

#[test]
fn a_margin_counts_how_many_are_beyond_the_limit() {
    let late = claims_with(json!({"iat": AT_S - 7200, "exp": AT_S, "tokenExp": AT_S}));
    let good = claims_with(json!({}));
    let summary = audit([signed(&late), signed(&good), signed(&late)]);
    let margin = margin(&summary, Limit::ExpNotPast);
    assert_eq!((margin.smallest_ms, margin.beyond), (0, 2));
    assert_eq!(counts(&summary), [1, 2, 0]);
}

#[test]
fn a_time_that_cannot_be_read_has_no_margin() {
    let claims = claims_with(json!({"iat": (AT_S - 30) * 1000}));
    let summary = audit([signed(&claims), signed(&Value::Null)]);
    let limits: Vec<Limit> = summary.margins.iter().map(|margin| margin.limit).collect();
    assert_eq!(limits, [Limit::ExpNotPast, Limit::TokenExpNotPast]);
}

#[test]
fn a_time_at_the_end_of_time_overflows_nothing() {
    for value in [
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(99_999_999_999_i64),
    ] {
        let claims =
            claims_with(json!({"iat": value.clone(), "exp": value.clone(), "tokenExp": value}));
        assert_eq!(counts(&audit([signed(&claims)])), [0, 1, 0]);
    }
}
