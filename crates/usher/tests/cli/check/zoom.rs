//! Credentials, scopes, a host, a meeting.

use insta::assert_snapshot;
use serde_json::{Value, json};
use usher_sim::{
    DEMO_HOST_EMAIL, DEMO_MEETING, DEMO_REGISTRATION_MEETING, DEMO_WAITING_ROOM_MEETING,
    FaultAnswer, Meeting, OauthErrors,
};

use super::{Report, Zoom, shown};
use crate::process::ran;

const OAUTH: &str = "/oauth/token";

fn json_answer(status: u16, body: Value) -> FaultAnswer {
    FaultAnswer::Json {
        status: status.try_into().unwrap(),
        body,
        retry_after: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_set_up_is_told_in_full_and_ends_with_0() {
    let zoom = Zoom::start().await;
    zoom.place.write(
        "usher.toml",
        "public_url = \"https://usher.example.com\"\nallowed_origins = [\"https://app.example.com\"]\nminimum_sdk_version = [{ version = \"5.0.0\", from = \"2026-11-07\" }]\nwebhook_secrets = [\"aSecretTokenOfNobody\"]\n",
    );
    assert_eq!(ran(&mut zoom.usher(&["init"])).code, 0);
    let args = [
        "check",
        "--host",
        DEMO_HOST_EMAIL,
        "--meeting",
        "85000000001",
    ];
    let ran = ran(&mut zoom.usher(&args));
    let address = zoom.sim.http_address().to_string();
    assert_snapshot!(shown(&ran, &[(&address, "ZOOM")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_faults_the_one_that_the_others_rest_on_is_the_cause() {
    let zoom = Zoom::start().await;
    let mut command = zoom.usher(&[
        "check",
        "--host",
        DEMO_HOST_EMAIL,
        "--meeting",
        "85000000003",
        "--sdk-version",
        "2.16.0",
        "--minimum-sdk-version",
        "5.0.0@2026-11-07",
    ]);
    let ran = ran(command.env("USHER_ZOOM_CLIENT_SECRET", "another"));
    let address = zoom.sim.http_address().to_string();
    let shown = shown(&ran, &[(&address, "ZOOM")]);
    let is_told = |part: &&str| !part.starts_with("info[");
    assert_snapshot!(
        shown
            .split("\n\n")
            .filter(is_told)
            .collect::<Vec<_>>()
            .join("\n\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_that_is_wrong_is_named_as_far_as_zoom_says_it() {
    let zoom = Zoom::start().await;
    for (variable, value, rule, cause) in [
        (
            "USHER_ZOOM_CLIENT_SECRET",
            "another",
            "oauth_wrong_client_id_or_secret",
            "oauth_failing",
        ),
        (
            "USHER_ZOOM_CLIENT_ID",
            "another",
            "oauth_wrong_client_id_or_secret",
            "oauth_failing",
        ),
        (
            "USHER_ZOOM_ACCOUNT_ID",
            "another",
            "oauth_wrong_account_id",
            "oauth_failing",
        ),
    ] {
        let report = Report::of(zoom.usher(&["check", "--json"]).env(variable, value));
        assert_eq!(report.errors(), [rule], "{variable}");
        assert_eq!((report.cause(), report.code), (cause, 1), "{variable}");
        assert_eq!(report.json["party"], "integrator");
    }
    zoom.sim.steer(|zoom| zoom.accounts[0].disabled = true);
    let report = zoom.check(&[]);
    assert_eq!(report.errors(), ["oauth_app_deactivated"]);
    assert_eq!(report.cause(), "app_deactivated");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_the_token_endpoints_errors_leads_to_the_same_fault() {
    let zoom = Zoom::start().await;
    for (form, id, secret) in [
        (
            OauthErrors::Reason,
            "oauth_wrong_client_id_or_secret",
            "oauth_wrong_client_id_or_secret",
        ),
        (
            OauthErrors::ErrorDescription,
            "oauth_wrong_client_id_or_secret",
            "oauth_wrong_client_id_or_secret",
        ),
        (
            OauthErrors::Code,
            "oauth_wrong_client_id",
            "oauth_wrong_client_secret",
        ),
    ] {
        zoom.sim.steer(|zoom| zoom.rules.oauth_errors = form);
        for (variable, rule) in [
            ("USHER_ZOOM_CLIENT_ID", id),
            ("USHER_ZOOM_CLIENT_SECRET", secret),
            ("USHER_ZOOM_ACCOUNT_ID", "oauth_wrong_account_id"),
        ] {
            let report = Report::of(zoom.usher(&["check", "--json"]).env(variable, "another"));
            assert_eq!(report.errors(), [rule], "{form:?} {variable}");
        }
        zoom.sim.steer(|zoom| zoom.accounts[0].disabled = true);
        assert_eq!(zoom.check(&[]).cause(), "app_deactivated", "{form:?}");
        zoom.sim.steer(|zoom| zoom.accounts[0].disabled = false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_token_endpoint_are_read_in_every_form_that_is_quoted() {
    let zoom = Zoom::start().await;
    let html = FaultAnswer::Html {
        status: 200.try_into().unwrap(),
    };
    for (answer, rule, cause, party) in [
        (
            json_answer(400, json!({"error": "unsupported_grant_type"})),
            "oauth_wrong_app_type",
            "oauth_failing",
            "integrator",
        ),
        (
            json_answer(
                401,
                json!({"errorCode": 4702, "errorMessage": "Invalid client."}),
            ),
            "oauth_wrong_client_id",
            "oauth_failing",
            "integrator",
        ),
        (
            json_answer(
                401,
                json!({"code": 4704, "message": "Invalid client secret."}),
            ),
            "oauth_wrong_client_secret",
            "oauth_failing",
            "integrator",
        ),
        (
            json_answer(
                400,
                json!({"code": 4717, "message": "The app has been disabled."}),
            ),
            "oauth_app_deactivated",
            "app_deactivated",
            "integrator",
        ),
        (
            json_answer(400, json!({"error": "invalid_scope"})),
            "oauth_scope_missing",
            "oauth_failing",
            "integrator",
        ),
        (
            json_answer(400, json!({})),
            "oauth_refused",
            "oauth_failing",
            "integrator",
        ),
        (html, "oauth_fails", "oauth_failing", "zoom"),
        (
            json_answer(500, json!({})),
            "oauth_fails",
            "oauth_failing",
            "zoom",
        ),
    ] {
        zoom.sim.steer(|zoom| zoom.faults.clear());
        zoom.answers(OAUTH, answer);
        let report = zoom.check(&["--host", DEMO_HOST_EMAIL, "--meeting", "85000000001"]);
        assert_eq!(report.errors(), [rule], "{}", report.json);
        assert_eq!(
            (report.cause(), report.json["party"].as_str()),
            (cause, Some(party)),
            "{rule}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_named_with_what_is_not_possible_without_it() {
    let zoom = Zoom::start().await;
    assert_eq!(zoom.check(&[]).severity("scopes_suffice"), "info");
    let lose = |scope: &str| {
        zoom.sim
            .steer(|zoom| zoom.accounts[0].scopes.retain(|granted| granted != scope));
    };
    lose("report:read:list_meeting_participants:admin");
    lose("user:read:token:admin");
    let report = zoom.check(&["--host", DEMO_HOST_EMAIL]);
    assert_eq!(
        (report.code, report.severity("scope_missing")),
        (1, "warning")
    );
    assert!(
        report
            .message("zak_refused")
            .contains("user:read:token:admin"),
        "{}",
        report.json
    );
    assert_eq!(report.cause(), "zak_failing");
    // With the meeting's start_url there is still a way to it.
    let report = zoom.check(&["--host", DEMO_HOST_EMAIL, "--meeting", "85000000001"]);
    assert_eq!((report.code, report.severity("zak_fetched")), (0, "info"));
    lose("meeting:read:meeting:admin");
    let report = zoom.check(&[]);
    assert_eq!(
        (report.errors(), report.cause()),
        (vec!["scope_missing"], "zak_failing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zak_is_fetched_and_never_printed() {
    let zoom = Zoom::start().await;
    for args in [
        &["check", "--host", DEMO_HOST_EMAIL][..],
        &["check", "--json", "--host", DEMO_HOST_EMAIL],
    ] {
        let ran = ran(&mut zoom.usher(args));
        assert!(ran.stdout.contains("zak_fetched"), "{}", ran.stdout);
        assert!(!(ran.stdout + &ran.stderr).contains("eyJ"));
    }
    let report = zoom.check(&["--host", "nobody@example.com"]);
    assert_eq!(
        (report.errors(), report.cause()),
        (vec!["zak_refused"], "zak_failing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_judged_by_what_its_joins_bring() {
    let zoom = Zoom::start().await;
    let host = "demo-user-1";
    zoom.sim.steer(|zoom| {
        zoom.put_meeting(Meeting {
            authentication_required: true,
            join_before_host: true,
            ..Meeting::new(85_000_000_004, host)
        });
        zoom.put_meeting(Meeting {
            started: true,
            ..Meeting::new(85_000_000_005, host)
        });
    });
    let external = 99_000_000_001;
    for (number, with, rule, severity, cause) in [
        (
            DEMO_MEETING,
            "",
            "meeting_waits_for_host",
            "warning",
            "null",
        ),
        (
            85_000_000_005,
            "",
            "meeting_waits_for_host",
            "absent",
            "null",
        ),
        (
            DEMO_WAITING_ROOM_MEETING,
            "",
            "meeting_has_waiting_room",
            "info",
            "null",
        ),
        (
            DEMO_REGISTRATION_MEETING,
            "",
            "meeting_asks_for_registration",
            "error",
            "registration_token_missing",
        ),
        (
            DEMO_REGISTRATION_MEETING,
            "tk",
            "meeting_asks_for_registration",
            "info",
            "null",
        ),
        (
            85_000_000_004,
            "",
            "meeting_asks_for_login",
            "error",
            "meeting_state_or_setting",
        ),
        (
            85_000_000_004,
            "zak",
            "meeting_asks_for_login",
            "info",
            "null",
        ),
        (
            external,
            "",
            "external_meeting_needs_zak_or_obf",
            "error",
            "obf_required",
        ),
        (external, "obf", "meeting_unknown_here", "warning", "null"),
    ] {
        let number = number.to_string();
        let mut args = vec!["--meeting", &number];
        args.extend(if with.is_empty() {
            vec![]
        } else {
            vec!["--with", with]
        });
        let report = zoom.check(&args);
        assert_eq!(
            report.severity(rule),
            severity,
            "{number} {with}: {}",
            report.json
        );
        assert_eq!(report.cause(), cause, "{number} {with}");
    }
    // Before the day of the rule, another account's meeting needs no token.
    let report = zoom.check(&["--meeting", "99000000001", "--as-of", "2026-03-01"]);
    assert_eq!(report.severity("meeting_unknown_here"), "warning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_looked_for_in_every_account_unless_one_is_named() {
    let zoom = Zoom::start().await;
    zoom.sim.steer(|zoom| {
        let mut second = usher_sim::Account::new("second", "second-client", "second-secret");
        second.scopes = zoom.accounts[0].scopes.clone();
        zoom.accounts.push(second);
        zoom.users.push(usher_sim::User {
            id: "u2".into(),
            email: "u2@example.com".into(),
            display_name: "U".into(),
            account: "second".into(),
        });
        zoom.put_meeting(Meeting::new(86_000_000_009, "u2"));
    });
    zoom.place.write(
        "usher.toml",
        "[[accounts]]\nname = \"b\"\naccount_id = \"second\"\nclient_id = \"second-client\"\nclient_secret = \"second-secret\"\n",
    );
    let report = zoom.check(&["--meeting", "86000000009"]);
    assert!(
        report.message("meeting_exists").contains("account `b`"),
        "{}",
        report.json
    );
    let report = zoom.check(&["--meeting", "86000000009", "--account", "default"]);
    assert_eq!(report.cause(), "obf_required", "{}", report.json);
    let report = zoom.check(&["--meeting", "86000000009", "--account", "nobody"]);
    assert_eq!(report.errors(), ["zoom_not_asked"], "{}", report.json);
}
