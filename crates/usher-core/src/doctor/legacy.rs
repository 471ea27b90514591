//! The signature from before the JWT: base64 of `key.number.ts.role.hash`.

use jiff::Timestamp;

use super::lenient::lenient_base64;
use super::report::Weight;
use super::{Finding, Handed};
use crate::verdict::Cause;

/// The parts of an old signature: key, number, time in milliseconds, role, hash. A cut-off one may lack its hash.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let decoded = if text.contains('.') {
        text.to_owned()
    } else {
        String::from_utf8(lenient_base64(text)?).ok()?
    };
    let parts: Vec<String> = decoded.splitn(5, '.').map(str::to_owned).collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_legacy = parts.len() >= 4
        && is_number(&parts[2])
        && parts[2].len() >= 9
        && is_number(&parts[3])
        && parts[3].len() == 1;
    is_legacy.then_some(parts)
}

pub(super) fn finding(parts: &[String], handed: &Handed<'_>) -> Finding {
    /// Web SDK 2.7.0 dropped the JWT app's key (reference 1.1), and Zoom switched JWT apps off on 8 September 2023
    /// (<https://developers.zoom.us/blog/jwt-deprecation-guide/>). Seconds since 1970.
    const JWT_APPS_END_S: i64 = 1_694_131_200;
    let made_s = parts
        .get(2)
        .and_then(|ms| ms.parse::<i64>().ok())
        .map(|ms| if ms > 100_000_000_000 { ms / 1000 } else { ms });
    let was_right_then = handed
        .sdk_version
        .is_some_and(|version| version < crate::join::dialect::OLDEST_VERSION)
        && made_s.is_some_and(|made_s| made_s < JWT_APPS_END_S);
    let says = match (
        parts.get(3),
        made_s.and_then(|made_s| Timestamp::from_second(made_s).ok()),
    ) {
        (Some(role), Some(made)) => format!(" It has role {role} and was made at {made}."),
        _ => String::new(),
    };
    let message = format!(
        "This is the signature from before the JWT: base64 of key, number, time, role and hash.{says}"
    );
    let remedy = "Sign a Meeting SDK JWT (HS256) with the Client ID and Client Secret.";
    if was_right_then {
        return Finding::warning(
            "legacy_signature",
            Some(Cause::LegacySignatureFormat),
            format!(
                "{message} When it was made, this SDK version took it; today it can only be refused."
            ),
            remedy,
        );
    }
    Finding::error(
        "legacy_signature",
        Cause::LegacySignatureFormat,
        Weight::Kind,
        format!(
            "{message} Zoom refuses it with 3712, and SDKs from 5.x on fail while decoding it."
        ),
        remedy,
    )
}
