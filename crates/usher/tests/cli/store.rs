//! `export` and `store`: what leaves the journal, or is deleted from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use usher::seal::MasterKey;
use usher::store::{Address, IfMissing, IfOlder, Store};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::Origin;
use usher_core::import::{Cell, Mapping, Options, Outcome, Overrides, Row, SignatureSeen, row};
use usher_core::meeting::MeetingNumber;

use crate::process::Place;

const SECOND: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(SECOND + second).unwrap()
}

fn event(attempt: AttemptId, source: Source, kind: Kind, after_s: i64) -> Event {
    let at = attempt.at() + SignedDuration::from_secs(after_s);
    Event {
        attempt,
        source,
        id: kind.as_str().to_owned(),
        kind,
        at,
        received_at: at,
        facts: Facts::default(),
        personal: Personal::default(),
    }
}

/// One that failed, by a person with an id and a host with an address, and a minute later one that nobody reported on.
fn told() -> [Event; 3] {
    let [failing, quiet] = [AttemptId::new(at(0), 1), AttemptId::new(at(60), 2)];
    let mut minted = event(failing, Source::Mint, Kind::Minted, 0);
    minted.personal.participant = Some("p-secret-1".into());
    minted.facts.origin = Some(Box::new(Origin {
        meeting_number: Some(MeetingNumber::from_u64(85_012_345_678).unwrap()),
        host: Some("ann@example.com".into()),
        release: Some("r1".into()),
        claims: serde_json::value::to_raw_value(&json!({"iat": SECOND, "role": 0})).ok(),
        dims: [("tenant".to_owned(), "acme".to_owned())].into(),
        ..Origin::default()
    }));
    let mut failed = event(failing, Source::Browser, Kind::Failed, 2);
    failed.facts.code = Some("3712".into());
    failed.facts.reason = Some("Signature is invalid.".into());
    failed.personal.raw = serde_json::value::to_raw_value("raw-secret").ok();
    [minted, failed, event(quiet, Source::Mint, Kind::Minted, 0)]
}

async fn store(place: &Place) -> Store {
    let data = place.path().join("usher-data");
    let key = MasterKey::read_file(&data.join("master.key")).unwrap();
    let address = Address::Sqlite(data.join("usher.sqlite"));
    Store::open(&address, IfMissing::Create, IfOlder::Refuse, Arc::new(key))
        .await
        .unwrap()
}

async fn place_with_attempts() -> Place {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    let store = store(&place).await;
    store.append(&told()).await.unwrap();
    store.close().await;
    place
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// As the import understands it.
fn imported(line: &Value) -> Row {
    let object = line.as_object().unwrap();
    let keys = object.keys().map(String::as_str);
    let mapping = Mapping::of_object(keys, &Overrides::default());
    let options = Options {
        now: at(0),
        zone: None,
        dimensions_max: 16,
    };
    row(object.values().map(Cell::Json), &mapping, &options).unwrap()
}

#[tokio::test]
async fn an_export_is_what_the_import_reads() {
    let place = place_with_attempts().await;
    let ran = place.run(&["export", "--personal"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let exported = lines(&ran.stdout);
    assert_eq!(exported.len(), 2);
    let failed = imported(&exported[0]);
    assert_eq!(failed.at, at(0));
    assert_eq!(failed.meeting.unwrap().to_string(), "85012345678");
    assert_eq!(failed.participant.as_deref(), Some("p-secret-1"));
    let dims = [
        ("host", "ann@example.com"),
        ("release", "r1"),
        ("tenant", "acme"),
    ];
    let dims = dims.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(failed.dims, dims);
    let usher_core::import::Kind::Single(single) = failed.kind else {
        panic!("a row of counts")
    };
    assert_eq!(single.outcome, Some(Outcome::Failed));
    assert_eq!(single.code.as_deref(), Some("3712"));
    assert_eq!(single.reason.as_deref(), Some("Signature is invalid."));
    assert_eq!(single.answered_at, Some(at(2)));
    let Some(SignatureSeen::Claims(claims)) = single.signature else {
        panic!("no claims")
    };
    assert_eq!(Value::Object(claims), json!({"iat": SECOND, "role": 0}));
    let usher_core::import::Kind::Single(quiet) = imported(&exported[1]).kind else {
        panic!("a row of counts")
    };
    assert_eq!((quiet.outcome, quiet.answered_at), (None, None));
}

#[tokio::test]
async fn an_export_tells_who_it_was_only_when_asked() {
    let place = place_with_attempts().await;
    for args in [&["export"][..], &["export", "--events"]] {
        let ran = place.run(args);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for personal in ["secret", "ann@"] {
            assert!(!ran.stdout.contains(personal), "{args:?}: {}", ran.stdout);
        }
        assert!(ran.stdout.contains("3712") && ran.stdout.contains("acme"));
    }
    let ran = place.run(&["export", "--events", "--personal"]);
    let exported: Vec<Event> = lines(&ran.stdout)
        .into_iter()
        .map(|line| serde_json::from_value(line).unwrap())
        .collect();
    assert_eq!(
        serde_json::to_value(exported).unwrap(),
        serde_json::to_value(told()).unwrap()
    );
}

#[tokio::test]
async fn a_span_is_half_open_and_goes_to_a_file_that_its_owner_alone_reads() {
    let place = place_with_attempts().await;
    let [from, between, to] = [at(0), at(60), at(61)].map(|at| at.to_string());
    for (from, to, attempts) in [(&from, &between, 1), (&from, &to, 2), (&between, &to, 1)] {
        let ran = place.run(&["export", "--from", from, "--to", to, "--out", "a.jsonl"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
        let file = place.path().join("a.jsonl");
        assert_eq!(lines(&fs::read_to_string(&file).unwrap()).len(), attempts);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(!place.path().join("a.jsonl.part").exists());
    }
    let ran = place.run(&["export", "--out", "missing/a.jsonl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("missing/a.jsonl"), "{}", ran.stderr);
}

#[tokio::test]
async fn who_is_forgotten_is_no_more_in_the_file() {
    let place = place_with_attempts().await;
    let holds = |text: &str| {
        let bytes = fs::read(place.path().join("usher-data/usher.sqlite")).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("p-secret-1") && holds("raw-secret"));
    let ran = place.run(&["store", "forget", "p-secret-1"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "1\n"),
        "{}",
        ran.stderr
    );
    assert!(!holds("p-secret-1") && !holds("raw-secret"));
    assert!(holds("Signature is invalid."));
    assert_eq!(place.run(&["store", "forget", "p-secret-1"]).stdout, "0\n");
}

#[tokio::test]
async fn expiring_deletes_what_the_configuration_says() {
    let place = place_with_attempts().await;
    let ran = place.run(&["config", "--json"]);
    let config: Value = serde_json::from_str(&ran.stdout).unwrap();
    let usual = json!({"facts_days": 400, "personal_days": 30});
    assert_eq!(config["retention"], usual);
    // Of November 2023: all of it is old, unless it may be a hundred years old.
    place.write("usher.toml", "[retention]\nfacts_days = 36500\n");
    let ran = place.run(&["store", "expire"]);
    assert_eq!(
        ran.stdout,
        "deleted whose 1 attempts were, all of 0 days, 0 notifications, and 0 lines of witnesses\n"
    );
    assert_eq!(lines(&place.run(&["export"]).stdout).len(), 2);
    place.write("usher.toml", "[retention]\nfacts_days = 1\n");
    let ran = place.run(&["store", "expire"]);
    assert_eq!(
        ran.stdout,
        "deleted whose 0 attempts were, all of 1 days, 0 notifications, and 0 lines of witnesses\n"
    );
    assert_eq!(place.run(&["export"]).stdout, "");
    place.write(
        "usher.toml",
        "[retention]\nfacts_days = 1\npersonal_days = 2\n",
    );
    let ran = place.run(&["store", "expire"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("`retention.personal_days`"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_copied_store_serves_like_the_original() {
    let place = place_with_attempts().await;
    let add = [
        "meeting",
        "add",
        "--number",
        "85012345678",
        "--passcode",
        "sesame",
    ];
    assert_eq!(place.run(&add).code, 0);
    assert_eq!(
        place
            .run(&["key", "add", "--name", "x", "--scope", "mint"])
            .code,
        0
    );
    let copy = [
        "store",
        "copy",
        "--from",
        "sqlite:usher-data/usher.sqlite",
        "--to",
        "sqlite:new.sqlite",
    ];
    for _ in 0..2 {
        let ran = place.run(&copy);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let words: Vec<&str> = ran.stdout.split_whitespace().collect();
        let rows = [
            "meetings",
            "1",
            "1",
            "keys",
            "1",
            "1",
            "notifications",
            "0",
            "0",
            // The key that was made, and what the attempts showed for the first time.
            "lines",
            "of",
            "witnesses",
            "3",
            "3",
            "attempts",
            "2",
            "2",
            "events",
            "3",
            "3",
        ];
        assert_eq!(words[2..], rows, "{}", ran.stdout);
    }
    let with = |args: &[&str]| {
        let mut command = place.usher(args);
        crate::process::ran(command.env("USHER_STORE", "sqlite:new.sqlite"))
    };
    assert_eq!(with(&["export"]).stdout, place.run(&["export"]).stdout);
    assert_eq!(
        with(&["key", "list"]).stdout,
        place.run(&["key", "list"]).stdout
    );
    let sign = ["meeting", "show", "85012345678", "--json"];
    assert_eq!(with(&sign).stdout, place.run(&sign).stdout);
}

#[tokio::test]
async fn a_copy_that_can_not_be_right_is_refused() {
    let place = place_with_attempts().await;
    let source = "sqlite:usher-data/usher.sqlite";
    let ran = place.run(&["store", "copy", "--from", source, "--to", source]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("onto itself"), "{}", ran.stderr);
    let missing = "sqlite:nothing.sqlite";
    let ran = place.run(&["store", "copy", "--from", missing, "--to", source]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nothing.sqlite"), "{}", ran.stderr);
    let other = place_with_attempts().await;
    let target = other.path().join("usher-data/usher.sqlite");
    let target = format!("sqlite:{}", target.display());
    let ran = place.run(&["store", "copy", "--from", source, "--to", &target]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("another master key"), "{}", ran.stderr);
}
