//! The claims: which are missing, of the wrong type, or about another meeting, role or key (reference 1.1 and 11).

use serde_json::Value;

use super::decoded::Decoded;
use super::report::{Source, Weight};
use super::{Exam, Finding};
use crate::join::dialect::{APP_KEY_REQUIRED_SINCE, OLDEST_VERSION, SDK_KEY_OBSOLETE_SINCE};
use crate::meeting::MeetingNumber;
use crate::verdict::Cause;

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(claims) = &exam.claims else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    findings.extend(keys(exam, claims));
    findings.extend(key_pair(exam, claims));
    findings.extend(number(exam, claims));
    findings.extend(role(exam, claims));
    findings.extend(webrtc_mode(claims));
    findings.extend(version(exam));
    findings
}

/// Whether the claims are a native SDK's: neither `mn` nor `role`, and nothing said that a browser joins.
pub(super) fn is_native(exam: &Exam<'_>, claims: &Decoded) -> bool {
    let is_for_web = exam.handed.view.is_some()
        || exam.join.as_ref().is_some_and(|join| join.has("signature"))
        || exam.handed.meeting.is_some();
    !claims.has("mn") && !claims.has("role") && !is_for_web
}

pub(super) fn missing(
    weight: Weight,
    claims: &Decoded,
    name: &str,
    message: &str,
    remedy: &str,
) -> Finding {
    let near = claims.names().find(|other| is_near(other, name));
    let hint = near.map_or(String::new(), |near| {
        format!(
            " There is a `{}`: names are exact.",
            claims.shown_name(near)
        )
    });
    let mut finding = Finding::error(
        "missing_claim",
        Cause::MissingClaim,
        weight,
        format!("{message}{hint}"),
        remedy,
    );
    finding.claim = Some(name.to_owned());
    if let Some(near) = near {
        finding.place = claims.span(near).map(|span| super::Place {
            source: Source::Claims,
            span,
        });
    }
    finding
}

fn is_near(other: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let other = plain(other);
    other == plain(name) || (name == "mn" && other == "meetingnumber")
}

pub(super) fn wrong_type(
    claims: &Decoded,
    name: &str,
    message: impl Into<String>,
    remedy: &str,
) -> Finding {
    Finding::error(
        "wrong_claim_type",
        Cause::WrongClaimType,
        Weight::Type,
        message,
        remedy,
    )
    .at(Source::Claims, claims, name)
}

fn keys(exam: &Exam<'_>, claims: &Decoded) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut has_key = |name: &str| match claims.get(name) {
        None => false,
        Some(Value::String(key)) => !key.is_empty(),
        Some(_) => {
            findings.push(wrong_type(
                claims,
                name,
                format!("`{name}` is {}, not a string.", claims.quote(name)),
                "Put the app's Client ID there, as a string.",
            ));
            true
        }
    };
    let (has_app_key, has_sdk_key) = (has_key("appKey"), has_key("sdkKey"));
    match (has_app_key, has_sdk_key) {
        (true, true) => {}
        (false, false) => findings.push(missing(
            Weight::Missing,
            claims,
            "appKey",
            "There is neither `appKey` nor `sdkKey`. Component View rejects this with a plain Error; Client View writes to the console and calls nothing back.",
            "Put the app's Client ID into `appKey` and `sdkKey`.",
        )),
        (false, true) => findings.push(only_sdk_key(exam, claims)),
        (true, false) => findings.extend(only_app_key(exam, claims)),
    }
    findings
}

fn only_sdk_key(exam: &Exam<'_>, claims: &Decoded) -> Finding {
    const REMEDY: &str =
        "Put the same Client ID into `appKey` too; both together fit every version.";
    match exam.handed.sdk_version {
        Some(version) if version < APP_KEY_REQUIRED_SINCE => Finding::info(
            "app_key",
            format!("There is no `appKey`. Web SDK {version} does without; from {APP_KEY_REQUIRED_SINCE} on it is required."),
            REMEDY,
        )
        .at(Source::Claims, claims, "appKey"),
        Some(version) => missing(
            Weight::Missing,
            claims,
            "appKey",
            &format!("There is no `appKey`, which Web SDK {APP_KEY_REQUIRED_SINCE} and later require; this is for {version}. (5.1.4 and 6.2.0 only warn in the console; what Zoom's server then answers is unverified.)"),
            REMEDY,
        ),
        None => missing(
            Weight::Supposed,
            claims,
            "appKey",
            &format!("There is no `appKey`. Web SDK {APP_KEY_REQUIRED_SINCE} and later and every native SDK require it; only an older Web SDK does without, and the version was not said."),
            REMEDY,
        ),
    }
}

fn only_app_key(exam: &Exam<'_>, claims: &Decoded) -> Option<Finding> {
    const REMEDY: &str =
        "Put the same Client ID into `sdkKey` too; both together fit every version.";
    let version = exam.handed.sdk_version?;
    if version >= APP_KEY_REQUIRED_SINCE || is_native(exam, claims) {
        return None;
    }
    // 4.x reads the key out of the JWT and asks for `appKey` in its console; below, `sdkKey` is documented as required.
    if version >= SDK_KEY_OBSOLETE_SINCE {
        let message = format!("There is no `sdkKey`. Web SDK {version} may do without.");
        return Some(Finding::info("sdk_key", message, REMEDY).at(
            Source::Claims,
            claims,
            "sdkKey",
        ));
    }
    Some(missing(
        Weight::Documented,
        claims,
        "sdkKey",
        &format!(
            "There is no `sdkKey`, which is documented as required for this Web SDK, {version}."
        ),
        REMEDY,
    ))
}

fn key_pair(exam: &Exam<'_>, claims: &Decoded) -> Vec<Finding> {
    const REMEDY: &str = "Use the Client ID and Client Secret of one app in all places: claims, `join()` and signing.";
    let pair = |rule, name: &str, message: String| {
        Finding::error(
            rule,
            Cause::WrongSecretOrKeyPair,
            Weight::Checked,
            message,
            REMEDY,
        )
        .at(Source::Claims, claims, name)
    };
    let mut findings = Vec::new();
    if let (Some(app_key), Some(sdk_key)) = (claims.text_of("appKey"), claims.text_of("sdkKey"))
        && app_key != sdk_key
    {
        findings.push(pair(
            "two_keys",
            "sdkKey",
            "`appKey` and `sdkKey` differ; both hold the Client ID of one app.".to_owned(),
        ));
    }
    for name in ["appKey", "sdkKey"] {
        let Some(key) = claims.text_of(name) else {
            continue;
        };
        if exam
            .handed
            .secrets
            .iter()
            .any(|secret| secret.trim() == key)
        {
            findings.push(pair("key_equals_secret", name, format!("`{name}` holds the secret. Everybody who gets the token can read it: renew the secret.")));
        } else if exam.handed.key.is_some_and(|expected| expected != key) {
            findings.push(pair(
                "other_key",
                name,
                format!(
                    "`{name}` is {}, not the key that was given.",
                    claims.quote(name)
                ),
            ));
        } else if key != key.trim() {
            findings.push(pair(
                "key_with_white_space",
                name,
                format!("`{name}` has white space around the key."),
            ));
        }
    }
    findings
}

const NUMBER_REMEDY: &str = "Sign for the very number that `join()` gets, as a string of digits.";

fn number(exam: &Exam<'_>, claims: &Decoded) -> Vec<Finding> {
    let digits = match claims.get("mn") {
        None if is_native(exam, claims) => return Vec::new(),
        None => {
            return vec![missing(
                Weight::Missing,
                claims,
                "mn",
                "There is no `mn`, which the Web SDK needs.",
                NUMBER_REMEDY,
            )];
        }
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(_) => {
            return vec![wrong_type(
                claims,
                "mn",
                format!("`mn` is {}, not a meeting number.", claims.quote("mn")),
                NUMBER_REMEDY,
            )];
        }
    };
    number_format(claims, &digits)
        .into_iter()
        .chain(number_mismatch(exam, claims, &digits))
        .collect()
}

fn wrong_number(claims: &Decoded, rule: &'static str, message: String) -> Finding {
    let cause = Cause::MnMismatchOrFormat;
    Finding::error(rule, cause, Weight::Target, message, NUMBER_REMEDY).at(
        Source::Claims,
        claims,
        "mn",
    )
}

fn number_format(claims: &Decoded, digits: &str) -> Option<Finding> {
    let message = match MeetingNumber::parse(digits) {
        Err(refusal) => format!("`mn` is no meeting number. {}", refusal.message),
        Ok(_) if digits.bytes().any(|b| !b.is_ascii_digit()) => {
            "`mn` holds spaces or dashes.".to_owned()
        }
        Ok(_) => return None,
    };
    Some(wrong_number(claims, "mn_format", message))
}

fn number_mismatch(exam: &Exam<'_>, claims: &Decoded, digits: &str) -> Option<Finding> {
    let (_, whose) = expected_numbers(exam)
        .into_iter()
        .find(|(expected, _)| plain_number(expected) != plain_number(digits))?;
    let message = format!(
        "`mn` is {}, but {whose} is another number.",
        claims.quote("mn")
    );
    Some(wrong_number(claims, "mn_mismatch", message))
}

fn expected_numbers(exam: &Exam<'_>) -> Vec<(String, &'static str)> {
    let in_join = exam
        .join
        .as_ref()
        .and_then(|join| join.given("meetingNumber"))
        .map(|number| match number {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    let given = exam.handed.meeting.map(str::to_owned);
    given
        .map(|number| (number, "the meeting that is joined"))
        .into_iter()
        .chain(in_join.map(|number| (number, "`meetingNumber` in the join object")))
        .collect()
}

fn plain_number(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}

fn role(exam: &Exam<'_>, claims: &Decoded) -> Option<Finding> {
    const REMEDY: &str = "Write `role` as the number 0 (participant) or 1 (host).";
    match claims.get("role") {
        None if is_native(exam, claims) => None,
        None => Some(missing(
            Weight::Missing,
            claims,
            "role",
            "There is no `role`, which the Web SDK needs.",
            REMEDY,
        )),
        Some(Value::Number(role)) if role.as_u64().is_some_and(|role| role <= 1) => {
            role_mismatch(exam, claims)
        }
        Some(Value::Number(role)) if role.is_i64() || role.is_u64() => Some(
            Finding::error(
                "role_out_of_range",
                Cause::RoleMismatch,
                Weight::Target,
                format!(
                    "`role` is {}; there are only 0 and 1.",
                    claims.quote("role")
                ),
                REMEDY,
            )
            .at(Source::Claims, claims, "role"),
        ),
        Some(_) => Some(wrong_type(
            claims,
            "role",
            format!("`role` is {}, not a number.", claims.quote("role")),
            REMEDY,
        )),
    }
}

fn role_mismatch(exam: &Exam<'_>, claims: &Decoded) -> Option<Finding> {
    let asked = exam.handed.role?;
    let signed = claims.get("role").and_then(Value::as_u64);
    (signed != Some(asked.claim().into())).then(|| {
        Finding::error(
            "role_mismatch",
            Cause::RoleMismatch,
            Weight::Target,
            format!(
                "`role` is {}, but the join was asked for with role {} ({}).",
                claims.quote("role"),
                asked.claim(),
                asked.as_str()
            ),
            "Sign with the role that the person joins with.",
        )
        .at(Source::Claims, claims, "role")
    })
}

fn webrtc_mode(claims: &Decoded) -> Option<Finding> {
    let mode = claims.get("video_webrtc_mode")?;
    (!matches!(mode.as_u64(), Some(0 | 1))).then(|| {
        Finding::warning(
            "video_webrtc_mode",
            Some(Cause::WrongClaimType),
            format!(
                "`video_webrtc_mode` is {}; there are only 0 and 1.",
                claims.quote("video_webrtc_mode")
            ),
            "Write the number 0 or 1, or leave it out.",
        )
        .at(Source::Claims, claims, "video_webrtc_mode")
    })
}

fn version(exam: &Exam<'_>) -> Option<Finding> {
    let version = exam
        .handed
        .sdk_version
        .filter(|version| *version < OLDEST_VERSION)?;
    Some(Finding::warning(
        "sdk_version",
        Some(Cause::SdkVersionTooOld),
        format!(
            "Web SDK {version} is older than {OLDEST_VERSION}, the first that takes a Meeting SDK JWT of an SDK app and nothing else."
        ),
        "Upgrade the SDK in the page.",
    ))
}
