//! Recordings as other browsers write them, and what the recorded ones don't hold: several tries, retries, what follows a join.

use serde_json::{Value, json};
use usher_core::doctor::{Handed, Kind, examine};

use super::{examined, index, long_after, recorded, redacted};
use crate::patient::{cause, suspects};

pub(super) const EXPIRED: &str = "expired.6.2.0.client.har";

pub(super) fn har(file: &str) -> Value {
    serde_json::from_slice(&recorded(file)).unwrap()
}

pub(super) fn entries(har: &mut Value) -> &mut Vec<Value> {
    har["log"]["entries"].as_array_mut().unwrap()
}

pub(super) fn bytes(har: &Value) -> Vec<u8> {
    serde_json::to_vec(har).unwrap()
}

pub(super) fn is_check(entry: &Value) -> bool {
    entry["request"]["url"]
        .as_str()
        .unwrap()
        .contains("/wc/info")
}

/// What only Chromium and Playwright write is gone.
fn without_own_fields(har: &mut Value) {
    for entry in entries(har) {
        entry
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !name.starts_with('_'));
        let response = entry["response"].as_object_mut().unwrap();
        response.retain(|name, _| !name.starts_with('_'));
    }
}

/// Firefox: its name, moments in the zone of the place, whole milliseconds, header names as HTTP/2 has them, forms in both ways, status 0
/// and no reason for what failed.
fn as_firefox(file: &str) -> Vec<u8> {
    let mut har = har(file);
    har["log"]["creator"] = json!({"name": "Firefox", "version": "145.0"});
    har["log"]["browser"] = json!({"name": "Firefox", "version": "145.0"});
    without_own_fields(&mut har);
    for entry in entries(&mut har) {
        let at: jiff::Timestamp = entry["startedDateTime"].as_str().unwrap().parse().unwrap();
        let at = jiff::tz::TimeZone::fixed(jiff::tz::offset(9)).to_datetime(at);
        entry["startedDateTime"] = json!(format!("{at:.3}+09:00"));
        entry["time"] = json!(entry["time"].as_f64().unwrap().ceil());
        entry["cache"] = json!({"afterRequest": null});
        if entry["response"]["status"] == -1 {
            entry["response"]["status"] = json!(0);
        }
        entry["response"]["httpVersion"] = json!("HTTP/2");
        for side in ["request", "response"] {
            for header in entry[side]["headers"].as_array_mut().unwrap() {
                header["name"] = json!(header["name"].as_str().unwrap().to_ascii_lowercase());
            }
        }
    }
    bytes(&har)
}

/// Safari: its name, `_fetchType`, pseudo headers, header names with capitals, no `params`, bodies in base64 where it likes.
fn as_safari(file: &str) -> Vec<u8> {
    use base64::Engine;
    let mut har = har(file);
    har["log"]["creator"] = json!({"name": "WebKit Web Inspector", "version": "1.0"});
    har["log"].as_object_mut().unwrap().shift_remove("browser");
    without_own_fields(&mut har);
    for entry in entries(&mut har) {
        entry["_fetchType"] = json!("Network Load");
        entry["cache"] = json!({});
        let headers = entry["request"]["headers"].as_array_mut().unwrap();
        headers.insert(0, json!({"name": ":authority", "value": "zoom.us"}));
        for header in entry["response"]["headers"].as_array_mut().unwrap() {
            let name = header["name"].as_str().unwrap();
            let capital = name[..1].to_ascii_uppercase() + &name[1..];
            header["name"] = json!(capital);
        }
        if let Some(form) = entry["request"].get_mut("postData") {
            form["params"] = Value::Null;
        }
        let content = &mut entry["response"]["content"];
        if let Some(text) = content["text"].as_str() {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            content["text"] = json!(encoded);
            content["encoding"] = json!("base64");
        }
    }
    bytes(&har)
}

#[test]
fn recordings_of_other_browsers_show_the_same_where_zoom_answered() {
    let mut compared = 0;
    for row in index() {
        let file = row["file"].as_str().unwrap();
        let original = examined(&recorded(file));
        if original.iat_offset_ms.is_none() {
            continue;
        }
        compared += 1;
        for other in [as_firefox(file), as_safari(file)] {
            let report = examined(&other);
            assert_eq!(cause(&report), cause(&original), "{file}");
            assert_eq!(report.iat_offset_ms, original.iat_offset_ms, "{file}");
            assert_eq!(
                cause(&examined(&redacted(&other))),
                cause(&original),
                "{file}, redacted"
            );
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn firefox_does_not_say_why_a_request_failed_and_so_nobody_is_blamed() {
    let report = examined(&as_firefox("blocked.6.2.0.client.har"));
    assert_eq!(cause(&report), None);
    assert_eq!(suspects(&report)[0], "network");
}

#[test]
fn a_recording_is_recognised_wherever_it_is_handed_in() {
    let text = String::from_utf8(recorded(EXPIRED)).unwrap();
    let report = examine(&Handed {
        text: Some(&text),
        ..long_after()
    });
    assert_eq!(
        (report.kind, cause(&report)),
        (Kind::Har, Some("exp_in_past"))
    );
}

#[test]
fn of_several_tries_the_last_that_failed_is_judged_and_all_are_counted() {
    let mut har = har("not_started.6.2.0.component.har");
    for file in [
        "wrong_passcode.2.16.0.component.har",
        EXPIRED,
        "external.2.16.0.client.har",
    ] {
        let mut other = self::har(file);
        let check = entries(&mut other)
            .iter()
            .find(|entry| is_check(entry))
            .cloned()
            .unwrap();
        entries(&mut har).push(check);
    }
    let accepted = {
        let mut entry = entries(&mut har).last().cloned().unwrap();
        let url = entry["request"]["url"]
            .as_str()
            .unwrap()
            .replace("meetingNumber=85012345678", "meetingNumber=85012345679");
        entry["request"]["url"] = json!(url);
        entry["response"]["content"]["text"] =
            json!("cb({\"status\":true,\"errorCode\":0,\"result\":{}})");
        entry
    };
    entries(&mut har).push(accepted);
    let report = examined(&bytes(&har));
    assert_eq!(cause(&report), Some("obf_required"));
    let tries = report
        .findings
        .iter()
        .find(|f| f.rule == "har_tries")
        .unwrap();
    assert!(tries.message.starts_with("5 tries"), "{}", tries.message);
    for words in [
        "refused with 3004 (wrong_password)",
        "(exp_in_past)",
        "accepted",
    ] {
        assert!(tries.message.contains(words), "{}", tries.message);
    }
}

/// The Component View of 6.2.0 asks again after an HTTP 500, by another method (reference 2.5).
#[test]
fn a_retry_belongs_to_its_try() {
    let mut har = har("http_500.2.16.0.component.har");
    let mut again = entries(&mut har)
        .iter()
        .find(|entry| is_check(entry))
        .cloned()
        .unwrap();
    again["response"]["status"] = json!(200);
    again["response"]["content"] =
        json!({"text": "cb({\"status\":false,\"errorCode\":10000,\"errorMessage\":\"x\"})"});
    entries(&mut har).push(again);
    let report = examined(&bytes(&har));
    assert_eq!(cause(&report), Some("sdk_version_too_old"));
    assert!(!report.findings.iter().any(|f| f.rule == "har_tries"));
}

#[test]
fn an_accepted_join_whose_web_socket_fails_is_a_matter_of_the_network() {
    let mut har = har("not_started.6.2.0.component.har");
    for entry in entries(&mut har).iter_mut().filter(|entry| is_check(entry)) {
        entry["response"]["content"]["text"] =
            json!("{\"status\":true,\"errorCode\":0,\"result\":{\"t\":\"secret\"}}");
    }
    assert_eq!(cause(&examined(&bytes(&har))), None);
    let socket = |error: &str| {
        let mut har = har.clone();
        entries(&mut har).push(json!({
            "startedDateTime": "2026-11-25T00:55:00Z", "time": 5,
            "request": {"method": "GET", "url": "wss://rwcva1.zoom.us/wc/ws?t=secret", "headers": []},
            "response": {"status": 0, "headers": [], "content": {}, "_error": error},
        }));
        har
    };
    let report = examined(&bytes(&socket("net::ERR_TUNNEL_CONNECTION_FAILED")));
    assert_eq!(cause(&report), Some("network"));
    let report = examined(&bytes(&socket("net::ERR_CONNECTION_RESET")));
    assert_eq!((cause(&report), suspects(&report)[0]), (None, "network"));
}

#[test]
fn a_post_whose_answer_lacks_the_header_for_cors_is_told() {
    let mut har = har(EXPIRED);
    for entry in entries(&mut har).iter_mut().filter(|entry| is_check(entry)) {
        entry["request"]["headers"] = json!([{"name": "Origin", "value": "https://shop.example"}]);
        let headers = entry["response"]["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] != "access-control-allow-origin");
    }
    let report = examined(&bytes(&har));
    assert_eq!(report.findings[0].rule, "har_cors");
    assert_eq!(
        examined(&redacted(&bytes(&har))).findings[0].rule,
        "har_cors"
    );
}

/// Client View 6.2.0 says nothing to the page where the signature has neither `appKey` nor `sdkKey`: it only writes to the console.
#[test]
fn without_a_request_the_signature_that_the_page_was_given_is_judged() {
    let with_signature = |claims: Value| {
        let token = crate::patient::token_of(crate::patient::HEADER, &claims.to_string(), b"x");
        let mut har = har("refused_locally.6.2.0.client.har");
        entries(&mut har).push(json!({
            "startedDateTime": "2023-11-14T22:13:20Z", "time": 5,
            "request": {"method": "POST", "url": "https://shop.example/sign?user=Ann", "headers": []},
            "response": {"status": 200, "headers": [], "content": {"text": json!({"data": {"signature": token, "name": "Ann"}}).to_string()}},
        }));
        bytes(&har)
    };
    for (changes, expected) in [
        (
            json!({"appKey": null, "sdkKey": null}),
            Some("missing_claim"),
        ),
        (json!({}), None),
    ] {
        let har = with_signature(crate::patient::claims_with(changes));
        let copy = redacted(&har);
        for har in [&har, &copy] {
            let report = examined(har);
            assert_eq!(cause(&report), expected, "{:#?}", report.findings);
            assert!(
                report
                    .findings
                    .iter()
                    .any(|f| f.rule == "har_no_join_request")
            );
        }
        assert!(!String::from_utf8(copy).unwrap().contains("Ann"));
    }
}

/// As Chromium's developer tools write it; Playwright writes no status (`page_instead.6.2.0.client.har`).
#[test]
fn an_answer_that_chromium_keeps_from_the_page_is_no_answer() {
    let mut har = har(EXPIRED);
    for entry in entries(&mut har).iter_mut().filter(|entry| is_check(entry)) {
        entry["response"]["content"]
            .as_object_mut()
            .unwrap()
            .shift_remove("text");
        entry["response"]["_error"] = json!("net::ERR_FAILED");
    }
    let report = examined(&bytes(&har));
    assert_eq!(
        (cause(&report), report.findings[0].rule),
        (None, "har_failed")
    );
    assert_eq!(report.clock, None);
    assert!(suspects(&report).contains(&"exp_in_past"));
}
