//! Every way to misbehave, seen from the other end of the socket.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{Fault, FaultAnswer};

use crate::zoom::{Join, Zoom, code_and_message};

impl Zoom {
    async fn add_fault(&self, fault: Value) -> u64 {
        self.control(Method::POST, "faults", fault).await["id"]
            .as_u64()
            .unwrap()
    }
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_says_and_only_where_it_says() {
    let zoom = Zoom::start().await;
    let answer =
        json!({ "kind": "json", "status": 500, "body": { "code": 500, "message": "broken" } });
    let id = zoom
        .add_fault(json!({ "path": "/oauth/*", "method": "POST", "times": 2, "answer": answer }))
        .await;
    assert_eq!(
        zoom.request(Method::GET, "/v2/users/me")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::UNAUTHORIZED
    );
    for expected in [500, 500, 200] {
        assert_eq!(
            zoom.token_request().send().await.unwrap().status(),
            expected
        );
    }
    let log = zoom
        .control(Method::GET, "requests?path=/oauth/token", Value::Null)
        .await;
    let faults: Vec<Option<u64>> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["fault"].as_u64())
        .collect();
    assert_eq!(faults, [Some(id), Some(id), None]);
    assert_eq!(
        zoom.control(Method::GET, "faults", Value::Null).await["faults"][0]["struck"],
        2
    );
}

#[tokio::test]
async fn a_fault_can_take_one_host_down_and_leave_the_others() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "host": "api.zoom.us", "answer": { "kind": "close" } }))
        .await;
    let ask = |host: &'static str| {
        zoom.request(Method::GET, "/v2/users/me")
            .header("host", host)
            .send()
    };
    assert!(ask("api.zoom.us").await.is_err());
    assert_eq!(
        ask("zoom.us").await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_fault_can_be_ended() {
    let zoom = Zoom::start().await;
    let id = zoom
        .add_fault(json!({ "answer": { "kind": "close" } }))
        .await;
    assert!(zoom.token_request().send().await.is_err());
    zoom.control(Method::DELETE, &format!("faults/{id}"), Value::Null)
        .await;
    assert_eq!(
        zoom.token_request().send().await.unwrap().status(),
        StatusCode::OK
    );
    let again = zoom
        .request(Method::DELETE, &format!("/_sim/faults/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hanging_host_answers_nothing_and_the_request_is_seen() {
    let zoom = Zoom::start().await;
    zoom.simulator.steer(|world| {
        world.faults.add(Fault {
            answer: Some(FaultAnswer::Hang),
            ..Fault::default()
        })
    });
    let error = zoom
        .token_request()
        .timeout(Duration::from_millis(200))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(
        zoom.simulator.steer(|world| world
            .requests
            .iter()
            .map(|record| record.status)
            .collect::<Vec<_>>()),
        [None]
    );
}

#[tokio::test]
async fn shutting_down_ends_a_hanging_request() {
    let zoom = Zoom::start().await;
    zoom.simulator.steer(|world| {
        world.faults.add(Fault {
            answer: Some(FaultAnswer::Hang),
            ..Fault::default()
        })
    });
    let asked = tokio::spawn(zoom.token_request().send());
    while zoom
        .simulator
        .steer(|world| world.requests.count("/oauth/token"))
        == 0
    {
        tokio::task::yield_now().await;
    }
    zoom.simulator.shutdown().await;
    assert!(asked.await.unwrap().is_err());
}

#[tokio::test]
async fn half_a_body_really_breaks_off_in_the_middle() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "answer": { "kind": "half", "status": 200 } }))
        .await;
    let mut response = zoom.token_request().send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let beginning = response.chunk().await.unwrap().unwrap();
    assert!(beginning.starts_with(b"{\"access_token\""));
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn html_and_garbage_are_not_json() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "times": 1, "answer": { "kind": "html", "status": 502 } }))
        .await;
    zoom.add_fault(json!({ "times": 1, "answer": { "kind": "garbage", "status": 200 } }))
        .await;
    let html = zoom.token_request().send().await.unwrap();
    assert_eq!(
        (
            html.status(),
            html.headers()["content-type"].to_str().unwrap()
        ),
        (StatusCode::BAD_GATEWAY, "text/html")
    );
    let garbage = zoom.token_request().send().await.unwrap();
    assert_eq!(garbage.status(), StatusCode::OK);
    assert!(String::from_utf8(garbage.bytes().await.unwrap().to_vec()).is_err());
}

#[tokio::test]
async fn latency_alone_delays_the_true_answer() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "delay_ms": 60 })).await;
    zoom.add_fault(json!({ "delay_ms": 40 })).await;
    let started = std::time::Instant::now();
    assert_eq!(
        zoom.token_request().send().await.unwrap().status(),
        StatusCode::OK
    );
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_rate_limit_admits_so_many_per_window_of_the_hosts_clock() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "path": "/v2/*", "answer": { "kind": "rate_limit", "requests": 2, "per_ms": 3_600_000 } })).await;
    let token = zoom.access_token().await;
    let status = async || {
        zoom.request(Method::GET, "/v2/users/me")
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        (status().await, status().await, status().await),
        (
            StatusCode::OK,
            StatusCode::OK,
            StatusCode::TOO_MANY_REQUESTS
        )
    );
    zoom.simulator
        .steer(|world| world.clock.set("*", 3_600_001.try_into().unwrap()));
    assert_eq!(
        status().await,
        StatusCode::UNAUTHORIZED,
        "admitted again, but the token is an hour old"
    );
}

#[tokio::test]
async fn retry_after_is_written_in_each_of_its_forms() {
    let zoom = Zoom::start().await;
    for (form, is_right) in [
        ("seconds", (|value| value == "7") as fn(&str) -> bool),
        ("http_date", |value| {
            in_seven_seconds(DateTimeParser::new().parse_timestamp(value).unwrap())
        }),
        ("iso8601", |value| {
            value.ends_with('Z') && in_seven_seconds(value.parse().unwrap())
        }),
    ] {
        let answer = json!({ "kind": "rate_limit", "requests": 0, "per_ms": 1000, "retry_after": { "after_s": 7, "form": form } });
        let id = zoom.add_fault(json!({ "answer": answer })).await;
        let response = zoom.token_request().send().await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let value = response.headers()["retry-after"].to_str().unwrap();
        assert!(is_right(value), "{form}: {value}");
        zoom.control(Method::DELETE, &format!("faults/{id}"), Value::Null)
            .await;
    }
}

fn in_seven_seconds(at: Timestamp) -> bool {
    (at.as_second() - Timestamp::now().as_second() - 7).abs() <= 2
}

#[tokio::test]
async fn a_join_fault_speaks_the_dialect_of_the_sdk_that_asks() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "path": "/api/v1/wc/info", "answer": { "kind": "join", "code": 1, "message": "Fail to join the meeting." } })).await;
    assert_eq!(
        zoom.join(&Join::good()).await,
        (1, "Fail to join the meeting.".to_owned())
    );
    let script = zoom
        .ask_by_get(&[("callback", "cb".to_owned())])
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let json = script
        .strip_prefix("cb(")
        .unwrap()
        .strip_suffix(");")
        .unwrap();
    assert_eq!(code_and_message(&serde_json::from_str(json).unwrap()).0, 1);
}

#[tokio::test]
async fn the_control_api_is_never_struck() {
    let zoom = Zoom::start().await;
    zoom.add_fault(json!({ "answer": { "kind": "close" } }))
        .await;
    zoom.control(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(
        zoom.token_request().send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_fault_with_an_unknown_key_or_kind_is_an_error_that_names_it() {
    let zoom = Zoom::start().await;
    for (fault, named) in [
        (json!({ "pth": "/x" }), "pth"),
        (json!({ "answer": { "kind": "explode" } }), "explode"),
        (
            json!({ "answer": { "kind": "html", "status": 100 } }),
            "100 is no status",
        ),
        (
            json!({ "answer": { "kind": "html", "status": 503, "code": 1 } }),
            "code",
        ),
    ] {
        let response = zoom
            .request(Method::POST, "/_sim/faults")
            .json(&fault)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(response.text().await.unwrap().contains(named));
    }
}
