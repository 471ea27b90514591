use serde_json::{Value, json};
use usher_core::doctor::{Handed, Severity, Source, examine};
use usher_core::join::dialect::{SdkVersion, View};

use crate::patient::*;

#[test]
fn one_wrong_claim_is_the_cause() {
    for (changes, expected) in [
        (json!({"appKey": null, "sdkKey": null}), "missing_claim"),
        (json!({"appKey": "", "sdkKey": ""}), "missing_claim"),
        (json!({"mn": null}), "missing_claim"),
        (json!({"role": null}), "missing_claim"),
        (json!({"exp": null}), "missing_claim"),
        (json!({"iat": null}), "missing_claim"),
        (json!({"appKey": 7}), "wrong_claim_type"),
        (json!({"mn": true}), "wrong_claim_type"),
        (json!({"mn": 8.501_234e10_f64 + 0.5}), "wrong_claim_type"),
        (json!({"role": "1"}), "wrong_claim_type"),
        (json!({"role": false}), "wrong_claim_type"),
        (json!({"role": 1.0}), "wrong_claim_type"),
        (
            json!({"iat": (NOW_S - 600).to_string()}),
            "wrong_claim_type",
        ),
        (json!({"exp": 1_700_006_600.25}), "wrong_claim_type"),
        (json!({"exp": 7200}), "wrong_claim_type"),
        (json!({"role": 2}), "role_mismatch"),
        (json!({"role": -1}), "role_mismatch"),
        (json!({"mn": "850 1234 5678"}), "mn_mismatch_or_format"),
        (json!({"mn": "850-1234-5678"}), "mn_mismatch_or_format"),
        (json!({"mn": ""}), "mn_mismatch_or_format"),
        (json!({"mn": "8501234567890"}), "mn_mismatch_or_format"),
        (json!({"mn": "meeting"}), "mn_mismatch_or_format"),
        (json!({"iat": (NOW_S - 600) * 1000}), "iat_in_milliseconds"),
        (json!({"exp": (NOW_S + 6600) * 1000}), "iat_in_milliseconds"),
        (
            json!({"sdkKey": "anotherKeyAltogether00"}),
            "wrong_secret_or_key_pair",
        ),
        (
            json!({"appKey": format!(" {KEY}"), "sdkKey": format!(" {KEY}")}),
            "wrong_secret_or_key_pair",
        ),
    ] {
        let report = examine_token(&token_with(changes.clone()));
        assert_eq!(cause(&report), Some(expected), "{changes}");
        assert_eq!(report.party.as_str(), "integrator");
        assert_eq!(
            report.findings[0].cause, report.cause,
            "the cause comes first: {changes}"
        );
    }
}

#[test]
fn a_number_as_mn_and_a_missing_token_exp_are_no_faults() {
    for changes in [
        json!({"mn": 85_012_345_678_u64}),
        json!({"tokenExp": null}),
        json!({"video_webrtc_mode": 1}),
    ] {
        assert_eq!(
            errors(&examine_token(&token_with(changes.clone()))),
            [""; 0],
            "{changes}"
        );
    }
}

#[test]
fn exponent_form_is_seen_although_the_value_is_whole() {
    let claims = claims_with(json!({}))
        .to_string()
        .replace(&(NOW_S + 6600).to_string(), "1.7000066e9");
    let report = examine_token(&token_of(HEADER, &claims, SECRET.as_bytes()));
    assert_eq!(cause(&report), Some("wrong_claim_type"));
    assert!(message(&report, "wrong_claim_type").contains("1.7000066e9"));
}

#[test]
fn a_claim_with_another_spelling_is_pointed_at() {
    let report = examine_token(&token_with(
        json!({"mn": null, "meetingNumber": "85012345678"}),
    ));
    assert!(message(&report, "missing_claim").contains("There is a `meetingNumber`"));
    assert!(report.findings[0].place.is_some());
}

#[test]
fn whether_sdk_key_alone_will_do_depends_on_the_version() {
    let token = token_with(json!({"appKey": null}));
    let with = |version: Option<&str>| {
        let sdk_version = version.map(|version| SdkVersion::parse(version).unwrap());
        examine(&Handed {
            text: Some(&token),
            sdk_version,
            ..at_the_join()
        })
    };
    for (version, expected) in [
        ("4.0.7", None),
        ("2.16.0", None),
        ("5.0.0", Some("missing_claim")),
        ("6.2.0", Some("missing_claim")),
    ] {
        assert_eq!(cause(&with(Some(version))), expected, "{version}");
    }
    assert_eq!(
        cause(&with(None)),
        Some("missing_claim"),
        "without a version the newest is meant"
    );
    assert!(message(&with(None), "missing_claim").contains("the version was not said"));
}

#[test]
fn a_supposition_explains_no_failure_that_was_reported() {
    let token = token_with(json!({"appKey": null}));
    for (code, reason) in [
        (Some("3712"), None),
        (Some("4242"), None),
        (None, Some("Invalid signature.")),
    ] {
        let report = examine(&Handed {
            text: Some(&token),
            error_code: code,
            reason,
            ..at_the_join()
        });
        assert_eq!(cause(&report), None, "{code:?} {reason:?}");
        assert_eq!(suspects(&report)[0], "missing_claim");
    }
}

#[test]
fn two_suppositions_can_not_be_told_apart() {
    let token = token_with(json!({"appKey": null, "exp": NOW_S + 10, "iat": NOW_S - 7200}));
    let report = examine_token(&token);
    assert_eq!(cause(&report), None);
    assert_eq!(suspects(&report)[..2], ["missing_claim", "exp_in_past"]);
}

#[test]
fn app_key_alone_is_against_the_table_of_old_versions_only() {
    let token = token_with(json!({"sdkKey": null}));
    let with = |version| {
        examine(&Handed {
            text: Some(&token),
            sdk_version: Some(version),
            ..at_the_join()
        })
    };
    assert_eq!(cause(&with(SdkVersion(2, 16, 0))), Some("missing_claim"));
    assert_eq!(cause(&with(SdkVersion(4, 0, 7))), None);
    assert_eq!(cause(&with(SdkVersion(5, 0, 0))), None);
    assert_eq!(cause(&examine_token(&token)), None);
}

#[test]
fn a_native_token_has_neither_number_nor_role() {
    let native = json!({"sdkKey": null, "mn": null, "role": null});
    let report = examine_token(&token_with(native.clone()));
    assert_eq!((cause(&report), errors(&report)), (None, vec![]));
    let token = token_with(native);
    let in_a_browser = examine(&Handed {
        text: Some(&token),
        view: Some(View::Client),
        ..at_the_join()
    });
    assert_eq!(cause(&in_a_browser), Some("missing_claim"));
    let without = token_with(json!({"sdkKey": null, "mn": null, "role": null, "tokenExp": null}));
    assert_eq!(cause(&examine_token(&without)), Some("missing_claim"));
}

#[test]
fn the_number_is_compared_with_the_meeting_that_is_joined() {
    let token = token_with(json!({}));
    let with = |meeting, join| {
        examine(&Handed {
            text: Some(&token),
            meeting,
            join,
            ..at_the_join()
        })
    };
    assert_eq!(cause(&with(Some("850 1234 5678"), None)), None);
    assert_eq!(
        cause(&with(Some("85012345679"), None)),
        Some("mn_mismatch_or_format")
    );
    assert_eq!(
        cause(&with(None, Some(r#"{"meetingNumber":85012345679}"#))),
        Some("mn_mismatch_or_format")
    );
    assert_eq!(
        cause(&with(None, Some(r#"{"meetingNumber":"85012345678"}"#))),
        None
    );
}

#[test]
fn the_key_is_compared_with_the_given_one() {
    let token = token_with(json!({}));
    let with = |key| {
        examine(&Handed {
            text: Some(&token),
            key: Some(key),
            ..at_the_join()
        })
    };
    assert_eq!(cause(&with(KEY)), None);
    assert_eq!(cause(&with("another")), Some("wrong_secret_or_key_pair"));
}

#[test]
fn a_finding_points_at_the_value_in_the_decoded_claims() {
    let report = examine_token(&token_with(json!({"role": "host"})));
    let finding = &report.findings[0];
    let place = finding.place.clone().unwrap();
    assert_eq!(
        (finding.claim.as_deref(), place.source),
        (Some("role"), Source::Claims)
    );
    assert_eq!(
        &report.shown(Source::Claims).unwrap()[place.span],
        "\"host\""
    );
}

#[test]
fn all_faults_are_listed_the_most_explaining_first() {
    let report = examine_token(&token_with(
        json!({"role": "1", "iat": NOW_S, "exp": NOW_S + 60, "tokenExp": NOW_S + 60, "mn": "x"}),
    ));
    assert_eq!(
        errors(&report),
        [
            "wrong_claim_type",
            "exp_too_short",
            "mn_format",
            "token_exp"
        ]
    );
    assert!(
        report
            .findings
            .is_sorted_by_key(|finding| finding.severity != Severity::Error)
    );
}

#[test]
fn claims_are_given_back_as_they_were_sent() {
    let report = examine_token(&token_with(json!({})));
    let names: Vec<&str> = report
        .claims
        .as_ref()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        ["appKey", "sdkKey", "mn", "role", "iat", "exp", "tokenExp"]
    );
    assert_eq!(Value::from(report.claims.unwrap()), claims_with(json!({})));
}
