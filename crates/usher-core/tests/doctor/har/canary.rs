//! A canary in every place of a recording: none of them may sing in a copy that is to be posted, nor in a report.

use proptest::prelude::*;
use serde_json::{Value, json};
use usher_core::doctor::{Recording, examine_recording};

use super::{long_after, recorded, redacted};

const CANARY: &str = "Canary7f3a";

/// As many places as there are texts, numbers' names and objects in it.
fn with_canary_at(value: &mut Value, place: usize, next: &mut usize) {
    let is_here = |next: &mut usize| {
        *next += 1;
        *next - 1 == place
    };
    match value {
        Value::String(text) => {
            let disguises = [
                format!("{CANARY} secret"),
                format!("{text}{CANARY}"),
                format!("https://{CANARY}@zoom.us/{CANARY}?{CANARY}={CANARY}#{CANARY}"),
            ];
            for disguise in disguises {
                if is_here(next) {
                    *text = disguise;
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| with_canary_at(value, place, next)),
        Value::Object(map) => {
            if is_here(next) {
                map.insert(CANARY.to_owned(), json!({"name": CANARY, "value": CANARY}));
            }
            map.values_mut()
                .for_each(|value| with_canary_at(value, place, next));
        }
        _ => {}
    }
}

#[test]
fn no_canary_sings() {
    for file in [
        "wrong_passcode.2.16.0.client.har",
        "registration.6.2.0.component.har",
        "policy.6.2.0.component.har",
        "portal.2.16.0.component.har",
    ] {
        let original: Value = serde_json::from_slice(&recorded(file)).unwrap();
        let mut places = 0;
        with_canary_at(&mut original.clone(), usize::MAX, &mut places);
        for place in 0..places {
            let mut har = original.clone();
            with_canary_at(&mut har, place, &mut 0);
            let har = serde_json::to_vec(&har).unwrap();
            let copy = String::from_utf8(redacted(&har)).unwrap();
            let at = copy.find(CANARY).map(|at| {
                copy[at.saturating_sub(200)..]
                    .chars()
                    .take(260)
                    .collect::<String>()
            });
            assert_eq!(at, None, "{file}, place {place}");
        }
    }
}

/// Where a field of the join request is a secret, in the address and in the form.
#[test]
fn no_secret_of_the_request_sings_in_report_or_copy() {
    for (file, passcode) in [
        ("wrong_passcode.2.16.0.client.har", "271828"),
        ("registration.6.2.0.client.har", "314159"),
    ] {
        let text = String::from_utf8(recorded(file)).unwrap();
        let said = "\\\"errorMessage\\\":\\\"";
        for (field, value) in [
            ("passWord", passcode),
            ("userName", "Aiko+Tanaka"),
            ("ztk", ""),
            ("zsk", ""),
            ("tk", ""),
            ("userEmail", ""),
        ] {
            // And Zoom's answer repeats it.
            let har = text
                .replace(
                    &format!("&{field}={value}&"),
                    &format!("&{field}={CANARY}&"),
                )
                .replace(said, &format!("{said}of {CANARY}, "));
            assert!(har.matches(CANARY).count() >= 2, "{file} {field}");
            let copy = String::from_utf8(redacted(har.as_bytes())).unwrap();
            let recording = Recording::read(har.as_bytes()).unwrap();
            let report = examine_recording(&recording, &long_after());
            let shown = serde_json::to_string(&report).unwrap();
            assert!(!copy.contains(CANARY), "{file} {field}: {copy}");
            assert!(!shown.contains(CANARY), "{file} {field}: {shown}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_broken_nothing_panics_and_the_copy_is_json(at in 0_usize..20_000, bytes in proptest::collection::vec(any::<u8>(), 1..20)) {
        let mut har = recorded("wrong_passcode.2.16.0.client.har");
        let at = at % har.len();
        let end = (at + bytes.len()).min(har.len());
        har.splice(at..end, bytes);
        let report = examine_recording(&Recording::read(har.as_slice()).unwrap(), &long_after());
        prop_assert!(!report.findings.is_empty());
        let copy = redacted(&har);
        prop_assert!(serde_json::from_slice::<Value>(&copy).is_ok());
    }
}
