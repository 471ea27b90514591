//! Scenario files, and the state that they and the control API make.

use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use usher_sim::{Check, DEMO_HOST_ID, DEMO_MEETING, Indicator, Meeting, Options, Scenario, Switch};

use crate::zoom::{Join, Zoom};

const COMPLETE: &str = r#"
[[accounts]]
id = "school"
client_id = "oauth-client"
client_secret = "oauth-secret"
reports = { allowed = false, ready_after_s = 60 }

[[apps]]
key = "key"
secrets = ["old", "new"]
account = "school"
published = true

[[users]]
id = "teacher"
email = "teacher@example.com"
display_name = "Teacher"
account = "school"

[[meetings]]
number = 85012345678
host = "teacher"
topic = "Lesson"
passcode = "0042"
registration_required = true
registrants = [{ tk = "t1" }, { tk = "t2", expired = true }]

[rules]
iat_tolerance_s = 5
minimum_sdk_version = "5.0.0"
checks = { external_account = true, passcode = false, app_key = "2027-01-01", obf_owner = "2026-03-02T00:00:00Z" }
oauth_errors = "code"

[clock]
"*" = -29500
"api.zoom.us" = 0

[[faults]]
path = "/oauth/token"
times = 1
answer = { kind = "rate_limit", requests = 0, per_ms = 1000, retry_after = { after_s = 1, form = "iso8601" } }

[status]
components = [{ name = "Zoom Meetings", status = "partial_outage" }]
incidents = [{ name = "Joins fail", impact = "critical", status = "monitoring", components = ["Zoom Meetings"] }]
updated_at = "2023-10-10T04:00:00Z"

[[webhooks]]
url = "http://127.0.0.1:8080/webhooks/zoom"
secret_token = "token"
events = ["meeting.*"]
timestamp_unit = "milliseconds"
retried_failures = "server_errors"

[[webhook_faults]]
event = "meeting.participant_*"
duplicates = 1
"#;

/// Reads a text as a file of that name would be read.
fn read(name: &str, text: &str) -> Result<Scenario, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    Scenario::read(&file).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_scenario_file_sets_everything() {
    let scenario = read("complete.toml", COMPLETE).unwrap();
    let zoom = Zoom::start_with(Options {
        scenario,
        tls_listen: None,
        ..Options::default()
    })
    .await;
    assert_eq!(
        zoom.token_request().send().await.unwrap().status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    zoom.simulator.steer(|world| {
        assert_eq!(world.meetings[0].passcode, "0042");
        assert_eq!(world.status().incidents[0].impact, Indicator::Critical);
        assert!(
            world.rules.switch_of(Check::ExternalAccount) == Switch::On
                && world.rules.switch_of(Check::Passcode) == Switch::Off
                && world.rules.switch_of(Check::Hmac) == Switch::On
        );
        let reports = world.accounts[0].reports;
        assert_eq!(
            (
                reports.allowed,
                reports.minimum_participants,
                reports.ready_after_s
            ),
            (false, 2, 60)
        );
        assert_eq!(world.webhooks.subscriptions[0].secret_token, "token");
        assert_eq!(world.webhooks.subscriptions[0].answer_within_ms, 3000);
        assert_eq!(
            world
                .webhooks
                .faults
                .iter()
                .next()
                .unwrap()
                .fault
                .duplicates,
            1
        );
    });
    let clock = zoom.control(Method::GET, "clock", Value::Null).await;
    assert_eq!(
        clock["offsets_ms"],
        json!({ "*": -29500, "api.zoom.us": 0 })
    );
}

#[test]
fn json_reads_as_toml_does() {
    let text = r#"{ "accounts": [{ "id": "a", "client_id": "c", "client_secret": "s" }], "clock": { "zoom.us": 3 } }"#;
    assert_eq!(read("small.json", text).unwrap().accounts[0].id, "a");
}

#[test]
fn a_mistake_names_the_file_and_the_key() {
    for (name, text, named) in [
        (
            "unknown.toml",
            "[rules]\niat_tolerance = 5\n",
            "iat_tolerance",
        ),
        (
            "unknown.json",
            r#"{ "meetings": [{ "number": 1, "host": "x", "passwort": "" }] }"#,
            "meetings[0].passwort",
        ),
        (
            "date.toml",
            "[rules]\nchecks = { app_key = \"soon\" }\n",
            "a check takes true, false or a date",
        ),
        (
            "check.toml",
            "[rules]\nchecks = { hmack = false }\n",
            "hmack",
        ),
        (
            "account.toml",
            "[[users]]\nid = 'u'\nemail = 'e'\ndisplay_name = 'd'\naccount = 'nowhere'\n",
            "users[0].account",
        ),
        (
            "host.toml",
            "[[meetings]]\nnumber = 1\nhost = 'nobody'\n",
            "meetings[0].host",
        ),
        (
            "clock.toml",
            "[clock]\n'*' = 9000000000000000\n",
            "a hundred years",
        ),
        (
            "webhook.toml",
            "[[webhooks]]\nurl = 'https://example.com/'\nsecret_token = 's'\n",
            "only to http://",
        ),
    ] {
        let error = read(name, text).unwrap_err();
        assert!(error.contains(name) && error.contains(named), "{error}");
    }
}

#[test]
fn a_mistake_is_told_without_the_line_that_holds_it() {
    for (name, text, told) in [
        (
            "broken.toml",
            "[clock]\nclient_secret = \"geheim\" x\n",
            "line 2: ",
        ),
        (
            "type.toml",
            "[rules]\niat_tolerance_s = \"geheim\"\n",
            "line 2: ",
        ),
        ("account.toml", "\n\naccounts = \"geheim\"\n", "line 3: "),
        (
            "type.json",
            r#"{"rules":{"iat_tolerance_s":"geheim"}}"#,
            "rules.iat_tolerance_s: invalid type",
        ),
    ] {
        let error = read(name, text).unwrap_err();
        assert!(error.contains(told) && !error.contains("geheim"), "{error}");
    }
}

#[test]
fn a_scenario_without_end_is_refused() {
    for device in ["/dev/urandom", "/dev/zero"] {
        let error = Scenario::read(&PathBuf::from(device)).unwrap_err();
        assert!(error.to_string().contains("larger than 1 MiB"), "{error}");
    }
    let error = read("binary.toml", "").map(|_| ()).and_then(|()| {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("binary.toml/binary.toml");
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        Scenario::read(&file)
            .map(|_| ())
            .map_err(|error| error.to_string())
    });
    assert!(error.unwrap_err().contains("not UTF-8"));
}

#[test]
fn a_missing_file_is_named() {
    let error = Scenario::read(&PathBuf::from("/nowhere/x.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/nowhere/x.toml: can't be read"),
        "{error}"
    );
}

#[tokio::test]
async fn meetings_users_apps_and_accounts_can_be_put_and_meetings_removed() {
    let zoom = Zoom::start().await;
    zoom.control(
        Method::PUT,
        "accounts",
        json!({ "id": "b", "client_id": "b-id", "client_secret": "b-secret" }),
    )
    .await;
    zoom.control(
        Method::PUT,
        "users",
        json!({ "id": "bob", "email": "bob@example.org", "display_name": "Bob", "account": "b" }),
    )
    .await;
    zoom.control(
        Method::PUT,
        "apps",
        json!({ "key": "b-key", "secrets": ["s"], "account": "b" }),
    )
    .await;
    zoom.control(
        Method::PUT,
        "meetings",
        json!({ "number": 87_000_000_009_u64, "host": "bob", "topic": "first" }),
    )
    .await;
    zoom.control(
        Method::PUT,
        "meetings",
        json!({ "number": 87_000_000_009_u64, "host": "bob", "topic": "second" }),
    )
    .await;
    let state = zoom.control(Method::GET, "state", Value::Null).await;
    assert_eq!(
        (
            &state["accounts"][1]["id"],
            &state["users"][2]["id"],
            &state["apps"][1]["key"]
        ),
        (&json!("b"), &json!("bob"), &json!("b-key"))
    );
    assert_eq!(
        (
            &state["meetings"][3]["topic"],
            state["meetings"].as_array().unwrap().len()
        ),
        (&json!("second"), 4)
    );
    zoom.control(Method::DELETE, "meetings/87000000009", Value::Null)
        .await;
    let again = zoom
        .request(Method::DELETE, "/_sim/meetings/87000000009")
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let homeless = zoom
        .request(Method::PUT, "/_sim/meetings")
        .json(&json!({ "number": 1, "host": "nobody" }))
        .send()
        .await
        .unwrap();
    assert_eq!(homeless.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_reset_goes_back_to_the_start() {
    let zoom = Zoom::start().await;
    let token = zoom.access_token().await;
    zoom.simulator.steer(|world| {
        world.put_meeting(Meeting::new(87_000_000_001, DEMO_HOST_ID));
        world.remove_meeting(DEMO_MEETING);
        world.rules.switch(Check::Hmac, false);
    });
    zoom.control(Method::POST, "reset", json!({})).await;
    zoom.simulator.steer(|world| {
        assert_eq!(
            (
                world.meetings.len(),
                world.requests.iter().count(),
                world.rules.switch_of(Check::Hmac)
            ),
            (3, 0, Switch::On)
        );
    });
    assert_eq!(
        zoom.request(Method::GET, "/v2/users/me")
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(zoom.join(&Join::good()).await.0, 3008);
}

#[tokio::test]
async fn a_web_page_cannot_steer_the_simulator_without_being_asked_first() {
    let zoom = Zoom::start().await;
    let simple_request = zoom
        .request(Method::POST, "/_sim/reset")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(
        simple_request.send().await.unwrap().status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let preflight = zoom
        .request(Method::OPTIONS, "/_sim/reset")
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.headers().get("access-control-allow-origin"), None);
}

/// The documentation names every check and every demo credential that the code has.
#[test]
fn the_documentation_lists_every_check() {
    let documentation = include_str!("../../../../docs/simulator.md");
    for check in Check::ALL {
        let name = serde_json::to_value(check).unwrap();
        let name = name.as_str().unwrap();
        assert!(
            documentation.contains(&format!("| `{name}` |")),
            "{name} is missing"
        );
    }
    assert!(
        documentation.contains(usher_sim::DEMO_SDK_SECRET)
            && documentation.contains(&DEMO_MEETING.to_string())
    );
}

#[test]
fn the_documentation_lists_every_event() {
    let documentation = include_str!("../../../../docs/simulator.md");
    for kind in usher_sim::EventKind::ALL {
        let name = format!("`{}`", kind.name());
        assert!(documentation.contains(&name), "{name} is missing");
    }
}
