//! What webhooks tell.

use jiff::SignedDuration;
use serde_json::json;
use usher::store::{Notice, NoticeFacts, NoticeHashes};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, MatchedBy, Personal, Source};
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::{Confirmation, Phase};
use usher_core::meeting::MeetingNumber;
use usher_sim::{
    DEMO_MEETING, DEMO_WAITING_ROOM_MEETING, DeliveryState, EventKind, Leave, Person, WebhookEvent,
    WebhookFault, WrongSignature,
};

use crate::service::{Service, attendance, now, set_clock};

#[tokio::test]
async fn a_join_that_zoom_tells_of_is_confirmed_by_the_attempts_own_id() {
    let service = Service::start().await;
    let attempt = service.mint("Ann").await;
    service.page_joins(attempt).await;
    assert_eq!(
        service.row(attempt).await.confirmation,
        Confirmation::BrowserAlone
    );
    let attended = service.zoom.attend(attendance(Some(attempt), "Ann")).await;
    let attended = attended.unwrap();
    for delivery in &attended.deliveries {
        assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
    }
    let said = service.said_at_last(attempt, 1).await;
    assert_eq!(said[0].facts.matched_by, Some(MatchedBy::CustomerKey));
    assert_eq!(said[0].facts.meeting_uuid.as_deref(), Some(&*attended.uuid));
    let row = service.row(attempt).await;
    assert_eq!(
        (row.phase, row.confirmation),
        (Phase::Joined, Confirmation::Zoom)
    );
    let shown = service.get(&format!("/v1/attempts/{attempt}")).await;
    assert_eq!(shown["attempt"]["outcome"], "joined");
}

#[tokio::test]
async fn usher_answers_zooms_challenge() {
    let service = Service::start().await;
    let url = format!("http://{}/webhooks/zoom", service.address);
    let url = url.parse().unwrap();
    let deliveries = service.zoom.validate_webhook(&url, None).await.unwrap();
    assert_eq!(deliveries[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_key_of_another_meeting_is_doubted_and_confirms_nothing() {
    let service = Service::start().await;
    let elsewhere = service.mint_for(DEMO_WAITING_ROOM_MEETING, "Ann").await;
    let attend = attendance(Some(elsewhere), "Ann");
    service.zoom.attend(attend).await.unwrap();
    let said = service.said_at_last(elsewhere, 1).await;
    assert_eq!(
        said[0].facts.matched_by,
        Some(MatchedBy::DoubtfulCustomerKey)
    );
    assert_eq!(
        service.row(elsewhere).await.confirmation,
        Confirmation::None
    );
}

#[tokio::test]
async fn somebody_without_a_key_is_guessed_by_name_if_only_one_fits() {
    let service = Service::start().await;
    let ann = service.mint("Ann").await;
    let (ben, other_ben) = (service.mint("Ben").await, service.mint("Ben").await);
    service.zoom.attend(attendance(None, "Ben")).await.unwrap();
    service.zoom.attend(attendance(None, "Ann")).await.unwrap();
    let said = service.said_at_last(ann, 1).await;
    assert_eq!(said[0].facts.matched_by, Some(MatchedBy::Guess));
    // Ben's came before Ann's.
    for attempt in [ben, other_ben] {
        assert!(service.said(attempt).await.is_empty());
    }
}

/// An attempt by the mint, and one that was handed in.
#[tokio::test]
async fn of_two_with_the_same_name_the_registrant_tells_which_it_is() {
    let service = Service::start().await;
    let join = |registrant: &str| {
        json!({
            "meeting_number": DEMO_MEETING, "passcode": "x", "user_name": "Ann", "registrant_id": registrant,
        })
    };
    let minted = service.mint_by(&join("reg-1")).await;
    let mut elsewhere = join("reg-2");
    elsewhere.as_object_mut().unwrap().remove("passcode");
    let answer = service.post("/v1/attempts", &elsewhere).await;
    let handed_in = AttemptId::parse(answer["attempt"].as_str().unwrap()).unwrap();
    for (attempt, other, registrant) in [(handed_in, minted, "reg-2"), (minted, handed_in, "reg-1")]
    {
        let mut attend = attendance(None, "Ann");
        attend.person.registrant_id = Some(registrant.into());
        let before = service.said(other).await.len();
        service.zoom.attend(attend).await.unwrap();
        let said = service.said_at_last(attempt, 1).await;
        assert_eq!(said[0].facts.matched_by, Some(MatchedBy::Registrant));
        assert_eq!(service.said(other).await.len(), before);
        assert_eq!(service.row(attempt).await.confirmation, Confirmation::Zoom);
        let kept = service.store().events(attempt).await.unwrap();
        assert!(!serde_json::to_string(&kept).unwrap().contains(registrant));
    }
}

#[tokio::test]
async fn duplicates_and_a_leave_that_overtakes_the_join_tell_each_thing_once() {
    let service = Service::start().await;
    let attempt = service.mint("Ann").await;
    let delayed = WebhookFault {
        event: "meeting.participant_joined".into(),
        delay_ms: 3_600_000,
        duplicates: 1,
        ..WebhookFault::default()
    };
    let twice = WebhookFault {
        duplicates: 2,
        ..WebhookFault::default()
    };
    service.zoom.steer(|world| {
        world.webhooks.faults.add(delayed);
        world.webhooks.faults.add(twice);
    });
    let attend = attendance(Some(attempt), "Ann");
    service.zoom.attend(attend).await.unwrap();
    let leave = Leave {
        meeting: DEMO_MEETING,
        customer_key: attempt.to_string(),
        at: None,
    };
    service.zoom.leave(leave).await.unwrap();
    let said = service.said_at_last(attempt, 1).await;
    assert_eq!(said[0].kind, Kind::Left);
    let now_all = usher_sim::Deliver {
        even_if_early: true,
        ..usher_sim::Deliver::default()
    };
    service.zoom.deliver_webhooks(now_all).await;
    let said = service.said_at_last(attempt, 2).await;
    assert_eq!(said.len(), 2);
    assert_eq!(service.row(attempt).await.confirmation, Confirmation::Zoom);
}

#[tokio::test]
async fn what_is_forged_stale_or_from_the_future_is_refused() {
    let service = Service::start().await;
    let attempt = service.mint("Ann").await;
    let hours = 3_600_000;
    for (signature, timestamp_offset_ms) in [
        (Some(WrongSignature::Forged), 0),
        (Some(WrongSignature::Malformed), 0),
        (Some(WrongSignature::Missing), 0),
        (None, -3 * hours),
        (None, hours),
    ] {
        let fault = WebhookFault {
            signature,
            timestamp_offset_ms,
            ..WebhookFault::default()
        };
        service.zoom.steer(|world| {
            world.webhooks.faults.clear();
            world.webhooks.faults.add(fault);
        });
        let key = Person::with_customer_key(&attempt.to_string());
        let event = WebhookEvent::new(EventKind::ParticipantJoined, DEMO_MEETING, key);
        let deliveries = service.zoom.send_webhook(event).await.unwrap();
        assert_eq!(deliveries[0].attempts[0].status, Some(401));
    }
    service.lead_once().await;
    assert!(service.said(attempt).await.is_empty());
}

#[tokio::test]
async fn who_leads_settles_what_was_kept_before_a_restart() {
    let service = Service::start().await;
    let attempt = service.mint("Ann").await;
    let kept = Notice {
        hash: "0a".repeat(16),
        received_at: now(),
        at: now() + SignedDuration::from_secs(1),
        event: "meeting.participant_joined".into(),
        meeting: Some(MeetingNumber::from_u64(DEMO_MEETING).unwrap()),
        meeting_uuid: None,
        facts: NoticeFacts {
            attempt: Some(attempt),
            ..NoticeFacts::default()
        },
        hashes: NoticeHashes::default(),
        is_settled: false,
    };
    service.store().keep_notices(&[kept]).await.unwrap();
    service.lead_once().await;
    assert_eq!(service.said(attempt).await.len(), 1);
    service.lead_once().await;
    assert_eq!(service.said(attempt).await.len(), 1);
}

#[tokio::test]
async fn a_notification_that_comes_before_its_attempt_finds_it_later() {
    let service = Service::start().await;
    let early = AttemptId::new(now(), 7);
    let attend = attendance(Some(early), "Ann");
    service.zoom.attend(attend).await.unwrap();
    service.lead_once().await;
    let minted = Event {
        attempt: early,
        source: Source::Mint,
        id: "mint".into(),
        kind: Kind::Minted,
        at: now(),
        received_at: now(),
        facts: Facts {
            origin: Some(Box::new(Origin {
                meeting_number: MeetingNumber::from_u64(DEMO_MEETING).ok(),
                ..Origin::default()
            })),
            ..Facts::default()
        },
        personal: Personal::default(),
    };
    service.store().append(&[minted]).await.unwrap();
    set_clock(SignedDuration::from_secs(31));
    service.lead_once().await;
    assert_eq!(service.said(early).await.len(), 1);
}

#[tokio::test]
async fn a_meeting_that_was_changed_is_fetched_once_however_often_it_was_announced() {
    let service = Service::start().await;
    let before = service.asked("/v2/meetings/");
    service.zoom.steer(|world| {
        let meetings = world.meetings.iter_mut();
        let mut own = meetings.filter(|meeting| meeting.number == DEMO_MEETING);
        let meeting = own.next().unwrap();
        "A new topic".clone_into(&mut meeting.topic);
    });
    for topic in ["A new topic", "a newer topic"] {
        let event = WebhookEvent {
            object: Some(serde_json::json!({ "topic": topic })),
            ..WebhookEvent::new(EventKind::MeetingUpdated, DEMO_MEETING, Person::default())
        };
        service.zoom.send_webhook(event).await.unwrap();
    }
    service.lead_once().await;
    let shown = service.get(&format!("/v1/meetings/{DEMO_MEETING}")).await;
    assert_eq!(shown["topic"], "A new topic");
    assert_eq!(service.asked("/v2/meetings/"), before + 1);
}
