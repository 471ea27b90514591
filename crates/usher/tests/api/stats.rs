//! `/v1/stats`.

use serde_json::{Value, json};

use crate::app::{Answer, App, NUMBER};

async fn mint(app: &App, release: &str) {
    let key = app.key("mint").await;
    let body = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "", "release": release });
    let answer = app.post("/v1/joins", &key, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn stats(app: &App, query: &str) -> Answer {
    let key = app.key("read").await;
    let path = format!("/v1/stats{query}");
    app.call("GET", &path, Some(&key), "").await
}

#[tokio::test]
async fn the_last_hour_is_told_by_the_minute() {
    let app = App::new().await;
    mint(&app, "r7").await;
    let answer = stats(&app, "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let counts = json!({
        "attempts": 1, "joined": 0, "failed": 0, "waiting": 0, "pending": 1, "unanswered": 0, "unobserved": 0,
    });
    let mut step = counts.clone();
    step["at"] = json!("2023-10-10T04:00:00Z");
    assert_eq!(
        answer.body,
        json!({
            "from": "2023-10-10T03:00:00Z", "to": "2023-10-10T04:01:00Z", "step_s": 60, "by": null,
            "series": [step], "totals": [counts],
        })
    );
}

#[tokio::test]
async fn the_values_of_a_dimension_are_named() {
    let app = App::new().await;
    mint(&app, "r7").await;
    let answer = stats(
        &app,
        "?from=2023-10-09T15:00:00Z&to=2023-10-10T15:00:00Z&by=release&step_s=86400",
    )
    .await;
    assert_eq!(answer.body["by"], "release");
    let [step] = &answer.body["series"].as_array().unwrap()[..] else {
        panic!("{}", answer.body)
    };
    assert_eq!(step["at"], "2023-10-09T15:00:00Z");
    assert_eq!(
        (&step["value"], &step["attempts"]),
        (&json!("r7"), &json!(1))
    );
    assert_eq!(answer.body["totals"][0]["value"], "r7");
    // As the conditions of the list call it.
    let prefixed = stats(&app, "?by=dim.release").await.body;
    assert_eq!(prefixed, stats(&app, "?by=release").await.body);
    assert_eq!(prefixed["totals"][0]["value"], "r7");
}

#[tokio::test]
async fn nothing_is_a_total_of_zero() {
    let app = App::new().await;
    let answer = stats(&app, "").await;
    assert_eq!(answer.body["series"], json!([]));
    assert_eq!(answer.body["totals"][0]["attempts"], 0);
    let by_release = stats(&app, "?by=release").await;
    assert_eq!(by_release.body["totals"], json!([]));
}

#[tokio::test]
async fn what_can_not_be_answered_is_refused_by_the_parameters_name() {
    let app = App::new().await;
    for (query, code, field) in [
        ("?from=yesterday", "invalid_value", "from"),
        // A `+` that is not encoded is a space.
        ("?to=2023-10-10T13:00:00+09:00", "invalid_value", "to"),
        ("?from=2023-10-10T05:00:00Z", "empty_span", "from"),
        (
            "?from=2020-01-01T00:00:00Z&step_s=86400",
            "span_too_long",
            "from",
        ),
        ("?from=2023-10-08T00:00:00Z", "too_many_steps", "step_s"),
        (
            "?from=2023-09-01T00:00:00Z&step_s=3600&by=release",
            "span_too_long",
            "from",
        ),
        ("?step_s=61", "invalid_step", "step_s"),
        ("?step_s=minute", "invalid_step", "step_s"),
        ("?by=", "empty", "by"),
        ("?by=%00", "invalid_label", "by"),
        ("?by=meeting", "not_counted", "by"),
        ("?by=participant", "not_counted", "by"),
        ("?form=x", "invalid_query", "query"),
        ("?by=a&by=b", "invalid_query", "query"),
    ] {
        let answer = stats(&app, query).await;
        assert_eq!(answer.error(), (422, code, Some(field)), "{query}");
        assert!(answer.body["error"]["hint"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn the_scope_read_is_needed() {
    let app = App::new().await;
    let key = app.key("mint,host,manage,report").await;
    for path in ["/v1/stats", "/v1/signatures"] {
        let answer = app.call("GET", path, Some(&key), "").await;
        assert_eq!(answer.error(), (403, "missing_scope", None), "{path}");
        assert_ne!(answer.body["error"]["message"], Value::Null);
    }
}
