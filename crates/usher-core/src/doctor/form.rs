//! The token's bytes: parts, alphabet, padding, header.
//!
//! A JWT's parts are base64url without padding (RFC 7515, section 2). Hand-made encoders get this wrong in ways that only some tokens show,
//! those whose HMAC happens to hold the characters: failures look random.

use super::lenient::{lenient_base64, segment_json};
use super::report::{Source, Weight};
use super::{Exam, Finding, Kind};
use crate::verdict::Cause;

/// Length of an HMAC-SHA256 in bytes.
const HS256_BYTES: usize = 32;
const HS384_BYTES: usize = 48;
const HS512_BYTES: usize = 64;

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(token) = exam.token.filter(|_| exam.kind != Kind::LegacySignature) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    findings.extend(white_space(token));
    let parts: Vec<&str> = token.trim().split('.').collect();
    findings.extend(count(&parts, exam));
    for (part, name) in parts.iter().zip(NAMES) {
        findings.extend(alphabet(part, name));
    }
    if exam.is_for_meetings() {
        findings.extend(header(exam));
        findings.extend(claims_part(&parts, exam));
        if let [_, _, hmac] = parts[..] {
            findings.extend(hmac_part(hmac, exam));
        }
    }
    findings
}

const NAMES: [&str; 3] = [
    "header (first part)",
    "claims (second part)",
    "HMAC (third part)",
];

fn white_space(token: &str) -> Option<Finding> {
    let inner = token.trim();
    if inner.contains(char::is_whitespace) {
        return Some(base64(
            "white_space_in_token",
            "There is white space inside the token.",
            "Pass the token as one unbroken string.",
        ));
    }
    // One line break at the end is how files and pipes end.
    let is_clean = token.trim_end_matches(['\r', '\n']) == inner;
    (!is_clean).then(|| {
        Finding::warning(
            "white_space_around_token",
            Some(Cause::WrappedSignature),
            "There is white space before or after the token.",
            "Trim it before it goes to `join()`.",
        )
    })
}

fn count(parts: &[&str], exam: &Exam<'_>) -> Option<Finding> {
    let message = match parts {
        [_, _, hmac] if !hmac.is_empty() => return None,
        [_, _, _] => "The third part is empty: the token is not signed.".to_owned(),
        [_, _] if exam.header.is_none() => {
            "The token has two parts: the header is missing.".to_owned()
        }
        [_, _] => "The token has two parts: it is not signed, or it was cut off.".to_owned(),
        _ => format!("The token has {} parts, not three.", parts.len()),
    };
    Some(Finding::error(
        "token_parts",
        Cause::WrongAlgOrHeader,
        Weight::Form,
        message,
        "Build it with a JWT library: header, claims and HMAC, joined by dots.",
    ))
}

fn alphabet(part: &str, name: &str) -> Option<Finding> {
    let standard: Vec<char> = ['+', '/', '=']
        .into_iter()
        .filter(|c| part.contains(*c))
        .collect();
    if !standard.is_empty() {
        let found: Vec<String> = standard.iter().map(|c| format!("`{c}`")).collect();
        return Some(base64(
            "not_base64url",
            &format!(
                "The {name} holds {}: that is standard base64 or its padding, not base64url. Only some tokens show it, so failures look random.",
                found.join(" and ")
            ),
            "Encode all three parts as base64url without padding: `-` for `+`, `_` for `/`, no `=`.",
        ));
    }
    let is_foreign =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || c.is_whitespace());
    part.contains(is_foreign).then(|| {
        base64(
            "foreign_character",
            &format!("The {name} holds a character that base64url does not have."),
            "Pass the token as it was signed: not URL-encoded, not shortened.",
        )
    })
}

fn base64(rule: &'static str, message: &str, remedy: &str) -> Finding {
    Finding::error(rule, Cause::WrongBase64, Weight::Form, message, remedy)
}

/// .NET's `HttpServerUtility.UrlTokenEncode` writes the number of padding characters at the end instead of leaving them out.
fn ends_with_padding_count(part: &str, is_decoded: impl Fn(&[u8]) -> bool) -> bool {
    let Some((body, digit)) = part.split_at_checked(part.len().saturating_sub(1)) else {
        return false;
    };
    let missing = (4 - body.len() % 4) % 4;
    digit == missing.to_string()
        && !lenient_base64(part).is_some_and(|bytes| is_decoded(&bytes))
        && lenient_base64(body).is_some_and(|bytes| is_decoded(&bytes))
}

fn padding_count(name: &str) -> Finding {
    base64(
        "padding_count",
        &format!(
            "The {name} ends in a digit that counts padding: that is .NET's UrlTokenEncode, not base64url."
        ),
        "Use Base64UrlEncoder or Convert.ToBase64String(…) with `+`, `/` replaced and `=` removed.",
    )
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

fn claims_part(parts: &[&str], exam: &Exam<'_>) -> Option<Finding> {
    let (part, name) = match parts {
        [first, _, _, ..] if exam.header.is_none() => (first, NAMES[0]),
        [first, ..] if ends_with_padding_count(first, is_json) => {
            return Some(padding_count(NAMES[0]));
        }
        [_, claims, ..] => (claims, NAMES[1]),
        _ => return None,
    };
    if ends_with_padding_count(part, is_json) {
        return Some(padding_count(name));
    }
    if exam.claims.is_some() && name == NAMES[1] {
        return None;
    }
    let is_text_twice =
        segment_json(part).is_some_and(|json| serde_json::from_str::<String>(&json).is_ok());
    Some(if is_text_twice {
        Finding::error(
            "claims_are_a_string",
            Cause::WrongClaimType,
            Weight::Type,
            "The claims are a JSON string that holds JSON: they were stringified twice.",
            "Pass the object to the JWT library, not its JSON text.",
        )
    } else {
        base64(
            "unreadable_part",
            &format!("The {name} is not base64url of a JSON object."),
            "Build the token with a JWT library.",
        )
    })
}

fn hmac_part(part: &str, exam: &Exam<'_>) -> Option<Finding> {
    let is_hex =
        |bytes: &[u8]| bytes.len() == 2 * HS256_BYTES && bytes.iter().all(u8::is_ascii_hexdigit);
    if is_hex(part.as_bytes()) || lenient_base64(part).is_some_and(|bytes| is_hex(&bytes)) {
        return Some(base64(
            "hex_hmac",
            "The HMAC (third part) is hexadecimal text, not base64url of the 32 bytes.",
            "Encode the raw bytes of the HMAC, not its hexadecimal digest.",
        ));
    }
    if ends_with_padding_count(part, |bytes| bytes.len() == HS256_BYTES) {
        return Some(padding_count(NAMES[2]));
    }
    let length = lenient_base64(part).map_or(0, |bytes| bytes.len());
    match length {
        // Another algorithm in the header is named there.
        HS256_BYTES | 0 => None,
        HS384_BYTES | HS512_BYTES if !says_hs256(exam) => None,
        HS384_BYTES | HS512_BYTES => Some(wrong_header(
            "hmac_length",
            format!(
                "The HMAC has {length} bytes: it was made with HS{}, while the header says HS256.",
                length * 8
            ),
        )),
        _ if part.is_empty() => None,
        _ => Some(base64(
            "hmac_length",
            &format!(
                "The HMAC (third part) has {length} bytes, not {HS256_BYTES}: it was cut off or encoded in another way."
            ),
            "Pass the whole token; encode the raw 32 bytes of the HMAC-SHA256 as base64url.",
        )),
    }
}

fn says_hs256(exam: &Exam<'_>) -> bool {
    exam.header
        .as_ref()
        .and_then(|header| header.text_of("alg"))
        == Some("HS256")
}

fn wrong_header(rule: &'static str, message: impl Into<String>) -> Finding {
    Finding::error(
        rule,
        Cause::WrongAlgOrHeader,
        Weight::Form,
        message,
        "Sign with HS256 and the header {\"alg\":\"HS256\",\"typ\":\"JWT\"}.",
    )
}

fn header(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(header) = &exam.header else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if !says_hs256(exam) {
        let message = match header.text_of("alg") {
            Some(alg) if alg.eq_ignore_ascii_case("none") => {
                "The header's `alg` is none: the token is not signed.".to_owned()
            }
            Some(_) => format!(
                "The header's `alg` is {}; Zoom takes HS256 only.",
                header.quote("alg")
            ),
            None => "The header has no `alg`.".to_owned(),
        };
        findings.push(wrong_header("alg", message).at(Source::Header, header, "alg"));
    }
    if header.text_of("typ") != Some("JWT") {
        let what = if header.has("typ") {
            format!("is {}", header.quote("typ"))
        } else {
            "is missing".to_owned()
        };
        findings.push(
            Finding::info(
                "typ",
                format!(
                    "The header's `typ` {what}; Zoom documents JWT. Nobody was seen to fail by it."
                ),
                "Write \"typ\":\"JWT\" into the header.",
            )
            .at(Source::Header, header, "typ"),
        );
    }
    findings
}
