//! `usher doctor --har`: recordings of a browser's traffic. They are of the real SDK (web/e2e/har/record.mjs).

use insta::assert_snapshot;
use serde_json::Value;

use crate::process::{Place, Ran, ran};

/// The app of the recordings.
const KEY: &str = "NotARealSdkKey00000001";
const SECRET: &str = "NotARealSecret000000000000000001";

fn recorded(name: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../usher-core/tests/doctor/har/recorded"
    );
    format!("{folder}/{name}.har")
}

fn shown(ran: &Ran) -> String {
    format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    )
}

fn judged(name: &str) -> String {
    shown(&Place::new().run(&["doctor", "--har", &recorded(name)]))
}

#[test]
fn an_iat_ahead_of_zooms_clock_is_told_to_the_second() {
    assert_snapshot!(judged("zoom_behind.2.16.0.client"));
}

#[test]
fn a_wrong_passcode_is_told_with_what_the_page_saw_of_it() {
    assert_snapshot!(judged("passcode_key.6.2.0.component"));
}

#[test]
fn a_portal_is_told_and_the_signature_is_not_blamed() {
    assert_snapshot!(judged("portal.2.16.0.component"));
}

#[test]
fn a_blocker_is_told_by_the_browsers_own_word() {
    assert_snapshot!(judged("blocked.6.2.0.client"));
}

#[test]
fn an_answer_that_is_no_call_hangs_and_no_cause_is_guessed() {
    assert_snapshot!(judged("not_jsonp.2.16.0.component"));
}

#[test]
fn a_join_that_the_sdk_refused_by_itself_is_told_by_what_is_missing() {
    assert_snapshot!(judged("passcode_key.2.16.0.client"));
}

#[test]
fn a_recording_comes_by_flag_by_argument_and_on_standard_input() {
    let place = Place::new();
    let file = recorded("expired.6.2.0.component");
    let by_flag = place.run(&["doctor", "--har", &file, "--json"]).stdout;
    let report: Value = serde_json::from_str(&by_flag).unwrap();
    assert_eq!(
        (&report["kind"], &report["cause"]),
        (&Value::from("har"), &Value::from("exp_in_past"))
    );
    assert!(report["clock"]["offset_ms"][0].is_i64() && report["clock"]["readings"] == 1);
    assert!(report["iat_offset_ms"][1].as_i64().unwrap() < -10_000_000);
    assert_eq!(place.run(&["doctor", &file, "--json"]).stdout, by_flag);
    let text = std::fs::read_to_string(&file).unwrap();
    for args in [
        &["doctor", "-", "--json"][..],
        &["doctor", "--har", "-", "--json"],
    ] {
        assert_eq!(
            place.run_with_stdin(args, &text).stdout,
            by_flag,
            "{args:?}"
        );
    }
    // Recognised by what it is, too.
    place.write("recording.txt", &text);
    assert_eq!(
        place.run(&["doctor", "recording.txt", "--json"]).stdout,
        by_flag
    );
}

#[test]
fn the_secret_of_the_configured_app_is_used_for_the_key_that_was_sent() {
    let place = Place::new();
    let cause = |name: &str| {
        let file = recorded(name);
        let mut command = place.usher(&["doctor", "--har", &file, "--json"]);
        let ran = ran(command
            .env("USHER_SDK_KEY", KEY)
            .env("USHER_SDK_SECRET", SECRET));
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(ran.stderr.contains("checking the HMAC"), "{}", ran.stderr);
        report["cause"].clone()
    };
    assert_eq!(
        cause("wrong_secret.6.2.0.client"),
        "wrong_secret_or_key_pair"
    );
    assert_eq!(cause("expired.2.16.0.client"), "exp_in_past");
}

#[test]
fn a_copy_to_post_is_written_and_gives_the_same_conclusion() {
    let place = Place::new();
    let file = recorded("wrong_passcode.6.2.0.client");
    let ran = place.run(&["doctor", "--har", &file, "--redact", "post.har", "--json"]);
    assert!(ran.stderr.contains("wrote post.har"), "{}", ran.stderr);
    let copy = std::fs::read_to_string(place.path().join("post.har")).unwrap();
    for secret in ["271828", "Aiko", "127.0.0.1"] {
        assert!(!copy.contains(secret), "{secret}");
    }
    assert_eq!(
        place.run(&["doctor", "post.har", "--json"]).stdout,
        ran.stdout
    );
}

#[test]
fn nothing_is_overwritten_and_what_is_no_recording_leaves_no_copy() {
    let place = Place::new();
    let file = recorded("wrong_passcode.6.2.0.client");
    place.write("there.har", "mine");
    place.write("claims.json", r#"{"mn":"85012345678"}"#);
    place.write("empty.har", "{}");
    for (args, named) in [
        (
            &["--har", &file, "--redact", "there.har"][..],
            "there already",
        ),
        (
            &["claims.json", "--redact", "new.har"],
            "none was handed in",
        ),
        (&["empty.har", "--redact", "new.har"], "no recording"),
        (&["--har", "missing.har"], "missing.har"),
        (&["missing.har"], "missing.har"),
        (
            &["--har", &file, "--from", "2023-10-10", "--to", "2023-10-11"],
            "--har",
        ),
    ] {
        let ran = place.run(&[&["doctor"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(
        std::fs::read_to_string(place.path().join("there.har")).unwrap(),
        "mine"
    );
    assert!(!place.path().join("new.har").exists());
}

#[test]
fn a_file_that_is_no_recording_is_a_finding_and_one_cut_short_is_used() {
    let place = Place::new();
    place.write("page.har", "<!doctype html><title>Log in</title>");
    let ran = place.run(&["doctor", "--har", "page.har", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (ran.code, &report["findings"][0]["rule"]),
        (1, &Value::from("har_unreadable"))
    );

    let whole = std::fs::read_to_string(recorded("expired.2.16.0.component")).unwrap();
    place.write(
        "cut.har",
        whole.trim_end().trim_end_matches(['}', ']', '\n']),
    );
    let ran = place.run(&["doctor", "cut.har", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["rule"] == "har_truncated")
            .count(),
        1
    );
}
