//! Checks on the signature alone. It is verified by the `jsonwebtoken` crate; times are compared here, by the simulator's clock.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::{Facts, Judgement};

/// Reference 1.1 `[doc]`; whether the ends are inclusive is unverified, here they are.
const LIFETIME_S: RangeInclusive<i64> = 1800..=172_800;

/// What a secret can sign with; that it should be the first is a check of its own.
const HMACS: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

pub(super) struct Decoded {
    pub(super) header: Value,
    pub(super) claims: Value,
}

impl Decoded {
    /// By hand, because a header with an unknown `alg` must be shown too.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return None;
        };
        URL_SAFE_NO_PAD.decode(signature).ok()?;
        let object = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?)
                .ok()
                .filter(Value::is_object)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
        })
    }
}

/// Reference 11: a signature in the old format, or no JWT at all, is 3712 `[forum]`.
pub(super) fn parses(facts: &Facts<'_>) -> Judgement {
    if facts.token.is_some() {
        Judgement::Passed
    } else {
        Judgement::invalid_signature(
            "the signature is not three base64url parts with a JSON header and JSON claims",
        )
    }
}

/// Reference 11: an unknown key is 3704 `[doc]`, which the SDK makes of this sentence `[bundle]`.
pub(super) fn key_is_known(facts: &Facts<'_>) -> Judgement {
    match (facts.app, facts.key()) {
        (Some(_), _) => Judgement::Passed,
        (None, Some(key)) => Judgement::failed(
            200,
            "The api key is wrong.",
            format!("no app has the key {key}"),
        ),
        (None, None) => Judgement::failed(
            200,
            "The api key is wrong.",
            "neither apiKey nor the signature names a key",
        ),
    }
}

/// Reference 11: a disabled key is 3710 `[doc]`, which the SDK makes of this sentence `[bundle]`.
pub(super) fn key_is_enabled(facts: &Facts<'_>) -> Judgement {
    match facts.app {
        Some(app) if app.disabled => Judgement::failed(
            200,
            "The account don't enable API.",
            format!("the app {} is disabled", app.key),
        ),
        Some(_) => Judgement::Passed,
        None => Judgement::NotApplicable,
    }
}

/// Reference 1.1: web SDKs from 5.0.0 on need `appKey` `[doc]`, older ones `sdkKey` `[doc]`. The answer, and that the claim must be the
/// key of the request, are assumed.
pub(super) fn key_claim_is_there(facts: &Facts<'_>) -> Judgement {
    let (Some(_), Some(key)) = (&facts.token, facts.key()) else {
        return Judgement::NotApplicable;
    };
    let version = facts.field("cv").unwrap_or_default();
    let name = if super::meeting::version_is_below(version, "5.0.0") {
        "sdkKey"
    } else {
        "appKey"
    };
    match facts.claim(name).and_then(Value::as_str) {
        Some(claimed) if claimed == key => Judgement::Passed,
        Some(claimed) => Judgement::invalid_signature(format!(
            "the claim {name} is {claimed}, the request's key is {key}"
        )),
        None => {
            Judgement::invalid_signature(format!("SDK version {version:?} needs the claim {name}"))
        }
    }
}

/// A rule to come: `sdkKey` is deprecated in favour of `appKey` (reference 1.1 `[doc]`), and one day no longer read. When, and what Zoom
/// then answers, is unverified. On the wire a join that has only `sdkKey` is one whose signature has no `appKey`.
pub(super) fn app_key_is_there(facts: &Facts<'_>) -> Judgement {
    if facts.token.is_none() {
        return Judgement::NotApplicable;
    }
    match facts.claim("appKey").and_then(Value::as_str) {
        Some(key) if !key.is_empty() => Judgement::Passed,
        _ => {
            Judgement::invalid_signature("the claim appKey is missing, and sdkKey no longer counts")
        }
    }
}

/// Reference 11: another algorithm than HS256 is 3712 `[src]`.
pub(super) fn algorithm_is_hs256(facts: &Facts<'_>) -> Judgement {
    let Some(token) = &facts.token else {
        return Judgement::NotApplicable;
    };
    match token.header.get("alg").and_then(Value::as_str) {
        Some("HS256") => Judgement::Passed,
        other => Judgement::invalid_signature(format!(
            "alg is {}, not HS256",
            other.unwrap_or("missing")
        )),
    }
}

/// Reference 11: a wrong secret is 3712 `[src]`. Any secret of the app will do: while one is rotated there are two.
///
/// Only the code itself is verified here; the crate's `decode` judges times too, and by the real clock.
pub(super) fn hmac_is_valid(facts: &Facts<'_>) -> Judgement {
    let (Some(token), Some(app), Some(text)) = (&facts.token, facts.app, facts.field("signature"))
    else {
        return Judgement::NotApplicable;
    };
    let algorithm = token
        .header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(|name| name.parse().ok());
    let verifies = |secret: &String| {
        let (message, signature) = text.rsplit_once('.')?;
        let algorithm = algorithm.filter(|algorithm| HMACS.contains(algorithm))?;
        jsonwebtoken::crypto::verify(
            signature,
            message.as_bytes(),
            &DecodingKey::from_secret(secret.as_bytes()),
            algorithm,
        )
        .ok()
    };
    if app
        .secrets
        .iter()
        .any(|secret| verifies(secret) == Some(true))
    {
        Judgement::Passed
    } else {
        Judgement::invalid_signature(format!(
            "the HMAC was not made with a secret of the app {}",
            app.key
        ))
    }
}

/// Reference 1.1 `[doc]`: integers, in seconds. The answer is assumed (reference 11).
pub(super) fn times_are_integers(facts: &Facts<'_>) -> Judgement {
    /// 1 January 5138; a later time in seconds is one in milliseconds.
    const SECONDS_MAX: i64 = 100_000_000_000;
    if facts.token.is_none() {
        return Judgement::NotApplicable;
    }
    for name in ["iat", "exp", "tokenExp"] {
        match facts.claim(name) {
            None if name == "tokenExp" => {}
            Some(value)
                if value
                    .as_i64()
                    .is_some_and(|at| (0..SECONDS_MAX).contains(&at)) => {}
            Some(value) => {
                return Judgement::invalid_signature(format!(
                    "{name} is {value}, not an integer in seconds"
                ));
            }
            None => return Judgement::invalid_signature(format!("{name} is missing")),
        }
    }
    Judgement::Passed
}

/// Reference 1.2: `iat` ahead of Zoom's clock is 3712 `[forum]`; the tolerance is unverified.
pub(super) fn was_issued_in_the_past(facts: &Facts<'_>) -> Judgement {
    let Some(issued) = integer(facts, "iat") else {
        return Judgement::NotApplicable;
    };
    let ahead_s = issued - facts.now.as_second();
    if ahead_s <= facts.world.rules.iat_tolerance_s {
        Judgement::Passed
    } else {
        Judgement::invalid_signature(format!("iat is {ahead_s} s ahead of the clock"))
    }
}

/// Reference 1.2: an expired signature is 3705 `[doc]`, which the SDK makes of this sentence `[run]`.
pub(super) fn is_not_expired(facts: &Facts<'_>) -> Judgement {
    let Some(expires) = integer(facts, "exp") else {
        return Judgement::NotApplicable;
    };
    let left_s = expires - facts.now.as_second();
    if left_s > 0 {
        Judgement::Passed
    } else {
        Judgement::failed(
            200,
            "The signature has expired.",
            format!("exp was {} s ago", -left_s),
        )
    }
}

/// Reference 1.1: 1800 s to 48 h `[doc]`, `tokenExp` at least 1800 s `[doc]`. The answer is assumed (reference 1.2).
pub(super) fn lifetime_is_within_limits(facts: &Facts<'_>) -> Judgement {
    lifetime_is_within(LIFETIME_S, facts)
}

/// A rule to come that somebody wants to rehearse: nobody announced one.
pub(super) fn lifetime_is_within_stricter_limits(facts: &Facts<'_>) -> Judgement {
    let rules = &facts.world.rules;
    lifetime_is_within(
        rules.stricter_lifetime_min_s..=rules.stricter_lifetime_max_s,
        facts,
    )
}

fn lifetime_is_within(limits_s: RangeInclusive<i64>, facts: &Facts<'_>) -> Judgement {
    let (Some(issued), Some(expires)) = (integer(facts, "iat"), integer(facts, "exp")) else {
        return Judgement::NotApplicable;
    };
    let (min_s, max_s) = (limits_s.start(), limits_s.end());
    let lifetime_s = expires - issued;
    if !limits_s.contains(&lifetime_s) {
        return Judgement::invalid_signature(format!(
            "exp is {lifetime_s} s after iat, not {min_s} to {max_s}"
        ));
    }
    match integer(facts, "tokenExp").map(|at| at - issued) {
        Some(token_lifetime_s) if token_lifetime_s < *min_s => Judgement::invalid_signature(
            format!("tokenExp is {token_lifetime_s} s after iat, less than {min_s}"),
        ),
        _ => Judgement::Passed,
    }
}

/// Reference 1.1: `mn` must be the joined number `[doc]`; the SDK makes 3706 of this sentence `[run]`. That Zoom sends it is unverified.
pub(super) fn is_for_this_meeting(facts: &Facts<'_>) -> Judgement {
    if facts.token.is_none() {
        return Judgement::NotApplicable;
    }
    let signed = match facts.claim("mn") {
        Some(Value::String(number)) => number.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let joined = facts.field("meetingNumber").unwrap_or_default();
    if !joined.is_empty() && signed == joined {
        Judgement::Passed
    } else {
        Judgement::failed(
            200,
            "The meeting number is wrong.",
            format!("mn is {signed:?}, meetingNumber is {joined:?}"),
        )
    }
}

/// Reference 11: another role than 0 or 1 is 3708: the SDK's mapping of this sentence is certain `[bundle]`, the trigger assumed.
pub(super) fn role_is_known(facts: &Facts<'_>) -> Judgement {
    if facts.token.is_none() {
        return Judgement::NotApplicable;
    }
    let role = facts.claim("role");
    match role.and_then(Value::as_i64) {
        Some(0 | 1) => Judgement::Passed,
        _ => Judgement::failed(
            200,
            "The role is not applicable.",
            format!("role is {}, not 0 or 1", role.unwrap_or(&Value::Null)),
        ),
    }
}

fn integer(facts: &Facts<'_>, name: &str) -> Option<i64> {
    facts.claim(name).and_then(Value::as_i64)
}
