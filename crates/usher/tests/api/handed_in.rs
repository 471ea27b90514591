//! Attempts that were minted elsewhere and are handed in.

use axum::body::Body;
use serde_json::{Value, json};

use crate::app::{App, NUMBER};
use crate::attempts::{ATTEMPT, mint, read};

#[tokio::test]
async fn an_attempt_that_was_minted_elsewhere_is_taken_in_without_its_token() {
    let app = App::new().await;
    let key = app.key("mint,report").await;
    let join = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    let minted = app.post("/v1/joins", &key, &join).await.body;
    let ours = minted["join"]["signature"].as_str().unwrap();
    let (signed, hmac) = ours.rsplit_once('.').unwrap();
    let reversed: String = hmac.chars().rev().collect();
    let forged = format!("{signed}.{}A", &reversed[1..]);
    let foreign = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBLZXkiOiJvdGhlciJ9.AAAA";
    for (n, (signature, hmac)) in [
        (ours, "valid"),
        (&forged, "invalid"),
        (foreign, "not_checkable"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("018b17bddd847000800000000000001{n}");
        let body = json!({
            "meeting_number": NUMBER, "signature": signature, "attempt": id, "outcome": "failed", "code": "3712",
        });
        let answer = app.post("/v1/attempts", &key, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.body["attempt"], id);
        assert_eq!(answer.body["recorded"], "stored");
        let shown = read(&app, &format!("/v1/attempts/{id}")).await.body;
        assert_eq!(shown["attempt"]["signature"]["hmac"], hmac);
        assert_eq!(shown["attempt"]["outcome"], "failed");
        assert!(!shown.to_string().contains("eyJ"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_attempt_from_elsewhere_is_named() {
    let app = App::new().await;
    let key = app.key("report").await;
    for (more, expected) in [
        (
            json!({ "signature": "nonsense" }),
            (422, "invalid_signature", Some("signature")),
        ),
        (
            json!({ "claims": [1] }),
            (422, "invalid_claims", Some("claims")),
        ),
        (
            json!({ "claims": {}, "signature": "a.b.c" }),
            (422, "conflict", Some("claims")),
        ),
        (
            json!({ "claims": {"iat": 1, "pad": "x".repeat(4_096)} }),
            (422, "invalid_claims", Some("claims")),
        ),
        (
            json!({ "at": "2093-01-01T00:00:00Z" }),
            (422, "invalid_time", Some("at")),
        ),
        (
            json!({ "at": "1999-01-01T00:00:00Z" }),
            (422, "invalid_time", Some("at")),
        ),
        (
            json!({ "at": "2022-09-05T03:59:59Z" }),
            (422, "beyond_retention", Some("at")),
        ),
        (
            // The same second, in the id.
            json!({ "attempt": "01830bce1618700080000000000000a1" }),
            (422, "beyond_retention", Some("attempt")),
        ),
        (
            json!({ "outcome": "fine" }),
            (422, "invalid_value", Some("outcome")),
        ),
        (
            json!({ "attempt": "x" }),
            (422, "invalid_id", Some("attempt")),
        ),
        (
            json!({ "dims": {"code": "x"} }),
            (422, "reserved_dimension", Some("dims.code")),
        ),
        (
            json!({ "secret": "x" }),
            (422, "unknown_field", Some("secret")),
        ),
    ] {
        let mut body = json!({ "meeting_number": NUMBER });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(
            app.post("/v1/attempts", &key, &body).await.error(),
            expected,
            "{more}"
        );
    }
}

#[tokio::test]
async fn claims_that_nobody_could_read_again_are_refused() {
    let app = App::new().await;
    let key = app.key("report").await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for claims in [
        r#"{"iat":1e999}"#,
        r#"{"mn":"\ud800"}"#,
        &format!(r#"{{"iat":{deep}}}"#),
    ] {
        let body = format!(r#"{{"meeting_number":"{NUMBER}","claims":{claims}}}"#);
        let answer = app
            .call("POST", "/v1/attempts", Some(&key), Body::from(body))
            .await;
        assert_eq!(
            answer.error(),
            (422, "invalid_claims", Some("claims")),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn what_was_minted_here_is_not_handed_in_again() {
    let app = App::new().await;
    mint(&app, json!({ "release": "r7" })).await;
    let key = app.key("report").await;
    let body = json!({
        "meeting_number": "99999999999", "release": "forged", "at": "2023-10-10T03:59:00Z", "claims": {"iat": 1},
        "attempt": ATTEMPT.trim_start_matches("/v1/attempts/"),
    });
    let answer = app.post("/v1/attempts", &key, &body).await;
    assert_eq!(answer.error(), (409, "minted_here", Some("attempt")));
    let shown = read(&app, ATTEMPT).await.body;
    assert_eq!(shown["attempt"]["dims"]["release"], "r7");
    assert_eq!(shown["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn all_fields_of_a_join_request_are_taken_and_none_that_is_secret_is_kept() {
    let app = App::new().await;
    let key = app.key("report").await;
    for (n, passcode, from) in [(1, "p4ss-w0rd", json!("request")), (2, "", Value::Null)] {
        let id = format!("018b17bddd847000800000000000003{n}");
        let body = json!({
            "attempt": id,
            "meeting_number": 85_012_345_678_u64, "user_name": "Aiko", "role": 1, "view": "component", "sdk_version": "6.2.0",
            "passcode": passcode, "app": "tokyo", "user_email": "aiko@example.com", "registrant_token": "hush-tk", "zak": "hush-zak",
            "obf_token": "hush-obf", "video_webrtc_mode": 1, "expires_in_s": 7_200, "participant": "p-1", "release": "r1",
            "environment": "test", "dims": {"tenant": "acme"}, "claims": {"mn": NUMBER},
        });
        let answer = app.post("/v1/attempts", &key, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let shown = read(&app, &format!("/v1/attempts/{id}")).await.body;
        assert_eq!(shown["events"][0]["origin"]["passcode_from"], from);
        let shown = shown.to_string();
        for secret in ["p4ss-w0rd", "aiko@", "hush"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn an_attempt_tells_of_its_signature_what_the_signatures_of_its_hour_tell() {
    let app = App::new().await;
    let key = app.key("report,read").await;
    // 2023-10-10T03:59:00Z, a minute before the id's own time: judged then, its `iat` lies in the future.
    let claims = json!({
        "appKey": "k", "sdkKey": "k", "mn": NUMBER, "role": 0, "iat": 1_696_910_390, "exp": 1_696_917_590, "tokenExp": 1_696_917_590,
    });
    for (n, (more, cause)) in [
        (
            json!({ "at": "2023-10-10T03:59:00Z", "role": "attendee" }),
            "iat_in_future_clock_skew",
        ),
        (json!({ "role": "host" }), "role_mismatch"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("018b17bddd847000800000000000002{n}");
        let mut body = json!({ "meeting_number": NUMBER, "claims": claims, "attempt": id });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = app.post("/v1/attempts", &key, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let shown = read(&app, &format!("/v1/attempts/{id}")).await.body;
        assert_eq!(shown["attempt"]["signature"]["verdict"]["cause"], cause);
        let path = "/v1/signatures?from=2023-10-10T03:00:00Z&to=2023-10-10T05:00:00Z";
        let audit = read(&app, path).await.body;
        let listed = audit["invalid_signatures"].as_array().unwrap();
        let listed = listed.iter().find(|one| one["attempt"] == id).unwrap();
        assert_eq!(listed["cause"], cause);
    }
}

#[tokio::test]
async fn a_signature_by_another_secret_is_called_so_in_its_attempts_verdict() {
    let app = App::new().await;
    let key = app.key("mint,report,read").await;
    let join = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    let minted = app.post("/v1/joins", &key, &join).await.body;
    let (signed, _) = minted["join"]["signature"]
        .as_str()
        .unwrap()
        .rsplit_once('.')
        .unwrap();
    let id = "018b17bddd8470008000000000000041";
    let body =
        json!({ "meeting_number": NUMBER, "signature": format!("{signed}.AAAA"), "attempt": id });
    assert_eq!(app.post("/v1/attempts", &key, &body).await.status, 201);
    let shown = read(&app, &format!("/v1/attempts/{id}")).await.body;
    let verdict = &shown["attempt"]["signature"]["verdict"];
    assert_eq!(verdict["cause"], "wrong_secret_or_key_pair");
}

#[tokio::test]
async fn who_supplied_the_passcode_is_known_if_there_is_one() {
    for (registered, from) in [("sesame", json!("meeting")), ("", Value::Null)] {
        let app = App::new().await;
        app.register(NUMBER, registered).await;
        let key = app.key("mint").await;
        let join = json!({ "meeting_number": NUMBER, "user_name": "Aiko" });
        assert_eq!(app.post("/v1/joins", &key, &join).await.status, 200);
        let shown = read(&app, ATTEMPT).await.body;
        assert_eq!(shown["events"][0]["origin"]["passcode_from"], from);
    }
}
