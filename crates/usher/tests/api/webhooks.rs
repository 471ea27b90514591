//! `POST /webhooks/zoom`, with requests that are signed here.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Request;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{AnyConnection, Connection};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, MatchedBy, Source};
use usher_core::webhook::body_hash;

use crate::app::{Answer, App, NOW, NUMBER};

const SECRET: &str = "aSecretTokenForTests01";
const NEXT_SECRET: &str = "aSecretTokenForTests02";

async fn app() -> App {
    App::with(&format!("webhook_secrets = [\"{SECRET},{NEXT_SECRET}\"]")).await
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn hmac(secret: &str, message: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let tag = mac.chain_update(message).finalize().into_bytes();
    tag.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// As Zoom sends it at a moment.
fn signed(secret: &str, at: Timestamp, body: &[u8]) -> Request<Body> {
    let timestamp = at.as_second().to_string();
    let message = [b"v0:", timestamp.as_bytes(), b":", body].concat();
    Request::post("/webhooks/zoom")
        .header("x-zm-request-timestamp", timestamp)
        .header("x-zm-signature", format!("v0={}", hmac(secret, &message)))
        .body(Body::from(body.to_vec()))
        .unwrap()
}

async fn deliver(app: &App, body: &Value) -> Answer {
    let body = body.to_string();
    app.send(signed(SECRET, now(), body.as_bytes())).await
}

fn participant(event: &str, number: &str, customer_key: &str, name: &str, at: Timestamp) -> Value {
    json!({
        "event": format!("meeting.{event}"), "event_ts": at.as_millisecond(),
        "payload": { "account_id": "a", "object": { "id": number, "uuid": "u+1==", "participant": {
            "customer_key": customer_key, "user_name": name, "email": "ann@example.com",
            "join_time": at.to_string(), "date_time": at.to_string(), "leave_time": at.to_string(),
        }}},
    })
}

/// Waits until what is kept is settled or put off, and gives what Zoom said of an attempt.
async fn said_by_zoom(app: &App, attempt: AttemptId, count: usize) -> Vec<Event> {
    let store = app.directory.store().unwrap();
    for _ in 0..2000 {
        let mut events = store.events(attempt).await.unwrap();
        events.retain(|event| event.source == Source::Zoom);
        if events.len() >= count {
            return events;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("Zoom said less than {count} things of {attempt}");
}

async fn rows(app: &App) -> i64 {
    count(app, "SELECT count(*) FROM notifications").await
}

async fn count(app: &App, sql: &'static str) -> i64 {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}", app.store_file().display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn join(app: &App, name: &str) -> AttemptId {
    let key = app.key("mint").await;
    let join = json!({ "meeting_number": NUMBER, "passcode": "", "user_name": name });
    let answer = app.post("/v1/joins", &key, &join).await;
    AttemptId::parse(answer.body["attempt"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_not_signed_by_a_secret_of_ours_at_this_time_is_refused_and_not_kept() {
    let app = app().await;
    let body = br#"{"event":"meeting.started"}"#;
    let minutes = |n| now() + SignedDuration::from_mins(n);
    let without = |name: &str| {
        let mut request = signed(SECRET, now(), body);
        request.headers_mut().remove(name);
        request
    };
    let with = |name: &'static str, value: &str| {
        let mut request = signed(SECRET, now(), body);
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let with_another = |name: &'static str, value: &str| {
        let mut request = signed(SECRET, now(), body);
        request.headers_mut().append(name, value.parse().unwrap());
        request
    };
    let mut changed = signed(SECRET, now(), body);
    *changed.body_mut() = Body::from(&br#"{"event":"meeting.started" }"#[..]);
    let digits = "0".repeat(64);
    for (request, code) in [
        (without("x-zm-signature"), "missing_signature"),
        (without("x-zm-request-timestamp"), "missing_signature"),
        (with("x-zm-signature", "v0=zz"), "malformed"),
        (with("x-zm-signature", &digits), "malformed"),
        (
            with("x-zm-signature", &format!("v0={digits}")),
            "bad_signature",
        ),
        (with("x-zm-request-timestamp", "1"), "bad_signature"),
        // A valid one and one that contradicts it.
        (
            with_another("x-zm-signature", &format!("v0={digits}")),
            "malformed",
        ),
        (with_another("x-zm-request-timestamp", "1"), "bad_signature"),
        (signed("another-secret", now(), body), "bad_signature"),
        (signed("", now(), body), "bad_signature"),
        (changed, "bad_signature"),
        (signed(SECRET, minutes(-121), body), "too_old"),
        (signed(SECRET, minutes(6), body), "in_future"),
    ] {
        assert_eq!(app.send(request).await.error(), (401, code, None));
    }
    assert_eq!(rows(&app).await, 0);
    for at in [minutes(-119), minutes(4)] {
        assert_eq!(app.send(signed(SECRET, at, body)).await.status, 200);
    }
}

#[tokio::test]
async fn without_a_secret_nothing_is_taken_and_zoom_is_asked_to_come_again() {
    let app = App::new().await;
    let answer = app.send(signed("", now(), b"{}")).await;
    assert_eq!(answer.error(), (503, "no_webhook_secret", None));
}

#[tokio::test]
async fn a_challenge_is_answered_by_the_secret_that_signed_it() {
    let app = app().await;
    let challenge = |token: Value| {
        json!({ "event": "endpoint.url_validation", "payload": { "plainToken": token } })
            .to_string()
    };
    for secret in [SECRET, NEXT_SECRET] {
        let body = challenge(json!("qgg8vlvZRS6UYooatFL8Aw"));
        let answer = app.send(signed(secret, now(), body.as_bytes())).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({ "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
                "encryptedToken": hmac(secret, b"qgg8vlvZRS6UYooatFL8Aw") })
        );
    }
    let forged = format!("v0:{}:{{}}", now().as_second());
    for token in [json!(""), json!(forged), json!("a".repeat(129)), json!(5)] {
        let body = challenge(token);
        let answer = app.send(signed(SECRET, now(), body.as_bytes())).await;
        assert_eq!(
            answer.error(),
            (422, "invalid_plain_token", Some("plainToken"))
        );
    }
    assert_eq!(rows(&app).await, 0);
}

#[tokio::test]
async fn a_body_that_says_nothing_is_kept_as_such_and_not_asked_for_again() {
    let app = app().await;
    for body in [&b"\xff\xfe"[..], b"[]", br#"{"event":7}"#, b""] {
        assert_eq!(app.send(signed(SECRET, now(), body)).await.status, 200);
    }
    let other = json!({ "event": "meeting.\u{0}device_tested", "payload": {} });
    assert_eq!(deliver(&app, &other).await.status, 200);
    assert_eq!(rows(&app).await, 5);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_unread() {
    let app = app().await;
    let body = vec![b' '; 10 << 20];
    let answer = app.send(signed(SECRET, now(), &body)).await;
    assert_eq!(answer.error(), (413, "body_too_large", None));
}

#[tokio::test]
async fn a_notification_confirms_its_attempt_once_however_often_it_comes() {
    let app = app().await;
    let attempt = join(&app, "Ann").await;
    let at = now() + SignedDuration::from_secs(3);
    let body = participant(
        "participant_joined",
        NUMBER,
        &attempt.to_string(),
        "Ann",
        at,
    );
    for is_duplicate in [false, true, true] {
        let answer = deliver(&app, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (
                200,
                json!({ "recorded": "stored", "is_duplicate": is_duplicate })
            )
        );
    }
    let said = said_by_zoom(&app, attempt, 1).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].id, body_hash(body.to_string().as_bytes()));
    assert_eq!((said[0].at, said[0].received_at), (at, now()));
    assert_eq!(said[0].facts.matched_by, Some(MatchedBy::CustomerKey));
    assert_eq!(said[0].facts.meeting_uuid.as_deref(), Some("u+1=="));
    assert_eq!(
        said[0].facts.zoom_event.as_deref(),
        Some("meeting.participant_joined")
    );
}

#[tokio::test]
async fn a_foreign_key_is_doubted_an_unknown_one_changes_nothing_and_a_name_is_a_guess() {
    let app = app().await;
    let at = now() + SignedDuration::from_secs(3);
    let event = "participant_joined";
    let ann = join(&app, "Ann").await;
    let unknown = AttemptId::new(now(), 99);
    for (number, key) in [
        ("85000000009", ann.to_string()),
        (NUMBER, unknown.to_string()),
    ] {
        let body = participant(event, number, &key, "Somebody", at);
        assert_eq!(deliver(&app, &body).await.status, 200);
    }
    let said = said_by_zoom(&app, ann, 1).await;
    assert_eq!(
        said[0].facts.matched_by,
        Some(MatchedBy::DoubtfulCustomerKey)
    );
    let by_name = participant(event, NUMBER, "a key of the product's", "ann ", at);
    deliver(&app, &by_name).await;
    let said = said_by_zoom(&app, ann, 2).await;
    let guesses = |event: &&Event| event.facts.matched_by == Some(MatchedBy::Guess);
    assert_eq!(said.iter().filter(guesses).count(), 1);
    let store = app.directory.store().unwrap();
    assert!(store.events(unknown).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_that_tells_who_it_is_is_kept() {
    let app = app().await;
    let at = now();
    let event = "participant_joined";
    let body = participant(event, NUMBER, "person-4711", "Ann Secret", at);
    deliver(&app, &body).await;
    let told = "SELECT count(*) FROM notifications WHERE event || coalesce(meeting_uuid, '') || facts || coalesce(hashes, '') \
                LIKE '%Secret%' OR facts LIKE '%4711%' OR facts LIKE '%example.com%'";
    assert_eq!((rows(&app).await, count(&app, told).await), (1, 0));
}

#[tokio::test]
async fn while_the_store_is_locked_notifications_wait_in_the_spool_and_come_out_once() {
    let app = app().await;
    let attempt = join(&app, "Ann").await;
    let url = format!("sqlite://{}", app.store_file().display());
    let mut lock = AnyConnection::connect(&url).await.unwrap();
    let begin = async |lock: &mut AnyConnection, sql: &'static str| {
        sqlx::query(sql).execute(lock).await.unwrap();
    };
    begin(&mut lock, "BEGIN IMMEDIATE").await;
    let at = now() + SignedDuration::from_secs(1);
    let key = attempt.to_string();
    let body = participant("participant_joined", NUMBER, &key, "Ann", at);
    let began = std::time::Instant::now();
    for _ in 0..2 {
        let answer = deliver(&app, &body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["recorded"]),
            (200, &json!("spooled"))
        );
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(3));
    begin(&mut lock, "ROLLBACK").await;
    while rows(&app).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The next notification wakes who settles.
    let left = participant("participant_left", NUMBER, &key, "Ann", at);
    deliver(&app, &left).await;
    assert_eq!(said_by_zoom(&app, attempt, 2).await.len(), 2);
    assert_eq!(rows(&app).await, 2);
}
