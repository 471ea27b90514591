//! Recordings that lack something, are cut short, or are none.

use serde_json::{Value, json};
use usher_core::doctor::{Handed, Kind, Recording, examine_recording};

use super::shapes::{EXPIRED, bytes, entries, har, is_check};
use super::{examined, long_after, recorded, redacted};
use crate::patient::cause;

#[test]
fn a_truncated_recording_is_used_as_far_as_it_goes() {
    let whole = recorded(EXPIRED);
    let text = String::from_utf8(whole.clone()).unwrap();
    let after_check = text
        .find("/wc/info")
        .map(|at| at + text[at..].find("\n{").unwrap_or(text.len() - at - 5))
        .unwrap();
    let report = examined(&whole[..after_check]);
    assert_eq!(cause(&report), Some("exp_in_past"));
    assert!(report.findings.iter().any(|f| f.rule == "har_truncated"));
    for at in (0..whole.len()).step_by(997) {
        let report = examined(&whole[..at]);
        let rules: Vec<&str> = report.findings.iter().map(|f| f.rule).collect();
        assert!(
            rules.contains(&"har_truncated") || rules == ["har_unreadable"],
            "{at}: {rules:?}"
        );
    }
}

#[test]
fn what_is_no_recording_is_said_to_be_none() {
    for text in [
        "",
        "{}",
        "[]",
        "not JSON",
        "{\"log\":{}}",
        "{\"log\":{\"version\":\"1.2\"}}",
        "\u{0}\u{1}",
        "{\"log\":",
    ] {
        let report = examined(text.as_bytes());
        assert_eq!(report.kind, Kind::Unknown, "{text}");
        assert_eq!(
            (report.findings.len(), report.findings[0].rule),
            (1, "har_unreadable"),
            "{text}"
        );
    }
}

#[test]
fn a_byte_order_mark_and_half_a_character_are_read_over() {
    let text = String::from_utf8(recorded(EXPIRED)).unwrap();
    let marked = format!("\u{feff}{text}");
    assert_eq!(cause(&examined(marked.as_bytes())), Some("exp_in_past"));
    let with_half = text.replacen("\"entries\":[", "\"entries\":[{\"request\":{\"url\":\"https://a.example/\",\"postData\":{\"text\":\"\\ud83d\"}},\"response\":{\"content\":{\"text\":\"\\udc00\"},\"status\":null},\"time\":null},", 1);
    assert_eq!(cause(&examined(with_half.as_bytes())), Some("exp_in_past"));
}

#[test]
fn lists_of_any_length_are_passed_by() {
    let text = String::from_utf8(recorded(EXPIRED)).unwrap();
    let pairs = "{\"name\":\"x\",\"value\":\"y\"},".repeat(100_000);
    let long =
        format!("{{\"request\":{{\"url\":\"https://zoom.us/x\",\"headers\":[{pairs}{{}}]}}}},");
    let text = text.replacen("\"entries\":[", &format!("\"entries\":[{long}"), 1);
    assert_eq!(cause(&examined(text.as_bytes())), Some("exp_in_past"));
}

#[test]
fn bodies_of_any_size_are_passed_by() {
    let text = String::from_utf8(recorded(EXPIRED)).unwrap();
    let huge = format!(
        "{{\"request\":{{\"url\":\"https://zoom.us/x\"}},\"response\":{{\"content\":{{\"text\":\"{}\"}}}}}},",
        "QUJD".repeat(2_000_000)
    );
    let text = text.replacen("\"entries\":[", &format!("\"entries\":[{huge}"), 1);
    assert_eq!(cause(&examined(text.as_bytes())), Some("exp_in_past"));
    assert!(redacted(text.as_bytes()).len() < 100_000);
}

#[test]
fn a_date_that_is_missing_malformed_or_another_zone_is_no_reading() {
    for date in [
        None,
        Some("yesterday"),
        Some("Wed, 25 Nov 2026 00:54:40 +0900"),
        Some(""),
    ] {
        let mut har = har(EXPIRED);
        for entry in entries(&mut har).iter_mut().filter(|entry| is_check(entry)) {
            let headers = entry["response"]["headers"].as_array_mut().unwrap();
            headers.retain(|header| header["name"] != "date");
            headers.extend(date.map(|date| json!({"name": "date", "value": date})));
        }
        let report = examined(&bytes(&har));
        assert_eq!(
            (report.clock, report.iat_offset_ms),
            (None, None),
            "{date:?}"
        );
        // What Zoom said, and the browser's clock, still show it.
        assert_eq!(cause(&report), Some("exp_in_past"), "{date:?}");
    }
}

#[test]
fn another_servers_clock_does_not_count() {
    let mut har = har("zoom_behind.6.2.0.component.har");
    let honest = examined(&bytes(&har));
    let check = entries(&mut har)
        .iter()
        .find(|entry| is_check(entry))
        .cloned()
        .unwrap();
    for (url, header) in [
        ("https://portal.example/", None),
        ("http://zoom.us/", None),
        ("https://source.zoom.us/x.js", Some("via")),
        ("https://source.zoom.us/y.js", Some("age")),
    ] {
        let mut other = check.clone();
        other["request"] = json!({"method": "GET", "url": url, "headers": []});
        let mut headers = vec![json!({"name": "date", "value": "Wed, 25 Nov 2020 00:54:40 GMT"})];
        headers.extend(header.map(|name| json!({"name": name, "value": "5"})));
        other["response"]["headers"] = Value::from(headers);
        entries(&mut har).push(other);
    }
    let report = examined(&bytes(&har));
    assert_eq!(report.clock, honest.clock);
    assert_eq!(report.iat_offset_ms, honest.iat_offset_ms);
}

#[test]
fn without_what_was_sent_nobody_is_said_to_have_sent_nothing() {
    let mut har = har("wrong_passcode.6.2.0.component.har");
    for entry in entries(&mut har) {
        entry["request"]
            .as_object_mut()
            .unwrap()
            .shift_remove("postData");
    }
    for har in [bytes(&har), redacted(&bytes(&har))] {
        let report = examined(&har);
        assert_eq!(cause(&report), Some("wrong_password"));
        assert_eq!(
            crate::patient::errors(&report),
            ["error_code"],
            "{:#?}",
            report.findings
        );
        let answer = report
            .findings
            .iter()
            .find(|f| f.rule == "har_answer")
            .unwrap();
        assert!(
            answer.message.contains("not in this recording"),
            "{}",
            answer.message
        );
    }
}

#[test]
fn without_bodies_the_signature_is_judged_by_zooms_clock() {
    let mut har = har(EXPIRED);
    for entry in entries(&mut har) {
        let content = entry["response"]["content"].as_object_mut().unwrap();
        content.shift_remove("text");
    }
    let report = examined(&bytes(&har));
    assert_eq!(cause(&report), Some("exp_in_past"));
    assert!(report.iat_offset_ms.is_some());
    let answer = report
        .findings
        .iter()
        .find(|f| f.rule == "har_answer")
        .unwrap();
    assert!(answer.message.contains("no bodies"), "{}", answer.message);
}

#[test]
fn without_bodies_the_error_that_the_page_got_is_taken_from_who_asks() {
    let mut har = har("too_old.6.2.0.client.har");
    for entry in entries(&mut har) {
        entry["response"]["content"]
            .as_object_mut()
            .unwrap()
            .shift_remove("text");
    }
    let recording = Recording::read(bytes(&har).as_slice()).unwrap();
    let report = examine_recording(
        &recording,
        &Handed {
            error_code: Some("10000"),
            ..long_after()
        },
    );
    assert_eq!(cause(&report), Some("sdk_version_too_old"));
}
