use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};
use usher_core::attempt::event::Kind;
use usher_core::meeting::MeetingNumber;
use usher_core::webhook::{
    BODY_BYTES_MAX, MeetingNotice, Notification, Participant, ParticipantEvent,
    confirmation_deadline, parse,
};

use crate::signed::time;

const SENT: &str = "2023-10-10T04:00:09Z";

fn read(body: &Value) -> Notification {
    parse(body.to_string().as_bytes(), time(SENT)).unwrap()
}

fn person(event: &str, participant: &Value) -> Participant {
    let notification = read(&json!({
        "event": event, "event_ts": 1_696_910_405_123_i64,
        "payload": { "account_id": "acc", "object": {
            "id": "85012345678", "uuid": "4444AAAiAAAAAiAiAiiAii==", "host_id": "h", "topic": "Lesson", "type": 2,
            "start_time": "2023-10-09T00:00:00Z", "timezone": "Asia/Tokyo", "duration": 60, "participant": participant } }
    }));
    match notification {
        Notification::Participant(participant) => participant,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_joined_notification_has_all_that_is_matched() {
    let read = person(
        "meeting.participant_joined",
        &json!({ "user_id": "16778240", "user_name": "Jill Chill", "id": "", "participant_uuid": "55555AAAiAAAAAiAiAiiAii",
            "join_time": "2023-10-10T04:00:05Z", "email": "", "registrant_id": "abcdefghij0-klmnopq23456",
            "customer_key": "018b17bdda7b7fffbfffffffffffffff", "phone_number": "" }),
    );
    assert_eq!(read.event, ParticipantEvent::Joined);
    assert_eq!(
        read.meeting.meeting_number.unwrap().as_u64(),
        85_012_345_678
    );
    assert_eq!(
        read.meeting.meeting_uuid.as_deref(),
        Some("4444AAAiAAAAAiAiAiiAii==")
    );
    assert_eq!(read.meeting.at, time("2023-10-10T04:00:05Z"));
    assert_eq!(
        read.customer_key.as_deref(),
        Some("018b17bdda7b7fffbfffffffffffffff")
    );
    assert_eq!(
        read.registrant_id.as_deref(),
        Some("abcdefghij0-klmnopq23456")
    );
    assert_eq!(
        read.participant_uuid.as_deref(),
        Some("55555AAAiAAAAAiAiAiiAii")
    );
    assert_eq!(read.user_name.as_deref(), Some("Jill Chill"));
    assert!(!format!("{read:?}").contains("Jill"));
}

#[test]
fn every_event_of_a_participant_has_its_time_and_its_place_in_the_story() {
    let event_ts = "2023-10-10T04:00:05.123Z";
    for (event, time_field, kind) in [
        ("joined", Some("join_time"), Kind::Joined),
        ("left", Some("leave_time"), Kind::Left),
        ("jbh_waiting", None, Kind::Waiting),
        ("jbh_waiting_left", None, Kind::Waited),
        ("jbh_joined", None, Kind::Joined),
        ("joined_waiting_room", Some("date_time"), Kind::Waiting),
        ("left_waiting_room", Some("date_time"), Kind::Waited),
        ("put_in_waiting_room", Some("date_time"), Kind::Waiting),
        ("admitted", Some("date_time"), Kind::Waiting),
    ] {
        let event = format!("meeting.participant_{event}");
        let without = person(&event, &json!({}));
        assert_eq!(without.event.as_str(), event);
        assert_eq!(without.event.kind(), kind, "{event}");
        assert_eq!(without.meeting.at, time(event_ts), "{event}");
        if let Some(field) = time_field {
            let with = person(&event, &json!({ field: "2023-10-10T04:00:01Z" }));
            assert_eq!(with.meeting.at, time("2023-10-10T04:00:01Z"), "{event}");
        }
    }
}

#[test]
fn ids_are_numbers_or_strings_and_what_is_missing_or_empty_is_none() {
    for (id, expected) in [
        (json!("85012345678"), Some(85_012_345_678)),
        (json!(85_012_345_678_u64), Some(85_012_345_678)),
        (json!("850 1234 5678"), Some(85_012_345_678)),
        (json!(""), None),
        (json!("abc"), None),
        (json!(8.5e10), None),
        (json!(-85_012_345_678_i64), None),
        (json!(null), None),
        (json!([1]), None),
    ] {
        let notification = read(
            &json!({ "event": "meeting.participant_jbh_waiting_left", "payload": { "object": {
            "id": id, "uuid": "", "participant": { "customer_key": "", "registrant_id": 12, "user_name": null } } } }),
        );
        let Notification::Participant(read) = notification else {
            panic!("{notification:?}");
        };
        assert_eq!(
            read.meeting.meeting_number.map(MeetingNumber::as_u64),
            expected,
            "{id}"
        );
        assert_eq!(read.meeting.meeting_uuid, None);
        assert_eq!(read.customer_key, None);
        assert_eq!(read.registrant_id.as_deref(), Some("12"));
        assert_eq!(read.user_name, None);
    }
}

#[test]
fn the_time_is_the_events_then_the_envelopes_then_the_headers() {
    for (event_ts, expected) in [
        (json!(1_696_910_405_123_i64), "2023-10-10T04:00:05.123Z"),
        (json!("1696910405123"), "2023-10-10T04:00:05.123Z"),
        (json!(1_696_910_405), "2023-10-10T04:00:05Z"),
        (json!(null), SENT),
        (json!("soon"), SENT),
        (json!(i64::MAX), SENT),
        (json!(u64::MAX), SENT),
    ] {
        let body = json!({ "event": "meeting.ended", "event_ts": event_ts, "payload": { "object": { "end_time": "?" } } });
        assert_eq!(
            read(&body),
            Notification::Ended(MeetingNotice {
                meeting_number: None,
                meeting_uuid: None,
                at: time(expected)
            }),
            "{event_ts}"
        );
    }
}

#[test]
fn a_meeting_starts_ends_and_is_changed() {
    let body = |event: &str| {
        json!({ "event": event, "event_ts": 1_696_910_405_123_i64, "payload": { "operator": "a@example.com", "object": {
        "id": 85_012_345_678_u64, "uuid": "u==", "topic": "New", "password": "s3cret", "start_time": "2023-10-10T04:00:00Z",
        "end_time": "2023-10-10T05:00:00Z", "settings": { "waiting_room": true, "join_before_host": false } } } })
    };
    let Notification::Started(started) = read(&body("meeting.started")) else {
        panic!()
    };
    assert_eq!(started.at, time("2023-10-10T04:00:00Z"));
    let Notification::Ended(ended) = read(&body("meeting.ended")) else {
        panic!()
    };
    assert_eq!(ended.at, time("2023-10-10T05:00:00Z"));
    let Notification::Updated { meeting, changed } = read(&body("meeting.updated")) else {
        panic!()
    };
    assert_eq!(meeting.meeting_number.unwrap().as_u64(), 85_012_345_678);
    assert_eq!(meeting.at, time("2023-10-10T04:00:05.123Z"));
    assert_eq!(
        changed,
        [
            "topic",
            "password",
            "start_time",
            "end_time",
            "settings.waiting_room",
            "settings.join_before_host"
        ]
    );
}

#[test]
fn the_names_of_what_changed_are_bounded() {
    let many: serde_json::Map<String, Value> =
        (0..1000).map(|n| (format!("field{n}"), json!(1))).collect();
    let body = json!({ "event": "meeting.updated", "payload": { "object": many } });
    let Notification::Updated { changed, .. } = read(&body) else {
        panic!()
    };
    assert_eq!(changed.len(), 64);
}

#[test]
fn a_challenge_hands_on_its_token_and_other_events_their_name() {
    assert_eq!(
        read(
            &json!({ "event": "endpoint.url_validation", "payload": { "plainToken": "qgg8" }, "event_ts": 1 })
        ),
        Notification::Challenge {
            plain_token: "qgg8".to_owned()
        }
    );
    assert_eq!(
        read(&json!({ "event": "endpoint.url_validation" })),
        Notification::Challenge {
            plain_token: String::new()
        }
    );
    assert_eq!(
        read(&json!({ "event": "meeting.alert", "payload": 5 })),
        Notification::Other {
            event: "meeting.alert".to_owned()
        }
    );
    assert_eq!(
        read(&json!({ "event": "é".repeat(1000) })),
        Notification::Other {
            event: "é".repeat(100)
        }
    );
}

#[test]
fn a_leave_reason_is_kept_without_the_name() {
    for (told, name, expected) in [
        (
            "Jill Chill left the meeting.<br>Reason: Host ended the meeting.",
            Some("Jill Chill"),
            Some("left the meeting.<br>Reason: Host ended the meeting."),
        ),
        (
            "Jill Chill left the meeting.",
            None,
            Some("left the meeting."),
        ),
        (
            "Bob left the meeting X left the meeting.",
            Some("Bob left the meeting X"),
            Some("left the meeting."),
        ),
        (
            "Jill has gone. Reason: lost connection",
            Some("Jill"),
            Some("Reason: lost connection"),
        ),
        (
            "Jill left the meeting.<br>Reason: Jill was removed",
            Some("Jill"),
            None,
        ),
        ("Jill vanished", Some("Jill"), None),
        ("", None, None),
    ] {
        let left = person(
            "meeting.participant_left",
            &json!({ "leave_reason": told, "user_name": name }),
        );
        assert_eq!(left.leave_reason.as_deref(), expected, "{told}");
    }
}

#[test]
fn what_is_no_notification_is_refused_by_its_code() {
    let long = format!("{{\"event\":\"{}\"}}", "a".repeat(BODY_BYTES_MAX));
    let deep = "[".repeat(100_000);
    for (body, code) in [
        ("", "malformed_json"),
        ("{", "malformed_json"),
        (deep.as_str(), "malformed_json"),
        ("[]", "missing_event"),
        ("{}", "missing_event"),
        ("{\"event\":\"\"}", "missing_event"),
        ("{\"event\":null}", "missing_event"),
        (long.as_str(), "body_too_long"),
    ] {
        assert_eq!(parse(body.as_bytes(), time(SENT)).unwrap_err().code, code);
    }
}

#[test]
fn a_name_that_is_no_unicode_does_not_hide_who_joined() {
    for name in [&br"Ann \ud83d"[..], b"Ann \xff"] {
        let before = br#"{"event":"meeting.participant_joined","payload":{"object":{"topic":"\ude00","participant":{"customer_key":"k","user_name":""#;
        let body = [before, name, br#""}}}}"#].concat();
        let Ok(Notification::Participant(joined)) = parse(&body, time(SENT)) else {
            panic!("not read");
        };
        assert_eq!(joined.customer_key.as_deref(), Some("k"));
        assert_eq!(joined.user_name.as_deref(), Some("Ann \u{fffd}"));
    }
}

#[test]
fn a_very_long_text_counts_as_missing() {
    let joined = person(
        "meeting.participant_joined",
        &json!({ "customer_key": "a".repeat(2049), "registrant_id": "a".repeat(2048) }),
    );
    assert_eq!(joined.customer_key, None);
    assert_eq!(joined.registrant_id.unwrap().len(), 2048);
}

#[test]
fn not_confirmed_may_be_said_only_after_zooms_last_retry() {
    let joined = time(SENT);
    assert!(confirmation_deadline(joined) > joined + SignedDuration::from_mins(85));
    assert_eq!(confirmation_deadline(joined), time("2023-10-10T05:30:09Z"));
    assert_eq!(
        confirmation_deadline(jiff::Timestamp::MAX),
        jiff::Timestamp::MAX
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!("left the meeting")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop::sample::select(vec![
            "payload",
            "object",
            "participant",
            "id",
            "uuid",
            "settings",
            "join_time",
            "leave_reason",
            "user_name",
            "customer_key",
            "plainToken",
            "event_ts",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(name.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&body, time(SENT));
    }

    #[test]
    fn any_json_in_the_place_of_a_payload_is_read(
        event in prop::sample::select(vec!["meeting.participant_left", "meeting.participant_jbh_joined", "meeting.updated", "meeting.started", "endpoint.url_validation", "x"]),
        ts in any_value(), object in any_value(), participant in any_value(),
    ) {
        for payload in [&object, &json!({ "object": object }), &json!({ "object": { "participant": participant } })] {
            let body = json!({ "event": event, "event_ts": ts, "payload": payload }).to_string();
            prop_assert!(parse(body.as_bytes(), time(SENT)).is_ok());
        }
    }

    #[test]
    fn a_leave_reason_never_holds_the_name(name in "[a-zA-Z .]{1,30}", reason in "[a-zA-Z .:]{0,60}", form in 0..3) {
        prop_assume!(!name.trim().is_empty());
        let told = match form {
            0 => format!("{name} left the meeting.<br>Reason: {reason}"),
            1 => format!("{reason} {name} Reason: {reason}"),
            _ => format!("{name} {reason}"),
        };
        let left = person("meeting.participant_left", &json!({ "leave_reason": told, "user_name": name }));
        prop_assert!(!left.leave_reason.unwrap_or_default().contains(name.trim()));
    }
}
