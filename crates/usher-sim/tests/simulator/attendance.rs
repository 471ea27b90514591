//! Who was in a meeting, as webhooks and as the report tell it.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{
    Attendance, DEMO_MEETING, DEMO_WAITING_ROOM_MEETING, Instance, Leave, MeetingEnd, MeetingStart,
    Person,
};

use crate::receiver::subscribed;
use crate::zoom::Zoom;

pub(crate) fn present(customer_key: &str) -> Attendance {
    Attendance {
        meeting: DEMO_MEETING,
        person: Person::with_customer_key(customer_key),
        ..Attendance::default()
    }
}

pub(crate) fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Zoom {
    pub(crate) async fn attend(&self, attendance: Attendance) -> String {
        self.simulator.attend(attendance).await.unwrap().uuid
    }

    pub(crate) async fn end(&self) {
        let end = MeetingEnd {
            meeting: DEMO_MEETING,
            at: None,
        };
        self.simulator.end_meeting(end).await.unwrap();
    }

    /// Somebody and the host meet, and it ends; gives the instance's UUID.
    pub(crate) async fn past_meeting(&self, customer_key: &str) -> String {
        let uuid = self.attend(present(customer_key)).await;
        self.attend(present("host")).await;
        self.end().await;
        uuid
    }

    pub(crate) async fn report(&self, id: &str) -> Value {
        self.get_json(&format!("/v2/report/meetings/{id}/participants"))
            .await
    }

    pub(crate) async fn refused_report(&self, rest: &str) -> (StatusCode, Value) {
        let response = self.get(&format!("/v2/report/meetings/{rest}")).await;
        (response.status(), response.json().await.unwrap())
    }
}

pub(crate) fn keys(report: &Value) -> Vec<&str> {
    let rows = report["participants"].as_array().unwrap().iter();
    rows.map(|row| row["customer_key"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn webhooks_and_report_agree_on_who_was_there_and_when() {
    let (zoom, receiver) = subscribed().await;
    let (came, left) = (minutes_ago(50), minutes_ago(10));
    let person = Person {
        user_name: Some("Ann".into()),
        registrant_id: Some("r-1".into()),
        ..Person::with_customer_key("attempt-1")
    };
    let uuid = zoom
        .attend(Attendance {
            person,
            joined_at: Some(came),
            left_at: Some(left),
            ..present("")
        })
        .await;
    zoom.attend(present("host")).await;
    zoom.end().await;
    assert_eq!(
        receiver.events(),
        [
            "meeting.started",
            "meeting.participant_joined",
            "meeting.participant_left",
            "meeting.participant_joined",
            "meeting.participant_left",
            "meeting.ended",
        ]
    );
    let path = format!("{DEMO_MEETING}/participants?include_fields=registrant_id");
    let report = zoom.get_json(&format!("/v2/report/meetings/{path}")).await;
    let row = &report["participants"][0];
    let told = receiver.received();
    let joined = told[1].body()["payload"]["object"].clone();
    let gone = told[2].body()["payload"]["object"]["participant"].clone();
    assert_eq!(joined["uuid"], uuid);
    for name in [
        "customer_key",
        "registrant_id",
        "user_id",
        "id",
        "participant_user_id",
        "join_time",
    ] {
        assert_eq!(row[name], joined["participant"][name], "{name}");
    }
    assert_eq!(row["name"], joined["participant"]["user_name"]);
    assert_eq!(row["leave_time"], gone["leave_time"]);
    assert_eq!(
        gone["participant_uuid"],
        joined["participant"]["participant_uuid"]
    );
    assert_eq!(
        (&row["join_time"], &row["leave_time"]),
        (&json!(iso(came)), &json!(iso(left)))
    );
    assert_eq!(
        (&row["duration"], &row["status"]),
        (&json!(2400), &json!("in_meeting"))
    );
}

#[tokio::test]
async fn who_waits_is_told_as_waiting_until_they_are_admitted() {
    let (zoom, receiver) = subscribed().await;
    let waiting = |key: &str, joined_at| Attendance {
        meeting: DEMO_WAITING_ROOM_MEETING,
        waited_from: Some(minutes_ago(20)),
        joined_at,
        ..present(key)
    };
    zoom.attend(waiting("admitted", Some(minutes_ago(15))))
        .await;
    zoom.attend(waiting("left waiting", None)).await;
    zoom.attend(Attendance {
        meeting: DEMO_WAITING_ROOM_MEETING,
        ..present("host")
    })
    .await;
    let end = MeetingEnd {
        meeting: DEMO_WAITING_ROOM_MEETING,
        at: None,
    };
    zoom.simulator.end_meeting(end).await.unwrap();
    let short = |event: &String| event.trim_start_matches("meeting.participant_").to_owned();
    let events: Vec<String> = receiver.events().iter().map(short).collect();
    assert_eq!(
        events[1..],
        [
            "joined_waiting_room",
            "admitted",
            "left_waiting_room",
            "joined",
            "joined_waiting_room",
            "joined",
            "left",
            "left_waiting_room",
            "left",
            "meeting.ended",
        ]
    );
    let report = zoom.report(&DEMO_WAITING_ROOM_MEETING.to_string()).await;
    let rows = report["participants"].as_array().unwrap();
    let statuses: Vec<&Value> = rows.iter().map(|row| &row["status"]).collect();
    assert_eq!(
        statuses,
        [
            "in_waiting_room",
            "in_meeting",
            "in_waiting_room",
            "in_meeting"
        ]
    );
    assert_eq!(rows[0]["leave_time"], rows[1]["join_time"]);
}

#[tokio::test]
async fn a_join_of_the_past_belongs_to_the_instance_of_that_time() {
    let zoom = Zoom::start().await;
    let start = MeetingStart {
        meeting: DEMO_MEETING,
        at: Some(minutes_ago(60)),
        uuid: None,
    };
    let first = zoom.simulator.start_meeting(start).await.unwrap().uuid;
    let end = MeetingEnd {
        meeting: DEMO_MEETING,
        at: Some(minutes_ago(30)),
    };
    zoom.simulator.end_meeting(end).await.unwrap();
    let second = zoom.attend(present("now")).await;
    let late = Attendance {
        joined_at: Some(minutes_ago(45)),
        ..present("then")
    };
    assert_eq!(zoom.attend(late).await, first);
    assert_ne!(first, second);
    let earlier = Attendance {
        joined_at: Some(minutes_ago(5)),
        ..present("earlier")
    };
    assert_eq!(
        zoom.attend(earlier).await,
        second,
        "the running one began earlier than was known"
    );
}

#[tokio::test]
async fn a_join_can_reach_the_report_and_no_webhook() {
    let (zoom, receiver) = subscribed().await;
    zoom.attend(Attendance {
        without_webhooks: true,
        ..present("silent")
    })
    .await;
    assert_eq!(receiver.events(), Vec::<String>::new());
    zoom.past_meeting("loud").await;
    assert_eq!(
        keys(&zoom.report(&DEMO_MEETING.to_string()).await),
        ["silent", "loud", "host"]
    );
}

#[tokio::test]
async fn somebody_leaves_and_comes_back_as_another_participant() {
    let (zoom, receiver) = subscribed().await;
    let leave = Leave {
        meeting: DEMO_MEETING,
        customer_key: "k".into(),
        at: None,
    };
    zoom.attend(present("k")).await;
    zoom.simulator.leave(leave.clone()).await.unwrap();
    assert!(zoom.simulator.leave(leave).await.is_err(), "gone already");
    zoom.past_meeting("k").await;
    assert_eq!(
        keys(&zoom.report(&DEMO_MEETING.to_string()).await),
        ["k", "k", "host"]
    );
    let joined: Vec<Value> = receiver
        .received()
        .iter()
        .filter(|each| each.event() == "meeting.participant_joined")
        .map(|each| each.body()["payload"]["object"]["participant"]["participant_uuid"].clone())
        .collect();
    assert_ne!(joined[0], joined[1]);
}

#[tokio::test]
async fn attendance_is_steered_from_outside() {
    let (zoom, receiver) = subscribed().await;
    let ann = json!({ "customer_key": "ann", "user_name": "Ann" });
    let body =
        json!({ "meeting": DEMO_MEETING, "person": ann, "joined_at": "2024-11-24T13:00:00Z" });
    let attended = zoom.control(Method::POST, "attendance", body).await;
    assert_eq!(attended["deliveries"].as_array().unwrap().len(), 2);
    let leave =
        json!({ "meeting": DEMO_MEETING, "customer_key": "ann", "at": "2024-11-24T13:30:00Z" });
    let left = zoom.control(Method::POST, "attendance/leave", leave).await;
    assert_eq!(left["participant_uuid"], attended["participant_uuid"]);
    let end = json!({ "meeting": DEMO_MEETING });
    zoom.control(Method::POST, "attendance/end", end.clone())
        .await;
    let start = json!({ "meeting": DEMO_MEETING, "uuid": "u==" });
    assert_eq!(
        zoom.control(Method::POST, "attendance/start", start.clone())
            .await["uuid"],
        "u=="
    );
    let listed = zoom.control(Method::GET, "attendance", Value::Null).await;
    assert_eq!(listed["instances"][0]["uuid"], attended["uuid"]);
    assert_eq!(
        listed["instances"][0]["participants"][0]["person"],
        ann_with_nulls()
    );
    assert_eq!(listed["instances"][1]["ended_at"], Value::Null);
    let before = receiver.received().len();
    for (path, body, named) in [
        ("attendance/start", start, "end it first"),
        (
            "attendance",
            json!({ "meeting": 1, "person": {} }),
            "no meeting 1",
        ),
        (
            "attendance",
            json!({ "meeting": DEMO_MEETING, "person": {}, "joined_at": "2024-11-24T13:00:00Z", "left_at": "2024-11-24T12:00:00Z" }),
            "left_at",
        ),
        (
            "attendance",
            json!({ "meeting": DEMO_MEETING, "person": { "key": "x" } }),
            "key",
        ),
        (
            "attendance/leave",
            json!({ "meeting": DEMO_MEETING, "customer_key": "bob" }),
            "bob",
        ),
        (
            "attendance/end",
            json!({ "meeting": DEMO_MEETING, "at": "2001-01-01T00:00:00Z" }),
            "started_at",
        ),
        (
            "attendance/end",
            json!({ "meeting": DEMO_MEETING + 1 }),
            "no instance",
        ),
    ] {
        let request = zoom
            .request(Method::POST, &format!("/_sim/{path}"))
            .json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path} {body}"
        );
        let error = response.text().await.unwrap();
        assert!(error.contains(named), "{error}");
    }
    assert_eq!(receiver.received().len(), before);
}

fn ann_with_nulls() -> Value {
    json!({
        "customer_key": "ann", "user_name": "Ann", "registrant_id": null,
        "email": null, "user": null, "phone_number": null,
    })
}

#[tokio::test]
async fn a_meeting_that_runs_already_keeps_its_uuid_and_does_not_start_again() {
    let (zoom, receiver) = subscribed().await;
    zoom.simulator.steer(|world| {
        world.meetings[0].started = true;
        world.meetings[0].uuid = "ran-already==".into();
    });
    assert_eq!(zoom.attend(present("k")).await, "ran-already==");
    assert_eq!(receiver.events(), ["meeting.participant_joined"]);
    let running = |instance: &Instance| instance.ended_at.is_none();
    assert!(
        zoom.simulator
            .steer(|world| world.instances.iter().all(running))
    );
}
