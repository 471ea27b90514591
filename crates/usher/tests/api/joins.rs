//! `POST /v1/joins`.

use serde_json::{Value, json};
use usher_core::signature::{KeyPair, UnverifiedToken};

use crate::app::{App, NUMBER, SDK_KEY, SDK_SECRET};

fn join() -> Value {
    json!({ "meeting_number": NUMBER, "user_name": "Aiko Tanaka" })
}

fn with(name: &str, value: Value) -> Value {
    let mut join = join();
    join[name] = value;
    join
}

#[tokio::test]
async fn an_attendee_of_a_registered_meeting_gets_exactly_what_join_takes() {
    let app = App::new().await;
    app.register(NUMBER, "sesame").await;
    let key = app.key("mint").await;
    let answer = app
        .post("/v1/joins", &key, &with("sdk_version", json!("2.16.0")))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut body = answer.body.clone();
    let signature = body["join"]["signature"].take();
    let token = body["report"]["token"].take();
    assert_eq!(token.as_str().unwrap().len(), 22);
    let client = body["report"]["client"].take();
    assert!(client.as_str().unwrap().starts_with("/client/usher-"));
    assert_eq!(
        body,
        json!({
            "attempt": "018b17bddd8470008000000000000007",
            "join": {
                "sdkKey": SDK_KEY, "signature": null, "meetingNumber": NUMBER, "passWord": "sesame",
                "userName": "Aiko Tanaka", "customerKey": "018b17bddd8470008000000000000007",
            },
            "expires_at": "2023-10-10T05:59:30Z",
            "recorded": "stored",
            "report": {
                "url": "/v1/attempts/018b17bddd8470008000000000000007/events", "token": null, "client": null,
            },
            "clock": { "offset_ms": null, "correction_ms": 0, "backdate_s": 30 },
            "warnings": [],
        })
    );
    let token = UnverifiedToken::decode(signature.as_str().unwrap()).unwrap();
    assert!(
        KeyPair::new(SDK_KEY, SDK_SECRET)
            .unwrap()
            .has_signed(&token)
    );
    assert_eq!(token.claims()["iat"], 1_696_910_370);
    assert_eq!(token.claims()["mn"], NUMBER);
}

#[tokio::test]
async fn a_number_that_is_not_registered_works_with_its_passcode() {
    let app = App::new().await;
    let key = app.key("mint").await;
    assert_eq!(
        app.post("/v1/joins", &key, &join()).await.error(),
        (404, "unknown_meeting", Some("meeting_number"))
    );
    let answer = app
        .post("/v1/joins", &key, &with("passcode", json!("")))
        .await;
    assert_eq!(answer.body["join"]["passWord"], "");
}

#[tokio::test]
async fn numbers_and_roles_come_as_text_or_number() {
    let app = App::new().await;
    let key = app.key("mint").await;
    let body = json!({ "meeting_number": 85_012_345_678_u64, "user_name": "A", "role": 0, "passcode": "" });
    assert_eq!(app.post("/v1/joins", &key, &body).await.status, 200);
    let body = json!({ "meeting_number": "850-1234 5678", "user_name": "A", "role": "attendee", "passcode": "" });
    assert_eq!(
        app.post("/v1/joins", &key, &body).await.body["join"]["meetingNumber"],
        NUMBER
    );
}

#[tokio::test]
async fn a_leaked_attendee_key_neither_starts_meetings_nor_acts_as_a_person() {
    let app = App::new().await;
    app.register(NUMBER, "").await;
    let mint = app.key("mint").await;
    for (field, value) in [
        ("role", json!("host")),
        ("role", json!(1)),
        ("zak", json!("z")),
        ("obf_token", json!("o")),
    ] {
        let answer = app.post("/v1/joins", &mint, &with(field, value)).await;
        assert_eq!(answer.error(), (403, "missing_scope", None), "{field}");
    }
    let host = app.key("host").await;
    let mut body = with("role", json!("host"));
    body["zak"] = json!("zak.of.host");
    let answer = app.post("/v1/joins", &host, &body).await;
    assert_eq!(answer.body["join"]["zak"], "zak.of.host");
    assert_eq!(app.post("/v1/joins", &host, &join()).await.status, 200);
}

#[tokio::test]
async fn keys_that_are_missing_malformed_wrong_revoked_or_of_another_scope_are_refused() {
    let app = App::new().await;
    let key = app.key("mint").await;
    let wrong = key.replace(&key[60..], "AA");
    for (key, code) in [
        (None, "no_key"),
        (Some(""), "unknown_key"),
        (Some("usher_x"), "unknown_key"),
        (Some(&*wrong), "unknown_key"),
    ] {
        let answer = app.call("POST", "/v1/joins", key, join().to_string()).await;
        assert_eq!(answer.error(), (401, code, None), "{key:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let read = app.key("read").await;
    assert_eq!(
        app.post("/v1/joins", &read, &join()).await.error(),
        (403, "missing_scope", None)
    );
    let store = app.directory.store().unwrap();
    let id = usher::store::KeyId::of_key(&key).unwrap();
    store
        .revoke_key(id, "2023-10-10T04:00:00Z".parse().unwrap())
        .await
        .unwrap();
    app.directory.refresh().await.unwrap();
    assert_eq!(
        app.post("/v1/joins", &key, &join()).await.error(),
        (401, "unknown_key", None)
    );
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let app = App::new().await;
    app.register(NUMBER, "").await;
    let key = app.key("mint,host").await;
    for (field, value, code) in [
        ("meeting_number", json!("12345"), "invalid_meeting_number"),
        ("meeting_number", json!(1.5), "wrong_type"),
        (
            "meeting_number",
            json!(-85_012_345_678_i64),
            "invalid_meeting_number",
        ),
        ("meeting_number", json!(null), "wrong_type"),
        ("user_name", json!(""), "empty_user_name"),
        ("user_name", json!(7), "wrong_type"),
        ("user_name", json!("a\u{202e}b"), "forbidden_character"),
        ("user_name", json!("a\u{0}b"), "forbidden_character"),
        ("user_name", json!("x".repeat(129)), "too_long"),
        ("role", json!("boss"), "invalid_role"),
        ("role", json!(2), "invalid_role"),
        ("view", json!("gallery"), "invalid_view"),
        ("sdk_version", json!("newest"), "invalid_sdk_version"),
        ("sdk_version", json!("2.6.0"), "sdk_version_too_old"),
        ("passcode", json!("x".repeat(33)), "too_long"),
        ("app", json!("other"), "unknown_app"),
        ("user_email", json!("nobody"), "invalid_user_email"),
        ("registrant_token", json!(""), "invalid_token"),
        ("zak", json!("a b"), "invalid_token"),
        ("video_webrtc_mode", json!(2), "invalid_video_webrtc_mode"),
        ("video_webrtc_mode", json!(-1), "wrong_type"),
        ("expires_in_s", json!(1800), "invalid_expires_in"),
        ("expires_in_s", json!(172_801), "invalid_expires_in"),
        ("expires_in_s", json!("7200"), "wrong_type"),
        ("participant", json!("x".repeat(201)), "invalid_label"),
        ("registrant_id", json!("x".repeat(201)), "invalid_label"),
        ("release", json!("a\u{202e}b"), "invalid_label"),
        ("dims", json!([]), "wrong_type"),
        ("colour", json!("red"), "unknown_field"),
    ] {
        let answer = app
            .post("/v1/joins", &key, &with(field, value.clone()))
            .await;
        assert_eq!(
            answer.error(),
            (422, code, Some(field)),
            "{field} = {value}: {}",
            answer.body
        );
    }
    assert_eq!(
        app.post("/v1/joins", &key, &json!({})).await.error(),
        (422, "missing_field", Some("meeting_number"))
    );
    assert_eq!(
        app.post("/v1/joins", &key, &with("role", json!("host")))
            .await
            .error(),
        (422, "missing_zak", Some("zak"))
    );
}

#[tokio::test]
async fn a_dimension_that_is_there_twice_is_refused_and_a_hidden_character_is_called_one() {
    let app = App::new().await;
    app.register(NUMBER, "").await;
    let key = app.key("mint,report").await;
    let twice = format!(
        r#"{{"meeting_number":"{NUMBER}","user_name":"Aiko","dims":{{"tenant":"a","tenant":"b"}}}}"#
    );
    for path in ["/v1/joins", "/v1/attempts"] {
        let answer = app.call("POST", path, Some(&key), twice.clone()).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.body);
        assert_eq!(answer.error().1, "wrong_type", "{path}");
        let hint = &answer.body["error"]["hint"];
        assert_eq!(hint, "Expected an object of texts, each name once.");
    }
    let hidden = with("release", json!("a\u{0}b"));
    let answer = app.post("/v1/joins", &key, &hidden).await;
    assert_eq!(answer.body["error"]["hint"], "Remove it.");
}

#[tokio::test]
async fn minting_goes_on_while_the_store_is_away() {
    let app = App::new().await;
    app.register(NUMBER, "sesame").await;
    let key = app.key("mint,manage").await;
    std::fs::remove_file(app.store_file()).unwrap();
    app.directory.refresh().await.unwrap_err();
    assert_eq!(
        app.post("/v1/joins", &key, &join()).await.body["join"]["passWord"],
        "sesame"
    );
    let ready = app.call("GET", "/readyz", None, "").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["status"]),
        (200, &json!("degraded"))
    );
    let list = app.call("GET", "/v1/meetings", Some(&key), "").await;
    assert_eq!(list.error(), (503, "store_missing", None));
}
