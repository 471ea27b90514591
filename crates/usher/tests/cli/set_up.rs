//! `init`, `config`, `key`, `meeting`: from an empty folder on.

use serde_json::Value;

use crate::process::{Place, ran};

#[test]
fn init_makes_key_store_and_configuration_and_leaves_what_is_there() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    let key = place.path().join("usher-data/master.key");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let toml = std::fs::metadata(place.path().join("usher.toml")).unwrap();
    assert_eq!(toml.permissions().mode() & 0o777, 0o600);
    assert_eq!(place.run(&["config"]).code, 0);
    let before = std::fs::read(&key).unwrap();
    place.write("usher.toml", "backdate_s = 60\n");
    assert_eq!(place.run(&["init"]).code, 0);
    assert_eq!(std::fs::read(&key).unwrap(), before);
    let config: Value = serde_json::from_str(&place.run(&["config", "--json"]).stdout).unwrap();
    assert_eq!(config["backdate_s"], 60);
}

#[test]
fn the_configuration_is_shown_without_secrets_and_its_mistakes_are_named() {
    let place = Place::new();
    let shown = place.run(&["config", "--json"]).stdout;
    assert!(
        shown.contains(crate::process::SDK_KEY) && !shown.contains(crate::process::SDK_SECRET),
        "{shown}"
    );
    for (toml, named) in [
        ("lisen = \"x\"", "did you mean `listen`?"),
        ("listen = \"here\"", "listen"),
        ("sdk_version = \"x\"", "sdk_version"),
        ("backdate_s = 5000", "backdate_s"),
        ("store = \"mysql://x\"", "store"),
        ("allowed_origins = [\"*\"]", "allowed_origins"),
        ("trusted_proxies = [\"proxy\"]", "trusted_proxies"),
        (
            "[[apps]]\nname = \"a\"\nsdk_key = \"k\"\nsdk_secret = \"k\"",
            "apps.a.sdk_secret",
        ),
        (
            "[[apps]]\nname = \"a\"\nsdk_key = \"k\"\nsdk_secret = { file = \"gone\" }",
            "gone",
        ),
    ] {
        place.write("usher.toml", toml);
        let ran = place.run(&["config"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{toml}");
        assert!(ran.stderr.contains(named), "{toml}: {}", ran.stderr);
    }
}

#[test]
fn the_file_of_usher_config_is_read_and_an_empty_variable_counts_as_absent() {
    let place = Place::new();
    place.write("other.toml", "backdate_s = 61\n");
    let shown = ran(place.usher(&["config"]).env("USHER_CONFIG", "other.toml"));
    assert!(shown.stdout.contains("backdate_s = 61"), "{}", shown.stdout);
    let shown = ran(place
        .usher(&["config"])
        .env("USHER_CONFIG", "")
        .env("USHER_STORE", ""));
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("backdate_s = 30"), "{}", shown.stdout);
}

#[test]
fn what_is_wrong_in_the_environment_is_named_by_its_variable() {
    let place = Place::new();
    for (name, value) in [
        ("USHER_SDK_SECRET", crate::process::SDK_KEY),
        ("USHER_LISTEN", "localhost:1"),
        ("USHER_SDK_KEY", "a b"),
    ] {
        let ran = ran(place.usher(&["config"]).env(name, value));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
        let named = if name == "USHER_LISTEN" {
            "listen"
        } else {
            name
        };
        assert!(ran.stderr.contains(named), "{name}: {}", ran.stderr);
    }
    let ran = ran(place
        .usher(&["config"])
        .env_remove("USHER_SDK_SECRET")
        .env("USHER_SDK_SECRET_FILE", "gone"));
    assert!(
        ran.stderr.contains("USHER_SDK_SECRET_FILE") && ran.stderr.contains("gone"),
        "{}",
        ran.stderr
    );
}

#[test]
fn control_characters_of_others_do_not_reach_the_terminal() {
    let place = Place::new();
    place.write("usher.toml", r#""\u001b[31mX\u202e" = 1"#);
    let ran = place.run(&["config"]);
    assert_eq!(ran.code, 2);
    assert!(
        !ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\u{202e}'),
        "{:?}",
        ran.stderr
    );
}

#[test]
fn a_lost_store_and_master_key_beside_a_snapshot_make_no_new_key() {
    let place = Place::new();
    let (server, _) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(server.terminate(), 0);
    for file in [
        "usher.sqlite",
        "usher.sqlite-wal",
        "usher.sqlite-shm",
        "master.key",
    ] {
        let _ = std::fs::remove_file(place.path().join("usher-data").join(file));
    }
    let ran = place.run(&["key", "list"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!place.path().join("usher-data/master.key").exists());
}

#[test]
fn a_line_break_after_a_secret_is_taken_off_with_a_warning() {
    let place = Place::new();
    let ran = ran(place
        .usher(&["sign", "--meeting", "85012345678"])
        .env("USHER_SDK_SECRET", "hush\n"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("warning") && !ran.stderr.contains("hush"),
        "{}",
        ran.stderr
    );
}

#[test]
fn keys_are_added_listed_without_themselves_and_revoked() {
    let place = Place::new();
    let added: Value = serde_json::from_str(
        &place
            .run(&[
                "key",
                "add",
                "--name",
                "backend",
                "--scope",
                "mint,host",
                "--json",
            ])
            .stdout,
    )
    .unwrap();
    assert_eq!(added["scopes"], serde_json::json!(["mint", "host"]));
    let key = added["key"].as_str().unwrap();
    let list = place.run(&["key", "list", "--json"]).stdout;
    assert!(
        list.contains(added["id"].as_str().unwrap()) && !list.contains(key),
        "{list}"
    );
    assert_eq!(
        place
            .run(&["key", "revoke", added["id"].as_str().unwrap()])
            .code,
        0
    );
    let list: Value = serde_json::from_str(&place.run(&["key", "list", "--json"]).stdout).unwrap();
    assert!(list[0]["revoked_at"].is_string(), "{list}");
    for args in [
        &["key", "revoke", "000000000000"][..],
        &["key", "add", "--name", "x", "--scope", "boss"],
        &["key", "add", "--name", "", "--scope", "mint"],
    ] {
        assert_eq!(place.run(args).code, 2, "{args:?}");
    }
}

#[test]
fn a_key_that_could_not_be_printed_is_revoked() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = place
        .usher(&["key", "add", "--name", "x", "--scope", "mint"])
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status();
    assert_eq!(status.unwrap().code(), Some(2));
    let list: Value = serde_json::from_str(&place.run(&["key", "list", "--json"]).stdout).unwrap();
    assert!(list[0]["revoked_at"].is_string(), "{list}");
}

#[test]
fn meetings_are_added_shown_edited_listed_and_removed() {
    let place = Place::new();
    let added = place.run(&[
        "meeting",
        "add",
        "--number",
        "850-1234-5678",
        "--passcode",
        "sesame",
        "--topic",
        "Standup",
        "--json",
    ]);
    assert!(
        added.stdout.contains("\"number\":\"85012345678\"") && !added.stdout.contains("sesame"),
        "{}",
        added.stdout
    );
    let again = place.run(&["meeting", "add", "--number", "85012345678"]);
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("registered already"),
        "{}",
        again.stderr
    );
    let edited = place.run(&[
        "meeting",
        "edit",
        "85012345678",
        "--topic",
        "",
        "--host",
        "host@example.com",
        "--json",
    ]);
    let edited: Value = serde_json::from_str(&edited.stdout).unwrap();
    assert_eq!(
        (&edited["topic"], &edited["host"]),
        (&Value::Null, &Value::from("host@example.com"))
    );
    assert!(
        place
            .run(&["meeting", "list", "--search", "HOST@"])
            .stdout
            .contains("85012345678")
    );
    assert_eq!(place.run(&["meeting", "rm", "85012345678"]).code, 0);
    assert_eq!(place.run(&["meeting", "show", "85012345678"]).code, 2);
}

#[test]
fn a_store_that_can_not_be_used_is_named_with_the_reason() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    for file in ["usher.sqlite-wal", "usher.sqlite-shm"] {
        let _ = std::fs::remove_file(place.path().join("usher-data").join(file));
    }
    place.write(
        "usher-data/usher.sqlite",
        "this is no database, however long one looks at it",
    );
    let ran = place.run(&["meeting", "list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("usher.sqlite") && ran.stderr.contains("damaged"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_store_whose_master_key_is_lost_is_an_error_and_no_new_key_is_made() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    std::fs::remove_file(place.path().join("usher-data/master.key")).unwrap();
    let ran = place.run(&["key", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("master.key"), "{}", ran.stderr);
    assert!(!place.path().join("usher-data/master.key").exists());
}
