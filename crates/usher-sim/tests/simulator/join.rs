//! The checks on a signature and a meeting.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};
use usher_sim::{Check, CheckOutcome, DEMO_MEETING, DEMO_REGISTRATION_MEETING, DEMO_SDK_KEY};

use crate::zoom::{Join, NOT_STARTED, Zoom, is};

#[tokio::test]
async fn good_parameters_are_answered_as_a_meeting_that_has_not_started() {
    let zoom = Zoom::start().await;
    is(&zoom.join(&Join::good()).await, NOT_STARTED);
    assert_eq!(zoom.failed_checks(), []);
}

#[tokio::test]
async fn the_log_shows_the_claims_and_every_check() {
    let zoom = Zoom::start().await;
    zoom.join(&Join::good()).await;
    let log = zoom
        .control(Method::GET, "requests?path=/api/v1/wc/info", Value::Null)
        .await;
    assert_eq!(log["counts"], json!({ "POST /api/v1/wc/info": 1 }));
    let request = &log["requests"][0];
    assert_eq!(request["status"], 200);
    assert_eq!(request["form"]["userName"], "Ann");
    assert_eq!(
        request["signature"]["claims"]["mn"],
        DEMO_MEETING.to_string()
    );
    assert_eq!(request["signature"]["header"]["alg"], "HS256");
    assert_eq!(
        request["checks"].as_array().unwrap().len(),
        Check::ALL.len()
    );
    assert_eq!(
        request["checks"][6],
        json!({ "check": "hmac", "result": "passed" })
    );
}

/// Each row: what is wrong, the check that says so, and the answer. Switched off, the check no longer stands in the way.
#[tokio::test]
async fn each_check_refuses_its_own_fault_and_can_be_switched_off() {
    let now = jiff::Timestamp::now().as_second();
    let invalid = (200, "Invalid signature.");
    let mut other_secret = Join::good();
    other_secret.secret = "of-another-app".to_owned();
    let mut other_algorithm = Join::good();
    other_algorithm.algorithm = Algorithm::HS384;
    let table: Vec<(Join, Check, (i64, &str))> = vec![
        (
            Join::good().without_claim("appKey"),
            Check::KeyClaim,
            invalid,
        ),
        (
            Join::good()
                .without_claim("sdkKey")
                .with_field("cv", "2.16.0"),
            Check::KeyClaim,
            invalid,
        ),
        (
            Join::good().with_claim("appKey", "another-key"),
            Check::KeyClaim,
            invalid,
        ),
        (other_algorithm, Check::Algorithm, invalid),
        (other_secret, Check::Hmac, invalid),
        (
            Join::good().with_claim("exp", (now + 7000).to_string()),
            Check::TimeClaims,
            invalid,
        ),
        (
            Join::good().with_claim("iat", json!(1.5e9)),
            Check::TimeClaims,
            invalid,
        ),
        (
            Join::good().with_claim("tokenExp", "tomorrow"),
            Check::TimeClaims,
            invalid,
        ),
        (
            Join::good().with_claim("iat", now + 120),
            Check::IssuedInPast,
            invalid,
        ),
        (
            Join::good()
                .with_claim("iat", now - 7200)
                .with_claim("exp", now - 10),
            Check::NotExpired,
            (200, "The signature has expired."),
        ),
        (
            Join::good().with_claim("exp", now - 30 + 1799),
            Check::Lifetime,
            invalid,
        ),
        (
            Join::good().with_claim("exp", now - 30 + 172_801),
            Check::Lifetime,
            invalid,
        ),
        (
            Join::good().with_claim("tokenExp", now - 30 + 1799),
            Check::Lifetime,
            invalid,
        ),
        (
            Join::good().with_claim("mn", "85000000002"),
            Check::MeetingNumber,
            (200, "The meeting number is wrong."),
        ),
        (
            Join::good().with_claim("mn", "850 0000 0001"),
            Check::MeetingNumber,
            (200, "The meeting number is wrong."),
        ),
        (
            Join::good().with_claim("role", 2),
            Check::Role,
            (200, "The role is not applicable."),
        ),
        (
            Join::good().for_meeting(81_111_111_111),
            Check::MeetingExists,
            (3001, "Meeting does not exist."),
        ),
        (
            Join::good().with_field("passWord", "654321"),
            Check::Passcode,
            (3004, "Meeting Passcode wrong."),
        ),
        (
            Join::good().with_field("passWord", ""),
            Check::Passcode,
            (3004, "Meeting Passcode wrong."),
        ),
        (
            Join::good().for_meeting(DEMO_REGISTRATION_MEETING),
            Check::Registration,
            (3099, "This meeting requires registration."),
        ),
        (
            Join::good()
                .for_meeting(DEMO_REGISTRATION_MEETING)
                .with_field("tk", "another"),
            Check::Registration,
            (3099, "This meeting requires registration."),
        ),
        (
            Join::good().with_host_role(),
            Check::Zak,
            (3003, "You are not the meeting host."),
        ),
        (
            Join::good().with_field("ztk", "not-a-zak"),
            Check::Zak,
            (3136, "Token error"),
        ),
        (
            Join::good().with_field("obfToken", "not-an-obf"),
            Check::Obf,
            (4014, "OBF token invalid."),
        ),
    ];
    let zoom = Zoom::start().await;
    for (join, check, expected) in &table {
        is(&zoom.join(join).await, *expected);
        assert_eq!(zoom.failed_checks(), [*check], "{expected:?}");
        zoom.simulator
            .steer(|world| world.rules.switch(*check, false));
        is(&zoom.join(join).await, NOT_STARTED);
        zoom.simulator
            .steer(|world| world.rules.switch(*check, true));
    }
}

#[tokio::test]
async fn an_unknown_key_and_a_disabled_key_have_sentences_of_their_own() {
    let zoom = Zoom::start().await;
    let unknown = Join::good()
        .with_claim("appKey", "typo")
        .with_field("apiKey", "typo");
    is(&zoom.join(&unknown).await, (200, "The api key is wrong."));
    zoom.simulator.steer(|world| world.apps[0].disabled = true);
    is(
        &zoom.join(&Join::good()).await,
        (200, "The account don't enable API."),
    );
}

#[tokio::test]
async fn a_signature_in_the_old_format_is_invalid() {
    let zoom = Zoom::start().await;
    let legacy = URL_SAFE_NO_PAD.encode(format!(
        "{DEMO_SDK_KEY}.{DEMO_MEETING}.1696900000000.0.aGFzaA=="
    ));
    is(
        &zoom
            .join(&Join::good().with_field("signature", &legacy))
            .await,
        (200, "Invalid signature."),
    );
    assert_eq!(zoom.failed_checks()[0], Check::SignatureParses);
}

#[tokio::test]
async fn the_lifetime_limits_themselves_are_allowed() {
    let zoom = Zoom::start().await;
    let iat = jiff::Timestamp::now().as_second() - 30;
    for lifetime_s in [1800, 172_800] {
        let join = Join::good()
            .with_claim("iat", iat)
            .with_claim("exp", iat + lifetime_s)
            .with_claim("tokenExp", iat + lifetime_s);
        is(&zoom.join(&join).await, NOT_STARTED);
    }
}

#[tokio::test]
async fn times_in_milliseconds_or_as_text_are_invalid() {
    let zoom = Zoom::start().await;
    let iat = jiff::Timestamp::now().as_second() - 30;
    let milliseconds = Join::good()
        .with_claim("iat", iat * 1000)
        .with_claim("exp", (iat + 7200) * 1000);
    is(&zoom.join(&milliseconds).await, (200, "Invalid signature."));
    is(
        &zoom
            .join(&Join::good().with_claim("iat", iat.to_string()))
            .await,
        (200, "Invalid signature."),
    );
    is(
        &zoom.join(&Join::good().without_claim("exp")).await,
        (200, "Invalid signature."),
    );
}

#[tokio::test]
async fn both_secrets_are_valid_while_one_is_rotated() {
    let zoom = Zoom::start().await;
    let mut join = Join::good();
    join.secret = "successor".to_owned();
    is(&zoom.join(&join).await, (200, "Invalid signature."));
    zoom.simulator
        .steer(|world| world.apps[0].secrets.push("successor".to_owned()));
    is(&zoom.join(&join).await, NOT_STARTED);
    is(&zoom.join(&Join::good()).await, NOT_STARTED);
}

#[tokio::test]
async fn a_version_below_the_minimum_is_refused_once_there_is_one() {
    let zoom = Zoom::start().await;
    zoom.control(
        Method::PATCH,
        "rules",
        json!({ "minimum_sdk_version": "6.10.0" }),
    )
    .await;
    is(
        &zoom.join(&Join::good()).await,
        (10000, "Please update the SDK."),
    );
    is(
        &zoom.join(&Join::good().with_field("cv", "6.10.0")).await,
        NOT_STARTED,
    );
}

#[tokio::test]
async fn a_check_that_is_off_is_shown_as_off() {
    let zoom = Zoom::start().await;
    zoom.control(
        Method::PATCH,
        "rules",
        json!({ "checks": { "hmac": false } }),
    )
    .await;
    zoom.join(&Join::good()).await;
    let hmac = zoom
        .simulator
        .steer(|world| world.requests.iter().last().unwrap().checks[6].clone());
    assert_eq!((hmac.check, hmac.result), (Check::Hmac, CheckOutcome::Off));
    let rules = zoom.control(Method::GET, "rules", Value::Null).await;
    assert_eq!(
        (&rules["checks"]["hmac"], &rules["checks"]["algorithm"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_rule_that_does_not_exist_is_an_error() {
    let zoom = Zoom::start().await;
    for wrong in [
        json!({ "checks": { "hmack": false } }),
        json!({ "tolerance": 3 }),
        json!({ "iat_tolerance_s": "five" }),
    ] {
        let response = zoom
            .request(Method::PATCH, "/_sim/rules")
            .json(&wrong)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 422, "{wrong}");
    }
}
