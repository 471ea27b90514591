//! What becomes of a webhook: its result, its retries, and what goes wrong on the way.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sim::{
    DEMO_MEETING, Deliver, DeliveryState, EventKind, LoopbackUrl, Person, RetriedFailures,
    Subscription, WebhookEvent, WebhookFault,
};

use crate::receiver::{SECRET, subscribed};
use crate::webhooks::{add_fault, joined, send, subscribe};
use crate::zoom::Zoom;

const ALL: Deliver = Deliver {
    ids: None,
    even_if_early: true,
};

/// A simulator and a receiver that is subscribed to it.
#[tokio::test]
async fn the_result_is_recorded_with_status_latency_and_answer() {
    let (zoom, receiver) = subscribed().await;
    receiver.answers_with(Some(204), "");
    receiver.answers_with(Some(401), "forged");
    assert_eq!(send(&zoom, joined()).await.state, DeliveryState::Delivered);
    let refused = send(&zoom, joined()).await;
    let attempt = &refused.attempts[0];
    assert_eq!(
        (attempt.status, attempt.body.as_str()),
        (Some(401), "forged")
    );
    assert!(attempt.latency_ms < 3000);
    assert_eq!(attempt.error.as_deref(), Some("status 401"));
    let all = zoom
        .control(Method::GET, "webhooks/deliveries", Value::Null)
        .await;
    assert_eq!(all["deliveries"][0]["state"], "delivered");
    assert_eq!(all["deliveries"][1]["state"], "waiting");
    assert_eq!(all["deliveries"][1]["attempts"][0]["status"], 401);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_or_not_at_all_is_a_failure() {
    let (zoom, receiver) = subscribed().await;
    subscribe(
        &zoom,
        Subscription {
            answer_within_ms: 50,
            ..receiver.subscription()
        },
    );
    receiver.answers_with(None, "");
    let late = send(&zoom, joined()).await;
    assert_eq!(late.attempts[0].error.as_deref(), Some("no answer in time"));
    assert_eq!(late.attempts[0].status, None);
    let nobody: LoopbackUrl = {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        format!("http://{port}/").parse().unwrap()
    };
    zoom.simulator
        .steer(|world| world.webhooks.subscriptions.clear());
    subscribe(&zoom, Subscription::new(nobody, SECRET));
    let refused = send(&zoom, joined()).await;
    assert_eq!(refused.attempts[0].error.as_deref(), Some("no connection"));
}

#[tokio::test]
async fn retries_come_after_5_20_and_60_minutes_of_the_simulators_clock() {
    let (zoom, receiver) = subscribed().await;
    receiver.answers(&[500, 500, 500, 500]);
    let id = send(&zoom, joined()).await.id;
    let mut minutes = 0;
    for after in [5, 20, 60] {
        set_clock(&zoom, minutes + after - 1);
        assert_eq!(deliver_due(&zoom).await, 0, "a minute early");
        minutes += after;
        set_clock(&zoom, minutes);
        assert_eq!(
            deliver_due(&zoom).await,
            1,
            "{minutes} minutes after the first"
        );
    }
    set_clock(&zoom, 10_000);
    assert_eq!(deliver_due(&zoom).await, 0, "Zoom has given up");
    let delivery = zoom
        .simulator
        .steer(|world| {
            world
                .webhooks
                .deliveries()
                .find(|each| each.id == id)
                .cloned()
        })
        .unwrap();
    assert_eq!(
        (delivery.state, delivery.attempts.len()),
        (DeliveryState::Failed, 4)
    );
    let received = receiver.received();
    assert!(received.iter().all(|each| each.is_signed_with(SECRET)));
    assert!(received.iter().all(|each| each.raw == received[0].raw));
    let age_s = |index: usize| received[index].timestamp.parse::<i64>().unwrap();
    assert!(age_s(3) - age_s(0) >= 85 * 60, "a retry is signed anew");
}

/// A minute is a little longer here, so that the real time which a test takes makes nothing due.
fn set_clock(zoom: &Zoom, minutes: i64) {
    let offset_ms = minutes * 60_000 + 1000 * minutes.signum();
    zoom.simulator
        .steer(|world| world.clock.set("*", offset_ms.try_into().unwrap()));
}

async fn deliver_due(zoom: &Zoom) -> usize {
    zoom.simulator
        .deliver_webhooks(Deliver::default())
        .await
        .len()
}

#[tokio::test]
async fn a_retry_can_be_asked_for_now_and_can_keep_its_timestamp() {
    let (zoom, receiver) = subscribed().await;
    subscribe(
        &zoom,
        Subscription {
            retries_keep_timestamp: true,
            ..receiver.subscription()
        },
    );
    receiver.answers(&[503]);
    send(&zoom, joined()).await;
    set_clock(&zoom, 3);
    let retried = zoom.simulator.deliver_webhooks(ALL).await;
    assert_eq!(retried[0].state, DeliveryState::Delivered);
    let received = receiver.received();
    assert_eq!(received[0].timestamp, received[1].timestamp);
    assert_eq!(zoom.simulator.deliver_webhooks(ALL).await.len(), 0);
}

#[tokio::test]
async fn which_failures_are_retried_can_be_chosen() {
    let (zoom, receiver) = subscribed().await;
    subscribe(
        &zoom,
        Subscription {
            retried_failures: RetriedFailures::ServerErrors,
            ..receiver.subscription()
        },
    );
    receiver.answers(&[400, 302, 500]);
    let states = [
        send(&zoom, joined()).await.state,
        send(&zoom, joined()).await.state,
        send(&zoom, joined()).await.state,
    ];
    assert_eq!(states[..2], [DeliveryState::Failed, DeliveryState::Failed]);
    assert!(matches!(states[2], DeliveryState::Waiting { .. }));
}

#[tokio::test]
async fn a_fault_duplicates_delays_and_drops_the_events_it_names() {
    let (zoom, receiver) = subscribed().await;
    let fault = |event: &str| WebhookFault {
        event: event.into(),
        ..WebhookFault::default()
    };
    add_fault(
        &zoom,
        WebhookFault {
            duplicates: 2,
            ..fault("meeting.started")
        },
    );
    add_fault(
        &zoom,
        WebhookFault {
            dropped: true,
            ..fault("meeting.ended")
        },
    );
    add_fault(
        &zoom,
        WebhookFault {
            delay_ms: 120_000,
            ..fault("meeting.participant_*")
        },
    );
    let meeting = |kind| WebhookEvent::new(kind, DEMO_MEETING, Person::default());
    let thrice = zoom
        .simulator
        .send_webhook(meeting(EventKind::MeetingStarted))
        .await
        .unwrap();
    assert_eq!(thrice.len(), 3);
    assert_eq!(
        send(&zoom, meeting(EventKind::MeetingEnded)).await.state,
        DeliveryState::Dropped
    );
    assert!(matches!(
        send(&zoom, joined()).await.state,
        DeliveryState::Waiting { .. }
    ));
    assert_eq!(receiver.events(), ["meeting.started"; 3]);
    let received = receiver.received();
    assert!(received.iter().all(|each| each.raw == received[0].raw));
    set_clock(&zoom, 2);
    assert_eq!(deliver_due(&zoom).await, 1);
    assert_eq!(receiver.last().event(), "meeting.participant_joined");
}

#[tokio::test]
async fn an_event_can_overtake_those_that_wait() {
    let (zoom, receiver) = subscribed().await;
    let delayed = json!({ "delay_ms": 1000 });
    zoom.control(Method::POST, "webhooks/faults", delayed).await;
    let overtakes = json!({ "event": "meeting.participant_left", "overtakes": true });
    zoom.control(Method::POST, "webhooks/faults", overtakes)
        .await;
    for event in ["participant_joined", "participant_left"] {
        let body = json!({ "event": format!("meeting.{event}"), "meeting": DEMO_MEETING });
        zoom.control(Method::POST, "webhooks/send", body).await;
    }
    let sent = zoom
        .control(
            Method::POST,
            "webhooks/deliver",
            json!({ "even_if_early": true }),
        )
        .await;
    assert_eq!(sent["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(
        receiver.events(),
        ["meeting.participant_left", "meeting.participant_joined"]
    );
}

#[tokio::test]
async fn a_rotated_secret_signs_the_retry_of_an_older_event() {
    let (zoom, receiver) = subscribed().await;
    receiver.answers(&[500]);
    send(&zoom, joined()).await;
    subscribe(&zoom, Subscription::new(receiver.url(), "successor"));
    zoom.simulator.deliver_webhooks(ALL).await;
    assert!(receiver.last().is_signed_with("successor"));
}

#[tokio::test]
async fn only_subscribed_events_of_covered_accounts_are_sent() {
    let (zoom, receiver) = subscribed().await;
    subscribe(
        &zoom,
        Subscription {
            events: vec!["meeting.participant_*".into()],
            ..receiver.subscription()
        },
    );
    let started = WebhookEvent::new(EventKind::MeetingStarted, DEMO_MEETING, Person::default());
    assert!(
        zoom.simulator
            .send_webhook(started)
            .await
            .unwrap()
            .is_empty()
    );
    send(&zoom, joined()).await;
    subscribe(
        &zoom,
        Subscription {
            account: Some("another".into()),
            ..receiver.subscription()
        },
    );
    assert!(
        zoom.simulator
            .send_webhook(joined())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(receiver.events(), ["meeting.participant_joined"]);
}
