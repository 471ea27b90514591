use serde_json::json;
use usher_core::audit::{Audit, LISTED_INVALID_MAX, MAKERS_MAX, SHAPES_MAX, Signed};

use crate::signatures::*;

#[test]
fn an_audit_of_nothing_says_so() {
    let summary = json_of(&Audit::new().finish());
    assert_eq!(
        summary,
        json!({
            "from": null, "to": null, "valid": 0, "invalid": 0, "not_checkable": 0,
            "not_checkable_because": {"no_secret": 0, "partly_known": 0}, "causes": [], "margins": [], "by_maker": [],
            "by_other_makers": null, "shapes": [], "shapes_not_listed": 0, "invalid_signatures": [],
        })
    );
}

#[test]
fn signatures_are_counted_by_release_app_instance_and_environment() {
    let (good, bad) = (
        claims_with(json!({})),
        claims_with(json!({"iat": AT_S + 9})),
    );
    let by = |release, instance, claims| Signed {
        release,
        instance: Some(instance),
        app: Some("tokyo"),
        ..signed(claims)
    };
    let summary = audit([
        by(Some("1.0"), "a", &good),
        by(Some("1.0"), "b", &bad),
        by(Some("1.0"), "b", &good),
        by(None, "b", &bad),
        by(Some(""), "b", &bad),
        by(Some("1.0"), "b", &bad),
    ]);
    let row = |release: Option<&str>, instance, valid, invalid| json!({"release": release, "app": "tokyo", "instance": instance, "environment": null, "valid": valid, "invalid": invalid, "not_checkable": 0});
    assert_eq!(
        json_of(&summary)["by_maker"],
        json!([
            row(Some("1.0"), "b", 1, 2),
            row(None, "b", 0, 1),
            row(Some(""), "b", 0, 1),
            row(Some("1.0"), "a", 1, 0)
        ])
    );
    assert_eq!(summary.by_other_makers, None);
}

#[test]
fn makers_and_shapes_beyond_the_lists_are_counted_together() {
    let claims = claims_with(json!({}));
    let releases: Vec<String> = (0..MAKERS_MAX + 50).map(|n| format!("1.{n}")).collect();
    let summary = audit(releases.iter().flat_map(|release| {
        let signed = Signed {
            release: Some(release),
            ..signed(&claims)
        };
        [signed, signed]
    }));
    assert_eq!(summary.by_maker.len(), MAKERS_MAX);
    assert_eq!(summary.by_other_makers.unwrap().valid, 100);
    assert_eq!(summary.shapes.len(), SHAPES_MAX);
    assert_eq!(summary.shapes_not_listed, 100);
    assert_eq!(counts(&summary), [500, 0, 0]);
}

#[test]
fn a_very_long_name_is_counted_with_the_others() {
    let long = "x".repeat(10_000);
    let claims = claims_with(json!({long.as_str(): 1}));
    let summary = audit([Signed {
        release: Some(&long),
        ..signed(&claims)
    }]);
    assert!(summary.by_maker.is_empty() && summary.shapes.is_empty());
    assert_eq!(
        (
            summary.by_other_makers.unwrap().total(),
            summary.shapes_not_listed
        ),
        (1, 1)
    );
    assert!(!json_of(&summary).to_string().contains("xxx"));
}

#[test]
fn invalid_signatures_are_all_counted_and_the_first_are_listed() {
    let (late, early) = (
        claims_with(json!({"exp": AT_S + 9, "tokenExp": AT_S + 9})),
        claims_with(json!({"iat": AT_S + 9})),
    );
    let count = LISTED_INVALID_MAX as u128;
    let summary = audit((0..count + 3).map(|number| Signed {
        attempt: attempt(number),
        at: at_ms(i64::try_from(number).unwrap()),
        ..signed(if number < count { &early } else { &late })
    }));
    assert_eq!(counts(&summary), [0, 1_003, 0]);
    assert_eq!(summary.invalid_signatures.len(), LISTED_INVALID_MAX);
    assert_eq!(summary.invalid_signatures[0].attempt, attempt(0));
    assert_eq!(
        json_of(&summary)["causes"],
        json!([
            {"cause": "iat_in_future_clock_skew", "count": 1000, "first_at": "2023-10-10T04:00:00Z", "last_at": "2023-10-10T04:00:00.999Z"},
            {"cause": "exp_too_short", "count": 3, "first_at": "2023-10-10T04:00:01Z", "last_at": "2023-10-10T04:00:01.002Z"},
        ])
    );
}

#[test]
fn the_span_is_that_of_the_signatures_in_any_order() {
    let claims = claims_with(json!({}));
    let summary = audit([5_000, 0, 9_000].map(|ms| Signed {
        at: at_ms(ms),
        ..signed(&claims)
    }));
    assert_eq!(
        (summary.from, summary.to),
        (Some(at_ms(0)), Some(at_ms(9_000)))
    );
}
