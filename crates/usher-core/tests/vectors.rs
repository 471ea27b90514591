//! Tokens made by jsrsasign (what Zoom's sample uses), `PyJWT` and golang-jwt, against our own signing and verifying.
//! `web/vectors/README.md` says how they were made.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use serde_json::Value;
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, KeyPair, UnverifiedToken, Validity};

#[derive(Deserialize)]
struct Vector {
    name: String,
    made_by: String,
    secret: String,
    header: String,
    claims_json: String,
    token: String,
    verifies: bool,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors/signatures.json")).unwrap()
}

#[test]
fn what_verifies_elsewhere_verifies_here_and_nothing_else_does() {
    let vectors = vectors();
    assert!(vectors.len() > 40);
    for vector in vectors {
        let token = UnverifiedToken::decode(&vector.token).unwrap();
        let has_signed = KeyPair::new("NotTheKeyThatIsAskedFor", &vector.secret)
            .unwrap()
            .has_signed(&token);
        assert_eq!(
            has_signed, vector.verifies,
            "{} by {}",
            vector.name, vector.made_by
        );
        assert_eq!(
            token.claims_json(),
            vector.claims_json,
            "{} by {}",
            vector.name,
            vector.made_by
        );
    }
}

#[test]
fn the_same_claims_make_the_same_token_as_zooms_sample() {
    let mut compared = 0;
    for vector in vectors()
        .into_iter()
        .filter(|vector| vector.made_by.starts_with("jsrsasign") && vector.verifies)
    {
        let claims: Value = serde_json::from_str(&vector.claims_json).unwrap();
        let Some(ours) = ours(&claims, &vector.secret) else {
            continue;
        };
        assert_eq!(vector.header, r#"{"alg":"HS256","typ":"JWT"}"#);
        assert_eq!(ours, vector.token, "{}", vector.name);
        compared += 1;
    }
    assert!(compared >= 8, "{compared}");
}

/// Our token with these claims; `None` for claims that we don't make (a number as `mn`).
fn ours(claims: &Value, secret: &str) -> Option<String> {
    let key_pair = KeyPair::new(claims["appKey"].as_str()?, secret).unwrap();
    let validity = Validity {
        iat_s: claims["iat"].as_i64()?,
        exp_s: claims["exp"].as_i64()?,
    };
    let made = match claims.get("mn") {
        None => Claims::native(key_pair.sdk_key(), validity),
        Some(number) => {
            let role = if claims["role"] == 1 {
                Role::Host
            } else {
                Role::Attendee
            };
            let mode = claims
                .get("video_webrtc_mode")
                .and_then(Value::as_u64)
                .map(|mode| u8::try_from(mode).unwrap());
            Claims::web(
                key_pair.sdk_key(),
                MeetingNumber::parse(number.as_str()?).unwrap(),
                role,
                validity,
                mode,
            )
            .unwrap()
        }
    };
    Some(key_pair.sign(&made).into_exposed())
}
