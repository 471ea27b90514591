//! `/v1/meetings`.

use serde_json::{Value, json};

use crate::app::{App, NUMBER};

#[tokio::test]
async fn a_meeting_is_registered_shown_changed_and_deleted_and_its_passcode_never_shown() {
    let app = App::new().await;
    let key = app.key("manage").await;
    let new = json!({ "number": NUMBER, "passcode": "sesame", "topic": "Standup", "host": "host@example.com" });
    let made = app.post("/v1/meetings", &key, &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        made.body,
        json!({
            "number": NUMBER, "uuid": null, "topic": "Standup", "host": "host@example.com", "account": null, "app": null,
            "has_passcode": true, "needs_registration": false,
            "created_at": "2023-10-10T04:00:00.9Z", "updated_at": "2023-10-10T04:00:00.9Z",
        })
    );
    let path = format!("/v1/meetings/{NUMBER}");
    assert_eq!(app.call("GET", &path, Some(&key), "").await.body, made.body);
    assert_eq!(
        app.post("/v1/meetings", &key, &new).await.error(),
        (409, "meeting_exists", Some("number"))
    );
    let changed = app
        .call(
            "PATCH",
            &path,
            Some(&key),
            json!({ "topic": "", "passcode": "" }).to_string(),
        )
        .await;
    assert_eq!(
        (&changed.body["topic"], &changed.body["has_passcode"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(app.call("DELETE", &path, Some(&key), "").await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(
            app.call(method, &path, Some(&key), "").await.error(),
            (404, "unknown_meeting", Some("meeting_number"))
        );
    }
    let lost = app.call("PATCH", &path, Some(&key), "{}").await;
    assert_eq!(
        lost.error(),
        (404, "unknown_meeting", Some("meeting_number"))
    );
}

#[tokio::test]
async fn lists_go_on_by_cursor_and_search_finds_text_literally() {
    let app = App::new().await;
    let key = app.key("read").await;
    for number in ["800000003", "800000001", "800000002"] {
        app.register(number, "").await;
    }
    let numbers = |body: &Value| -> Vec<String> {
        body["meetings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|meeting| meeting["number"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = app
        .call("GET", "/v1/meetings?limit=2", Some(&key), "")
        .await;
    assert_eq!(numbers(&first.body), ["800000001", "800000002"]);
    let next = format!(
        "/v1/meetings?limit=2&cursor={}",
        first.body["next"].as_str().unwrap()
    );
    let second = app.call("GET", &next, Some(&key), "").await;
    assert_eq!(
        (numbers(&second.body), &second.body["next"]),
        (vec!["800000003".to_owned()], &Value::Null)
    );
    let found = app
        .call("GET", "/v1/meetings?search=0003", Some(&key), "")
        .await;
    assert_eq!(numbers(&found.body), ["800000003"]);
    let literal = app
        .call("GET", "/v1/meetings?search=%25", Some(&key), "")
        .await;
    assert!(numbers(&literal.body).is_empty());
}

#[tokio::test]
async fn wrong_parameters_and_fields_are_named() {
    let app = App::new().await;
    let key = app.key("manage").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
    ] {
        let answer = app
            .call("GET", &format!("/v1/meetings?{query}"), Some(&key), "")
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().2),
            (422, Some(field)),
            "{query}"
        );
    }
    for (name, value) in [
        ("number", json!("1")),
        ("passcode", json!("x".repeat(33))),
        ("topic", json!("x".repeat(301))),
        ("host", json!("a\u{202e}b")),
        ("account", json!("nowhere")),
        ("app", json!("nothing")),
        ("colour", json!("red")),
    ] {
        let mut body = json!({ "number": NUMBER });
        body[name] = value;
        let answer = app.post("/v1/meetings", &key, &body).await;
        let field = if name == "number" {
            "meeting_number"
        } else {
            name
        };
        assert_eq!(
            (answer.status.as_u16(), answer.error().2),
            (422, Some(field)),
            "{name}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_reader_looks_and_does_not_touch() {
    let app = App::new().await;
    let key = app.key("read").await;
    assert_eq!(
        app.call("GET", "/v1/meetings", Some(&key), "").await.status,
        200
    );
    let answer = app
        .post("/v1/meetings", &key, &json!({ "number": NUMBER }))
        .await;
    assert_eq!(answer.error(), (403, "missing_scope", None));
    let mint = app.key("mint").await;
    assert_eq!(
        app.call("GET", "/v1/meetings", Some(&mint), "")
            .await
            .error(),
        (403, "missing_scope", None)
    );
}

#[tokio::test]
async fn an_import_without_an_account_says_what_to_configure() {
    let app = App::new().await;
    let key = app.key("manage").await;
    let answer = app
        .post("/v1/meetings/import", &key, &json!({ "number": NUMBER }))
        .await;
    assert_eq!(answer.error(), (503, "no_account", None));
}
