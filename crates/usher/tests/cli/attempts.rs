//! `usher attempts` and `usher attempt`: what became of attempts, for people.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::process::Place;

const AT: &str = "2023-10-10T04:00:00Z";

/// Three tries of one person, the last of which got in, one of somebody else, and one of theirs on another day.
fn told() -> Place {
    let place = Place::new();
    place.write("usher.toml", "[retention]\nfacts_days = 36500\n");
    let signed = place.run(&["sign", "--meeting", "85012345678", "--now", AT, "--json"]);
    let claims = serde_json::from_str::<Value>(&signed.stdout).unwrap()["claims"].clone();
    let person = |at: &str, outcome: &str, more: Value| {
        let mut line = json!({
            "at": at, "outcome": outcome, "meeting": "85012345678", "participant": "u-1", "release": "41", "browser": "Chrome 118",
        });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        line
    };
    let invalid = json!({ "code": "3712", "reason": "Signature is invalid." });
    let mut first = invalid.clone();
    first["claims"] = claims;
    first["answered_at"] = json!("2023-10-10T04:00:04.2Z");
    let lines = [
        person(AT, "failed", first),
        person("2023-10-10T04:10:00Z", "failed", invalid.clone()),
        person("2023-10-10T04:12:00Z", "joined", json!({})),
        person(
            "2023-10-10T04:05:00Z",
            "waiting",
            json!({ "participant": "u-2", "tenant": "acme" }),
        ),
        person("2023-10-11T04:00:00Z", "failed", invalid),
    ];
    let text = lines.map(|line| line.to_string()).join("\n");
    let ran = place.run_with_stdin(&["import", "-"], &text);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    place
}

fn listed(place: &Place, more: &[&str]) -> Value {
    let ran = place.run(&[&["attempts", "--json"], more].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

fn first_id(place: &Place) -> String {
    let all = listed(place, &["--participant", "u-1"]);
    let oldest = all["attempts"].as_array().unwrap().last().unwrap();
    oldest["id"].as_str().unwrap().to_owned()
}

#[test]
fn attempts_are_listed_newest_first_in_the_time_of_the_place() {
    let place = told();
    let ran = place.run(&["attempts", "--tz", "Asia/Tokyo", "--to", "2023-10-11T00:00"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_snapshot!(ran.stdout);
}

#[test]
fn conditions_narrow_the_list_and_a_limit_says_where_to_go_on() {
    let place = told();
    for (conditions, expected) in [
        (&["--outcome", "failed"][..], 3),
        (&["--code", "3712", "--to", "2023-10-11T00:00"], 2),
        (&["--participant", "u-2"], 1),
        (&["--dim", "tenant=acme"], 1),
        (&["--dim", "tenant=acme", "--dim", "release=42"], 0),
        (&["--meeting", "850 1234 5678"], 5),
        (&["--dim", "meeting=85012345678"], 5),
        (&["--meeting", "elsewhere"], 0),
        (
            &[
                "--from",
                "2023-10-10T13:05",
                "--to",
                "2023-10-10T13:10",
                "--tz",
                "Asia/Tokyo",
            ],
            1,
        ),
        (&["--limit", "2"], 2),
    ] {
        let found = listed(&place, conditions);
        assert_eq!(
            found["attempts"].as_array().unwrap().len(),
            expected,
            "{conditions:?}"
        );
        assert_eq!(
            found["next"].is_string(),
            conditions[0] == "--limit",
            "{conditions:?}"
        );
    }
    for conditions in [
        &["--outcome", "fine"][..],
        &["--meeting", "12"],
        &["--dim", "tenant"],
        &["--from", "yesterday"],
        &["--from", "2023-10-10T13:00", "--to", "2023-10-10T12:00"],
        &["--limit", "0"],
    ] {
        let ran = place.run(&[&["attempts"], conditions].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{conditions:?}");
    }
}

#[test]
fn an_attempts_story_is_told_with_its_failure_its_claims_and_the_tries_around_it() {
    let place = told();
    let ran = place.run(&["attempt", &first_id(&place), "--tz", "Asia/Tokyo"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_snapshot!(ran.stdout);
}

#[test]
fn a_burst_ends_with_whoever_got_in_and_with_a_gap_of_more_than_ten_minutes() {
    let place = told();
    let all = listed(&place, &["--participant", "u-1"])["attempts"].clone();
    let ids: Vec<&str> = (0..4)
        .rev()
        .map(|n| all[n]["id"].as_str().unwrap())
        .collect();
    let [failed, again, joined, next_day] = ids[..] else {
        panic!("{ids:?}");
    };
    for (id, is_first, burst) in [
        (failed, true, &[failed, again, joined][..]),
        (again, false, &[failed, again, joined]),
        (joined, false, &[failed, again, joined]),
        (next_day, true, &[next_day]),
    ] {
        let ran = place.run(&["attempt", id, "--json"]);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            told["burst"],
            json!({ "is_first": is_first, "attempts": burst }),
            "{id}"
        );
    }
}

#[test]
fn the_terminal_and_the_api_say_the_same() {
    let place = told();
    // A running service forgets whose old attempts were.
    let recent = json!({ "at": Timestamp::now(), "outcome": "failed", "participant": "u-9" });
    place.run_with_stdin(&["import", "-"], &format!("{recent}\n"));
    let found = listed(&place, &["--participant", "u-9"]);
    let id = found["attempts"][0]["id"].as_str().unwrap();
    let by_terminal: Value =
        serde_json::from_str(&place.run(&["attempt", id, "--json"]).stdout).unwrap();
    let key = place.run(&["key", "add", "--name", "test", "--scope", "read"]);
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let by_api = get(&address, &format!("/v1/attempts/{id}"), key.stdout.trim());
    assert_eq!(by_api, by_terminal);
    let list = get(&address, "/v1/attempts?participant=u-9", key.stdout.trim());
    assert_eq!(list, listed(&place, &["--participant", "u-9"]));
    assert_eq!(server.terminate(), 0);
}

fn get(address: &str, path: &str, key: &str) -> Value {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn an_attempt_that_is_not_there_is_said_to_be_unknown() {
    let place = told();
    for id in ["nope", "018b17bdda00756e8dede1bc6f32fae0"] {
        let ran = place.run(&["attempt", id]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{id}");
        assert!(ran.stderr.contains(id), "{}", ran.stderr);
    }
}
