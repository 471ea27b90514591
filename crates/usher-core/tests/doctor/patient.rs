//! Tokens to examine: a good one, and ways to spoil it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use usher_core::doctor::{Handed, Report, Severity, examine};

/// 2023-11-14T22:13:20Z.
pub(crate) const NOW_S: i64 = 1_700_000_000;
pub(crate) const KEY: &str = "kQ7GZfMxT6yY2v0aXw5JcA";
pub(crate) const SECRET: &str = "n3Jr8sVQ1bLw0KpXyTzHdUeMgCfAoI";
pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The moment of the join.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

/// Claims that are right, with the ones of `changes` put over them; `null` takes one away.
pub(crate) fn claims_with(changes: Value) -> Value {
    let mut claims = json!({
        "appKey": KEY, "sdkKey": KEY, "mn": "85012345678", "role": 0,
        "iat": NOW_S - 600, "exp": NOW_S + 6600, "tokenExp": NOW_S + 6600,
    });
    let map = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            map.shift_remove(name);
        } else {
            map.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// HMAC-SHA256 of `message`.
pub(crate) fn hmac_sha256(secret: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Two hexadecimal digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    digits.concat()
}

/// A token with any header, claims and secret.
pub(crate) fn token_of(header: &str, claims: &str, secret: &[u8]) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mac = hmac_sha256(secret, &signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// A well-formed token with claims that are right but for `changes`.
pub(crate) fn token_with(changes: Value) -> String {
    token_of(HEADER, &claims_with(changes).to_string(), SECRET.as_bytes())
}

/// Handed in at the moment of the join.
pub(crate) fn at_the_join<'a>() -> Handed<'a> {
    Handed {
        now: now(),
        now_is_given: true,
        ..Handed::default()
    }
}

/// A token, examined for the moment of the join.
pub(crate) fn examine_token(token: &str) -> Report {
    examine(&Handed {
        text: Some(token),
        ..at_the_join()
    })
}

/// The id of the cause, as it stands in JSON.
pub(crate) fn cause(report: &Report) -> Option<&'static str> {
    report.cause.map(usher_core::verdict::Cause::id)
}

/// The ids of the next suspects.
pub(crate) fn suspects(report: &Report) -> Vec<&'static str> {
    report
        .next_suspects
        .iter()
        .map(|cause| cause.id())
        .collect()
}

/// The rules of the errors.
pub(crate) fn errors(report: &Report) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.rule)
        .collect()
}

/// The message of a rule's finding.
pub(crate) fn message<'a>(report: &'a Report, rule: &str) -> &'a str {
    let finding = report.findings.iter().find(|finding| finding.rule == rule);
    &finding
        .unwrap_or_else(|| panic!("no finding of {rule}: {:#?}", report.findings))
        .message
}
