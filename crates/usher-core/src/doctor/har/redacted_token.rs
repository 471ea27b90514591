//! A signature as it may be shown to anybody: what it says, without what makes it valid.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::doctor::legacy;
use crate::doctor::lenient::segment_json;

/// Claims and header fields that every signature has, by their names: their values say nothing about a person.
const KNOWN: &[&str] = &[
    "alg",
    "typ",
    "appKey",
    "sdkKey",
    "mn",
    "role",
    "iat",
    "exp",
    "tokenExp",
    "video_webrtc_mode",
    "app_key",
    "tpc",
    "version",
    "role_type",
    "iss",
];

/// The signature without its third part. Whoever holds header and claims can't make the third part without the app's secret.
///
/// Faults of its form stay, because they may be what is wrong: padding, characters that are no base64url, white space, quotes.
pub(super) fn redacted_token(token: &str) -> String {
    if let Some(legacy) = redacted_legacy(token) {
        return legacy;
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else {
        return without_letters(token);
    };
    let rest: Vec<String> = parts.map(without_letters).collect();
    [vec![public_part(header), public_part(claims)], rest]
        .concat()
        .join(".")
}

/// Whether its third part was taken away, so that there is nothing to check with a secret.
pub(super) fn is_redacted(token: &str) -> bool {
    let is_hidden = |c: char| matches!(c, 'A' | '+' | '/' | '=' | '0'..='2');
    token
        .split('.')
        .nth(2)
        .is_some_and(|third| third.starts_with("AAAA") && third.chars().all(is_hidden))
}

/// The format before the JWT, base64 of `key.number.ts.role.hash`, with another hash.
fn redacted_legacy(token: &str) -> Option<String> {
    let mut parts = legacy::parts(token.trim())?;
    if let Some(hash) = parts.get_mut(4) {
        *hash = without_letters(hash);
    }
    Some(STANDARD.encode(parts.join(".")))
}

/// Header or claims: as they are if nothing in them is private, else written anew.
fn public_part(part: &str) -> String {
    let bare = part.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let Some(Ok(Value::Object(fields))) =
        segment_json(bare).map(|json| serde_json::from_str(&json))
    else {
        return without_letters(part);
    };
    if fields.iter().all(|(name, value)| is_public(name, value)) {
        return part.to_owned();
    }
    let fields: Map<String, Value> = fields
        .into_iter()
        .filter(|(name, _)| {
            name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        })
        .map(|(name, value)| {
            let value = if is_public(&name, &value) {
                value
            } else {
                hidden(&value)
            };
            (name, value)
        })
        .collect();
    URL_SAFE_NO_PAD.encode(Value::Object(fields).to_string())
}

fn is_public(name: &str, value: &Value) -> bool {
    /// More than a key, a number or a session's name has.
    const VALUE_MAX_CHARS: usize = 64;
    let is_short = match value {
        Value::String(text) => text.len() <= VALUE_MAX_CHARS,
        Value::Array(_) | Value::Object(_) => false,
        _ => true,
    };
    KNOWN.contains(&name) && is_short
}

/// Of the same type, and nothing else.
fn hidden(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::from("\u{2026}"),
        Value::Number(_) => Value::from(0),
        Value::Bool(_) => Value::from(false),
        _ => Value::Null,
    }
}

/// As long as it was, with every letter an A and every digit a 0. Both are base64 of bits that are zero at the end, so that what is well-formed
/// stays so, and `+`, `/`, `=` and stray characters stay where they were. .NET's count of padding at the end stays, too.
fn without_letters(part: &str) -> String {
    let count = part
        .chars()
        .last()
        .filter(|last| matches!(last, '0'..='2') && part.len().is_multiple_of(4));
    let mut hidden: String = part
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_') {
                'A'
            } else {
                c
            }
        })
        .collect();
    if let Some(count) = count {
        hidden.pop();
        hidden.push(count);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_signature_says_stays_and_what_makes_it_valid_goes() {
        // {"alg":"HS256","typ":"JWT"} . {"mn":"1","role":0}
        let said = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJtbiI6IjEiLCJyb2xlIjowfQ";
        for (third, hidden) in [
            ("Zm9v-_9", "AAAAAAA"),
            ("Zm9v+/8=", "AAAA+/A="),
            ("Zm9vYmFyYg2", "AAAAAAAAAAA"),
            ("Zm9vYmFyYmE1", "AAAAAAAAAAA1"),
            ("Zm9vYmFyYmF1Yg2=", "AAAAAAAAAAAAAAA="),
            ("Zm9vYmFyYmE2", "AAAAAAAAAAA2"),
        ] {
            assert_eq!(
                redacted_token(&format!("{said}.{third}")),
                format!("{said}.{hidden}")
            );
        }
    }

    #[test]
    fn claims_that_are_not_known_are_not_shown() {
        // {"name":"Ann"}
        let redacted = redacted_token("eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiQW5uIiwibW4iOiIxIn0.abc");
        let claims = redacted.split('.').nth(1).and_then(segment_json);
        assert_eq!(
            claims.as_deref(),
            Some("{\"name\":\"\u{2026}\",\"mn\":\"1\"}")
        );
        assert_eq!(redacted.rsplit('.').next(), Some("AAA"));
        assert_eq!(redacted_token("c2VjcmV"), "AAAAAAA");
        assert_eq!(redacted_token(""), "");
    }
}
