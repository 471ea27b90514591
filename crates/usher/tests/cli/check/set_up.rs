//! Configuration, database, webhooks.

use std::process::Command;

use insta::assert_snapshot;

use super::{Report, Zoom, shown};
use crate::process::{Place, SDK_KEY, SDK_SECRET, ran};
use crate::stores::{Home, Kind};

/// Asks nobody outside: the configured hosts are a port where nothing listens.
pub(super) fn offline(place: &Place, args: &[&str]) -> Command {
    let mut command = place.usher(args);
    command
        .env("USHER_ZOOM_API_URL", "http://127.0.0.1:1/v2")
        .env("USHER_ZOOM_OAUTH_URL", "http://127.0.0.1:1/oauth/token");
    command
}

pub(super) fn check(place: &Place, args: &[&str]) -> Report {
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
