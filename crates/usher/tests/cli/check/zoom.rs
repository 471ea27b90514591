//! What Zoom answers, or does not.

use std::net::TcpListener;

use insta::assert_snapshot;
use serde_json::{Value, json};
use usher_sim::{
    ANY_HOST, DEMO_HOST_EMAIL, DEMO_MEETING, DEMO_REGISTRATION_MEETING, DEMO_WAITING_ROOM_MEETING,
    FaultAnswer, Meeting, OffsetMs,
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
async fn a_clock_that_is_off_is_measured_and_what_the_mint_makes_of_it_told() {
    let zoom = Zoom::start().await;
    let ahead_by_s = |seconds: i64| {
        let offset = OffsetMs::try_from(-seconds * 1000).unwrap();
        zoom.sim.steer(|zoom| zoom.clock.set(ANY_HOST, offset));
    };
    for (seconds, rule, severity, cause) in [
        (0, "clock_well", "info", "null"),
        (45, "clock_off", "warning", "null"),
        // One host's word moves `iat` by a minute at most, and only back.
        (600, "clock_ahead", "error", "iat_in_future_clock_skew"),
        (-600, "clock_off", "warning", "null"),
        (-3 * 3600, "clock_behind", "error", "clock_behind"),
    ] {
        ahead_by_s(seconds);
        let report = zoom.check(&[]);
        assert_eq!(
            report.severity(rule),
            severity,
            "{seconds}: {}",
            report.json
        );
        assert_eq!(report.cause(), cause, "{seconds}");
        let bounds = &report.json["clock"]["offset_ms"];
        let [lo, hi] = [0, 1].map(|end| bounds[end].as_i64().unwrap());
        assert!(
            lo <= seconds * 1000 && seconds * 1000 <= hi,
            "{seconds}: {bounds}"
        );
        assert!(hi - lo < 900, "several readings narrow it: {bounds}");
    }
}

/// The simulator by two names that TLS proves.
fn by_tls(zoom: &Zoom) -> std::process::Command {
    zoom.place.write("ca.pem", zoom.sim.ca_pem().unwrap());
    let port = zoom.sim.https_address().unwrap().port();
    let mut command = zoom.usher(&["check", "--json"]);
    command
        .env("USHER_ZOOM_API_URL", format!("https://localhost:{port}/v2"))
        .env(
            "USHER_ZOOM_OAUTH_URL",
            format!("https://127.0.0.1:{port}/oauth/token"),
        )
        .env("USHER_ZOOM_CA_FILE", "ca.pem");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_that_tls_proves_make_up_for_a_clock_of_any_error() {
    let zoom = Zoom::start().await;
    for seconds in [600, -3 * 3600] {
        let offset = OffsetMs::try_from(-seconds * 1000).unwrap();
        zoom.sim.steer(|zoom| zoom.clock.set(ANY_HOST, offset));
        let report = Report::of(&mut by_tls(&zoom));
        assert_eq!(
            (report.code, report.severity("clock_off")),
            (0, "warning"),
            "{}",
            report.json
        );
        assert!(
            report.message("clock_off").contains("two hosts agree"),
            "{}",
            report.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_at_which_the_way_to_zoom_ends_is_named() {
    let zoom = Zoom::start().await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let tls = zoom.sim.https_address().unwrap().port();
    for (base, step, cause) in [
        // <https://www.rfc-editor.org/rfc/rfc6761>: no such name exists.
        ("https://zoom.invalid".to_owned(), "(DNS)", "null"),
        (format!("http://{closed}"), "(TCP)", "our_egress"),
        // Nobody here trusts the simulator's CA.
        (format!("https://localhost:{tls}"), "(TLS)", "our_egress"),
        // It speaks TLS and is asked in plain HTTP.
        (format!("http://localhost:{tls}"), "(HTTP)", "our_egress"),
    ] {
        let mut command = zoom.usher(&["check", "--json"]);
        command
            .env("USHER_ZOOM_API_URL", format!("{base}/v2"))
            .env("USHER_ZOOM_OAUTH_URL", format!("{base}/oauth/token"));
        let report = Report::of(&mut command);
        assert_eq!(
            report.errors(),
            ["host_not_reached"],
            "{base}: {}",
            report.json
        );
        assert!(
            report.message("host_not_reached").contains(step),
            "{base}: {}",
            report.json
        );
        assert_eq!(report.cause(), cause, "{base}");
        assert_eq!(report.severity("oauth_not_checked"), "warning", "{base}");
        assert_eq!(report.severity("clock_not_compared"), "warning", "{base}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_zooms_tells_an_outage_of_zoom_from_one_of_our_way_out() {
    let zoom = Zoom::start().await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (control, cause) in [
        (zoom.sim.http_url(), "zoom_outage"),
        (format!("http://{closed}"), "our_egress"),
    ] {
        zoom.place.write(
            "usher.toml",
            &format!("[witnesses]\ncontrol_url = \"{control}/\"\n"),
        );
        let mut command = zoom.usher(&["check", "--json"]);
        command
            .env("USHER_ZOOM_API_URL", "https://api.zoom.invalid/v2")
            .env("USHER_ZOOM_OAUTH_URL", "https://zoom.invalid/oauth/token");
        let report = Report::of(&mut command);
        assert_eq!(report.cause(), cause, "{}", report.json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_in_the_api_s_place_and_a_failing_zoom_are_told_apart() {
    let zoom = Zoom::start().await;
    let html = |status: u16| FaultAnswer::Html {
        status: status.try_into().unwrap(),
    };
    zoom.answers("/v2/*", html(200));
    let report = zoom.check(&[]);
    assert_eq!(report.errors(), ["answer_is_not_zooms"]);
    assert_eq!(report.cause(), "our_egress");
    zoom.sim.steer(|zoom| zoom.faults.clear());
    zoom.answers("/v2/*", html(503));
    // Plain HTTP proves nobody's name: whose failure it is stays open.
    let report = zoom.check(&[]);
    assert_eq!(
        (report.errors(), report.cause()),
        (vec!["host_fails"], "null")
    );
    let report = Report::of(&mut by_tls(&zoom));
    assert_eq!(
        (report.errors(), report.cause()),
        (vec!["host_fails"], "zoom_partial_outage")
    );
    assert_eq!(report.json["party"], "zoom");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_takes_too_long_is_given_up_and_that_is_said() {
    let zoom = Zoom::start().await;
    zoom.answers("*", FaultAnswer::Hang);
    let report = zoom.check(&["--limit-s", "1"]);
    assert!(
        report.message("check_gave_up").contains("longer than 1 s"),
        "{}",
        report.json
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
