//! Attempts: what can be looked up of them, and who may ask from where.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::app::{Answer, App, NUMBER, SDK_SECRET};

pub(crate) const EVENTS: &str = "/v1/attempts/018b17bddd8470008000000000000007/events";
pub(crate) const ATTEMPT: &str = "/v1/attempts/018b17bddd8470008000000000000007";

/// Mints; the answer's report token.
pub(crate) async fn mint(app: &App, more: Value) -> String {
    let key = app.key("mint").await;
    let mut body = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = app.post("/v1/joins", &key, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["report"]["token"].as_str().unwrap().to_owned()
}

pub(crate) fn told(id: &str, kind: &str) -> Value {
    json!({ "id": id, "type": kind, "at": "2023-10-10T04:00:00.5Z" })
}

pub(crate) async fn read(app: &App, path: &str) -> Answer {
    let key = app.key("read").await;
    app.call("GET", path, Some(&key), Body::empty()).await
}

#[tokio::test]
async fn attempts_are_listed_by_conditions_page_by_page() {
    let app = App::new().await;
    let key = app.key("report,read").await;
    for n in 0..5 {
        let body = json!({
            "meeting_number": NUMBER, "attempt": format!("018b17bddd847000800000000000001{n}"),
            "dims": {"tenant": if n < 3 { "acme" } else { "globex" }}, "outcome": "joined",
        });
        assert_eq!(app.post("/v1/attempts", &key, &body).await.status, 201);
    }
    let page = read(
        &app,
        "/v1/attempts?dim.tenant=acme&outcome=joined&limit=2&from=2023-10-10T04:00:00Z",
    )
    .await
    .body;
    assert_eq!(page["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(
        page["attempts"][0]["id"],
        "018b17bddd8470008000000000000012"
    );
    let cursor = page["next"].as_str().unwrap();
    let rest = read(
        &app,
        &format!("/v1/attempts?dim.tenant=acme&limit=2&cursor={cursor}"),
    )
    .await
    .body;
    assert_eq!(rest["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
    for (query, expected) in [
        ("from=yesterday", (422, "invalid_value", Some("from"))),
        ("outcome=fine", (422, "invalid_value", Some("outcome"))),
        ("limit=0", (422, "invalid_value", Some("limit"))),
        ("limit=501", (422, "invalid_value", Some("limit"))),
        ("cursor=x", (422, "invalid_value", Some("cursor"))),
        ("meeting=1", (422, "unknown_field", Some("meeting"))),
        ("dim.=1", (422, "unknown_field", Some("dim."))),
        (
            "outcome=joined&outcome=failed",
            (422, "duplicate_field", Some("outcome")),
        ),
        ("limit=2&limit=2", (422, "duplicate_field", Some("limit"))),
        (
            "dim.tenant=a&dim.tenant=b",
            (422, "duplicate_field", Some("dim.tenant")),
        ),
        (
            "from=2023-10-10T04:00:00Z&to=2023-10-10T03:00:00Z",
            (422, "empty_span", Some("from")),
        ),
        // What PostgreSQL can't even compare with.
        ("code=%00", (422, "invalid_label", Some("code"))),
        (
            "participant=%00",
            (422, "invalid_label", Some("participant")),
        ),
    ] {
        let answer = read(&app, &format!("/v1/attempts?{query}")).await;
        assert_eq!(answer.error(), expected, "{query}");
    }
    let mint_only = app.key("mint").await;
    let answer = app
        .call("GET", "/v1/attempts", Some(&mint_only), Body::empty())
        .await;
    assert_eq!(answer.error(), (403, "missing_scope", None));
}

#[tokio::test]
async fn pages_of_listed_origins_may_report_and_no_others() {
    let app = App::with("allowed_origins = [\"https://shop.example\"]").await;
    for (origin, is_allowed) in [
        ("https://shop.example", true),
        ("https://evil.example", false),
    ] {
        let request = Request::builder()
            .method("OPTIONS")
            .uri(EVENTS)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .body(Body::empty())
            .unwrap();
        let answer = app.send(request).await;
        let allowed = answer.headers.get("access-control-allow-origin");
        assert_eq!(allowed.is_some(), is_allowed, "{origin}");
    }
}

#[tokio::test]
async fn the_browser_client_is_served_under_a_name_that_never_changes_its_content() {
    let app = App::new().await;
    let key = app.key("mint").await;
    let body = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    let minted = app.post("/v1/joins", &key, &body).await.body;
    let path = minted["report"]["client"].as_str().unwrap();
    let answer = app.call("GET", path, None, Body::empty()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/javascript")
    );
    let answer = app
        .call("GET", "/client/usher-000000000000.js", None, Body::empty())
        .await;
    assert_eq!(answer.error(), (404, "no_such_client", None));
}

#[tokio::test]
async fn a_mint_through_the_drop_in_is_recorded_too() {
    let app = App::with("[compat]\nenabled = true\n").await;
    let key = app.key("mint").await;
    let body = json!({ "meetingNumber": NUMBER, "role": 0 });
    let answer = app.post("/compat/meetingsdk-auth", &key, &body).await;
    let id = answer.headers["x-usher-attempt"].to_str().unwrap();
    let shown = read(&app, &format!("/v1/attempts/{id}")).await.body;
    assert_eq!(shown["attempt"]["signature"]["claims"]["mn"], NUMBER);
    assert!(!shown.to_string().contains(SDK_SECRET));
}
