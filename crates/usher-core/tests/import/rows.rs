use serde_json::json;
use usher_core::import::{Kind, Meeting, Outcome, REASON_MAX_CHARS, Row, SignatureSeen, Single};
use usher_core::meeting::MeetingNumber;

use crate::{line, mapped, table};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJtbiI6Ijg1MDEyMzQ1Njc4In0.c2lnbmF0dXJl";

fn single(row: Row) -> Single {
    match row.kind {
        Kind::Single(single) => single,
        Kind::Aggregated(counts) => panic!("{counts:?}"),
    }
}

fn counts(row: Row) -> (u64, u64) {
    match row.kind {
        Kind::Aggregated(counts) => (counts.attempts, counts.failed),
        Kind::Single(single) => panic!("{single:?}"),
    }
}

fn refusal(json: &str) -> String {
    line(json).unwrap_err().to_string()
}

#[test]
fn a_line_of_the_contract_is_one_attempt() {
    let row = line(
        r#"{"at":"2023-10-10T04:55:36Z","outcome":"failed","code":3712,"reason":"Signature is invalid.","meeting":85012345678,
            "participant":"u1","answered_at":1696913737500,"dims":{"browser":"Chrome"},"tenant":"acme","role":1,"nothing":null,"nested":{"a":1}}"#,
    )
    .unwrap();
    assert_eq!(
        row.meeting,
        Some(Meeting::Number(
            MeetingNumber::parse("85012345678").unwrap()
        ))
    );
    assert_eq!(row.participant.as_deref(), Some("u1"));
    let dims = [("browser", "Chrome"), ("role", "host"), ("tenant", "acme")];
    assert_eq!(
        row.dims,
        dims.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let single = single(row);
    assert_eq!(single.outcome, Some(Outcome::Failed));
    assert_eq!(single.code.as_deref(), Some("3712"));
    assert_eq!(single.reason.as_deref(), Some("Signature is invalid."));
    assert_eq!(
        single.answered_at.unwrap().as_millisecond(),
        1_696_913_737_500
    );
}

#[test]
fn a_table_says_the_same() {
    let row = table(
        "ts,status,code,mn,browser",
        "1696913736,OK,,850 1234 5678,Firefox",
    )
    .unwrap();
    assert_eq!(row.meeting.as_ref().unwrap().to_string(), "85012345678");
    assert_eq!(row.dims, [("browser".to_owned(), "Firefox".to_owned())]);
    let single = single(row);
    assert_eq!(single.outcome, Some(Outcome::Joined));
    assert_eq!(single.code, None);
}

#[test]
fn outcomes_have_many_words() {
    for (word, outcome) in [
        ("joined", Some(Outcome::Joined)),
        ("Success", Some(Outcome::Joined)),
        ("FAILED", Some(Outcome::Failed)),
        ("error", Some(Outcome::Failed)),
        ("waiting_room", Some(Outcome::Waiting)),
        ("timeout", Some(Outcome::Unanswered)),
        ("unobserved", None),
        ("", None),
    ] {
        let row = line(&json!({"at": 1_696_913_736, "outcome": word}).to_string()).unwrap();
        assert_eq!(single(row).outcome, outcome, "{word}");
    }
    assert!(
        refusal(r#"{"at":1696913736,"outcome":"green"}"#)
            .starts_with("`outcome`: \"green\" is none of joined,")
    );
}

#[test]
fn true_and_false_are_read_only_where_the_column_asks_for_success() {
    let outcome = |json: &str| line(json).map(|row| single(row).outcome);
    assert_eq!(
        outcome(r#"{"at":1696913736,"success":true}"#),
        Ok(Some(Outcome::Joined))
    );
    assert_eq!(
        outcome(r#"{"at":1696913736,"success":0}"#),
        Ok(Some(Outcome::Failed))
    );
    assert!(outcome(r#"{"at":1696913736,"outcome":true}"#).is_err());
    assert!(mapped(r#"{"at":1696913736,"failed":true}"#, "outcome=failed").is_err());
}

#[test]
fn a_code_is_a_whole_number_or_a_word() {
    for (given, kept) in [
        ("3712.0", "3712"),
        ("-1.0", "-1"),
        ("\"E.1\"", "E.1"),
        ("-1", "-1"),
    ] {
        let row = line(&format!(r#"{{"at":1696913736,"code":{given}}}"#)).unwrap();
        assert_eq!(single(row).code.as_deref(), Some(kept), "{given}");
    }
    for given in ["200.5", "\"200.5\"", "-0.5"] {
        let error = line(&format!(r#"{{"at":1696913736,"code":{given}}}"#)).unwrap_err();
        assert_eq!(error.code, "invalid_code", "{given}");
    }
}

#[test]
fn a_code_without_an_outcome_says_that_it_failed() {
    let outcome = |json: &str| single(line(json).unwrap()).outcome;
    assert_eq!(
        outcome(r#"{"at":1696913736,"code":"3712"}"#),
        Some(Outcome::Failed)
    );
    assert_eq!(outcome(r#"{"at":1696913736,"code":0}"#), None);
    assert_eq!(outcome(r#"{"at":1696913736}"#), None);
}

#[test]
fn counts_are_read_and_nothing_happening_is_kept() {
    for (json, expected) in [
        (r#"{"at":1696913736,"attempts":120,"failed":3}"#, (120, 3)),
        (r#"{"at":1696913736,"cnt":"12.0","errors":0.0}"#, (12, 0)),
        (r#"{"at":1696913736,"attempts":0,"failed":0}"#, (0, 0)),
        (r#"{"at":1696913736,"count":7,"result":"failed"}"#, (7, 7)),
        (r#"{"at":1696913736,"count":7,"result":"joined"}"#, (7, 0)),
    ] {
        assert_eq!(counts(line(json).unwrap()), expected, "{json}");
    }
}

#[test]
fn counts_that_can_not_be_are_refused() {
    for (json, sentence) in [
        (
            r#"{"at":1696913736,"attempts":1,"failed":2}"#,
            "`failed`: \"2\" failed of 1 attempts: more than there were",
        ),
        (
            r#"{"at":1696913736,"attempts":-1,"failed":0}"#,
            "`attempts`: \"-1\" is no count: a whole number from 0, without separators",
        ),
        (
            r#"{"at":1696913736,"attempts":1.5,"failed":0}"#,
            "`attempts`: \"1.5\" is no count: a whole number from 0, without separators",
        ),
        (
            r#"{"at":1696913736,"attempts":"1,000","failed":0}"#,
            "`attempts`: \"1,000\" is no count: a whole number from 0, without separators",
        ),
        (
            r#"{"at":1696913736,"attempts":99999999999999999999,"failed":0}"#,
            "`attempts`: \"1e+20\" is no count: a whole number from 0, without separators",
        ),
        (
            r#"{"at":1696913736,"attempts":5}"#,
            "`attempts`: \"5\" attempts, and nothing says how many of them failed; write 0 if none did",
        ),
        (
            r#"{"at":1696913736,"failed":5}"#,
            "`failed`: \"5\" says how many failed, and nothing says of how many; name the column with --map attempts=COLUMN, or leave it out with ignore=",
        ),
    ] {
        assert_eq!(refusal(json), sentence);
    }
    assert!(
        refusal(r#"{"at":1696913736,"attempts":2,"failed":1,"claims":{}}"#)
            .contains("can't have a signature")
    );
}

#[test]
fn a_line_without_a_time_says_so() {
    assert_eq!(
        refusal(r#"{"outcome":"joined"}"#),
        "the line has no time; name its column with --map at=COLUMN"
    );
}

#[test]
fn an_answer_long_before_the_attempt_is_refused_and_a_little_before_is_two_clocks() {
    assert!(line(r#"{"at":1696913736,"answered_at":1696913735}"#).is_ok());
    assert!(refusal(r#"{"at":1696913736,"answered_at":1696913675}"#).contains("swapped"));
}

#[test]
fn a_token_is_read_for_the_caller_to_judge_and_never_echoed() {
    let row = line(&json!({"at": 1_696_913_736, "signature": TOKEN}).to_string()).unwrap();
    assert!(!format!("{row:?}").contains("c2lnbmF0dXJl"));
    let Some(SignatureSeen::Token(token)) = single(row).signature else {
        panic!("no token");
    };
    assert_eq!(token.claims()["mn"], "85012345678");
    let broken = line(&json!({"at": 1_696_913_736, "signature": "MTIz"}).to_string()).unwrap();
    assert!(matches!(
        single(broken).signature,
        Some(SignatureSeen::Unreadable(_))
    ));
}

#[test]
fn claims_come_as_an_object_or_as_its_text() {
    for claims in [
        json!({"mn": "85012345678"}),
        json!("{\"mn\":\"85012345678\"}"),
    ] {
        let row = line(&json!({"at": 1_696_913_736, "claims": claims}).to_string()).unwrap();
        let Some(SignatureSeen::Claims(claims)) = single(row).signature else {
            panic!("no claims");
        };
        assert_eq!(claims["mn"], "85012345678");
    }
    assert_eq!(
        refusal(r#"{"at":1696913736,"claims":"s3cret"}"#),
        "`claims`: it is not a JSON object"
    );
}

#[test]
fn no_refusal_and_no_kept_text_holds_a_token_or_a_secret() {
    for (json, map) in [
        (json!({"at": TOKEN}), ""),
        (json!({"at": 1_696_913_736, "outcome": TOKEN}), ""),
        (json!({"at": 1_696_913_736, "x": TOKEN}), ""),
        (json!({"at": 1_696_913_736, "meeting": TOKEN}), ""),
        (
            json!({"at": 1_696_913_736, "participant": format!("s3cret {TOKEN}")}),
            "",
        ),
        (json!({"password": "s3cret"}), "at=password"),
        (
            json!({"at": 1_696_913_736, "participant": "s3cret".repeat(100)}),
            "",
        ),
        (json!({"t": 1, "at": "s3cret"}), "at=t,token=at"),
    ] {
        let said = mapped(&json.to_string(), map).unwrap_err().to_string();
        assert!(!said.contains("eyJ") && !said.contains("s3cret"), "{said}");
    }
    let row = line(&json!({"at": 1_696_913_736, "reason": format!("bad {TOKEN}!")}).to_string());
    assert_eq!(single(row.unwrap()).reason.as_deref(), Some("bad [token]!"));
}

#[test]
fn a_long_reason_is_cut_with_a_mark_and_an_error_object_is_kept_as_text() {
    let reason = |value: serde_json::Value| {
        let row = line(&json!({"at": 1_696_913_736, "reason": value}).to_string()).unwrap();
        single(row).reason.unwrap()
    };
    let cut = reason(json!("é".repeat(REASON_MAX_CHARS + 1)));
    assert_eq!(cut.chars().count(), REASON_MAX_CHARS);
    assert!(cut.ends_with("é…"));
    assert_eq!(
        reason(json!("é".repeat(REASON_MAX_CHARS))),
        "é".repeat(REASON_MAX_CHARS)
    );
    assert_eq!(reason(json!({"errorCode": 1})), r#"{"errorCode":1}"#);
    assert_eq!(reason(json!("a\u{0}b")), "a\u{fffd}b");
}

#[test]
fn dimensions_are_bounded_in_number_and_length_and_have_one_value() {
    let with = |count: usize| {
        let mut object = serde_json::Map::new();
        object.insert("at".to_owned(), json!(1_696_913_736));
        object.extend((0..count).map(|n| (format!("d{n}"), json!("x"))));
        line(&json!(object).to_string())
    };
    assert_eq!(with(16).unwrap().dims.len(), 16);
    assert!(
        with(17)
            .unwrap_err()
            .message
            .starts_with("the row has 17 dimensions, more than 16;")
    );
    let refused = |dims: serde_json::Value| {
        refusal(&json!({"at": 1_696_913_736, "dims": dims, "os": "mac"}).to_string())
    };
    assert!(refused(json!({"x": "v".repeat(201)})).contains("has 201 characters, more than 200"));
    assert!(refused(json!({"n".repeat(201): "v"})).contains("has 201 characters, more than 200"));
    assert_eq!(
        refused(json!({"x": ["v"]})),
        "`dims.x`: a dimension is a text, not an array or object"
    );
    assert_eq!(
        refused(json!({"OS": "win"})),
        "`dims.OS`: the dimension `os` has two values"
    );
    assert!(
        refused(json!({"x": "a\u{202e}b"})).contains("\"a\\u202eb\" holds a control character")
    );
    assert_eq!(refused(json!("x")), "`dims`: it is not a JSON object");
    // An empty name stands for everybody where attempts are counted.
    for (dims, column) in [
        (json!({"": "x"}), "`dims.`: a dimension has no name"),
        (json!({"code": "x"}), "`dims.code`: `code` is a field"),
    ] {
        let message = refused(dims);
        assert!(message.starts_with(column), "{message}");
    }
}
