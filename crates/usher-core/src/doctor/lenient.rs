//! Reading tokens that are not well-formed: what is wrong with their form is [`super::form`]'s to say.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

/// Reads base64url as leniently as can be: the fault in its form is [`super::form`]'s to name.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64 in either alphabet, with or without padding and white space.
pub(super) fn lenient_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    LENIENT.decode(text).ok()
}

/// The JSON in a part of a token, also where .NET's `UrlTokenEncode` put the number of padding characters at its end.
pub(super) fn segment_json(part: &str) -> Option<String> {
    let is_json = |json: &String| serde_json::from_str::<Value>(json).is_ok();
    let decode = |part: &str| lenient_base64(part).and_then(|bytes| String::from_utf8(bytes).ok());
    decode(part)
        .filter(is_json)
        .or_else(|| {
            let shorter = part.strip_suffix(['0', '1', '2'])?;
            decode(shorter).filter(is_json)
        })
        .or_else(|| decode(part))
}

/// Whether its first or second part decodes to something that begins like a JSON object.
pub(super) fn looks_like_token(text: &str) -> bool {
    let begins_object = |part: &str| {
        lenient_base64(part.get(..part.len().min(8)).unwrap_or_default())
            .is_some_and(|bytes| bytes.trim_ascii_start().starts_with(b"{"))
    };
    text.contains('.') && text.split('.').take(2).any(begins_object)
}

/// A token somewhere in a longer text, and the text around it.
pub(super) fn token_within(text: &str) -> Option<(String, String)> {
    let at = text.find("eyJ")?;
    let is_token_char =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=');
    let end = text[at..]
        .find(|c: char| !is_token_char(c))
        .map_or(text.len(), |length| at + length);
    let token = text[at..end].trim_end_matches('.');
    let is_token = token.matches('.').count() >= 2 && looks_like_token(token);
    is_token.then(|| {
        (
            token.to_owned(),
            format!("{} {}", &text[..at], &text[end..]),
        )
    })
}
