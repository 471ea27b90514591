//! What is read out of a status page, and out of what poses as one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use usher_core::witness::{Indicator, NotAStatusPage, StatusReading, matters_for_joining};

fn read(summary: &Value) -> StatusReading {
    StatusReading::parse(summary.to_string().as_bytes()).unwrap()
}

#[test]
fn a_summary_is_read_for_what_is_wrong_now() {
    let reading = read(&json!({
        "page": { "id": "14qjgk812kgk", "name": "Zoom", "updated_at": "2026-11-24T13:00:00.123Z" },
        "status": { "indicator": "major", "description": "Partial System Outage" },
        "components": [
            { "name": "Zoom Phone", "status": "degraded_performance", "group": false },
            { "name": "Zoom Meetings", "status": "partial_outage" },
            { "name": "Zoom Website", "status": "operational" },
        ],
        "incidents": [
            { "name": "Joins fail", "impact": "major", "status": "identified", "resolved_at": null,
              "components": [{ "name": "Zoom Meetings" }], "incident_updates": [{ "body": "We look into it." }] },
            { "name": "Of yesterday", "impact": "critical", "status": "resolved" },
            { "name": "Of last week", "impact": "critical", "status": "postmortem" },
            { "name": "Over by its date", "impact": "critical", "status": "monitoring", "resolved_at": "2026-11-24T12:00:00Z" },
        ],
        "scheduled_maintenances": [{ "name": "Soon", "status": "scheduled" }],
    }));
    assert_eq!(reading.indicator, Indicator::Major);
    let line = reading.into_line("2026-11-24T13:01:00Z".parse().unwrap());
    assert_eq!(
        serde_json::to_value(&line).unwrap(),
        json!({
            "at": "2026-11-24T13:01:00Z", "reachable": true, "indicator": "major",
            "components": [
                { "name": "Zoom Meetings", "status": "partial_outage" },
                { "name": "Zoom Phone", "status": "degraded_performance" },
            ],
            "incidents": [{ "name": "Joins fail", "impact": "major", "status": "identified", "components": ["Zoom Meetings"] }],
        })
    );
}

#[test]
fn what_is_no_status_page_is_told_apart() {
    for (body, error) in [
        (&b""[..], NotAStatusPage::Empty),
        (b" \r\n", NotAStatusPage::Empty),
        (b"<!DOCTYPE html><title>Login</title>", NotAStatusPage::Html),
        (b"\n  <html>", NotAStatusPage::Html),
        (b"\xef\xbb\xbf<html>", NotAStatusPage::Html),
        (b"Service Unavailable", NotAStatusPage::NotJson),
        (b"\x00\xff\xfe", NotAStatusPage::NotJson),
        (
            b"{\"status\":{\"indicator\":\"none\"},\"comp",
            NotAStatusPage::NotJson,
        ),
        (b"[]", NotAStatusPage::OtherJson),
        (b"null", NotAStatusPage::OtherJson),
        (b"{}", NotAStatusPage::OtherJson),
        (
            b"{\"status\":\"ok\",\"message\":\"log in\"}",
            NotAStatusPage::OtherJson,
        ),
        (b"{\"components\":\"all\"}", NotAStatusPage::OtherJson),
    ] {
        let text = String::from_utf8_lossy(body);
        assert_eq!(StatusReading::parse(body).unwrap_err(), error, "{text}");
    }
    // Brackets without end are no reason to fall over.
    let deep = b"[".repeat(100_000);
    assert_eq!(
        StatusReading::parse(&deep).unwrap_err(),
        NotAStatusPage::NotJson
    );
}

#[test]
fn without_a_word_that_we_know_the_worst_that_is_listed_counts() {
    let components = |status: &str| json!([{ "name": "A", "status": status }]);
    for (summary, indicator) in [
        (json!({ "components": [] }), Indicator::None),
        (
            json!({ "components": components("degraded_performance") }),
            Indicator::Minor,
        ),
        (
            json!({ "components": components("partial_outage") }),
            Indicator::Major,
        ),
        (
            json!({ "components": components("major_outage"), "status": { "indicator": "purple" } }),
            Indicator::Critical,
        ),
        (
            json!({ "components": components("under_maintenance"), "status": { "indicator": "maintenance" } }),
            Indicator::None,
        ),
        (
            json!({ "components": [], "incidents": [{ "name": "I", "impact": "major" }] }),
            Indicator::Major,
        ),
        // A page that calls itself clean is taken at its word: that it did is evidence.
        (
            json!({ "components": components("major_outage"), "status": { "indicator": "none" } }),
            Indicator::None,
        ),
    ] {
        assert_eq!(read(&summary).indicator, indicator, "{summary}");
    }
}

#[test]
fn what_is_missing_or_of_another_type_is_passed_over() {
    let reading = read(&json!({
        "page": "Zoom", "status": { "indicator": "minor" },
        "components": [null, 7, {}, { "name": "No status" }, { "status": "major_outage" }, { "name": 3, "status": "major_outage" },
            { "name": "Kept", "status": "a_new_word" }],
        "incidents": [null, { "impact": "major" }, { "name": "Bare" }, { "name": "Odd", "components": ["text", {}] }],
    }));
    let names: Vec<&str> = reading
        .components
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["Kept"]);
    assert_eq!(reading.incidents.len(), 2);
    assert_eq!(reading.incidents[0].impact, "");
    assert_eq!(reading.updated_at, None);
}

#[test]
fn what_matters_for_joining_is_not_cut_off_by_what_does_not() {
    let mut components: Vec<Value> = (0..5000)
        .map(|number| json!({ "name": format!("Phone {number}"), "status": "major_outage" }))
        .collect();
    components.push(json!({ "name": "Zoom Meetings", "status": "major_outage" }));
    let long = "m".repeat(5000);
    let incidents: Vec<Value> = (0..5000).map(|_| json!({ "name": long })).collect();
    let reading = read(&json!({ "components": components, "incidents": incidents }));
    assert_eq!(reading.components.len(), 100);
    assert_eq!(reading.components[0].name, "Zoom Meetings");
    assert_eq!(reading.incidents.len(), 100);
    assert_eq!(reading.incidents[0].name.len(), 200);
}

#[test]
fn names_lose_what_does_not_show() {
    let summary = json!({ "components": [{ "name": "Mee\u{0}tings\u{202e}\u{1b}", "status": "major_outage" }] });
    assert_eq!(read(&summary).components[0].name, "Meetings");
}

#[test]
fn a_page_that_nobody_touches_may_be_a_stale_copy() {
    let at: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
    for (age_days, is_told) in [(0, false), (89, false), (91, true), (2000, true)] {
        let updated_at = at - SignedDuration::from_hours(24 * age_days);
        let summary = json!({ "page": { "updated_at": updated_at }, "components": [] });
        let line = read(&summary).into_line(at);
        assert!(line.reachable);
        assert_eq!(line.problem.is_some(), is_told, "{age_days}");
    }
}

#[test]
fn names_of_what_joining_needs_are_known() {
    for (name, matters) in [
        ("Zoom Meetings", true),
        ("ZOOM WEBINARS", true),
        ("Web Client", true),
        ("Developer Platform", true),
        ("REST API", true),
        ("Video SDK", true),
        ("App Marketplace", true),
        ("Zoom Phone", false),
        ("Contact Center", false),
        ("", false),
    ] {
        assert_eq!(matters_for_joining(name), matters, "{name}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
        Just(json!("operational")),
        Just(json!("resolved")),
    ];
    let key = prop_oneof![
        "status|indicator|components|incidents|name|impact|page|updated_at",
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
}

fn status() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "operational",
        "degraded_performance",
        "partial_outage",
        "major_outage",
        "under_maintenance",
    ])
}

proptest! {
    #[test]
    fn any_bytes_are_a_reading_within_bounds_or_an_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = StatusReading::parse(&body);
    }

    #[test]
    fn any_json_is_a_reading_within_bounds_or_an_error(summary in any_json()) {
        if let Ok(reading) = StatusReading::parse(summary.to_string().as_bytes()) {
            prop_assert!(reading.components.iter().all(|it| it.status != "operational"));
            let names = reading.components.iter().flat_map(|it| [&it.name, &it.status]);
            let names = names.chain(reading.incidents.iter().flat_map(|it| [&it.name, &it.impact, &it.status]));
            for name in names {
                prop_assert!(name.chars().count() <= 200 && !name.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn exactly_those_that_are_not_operational_are_kept(statuses in prop::collection::vec(status(), 0..90)) {
        let components: Vec<Value> = (0..).zip(&statuses)
            .map(|(number, status): (u32, _)| json!({ "name": format!("Meetings {number}"), "status": status }))
            .collect();
        let kept = read(&json!({ "components": components })).components;
        let kept: Vec<(String, String)> = kept.into_iter().map(|it| (it.name, it.status)).collect();
        let expected: Vec<(String, String)> = (0..).zip(&statuses)
            .filter(|(_, status)| **status != "operational")
            .map(|(number, status): (u32, _)| (format!("Meetings {number}"), (*status).to_owned()))
            .collect();
        prop_assert_eq!(kept, expected);
    }
}
