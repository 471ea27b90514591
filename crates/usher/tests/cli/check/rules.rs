//! Minimum versions, and recent attempts against the rules of a day.

use insta::assert_snapshot;
use serde_json::json;

use super::set_up::{check, offline};
use crate::process::{Place, SDK_KEY, ran};

#[test]
fn an_sdk_below_an_announced_minimum_is_an_error_from_its_day_on() {
    let place = Place::new();
    for (args, rule, severity) in [
        (&[][..], "minimum_sdk_version_not_told", "info"),
        (
            &["--minimum-sdk-version", "5.0.0"],
            "sdk_version_new_enough",
            "info",
        ),
        (
            &["--minimum-sdk-version", "7.0.0"],
            "sdk_version_too_old",
            "error",
        ),
        (
            &["--minimum-sdk-version", "6.0.0", "--sdk-version", "5.1.4"],
            "sdk_version_too_old",
            "error",
        ),
        (
            &["--minimum-sdk-version", "7.0.0@2999-02-02"],
            "sdk_version_soon_too_old",
            "warning",
        ),
        (
            &[
                "--minimum-sdk-version",
                "7.0.0@2999-02-02",
                "--as-of",
                "2999-02-02",
            ],
            "sdk_version_too_old",
            "error",
        ),
    ] {
        let report = check(&place, args);
        assert_eq!(report.severity(rule), severity, "{args:?}: {}", report.json);
    }
    place.write(
        "usher.toml",
        "minimum_sdk_version = [{ version = \"7.0.0\", from = \"2020-02-01\" }]\n",
    );
    assert_eq!(check(&place, &[]).cause(), "sdk_version_too_old");
    assert_eq!(check(&place, &[]).severity("sdk_version_too_old"), "error");
    let shown = place.run(&["config"]);
    assert!(
        shown.stdout.contains("version = \"7.0.0\""),
        "{}",
        shown.stdout
    );
}

#[test]
fn recent_attempts_are_held_against_the_rules_of_a_day() {
    let place = Place::new();
    let now = jiff::Timestamp::now();
    let claims = |keys: &[&str], lifetime_s: i64| {
        let iat = now.as_second();
        let mut claims = json!({"mn": "85012345678", "role": 0, "iat": iat, "exp": iat + lifetime_s, "tokenExp": iat + lifetime_s});
        for key in keys {
            claims[key] = SDK_KEY.into();
        }
        claims
    };
    let attempt = |release: &str, version: &str, claims: serde_json::Value| {
        json!({"at": now.to_string(), "outcome": "joined", "meeting": "85012345678", "app": "default",
            "release": release, "sdk_version": version, "claims": claims, "account": "external"})
        .to_string()
    };
    let lines = [
        attempt("41", "2.16.0", claims(&["sdkKey"], 7200)),
        attempt("41", "2.16.0", claims(&["sdkKey"], 7200)),
        attempt("42", "6.2.0", claims(&["appKey", "sdkKey"], 7200)),
        attempt("42", "6.2.0", claims(&["appKey"], 172_800)),
    ];
    let imported = place.run_with_stdin(&["import", "-"], &lines.join("\n"));
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let ran = ran(&mut offline(
        &place,
        &[
            "check",
            "--as-of",
            "2027-02-06",
            "--minimum-sdk-version",
            "6.0.0@2027-02-06",
            "--lifetime-max-s",
            "86400",
        ],
    ));
    let of_rules: Vec<&str> = ran
        .stdout
        .split("\n\n")
        .filter(|part| part.contains("[rule_"))
        .collect();
    assert_snapshot!(of_rules.join("\n\n"));
    assert_eq!(ran.code, 1);
}

#[test]
fn more_attempts_than_fit_one_page_are_read() {
    let place = Place::new();
    let now = jiff::Timestamp::now();
    let line = json!({"at": now.to_string(), "outcome": "joined", "meeting": "85012345678", "sdk_version": "2.16.0"});
    let lines: Vec<String> = (0..700)
        .map(|number| {
            let mut line = line.clone();
            line["participant"] = format!("p-{number}").into();
            line.to_string()
        })
        .collect();
    let imported = place.run_with_stdin(&["import", "-"], &lines.join("\n"));
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let args = ["--as-of", "2027-02-06", "--minimum-sdk-version", "6.0.0"];
    let report = check(&place, &args);
    let message = report.message("rule_broken");
    assert!(
        message.contains("700 of the last 700 attempts"),
        "{message}"
    );
}

#[test]
fn a_join_without_a_token_may_be_one_to_another_account_s_meeting() {
    let place = Place::new();
    let added = place.run(&["key", "add", "--name", "t", "--scope", "mint", "--json"]);
    let key: serde_json::Value = serde_json::from_str(&added.stdout).unwrap();
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let joined = mint(&address, key["key"].as_str().unwrap());
    assert!(joined.contains(" 200 "), "{joined}");
    assert_eq!(server.terminate(), 0);
    let report = check(&place, &["--as-of", "2026-03-01"]);
    assert_eq!(
        report.severity("rule_may_be_broken"),
        "absent",
        "{}",
        report.json
    );
    let report = check(&place, &["--as-of", "2026-03-02"]);
    assert_eq!(
        report.severity("rule_may_be_broken"),
        "warning",
        "{}",
        report.json
    );
}

/// The answer's status line to a join of a meeting that is not registered.
fn mint(address: &str, key: &str) -> String {
    use std::io::{Read, Write};
    let host = address.strip_prefix("http://").unwrap();
    let body = r#"{"meeting_number":"85012345678","user_name":"A","passcode":""}"#;
    let mut socket = std::net::TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(socket, "POST /v1/joins HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}
