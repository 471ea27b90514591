//! OAuth, users, tokens and meetings.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_HOST_EMAIL, DEMO_HOST_ID,
    DEMO_MEETING, DEMO_PASSCODE, DEMO_REGISTRATION_MEETING, Meeting,
};

use crate::zoom::{Join, Zoom};

#[tokio::test]
async fn an_access_token_is_given_to_the_account_that_has_the_credentials() {
    let zoom = Zoom::start().await;
    let answer: Value = zoom
        .token_request()
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("bearer"), &json!(3600))
    );
    assert!(
        answer["scope"]
            .as_str()
            .unwrap()
            .contains("user:read:token:admin")
    );
    assert_eq!(answer.get("api_url"), None);
    zoom.simulator
        .steer(|world| world.accounts[0].api_url = Some("https://api-us.zoom.us".to_owned()));
    let answer: Value = zoom
        .token_request()
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["api_url"], "https://api-us.zoom.us");
}

#[tokio::test]
async fn wrong_credentials_grant_and_account_are_told_apart() {
    let zoom = Zoom::start().await;
    let table = [
        (
            DEMO_CLIENT_ID,
            "wrong",
            "account_credentials",
            DEMO_ACCOUNT_ID,
            "invalid_client",
        ),
        (
            "unknown",
            DEMO_CLIENT_SECRET,
            "account_credentials",
            DEMO_ACCOUNT_ID,
            "invalid_client",
        ),
        (
            DEMO_CLIENT_ID,
            DEMO_CLIENT_SECRET,
            "client_credentials",
            DEMO_ACCOUNT_ID,
            "unsupported_grant_type",
        ),
        (
            DEMO_CLIENT_ID,
            DEMO_CLIENT_SECRET,
            "account_credentials",
            "another",
            "invalid_request",
        ),
    ];
    for (client_id, secret, grant_type, account_id, error) in table {
        let request = zoom
            .request(Method::POST, "/oauth/token")
            .basic_auth(client_id, Some(secret));
        let response = request
            .form(&[("grant_type", grant_type), ("account_id", account_id)])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.json::<Value>().await.unwrap()["error"], error);
    }
}

#[tokio::test]
async fn errors_of_the_token_endpoint_have_each_of_the_forms_that_zooms_may_have() {
    let zoom = Zoom::start().await;
    let ask = async |client_id: &str, secret: &str| {
        let request = zoom
            .request(Method::POST, "/oauth/token")
            .basic_auth(client_id, Some(secret))
            .form(&[
                ("grant_type", "account_credentials"),
                ("account_id", DEMO_ACCOUNT_ID),
            ]);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        response.json::<Value>().await.unwrap()
    };
    let not_told_apart = "Invalid client_id or client_secret";
    for (form, wrong_id, wrong_secret) in [
        (
            "reason",
            json!({ "error": "invalid_client", "reason": not_told_apart }),
            json!({ "error": "invalid_client", "reason": not_told_apart }),
        ),
        (
            "error_description",
            json!({ "error": "invalid_client", "error_description": not_told_apart }),
            json!({ "error": "invalid_client", "error_description": not_told_apart }),
        ),
        (
            "code",
            json!({ "error": "invalid_client", "code": 4702, "reason": "Invalid client_id" }),
            json!({ "error": "invalid_client", "code": 4704, "reason": "Invalid client_secret" }),
        ),
    ] {
        zoom.control(Method::PATCH, "rules", json!({ "oauth_errors": form }))
            .await;
        assert_eq!(ask("unknown", DEMO_CLIENT_SECRET).await, wrong_id);
        assert_eq!(ask(DEMO_CLIENT_ID, "wrong").await, wrong_secret);
    }
    zoom.simulator
        .steer(|world| world.accounts[0].disabled = true);
    let deactivated = ask(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).await;
    assert_eq!(deactivated["code"], 4717);
}

#[tokio::test]
async fn the_log_counts_token_calls_and_keeps_no_credentials() {
    let zoom = Zoom::start().await;
    zoom.access_token().await;
    let log = zoom.control(Method::GET, "requests", Value::Null).await;
    assert_eq!(log["counts"], json!({ "POST /oauth/token": 1 }));
    assert_eq!(log["requests"][0]["authorization"], "Basic");
    assert_eq!(log["requests"][0]["form"]["account_id"], DEMO_ACCOUNT_ID);
    assert!(!log.to_string().contains(DEMO_CLIENT_SECRET));
    zoom.control(Method::DELETE, "requests", Value::Null).await;
    assert_eq!(
        zoom.control(Method::GET, "requests", Value::Null).await["requests"],
        json!([])
    );
}

#[tokio::test]
async fn an_access_token_that_is_missing_wrong_or_expired_is_401_with_124() {
    let zoom = Zoom::start().await;
    let token = zoom.access_token().await;
    assert_eq!(
        zoom.control(Method::POST, "tokens/expire", json!({ "kind": "access" }))
            .await["expired"],
        1
    );
    for request in [
        zoom.request(Method::GET, "/v2/users/me"),
        zoom.request(Method::GET, "/v2/users/me")
            .bearer_auth("made-up"),
        zoom.request(Method::GET, "/v2/users/me").bearer_auth(token),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.json::<Value>().await.unwrap()["code"], 124);
    }
    assert_eq!(zoom.get("/v2/users/me").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which_one_is_missing() {
    let zoom = Zoom::start().await;
    zoom.simulator
        .steer(|world| world.accounts[0].scopes = vec!["user:read:user:admin".to_owned()]);
    assert_eq!(zoom.get("/v2/users/me").await.status(), StatusCode::OK);
    let response = zoom.get(&format!("/v2/meetings/{DEMO_MEETING}")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["code"], 4700);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("meeting:read:meeting:admin")
    );
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_email() {
    let zoom = Zoom::start().await;
    for id in [DEMO_HOST_ID, DEMO_HOST_EMAIL, "me"] {
        assert_eq!(
            zoom.get_json(&format!("/v2/users/{id}")).await["id"],
            DEMO_HOST_ID
        );
    }
    let response = zoom.get("/v2/users/nobody").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.json::<Value>().await.unwrap()["code"], 1001);
}

#[tokio::test]
async fn a_meeting_has_the_fields_of_the_reference_and_a_number_as_its_id() {
    let zoom = Zoom::start().await;
    let meeting = zoom.get_json(&format!("/v2/meetings/{DEMO_MEETING}")).await;
    assert_eq!(meeting["id"], json!(DEMO_MEETING));
    assert_eq!(meeting["host_id"], DEMO_HOST_ID);
    assert_eq!(meeting["password"], DEMO_PASSCODE);
    assert_eq!(meeting["status"], "waiting");
    assert_eq!(meeting["settings"]["waiting_room"], false);
    assert_eq!(meeting["settings"]["approval_type"], 2);
    assert!(!meeting["uuid"].as_str().unwrap().is_empty());
    assert!(meeting["join_url"].as_str().unwrap().contains("pwd="));
    let registration = zoom
        .get_json(&format!("/v2/meetings/{DEMO_REGISTRATION_MEETING}"))
        .await;
    assert_eq!(registration["settings"]["approval_type"], 0);
}

#[tokio::test]
async fn the_start_url_carries_a_fresh_zak_that_starts_the_meeting() {
    let zoom = Zoom::start().await;
    let mut zaks = Vec::new();
    for _ in 0..2 {
        let meeting = zoom.get_json(&format!("/v2/meetings/{DEMO_MEETING}")).await;
        let zak = meeting["start_url"]
            .as_str()
            .unwrap()
            .split_once("zak=")
            .unwrap()
            .1
            .to_owned();
        assert_eq!(
            zoom.join(&Join::good().with_host_role().with_field("ztk", &zak))
                .await
                .0,
            3008
        );
        zaks.push(zak);
    }
    assert_ne!(zaks[0], zaks[1]);
}

#[tokio::test]
async fn an_unknown_meeting_is_404_with_3001_and_another_accounts_meeting_too() {
    let zoom = Zoom::start().await;
    zoom.simulator.steer(|world| {
        let other = usher_sim::User {
            id: "x".into(),
            email: "x@example.org".into(),
            display_name: "X".into(),
            account: "other".into(),
        };
        world.users.push(other);
        world.put_meeting(Meeting::new(87_000_000_001, "x"));
    });
    for number in [81_111_111_111_u64, 87_000_000_001] {
        let response = zoom.get(&format!("/v2/meetings/{number}")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.json::<Value>().await.unwrap()["code"], 3001);
    }
    assert_eq!(
        zoom.get("/v2/meetings/abc")
            .await
            .json::<Value>()
            .await
            .unwrap()["code"],
        300
    );
}

#[tokio::test]
async fn meetings_are_listed_page_by_page() {
    let zoom = Zoom::start().await;
    let mut numbers = Vec::new();
    let mut token = String::new();
    loop {
        let page = zoom
            .get_json(&format!(
                "/v2/users/{DEMO_HOST_ID}/meetings?page_size=2&next_page_token={token}"
            ))
            .await;
        assert_eq!(page["total_records"], 3);
        numbers.extend(
            page["meetings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|meeting| meeting["id"].as_u64().unwrap()),
        );
        page["next_page_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(
        numbers,
        [DEMO_MEETING, DEMO_MEETING + 1, DEMO_REGISTRATION_MEETING]
    );
    for query in [
        "page_size=0",
        "page_size=301",
        "page_size=x",
        "next_page_token=!",
    ] {
        assert_eq!(
            zoom.get(&format!("/v2/users/me/meetings?{query}"))
                .await
                .status(),
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_created_meeting_can_be_looked_up_and_joined() {
    let zoom = Zoom::start().await;
    let token = zoom.access_token().await;
    let create = zoom
        .request(Method::POST, "/v2/users/me/meetings")
        .bearer_auth(token);
    let body =
        json!({ "topic": "Lesson 1", "password": "abc", "settings": { "waiting_room": true } });
    let response = create.json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let number = response.json::<Value>().await.unwrap()["id"]
        .as_u64()
        .unwrap();
    let meeting = zoom.get_json(&format!("/v2/meetings/{number}")).await;
    assert_eq!(
        (&meeting["topic"], &meeting["settings"]["waiting_room"]),
        (&json!("Lesson 1"), &json!(true))
    );
    assert_eq!(
        zoom.join(
            &Join::good()
                .for_meeting(number)
                .with_field("passWord", "abc")
        )
        .await
        .0,
        3008
    );
}

/// The claims of a token, not verified.
fn claims(token: &str) -> Value {
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap(),
    )
    .unwrap()
}

#[tokio::test]
async fn a_zak_says_itself_when_it_expires() {
    let zoom = Zoom::start().await;
    let lifetime_s = |token: &str| {
        claims(token)["exp"].as_i64().unwrap() - claims(token)["iat"].as_i64().unwrap()
    };
    assert_eq!(lifetime_s(&zoom.user_token("type=zak").await), 7200);
    assert_eq!(lifetime_s(&zoom.user_token("type=zak&ttl=120").await), 120);
    assert_eq!(
        claims(&zoom.user_token("type=onbehalf").await)["uid"],
        DEMO_HOST_ID
    );
    let own = zoom.get_json("/v2/users/me/zak").await;
    assert_eq!(claims(own["token"].as_str().unwrap())["uid"], DEMO_HOST_ID);
}

#[tokio::test]
async fn a_token_of_an_unknown_type_or_lifetime_or_user_is_refused() {
    let zoom = Zoom::start().await;
    for (path, code) in [
        ("me/token", 300),
        ("me/token?type=token", 300),
        ("me/token?type=zak&ttl=0", 300),
        ("me/token?type=zak&ttl=31536001", 300),
        ("nobody/token?type=zak", 1001),
    ] {
        assert_eq!(
            zoom.get(&format!("/v2/users/{path}"))
                .await
                .json::<Value>()
                .await
                .unwrap()["code"],
            code,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_disabled_account_gets_no_token_and_its_old_ones_die() {
    let zoom = Zoom::start().await;
    let token = zoom.access_token().await;
    zoom.simulator
        .steer(|world| world.accounts[0].disabled = true);
    assert_eq!(
        zoom.token_request().send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        zoom.request(Method::GET, "/v2/users/me")
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::UNAUTHORIZED
    );
}
