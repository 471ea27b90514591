//! The clock and the way to Zoom.

use std::net::TcpListener;

use usher_sim::{ANY_HOST, AlteredDate, AlteredHeaders, Fault, FaultAnswer, OffsetMs};

use super::{Report, Zoom};

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
        assert!(hi - lo < 1000, "several readings narrow it: {bounds}");
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
async fn hosts_whose_clocks_contradict_each_other_are_named() {
    let zoom = Zoom::start().await;
    zoom.sim.steer(|zoom| {
        let hour = OffsetMs::try_from(3_600_000).unwrap();
        zoom.clock.set("127.0.0.1", hour);
    });
    let report = Report::of(&mut by_tls(&zoom));
    assert_eq!(
        report.severity("zoom_clocks_differ"),
        "warning",
        "{}",
        report.json
    );
    assert!(!report.message("zoom_clocks_differ").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_address_without_its_version_and_a_missing_root_are_found() {
    let zoom = Zoom::start().await;
    let base = zoom.sim.http_url();
    let mut command = zoom.usher(&["check", "--json"]);
    let report = Report::of(command.env("USHER_ZOOM_API_URL", base));
    assert_eq!(
        report.severity("api_path_wrong"),
        "warning",
        "{}",
        report.json
    );
    let mut command = zoom.usher(&["check", "--json", "--meeting", "85000000001"]);
    let report = Report::of(command.env("USHER_ZOOM_CA_FILE", "missing.pem"));
    assert_eq!(report.errors(), ["zoom_setup_unusable"], "{}", report.json);
    assert!(
        report
            .message("zoom_setup_unusable")
            .contains("missing.pem")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_tell_zooms_time_measures_no_clock() {
    let zoom = Zoom::start().await;
    let altered = |date, age_s| AlteredHeaders {
        date,
        age_s,
        via: None,
    };
    let portal = FaultAnswer::Html {
        status: 200.try_into().unwrap(),
    };
    for (headers, answer, because) in [
        (
            altered(Some(AlteredDate::Missing), None),
            None,
            "has no Date",
        ),
        (
            altered(Some(AlteredDate::Malformed), None),
            None,
            "Date can't be read",
        ),
        (altered(None, Some(60)), None, "cache"),
        (
            altered(Some(AlteredDate::Real), None),
            Some(portal),
            "a proxy's",
        ),
    ] {
        zoom.sim.steer(|zoom| {
            zoom.faults.clear();
            zoom.faults.add(Fault {
                path: "/v2/*".to_owned(),
                headers,
                answer,
                ..Fault::default()
            });
        });
        let report = zoom.check(&[]);
        let message = report.message("clock_not_compared");
        assert!(message.contains(because), "{because}: {message}");
        assert!(report.json["clock"].is_null(), "{because}");
    }
}
