//! How the SDKs ask, and in what form they are answered.

use reqwest::Method;
use serde_json::Value;
use usher_sim::DEMO_MEETING;

use crate::zoom::{Join, NOT_STARTED, Zoom, code_and_message, is};

#[tokio::test]
async fn not_started_is_said_in_json_with_the_topic_that_the_client_view_shows() {
    let zoom = Zoom::start().await;
    let (_, message) = zoom.join(&Join::good()).await;
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message["topic"], "Demo: plain meeting");
}

#[tokio::test]
async fn sdk_2_asks_by_jsonp_and_gets_a_script() {
    let zoom = Zoom::start().await;
    let mut fields = Join::good().with_field("cv", "2.16.0").fields();
    fields.push(("callback", "axiosJsonpCallback1".to_owned()));
    let response = zoom.ask_by_get(&fields).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/javascript");
    let script = response.text().await.unwrap();
    let json = script
        .strip_prefix("axiosJsonpCallback1(")
        .unwrap()
        .strip_suffix(");")
        .unwrap();
    is(
        &code_and_message(&serde_json::from_str(json).unwrap()),
        NOT_STARTED,
    );
}

#[tokio::test]
async fn a_callback_that_is_code_is_refused() {
    let zoom = Zoom::start().await;
    let response = zoom
        .ask_by_get(&[("callback", "alert(1)//".to_owned())])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn sdk_6_retries_with_a_plain_get() {
    let zoom = Zoom::start().await;
    let response = zoom
        .ask_by_get(&Join::good().fields())
        .send()
        .await
        .unwrap();
    is(
        &code_and_message(&response.json().await.unwrap()),
        NOT_STARTED,
    );
}

#[tokio::test]
async fn a_page_of_any_origin_may_ask() {
    let zoom = Zoom::start().await;
    let origin = "https://classroom.example";
    let preflight = zoom
        .request(Method::OPTIONS, "/api/v1/wc/info")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-requested-with")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], origin);
    assert_eq!(
        preflight.headers()["access-control-allow-headers"],
        "x-requested-with"
    );
    let answer = zoom
        .request(Method::POST, "/api/v1/wc/info")
        .header("origin", origin)
        .form(&Join::good().fields())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], origin);
}

#[tokio::test]
async fn where_the_sdk_goes_next_is_recorded_and_not_there() {
    let zoom = Zoom::start().await;
    let response = zoom
        .request(Method::GET, &format!("/wc/ping/{DEMO_MEETING}"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(
        zoom.simulator
            .steer(|world| world.requests.count(&format!("/wc/ping/{DEMO_MEETING}"))),
        1
    );
}
