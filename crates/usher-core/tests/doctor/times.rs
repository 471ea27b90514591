use jiff::Timestamp;
use serde_json::json;
use usher_core::doctor::{Handed, examine};

use crate::patient::*;

#[test]
fn the_lifetime_is_held_against_both_limits_to_the_second() {
    for (lifetime_s, expected) in [
        (-1, Some("exp_too_short")),
        (60, Some("exp_too_short")),
        (1_799, Some("exp_too_short")),
        (1_800, None),
        (1_801, None),
        (172_800, None),
        (172_801, Some("exp_too_long")),
        (630_720_000, Some("exp_too_long")),
    ] {
        let exp = NOW_S - 40 + lifetime_s;
        let token = token_with(json!({"iat": NOW_S - 40, "exp": exp, "tokenExp": exp}));
        assert_eq!(cause(&examine_token(&token)), expected, "{lifetime_s}");
    }
}

#[test]
fn the_distance_to_the_limit_is_said() {
    let token = token_with(json!({"iat": NOW_S, "exp": NOW_S + 300, "tokenExp": NOW_S + 300}));
    assert!(
        message(&examine_token(&token), "exp_too_short")
            .contains("300 s after `iat`: 1500 s short")
    );
    let token = token_with(json!({"iat": NOW_S, "exp": NOW_S + 172_900}));
    assert!(message(&examine_token(&token), "exp_too_long").contains("100 s over"));
}

#[test]
fn token_exp_has_a_least_distance_of_its_own() {
    let short = token_with(json!({"tokenExp": NOW_S + 60}));
    assert_eq!(
        cause(&examine_token(&short)),
        Some("token_exp_out_of_range")
    );
    let later = token_with(json!({"tokenExp": NOW_S + 9000}));
    let report = examine_token(&later);
    assert_eq!(cause(&report), None);
    assert!(message(&report, "token_exp").contains("2400 s after `exp`"));
}

#[test]
fn an_iat_ahead_of_the_moment_is_the_cause_and_whole_half_hours_are_a_time_zone() {
    let at = |ahead_s: i64| {
        let iat = NOW_S + ahead_s;
        examine_token(&token_with(
            json!({"iat": iat, "exp": iat + 7200, "tokenExp": iat + 7200}),
        ))
    };
    let skewed = at(90);
    assert_eq!(cause(&skewed), Some("iat_in_future_clock_skew"));
    assert!(message(&skewed, "iat_in_future").contains("90 s after"));
    assert!(!message(&skewed, "iat_in_future").contains("UTC"));
    assert!(message(&at(9 * 3600 - 30), "iat_in_future").contains("9 h almost to the second"));
    assert!(message(&at(5 * 3600 + 1800), "iat_in_future").contains("5.5 h"));
    assert_eq!(cause(&at(-30)), None);
}

#[test]
fn an_iat_without_margin_is_a_suspect_and_no_cause() {
    let report = examine_token(&token_with(
        json!({"iat": NOW_S, "exp": NOW_S + 7200, "tokenExp": NOW_S + 7200}),
    ));
    assert_eq!(cause(&report), None);
    assert_eq!(suspects(&report)[0], "iat_in_future_clock_skew");
}

#[test]
fn an_expired_signature_is_the_cause_if_nothing_more_telling_is_wrong() {
    let old = json!({"iat": NOW_S - 10_000, "exp": NOW_S - 2_777, "tokenExp": NOW_S - 2_777});
    let report = examine_token(&token_with(old));
    assert_eq!(cause(&report), Some("exp_in_past"));
    assert!(message(&report, "exp_in_past").contains("2777 s before the given moment"));
    assert_eq!(suspects(&report)[0], "clock_behind");
    let short = json!({"iat": NOW_S - 120, "exp": NOW_S - 60, "tokenExp": NOW_S - 60});
    assert_eq!(
        cause(&examine_token(&token_with(short))),
        Some("exp_too_short")
    );
}

#[test]
fn the_age_of_a_pasted_token_explains_no_older_failure_of_another_code() {
    let old = token_with(json!({}));
    let handed = Handed {
        text: Some(&old),
        now: Timestamp::from_second(NOW_S + 90 * 86_400).unwrap(),
        ..Handed::default()
    };
    assert_eq!(
        cause(&examine(&handed)),
        Some("exp_in_past"),
        "it is all that is wrong"
    );
    let refused = examine(&Handed {
        error_code: Some("3712"),
        ..handed
    });
    assert_eq!(cause(&refused), None);
    assert_eq!(suspects(&refused)[0], "exp_in_past", "it is said");
    let expired = examine(&Handed {
        error_code: Some("3705"),
        ..handed
    });
    assert_eq!(cause(&expired), Some("exp_in_past"));
    let wrong_type = token_with(json!({"role": "1"}));
    let both = examine(&Handed {
        text: Some(&wrong_type),
        ..handed
    });
    assert_eq!(cause(&both), Some("wrong_claim_type"));
    assert!(errors(&both).contains(&"exp_in_past"));
}

#[test]
fn the_distance_to_every_limit_is_said_of_a_good_token_too() {
    let said = |changes| message(&examine_token(&token_with(changes)), "times").to_owned();
    assert_eq!(
        said(json!({})),
        "`exp` is 7200 s (2 h) after `iat`: 5400 s (1 h 30 min) over the least of 1800 s, 165600 s (1 d 22 h) under the most of 48 h. \
         `iat` is 600 s (10 min) before the given moment, and `exp` is 6600 s (1 h 50 min) after the given moment."
    );
    assert!(said(json!({"iat": NOW_S, "exp": NOW_S + 60})).starts_with(
        "`exp` is 60 s (1 min) after `iat`: 1740 s (29 min) under the least of 1800 s"
    ));
    assert!(
        said(json!({"exp": NOW_S - 700})).starts_with("`exp` is 100 s (1 min 40 s) before `iat`")
    );
    assert_eq!(
        said(json!({"iat": null})),
        "`exp` is 6600 s (1 h 50 min) after the given moment."
    );
    let unreadable = examine_token(&token_with(json!({"iat": null, "exp": "soon"})));
    assert!(
        unreadable
            .findings
            .iter()
            .all(|finding| finding.rule != "times")
    );
}
