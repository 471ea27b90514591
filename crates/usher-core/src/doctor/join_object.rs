//! The object that was handed to the SDK's `join()`: its keys and values for the view and version, and against the claims of its signature.
//!
//! Keys by the dialect table; what the SDK does with the others was read out of the bundles and seen by running them (reference 2.1, 2.2,
//! 2.5). An object without `signature` is taken for an excerpt: what it lacks proves nothing, except a ZAK where the role asks for one.

use serde_json::Value;

use super::decoded::Decoded;
use super::report::{Source, Weight};
use super::{Exam, Finding, Kind, kind};
use crate::join::dialect::{Dialect, PUBLISHED_VERSIONS, SDK_KEY_OBSOLETE_SINCE, SdkVersion, View};
use crate::join::limits;
use crate::refusal::Refusal;
use crate::verdict::{Cause, Party};

/// Keys that Client View 5.1.4 takes beyond its type definitions (reference 2.1).
const UNDOCUMENTED_CLIENT_KEYS: &[&str] = &[
    "customerJoinId",
    "jmak",
    "onZak",
    "meetingData",
    "meetingOpt",
    "joinTest",
];

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(join) = &exam.join else {
        return Vec::new();
    };
    if let Some(session) = ["sessionName", "topic"]
        .into_iter()
        .find(|name| join.has(name))
    {
        return session_name(exam, join, session).into_iter().collect();
    }
    let mut findings = Vec::new();
    findings.extend(keys(exam, join));
    findings.extend(sdk_key(exam, join));
    findings.extend(lacks(exam, join));
    findings.extend(values(join));
    findings.extend(tokens(exam, join));
    findings.extend(passcode(exam, join));
    findings
}

fn wrong(
    join: &Decoded,
    name: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::error(
        "join_parameter",
        Cause::WrongInitParameter,
        Weight::Join,
        message,
        remedy,
    )
    .at(Source::Join, join, name)
}

fn session_name(exam: &Exam<'_>, join: &Decoded, name: &str) -> Option<Finding> {
    let (tpc, session) = (exam.claims.as_ref()?.text_of("tpc")?, join.text_of(name)?);
    if tpc == session {
        return None;
    }
    let differs_at = tpc
        .chars()
        .zip(session.chars())
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| tpc.chars().count().min(session.chars().count()));
    Some(
        Finding::error(
            "session_name",
            Cause::VideoSdkTopicMismatch,
            Weight::Kind,
            format!("This is a Video SDK token, and its `tpc` is not the `{name}` that is joined: they differ from character {} on.", differs_at + 1),
            "Sign for exactly the session's name, letter by letter.",
        )
        .at(Source::Join, join, name),
    )
}

fn keys(exam: &Exam<'_>, join: &Decoded) -> Vec<Finding> {
    let newest = PUBLISHED_VERSIONS
        .last()
        .copied()
        .unwrap_or(SdkVersion(2, 7, 0));
    let version = exam.handed.sdk_version.unwrap_or(newest);
    let dialect = |view| Dialect::of(view, version).ok().map(|(dialect, _)| dialect);
    let (client, component) = (dialect(View::Client), dialect(View::Component));
    join.names()
        .filter(|name| {
            let is_known =
                |dialect: Option<Dialect>| dialect.is_none_or(|dialect| dialect.knows(name));
            let (in_client, in_component) = (
                is_known(client) || UNDOCUMENTED_CLIENT_KEYS.contains(name),
                is_known(component),
            );
            match exam.handed.view {
                Some(View::Client) => !in_client,
                Some(View::Component) => !in_component,
                None => !in_client && !in_component,
            }
        })
        .map(|name| unknown_key(exam, join, name, version))
        .collect()
}

fn unknown_key(exam: &Exam<'_>, join: &Decoded, name: &str, version: SdkVersion) -> Finding {
    let shown = join.shown_name(name);
    let right = match (name, exam.handed.view) {
        ("passWord", Some(View::Component)) => "Component View spells it `password`.",
        ("password", Some(View::Client)) => "Client View spells it `passWord`, with a capital W.",
        _ => "Remove it, or correct its spelling.",
    };
    match exam.handed.view {
        Some(View::Client) => wrong(
            join,
            name,
            format!("Client View {version} does not know the key `{shown}`: the join fails with code 3 (6.2.0), or hangs without a callback (2.16.0)."),
            right,
        ),
        Some(View::Component) if name == "passWord" => wrong(
            join,
            name,
            format!("Component View {version} does not read `{shown}`: it joins without a passcode, and a meeting that has one answers 3004."),
            right,
        ),
        Some(View::Component) => Finding::info("join_key", format!("Component View {version} does not read the key `{shown}`."), right).at(Source::Join, join, name),
        None => Finding::warning(
            "join_key",
            Some(Cause::WrongInitParameter),
            format!("Neither view of {version} knows the key `{shown}`: Client View fails or hangs on it, Component View ignores it."),
            right,
        )
        .at(Source::Join, join, name),
    }
}

fn sdk_key(exam: &Exam<'_>, join: &Decoded) -> Option<Finding> {
    let key = join.text_of("sdkKey")?;
    let claims = exam.claims.as_ref()?;
    let is_other = |name: &str| claims.text_of(name).is_some_and(|signed| signed != key);
    let claim = ["sdkKey", "appKey"]
        .into_iter()
        .find(|name| is_other(name))?;
    let note = match exam.handed.sdk_version {
        Some(version) if version >= SDK_KEY_OBSOLETE_SINCE => format!(
            " Web SDK {version} ignores the one in `join()`, but two keys are in use, and with them two secrets."
        ),
        _ => " Zoom checks the signature with the secret of the key in `join()`.".to_owned(),
    };
    Some(
        Finding::error(
            "join_key_differs",
            Cause::WrongSecretOrKeyPair,
            Weight::Checked,
            format!(
                "`sdkKey` in the join object is {}, but the signature's `{claim}` is {}.{note}",
                join.quote("sdkKey"),
                claims.quote(claim)
            ),
            "Use one app's Client ID in all places, and its secret to sign.",
        )
        .at(Source::Join, join, "sdkKey"),
    )
}

fn lacks(exam: &Exam<'_>, join: &Decoded) -> Vec<Finding> {
    if !join.has("signature") {
        return Vec::new();
    }
    let is_empty = |name: &str| match join.given(name) {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    let wants_sdk_key = exam
        .handed
        .sdk_version
        .is_some_and(|version| version < SDK_KEY_OBSOLETE_SINCE);
    let needed = [
        ("signature", "Without a signature nothing is sent.", true),
        (
            "meetingNumber",
            "Client View throws without a callback, Component View rejects.",
            true,
        ),
        (
            "userName",
            "Client View answers 4003, Component View rejects.",
            true,
        ),
        (
            "sdkKey",
            "Below 4.0.0 the SDK needs it: Client View answers 4003, Component View \"sdkKey can not empty\".",
            wants_sdk_key,
        ),
    ];
    needed
        .into_iter()
        .filter(|(name, _, is_needed)| *is_needed && is_empty(name))
        .map(|(name, what, _)| {
            wrong(
                join,
                name,
                format!("`{name}` is missing or empty. {what}"),
                format!("Pass `{name}`."),
            )
        })
        .collect()
}

fn values(join: &Decoded) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut check = |name: &str, judge: fn(&str) -> Result<(), Refusal>| {
        if let Some(refusal) = join
            .text_of(name)
            .filter(|text| !text.is_empty())
            .and_then(|text| judge(text).err())
        {
            findings.push(wrong(
                join,
                name,
                format!("`{name}`: {} The SDK answers 4003.", refusal.message),
                refusal.hint,
            ));
        }
    };
    check("userName", limits::user_name);
    check("passWord", limits::passcode);
    check("password", limits::passcode);
    check("userEmail", limits::user_email);
    findings.extend(number(join));
    findings.extend(customer_key(join));
    findings
}

fn number(join: &Decoded) -> Option<Finding> {
    let number = join.text_of("meetingNumber")?;
    let what = if number.len() > 12 {
        "has more than 12 characters: the SDK answers 4003"
    } else if number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    } else {
        "holds something other than digits"
    };
    Some(
        Finding::error(
            "join_number",
            Cause::MnMismatchOrFormat,
            Weight::Join,
            format!("`meetingNumber` {what}."),
            "Pass the digits only.",
        )
        .at(Source::Join, join, "meetingNumber"),
    )
}

fn customer_key(join: &Decoded) -> Option<Finding> {
    let length = join.text_of("customerKey")?.encode_utf16().count();
    (length > 35).then(|| {
        Finding::warning(
            "customer_key",
            None,
            format!("`customerKey` has {length} characters: the SDK cuts it at 36 without a word, and Zoom's API gives back 35. It fails no join, but the id is lost."),
            "Use at most 35 ASCII characters; a UUID without hyphens fits.",
        )
        .at(Source::Join, join, "customerKey")
    })
}

fn is_filled(join: &Decoded, name: &str) -> bool {
    join.given(name)
        .is_some_and(|value| value.as_str() != Some(""))
}

fn tokens(exam: &Exam<'_>, join: &Decoded) -> Vec<Finding> {
    let mut findings = Vec::new();
    if is_filled(join, "zak") && is_filled(join, "obfToken") {
        findings.push(wrong(join, "obfToken", "`zak` and `obfToken` exclude each other: Client View answers 3636, Component View rejects.", "Pass one of them."));
    }
    if exam.is_host() && !is_filled(join, "zak") && exam.kind != Kind::VideoSdkJwt {
        findings.push(
            Finding::error(
                "missing_zak",
                Cause::MissingZak,
                Weight::Join,
                "The signature has role 1 (host), and the join object has no ZAK: Zoom refuses to start the meeting (3003, 3008 or 4003; which one is unverified).",
                "Pass the host's ZAK in `zak`, or sign with role 0.",
            )
            .at(Source::Join, join, "zak"),
        );
    }
    if exam.link_has_tk && !is_filled(join, "tk") {
        findings.push(
            Finding::error(
                "link_token_dropped",
                Cause::RegistrationTokenMissing,
                Weight::Join,
                "The link carries a registrant token (`tk`), and the join does not.",
                "Pass the link's `tk` on.",
            )
            .at(Source::Join, join, "tk"),
        );
    }
    findings
}

fn passcode(exam: &Exam<'_>, join: &Decoded) -> Option<Finding> {
    let given = ["passWord", "password"]
        .into_iter()
        .find(|name| join.given(name).is_some());
    let is_refused = exam
        .reading
        .as_ref()
        .is_some_and(super::Reading::is_wrong_passcode);
    let lacks_it = given.is_none() && join.has("signature");
    let name = given.or((is_refused && lacks_it).then_some("passWord"))?;
    let passcode = join.text_of(name).unwrap_or_default();
    if is_refused {
        let what = if lacks_it {
            "is missing, and this meeting has a passcode"
        } else if passcode.is_empty() {
            "is empty, and this meeting has a passcode"
        } else if kind::is_encrypted_passcode(passcode) {
            "holds what looks like the encrypted passcode (`pwd`) of a join link, and Zoom refuses it"
        } else {
            "holds a passcode that Zoom refuses"
        };
        return Some(
            Finding::error(
                "passcode",
                Cause::WrongPassword,
                Weight::Join,
                format!("`{name}` {what}: it may have been changed or made compulsory since."),
                "Read the passcode from the meeting (Zoom's API) right before the join, and pass it.",
            )
            .by(Party::Integrator)
            .at(Source::Join, join, name),
        );
    }
    kind::is_encrypted_passcode(passcode).then(|| {
        Finding::warning(
            "encrypted_passcode",
            Some(Cause::WrongPassword),
            format!("`{name}` looks like the encrypted passcode (`pwd`) of a join link. Whether `join()` takes it is unverified."),
            "Pass the plain passcode.",
        )
        .by(Party::Integrator)
        .at(Source::Join, join, name)
    })
}
