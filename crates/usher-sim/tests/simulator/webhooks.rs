//! Webhooks as their receiver gets them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_HOST_ID, DEMO_MEETING, Delivery, DeliveryState, EventKind, LoopbackUrl,
    Person, Subscription, TimestampUnit, WebhookError, WebhookEvent, WebhookFault, WrongSignature,
};

use crate::receiver::{Receiver, SECRET, hex_hmac, subscribed};
use crate::zoom::Zoom;

const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a805";

pub(crate) fn joined() -> WebhookEvent {
    WebhookEvent::new(
        EventKind::ParticipantJoined,
        DEMO_MEETING,
        Person::with_customer_key(KEY),
    )
}

pub(crate) fn subscribe(zoom: &Zoom, subscription: Subscription) {
    zoom.simulator
        .steer(|world| world.webhooks.subscribe(subscription));
}

pub(crate) fn add_fault(zoom: &Zoom, fault: WebhookFault) {
    zoom.simulator
        .steer(|world| world.webhooks.faults.add(fault));
}

pub(crate) async fn send(zoom: &Zoom, event: WebhookEvent) -> Delivery {
    let mut deliveries = zoom.simulator.send_webhook(event).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_timestamp_and_its_bytes() {
    let (zoom, receiver) = subscribed().await;
    let delivery = send(&zoom, joined()).await;
    let received = receiver.last();
    assert!(received.is_signed_with(SECRET) && !received.is_signed_with("another"));
    assert_eq!(received.raw, delivery.body);
    let now = jiff::Timestamp::now().as_second();
    assert!((now - received.timestamp.parse::<i64>().unwrap()).abs() <= 5);
}

#[tokio::test]
async fn the_timestamp_can_be_in_milliseconds() {
    let (zoom, receiver) = subscribed().await;
    subscribe(
        &zoom,
        Subscription {
            timestamp_unit: TimestampUnit::Milliseconds,
            ..receiver.subscription()
        },
    );
    send(&zoom, joined()).await;
    assert_eq!(receiver.last().timestamp.len(), 13);
    assert!(receiver.last().is_signed_with(SECRET));
}

#[tokio::test]
async fn an_event_has_the_envelope_and_the_fields_of_the_reference() {
    let (zoom, receiver) = subscribed().await;
    let person = Person {
        user_name: Some("Ann".into()),
        registrant_id: Some("r-1".into()),
        ..Person::with_customer_key(KEY)
    };
    let at = "2026-11-24T13:00:00.5Z".parse().unwrap();
    let event = WebhookEvent {
        person,
        at: Some(at),
        ..joined()
    };
    send(&zoom, event).await;
    let body = receiver.last().body();
    assert_eq!(body["event"], "meeting.participant_joined");
    assert_eq!(body["event_ts"], 1_795_525_200_500_i64);
    assert_eq!(body["payload"]["account_id"], DEMO_ACCOUNT_ID);
    let object = &body["payload"]["object"];
    assert_eq!(object["id"], DEMO_MEETING.to_string());
    assert_eq!(object["host_id"], DEMO_HOST_ID);
    let participant = &object["participant"];
    assert_eq!(participant["customer_key"], KEY);
    assert_eq!(participant["registrant_id"], "r-1");
    assert_eq!(participant["user_name"], "Ann");
    assert_eq!(participant["join_time"], "2026-11-24T13:00:00Z");
    assert_eq!(
        (&participant["email"], &participant["participant_user_id"]),
        (&json!(""), &json!(""))
    );
}

/// Every event that the reference names, and of each which of a few telling fields it has.
#[tokio::test]
async fn each_event_carries_its_own_fields() {
    let (zoom, receiver) = subscribed().await;
    let person = Person {
        registrant_id: Some("r-1".into()),
        phone_number: Some("1".into()),
        ..Person::with_customer_key(KEY)
    };
    for kind in EventKind::ALL {
        send(&zoom, WebhookEvent::new(kind, DEMO_MEETING, person.clone())).await;
        let object = receiver.last().body()["payload"]["object"].clone();
        let has = |name: &str| object["participant"].get(name).is_some();
        let name = kind.name();
        let is_about_somebody = name.contains("participant");
        assert_eq!(
            object.get("participant").is_some(),
            is_about_somebody,
            "{name}"
        );
        assert_eq!(has("customer_key"), is_about_somebody, "{name}");
        assert_eq!(
            has("registrant_id"),
            is_about_somebody && kind != EventKind::JbhWaiting,
            "{name}"
        );
        let (time, number) = match kind {
            EventKind::ParticipantJoined => (has("join_time"), false),
            EventKind::ParticipantLeft => (has("leave_time") && has("leave_reason"), false),
            EventKind::JbhWaiting | EventKind::JbhJoined => (!has("date_time"), false),
            EventKind::JbhWaitingLeft => (!has("date_time"), true),
            EventKind::JoinedWaitingRoom | EventKind::LeftWaitingRoom => {
                (has("date_time") && has("phone_number"), false)
            }
            EventKind::PutInWaitingRoom | EventKind::Admitted => {
                (has("date_time") && !has("phone_number"), false)
            }
            EventKind::MeetingEnded => (object.get("end_time").is_some(), false),
            EventKind::MeetingStarted => (object.get("end_time").is_none(), false),
            EventKind::MeetingUpdated => (object.get("end_time").is_none(), true),
        };
        assert!(time, "{name}: {object}");
        assert_eq!(object["id"].is_number(), number, "{name}");
    }
}

#[tokio::test]
async fn any_field_can_be_missing_or_another() {
    let (zoom, receiver) = subscribed().await;
    let change =
        json!({ "topic": "Other", "participant": { "customer_key": null, "join_time": null } });
    let event = WebhookEvent {
        object: Some(change),
        ..joined()
    };
    send(&zoom, event).await;
    let object = receiver.last().body()["payload"]["object"].clone();
    let participant = object["participant"].as_object().unwrap();
    assert_eq!(object["topic"], "Other");
    assert!(!participant.contains_key("customer_key") && !participant.contains_key("join_time"));
    assert!(participant.contains_key("user_id"));
    send(
        &zoom,
        WebhookEvent::new(
            EventKind::ParticipantJoined,
            DEMO_MEETING,
            Person::default(),
        ),
    )
    .await;
    let participant = receiver.last().body()["payload"]["object"]["participant"].clone();
    for missing in ["customer_key", "registrant_id", "user_name"] {
        assert_eq!(participant.get(missing), None, "{missing}");
    }
}

#[tokio::test]
async fn an_endpoint_that_knows_the_secret_passes_the_validation() {
    let (zoom, receiver) = subscribed().await;
    let validate = async |answer: Value| {
        receiver.answers_with(Some(200), &answer.to_string());
        let url = receiver.url();
        let mut deliveries = zoom
            .simulator
            .validate_webhook(&url, Some("abc"))
            .await
            .unwrap();
        deliveries.remove(0)
    };
    let right = json!({ "plainToken": "abc", "encryptedToken": hex_hmac(SECRET, "abc") });
    assert_eq!(validate(right).await.state, DeliveryState::Delivered);
    let challenge = receiver.last();
    assert!(challenge.is_signed_with(SECRET));
    assert_eq!(challenge.event(), "endpoint.url_validation");
    assert_eq!(challenge.body()["payload"], json!({ "plainToken": "abc" }));
    for (answer, named) in [
        (
            json!({ "plainToken": "abc", "encryptedToken": hex_hmac("x", "abc") }),
            "encryptedToken",
        ),
        (
            json!({ "plainToken": "ab", "encryptedToken": hex_hmac(SECRET, "ab") }),
            "plainToken",
        ),
        (json!("no"), "plainToken"),
    ] {
        let delivery = validate(answer).await;
        assert_eq!(delivery.state, DeliveryState::Failed);
        assert!(
            delivery.attempts[0]
                .error
                .as_deref()
                .unwrap()
                .contains(named)
        );
    }
    zoom.simulator
        .validate_webhook(&receiver.url(), None)
        .await
        .unwrap();
    let made = receiver.last().body()["payload"]["plainToken"].clone();
    assert_eq!(made.as_str().unwrap().len(), 22);
}

#[tokio::test]
async fn a_signature_can_be_wrong_in_each_way() {
    let (zoom, receiver) = subscribed().await;
    for (wrong, is_so) in [
        (
            WrongSignature::Forged,
            (|text| text.is_some_and(|text| text.len() == 67)) as fn(Option<&str>) -> bool,
        ),
        (WrongSignature::Malformed, |text| {
            text == Some("v0=not-hexadecimal")
        }),
        (WrongSignature::Missing, |text| text.is_none()),
    ] {
        add_fault(
            &zoom,
            WebhookFault {
                signature: Some(wrong),
                times: Some(1),
                ..WebhookFault::default()
            },
        );
        send(&zoom, joined()).await;
        let received = receiver.last();
        assert!(is_so(received.signature.as_deref()), "{wrong:?}");
        assert!(!received.is_signed_with(SECRET), "{wrong:?}");
    }
    send(&zoom, joined()).await;
    assert!(receiver.last().is_signed_with(SECRET), "all are used up");
}

#[tokio::test]
async fn a_timestamp_can_be_stale_or_from_the_future_and_is_signed() {
    let (zoom, receiver) = subscribed().await;
    for offset_s in [-7260, 600] {
        add_fault(
            &zoom,
            WebhookFault {
                timestamp_offset_ms: offset_s * 1000,
                times: Some(1),
                ..WebhookFault::default()
            },
        );
        send(&zoom, joined()).await;
        let received = receiver.last();
        let ahead_s =
            received.timestamp.parse::<i64>().unwrap() - jiff::Timestamp::now().as_second();
        assert!((ahead_s - offset_s).abs() <= 5, "{ahead_s}");
        assert!(received.is_signed_with(SECRET));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_told() {
    let (zoom, receiver) = subscribed().await;
    let event = WebhookEvent::new(EventKind::MeetingStarted, 81_111_111_111, Person::default());
    assert_eq!(
        zoom.simulator.send_webhook(event).await.unwrap_err(),
        WebhookError::NoMeeting(81_111_111_111)
    );
    let other: LoopbackUrl = "http://localhost:1/".parse().unwrap();
    assert_eq!(
        zoom.simulator
            .validate_webhook(&other, None)
            .await
            .unwrap_err(),
        WebhookError::NoSubscription
    );
    for (path, body) in [
        (
            "send",
            json!({ "event": "meeting.exploded", "meeting": DEMO_MEETING }),
        ),
        ("send", json!({ "event": "meeting.started", "meeting": 1 })),
        ("validate", json!({ "url": "http://localhost:1/" })),
        ("deliver", json!({ "id": 3 })),
    ] {
        let path = format!("/_sim/webhooks/{path}");
        let response = zoom
            .request(Method::POST, &path)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path} {body}"
        );
    }
    assert!(receiver.received().is_empty());
}

#[test]
fn webhooks_stay_on_this_machine() {
    for url in [
        "http://127.0.0.1:8080/webhooks/zoom",
        "http://localhost/",
        "http://[::1]:9/x",
    ] {
        assert!(url.parse::<LoopbackUrl>().is_ok(), "{url}");
    }
    for url in [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "nothing",
    ] {
        assert!(url.parse::<LoopbackUrl>().is_err(), "{url}");
    }
}

#[tokio::test]
async fn subscriptions_and_faults_are_steered_from_outside() {
    let receiver = Receiver::start().await;
    let zoom = Zoom::start().await;
    let url = String::from(receiver.url());
    let subscription =
        json!({ "url": url, "secret_token": SECRET, "timestamp_unit": "milliseconds" });
    zoom.control(Method::PUT, "webhooks/subscriptions", subscription)
        .await;
    let id = zoom
        .control(
            Method::POST,
            "webhooks/faults",
            json!({ "signature": "forged" }),
        )
        .await["id"]
        .clone();
    let body = json!({ "event": "meeting.participant_joined", "meeting": DEMO_MEETING, "person": { "customer_key": KEY } });
    zoom.control(Method::POST, "webhooks/send", body.clone())
        .await;
    assert!(!receiver.last().is_signed_with(SECRET));
    let faults = zoom
        .control(Method::GET, "webhooks/faults", Value::Null)
        .await;
    assert_eq!(
        (&faults["faults"][0]["id"], &faults["faults"][0]["struck"]),
        (&id, &json!(1))
    );
    zoom.control(
        Method::DELETE,
        &format!("webhooks/faults/{id}"),
        Value::Null,
    )
    .await;
    let sent = zoom.control(Method::POST, "webhooks/send", body).await;
    assert_eq!(sent["deliveries"][0]["state"], "delivered");
    assert!(receiver.last().is_signed_with(SECRET));
    let state = zoom
        .control(Method::GET, "webhooks/subscriptions", Value::Null)
        .await;
    assert_eq!(state["subscriptions"][0]["url"], url);
    zoom.control(Method::POST, "reset", json!({})).await;
    let state = zoom
        .control(Method::GET, "webhooks/subscriptions", Value::Null)
        .await;
    assert_eq!(state["subscriptions"], json!([]));
}
