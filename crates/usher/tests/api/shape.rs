//! What every answer has in common.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn every_answer_carries_a_request_id_and_every_error_repeats_it() {
    let app = App::new().await;
    let alive = app.call("GET", "/livez", None, "").await;
    assert_eq!(
        (alive.status.as_u16(), alive.headers["x-request-id"].len()),
        (200, 32)
    );
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "no_such_endpoint"),
        ("DELETE", "/v1/joins", 405, "method_not_allowed"),
        ("POST", "/v1/joins", 401, "no_key"),
    ] {
        let answer = app.call(method, path, None, "").await;
        assert_eq!(answer.error(), (status, code, None));
        assert_eq!(
            answer.body["error"]["request_id"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
        assert!(answer.body["error"]["hint"].is_string());
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused_as_such() {
    let app = App::new().await;
    let key = app.key("mint").await;
    let huge = format!("{{\"user_name\":\"{}\"}}", "x".repeat(70_000));
    for (body, status, code) in [
        (String::new(), 400, "not_json"),
        ("<html>".to_owned(), 400, "not_json"),
        ("[]".to_owned(), 400, "not_an_object"),
        ("\"text\"".to_owned(), 400, "not_an_object"),
        ("{\"user_name\":\"x\"".to_owned(), 400, "not_json"),
        (
            "{\"dims\":".to_owned() + &"{\"a\":".repeat(1000),
            422,
            "wrong_type",
        ),
        (huge, 413, "body_too_large"),
    ] {
        let answer = app
            .call("POST", "/v1/joins", Some(&key), body.clone())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().1),
            (status, code),
            "{body:.60}"
        );
    }
}

#[tokio::test]
async fn it_is_ready_when_it_can_mint() {
    let app = App::new().await;
    let ready = app.call("GET", "/readyz", None, "").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.body,
        json!({ "can_mint": true, "status": "ok", "degraded": [] })
    );
}
