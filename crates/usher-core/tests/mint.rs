//! What is minted is judged by another implementation (the `jsonwebtoken` crate), and what can be known to be wrong is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use usher_core::attempt::AttemptId;
use usher_core::audit::Shape;
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::join::{JoinRequest, mint};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, KeyPair, UnverifiedToken, Validity};

const KEY: &str = "aSdkKeyForTests0000001";
const SECRET: &str = "aSecretForTestsThatIsNobodys0001";
const NOW_S: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

fn key_pair() -> KeyPair {
    KeyPair::new(KEY, SECRET).unwrap()
}

fn request() -> JoinRequest<'static> {
    JoinRequest {
        attempt: AttemptId::new(now(), 7),
        meeting_number: MeetingNumber::parse("85012345678").unwrap(),
        user_name: "Aiko Tanaka",
        role: Role::Attendee,
        view: View::Client,
        sdk_version: SdkVersion(6, 2, 0),
        passcode: "",
        user_email: None,
        registrant_token: None,
        zak: None,
        obf_token: None,
        video_webrtc_mode: None,
        expires_in_s: 7200,
    }
}

fn parameters(request: &JoinRequest<'_>) -> Map<String, Value> {
    let key_pair = key_pair();
    let minted = mint(&key_pair, request, now(), 30).unwrap();
    let value = serde_json::to_value(&minted.parameters).unwrap();
    assert_eq!(minted.parameters.shape(), Shape::of(&value));
    match value {
        Value::Object(parameters) => parameters,
        other => panic!("{other}"),
    }
}

fn keys(request: &JoinRequest<'_>) -> Vec<String> {
    parameters(request).keys().cloned().collect()
}

fn refused_field(request: &JoinRequest<'_>) -> &'static str {
    mint(&key_pair(), request, now(), 30).unwrap_err().field
}

/// The claims, if `jsonwebtoken` finds the HMAC right.
fn verified_elsewhere(token: &str, secret: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(
        token,
        &DecodingKey::from_secret(secret.as_bytes()),
        &validation,
    )
    .map(|decoded| decoded.claims)
}

#[test]
fn another_implementation_verifies_what_is_minted() {
    let parameters = parameters(&request());
    let claims = verified_elsewhere(parameters["signature"].as_str().unwrap(), SECRET).unwrap();
    assert_eq!(
        claims,
        json!({
            "appKey": KEY, "sdkKey": KEY, "mn": "85012345678", "role": 0,
            "iat": NOW_S - 30, "exp": NOW_S - 30 + 7200, "tokenExp": NOW_S - 30 + 7200,
        })
    );
}

#[test]
fn claims_with_another_key_are_signed_as_they_are() {
    let validity = Validity { iat_s: 1, exp_s: 2 };
    for sdk_key in ["another", "aSdkKeyForTests0000001longer", "é\"\\"] {
        let token = key_pair().sign(&Claims::native(sdk_key, validity));
        assert_eq!(
            verified_elsewhere(token.expose(), SECRET).unwrap()["appKey"],
            sdk_key
        );
    }
}

#[test]
fn each_view_and_version_gets_exactly_its_keys() {
    let cases = [
        (
            View::Client,
            SdkVersion(2, 16, 0),
            "sdkKey signature meetingNumber passWord userName customerKey",
        ),
        (
            View::Component,
            SdkVersion(2, 16, 0),
            "sdkKey signature meetingNumber password userName customerKey",
        ),
        (
            View::Client,
            SdkVersion(3, 13, 2),
            "sdkKey signature meetingNumber passWord userName customerKey",
        ),
        (
            View::Client,
            SdkVersion(4, 0, 0),
            "signature meetingNumber passWord userName customerKey",
        ),
        (
            View::Component,
            SdkVersion(6, 2, 0),
            "signature meetingNumber password userName customerKey",
        ),
    ];
    for (view, sdk_version, expected) in cases {
        let request = JoinRequest {
            view,
            sdk_version,
            ..request()
        };
        assert_eq!(keys(&request).join(" "), expected, "{view:?} {sdk_version}");
    }
}

#[test]
fn a_host_brings_a_zak_and_gets_role_1() {
    let request = JoinRequest {
        role: Role::Host,
        zak: Some("zak.of.host"),
        ..request()
    };
    let parameters = parameters(&request);
    assert_eq!(parameters["zak"], "zak.of.host");
    let claims = verified_elsewhere(parameters["signature"].as_str().unwrap(), SECRET).unwrap();
    assert_eq!(claims["role"], 1);
}

#[test]
fn a_registrant_travels_with_token_and_email() {
    let request = JoinRequest {
        registrant_token: Some("tk"),
        user_email: Some("a@example.com"),
        ..request()
    };
    let parameters = parameters(&request);
    assert_eq!(
        (&parameters["tk"], &parameters["userEmail"]),
        (&json!("tk"), &json!("a@example.com"))
    );
}

#[test]
fn the_customer_key_is_the_attempts_id() {
    assert_eq!(
        parameters(&request())["customerKey"],
        request().attempt.to_string()
    );
}

#[test]
fn what_can_be_known_to_be_wrong_is_refused_and_the_field_named() {
    let long = "x".repeat(129);
    let email_of_101 = format!("{}@example.com", "x".repeat(89));
    let ok = request();
    for (request, field) in [
        (
            JoinRequest {
                user_name: "",
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                user_name: "  ",
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                user_name: &long,
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                user_name: "a\nb",
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                user_name: "a\u{202e}b",
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                user_name: "<ScRiPt>",
                ..ok
            },
            "user_name",
        ),
        (
            JoinRequest {
                passcode: &long[..33],
                ..ok
            },
            "passcode",
        ),
        (
            JoinRequest {
                user_email: Some("nobody"),
                ..ok
            },
            "user_email",
        ),
        (
            JoinRequest {
                user_email: Some(&email_of_101),
                ..ok
            },
            "user_email",
        ),
        (
            JoinRequest {
                registrant_token: Some("a b"),
                ..ok
            },
            "registrant_token",
        ),
        (
            JoinRequest {
                zak: Some(""),
                ..ok
            },
            "zak",
        ),
        (
            JoinRequest {
                zak: Some("z"),
                obf_token: Some("o"),
                ..ok
            },
            "obf_token",
        ),
        (
            JoinRequest {
                obf_token: Some("o"),
                sdk_version: SdkVersion(4, 0, 7),
                ..ok
            },
            "obf_token",
        ),
        (
            JoinRequest {
                role: Role::Host,
                ..ok
            },
            "zak",
        ),
        (
            JoinRequest {
                role: Role::Host,
                obf_token: Some("o"),
                ..ok
            },
            "zak",
        ),
        (
            JoinRequest {
                video_webrtc_mode: Some(2),
                ..ok
            },
            "video_webrtc_mode",
        ),
        (
            JoinRequest {
                expires_in_s: 1800,
                ..ok
            },
            "expires_in_s",
        ),
        (
            JoinRequest {
                expires_in_s: 172_801,
                ..ok
            },
            "expires_in_s",
        ),
        (
            JoinRequest {
                sdk_version: SdkVersion(2, 6, 0),
                ..ok
            },
            "sdk_version",
        ),
    ] {
        assert_eq!(refused_field(&request), field);
    }
}

#[test]
fn names_of_128_characters_in_any_script_are_taken() {
    let name = "愛".repeat(128);
    assert_eq!(
        parameters(&JoinRequest {
            user_name: &name,
            ..request()
        })["userName"],
        name
    );
}

#[test]
fn a_credential_that_can_be_known_to_be_wrong_is_refused() {
    for (key, secret, field) in [
        ("", SECRET, "sdk_key"),
        (KEY, "", "sdk_secret"),
        (KEY, KEY, "sdk_secret"),
        (KEY, "secret\n", "sdk_secret"),
        ("key ", SECRET, "sdk_key"),
    ] {
        assert_eq!(KeyPair::new(key, secret).unwrap_err().field, field);
    }
}

#[test]
fn nothing_that_signs_or_joins_prints_its_secret() {
    let key_pair = key_pair();
    let request = JoinRequest {
        role: Role::Host,
        zak: Some("hush.zak"),
        passcode: "hush-pass",
        ..request()
    };
    let minted = mint(&key_pair, &request, now(), 30).unwrap();
    let hmac = minted.parameters.signature().rsplit_once('.').unwrap().1;
    let token = UnverifiedToken::decode(minted.parameters.signature()).unwrap();
    let printed = format!("{key_pair:?} {request:?} {minted:?} {token:?}");
    for secret in [SECRET, "hush", hmac] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #[test]
    fn every_accepted_request_is_verified_elsewhere_and_every_other_secret_is_not(
        secret in "[!-~]{1,100}",
        other in "[!-~]{1,100}",
        name in "[a-zA-Z\u{4e00}-\u{4eff}]{1,40}",
        expires_in_s in 1801_u32..=172_800,
        backdate_s in 0_u32..=900,
    ) {
        prop_assume!(secret != other && secret != KEY);
        let pair = KeyPair::new(KEY, &secret).unwrap();
        let request = JoinRequest { user_name: &name, expires_in_s, ..request() };
        let minted = mint(&pair, &request, now(), backdate_s).unwrap();
        let claims = verified_elsewhere(minted.parameters.signature(), &secret).unwrap();
        prop_assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), i64::from(expires_in_s));
        prop_assert_eq!(claims["iat"].as_i64().unwrap(), NOW_S - i64::from(backdate_s));
        prop_assert!(verified_elsewhere(minted.parameters.signature(), &other).is_err());
        let token = UnverifiedToken::decode(minted.parameters.signature()).unwrap();
        prop_assert!(pair.has_signed(&token));
    }

    #[test]
    fn no_text_makes_decoding_panic(text in "\\PC{0,80}") {
        let _ = UnverifiedToken::decode(&text);
    }
}
