//! `/v1/signatures`.

use serde_json::json;

use crate::app::{Answer, App, NUMBER};

async fn signatures(app: &App, query: &str) -> Answer {
    let key = app.key("read").await;
    let path = format!("/v1/signatures{query}");
    app.call("GET", &path, Some(&key), "").await
}

async fn mint(app: &App) {
    let key = app.key("mint").await;
    let body =
        json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "", "release": "r7" });
    let answer = app.post("/v1/joins", &key, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn what_was_minted_in_the_hour_was_valid_with_its_margins_maker_and_shapes() {
    let app = App::new().await;
    mint(&app).await;
    let answer = signatures(&app, "?from=2023-10-10T04:00:00Z&to=2023-10-10T05:00:00Z").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = &answer.body;
    assert_eq!(
        [&body["valid"], &body["invalid"], &body["not_checkable"]],
        [&json!(1), &json!(0), &json!(0)]
    );
    assert_eq!(body["from"], "2023-10-10T04:00:00Z");
    assert_eq!(body["to"], "2023-10-10T05:00:00Z");
    assert_eq!(body["invalid_signatures"], json!([]));
    // 30 s of back-dating, and the rest of the second.
    let margin = &body["margins"][0];
    assert_eq!(margin["limit"], "iat_not_in_future");
    assert_eq!(margin["smallest_s"], json!(30.9));
    assert_eq!(body["by_maker"][0]["release"], "r7");
    assert_eq!(body["by_maker"][0]["valid"], 1);
    let shapes = body["shapes"].as_array().unwrap();
    assert_eq!(shapes[0]["of"], "claims");
    assert_eq!(shapes[0]["shape"]["iat"], "number");
    assert_eq!(shapes[1]["of"], "join");
    assert_eq!(shapes[1]["shape"]["signature"], "string");
}

#[tokio::test]
async fn a_signature_that_was_handed_in_and_is_not_valid_is_shown_with_its_cause() {
    let app = App::new().await;
    let key = app.key("report").await;
    let at_s = 1_696_910_400;
    let body = json!({
        "meeting_number": NUMBER, "at": "2023-10-10T04:00:00Z", "outcome": "failed", "code": "3712",
        "claims": {
            "appKey": "aKey", "sdkKey": "aKey", "mn": NUMBER, "role": 0,
            "iat": at_s + 2, "exp": at_s + 7202, "tokenExp": at_s + 7202,
        },
    });
    let made = app.post("/v1/attempts", &key, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let answer = signatures(&app, "").await;
    assert_eq!(answer.body["invalid"], 1, "{}", answer.body);
    let invalid = &answer.body["invalid_signatures"][0];
    assert_eq!(invalid["cause"], "iat_in_future_clock_skew");
    assert_eq!(invalid["attempt"], made.body["attempt"]);
    assert_eq!(invalid["party"], "integrator");
}

#[tokio::test]
async fn a_span_that_is_too_long_or_unreadable_is_refused_with_what_to_do() {
    let app = App::new().await;
    for (query, code, field) in [
        ("?from=2023-09-01T00:00:00Z", "span_too_long", "from"),
        ("?from=2023-10-10T13:00", "invalid_value", "from"),
        ("?from=2023-10-10T05:00:00Z", "empty_span", "from"),
        ("?tz=Asia/Tokyo", "invalid_query", "query"),
    ] {
        let answer = signatures(&app, query).await;
        assert_eq!(answer.error(), (422, code, Some(field)), "{query}");
        assert!(answer.body["error"]["hint"].is_string(), "{query}");
    }
}
