//! Rules to come, rehearsed today.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sim::{Check, CheckOutcome, DEMO_HOST_ID, DEMO_MEETING, Meeting, RuleSetting, Rules};

use crate::zoom::{Join, NOT_STARTED, Zoom, is};

const INVALID: (i64, &str) = (200, "Invalid signature.");

impl Zoom {
    async fn rules(&self, changes: Value) {
        self.control(Method::PATCH, "rules", changes).await;
    }

    /// How a check of the latest join ended.
    fn ended(&self, check: Check) -> CheckOutcome {
        self.simulator.steer(|world| {
            let joins = world.requests.iter().filter(|it| !it.checks.is_empty());
            let latest = joins.last().unwrap();
            let result = latest.checks.iter().find(|it| it.check == check);
            result.unwrap().result
        })
    }
}

#[tokio::test]
async fn a_check_can_be_in_force_from_a_date_on_by_the_clock_of_the_host() {
    let zoom = Zoom::start().await;
    let day = 86_400_000;
    let from = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(12);
    zoom.rules(json!({ "minimum_sdk_version": "6.10.0", "checks": { "sdk_version": from } }))
        .await;
    let today = zoom.join(&Join::good()).await;
    is(&today, NOT_STARTED);
    assert_eq!(zoom.ended(Check::SdkVersion), CheckOutcome::FailsLater);

    let set = json!({ "offset_ms": day });
    zoom.control(Method::PUT, "clock", set).await;
    let now = jiff::Timestamp::now().as_second() + day / 1000;
    let tomorrow = Join::good()
        .with_claim("iat", now - 30)
        .with_claim("exp", now + 7200)
        .with_claim("tokenExp", now + 7200);
    is(
        &zoom.join(&tomorrow).await,
        (10000, "Please update the SDK."),
    );
    assert_eq!(zoom.ended(Check::SdkVersion), CheckOutcome::Failed);
    is(
        &zoom.join(&tomorrow.with_field("cv", "6.10.0")).await,
        NOT_STARTED,
    );
}

#[tokio::test]
async fn what_fails_later_is_in_the_log_beside_what_passes() {
    let zoom = Zoom::start().await;
    zoom.rules(json!({ "checks": { "app_key": "2200-01-01" } }))
        .await;
    let old = Join::good()
        .without_claim("appKey")
        .with_field("cv", "2.16.0");
    is(&zoom.join(&old).await, NOT_STARTED);
    let log = zoom
        .control(Method::GET, "requests?path=/api/v1/wc/info", Value::Null)
        .await;
    let checks = log["requests"][0]["checks"].as_array().unwrap();
    let app_key = checks.iter().find(|it| it["check"] == "app_key").unwrap();
    assert_eq!(app_key["result"], "fails_later");
    assert!(app_key["because"].as_str().unwrap().contains("appKey"));
    assert_eq!(zoom.failed_checks(), []);
}

#[tokio::test]
async fn once_sdk_key_is_gone_a_signature_needs_app_key_whatever_the_version() {
    let zoom = Zoom::start().await;
    let old = Join::good()
        .without_claim("appKey")
        .with_field("cv", "2.16.0");
    is(&zoom.join(&old).await, NOT_STARTED);
    zoom.rules(json!({ "checks": { "app_key": true } })).await;
    is(&zoom.join(&old).await, INVALID);
    assert_eq!(zoom.failed_checks(), [Check::AppKey]);
    let both = Join::good().with_field("cv", "2.16.0");
    is(&zoom.join(&both).await, NOT_STARTED);
}

#[tokio::test]
async fn a_stricter_lifetime_comes_beside_the_documented_one() {
    let zoom = Zoom::start().await;
    let lasting = |lifetime_s: i64| {
        let iat = jiff::Timestamp::now().as_second() - 30;
        Join::good()
            .with_claim("iat", iat)
            .with_claim("exp", iat + lifetime_s)
            .with_claim("tokenExp", iat + lifetime_s)
    };
    zoom.rules(json!({
        "checks": { "stricter_lifetime": true }, "stricter_lifetime_min_s": 3600, "stricter_lifetime_max_s": 7200,
    }))
    .await;
    for lifetime_s in [3600, 7200] {
        is(&zoom.join(&lasting(lifetime_s)).await, NOT_STARTED);
    }
    for lifetime_s in [1800, 3599, 7201] {
        is(&zoom.join(&lasting(lifetime_s)).await, INVALID);
        assert_eq!(zoom.failed_checks(), [Check::StricterLifetime]);
    }
}

#[tokio::test]
async fn that_an_obf_tokens_owner_is_present_is_a_rule_of_its_own() {
    let zoom = Zoom::start().await;
    let obf = zoom.user_token("type=onbehalf").await;
    let join = Join::good().with_field("obfToken", &obf);
    zoom.rules(json!({ "checks": { "obf_owner": "2200-01-01T00:00:00Z" } }))
        .await;
    is(&zoom.join(&join).await, NOT_STARTED);
    assert_eq!(zoom.ended(Check::ObfOwner), CheckOutcome::FailsLater);

    let another = zoom.user_token("type=onbehalf").await;
    let join = Join::good().with_field("obfToken", &another);
    zoom.rules(json!({ "checks": { "obf_owner": "2026-03-02" } }))
        .await;
    is(
        &zoom.join(&join).await,
        (4017, "Authorized user not in meeting."),
    );
    zoom.simulator.steer(|world| {
        world.put_meeting(Meeting {
            present: vec![DEMO_HOST_ID.to_owned()],
            ..Meeting::new(DEMO_MEETING, DEMO_HOST_ID)
        });
    });
    is(&zoom.join(&join).await, NOT_STARTED);
}

#[tokio::test]
async fn the_rules_in_force_can_be_read_and_changed_one_by_one() {
    let zoom = Zoom::start().await;
    zoom.rules(json!({ "checks": { "app_key": "2027-01-01", "hmac": false } }))
        .await;
    zoom.rules(json!({ "checks": { "hmac": true }, "stricter_lifetime_max_s": 86_400 }))
        .await;
    let rules = zoom.control(Method::GET, "rules", Value::Null).await;
    assert_eq!(rules["checks"]["app_key"], "2027-01-01T00:00:00Z");
    assert_eq!(rules["checks"]["hmac"], true);
    assert_eq!(rules["checks"]["external_account"], false);
    assert_eq!(rules["checks"].as_object().unwrap().len(), Check::ALL.len());
    assert_eq!(rules["stricter_lifetime_max_s"], 86_400);
    assert_eq!(rules["stricter_lifetime_min_s"], 1800);
}

#[test]
fn a_rule_can_be_named_in_one_word() {
    let mut rules = Rules::default();
    for setting in [
        "external_account",
        "hmac=false",
        "sdk_version=2027-02-06",
        "minimum_sdk_version=6.10",
        "stricter_lifetime_max_s=86400",
    ] {
        rules = rules.with(setting.parse().unwrap()).unwrap();
    }
    assert_eq!(
        serde_json::to_value(&rules).unwrap(),
        json!({
            "checks": { "external_account": true, "hmac": false, "sdk_version": "2027-02-06T00:00:00Z" },
            "iat_tolerance_s": 0, "minimum_sdk_version": "6.10", "stricter_lifetime_min_s": 1800,
            "stricter_lifetime_max_s": 86_400, "oauth_errors": "reason",
        })
    );
}

#[test]
fn a_rule_that_makes_no_sense_says_what_would() {
    for (setting, told) in [
        ("hmack", "unknown variant `hmack`"),
        ("hmac=soon", "a check takes true, false or a date"),
        ("iat_tolerance_s=five", "a whole number of seconds"),
        ("tolerance_s=5", "unknown field `tolerance_s`"),
        ("oauth_errors=xml", "unknown variant `xml`"),
        ("app_key=2026-02-30", "a check takes true, false or a date"),
    ] {
        let error = setting.parse::<RuleSetting>().unwrap_err();
        assert!(error.contains(told), "{setting}: {error}");
    }
}
