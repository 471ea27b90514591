//! What was handed in.
//!
//! Shapes: Meeting SDK and Video SDK claims as documented (reference 1.1); a JWT app's token is `{iss, exp}`; a ZAK has `sty`, `zm_skm` or
//! `aud` "clientsm", and an OAuth access token `auid` or an `aud` at oauth.zoom.us (seen in tokens, undocumented).

use serde_json::Value;

use super::decoded::{Decoded, Mask};
use super::lenient::{looks_like_token, segment_json, token_within};
use super::report::Weight;
use super::{Finding, Handed, Kind, error_code, legacy, no_signature, pasted};
use crate::verdict::Cause;

/// What was recognised.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) token: Option<String>,
    pub(super) header: Option<Decoded>,
    pub(super) claims: Option<Decoded>,
    pub(super) join: Option<Decoded>,
    pub(super) link_has_tk: bool,
    /// The error that was pasted instead of a token.
    pub(super) error_text: Option<String>,
    pub(super) findings: Vec<Finding>,
}

impl Found {
    fn nothing() -> Self {
        Self {
            kind: Kind::Unknown,
            token: None,
            header: None,
            claims: None,
            join: None,
            link_has_tk: false,
            error_text: None,
            findings: Vec::new(),
        }
    }
}

pub(super) fn recognise(handed: &Handed<'_>, mask: &Mask<'_>) -> Found {
    let mut found = Found::nothing();
    if let Some(json) = handed.join {
        found.join = Decoded::parse(json, mask);
        if found.join.is_none() {
            found
                .findings
                .push(not_an_object("join_not_an_object", "join object"));
        }
    }
    if let Some(text) = handed.text {
        recognise_text(text, mask, &mut found);
    }
    let has_token = found.token.is_some() || found.claims.is_some();
    if let Some(json) = handed.claims.filter(|_| !has_token) {
        found.kind = Kind::Claims;
        found.claims = Decoded::parse(json, mask);
        if found.claims.is_none() {
            found
                .findings
                .push(not_an_object("claims_not_an_object", "claims"));
        }
    }
    if found.token.is_none() && found.claims.is_none() {
        take_signature_from_join(mask, &mut found);
    }
    if found.kind == Kind::Unknown && (handed.error_code.is_some() || handed.reason.is_some()) {
        found.kind = Kind::Error;
    }
    let findings = no_signature::findings(&found, handed);
    found.findings.extend(findings);
    found
}

fn not_an_object(rule: &'static str, what: &str) -> Finding {
    Finding::warning(
        rule,
        None,
        format!("The {what} can't be read: it is not a JSON object."),
        "Pass it as JSON: names in double quotes, values without functions.",
    )
}

fn recognise_text(text: &str, mask: &Mask<'_>, found: &mut Found) {
    let bare = text.trim();
    if let Ok(json) = serde_json::from_str::<Value>(bare) {
        match json {
            Value::Object(_) => return recognise_object(bare, mask, found),
            Value::String(inner) => return recognise_wrapped(&inner, "quotes", mask, found),
            _ => {}
        }
    }
    if bare.starts_with('{') && bare.contains("errorCode") && pasted::read(bare).code.is_some() {
        found.kind = Kind::Error;
        found.error_text = Some(bare.to_owned());
        return;
    }
    if bare.starts_with('{') && bare.contains("signature") {
        return recognise_broken_json(bare, mask, found);
    }
    if let Some(inner) = strip_quotes(bare) {
        return recognise_wrapped(inner, "quotes", mask, found);
    }
    if let Some(inner) = strip_bearer(bare) {
        return recognise_wrapped(inner, "the word Bearer", mask, found);
    }
    if bare.contains("://") && bare.contains("zoom") && !bare.contains(char::is_whitespace) {
        return recognise_link(bare, found);
    }
    if recognise_token(text, mask, found) {
        return;
    }
    if legacy::parts(bare).is_some() {
        found.kind = Kind::LegacySignature;
        found.token = Some(bare.to_owned());
    } else if let Some((token, around)) = token_within(bare) {
        recognise_token(&token, mask, found);
        found.error_text = Some(around);
    } else if is_encrypted_passcode(bare) {
        found.kind = Kind::Pwd;
    } else if error_code::says_something(bare) {
        found.kind = Kind::Error;
        found.error_text = Some(bare.to_owned());
    }
}

fn recognise_wrapped(inner: &str, what: &str, mask: &Mask<'_>, found: &mut Found) {
    if inner.trim_start().starts_with('{') {
        return recognise_text(inner, mask, found);
    }
    if !recognise_token(inner.trim(), mask, found) {
        if legacy::parts(inner.trim()).is_none() {
            return;
        }
        found.kind = Kind::LegacySignature;
        found.token = Some(inner.trim().to_owned());
    }
    if found.kind == Kind::MeetingSdkJwt {
        found.kind = Kind::WrappedToken;
    }
    found.findings.push(wrapped(what));
}

/// JSON around a token that was cut off when it was pasted, or written the JavaScript way.
fn recognise_broken_json(text: &str, mask: &Mask<'_>, found: &mut Found) {
    found.kind = Kind::WrappedToken;
    if let Some((token, _)) = token_within(text) {
        recognise_wrapped(&token, "JSON", mask, found);
    } else {
        found.findings.push(wrapped("JSON"));
    }
}

fn wrapped(what: &str) -> Finding {
    Finding::error(
        "wrapped_token",
        Cause::WrappedSignature,
        Weight::Kind,
        format!("This is not the bare token: there is {what} around it."),
        "Read the JSON of the signing endpoint's answer and pass the value of its `signature` alone, without quotes or prefix.",
    )
}

fn recognise_object(json: &str, mask: &Mask<'_>, found: &mut Found) {
    let Some(object) = Decoded::parse(json, mask) else {
        return;
    };
    let is_join = ["meetingNumber", "userName", "passWord"]
        .iter()
        .any(|name| object.has(name));
    if is_join {
        found.join = Some(object);
        return;
    }
    if ["errorCode", "errorMessage", "reason"]
        .iter()
        .any(|name| object.has(name))
    {
        found.kind = Kind::Error;
        found.error_text = Some(json.to_owned());
        return;
    }
    let inner = object
        .names()
        .filter_map(|name| object.text_of(name))
        .find(|text| looks_like_token(text) || legacy::parts(text).is_some())
        .map(str::to_owned);
    if let Some(inner) = inner {
        return recognise_wrapped(&inner, "JSON", mask, found);
    }
    if object.names().any(is_claim) {
        found.kind = Kind::Claims;
        found.claims = Some(object);
    }
}

/// Whether some token of Zoom's has a claim of this name; spelling counts elsewhere.
fn is_claim(name: &str) -> bool {
    const CLAIMS: &[&str] = &[
        "appkey",
        "sdkkey",
        "mn",
        "role",
        "iat",
        "exp",
        "tokenexp",
        "tpc",
        "roletype",
        "sessionkey",
        "useridentity",
        "iss",
        "aud",
        "auid",
        "sty",
        "mnum",
        "videowebrtcmode",
    ];
    let name = name.trim().replace(['_', '-'], "").to_ascii_lowercase();
    CLAIMS.contains(&name.as_str())
}

fn take_signature_from_join(mask: &Mask<'_>, found: &mut Found) {
    let Some(signature) = found
        .join
        .as_ref()
        .and_then(|join| join.text_of("signature"))
    else {
        return;
    };
    let signature = signature.to_owned();
    let error_text = found.error_text.take();
    recognise_text(&signature, mask, found);
    found.error_text = error_text;
    if found.token.is_none() {
        found.findings.push(
            Finding::warning(
                "signature_unreadable",
                None,
                "`signature` in the join object is nothing that is known: no token, no old signature.",
                "Pass the Meeting SDK JWT itself; if it was only blacked out here, hand its claims in beside.",
            ),
        );
    }
}

/// Whether it is a JWT, whatever is wrong with its form.
fn recognise_token(text: &str, mask: &Mask<'_>, found: &mut Found) -> bool {
    let parts: Vec<&str> = text.trim().split('.').collect();
    if parts.len() < 2 || parts.len() > 5 || !looks_like_token(text.trim()) {
        return false;
    }
    let object = |part: &str| segment_json(part).and_then(|json| Decoded::parse(&json, mask));
    let first = object(parts[0]);
    let is_header = |first: &Decoded| first.has("alg") || first.has("typ");
    if parts.len() > 2 || first.as_ref().is_some_and(is_header) {
        found.header = first;
        found.claims = object(parts[1]);
    } else {
        found.claims = first;
    }
    found.token = Some(text.to_owned());
    found.kind = kind_of_token(found.header.as_ref(), found.claims.as_ref());
    true
}

fn kind_of_token(header: Option<&Decoded>, claims: Option<&Decoded>) -> Kind {
    match claims {
        _ if header.is_some_and(|header| header.has("zm_skm")) => Kind::Zak,
        Some(claims) => kind_of_claims(claims),
        None => Kind::MeetingSdkJwt,
    }
}

/// The kind of token that claims belong to.
pub(super) fn kind_of_claims(claims: &Decoded) -> Kind {
    let has = |names: &[&str]| names.iter().any(|name| claims.has(name));
    let audience = claims.text_of("aud").unwrap_or_default();
    if has(&[
        "tpc",
        "app_key",
        "role_type",
        "session_key",
        "user_identity",
    ]) {
        Kind::VideoSdkJwt
    } else if has(&["appKey", "sdkKey", "mn", "role", "tokenExp"]) {
        Kind::MeetingSdkJwt
    } else if audience == "clientsm" || has(&["sty", "mnum"]) {
        Kind::Zak
    } else if has(&["auid", "iss"]) || audience.contains("oauth.zoom.us") {
        Kind::JwtAppToken
    } else {
        Kind::MeetingSdkJwt
    }
}

fn strip_quotes(text: &str) -> Option<&str> {
    ['\'', '"', '`']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

fn strip_bearer(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(char::is_whitespace)?;
    word.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

fn recognise_link(link: &str, found: &mut Found) {
    let has = |name: &str| {
        link.split(['?', '&', '#'])
            .skip(1)
            .any(|pair| pair.starts_with(name))
    };
    found.link_has_tk = has("tk=");
    if has("pwd=") || link.contains("/j/") || link.contains("/w/") {
        found.kind = Kind::Pwd;
    }
}

/// The encrypted passcode out of a join link: letters and digits, and in newer ones a dot and a digit at the end; in older ones base64 of
/// base64. Seen in links, undocumented.
pub(super) fn is_encrypted_passcode(text: &str) -> bool {
    let body = match text.split_once('.') {
        Some((body, version))
            if version.len() == 1 && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            body
        }
        None if text.len() == 32 && text.ends_with("09") => text,
        _ => return false,
    };
    body.len() >= 16
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
