//! `usher explain --localize`: where attempts of a span fail more than in another.

use std::fmt::Write;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::process::{Place, Ran};

/// An hour of counts by the minute from 12:00 UTC on: from 12:50 on what `broken` picks fails mostly.
fn counts(broken: impl Fn(&str, &str) -> bool) -> String {
    let mut csv = "min,tenant,browser,engine,cnt,value\n".to_owned();
    for minute in 0..60 {
        for tenant in ["acme", "globex", "hooli"] {
            for (browser, engine) in [("Chrome", "Blink"), ("Edge", "Blink"), ("Safari", "WebKit")]
            {
                let is_broken = minute >= 50 && broken(tenant, browser);
                let failed = if is_broken { 30 } else { 1 };
                writeln!(
                    csv,
                    "2023-10-10T12:{minute:02}:00Z,{tenant},{browser},{engine},40,{failed}"
                )
                .unwrap();
            }
        }
    }
    csv
}

const SPANS: [&str; 8] = [
    "explain",
    "--localize",
    "--window",
    "2023-10-10T12:50:00Z/2023-10-10T13:00:00Z",
    "--baseline",
    "2023-10-10T12:00:00Z/2023-10-10T12:50:00Z",
    "--map",
    "at=min,attempts=cnt,failed=value",
];

fn explain(csv: &str, more: &[&str]) -> Ran {
    let place = Place::new();
    place.write("counts.csv", csv);
    place.run(&[&SPANS[..], more, &["counts.csv"]].concat())
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

#[test]
fn a_slice_is_told_with_what_is_known_of_it() {
    let csv = counts(|tenant, browser| tenant == "hooli" && browser == "Edge");
    assert_snapshot!(shown(&explain(&csv, &[])));
}

#[test]
fn its_json_has_the_slices_best_first() {
    let csv =
        counts(|tenant, browser| tenant == "hooli" || (tenant == "acme" && browser == "Edge"));
    let ran = explain(&csv, &["--json"]);
    assert_eq!(ran.code, 1);
    let answer = value(&ran);
    let slices = answer["slices"].as_array().unwrap();
    assert_eq!(
        slices[0]["slice"],
        json!([{ "dim": "tenant", "value": "hooli" }])
    );
    assert_eq!(
        (&slices[0]["attempts"], &slices[0]["failed"]),
        (&json!(1200), &json!(900))
    );
    assert!((slices[0]["expected_failed"].as_f64().unwrap() - 30.0).abs() < 0.5);
    assert!(slices[0]["score"].as_f64().unwrap() > 1000.0);
    assert_eq!(slices[0].get("after"), None);
    let second = slices.last().unwrap();
    assert_eq!(second["after"], 0);
    assert_eq!(
        second["slice"],
        json!([{ "dim": "browser", "value": "Edge" }, { "dim": "tenant", "value": "acme" }])
    );
    assert_eq!(answer["expected_from"], "baseline");
    assert_eq!(
        answer["implications"],
        json!([{ "dim": "browser", "implies": "engine", "mutual": false }])
    );
}

#[test]
fn what_follows_from_another_dimension_is_no_condition_too_many() {
    let ran = explain(&counts(|_, browser| browser == "Safari"), &["--json"]);
    let slice = &value(&ran)["slices"][0]["slice"];
    assert_eq!(slice.as_array().unwrap().len(), 1);
    assert!(["browser", "engine"].contains(&slice[0]["dim"].as_str().unwrap()));
}

#[test]
fn everybody_is_the_empty_slice() {
    let ran = explain(&counts(|_, _| true), &["--json"]);
    let answer = value(&ran);
    assert_eq!((ran.code, &answer["slices"][0]["slice"]), (1, &json!([])));
    assert_eq!(answer["spread_evenly"], true);
}

#[test]
fn usual_traffic_is_exit_code_0() {
    assert_snapshot!(shown(&explain(&counts(|_, _| false), &[])));
}

#[test]
fn single_attempts_count_by_their_outcome_and_lines_that_cannot_be_used_are_told() {
    let mut lines = String::new();
    for second in 0..600 {
        let is_window = second >= 300;
        let meeting = if second % 3 == 0 {
            "85012345678"
        } else {
            "85099999999"
        };
        let outcome = match (is_window && second % 3 == 0, second % 4) {
            (true, 0) => "unanswered",
            (true, _) => "failed",
            (false, 0) => "waiting",
            (false, _) => "joined",
        };
        let at = 1_696_939_200 + second;
        writeln!(lines, "{}", json!({ "at": at, "meeting": meeting, "outcome": outcome, "dims": { "view": "client" } })).unwrap();
    }
    lines += "{\"at\": 1696939500, \"attempts\": 3, \"failed\": 4}\n{\"at\": 1696939501, \"meeting\": \"85012345678\"}\n";
    let place = Place::new();
    let spans = [
        "explain",
        "--localize",
        "--window",
        "1696939500/1696939800",
        "--baseline",
        "1696939200/1696939500",
        "--json",
        "-",
    ];
    let answer = value(&place.run_with_stdin(&spans, &lines));
    assert_eq!(
        answer["slices"][0]["slice"],
        json!([{ "dim": "meeting", "value": "85012345678" }])
    );
    assert_eq!(
        (&answer["attempts"], &answer["failed"]),
        (&json!(300), &json!(100))
    );
    assert_eq!(answer["skipped"][0]["line"], 601);
    assert_eq!(
        (&answer["skipped_lines"], &answer["without_outcome"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn spans_are_half_open_and_without_a_zone_are_of_tz() {
    let csv = "at,attempts,failed,tenant\n2023-10-10 12:59,7,0,acme\n2023-10-10 13:00,50,40,acme\n2023-10-10 13:59,1,1,acme\n2023-10-10 14:00,500,0,acme\n";
    let place = Place::new();
    place.write("counts.csv", csv);
    let spans = [
        "explain",
        "--localize",
        "--tz",
        "Asia/Tokyo",
        "--window",
        "2023-10-10T13:00/2023-10-10T05:00:00Z",
        "--json",
        "counts.csv",
    ];
    let answer = value(&place.run(&spans));
    assert_eq!(
        (&answer["attempts"], &answer["failed"]),
        (&json!(51), &json!(41))
    );
    assert_eq!(
        (&answer["expected_from"], &answer["baseline_attempts"]),
        (&json!("outside_window"), &json!(507))
    );
}

#[test]
fn what_cannot_be_answered_is_exit_code_2_with_what_to_do() {
    let csv = counts(|_, _| false);
    let place = Place::new();
    place.write("counts.csv", &csv.replace("value", "failed"));
    place.write("empty.csv", "");
    place.write("other.csv", "at,attempts,failed\nnever,1,1\n");
    let run = |window: &str, file: &str| {
        let ran = place.run(&["explain", "--localize", "--window", window, "--json", file]);
        let talk: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.starts_with("error") || line.starts_with(" hint"))
            .collect();
        format!("exit {}: {}\n", ran.code, talk.join("\n"))
    };
    let hour = "2023-10-10T12:00/2023-10-10T13:00";
    assert_snapshot!(
        [
            run(hour, "empty.csv"),
            run(hour, "other.csv"),
            run("2023-10-11T12:00/2023-10-11T13:00", "counts.csv"),
            run("2023-10-10T13:00/2023-10-10T12:00", "counts.csv"),
            run("yesterday", "counts.csv"),
            run(hour, "absent.csv"),
        ]
        .concat()
    );
}

#[test]
fn a_thousand_dimensions_are_read() {
    let names: Vec<String> = (0..1000).map(|dim| format!("d{dim}")).collect();
    let mut csv = format!("at,attempts,failed,{}\n", names.join(","));
    for row in 0..200_u32 {
        let values: Vec<String> = (0..1000_u32)
            .map(|dim| {
                ((row / 2 + 1)
                    .wrapping_mul(dim + 1)
                    .wrapping_mul(2_654_435_761)
                    >> 29)
                    .to_string()
            })
            .collect();
        let failed = if row % 2 == 1 && values[7] == "3" {
            90
        } else {
            1
        };
        let at = if row % 2 == 1 {
            "2023-10-10T12:55:00Z"
        } else {
            "2023-10-10T12:05:00Z"
        };
        writeln!(csv, "{at},100,{failed},{}", values.join(",")).unwrap();
    }
    let place = Place::new();
    place.write("counts.csv", &csv);
    let ran = place.run(&[&SPANS[..6], &["--json", "counts.csv"]].concat());
    let answer = value(&ran);
    assert_eq!((ran.code, &answer["skipped_lines"]), (1, &json!(0)));
    assert!(answer["slices"].as_array().unwrap().len() <= 10);
    assert!(answer["searched_alone"].as_array().unwrap().len() > 500);
}
