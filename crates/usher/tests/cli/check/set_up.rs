//! Configuration, database, webhooks, SDK version, recent attempts.

use std::process::Command;

use insta::assert_snapshot;
use serde_json::json;

use super::{Report, Zoom, shown};
use crate::process::{Place, SDK_KEY, SDK_SECRET, ran};
use crate::stores::{Home, Kind};

/// Asks nobody outside: the configured hosts are a port where nothing listens.
fn offline(place: &Place, args: &[&str]) -> Command {
    let mut command = place.usher(args);
    command
        .env("USHER_ZOOM_API_URL", "http://127.0.0.1:1/v2")
        .env("USHER_ZOOM_OAUTH_URL", "http://127.0.0.1:1/oauth/token");
    command
}

fn check(place: &Place, args: &[&str]) -> Report {
    Report::of(&mut offline(place, &[&["check", "--json"], args].concat()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_configuration_it_says_what_is_missing_first() {
    let zoom = Zoom::start().await;
    let mut command = zoom.usher(&["check"]);
    for name in [
        "SDK_KEY",
        "SDK_SECRET",
        "ZOOM_ACCOUNT_ID",
        "ZOOM_CLIENT_ID",
        "ZOOM_CLIENT_SECRET",
    ] {
        command.env_remove(format!("USHER_{name}"));
    }
    let ran = ran(&mut command);
    let address = zoom.sim.http_address().to_string();
    assert_snapshot!(shown(&ran, &[(&address, "ZOOM")]));
    let left: Vec<_> = std::fs::read_dir(zoom.place.path()).unwrap().collect();
    assert!(left.is_empty(), "a check makes nothing: {left:?}");
}

#[test]
fn a_configuration_that_can_not_be_used_is_the_first_finding() {
    let place = Place::new();
    place.write("usher.toml", "colour = 1\n");
    let report = check(&place, &[]);
    assert_eq!(
        (report.code, report.errors()),
        (1, vec!["configuration_unusable"])
    );
    assert!(report.message("configuration_unusable").contains("colour"));
    assert_eq!(report.cause(), "null");
}

#[test]
fn a_credential_in_another_s_place_is_found_and_never_printed() {
    let place = Place::new();
    let account = |id: &str, secret: &str| {
        format!(
            "[[accounts]]\naccount_id = \"theAccount\"\nclient_id = \"{id}\"\nclient_secret = \"{secret}\"\n"
        )
    };
    for (file, secret, rule, cause) in [
        (
            String::new(),
            SDK_KEY,
            "configuration_unusable",
            "wrong_secret_or_key_pair",
        ),
        (
            String::new(),
            "with a space",
            "configuration_unusable",
            "wrong_secret_or_key_pair",
        ),
        (
            String::new(),
            "\"quotedSecretOfNobody\"",
            "wrong_app_secret",
            "wrong_secret_or_key_pair",
        ),
        (
            account("anotherId", SDK_SECRET),
            SDK_SECRET,
            "wrong_app_secret",
            "wrong_secret_or_key_pair",
        ),
        (
            account(SDK_KEY, "anotherSecretOfNobody"),
            SDK_SECRET,
            "server_to_server_app_in_sdk_place",
            "wrong_app_type",
        ),
        (
            account("sameAsItself", "sameAsItself"),
            SDK_SECRET,
            "wrong_account_credentials",
            "oauth_failing",
        ),
        (
            format!("webhook_secrets = [\"{SDK_SECRET}\"]\n"),
            SDK_SECRET,
            "wrong_app_secret",
            "wrong_secret_or_key_pair",
        ),
    ] {
        place.write("usher.toml", &file);
        let mut command = offline(&place, &["check", "--json"]);
        let report = Report::of(command.env("USHER_SDK_SECRET", secret));
        assert!(report.errors().contains(&rule), "{rule}: {}", report.json);
        assert_eq!(report.cause(), cause, "{rule}: {}", report.json);
        if secret != SDK_KEY {
            assert!(
                !report.json.to_string().contains(secret.trim_matches('"')),
                "{rule}"
            );
        }
    }
}

#[test]
fn a_database_that_can_not_be_used_is_named_with_the_remedy() {
    let place = Place::new();
    assert_eq!(check(&place, &[]).severity("no_database"), "info");
    assert_eq!(ran(&mut offline(&place, &["init"])).code, 0);
    assert_eq!(check(&place, &[]).severity("database_usable"), "info");

    let file = place.path().join("usher-data/usher.sqlite");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(
        &file,
        b"this is no database, and long enough to be looked at as one by SQLite",
    )
    .unwrap();
    let report = check(&place, &[]);
    assert!(
        report.errors().contains(&"store_corrupt"),
        "{}",
        report.json
    );
    std::fs::write(&file, whole).unwrap();

    let key = place.path().join("usher-data/master.key");
    std::fs::rename(&key, place.path().join("elsewhere")).unwrap();
    assert!(check(&place, &[]).errors().contains(&"master_key_missing"));
    std::fs::rename(place.path().join("elsewhere"), &key).unwrap();

    let mut command = offline(&place, &["check", "--json"]);
    let report = Report::of(command.env("USHER_STORE", "postgres://ann:hush@127.0.0.1:1/usher"));
    assert!(
        report.errors().contains(&"store_unavailable"),
        "{}",
        report.json
    );
    assert!(!report.json.to_string().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_version_are_an_error_on_both_databases() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let home = Home::new(kind).await;
        let place = Place::new();
        let with_store = |args: &[&str]| {
            let mut command = offline(&place, args);
            command.env("USHER_STORE", &home.url);
            command
        };
        assert_eq!(ran(&mut with_store(&["init"])).code, 0, "{kind:?}");
        let check = || Report::of(&mut with_store(&["check", "--json"]));
        assert_eq!(check().severity("database_usable"), "info", "{kind:?}");
        home.tamper("UPDATE _sqlx_migrations SET version = 999 WHERE version = 1")
            .await;
        let newer = check();
        assert_eq!(newer.errors(), ["store_newer_than_binary"], "{kind:?}");
        home.tamper("DELETE FROM _sqlx_migrations WHERE version > 2")
            .await;
        let older = check();
        assert_eq!(older.errors(), ["store_older_than_binary"], "{kind:?}");
        assert!(older.json.to_string().contains("usher migrate"));
    }
}

#[test]
fn it_works_beside_a_running_service_and_asks_its_webhook_address() {
    let place = Place::new();
    place.write(
        "usher.toml",
        "webhook_secrets = [\"aSecretTokenOfNobody\"]\n[zoom]\napi_url = \"http://127.0.0.1:1/v2\"\noauth_url = \"http://127.0.0.1:1/oauth/token\"\n",
    );
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = format!("{address}/webhooks/zoom");
    let report = check(&place, &["--webhook-url", &url]);
    assert_eq!(
        report.severity("database_usable"),
        "info",
        "{}",
        report.json
    );
    assert_eq!(
        report.severity("webhook_answers"),
        "info",
        "{}",
        report.json
    );
    assert_eq!(report.severity("webhook_address_unfit"), "warning");

    let mut command = offline(&place, &["check", "--json", "--webhook-url", &url]);
    let report = Report::of(command.env("USHER_WEBHOOK_SECRET", "anotherSecretToken"));
    assert_eq!(
        report.severity("webhook_secret_differs"),
        "error",
        "{}",
        report.json
    );
    let report = check(&place, &["--webhook-url", &format!("{address}/webhooks")]);
    assert_eq!(
        report.severity("webhook_path_wrong"),
        "error",
        "{}",
        report.json
    );
    assert_eq!(server.terminate(), 0);
    let report = check(&place, &["--webhook-url", &url]);
    assert_eq!(
        report.severity("webhook_not_reached"),
        "error",
        "{}",
        report.json
    );
}

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

#[test]
fn what_can_not_be_asked_ends_with_2() {
    let place = Place::new();
    for args in [
        &["--page", "ftp://example.com"][..],
        &["--page", "https://user:pw@example.com"],
        &["--meeting", "abc"],
        &["--as-of", "soon"],
        &["--minimum-sdk-version", "six"],
        &["--with", "luck"],
        &["--lifetime-max-s", "5"],
        &["--limit-s", "0"],
    ] {
        let ran = place.run(&[&["check"], args].concat());
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{args:?}: {}",
            ran.stderr
        );
    }
}
