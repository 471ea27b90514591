//! What the witnesses know, what they said, and what minting makes of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use usher::witnesses::Heard;
use usher_core::signature::UnverifiedToken;

use crate::app::{App, NOW, NUMBER};

fn ours() -> Timestamp {
    NOW.parse().unwrap()
}

/// Two answers of a host whose clock is so many seconds behind ours: one would not show that it goes.
fn hear(app: &App, server: &str, is_verified: bool, behind_s: i64) {
    for ago_s in [1, 0] {
        let at = ours() - SignedDuration::from_secs(ago_s);
        let date = at - SignedDuration::from_secs(behind_s);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&date)
            .unwrap();
        hear_headers(app, server, is_verified, at, Some(&date), None);
    }
}

fn hear_headers(
    app: &App,
    server: &str,
    is_verified: bool,
    at: Timestamp,
    date: Option<&str>,
    age: Option<&str>,
) {
    app.witnesses.clock.hear(&Heard {
        server,
        is_verified,
        sent_at: at - SignedDuration::from_millis(40),
        received_at: at,
        is_its_own: true,
        date,
        age,
    });
}

async fn join(app: &App) -> Value {
    let key = app.key("mint").await;
    let body = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    let answer = app.post("/v1/joins", &key, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Seconds from `iat` to our clock, and from `iat` to `exp`.
fn age_and_lifetime(join: &Value) -> (i64, i64) {
    let token = UnverifiedToken::decode(join["join"]["signature"].as_str().unwrap()).unwrap();
    let claim = |name: &str| token.claims()[name].as_i64().unwrap();
    (
        ours().as_second() - claim("iat"),
        claim("exp") - claim("iat"),
    )
}

#[tokio::test]
async fn two_proven_hosts_that_agree_date_signatures_as_early_or_late_as_zooms_clock_is() {
    for (behind_s, age_s) in [(600, 631), (-10_800, -10_769), (0, 31)] {
        let app = App::new().await;
        hear(&app, "api.zoom.us", true, behind_s);
        hear(&app, "zoom.us", true, behind_s);
        let join = join(&app).await;
        assert_eq!(age_and_lifetime(&join), (age_s, 7200), "{behind_s}");
        let offset = &join["clock"]["offset_ms"];
        assert_eq!(
            *offset,
            json!([behind_s * 1000 - 141, behind_s * 1000 + 901]),
            "a second and the round trip, and ours stands at 0.9 s"
        );
    }
}

#[tokio::test]
async fn one_host_or_one_that_is_not_proven_moves_them_a_minute_at_most_and_only_to_earlier() {
    for (hosts, behind_s, age_s) in [
        (&[("zoom.us", true)][..], 600, 90),
        (&[("zoom.us", true), ("api.zoom.us", false)], 600, 90),
        (&[("zoom.us", false)], 20, 51),
        (&[("zoom.us", true)], -10_800, 30),
    ] {
        let app = App::new().await;
        for (host, is_verified) in hosts {
            hear(&app, host, *is_verified, behind_s);
        }
        let (age, _) = age_and_lifetime(&join(&app).await);
        assert_eq!(age, age_s, "{hosts:?}, {behind_s}");
    }
}

#[tokio::test]
async fn an_attempt_keeps_what_its_mint_knew_of_the_clock() {
    let app = App::new().await;
    hear(&app, "zoom.us", true, 20);
    let id = join(&app).await["attempt"].as_str().unwrap().to_owned();
    let key = app.key("read").await;
    let path = format!("/v1/attempts/{id}");
    let answer = app.call("GET", &path, Some(&key), "").await;
    let minted = &answer.body["events"][0];
    assert_eq!(minted["origin"]["clock_offset_ms"], json!([19_859, 20_901]));
    assert_eq!(minted["origin"]["clock_correction_ms"], json!(20_901));
}

#[tokio::test]
async fn an_answer_that_tells_no_time_moves_nothing_and_is_shown_with_its_reason() {
    let app = App::new().await;
    let date = Some("Tue, 10 Oct 2023 03:50:00 GMT");
    hear_headers(&app, "a.zoom.us", true, ours(), date, Some("17"));
    hear_headers(&app, "b.zoom.us", true, ours(), None, None);
    hear_headers(&app, "c.zoom.us", true, ours(), Some("yesterday"), None);
    let (age, _) = age_and_lifetime(&join(&app).await);
    assert_eq!(age, 30);
    let key = app.key("read").await;
    let answer = app.call("GET", "/v1/witnesses", Some(&key), "").await;
    assert_eq!(answer.body["clock"]["offset_ms"], Value::Null);
    assert_eq!(
        answer.body["clock"]["no_readings"],
        json!({
            "a.zoom.us": "the answer comes from a cache: it has an Age",
            "b.zoom.us": "the answer has no Date",
            "c.zoom.us": "the answer's Date can't be read",
        })
    );
}

#[tokio::test]
async fn what_is_known_of_the_clock_is_told_server_by_server() {
    let app = App::new().await;
    hear(&app, "api.zoom.us", true, 600);
    hear(&app, "zoom.us", true, 600);
    hear(&app, "odd.zoom.us", true, 0);
    let key = app.key("read").await;
    let answer = app.call("GET", "/v1/witnesses", Some(&key), "").await;
    let clock = &answer.body["clock"];
    assert_eq!(clock["is_corroborated"], true);
    assert_eq!(clock["correction_ms"], 600_901);
    let servers = clock["servers"].as_array().unwrap().iter();
    let servers: Vec<(&str, bool)> = servers
        .map(|server| {
            let name = server["server"].as_str().unwrap();
            (name, server["agrees"].as_bool().unwrap())
        })
        .collect();
    let expected = [
        ("api.zoom.us", true),
        ("zoom.us", true),
        ("odd.zoom.us", false),
    ];
    assert_eq!(servers, expected);
}

#[tokio::test]
async fn a_change_is_recorded_once_and_read_back() {
    let app = App::new().await;
    let (report, read) = (app.key("report").await, app.key("read").await);
    let change = json!({
        "id": "deploy-1", "release": "42", "environment": "production", "dims": { "view": "client" },
    });
    let first = app.post("/v1/changes", &report, &change).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let expected = json!({
        "kind": "change", "at": NOW, "what": "release", "text": "Release 42.", "release": "42",
        "environment": "production", "dims": { "view": "client" },
    });
    assert_eq!(
        first.body,
        json!({ "change": expected, "is_duplicate": false })
    );
    let mut other = change.clone();
    other["release"] = json!("43");
    let again = app.post("/v1/changes", &report, &other).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["change"]["release"], "42", "what is kept");
    assert_eq!(again.body["is_duplicate"], true);
    let answer = readings(&app, &read, "?kind=change&to=2023-10-10T05:00:00Z").await;
    assert_eq!(answer, json!({ "readings": [expected], "next": null }));
}

async fn readings(app: &App, key: &str, query: &str) -> Value {
    let path = format!("/v1/readings{query}");
    app.call("GET", &path, Some(key), "").await.body
}

#[tokio::test]
async fn a_change_that_says_nothing_or_too_much_is_refused_with_its_field() {
    let app = App::new().await;
    let key = app.key("manage").await;
    let long = "x".repeat(1001);
    for (change, code, field) in [
        (json!({}), "missing", "text"),
        (
            json!({ "text": "a", "what": "deploy" }),
            "invalid_value",
            "what",
        ),
        (
            json!({ "text": "a", "at": "yesterday" }),
            "invalid_value",
            "at",
        ),
        (
            json!({ "text": "a", "at": "2023-10-10T05:00:00Z" }),
            "in_the_future",
            "at",
        ),
        (json!({ "text": long }), "invalid_label", "text"),
        (json!({ "text": "a\u{202e}b" }), "invalid_label", "text"),
        (json!({ "release": "a\u{0}" }), "invalid_label", "release"),
        (
            json!({ "text": "a", "dims": { "tenant": long } }),
            "invalid_label",
            "dims",
        ),
    ] {
        let answer = app.post("/v1/changes", &key, &change).await;
        assert_eq!(answer.error(), (422, code, Some(field)), "{change}");
    }
    for scopes in ["mint", "read"] {
        let key = app.key(scopes).await;
        let answer = app.post("/v1/changes", &key, &json!({ "text": "a" })).await;
        assert_eq!(answer.status, 403, "{scopes}");
    }
}

#[tokio::test]
async fn a_release_and_a_shape_are_noticed_the_first_time_that_they_are_seen() {
    let app = App::new().await;
    let (mint, read) = (app.key("mint").await, app.key("read").await);
    for release in ["41", "41", "42"] {
        let body = json!({
            "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "", "release": release, "environment": "production",
        });
        assert_eq!(app.post("/v1/joins", &mint, &body).await.status, 200);
    }
    let answer = readings(&app, &read, "?kind=change&to=2023-10-10T05:00:00Z").await;
    let told: Vec<&str> = answer["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    // Each attempt of the test has the same id, so that the one of release 42 is none.
    let shape = "Join parameters of a new shape: customerKey:string meetingNumber:string passWord:string signature:string userName:string.";
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&shape), "{told:?}");
    assert!(told.contains(&"Release 41 was seen for the first time."));
}

#[tokio::test]
async fn readings_come_in_pages_and_odd_questions_are_refused() {
    let app = App::new().await;
    let (report, read) = (app.key("report").await, app.key("read").await);
    for text in ["one", "two", "three"] {
        app.post("/v1/changes", &report, &json!({ "text": text, "id": text }))
            .await;
    }
    let mut query = "?to=2023-10-10T05:00:00Z&limit=2".to_owned();
    let mut seen = 0;
    loop {
        let page = readings(&app, &read, &query).await;
        seen += page["readings"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("?to=2023-10-10T05:00:00Z&limit=2&cursor={next}");
    }
    assert_eq!(seen, 3);
    for (query, code) in [
        ("?kind=weather", "invalid_value"),
        ("?limit=0", "invalid_value"),
        ("?limit=1001", "invalid_value"),
        ("?cursor=x", "invalid_cursor"),
        (
            "?from=2024-01-01T00:00:00Z&to=2023-01-01T00:00:00Z",
            "empty_span",
        ),
        ("?colour=red", "invalid_query"),
    ] {
        let path = format!("/v1/readings{query}");
        let answer = app.call("GET", &path, Some(&read), "").await;
        let (status, found, _) = answer.error();
        assert_eq!((status, found), (422, code), "{query}");
    }
}
