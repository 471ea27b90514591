use jiff::Timestamp;
use serde_json::json;
use usher_core::doctor::{Handed, Report, examine};
use usher_core::join::dialect::View;

use crate::patient::*;

fn error(code: Option<&str>, reason: Option<&str>) -> Report {
    examine(&Handed {
        error_code: code,
        reason,
        ..at_the_join()
    })
}

#[test]
fn a_code_that_states_its_cause_gives_it() {
    for (code, expected) in [
        ("3705", Some("exp_in_past")),
        ("3708", Some("role_mismatch")),
        ("3710", Some("app_deactivated")),
        ("3004", Some("wrong_password")),
        ("3008", Some("meeting_state_or_setting")),
        ("3099", Some("registration_token_missing")),
        ("3623", Some("zak_failing")),
        ("3625", Some("host_account")),
        (
            "4011",
            Some("external_account_not_allowed_or_unpublished_app"),
        ),
        (
            "6601",
            Some("external_account_not_allowed_or_unpublished_app"),
        ),
        ("4017", Some("obf_owner_not_in_meeting")),
        ("10000", Some("sdk_version_too_old")),
        ("3712", None),
        ("3610", None),
        ("3704", None),
        ("1", None),
        ("200", None),
        ("403", None),
        ("-3000", None),
        ("4242", None),
    ] {
        assert_eq!(cause(&error(Some(code), None)), expected, "{code}");
    }
}

#[test]
fn a_code_with_several_readings_names_them_in_order() {
    assert_eq!(
        suspects(&error(Some("3712"), None))[..2],
        ["wrong_secret_or_key_pair", "iat_in_future_clock_skew"]
    );
    assert_eq!(
        suspects(&error(Some("3003"), None)),
        ["missing_zak", "role_mismatch"]
    );
}

#[test]
fn one_and_200_are_read_by_their_text() {
    for (code, reason, expected) in [
        ("200", "The signature has expired.", Some("exp_in_past")),
        ("1", "Meeting Passcode wrong.", Some("wrong_password")),
        ("200", "Fail to join the meeting.", None),
        ("1", "Invalid signature.", None),
    ] {
        assert_eq!(
            cause(&error(Some(code), Some(reason))),
            expected,
            "{code} {reason}"
        );
    }
    assert_eq!(
        suspects(&error(Some("200"), Some("Invalid signature.")))[0],
        "wrong_secret_or_key_pair"
    );
}

#[test]
fn text_decides_where_zooms_numbers_are_ambiguous() {
    assert_eq!(
        cause(&error(Some("3610"), Some("Token has expired."))),
        Some("registration_token_missing")
    );
    assert_eq!(
        cause(&error(Some("3610"), Some("Meeting does not exist."))),
        None
    );
    assert!(
        message(
            &error(Some("3000"), Some("Email is required")),
            "error_code"
        )
        .contains("3005")
    );
    assert_eq!(
        cause(&error(Some("3000"), Some("another meeting in progress"))),
        Some("meeting_state_or_setting")
    );
}

#[test]
fn errors_are_read_out_of_what_people_paste() {
    for (text, expected) in [
        (
            "Error: 100, internalErrorCode=6601",
            Some("external_account_not_allowed_or_unpublished_app"),
        ),
        (
            "Error 100 internal 0, code 5003: connection blocked",
            Some("network"),
        ),
        (
            "join failed (10000) on 2.18.3 since 2024-11-02",
            Some("sdk_version_too_old"),
        ),
        (
            "Version of ZoomSDK is too low!",
            Some("sdk_version_too_old"),
        ),
        (
            "Zoom.initialize requires jwtToken",
            Some("key_secret_init_removed"),
        ),
        ("Init Invalid Parameter !!!", Some("wrong_init_parameter")),
        (
            "joins end on the registration page",
            Some("registration_token_missing"),
        ),
        ("AUTHRET_CLIENT_INCOMPATIBLE", Some("sdk_version_too_old")),
        (
            "oauth: {\"reason\":\"Invalid client_id or client_secret\",\"error\":\"invalid_client\"}",
            Some("oauth_failing"),
        ),
        ("136 of 148 joins failed on 2.16.0", None),
        ("waiting for the host to start the meeting", None),
        ("Error: 4 on join", None),
        ("AUTHRET_JWTTOKENWRONG", None),
    ] {
        let report = error(None, Some(text));
        assert_eq!(cause(&report), expected, "{text}");
        let pasted = examine(&Handed {
            text: Some(text),
            ..at_the_join()
        });
        assert_eq!(cause(&pasted), expected, "pasted: {text}");
    }
}

#[test]
fn an_error_that_is_not_about_the_signature_is_not_blamed_on_it() {
    let token = token_with(json!({"exp": NOW_S + 60, "iat": NOW_S, "tokenExp": NOW_S + 60}));
    for (code, expected) in [
        ("3712", "exp_too_short"),
        ("200", "exp_too_short"),
        ("3705", "exp_too_short"),
        ("3004", "wrong_password"),
        ("4011", "external_account_not_allowed_or_unpublished_app"),
    ] {
        let report = examine(&Handed {
            text: Some(&token),
            error_code: Some(code),
            ..at_the_join()
        });
        assert_eq!(cause(&report), Some(expected), "{code}");
    }
}

#[test]
fn a_host_who_waits_for_himself_misses_a_zak() {
    let claims = claims_with(json!({"role": 1})).to_string();
    let report = examine(&Handed {
        claims: Some(&claims),
        join: Some(r#"{"meetingNumber":"85012345678"}"#),
        error_code: Some("3008"),
        ..at_the_join()
    });
    assert_eq!(cause(&report), Some("missing_zak"));
}

#[test]
fn a_narrow_code_prefers_the_finding_that_it_names() {
    let claims =
        claims_with(json!({"iat": NOW_S, "exp": NOW_S + 60, "tokenExp": NOW_S + 60})).to_string();
    let with = |code| {
        examine(&Handed {
            claims: Some(&claims),
            meeting: Some("85012345679"),
            error_code: Some(code),
            ..at_the_join()
        })
    };
    assert_eq!(cause(&with("3706")), Some("mn_mismatch_or_format"));
    assert_eq!(cause(&with("3712")), Some("exp_too_short"));
}

#[test]
fn refusals_at_random_show_a_clock_when_everything_constant_is_right() {
    let handed = |claims, reason| {
        examine(&Handed {
            claims: Some(claims),
            reason: Some(reason),
            ..at_the_join()
        })
    };
    let fresh = claims_with(json!({"iat": NOW_S, "exp": NOW_S + 7200, "tokenExp": NOW_S + 7200}))
        .to_string();
    assert_eq!(
        cause(&handed(
            &fresh,
            "3712 at random, the same signature is accepted on a retry"
        )),
        Some("iat_in_future_clock_skew")
    );
    assert_eq!(cause(&handed(&fresh, "3712 every time")), None);
    assert_eq!(
        cause(&handed(&fresh, "Fail to join the meeting, at random")),
        None
    );
    let back_dated = claims_with(json!({})).to_string();
    assert_eq!(cause(&handed(&back_dated, "3712 at random")), None);
}

#[test]
fn refusals_at_random_put_what_varies_before_what_is_in_every_signature() {
    let report = error(None, Some("Signature is invalid, sporadic"));
    assert_eq!(cause(&report), None);
    assert_eq!(
        suspects(&report)[..2],
        ["iat_in_future_clock_skew", "wrong_base64"]
    );
}

#[test]
fn the_pages_policy_is_the_integrators() {
    let report = error(
        None,
        Some("Refused to evaluate a string as JavaScript because 'unsafe-eval' is not allowed"),
    );
    assert_eq!(
        (cause(&report), report.party.as_str()),
        (Some("browser"), "integrator")
    );
}

#[test]
fn a_fresh_signature_that_has_expired_shows_a_clock_that_is_behind() {
    let claims = claims_with(
        json!({"iat": NOW_S - 10_000, "exp": NOW_S - 2_800, "tokenExp": NOW_S - 2_800}),
    )
    .to_string();
    let with = |reason| {
        examine(&Handed {
            claims: Some(&claims),
            error_code: Some("3705"),
            reason: Some(reason),
            ..at_the_join()
        })
    };
    assert_eq!(
        cause(&with("expired, though it was just generated")),
        Some("clock_behind")
    );
    assert_eq!(
        cause(&with("The signature has expired.")),
        Some("exp_in_past")
    );
}

#[test]
fn an_expired_code_beside_a_token_that_is_valid_is_a_contradiction_and_no_cause() {
    let token = token_with(json!({}));
    let report = examine(&Handed {
        text: Some(&token),
        error_code: Some("3705"),
        ..at_the_join()
    });
    assert_eq!(cause(&report), None);
    assert_eq!(suspects(&report)[..2], ["clock_behind", "exp_in_past"]);
    assert!(message(&report, "error_code").contains("still to come"));
}

#[test]
fn the_rule_of_march_2026_is_not_applied_before_its_day() {
    let on = |day: &str| {
        let now: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        examine(&Handed {
            error_code: Some("4012"),
            now,
            now_is_given: true,
            ..Handed::default()
        })
    };
    assert_eq!(cause(&on("2026-03-09")), Some("obf_required"));
    assert_eq!(cause(&on("2025-06-01")), None);
    assert_eq!(suspects(&on("2025-06-01"))[0], "meeting_state_or_setting");
}

#[test]
fn a_code_of_the_other_view_is_remarked_on() {
    let report = examine(&Handed {
        error_code: Some("13208"),
        view: Some(View::Component),
        ..at_the_join()
    });
    assert!(message(&report, "error_code").contains("Only Client View"));
}

/// What people paste of one failure, as the views, consoles and loggers write it (reference 2.3).
#[test]
fn the_sdks_objects_say_the_same_in_every_notation() {
    for (text, expected) in [
        (
            "Uncaught (in promise) {type: 'JOIN_MEETING_FAILED', reason: 'The signature has expired.', errorCode: 3705}",
            Some("exp_in_past"),
        ),
        (
            "zoom.ts:10000 Object { method: \"join\", status: false, result: null, errorCode: 3705, errorMessage: \"The signature has expired.\" }",
            Some("exp_in_past"),
        ),
        (
            "{method: 'join', status: false, result: 'The signature has expired.', errorCode: 1, errorMessage: 'Fail to join the meeting.'}",
            Some("exp_in_past"),
        ),
        (
            "onMeetingStatus {meetingStatus: 3, errorCode: 4017, errorMessage: 'Authorized user not in meeting'}",
            Some("obf_owner_not_in_meeting"),
        ),
        (
            "connection-change {state: 'Fail', reason: 'Meeting Passcode wrong.', errorCode: 3004}",
            Some("wrong_password"),
        ),
        (
            "{\"method\":\"join\",\"status\":false,\"result\":{\"scheduleTime\":\"\",\"topic\":\"x\"},\"errorCode\":3008,\"errorMessage\":\"Meeting has not started\"}",
            Some("meeting_state_or_setting"),
        ),
        (
            "main.3712.js:4004:10000 Uncaught Error: userName cannot be empty",
            Some("wrong_init_parameter"),
        ),
        (
            "{type: 'JOIN_MEETING_FAILED', reason: 'Fail to join the meeting.', errorCode: 200}",
            None,
        ),
        (
            "{type: 'JOIN_MEETING_FAILED', reason: 'Token has expired.', errorCode: 200}",
            Some("registration_token_missing"),
        ),
        ("errorCode: 1, errorMessage: undefined", None),
        ("errorCode 3705 and nothing else", Some("exp_in_past")),
        ("[object Object]", None),
    ] {
        for report in [
            error(None, Some(text)),
            examine(&Handed {
                text: Some(text),
                ..at_the_join()
            }),
        ] {
            assert_eq!(cause(&report), expected, "{text}: {:#?}", report.findings);
        }
    }
}

#[test]
fn an_expired_registrant_token_is_told_whatever_code_came_with_it() {
    for code in ["200", "3610", "1"] {
        let report = error(Some(code), Some("Token has expired."));
        assert_eq!(cause(&report), Some("registration_token_missing"), "{code}");
        assert!(message(&report, "error_code").contains("`tk`"), "{code}");
        assert!(
            message(&report, "error_does_not_mean").contains("meeting is gone"),
            "{code}"
        );
    }
}

#[test]
fn what_an_error_does_not_mean_is_said() {
    for (code, words) in [
        ("200", "does not mean that the signature is good"),
        ("1", "does not mean that the signature is good"),
        ("3610", "expired registrant token"),
        ("3712", "does not always mean a wrong secret"),
        ("-3000", "nothing about the signature"),
        ("3714", "refused the passcode"),
    ] {
        let report = error(Some(code), None);
        assert!(
            message(&report, "error_does_not_mean").contains(words),
            "{code}"
        );
    }
}

#[test]
fn a_generic_code_puts_the_rule_of_march_2026_first_from_its_day_on() {
    let on = |day: &str| {
        let now: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        suspects(&examine(&Handed {
            error_code: Some("200"),
            now,
            now_is_given: true,
            ..Handed::default()
        }))
    };
    assert_eq!(on("2026-03-09")[1], "obf_required");
    assert_ne!(on("2025-06-01")[1], "obf_required");
}

#[test]
fn what_works_beside_what_fails_tells_more_than_the_error() {
    for (text, expected) in [
        ("3712 with role 1, role 0 works", Some("role_mismatch")),
        (
            "it joins with role=0 and fails with role=1",
            Some("role_mismatch"),
        ),
        ("3712 with role 1", None),
        (
            "the host sees 'Waiting for the host to start the meeting'",
            Some("missing_zak"),
        ),
        (
            "people see 'Waiting for the host to start the meeting'",
            None,
        ),
        (
            "SDK key or secret is invalid, but the same key creates meetings over REST",
            Some("wrong_app_type"),
        ),
        ("SDK key or secret is invalid", None),
    ] {
        assert_eq!(cause(&error(None, Some(text))), expected, "{text}");
    }
}

#[test]
fn an_error_of_http_points_at_the_way_and_not_at_the_signature() {
    let report = error(
        None,
        Some("403 Forbidden for browser joins; the desktop app is fine"),
    );
    assert_eq!(cause(&report), None);
    assert_eq!(
        suspects(&report)[..2],
        ["zoom_outage", "zoom_partial_outage"]
    );
}
