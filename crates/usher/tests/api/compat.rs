//! The drop-in for front ends that were made for Zoom's sample.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use usher_core::signature::UnverifiedToken;

use crate::app::{App, NUMBER, SDK_KEY};

const PATH: &str = "/compat/meetingsdk-auth";
const ON: &str = "allowed_origins = [\"https://app.example.com\"]\n[compat]\nenabled = true\n";

fn claims(body: &Value) -> Value {
    let token = UnverifiedToken::decode(body["signature"].as_str().unwrap()).unwrap();
    Value::Object(token.claims().clone())
}

#[tokio::test]
async fn it_is_off_unless_switched_on() {
    let app = App::new().await;
    assert_eq!(app.call("POST", PATH, None, "{}").await.status, 404);
}

#[tokio::test]
async fn it_answers_what_the_sample_answers() {
    let app = App::with(ON).await;
    app.register(NUMBER, "").await;
    let answer = app
        .call(
            "POST",
            PATH,
            None,
            json!({ "meetingNumber": NUMBER, "role": 0 }).to_string(),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["sdkKey"], SDK_KEY);
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    assert_eq!(answer.headers["x-usher-attempt"].len(), 32);
    assert_eq!(
        claims(&answer.body),
        json!({
            "appKey": SDK_KEY, "sdkKey": SDK_KEY, "mn": NUMBER, "role": 0,
            "iat": 1_696_910_370, "exp": 1_696_917_570, "tokenExp": 1_696_917_570,
        })
    );
}

#[tokio::test]
async fn a_stranger_gets_an_attendees_place_in_a_registered_meeting_and_no_more() {
    let app = App::with(ON).await;
    app.register(NUMBER, "").await;
    for (body, status, what) in [
        (json!({}), 400, "meetingNumber"),
        (json!({ "meetingNumber": NUMBER, "role": 1 }), 401, "role"),
        (
            json!({ "meetingNumber": "800000001", "role": 0 }),
            404,
            "meetingNumber",
        ),
        (
            json!({ "meetingNumber": NUMBER, "role": 0, "expirationSeconds": 7201 }),
            400,
            "expirationSeconds",
        ),
        (json!({ "meetingNumber": NUMBER, "role": 3 }), 400, "role"),
        (json!({ "role": 0 }), 400, "$schema"),
    ] {
        let answer = app.call("POST", PATH, None, body.to_string()).await;
        let named = match status {
            400 => &answer.body["errors"][0]["property"],
            _ => &answer.body["error"]["field"],
        };
        assert_eq!(
            (answer.status.as_u16(), named),
            (status, &json!(what)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn with_a_key_it_signs_what_the_keys_scopes_allow() {
    let app = App::with(ON).await;
    let mint = app.key("mint").await;
    let host = app.key("host").await;
    let as_host = json!({ "meetingNumber": "800000001", "role": 1 });
    assert_eq!(
        app.post(PATH, &mint, &as_host).await.error(),
        (403, "missing_scope", None)
    );
    assert_eq!(
        claims(&app.post(PATH, &host, &as_host).await.body)["role"],
        1
    );
    let native = claims(
        &app.post(PATH, &mint, &json!({ "expirationSeconds": 1800 }))
            .await
            .body,
    );
    assert_eq!((native.get("mn"), native.get("role")), (None, None));
    assert_eq!(
        native["exp"].as_i64().unwrap() - native["iat"].as_i64().unwrap(),
        1801
    );
    assert_eq!(
        app.post(PATH, "usher_wrong", &as_host).await.error(),
        (401, "unknown_key", None)
    );
}

#[tokio::test]
async fn an_address_without_a_key_is_limited() {
    let app = App::with(ON).await;
    app.register(NUMBER, "").await;
    let body = json!({ "meetingNumber": NUMBER, "role": 0 }).to_string();
    let mut refused = None;
    for _ in 0..200 {
        let answer = app.call("POST", PATH, None, body.clone()).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("200 requests at once are too many");
    assert_eq!(refused.error(), (429, "too_many_requests", None));
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn browsers_of_listed_origins_may_call_and_no_others() {
    let app = App::with(ON).await;
    for (origin, is_allowed) in [
        ("https://app.example.com", true),
        ("https://evil.example", false),
    ] {
        let preflight = Request::builder()
            .method("OPTIONS")
            .uri(PATH)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap();
        let answer = app.send(preflight).await;
        let allowed = answer
            .headers
            .get("access-control-allow-origin")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(allowed, is_allowed.then(|| origin.to_owned()));
    }
}
