use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use usher_core::doctor::{Handed, Source, examine};
use usher_core::text::is_hidden;

use crate::patient::*;

#[test]
fn hidden_characters_of_a_token_are_escaped_where_they_would_reach_a_terminal() {
    let claims = "{\"appKey\":\"K\",\"mn\":\"850\u{9b}2J\u{202e}\",\"ro\u{feff}le\":\"\u{200b}\", \"x\": {\r\n\t\"y\u{9b}\": [1,\n2]}}";
    let report = examine_token(&token_of(HEADER, claims, SECRET.as_bytes()));
    let text = report.shown(Source::Claims).unwrap();
    assert!(!text.contains(|c| is_hidden(c) && c != '\n'), "{text:?}");
    assert!(
        text.contains("\"mn\": \"850\\u009b2J\\u202e\",\n"),
        "{text}"
    );
    assert!(text.contains("\"ro\\ufeffle\": \"\\u200b\",\n"), "{text}");
    assert!(text.contains("\"x\": {\"y\\u009b\": [1,2]}\n"), "{text}");
    for finding in &report.findings {
        let claim = finding.claim.as_deref().unwrap_or_default();
        assert!(!finding.message.contains(is_hidden) && !claim.contains(is_hidden));
    }
    let place = report
        .findings
        .iter()
        .filter(|finding| finding.claim.as_deref() == Some("mn"))
        .find_map(|finding| finding.place.clone())
        .unwrap();
    assert_eq!(&text[place.span], "\"850\\u009b2J\\u202e\"");
}

#[test]
fn a_key_with_hidden_characters_is_escaped_in_messages() {
    let report = examine(&Handed {
        join: Some(
            "{\"userName\":\"Ann\",\"a\u{1b}\\u001b\u{9b}b\":1}"
                .replace('\u{1b}', "")
                .as_str(),
        ),
        ..at_the_join()
    });
    let said = message(&report, "join_key");
    assert!(said.contains("`a\\u001b\\u009bb`"), "{said}");
}

#[test]
fn a_token_that_does_not_begin_like_most_loses_its_third_part_too() {
    for header in [
        r#" {"alg":"HS256"}"#,
        "\n{\"alg\":\"HS256\"}",
        r#"{ "alg":"HS256"}"#,
        HEADER,
    ] {
        let inner = token_of(header, r#" {"appKey":"K"}"#, SECRET.as_bytes());
        let third = inner.rsplit_once('.').unwrap().1;
        for value in [
            inner.clone(),
            format!("is {inner}, and"),
            format!("signature={inner}&mn=1"),
            format!("{inner}.{third}"),
        ] {
            let report = examine_token(&token_with(json!({"note": value})));
            let all = format!("{report:?}{}", serde_json::to_string(&report).unwrap());
            assert!(!all.contains(third), "{value}");
        }
    }
}

#[test]
fn a_third_part_in_standard_base64_is_hidden_too() {
    let third = "ab/cd+efghijklmnopqrstuvwxyz0123456789ABCDE=";
    let token = format!("IHsiYWxnIjoiSFMyNTYifQ==.IHsiYXBwS2V5IjoiSyJ9.{third}");
    let report = examine_token(&token_with(json!({"note": token})));
    assert!(!format!("{report:?}").contains(third));
}

#[test]
fn addresses_and_numbers_with_dots_are_shown() {
    for value in [
        "https://app.example.com/leave/the/room/with/a/long/path",
        "1.2.3",
        "us05web.zoom.us",
    ] {
        let report = examine_token(&token_with(json!({"note": value})));
        assert_eq!(report.claims.unwrap()["note"], value);
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is how long it takes"
)]
fn eighty_thousand_keys_are_read_in_no_time() {
    let mut object = String::from("{\"userName\":\"Ann\"");
    for n in 0..80_000 {
        write!(object, ",\"k{n}\":{n}").unwrap();
    }
    object.push('}');
    let start = Instant::now();
    for (claims, join) in [(Some(object.as_str()), None), (None, Some(object.as_str()))] {
        examine(&Handed {
            claims,
            join,
            ..at_the_join()
        });
    }
    // Comparing every key with every other takes minutes in this build, one pass far less than a second each.
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn of_two_keys_with_one_name_the_last_counts_in_its_place() {
    let report = examine(&Handed {
        claims: Some(r#"{"mn":"1","role":0,"mn":"2"}"#),
        ..at_the_join()
    });
    assert_eq!(
        report.shown(Source::Claims),
        Some("{\n  \"role\": 0,\n  \"mn\": \"2\"\n}")
    );
}
