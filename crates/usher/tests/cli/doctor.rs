//! `usher doctor`: what people read.

use insta::assert_snapshot;
use serde_json::Value;

use crate::process::{Place, Ran, SDK_KEY, ran};

const AT: &str = "2023-10-10T04:00:00Z";
const TYPES_AND_LIFETIME: &str = r#"{"sdkKey":"aKey","mn":"850 1234 5678","role":"1","iat":1696910400,"exp":1696910460,"tokenExp":1696914000}"#;

fn token(place: &Place, args: &[&str]) -> String {
    let ran = place.run(
        &[
            &["sign", "--meeting", "85012345678", "--now", AT, "--json"],
            args,
        ]
        .concat(),
    );
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    value["signature"].as_str().unwrap().to_owned()
}

fn shown(ran: &Ran) -> String {
    format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    )
}

#[test]
fn a_good_signature_is_called_good_and_the_next_suspects_are_named() {
    let place = Place::new();
    assert_snapshot!(shown(&place.run(&[
        "doctor",
        &token(&place, &[]),
        "--now",
        AT
    ])));
}

#[test]
fn a_wrong_number_has_a_caret_under_it() {
    let place = Place::new();
    assert_snapshot!(shown(&place.run(&[
        "doctor",
        &token(&place, &[]),
        "--now",
        AT,
        "--meeting",
        "85012345679"
    ])));
}

#[test]
fn several_faults_are_shown_in_the_order_of_what_they_explain() {
    let place = Place::new();
    place.write("claims.json", TYPES_AND_LIFETIME);
    assert_snapshot!(shown(&place.run(&[
        "doctor",
        "--claims",
        "claims.json",
        "--now",
        AT,
        "--sdk-version",
        "6.2.0"
    ])));
}

#[test]
fn an_error_alone_is_explained_and_no_cause_is_guessed() {
    assert_snapshot!(shown(&Place::new().run(&[
        "doctor",
        "--error",
        "3712",
        "--reason",
        "Signature is invalid.",
        "--view",
        "component"
    ])));
}

#[test]
fn a_pasted_console_line_is_explained_with_what_it_does_not_mean() {
    assert_snapshot!(shown(&Place::new().run_with_stdin(
        &["doctor", "-", "--sdk-version", "6.2.0", "--now", "2026-03-09T12:00:00Z"],
        "main.4004.js:3712:15 Uncaught (in promise) {type: 'JOIN_MEETING_FAILED', reason: 'Fail to join the meeting.', errorCode: 200}\n"
    )));
}

#[test]
fn a_secret_of_another_app_is_found_by_the_hmac() {
    let place = Place::new();
    place.write("secret", "theSecretOfAnotherApp000000001\n");
    assert_snapshot!(shown(&place.run(&[
        "doctor",
        &token(&place, &[]),
        "--now",
        AT,
        "--secret-file",
        "secret"
    ])));
}

#[test]
fn a_token_comes_as_argument_file_or_standard_input() {
    let place = Place::new();
    let token = token(&place, &[]);
    place.write("token", &format!("{token}\r\n"));
    let by_argument = place.run(&["doctor", &token, "--now", AT, "--json"]).stdout;
    assert_eq!(
        place
            .run(&["doctor", "token", "--now", AT, "--json"])
            .stdout,
        by_argument
    );
    assert_eq!(
        place
            .run_with_stdin(
                &["doctor", "-", "--now", AT, "--json"],
                &format!("{token}\n")
            )
            .stdout,
        by_argument
    );
    let report: Value = serde_json::from_str(&by_argument).unwrap();
    assert_eq!(report["kind"], "meeting_sdk_jwt");
    assert_eq!(report["cause"], Value::Null);
    assert_eq!(report["claims"]["appKey"], SDK_KEY);
}

#[test]
fn neither_secret_nor_the_third_part_of_a_token_is_printed() {
    let place = Place::new();
    let token = token(&place, &[]);
    place.write("secret", "theSecretOfAnotherApp000000001");
    for args in [&["--json"][..], &[]] {
        let ran = place.run(&[&["doctor", &token, "--secret-file", "secret"], args].concat());
        let all = ran.stdout + &ran.stderr;
        assert!(
            !all.contains(token.rsplit_once('.').unwrap().1) && !all.contains("theSecretOf"),
            "{all}"
        );
    }
}

#[test]
fn nothing_too_much_and_unreadable_files_can_not_be_judged() {
    let place = Place::new();
    place.write("huge", &"x".repeat(1024 * 1024 + 1));
    for (args, named) in [
        (&[][..], "nothing to judge"),
        (&["huge"], "1 MiB"),
        (&["--claims", "missing.json"], "missing.json"),
        (&["x", "--now", "yesterday"], "--now"),
    ] {
        let ran = place.run(&[&["doctor"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_moment_is_rfc_3339_or_counted_since_1970() {
    let place = Place::new();
    let token = token(&place, &[]);
    let judged = |now: &str| {
        place
            .run(&["doctor", &token, "--now", now, "--json"])
            .stdout
    };
    let expected = judged(AT);
    for now in ["2023-10-10T13:00:00+09:00", "1696910400", "1696910400000"] {
        assert_eq!(judged(now), expected, "{now}");
    }
}

#[test]
fn a_version_that_can_not_be_read_is_said_and_the_rest_judged() {
    let place = Place::new();
    let ran = place.run(&[
        "doctor",
        &token(&place, &[]),
        "--now",
        AT,
        "--sdk-version",
        "the newest",
    ]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("--sdk-version"), "{}", ran.stderr);
}

#[test]
fn a_broken_configuration_does_not_keep_the_doctor_from_judging() {
    let place = Place::new();
    place.write("usher.toml", "colour = 1\n");
    let ran = place.run(&["doctor", "--error", "3705"]);
    assert!(
        ran.stderr.contains("unknown key `colour`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("exp_in_past"), "{}", ran.stdout);
}

#[test]
fn a_signature_of_the_successor_of_a_rotated_secret_is_not_called_forged() {
    let place = Place::new();
    let app = "[[apps]]\nsdk_key = \"aKeyInTheFile\"\nsdk_secret = \"theOldSecret\"\nsuccessor_secret = \"theNewSecret\"\nsuccessor_from = \"2023-10-01T00:00:00Z\"\n";
    place.write("usher.toml", app);
    let by_file = |args: &[&str]| {
        ran(place
            .usher(args)
            .env_remove("USHER_SDK_KEY")
            .env_remove("USHER_SDK_SECRET"))
    };
    let signed = by_file(&["sign", "--meeting", "85012345678", "--now", AT, "--json"]);
    let signed: Value = serde_json::from_str(&signed.stdout).unwrap();
    let judged = by_file(&["doctor", signed["signature"].as_str().unwrap(), "--now", AT]);
    assert_eq!(judged.code, 0, "{}", judged.stdout);
    assert!(
        judged.stdout.contains("hmac_valid") && judged.stdout.contains("successor"),
        "{}",
        judged.stdout
    );
}
