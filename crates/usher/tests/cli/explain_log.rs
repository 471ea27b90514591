//! `usher explain FILE`: what happened in a log, why, and who must act.

use std::fmt::Write as _;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::process::{Place, Ran};

/// The day of the report, in Tokyo: an attempt every six seconds, one in a hundred fails, and from 13:00 to 13:55 all do.
fn day(code: &str) -> String {
    let start: Timestamp = "2023-10-09T15:00:00Z".parse().unwrap();
    let mut csv = "at,outcome,code,meeting,answered_at\n".to_owned();
    for number in 0..14_400_i64 {
        let at = start + SignedDuration::from_secs(number * 6);
        let is_bad = (46_800..50_100).contains(&(number * 6));
        let fails = is_bad || number % 100 == 50;
        let (outcome, code, took_ms) = match (fails, is_bad) {
            (true, true) => ("failed", code, 300),
            (true, false) => ("failed", "3008", 300),
            (false, _) => ("joined", "", 4000),
        };
        let answered_at = at + SignedDuration::from_millis(took_ms);
        let meeting = 85_000_000_000_i64 + number % 37;
        let _ = writeln!(csv, "{at},{outcome},{code},{meeting},{answered_at}");
    }
    csv
}

fn explain(place: &Place, args: &[&str]) -> Ran {
    place.run(&[&["explain", "day.csv"], args].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn the_hour_is_told_for_people() {
    let place = Place::new();
    place.write("day.csv", &day(""));
    let ran = explain(&place, &["--tz", "Asia/Tokyo"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_snapshot!(ran.stdout);
}

#[test]
fn the_same_hour_has_the_shape_of_the_contract() {
    let place = Place::new();
    place.write("day.csv", &day("3712"));
    place.write(
        "witness.jsonl",
        "{\"kind\":\"clock\",\"at\":1696911600,\"server\":\"zoom.us\",\"t0\":1696911599.9,\"t1\":1696911600,\"date\":1696911555}\n\
         nonsense\n\
         {\"kind\":\"watching\",\"witness\":\"change\",\"from\":\"2023-10-10T00:00:00Z\",\"to\":\"2023-10-10T12:00:00Z\"}\n",
    );
    let ran = explain(&place, &["--witness", "witness.jsonl", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("witness.jsonl: line 2: it is no JSON object"),
        "{}",
        ran.stderr
    );
    let answer = json(&ran);
    let incident = &answer["incidents"][0];
    assert_eq!(incident["since"], "2023-10-10T04:00:00Z");
    assert_eq!(incident["cause"], "iat_in_future_clock_skew");
    assert_eq!(incident["party"], "integrator");
    assert_eq!(incident["slice"], serde_json::json!([]));
    let keys: Vec<&str> = [
        "opened_at",
        "until",
        "closed_at",
        "tied_slices",
        "attempts",
        "failed",
        "expected_failed",
        "confidence",
        "leading",
        "terms",
        "ruled_out",
        "would_settle",
        "remedy",
        "tell_users",
        "series",
        "recurrence",
    ]
    .into_iter()
    .filter(|key| incident.get(*key).is_none_or(Value::is_null))
    .collect();
    assert_eq!(keys, Vec::<&str>::new());
    assert_eq!(
        (&answer["attempts"], &answer["skipped_lines"]),
        (&Value::from(14_400), &Value::from(1))
    );
}

#[test]
fn a_span_can_be_cut_out_and_a_quiet_one_has_no_incident() {
    let place = Place::new();
    place.write("day.csv", &day(""));
    let quiet = ["--to", "2023-10-10T13:00", "--tz", "Asia/Tokyo"];
    let ran = explain(&place, &quiet);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("No incident"), "{}", ran.stdout);
    let ran = explain(&place, &["--from", "2023-10-11", "--to", "2023-10-10"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn logs_that_say_nothing_get_a_sentence() {
    let place = Place::new();
    place.write("day.csv", "at,outcome\n");
    let ran = explain(&place, &[]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, "There are no attempts.\n");
    let ran = place.run(&["explain"]);
    assert_eq!(ran.code, 2);
    let ran = place.run(&["explain", "nowhere.csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.csv"), "{}", ran.stderr);
}

#[test]
fn the_journal_is_explained_like_a_log_that_was_imported_into_it() {
    let place = Place::new();
    place.write("day.csv", &day("3710"));
    let retention = "[retention]\nfacts_days = 36500\n";
    place.write("usher.toml", retention);
    let ran = place.run(&["import", "day.csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let of_journal = place.run(&["explain", "--from", "2023-10-09T00:00:00Z", "--json"]);
    let of_file = explain(&place, &["--json"]);
    let (of_journal, of_file) = (json(&of_journal), json(&of_file));
    for field in ["since", "cause", "slice", "attempts", "failed"] {
        assert_eq!(
            of_journal["incidents"][0][field], of_file["incidents"][0][field],
            "{field}"
        );
    }
}
