//! What pages and backends tell of an attempt.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use usher_core::attempt::story::Phase;

use super::attempts::{ATTEMPT, EVENTS, mint, read, told};
use crate::app::{App, NUMBER};

#[tokio::test]
async fn a_page_tells_what_became_of_its_attempt() {
    let app = App::new().await;
    let token = mint(
        &app,
        json!({ "participant": "p-1", "release": "r7", "dims": {"tenant": "acme"} }),
    )
    .await;
    let failed = json!({
        "id": "2", "type": "failed", "at": "2023-10-10T04:00:00.8Z", "code": 3712, "reason": "Signature is invalid.",
        "raw": {"errorCode": 3712},
    });
    let body = json!({
        "events": [told("1", "called"), failed],
        "client": {"sdk_version": "6.2.0", "view": "client", "browser": "Chrome 130", "cross_origin_isolated": false},
    });
    let answer = app.post(EVENTS, &token, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(
        answer.body,
        json!({ "accepted": 2, "duplicates": 0, "recorded": "stored", "server_time": "2023-10-10T04:00:00.9Z" })
    );
    let again = app.post(EVENTS, &token, &body).await;
    assert_eq!(
        (&again.body["accepted"], &again.body["duplicates"]),
        (&json!(0), &json!(2))
    );

    let shown = read(&app, ATTEMPT).await.body;
    let attempt = &shown["attempt"];
    assert_eq!(attempt["outcome"], "failed");
    assert_eq!(attempt["failure"]["code"], "3712");
    assert_eq!(attempt["failure"]["class"], "signature");
    assert_eq!(attempt["failure"]["party"], "integrator");
    assert_eq!(attempt["participant"], "p-1");
    assert_eq!(attempt["dims"]["browser"], "Chrome 130");
    assert_eq!(attempt["dims"]["tenant"], "acme");
    assert_eq!(attempt["dims"]["network"], "192.0.2.0/24");
    assert_eq!(attempt["signature"]["hmac"], "valid");
    assert_eq!(attempt["signature"]["claims"]["mn"], NUMBER);
    assert_eq!(attempt["signature"]["verdict"]["cause"], Value::Null);
    let events = shown["events"].as_array().unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["minted", "called", "failed"]);
    assert_eq!(events[2]["raw"], json!({"errorCode": 3712}));
    assert!(!shown.to_string().contains("Aiko"), "names are not kept");
    assert!(!shown.to_string().contains("eyJ"), "nor are signatures");
}

#[tokio::test]
async fn a_page_that_tells_too_much_of_one_attempt_hears_what_was_not_kept() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let tell = async |from: u32| {
        let events: Vec<Value> = (from..from + 100)
            .map(|n| told(&n.to_string(), "called"))
            .collect();
        let answer = app.post(EVENTS, &token, &json!({ "events": events })).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let count = |name: &str| answer.body[name].as_u64();
        (count("accepted"), count("duplicates"), count("dropped"))
    };
    assert_eq!(tell(0).await, (Some(100), Some(0), None));
    assert_eq!(tell(90).await, (Some(90), Some(10), None));
    assert_eq!(tell(180).await, (Some(10), Some(10), Some(80)));
    let shown = read(&app, ATTEMPT).await.body;
    assert_eq!(shown["events"].as_array().unwrap().len(), 201);
}

#[tokio::test]
async fn a_beacon_carries_its_token_in_a_text_body() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let body = json!({ "events": [told("1", "gave_up")], "token": token });
    let request = Request::post(EVENTS)
        .header("content-type", "text/plain;charset=UTF-8")
        .body(Body::from(body.to_string()))
        .unwrap();
    assert_eq!(app.send(request).await.status, 202);
}

#[tokio::test]
async fn whoever_reports_on_a_foreign_unknown_or_old_attempt_is_told_so() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let body = json!({ "events": [told("1", "called")] });
    // Minted two days before: its record would have come by now.
    let other = "/v1/attempts/018b0d71258470008000000000000008/events";
    assert_eq!(
        app.post(other, &token, &body).await.error(),
        (401, "bad_report_token", None)
    );
    assert_eq!(
        app.call("POST", EVENTS, None, body.to_string())
            .await
            .error(),
        (401, "no_key", None)
    );
    let report = app.key("report").await;
    assert_eq!(
        app.post(other, &report, &body).await.error(),
        (404, "unknown_attempt", Some("id"))
    );
    assert_eq!(
        app.post("/v1/attempts/nonsense/events", &report, &body)
            .await
            .error()
            .0,
        404
    );
    let mint_only = app.key("mint").await;
    assert_eq!(
        app.post(EVENTS, &mint_only, &body).await.error(),
        (403, "missing_scope", None)
    );
    assert_eq!(app.post(EVENTS, &report, &body).await.status, 202);
}

#[tokio::test]
async fn a_backends_report_may_come_before_the_record_of_the_mint_and_no_id_may_be_of_the_future() {
    let app = App::new().await;
    let report = app.key("report").await;
    let body = json!({ "events": [told("1", "called"), told("2", "joined")] });
    let young = "018b17bddd8470008000000000000008";
    let answer = app
        .post(&format!("/v1/attempts/{young}/events"), &report, &body)
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let shown = read(&app, &format!("/v1/attempts/{young}")).await.body;
    assert_eq!(shown["attempt"]["outcome"], "joined");
    assert_eq!(shown["attempt"]["oddities"].as_array().unwrap().len(), 1);
    for id in [
        "ffffffffffff7fff8000000000000000",
        // Six minutes ahead of now.
        "018b17c35bc470008000000000000008",
        "00000000000070008000000000000008",
    ] {
        let path = format!("/v1/attempts/{id}/events");
        let answer = app.post(&path, &report, &body).await;
        assert_eq!(answer.error(), (404, "unknown_attempt", Some("id")), "{id}");
        let body = json!({ "meeting_number": NUMBER, "attempt": id });
        let answer = app.post("/v1/attempts", &report, &body).await;
        assert_eq!(answer.error(), (422, "invalid_id", Some("attempt")), "{id}");
    }
}

#[tokio::test]
async fn what_a_page_says_of_itself_is_kept_once_a_request_and_seen_all_the_same() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let client = |browser: &str| json!({ "browser": browser, "view": "client" });
    let [one, two, three] = [("1", "loaded"), ("2", "called"), ("3", "joined")];
    let first = json!({ "events": [told(one.0, one.1), told(two.0, two.1)], "client": client("Chrome 130") });
    assert_eq!(app.post(EVENTS, &token, &first).await.status, 202);
    // The answer was lost on the way, so that all of it comes again.
    let again = json!({
        "events": [told(one.0, one.1), told(two.0, two.1), told(three.0, three.1)], "client": client("Chrome 131"),
    });
    assert_eq!(app.post(EVENTS, &token, &again).await.body["accepted"], 1);
    let shown = read(&app, ATTEMPT).await.body;
    let events = shown["events"].as_array().unwrap();
    let with_client = |event: &&Value| event["client"].is_object();
    assert_eq!(events.iter().filter(with_client).count(), 2);
    assert_eq!(shown["attempt"]["dims"]["browser"], "Chrome 131");
}

#[tokio::test]
async fn clocks_off_by_years_and_endless_reasons_do_no_harm() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let body = json!({
        "sent_at": "2031-01-01T00:00:10Z",
        "events": [{
            "id": "1", "type": "failed", "at": "2031-01-01T00:00:10Z", "code": -3000,
            "reason": "x".repeat(30_000), "raw": {"text": "y".repeat(20_000)},
        }],
    });
    assert_eq!(app.post(EVENTS, &token, &body).await.status, 202);
    let shown = read(&app, ATTEMPT).await.body;
    let event = &shown["events"][1];
    assert_eq!(event["at"], "2023-10-10T04:00:00.9Z");
    assert_eq!(event["claimed_at"], "2031-01-01T00:00:10Z");
    assert_eq!(event["reason"].as_str().unwrap().chars().count(), 2_000);
    assert!(event["raw"].to_string().len() < 9_000);
    assert_eq!(shown["attempt"]["failure"]["code"], "-3000");

    let endless = json!({ "events": [], "reason": "x".repeat(10 << 20) });
    assert_eq!(app.post(EVENTS, &token, &endless).await.error().0, 413);
    let many: Vec<Value> = (0..101).map(|n| told(&n.to_string(), "called")).collect();
    let answer = app.post(EVENTS, &token, &json!({ "events": many })).await;
    assert_eq!(answer.error(), (422, "too_many", Some("events")));
    let answer = app
        .post(EVENTS, &token, &json!({ "events": [told("", "called")] }))
        .await;
    assert_eq!(answer.error(), (422, "invalid_id", Some("events[0].id")));
    let answer = app
        .post(
            EVENTS,
            &token,
            &json!({ "events": [told("1", "exploded")] }),
        )
        .await;
    assert_eq!(answer.error(), (422, "wrong_type", Some("events[0].type")));
    // Fields without their names.
    let answer = app
        .post(EVENTS, &token, &json!({ "events": [], "client": [] }))
        .await;
    assert_eq!(answer.error(), (422, "wrong_type", Some("client")));
}

#[tokio::test]
async fn a_time_that_can_t_be_read_costs_no_event() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let times = [
        json!("9999-12-31T23:59:59Z"),
        json!("+010000-01-01T00:00:00.000Z"),
        json!("yesterday"),
        json!(1_696_910_400_000_u64),
        json!({}),
        Value::Null,
    ];
    let events: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(n, at)| json!({ "id": n.to_string(), "type": "called", "at": at }))
        .collect();
    let body = json!({ "events": events, "sent_at": "+275760-09-13T00:00:00.000Z" });
    let answer = app.post(EVENTS, &token, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let shown = read(&app, ATTEMPT).await.body;
    let events = &shown["events"].as_array().unwrap()[1..];
    assert_eq!(events.len(), times.len());
    for event in events {
        assert_eq!(event["at"], event["received_at"]);
        assert!(event.get("claimed_at").is_none(), "{event}");
    }
}

#[tokio::test]
async fn half_a_surrogate_pair_and_bytes_that_are_no_text_cost_no_event() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let told = br#"{"events":[{"id":"1","type":"failed","code":1,"reason":"a\ud83d b\xff c","raw":{"text":"\ude00"}}]}"#;
    let mut body = told.to_vec();
    let at = told.windows(4).position(|bytes| bytes == br"\xff").unwrap();
    body.splice(at..at + 4, [0xff]);
    let answer = app.call("POST", EVENTS, Some(&token), body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let shown = read(&app, ATTEMPT).await.body;
    assert_eq!(shown["attempt"]["outcome"], "failed");
    let event = &shown["events"][1];
    assert_eq!(event["reason"], "a\u{fffd} b\u{fffd} c");
    assert_eq!(event["raw"]["text"], "\u{fffd}");
}

#[tokio::test]
async fn an_attempts_outcome_is_that_of_the_events_beside_it_also_while_its_row_changes() {
    let app = App::new().await;
    let token = mint(&app, json!({})).await;
    let body = json!({ "events": [told("1", "called"), told("2", "waiting")] });
    assert_eq!(app.post(EVENTS, &token, &body).await.status, 202);
    // As a reader finds the row who came to it before the second event was written.
    let url = format!("sqlite://{}", app.store_file().display());
    sqlx::any::install_default_drivers();
    let mut store = AnyConnection::connect(&url).await.unwrap();
    let called = format!("UPDATE attempts SET phase = {}", Phase::Called.number());
    sqlx::query(AssertSqlSafe(called))
        .execute(&mut store)
        .await
        .unwrap();
    let shown = read(&app, ATTEMPT).await.body;
    assert_eq!(shown["events"][2]["type"], "waiting");
    assert_eq!(shown["attempt"]["outcome"], "waiting");
}
