//! `usher import`: somebody else's log, into the journal once.

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::process::{Place, Ran, ran};

const LOG: &str = "\
ts,result,error_code,message,meeting_id,user_id,answered_at,release,browser,tenant
2023-10-10 13:00:00,failed,3712,Signature is invalid.,850 1234 5678,u-1,2023-10-10 13:00:04.2,41,Chrome 118,acme
2023-10-10 13:01:00,ok,,,850 1234 5678,u-1,,41,Chrome 118,acme
2023-10-10 13:02:30,timeout,,,standup,u-2,,41,Safari 17,globex
2023-10-10 13:03:00,broken,,,standup,u-2,,41,Safari 17,globex
10/11/2023,failed,,,standup,u-2,,41,Safari 17,globex
";

/// Keeps whatever is imported: the logs here are of 2023.
fn with_log() -> Place {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    place.write("usher.toml", "[retention]\nfacts_days = 36500\n");
    place.write("log.csv", LOG);
    place
}

fn import(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["import", "log.csv", "--tz", "Asia/Tokyo"], more].concat())
}

fn value(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn shown(ran: &Ran) -> String {
    format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    )
}

fn attempts(place: &Place, more: &[&str]) -> Vec<Value> {
    let ran = place.run(&[&["attempts", "--json"], more].concat());
    value(&ran)["attempts"].as_array().unwrap().clone()
}

#[test]
fn the_columns_the_lines_that_are_not_taken_and_what_became_of_the_rest_are_told() {
    assert_snapshot!(shown(&import(&with_log(), &[])));
}

#[test]
fn a_file_that_has_grown_adds_what_is_new_and_nothing_twice() {
    let place = with_log();
    assert_eq!(value(&import(&place, &["--json"]))["imported"], 3);
    let again = value(&import(&place, &["--json"]));
    assert_eq!(
        (&again["imported"], &again["known"]),
        (&json!(0), &json!(3))
    );
    place.write(
        "log.csv",
        &format!("{LOG}2023-10-10 13:04:00,ok,,,850 1234 5678,u-3,,41,Chrome 118,acme\n"),
    );
    let grown = value(&import(&place, &["--json"]));
    assert_eq!(
        (&grown["imported"], &grown["known"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(attempts(&place, &[]).len(), 4);
}

#[test]
fn every_line_that_is_not_taken_is_in_the_file_of_rejected_ones() {
    let place = with_log();
    let mut log = "at,outcome\n".to_owned();
    for n in 0..30 {
        log.extend(["1696910400,nonsense", &n.to_string(), "\n"]);
    }
    place.write("bad.csv", &log);
    let ran = place.run(&["import", "bad.csv", "--rejected", "rejected.jsonl"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stderr.matches("line ").count(), 20, "{}", ran.stderr);
    assert!(ran.stderr.contains("10"), "{}", ran.stderr);
    let written = std::fs::read_to_string(place.path().join("rejected.jsonl")).unwrap();
    let written: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(written.len(), 30);
    assert_eq!(
        (&written[29]["line"], &written[29]["code"]),
        (&json!(31), &json!("invalid_outcome"))
    );
    assert!(
        written[29]["reason"]
            .as_str()
            .unwrap()
            .contains("nonsense29")
    );
    // The file that is read must not be emptied by a slip.
    let slip = place.run(&["import", "bad.csv", "--rejected", "./bad.csv"]);
    assert_eq!(slip.code, 2);
    assert_eq!(
        std::fs::read_to_string(place.path().join("bad.csv")).unwrap(),
        log
    );
}

#[test]
fn rows_of_counts_are_no_attempts_and_that_is_said_once() {
    let place = with_log();
    let counts = "{\"at\":1696910400,\"attempts\":5,\"failed\":1}\n".repeat(3);
    let ran = place.run_with_stdin(
        &["import", "-", "--json"],
        &format!("{counts}{{\"at\":1696910400,\"outcome\":\"joined\"}}\n"),
    );
    assert_eq!(ran.code, 1);
    let summary = value(&ran);
    assert_eq!(summary["imported"], 1);
    assert_eq!(summary["rejected_by"], json!({ "counts": 3 }));
    assert_eq!(
        ran.stderr
            .matches("the journal keeps single attempts")
            .count(),
        1,
        "{}",
        ran.stderr
    );
}

#[test]
fn an_attempt_older_than_facts_are_kept_is_not_taken_and_what_to_do_is_said_once() {
    let place = with_log();
    place.write("usher.toml", "[retention]\nfacts_days = 10\n");
    let days_ago = |days: i64| Timestamp::now() - SignedDuration::from_hours(24 * days);
    let attempt = |days| json!({ "at": days_ago(days), "outcome": "joined" }).to_string() + "\n";
    let lines = attempt(9) + &attempt(11).repeat(3);
    let ran = place.run_with_stdin(&["import", "-", "--json", "--rejected", "r.jsonl"], &lines);
    assert_eq!(ran.code, 1);
    let summary = value(&ran);
    assert_eq!(summary["imported"], 1);
    assert_eq!(summary["rejected_by"], json!({ "beyond_retention": 3 }));
    assert_eq!(attempts(&place, &[]).len(), 1);
    let said = ["10 days, `retention.facts_days`, not imported: 3"];
    for part in said {
        assert_eq!(ran.stderr.matches(part).count(), 1, "{}", ran.stderr);
    }
    let rejected = std::fs::read_to_string(place.path().join("r.jsonl")).unwrap();
    assert!(rejected.contains("`retention.facts_days`"), "{rejected}");
}

#[test]
fn a_file_without_lines_is_probably_the_wrong_one() {
    let place = with_log();
    for nothing in ["", "\u{feff}", "\n\n", "at,outcome\n"] {
        let ran = place.run_with_stdin(&["import", "-"], nothing);
        assert_eq!(ran.code, 0, "{nothing:?}");
        let said = "warning: standard input: it is empty, or a header without lines";
        assert!(ran.stderr.contains(said), "{nothing:?}: {}", ran.stderr);
    }
    let ran = import(&place, &[]);
    assert!(!ran.stderr.contains("empty"), "{}", ran.stderr);
}

#[test]
fn what_every_attempt_has_is_found_by_its_name_and_the_rest_are_the_products_own_dimensions() {
    let place = with_log();
    let line = json!({
        "at": "2023-10-10T04:00:00Z", "answered_at": "2023-10-10T04:00:03Z", "outcome": "failed", "code": -1, "meeting": "stand-up",
        "sdkVersion": "2.16.0", "dims": {
            "role": "1", "view": "component", "app": "tokyo", "os": "Windows 10", "network": "203.0.113.0/24", "tenant": "acme",
        },
    });
    let ran = place.run_with_stdin(&["import", "-"], &format!("{line}\n"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = attempts(&place, &["--meeting", "stand-up", "--dim", "role=host"]);
    assert_eq!(
        found[0]["dims"],
        json!({
            "role": "host", "view": "component", "app": "tokyo", "os": "Windows 10", "network": "203.0.113.0/24", "tenant": "acme",
            "sdk_version": "2.16.0", "meeting": "stand-up",
        })
    );
    assert_eq!(found[0]["since"], "2023-10-10T04:00:03Z");
    assert_eq!(found[0]["failure"]["code"], "-1");
    let reserved = json!({ "at": 1_696_910_400, "dims": { "code": "x" } });
    let refused = place.run_with_stdin(&["import", "-", "--json"], &format!("{reserved}\n"));
    assert_eq!(
        value(&refused)["rejected_by"],
        json!({ "reserved_dimension": 1 })
    );
}

#[test]
fn a_token_is_judged_by_the_configured_secrets_and_not_kept() {
    let place = with_log();
    let signed = place.run(&[
        "sign",
        "--meeting",
        "85012345678",
        "--now",
        "2023-10-10T04:00:00Z",
        "--json",
    ]);
    let good = value(&signed)["signature"].as_str().unwrap().to_owned();
    let mut other_secret = place.usher(&[
        "sign",
        "--meeting",
        "85012345678",
        "--now",
        "2023-10-10T04:00:00Z",
        "--json",
    ]);
    let forged = ran(other_secret.env("USHER_SDK_SECRET", "anotherSecretThatIsNobodys000002"));
    let forged = value(&forged)["signature"].as_str().unwrap().to_owned();
    let mut second = 1_696_910_400;
    let lines = [good, forged, "no-token".to_owned()].map(|token| {
        second += 1;
        let line = json!({ "at": second, "token": token, "meeting": "85012345678" });
        line.to_string()
    });
    let summary = value(&place.run_with_stdin(&["import", "-", "--json"], &lines.join("\n")));
    assert_eq!(
        (&summary["imported"], &summary["unreadable_tokens"]),
        (&json!(3), &json!(1))
    );
    let told: Vec<Value> = attempts(&place, &[])
        .iter()
        .rev()
        .map(|attempt| value(&place.run(&["attempt", attempt["id"].as_str().unwrap(), "--json"])))
        .collect();
    assert_eq!(told[0]["attempt"]["signature"]["hmac"], "valid");
    assert_eq!(
        told[0]["attempt"]["signature"]["claims"]["mn"],
        "85012345678"
    );
    assert_eq!(told[1]["attempt"]["signature"]["hmac"], "invalid");
    assert_eq!(told[2]["attempt"]["signature"], Value::Null);
    assert!(!json!(told).to_string().contains("eyJ"));
}

#[test]
fn what_can_not_be_read_as_attempts_is_said_and_makes_no_store() {
    let place = Place::new();
    place.write("array.json", "[{\"at\":1}]");
    place.write("zoneless.csv", "at,outcome\n2023-10-10 13:00:00,ok\n");
    for (args, named) in [
        (&["import", "gone.csv"][..], "gone.csv"),
        (&["import", "array.json"], "jq"),
        (&["import", "zoneless.csv", "--map", "when=at"], "--map"),
        (&["import", "zoneless.csv", "--map", "code=err"], "err"),
        (&["import", "zoneless.csv", "--tz", "Tokyo"], "Asia/Tokyo"),
    ] {
        let ran = place.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
    assert!(!place.path().join("usher-data").exists());
    let ran = place.run(&["import", "zoneless.csv"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--tz"), "{}", ran.stderr);
}
