//! Each host has a clock of its own, and judges and dates by it.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::zoom::{Join, Zoom, code_and_message};

/// The answer's `Date` minus this machine's clock, in seconds.
fn date_offset_s(response: &Response) -> i64 {
    let date = response.headers()["date"].to_str().unwrap();
    assert_eq!(response.headers().get_all("date").iter().count(), 1);
    DateTimeParser::new()
        .parse_timestamp(date)
        .unwrap()
        .as_second()
        - Timestamp::now().as_second()
}

#[tokio::test]
async fn every_answer_is_dated_by_the_clock_of_the_host_that_was_asked() {
    let zoom = Zoom::start().await;
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": -3_600_000 }))
        .await;
    zoom.control(
        Method::PUT,
        "clock",
        json!({ "host": "api.zoom.us", "offset_ms": 90_000 }),
    )
    .await;
    for (host, offset_s) in [
        ("api.zoom.us", 90),
        ("API.zoom.us:443", 90),
        ("zoom.us", -3600),
        ("localhost", -3600),
    ] {
        let response = zoom
            .request(Method::GET, "/nowhere")
            .header("host", host)
            .send()
            .await
            .unwrap();
        assert!((date_offset_s(&response) - offset_s).abs() <= 2, "{host}");
    }
}

#[tokio::test]
async fn a_faults_answer_is_dated_too() {
    let zoom = Zoom::start().await;
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 600_000 }))
        .await;
    zoom.control(
        Method::POST,
        "faults",
        json!({ "answer": { "kind": "html", "status": 503 } }),
    )
    .await;
    let response = zoom.token_request().send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!((date_offset_s(&response) - 600).abs() <= 2);
}

#[tokio::test]
async fn a_date_can_be_missing_malformed_anothers_or_always_the_same() {
    let zoom = Zoom::start().await;
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": -3_600_000 }))
        .await;
    let dated = async |date: &str| {
        zoom.control(Method::DELETE, "faults", Value::Null).await;
        let fault = json!({ "headers": { "date": date } });
        zoom.control(Method::POST, "faults", fault).await;
        zoom.token_request().send().await.unwrap()
    };
    assert!(!dated("missing").await.headers().contains_key("date"));
    let malformed = dated("malformed").await.headers()["date"].clone();
    assert!(
        DateTimeParser::new()
            .parse_timestamp(malformed.to_str().unwrap())
            .is_err()
    );
    assert!(date_offset_s(&dated("real").await).abs() <= 2);
    let fixed = "Tue, 10 Oct 2023 04:00:00 GMT";
    let response = dated(fixed).await;
    assert_eq!(response.headers()["date"], fixed);
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_cached_answer_has_an_age_and_the_date_of_when_it_was_made() {
    let zoom = Zoom::start().await;
    let fault =
        json!({ "path": "/nowhere", "headers": { "age_s": 300, "via": "1.1 cache.example" } });
    zoom.control(Method::POST, "faults", fault).await;
    let response = zoom.request(Method::GET, "/nowhere").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["age"], "300");
    assert_eq!(response.headers()["via"], "1.1 cache.example");
    assert!((date_offset_s(&response) + 300).abs() <= 2);
}

#[tokio::test]
async fn a_captive_portal_answers_everything_with_a_page_and_its_own_time() {
    let zoom = Zoom::start().await;
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 600_000 }))
        .await;
    let portal =
        json!({ "headers": { "date": "real" }, "answer": { "kind": "html", "status": 200 } });
    zoom.control(Method::POST, "faults", portal).await;
    let response = zoom.token_request().send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(date_offset_s(&response).abs() <= 2);
}

#[tokio::test]
async fn of_each_header_the_oldest_alteration_counts() {
    let zoom = Zoom::start().await;
    for headers in [
        json!({ "via": "1.1 near.example" }),
        json!({ "via": "1.1 far.example", "date": "missing" }),
    ] {
        let fault = json!({ "headers": headers });
        zoom.control(Method::POST, "faults", fault).await;
    }
    let response = zoom.token_request().send().await.unwrap();
    assert_eq!(response.headers()["via"], "1.1 near.example");
    assert!(!response.headers().contains_key("date"));
    let faults = zoom.control(Method::GET, "faults", Value::Null).await;
    assert_eq!(faults["faults"][1]["headers"]["date"], "missing");
}

#[tokio::test]
async fn an_answer_without_a_body_is_dated_too() {
    let zoom = Zoom::start().await;
    let host = "www.zoomstatus.com";
    let set = json!({ "host": host, "offset_ms": 90_000 });
    zoom.control(Method::PUT, "clock", set).await;
    let request = zoom
        .request(Method::GET, "/api/v2/status.json")
        .header("host", host)
        .header("if-none-match", "*");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert!((date_offset_s(&response) - 90).abs() <= 2);
}

#[tokio::test]
async fn iat_and_exp_are_judged_by_the_clock_of_the_host() {
    let zoom = Zoom::start().await;
    let join = Join::good();
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": -120_000 }))
        .await;
    assert_eq!(
        zoom.join(&join).await,
        (200, "Invalid signature.".to_owned())
    );
    zoom.control(Method::PATCH, "rules", json!({ "iat_tolerance_s": 120 }))
        .await;
    assert_eq!(zoom.join(&join).await.0, 3008);
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 7_200_000 }))
        .await;
    assert_eq!(
        zoom.join(&join).await,
        (200, "The signature has expired.".to_owned())
    );

    zoom.control(
        Method::PUT,
        "clock",
        json!({ "host": "us05.zoom.us", "offset_ms": 0 }),
    )
    .await;
    let response = zoom
        .request(Method::POST, "/api/v1/wc/info")
        .header("host", "us05.zoom.us")
        .form(&join.fields())
        .send()
        .await
        .unwrap();
    assert_eq!(code_and_message(&response.json().await.unwrap()).0, 3008);
}

#[tokio::test]
async fn an_access_token_lives_one_hour_by_that_clock() {
    let zoom = Zoom::start().await;
    let token = zoom.access_token().await;
    let status = async || {
        zoom.request(Method::GET, "/v2/users/me")
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .status()
    };
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 3_590_000 }))
        .await;
    assert_eq!(status().await, StatusCode::OK);
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 3_601_000 }))
        .await;
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_clock_can_be_read_and_reset_but_not_set_to_nonsense() {
    let zoom = Zoom::start().await;
    zoom.control(
        Method::PUT,
        "clock",
        json!({ "host": "zoom.us", "offset_ms": 5 }),
    )
    .await;
    assert_eq!(
        zoom.control(Method::GET, "clock", Value::Null).await["offsets_ms"],
        json!({ "zoom.us": 5 })
    );
    zoom.control(Method::DELETE, "clock", Value::Null).await;
    assert_eq!(
        zoom.control(Method::GET, "clock", Value::Null).await["offsets_ms"],
        json!({})
    );
    let response = zoom
        .request(Method::PUT, "/_sim/clock")
        .json(&json!({ "offset_ms": i64::MAX }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(response.text().await.unwrap().contains("a hundred years"));
}
