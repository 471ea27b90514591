//! What is said of things that are no signature of a meeting: another token, a link, nothing known.

use super::kind::{Found, kind_of_claims};
use super::numeric_date::seconds;
use super::report::Weight;
use super::{Finding, Handed, Kind, legacy};
use crate::verdict::Cause;

pub(super) fn findings(found: &Found, handed: &Handed<'_>) -> Vec<Finding> {
    let claims_kind = found.claims.as_ref().map(kind_of_claims);
    let kind = match found.kind {
        Kind::Claims => claims_kind.unwrap_or(Kind::Claims),
        kind => kind,
    };
    let finding = match kind {
        Kind::VideoSdkJwt if names_a_session(found) => Finding::info(
            "video_sdk_token",
            "This is a Video SDK token, for a session and not for a meeting.",
            "Compare its `tpc` with the session's name.",
        ),
        Kind::VideoSdkJwt => another_app(
            "video_sdk_token",
            "This is a Video SDK token (`tpc`, `app_key`, `role_type`): it opens Video SDK sessions, not Zoom meetings.",
        ),
        Kind::JwtAppToken => another_app(
            "rest_api_token",
            "This is a token for Zoom's REST API (`iss`, `exp`, no `appKey`): no SDK takes it as a signature.",
        ),
        Kind::Zak => another_app(
            "zak_as_signature",
            "This is a ZAK, OBF or other token that acts as a person; it belongs in `zak` or `obfToken`, next to a signature.",
        ),
        Kind::LegacySignature => {
            let parts = found.token.as_deref().and_then(legacy::parts);
            return vec![legacy::finding(&parts.unwrap_or_default(), handed)];
        }
        Kind::Pwd => link(found),
        Kind::Unknown if found.join.is_none() => Finding::warning(
            "unknown",
            None,
            "This is nothing that is known: no token, no claims, no error of Zoom's.",
            "Pass the token itself, or its claims, or the error's code and text.",
        ),
        _ => return Vec::new(),
    };
    let expired = (kind == Kind::Zak)
        .then(|| expired_zak(found, handed))
        .flatten();
    std::iter::once(finding).chain(expired).collect()
}

fn expired_zak(found: &Found, handed: &Handed<'_>) -> Option<Finding> {
    let ago_s = handed.now.as_second() - seconds(found.claims.as_ref()?, "exp")?;
    (ago_s >= 0).then(|| {
        Finding::warning(
            "zak_expired",
            Some(Cause::ZakFailing),
            format!("It expired {ago_s} s ago."),
            "Fetch a fresh one right before the join; cached ones live two hours at most.",
        )
    })
}

fn names_a_session(found: &Found) -> bool {
    found
        .join
        .as_ref()
        .is_some_and(|join| join.has("sessionName") || join.has("topic"))
}

fn another_app(rule: &'static str, message: &str) -> Finding {
    Finding::error(
        rule,
        Cause::WrongAppType,
        Weight::Kind,
        message,
        "Sign a Meeting SDK JWT with the Client ID and Client Secret of an app that has the Meeting SDK switched on.",
    )
}

fn link(found: &Found) -> Finding {
    let tk = if found.link_has_tk {
        " The link also carries a registrant token (`tk`), which the join has to pass on."
    } else {
        ""
    };
    Finding::warning(
        "join_link",
        Some(Cause::WrongPassword),
        format!(
            "This is a join link or the encrypted passcode (`pwd`) out of one, not a signature. Whether `join()` takes that instead of the plain passcode is unverified.{tk}"
        ),
        "Pass the meeting's plain passcode, from Zoom's API or the invitation.",
    )
}
