//! Recordings of the real SDK (web/e2e/har/record.mjs): what went wrong, how far clocks are apart, and copies without secrets.

#![allow(clippy::disallowed_methods)] // it is the test that reads the files, not the core

mod broken;
mod canary;
mod shapes;

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use usher_core::doctor::{Handed, Recording, Report, Severity, examine_recording, redact};

use crate::patient::{cause, suspects};

/// The secret of the recorded app (web/e2e/zoom.mjs).
const RECORDED_SECRET: &str = "NotARealSecret000000000000000001";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/har/recorded")
}

/// What was true of each recording.
fn index() -> Vec<Value> {
    let text = fs::read_to_string(folder().join("index.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(rows.len() >= 100, "{}", rows.len());
    rows
}

fn recorded(file: &str) -> Vec<u8> {
    fs::read(folder().join(file)).unwrap()
}

/// Long after, as somebody who is sent a file.
fn long_after<'a>() -> Handed<'a> {
    Handed {
        now: "2030-01-01T00:00:00Z".parse().unwrap(),
        ..Handed::default()
    }
}

fn examined(har: &[u8]) -> Report {
    examine_recording(&Recording::read(har).unwrap(), &long_after())
}

fn redacted(har: &[u8]) -> Vec<u8> {
    let mut copy = Vec::new();
    redact(har, &mut copy).unwrap();
    copy
}

/// The cause of a situation, and the first suspect where there is none. 2.16.0 asks by a script, which shows more of what answered; 6.2.0 by
/// a CORS request, whose failures all look the same to Chromium's recordings.
fn expected(row: &Value) -> (Option<&'static str>, Option<&'static str>) {
    let is_script = row["sdk_version"] == "2.16.0";
    let is_client = row["view"] == "client";
    match row["situation"].as_str().unwrap() {
        "iat_ahead" | "zoom_behind" => (
            Some("iat_in_future_clock_skew"),
            Some("wrong_secret_or_key_pair"),
        ),
        "expired" => (Some("exp_in_past"), Some("clock_behind")),
        "zoom_ahead" => (Some("clock_behind"), Some("exp_in_past")),
        "wrong_secret" | "wrong_key" => (None, Some("wrong_secret_or_key_pair")),
        "number_mismatch" => (Some("mn_mismatch_or_format"), None),
        "passcode_key" if is_client => (None, Some("wrong_init_parameter")),
        "passcode_key" | "wrong_passcode" => (Some("wrong_password"), Some("wrong_init_parameter")),
        "http_500" if is_script => (None, Some("zoom_partial_outage")),
        "too_many" if is_script => (Some("rate_limited"), None),
        "portal" if is_script => (Some("network"), None),
        "http_500" | "too_many" | "portal" | "not_jsonp" | "page_instead" | "no_answer"
        | "connection_closed" => (None, Some("network")),
        "blocked" | "policy" => (Some("browser"), None),
        "name_not_resolved" | "offline" => (Some("network"), None),
        // Component View asks without it.
        "no_wasm" if is_client => (Some("network"), None),
        "not_started" | "cached" | "no_wasm" => (Some("meeting_state_or_setting"), None),
        "external" => (Some("obf_required"), Some("meeting_state_or_setting")),
        "unpublished" => (
            None,
            Some("external_account_not_allowed_or_unpublished_app"),
        ),
        "registration" => (
            Some("registration_token_missing"),
            Some("meeting_state_or_setting"),
        ),
        "too_old" => (Some("sdk_version_too_old"), None),
        "no_such_meeting" => (None, Some("meeting_state_or_setting")),
        "refused_locally" => (None, Some("wrong_init_parameter")),
        other => panic!("{other} is not in this table"),
    }
}

#[test]
fn a_recording_shows_what_went_wrong_and_where_it_does_not_what_to_look_at_first() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let report = examined(&recorded(file));
        let found = (cause(&report), suspects(&report).first().copied());
        assert_eq!(found, expected(&row), "{file}: {:#?}", report.findings);
        assert_eq!(report.kind, usher_core::doctor::Kind::Har);
        assert!(!report.findings.is_empty());
    }
}

#[test]
fn the_secret_tells_a_wrong_one_from_everything_else() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let report = examine_recording(
            &Recording::read(recorded(file).as_slice()).unwrap(),
            &Handed {
                secrets: &[RECORDED_SECRET],
                ..long_after()
            },
        );
        let (without, _) = expected(&row);
        let expected = match row["situation"].as_str().unwrap() {
            "wrong_secret" => Some("wrong_secret_or_key_pair"),
            _ => without,
        };
        assert_eq!(cause(&report), expected, "{file}");
    }
}

#[test]
fn the_true_offsets_lie_in_the_intervals() {
    let mut checked = 0;
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let report = examined(&recorded(file));
        let holds = |[lo, hi]: [i64; 2], truth: i64| lo <= truth && truth <= hi;
        if let Some(clock) = report.clock {
            // The browser's clock is the machine's, and Zoom's is that many milliseconds ahead of it.
            let truth = -row["zoom_ahead_ms"].as_i64().unwrap();
            assert!(holds(clock.offset_ms, truth), "{file}: {clock:?} {truth}");
            assert!(
                clock.offset_ms[1] - clock.offset_ms[0] < 1_500,
                "{file}: {clock:?}"
            );
        }
        let seen = row["seen"].as_array().unwrap().last();
        if let (Some(offset_ms), Some(seen)) = (report.iat_offset_ms, seen) {
            // The simulator's own note of when the request came, on Zoom's clock.
            let at: Timestamp = seen["at"].as_str().unwrap().parse().unwrap();
            let truth = row["iat"].as_i64().unwrap() * 1000 - at.as_millisecond();
            assert!(holds(offset_ms, truth), "{file}: {offset_ms:?} {truth}");
            assert!(offset_ms[1] - offset_ms[0] < 1_500, "{file}: {offset_ms:?}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn answers_that_are_not_zooms_own_tell_no_time() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let is_other = matches!(
            row["situation"].as_str().unwrap(),
            "portal" | "cached" | "page_instead" | "no_answer" | "blocked"
        );
        if is_other {
            let report = examined(&recorded(file));
            assert_eq!((report.clock, report.iat_offset_ms), (None, None), "{file}");
        }
    }
}

#[test]
fn what_the_sdk_is_said_to_have_told_the_page_is_what_it_told_it() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let report = examined(&recorded(file));
        let Some(answer) = report.findings.iter().find(|f| f.rule == "har_answer") else {
            continue;
        };
        let told = &row["told"];
        let sentence = &answer.message;
        if told.is_null() {
            let is_silent = ["nobody back", "never calls back", "nothing so far"]
                .iter()
                .any(|words| sentence.contains(words));
            assert!(is_silent, "{file}: {sentence}");
        } else {
            let code = &told["errorCode"];
            assert!(
                sentence.contains(&format!("tells the page {code}")),
                "{file}: {sentence}"
            );
        }
    }
}

#[test]
fn a_copy_without_secrets_gives_the_same_conclusion() {
    let said = |report: &Report| {
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|f| (f.rule, f.severity, f.message.clone()))
            .collect();
        (
            cause(report),
            suspects(report),
            report.clock,
            report.iat_offset_ms,
            findings,
        )
    };
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let original = recorded(file);
        let copy = redacted(&original);
        assert_eq!(said(&examined(&copy)), said(&examined(&original)), "{file}");
        assert!(copy.len() < original.len(), "{file}");
        assert_eq!(redacted(&copy), copy, "{file}: a copy of the copy");
    }
}

#[test]
fn the_secret_proves_nothing_of_a_copy_whose_signature_was_cut() {
    let copy = redacted(&recorded("expired.6.2.0.client.har"));
    let report = examine_recording(
        &Recording::read(copy.as_slice()).unwrap(),
        &Handed {
            secrets: &[RECORDED_SECRET],
            ..long_after()
        },
    );
    assert_eq!(cause(&report), Some("exp_in_past"));
}

#[test]
fn a_copy_without_secrets_holds_none() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let original = String::from_utf8(recorded(file)).unwrap();
        let copy = String::from_utf8(redacted(original.as_bytes())).unwrap();
        let third_parts = original
            .split("signature=")
            .skip(1)
            .filter_map(|rest| rest.split('&').next()?.split('.').nth(2));
        let fixed = [
            "314159",
            "271828",
            "Aiko",
            "Tanaka",
            "127.0.0.1",
            "portal",
            "aHR0c",
            "HeadlessChrome",
            "customerKey",
            "sdkUrl",
            "usher sim",
            "cache.example",
        ];
        for secret in fixed.into_iter().chain(third_parts) {
            assert!(!copy.contains(secret), "{file} holds {secret}");
        }
        let _: Value = serde_json::from_str(&copy).unwrap();
    }
}

#[test]
fn a_report_holds_no_secret_of_a_recording() {
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let original = String::from_utf8(recorded(file)).unwrap();
        let report = examined(original.as_bytes());
        let shown = serde_json::to_string(&report).unwrap()
            + &report
                .shown
                .iter()
                .map(|shown| shown.text.as_str())
                .collect::<String>();
        let third_parts = original
            .split("signature=")
            .skip(1)
            .filter_map(|rest| rest.split('&').next()?.split('.').nth(2));
        for secret in ["314159", "271828", "Aiko"].into_iter().chain(third_parts) {
            assert!(!shown.contains(secret), "{file} shows {secret}");
        }
    }
}

#[test]
fn a_failure_without_a_cause_is_an_error_all_the_same() {
    for row in index() {
        let report = examined(&recorded(row["file"].as_str().unwrap()));
        let is_hidden = matches!(
            row["situation"].as_str().unwrap(),
            "wrong_secret" | "wrong_key" | "unpublished" | "no_such_meeting"
        );
        assert!(
            is_hidden || report.worst() == Some(Severity::Error),
            "{}",
            row["file"]
        );
    }
}
