//! What needs Zoom: imports and hosts, against the simulator.

use serde_json::json;
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_MEETING, DEMO_PASSCODE, Options,
    Simulator,
};

use crate::app::{App, NUMBER};

async fn zoom() -> Simulator {
    Simulator::start(Options {
        tls_listen: None,
        ..Options::default()
    })
    .await
    .unwrap()
}

async fn app(zoom_url: &str, client_secret: &str) -> App {
    App::with(&format!(
        "zoom = {{ api_url = \"{zoom_url}/v2\", oauth_url = \"{zoom_url}/oauth/token\" }}\n\
         [[accounts]]\naccount_id = \"{DEMO_ACCOUNT_ID}\"\nclient_id = \"{DEMO_CLIENT_ID}\"\nclient_secret = \"{client_secret}\"\n"
    ))
    .await
}

#[tokio::test]
async fn a_host_of_an_imported_meeting_gets_the_zak_that_usher_fetched() {
    let zoom = zoom().await;
    let app = app(&zoom.http_url(), DEMO_CLIENT_SECRET).await;
    let key = app.key("manage,host").await;
    let imported = app
        .post(
            "/v1/meetings/import",
            &key,
            &json!({ "number": DEMO_MEETING }),
        )
        .await;
    assert_eq!(
        (imported.status.as_u16(), &imported.body["has_passcode"]),
        (200, &json!(true)),
        "{}",
        imported.body
    );
    assert_eq!(imported.body["account"], "default");
    let join = json!({ "meeting_number": DEMO_MEETING, "user_name": "Host", "role": "host" });
    let answer = app.post("/v1/joins", &key, &join).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["join"]["passWord"], DEMO_PASSCODE);
    assert!(answer.body["join"]["zak"].as_str().unwrap().len() > 20);
    zoom.shutdown().await;
}

#[tokio::test]
async fn zooms_own_code_and_words_are_passed_on() {
    let zoom = zoom().await;
    let app = app(&zoom.http_url(), DEMO_CLIENT_SECRET).await;
    let key = app.key("manage").await;
    let answer = app
        .post("/v1/meetings/import", &key, &json!({ "number": NUMBER }))
        .await;
    assert_eq!(answer.error(), (502, "zoom_refused", None));
    let told = &answer.body["error"]["zoom"];
    assert_eq!(
        (&told["status"], &told["code"]),
        (&json!(404), &json!(3001))
    );
    zoom.shutdown().await;
}

#[tokio::test]
async fn wrong_credentials_are_told_from_a_zoom_that_is_not_there() {
    let zoom = zoom().await;
    let url = zoom.http_url();
    let body = json!({ "number": DEMO_MEETING });
    let refused = app(&url, "not-the-secret").await;
    let key = refused.key("manage").await;
    assert_eq!(
        refused
            .post("/v1/meetings/import", &key, &body)
            .await
            .error(),
        (502, "zoom_oauth_failed", None)
    );
    zoom.shutdown().await;
    let alone = app(&url, DEMO_CLIENT_SECRET).await;
    let key = alone.key("manage").await;
    assert_eq!(
        alone.post("/v1/meetings/import", &key, &body).await.error(),
        (503, "zoom_unreachable", None)
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_hosts_request_is_said_without_asking_zoom() {
    let zoom = zoom().await;
    let app = app(&zoom.http_url(), DEMO_CLIENT_SECRET).await;
    let key = app.key("manage,host").await;
    app.post(
        "/v1/meetings/import",
        &key,
        &json!({ "number": DEMO_MEETING }),
    )
    .await;
    zoom.shutdown().await;
    for (field, value) in [
        ("user_name", json!("")),
        ("expires_in_s", json!(60)),
        ("passcode", json!("x".repeat(33))),
    ] {
        let mut join =
            json!({ "meeting_number": DEMO_MEETING, "user_name": "Host", "role": "host" });
        join[field] = value;
        let answer = app.post("/v1/joins", &key, &join).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().2),
            (422, Some(field)),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_zoom_that_keeps_failing_is_said_by_readyz_and_attendees_still_join() {
    let zoom = zoom().await;
    let app = app(&zoom.http_url(), DEMO_CLIENT_SECRET).await;
    let key = app.key("manage,host").await;
    app.register(NUMBER, "").await;
    assert_eq!(
        app.call("GET", "/readyz", None, "").await.body["degraded"],
        json!([])
    );
    zoom.shutdown().await;
    let import = json!({ "number": DEMO_MEETING });
    while app
        .post("/v1/meetings/import", &key, &import)
        .await
        .error()
        .1
        != "zoom_paused"
    {}
    let ready = app.call("GET", "/readyz", None, "").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["degraded"][0]["code"]),
        (200, &json!("zoom_failing"))
    );
    let join = json!({ "meeting_number": NUMBER, "user_name": "A" });
    assert_eq!(app.post("/v1/joins", &key, &join).await.status, 200);
}
