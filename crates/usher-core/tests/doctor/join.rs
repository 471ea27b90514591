use serde_json::{Value, json};
use usher_core::doctor::{Handed, Report, examine};
use usher_core::join::dialect::{SdkVersion, View};

use crate::patient::*;

fn joined(view: View, version: &str, changes: Value) -> Report {
    joined_with(view, version, token_with(json!({})), changes)
}

fn joined_with(view: View, version: &str, token: String, changes: Value) -> Report {
    let passcode = if view == View::Client {
        "passWord"
    } else {
        "password"
    };
    let mut join = json!({"signature": token, "meetingNumber": "85012345678", "userName": "Ann", (passcode): "123456", "sdkKey": KEY});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            join.as_object_mut().unwrap().shift_remove(name);
        } else {
            join[name] = value.clone();
        }
    }
    examine(&Handed {
        join: Some(&join.to_string()),
        view: Some(view),
        sdk_version: Some(SdkVersion::parse(version).unwrap()),
        ..at_the_join()
    })
}

#[test]
fn a_right_object_has_no_error_in_either_view() {
    for view in [View::Client, View::Component] {
        for version in ["2.16.0", "4.0.0", "6.2.0"] {
            let report = joined(view, version, json!({}));
            assert_eq!(
                (cause(&report), errors(&report)),
                (None, vec![]),
                "{view:?} {version}"
            );
        }
    }
}

#[test]
fn a_wrong_key_or_value_is_the_cause() {
    use View::{Client, Component};
    for (view, version, changes, expected) in [
        (
            Client,
            "6.2.0",
            json!({"passWord": null, "password": "1"}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "2.16.0",
            json!({"trackingId": "1"}),
            "wrong_init_parameter",
        ),
        (
            Component,
            "6.2.0",
            json!({"password": null, "passWord": "1"}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "3.13.2",
            json!({"obfToken": "t"}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"obfToken": "t", "zak": "z"}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"userName": ""}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"userName": "x".repeat(129)}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"passWord": "x".repeat(33)}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"userEmail": "nobody"}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "2.16.0",
            json!({"sdkKey": null}),
            "wrong_init_parameter",
        ),
        (
            Component,
            "6.2.0",
            json!({"meetingNumber": null}),
            "wrong_init_parameter",
        ),
        (
            Client,
            "6.2.0",
            json!({"meetingNumber": "850 1234 5678"}),
            "mn_mismatch_or_format",
        ),
        (
            Client,
            "6.2.0",
            json!({"meetingNumber": "85012345679"}),
            "mn_mismatch_or_format",
        ),
        (
            Client,
            "2.16.0",
            json!({"sdkKey": "another"}),
            "wrong_secret_or_key_pair",
        ),
        (
            Client,
            "4.0.7",
            json!({"sdkKey": "another"}),
            "wrong_secret_or_key_pair",
        ),
    ] {
        let report = joined(view, version, changes.clone());
        assert_eq!(
            cause(&report),
            Some(expected),
            "{view:?} {version} {changes}"
        );
    }
}

#[test]
fn a_host_brings_a_zak() {
    let host = token_with(json!({"role": 1}));
    let without = joined_with(View::Client, "6.2.0", host.clone(), json!({}));
    assert_eq!(cause(&without), Some("missing_zak"));
    let with = joined_with(View::Client, "6.2.0", host.clone(), json!({"zak": "z"}));
    assert_eq!(cause(&with), None);
    let empty = joined_with(View::Client, "6.2.0", host, json!({"zak": ""}));
    assert_eq!(cause(&empty), Some("missing_zak"));
}

#[test]
fn an_invalid_signature_is_not_explained_by_a_missing_zak() {
    let token = token_with(json!({"role": 1}));
    let report = examine(&Handed {
        text: Some(&token),
        join: Some(r#"{"meetingNumber":"85012345678"}"#),
        error_code: Some("3712"),
        ..at_the_join()
    });
    assert_eq!(cause(&report), None);
    assert!(suspects(&report).contains(&"missing_zak"));
}

#[test]
fn a_refused_passcode_is_the_integrators_where_the_join_object_supplied_it() {
    for passcode in [json!(""), json!("123456"), Value::Null] {
        let join = json!({"signature": token_with(json!({})), "meetingNumber": "85012345678", "userName": "Ann", "passWord": passcode}).to_string();
        let report = examine(&Handed {
            join: Some(&join),
            view: Some(View::Client),
            error_code: Some("3004"),
            ..at_the_join()
        });
        assert_eq!(
            (cause(&report), report.party.as_str()),
            (Some("wrong_password"), "integrator")
        );
    }
    let by_itself = examine(&Handed {
        error_code: Some("3004"),
        ..at_the_join()
    });
    assert_eq!(
        (cause(&by_itself), by_itself.party.as_str()),
        (Some("wrong_password"), "host")
    );
}

#[test]
fn a_passcode_under_the_wrong_key_explains_3004_better() {
    let join = r#"{"meetingNumber":"85012345678","passWord":"123456"}"#;
    let report = examine(&Handed {
        join: Some(join),
        view: Some(View::Component),
        error_code: Some("3004"),
        ..at_the_join()
    });
    assert_eq!(cause(&report), Some("wrong_init_parameter"));
}

#[test]
fn a_video_sdk_session_is_compared_letter_by_letter() {
    let claims = r#"{"app_key":"K","tpc":"1182249090cb","role_type":1,"iat":1,"exp":2}"#;
    let with = |session: &str| {
        let join = json!({"sessionName": session}).to_string();
        examine(&Handed {
            claims: Some(claims),
            join: Some(&join),
            ..at_the_join()
        })
    };
    let report = with("1182249090db");
    assert_eq!(cause(&report), Some("video_sdk_topic_mismatch"));
    assert!(message(&report, "session_name").contains("character 11"));
    assert_eq!(cause(&with("1182249090cb")), None);
}

#[test]
fn secrets_of_a_join_object_are_not_shown() {
    let report = joined(
        View::Client,
        "6.2.0",
        json!({"passWord": "pass-4711", "zak": "zak-4711", "tk": "tk-4711", "userEmail": "ann-4711@example.com", "x": "y"}),
    );
    let all = format!("{report:?}");
    assert!(!all.contains("4711"), "{all}");
}

#[test]
fn an_object_that_is_not_json_is_said_to_be_none() {
    let report = examine(&Handed {
        join: Some("{ signature: sig, success: () => {} }"),
        ..at_the_join()
    });
    assert!(message(&report, "join_not_an_object").contains("not a JSON object"));
}
