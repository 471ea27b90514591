//! The participants report, as Usher asks for it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{Attendance, DEMO_HOST_ID, DEMO_MEETING, MeetingStart, Person};

use crate::attendance::{keys, present};
use crate::zoom::Zoom;

const SCOPE: &str = "report:read:list_meeting_participants:admin";

#[tokio::test]
async fn each_start_is_an_instance_with_a_uuid_of_its_own() {
    let zoom = Zoom::start().await;
    let first = zoom.past_meeting("first").await;
    let shown = zoom.get_json(&format!("/v2/meetings/{DEMO_MEETING}")).await;
    assert_eq!(
        (&shown["uuid"], &shown["status"]),
        (&json!(first), &json!("waiting"))
    );
    let second = zoom.past_meeting("second").await;
    assert_ne!(first, second);
    assert_eq!(
        keys(&zoom.report(&DEMO_MEETING.to_string()).await)[0],
        "second"
    );
    let [first, second] = [first, second].map(|uuid| encoded_twice(&uuid));
    assert_eq!(keys(&zoom.report(&first).await)[0], "first");
    assert_eq!(keys(&zoom.report(&second).await)[0], "second");
}

/// As a path takes any UUID, with slashes or without.
fn encoded_twice(uuid: &str) -> String {
    uuid.replace('/', "%252F")
        .replace('+', "%252B")
        .replace('=', "%253D")
}

#[tokio::test]
async fn a_uuid_with_slashes_must_be_encoded_twice() {
    let zoom = Zoom::start().await;
    for (uuid, once_is_enough) in [("/a+b==", false), ("a//b==", false), ("a/b+c==", true)] {
        let start = MeetingStart {
            meeting: DEMO_MEETING,
            at: None,
            uuid: Some(uuid.into()),
        };
        zoom.simulator.start_meeting(start).await.unwrap();
        zoom.past_meeting(uuid).await;
        let once = uuid
            .replace('/', "%2F")
            .replace('+', "%2B")
            .replace('=', "%3D");
        let twice = once.replace('%', "%25");
        assert_eq!(keys(&zoom.report(&twice).await)[0], uuid);
        if once_is_enough {
            assert_eq!(keys(&zoom.report(&once).await)[0], uuid);
        } else {
            let (status, error) = zoom.refused_report(&format!("{once}/participants")).await;
            assert_eq!(
                (status, &error["code"]),
                (StatusCode::NOT_FOUND, &json!(3001)),
                "{uuid}"
            );
        }
    }
}

#[tokio::test]
async fn only_an_ended_meeting_of_two_or_more_has_a_report() {
    let zoom = Zoom::start().await;
    let refused = async || {
        zoom.refused_report(&format!("{DEMO_MEETING}/participants"))
            .await
    };
    let not_found = (StatusCode::NOT_FOUND, json!(3001));
    let code = |(status, error): (StatusCode, Value)| (status, error["code"].clone());
    assert_eq!(code(refused().await), not_found, "never started");
    zoom.attend(present("alone")).await;
    zoom.end().await;
    assert_eq!(code(refused().await), not_found, "one participant");
    let uuid = zoom.attend(present("first")).await;
    zoom.attend(present("second")).await;
    let uuid = encoded_twice(&uuid);
    let running = zoom.refused_report(&format!("{uuid}/participants")).await;
    assert_eq!(code(running), not_found, "still running");
    zoom.end().await;
    assert_eq!(
        keys(&zoom.report(&DEMO_MEETING.to_string()).await),
        ["first", "second"]
    );
    zoom.simulator
        .steer(|world| world.accounts[0].reports.ready_after_s = 900);
    assert_eq!(code(refused().await), not_found, "not ready yet");
    zoom.simulator.steer(|world| {
        let reports = &mut world.accounts[0].reports;
        (reports.ready_after_s, reports.minimum_participants) = (0, 3);
    });
    assert_eq!(code(refused().await), not_found, "fewer than are asked for");
    zoom.simulator
        .steer(|world| world.accounts[0].reports.minimum_participants = 1);
    zoom.report(&DEMO_MEETING.to_string()).await;
}

#[tokio::test]
async fn a_report_is_refused_by_plan_by_scope_and_by_rate_and_after_a_year() {
    let zoom = Zoom::start().await;
    zoom.past_meeting("k").await;
    let path = format!("{DEMO_MEETING}/participants");
    zoom.simulator
        .steer(|world| world.accounts[0].reports.allowed = false);
    let (status, error) = zoom.refused_report(&path).await;
    assert_eq!(
        (status, &error["code"]),
        (StatusCode::BAD_REQUEST, &json!(200))
    );
    zoom.simulator.steer(|world| {
        world.accounts[0].reports.allowed = true;
        world.accounts[0].scopes.retain(|scope| scope != SCOPE);
    });
    let (_, error) = zoom.refused_report(&path).await;
    assert_eq!(error["code"], 4700);
    assert!(error["message"].as_str().unwrap().contains(SCOPE));
    zoom.simulator
        .steer(|world| world.accounts[0].scopes.push(SCOPE.into()));
    let limit = json!({ "kind": "rate_limit", "requests": 1, "per_ms": 60_000 });
    let fault = json!({ "path": "/v2/report/*", "answer": limit });
    zoom.control(Method::POST, "faults", fault).await;
    zoom.report(&DEMO_MEETING.to_string()).await;
    let (status, error) = zoom.refused_report(&path).await;
    assert_eq!(
        (status, &error["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!(429))
    );
    let year_and_day_ms = 366 * 24 * 3_600_000;
    zoom.simulator.steer(|world| {
        world
            .clock
            .set("*", i64::try_into(year_and_day_ms).unwrap());
    });
    assert_eq!(zoom.refused_report(&path).await.1["code"], 12702);
    let bare = zoom.request(Method::GET, &format!("/v2/report/meetings/{path}"));
    zoom.control(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(
        bare.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn another_accounts_report_is_not_found() {
    let zoom = Zoom::start().await;
    zoom.simulator.steer(|world| {
        let other = usher_sim::User {
            id: "x".into(),
            email: "x@example.org".into(),
            display_name: "X".into(),
            account: "other".into(),
        };
        world.users.push(other);
        world.meetings[0].host = "x".into();
    });
    let uuid = zoom.past_meeting("k").await;
    for id in [uuid, DEMO_MEETING.to_string()] {
        let (status, _) = zoom.refused_report(&format!("{id}/participants")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_report_comes_page_by_page_and_its_tokens_expire() {
    let zoom = Zoom::start().await;
    for number in 0..5 {
        zoom.attend(present(&number.to_string())).await;
    }
    zoom.end().await;
    let page = async |token: &str| {
        let query = format!("page_size=2&next_page_token={token}");
        zoom.get_json(&format!(
            "/v2/report/meetings/{DEMO_MEETING}/participants?{query}"
        ))
        .await
    };
    let mut token = String::new();
    let mut seen = Vec::new();
    loop {
        let answer = page(&token).await;
        assert_eq!(
            (
                &answer["page_count"],
                &answer["page_size"],
                &answer["total_records"]
            ),
            (&json!(3), &json!(2), &json!(5))
        );
        seen.extend(keys(&answer).into_iter().map(String::from));
        answer["next_page_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    let token = page("").await["next_page_token"]
        .as_str()
        .unwrap()
        .to_owned();
    zoom.simulator
        .steer(|world| world.clock.set("*", (15 * 60_000_i64).try_into().unwrap()));
    for query in [
        &format!("next_page_token={token}"),
        "page_size=301",
        "page_size=0",
        "include_fields=x",
    ] {
        let (status, error) = zoom
            .refused_report(&format!("{DEMO_MEETING}/participants?{query}"))
            .await;
        assert_eq!(
            (status, &error["code"]),
            (StatusCode::BAD_REQUEST, &json!(300)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_not_known_of_a_person_is_missing_or_empty_in_the_report() {
    let zoom = Zoom::start().await;
    let user = Person {
        user: Some(DEMO_HOST_ID.into()),
        email: Some("host@example.com".into()),
        registrant_id: Some("r-1".into()),
        ..Person::default()
    };
    zoom.attend(Attendance {
        person: user,
        ..present("")
    })
    .await;
    zoom.attend(present("guest")).await;
    zoom.end().await;
    let report = zoom.report(&DEMO_MEETING.to_string()).await;
    let (host, guest) = (&report["participants"][0], &report["participants"][1]);
    assert_eq!(host.get("customer_key"), None);
    assert_eq!(
        host.get("registrant_id"),
        None,
        "only when include_fields asks for it"
    );
    assert_eq!(
        (&host["id"], &host["participant_user_id"]),
        (&json!(DEMO_HOST_ID), &json!(DEMO_HOST_ID))
    );
    assert_eq!(
        (&guest["id"], &guest["user_email"], &guest["name"]),
        (&json!(""), &json!(""), &json!(""))
    );
}
