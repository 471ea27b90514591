//! Why a row is not imported.

use std::fmt;

use super::field::{Field, sensitive};
use super::overrides::quoted;
use crate::text::escape_hidden;

/// One line that can't be used: what is wrong, in one sentence, and where. It never holds a token, claims or a participant's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRefusal {
    /// Stable code for programs, in `snake_case`.
    pub code: &'static str,
    /// The column at fault; `None` where it is the whole line.
    pub column: Option<String>,
    /// One sentence: what is wrong, and where it helps what to do.
    pub message: String,
}

impl RowRefusal {
    /// The whole line is at fault.
    pub fn of_line(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            column: None,
            message: message.into(),
        }
    }

    /// A column is at fault.
    pub(super) fn of_column(code: &'static str, column: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            column: Some(column.to_owned()),
            message: message.into(),
        }
    }
}

impl fmt::Display for RowRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "{}: ", quoted(column))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RowRefusal {}

/// A value as a refusal may show it: short, without hidden characters, and not at all where it may be a secret or name a person.
pub(super) fn shown(field: Option<Field>, column: &str, value: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    let is_private = matches!(
        field,
        Some(Field::Token | Field::Claims | Field::Participant)
    );
    if is_private || sensitive(column).is_some() || holds_token(value) {
        return "its value".to_owned();
    }
    let escaped = escape_hidden(value);
    let mut start: String = escaped.chars().take(SHOWN_CHARS).collect();
    if start.len() < escaped.len() {
        start.push('…');
    }
    format!("\"{start}\"")
}

/// How the base64url of a JSON object begins, `{"`, and so every JWT.
const TOKEN_BEGINS: &str = "eyJ";
/// Shorter runs are words.
const TOKEN_MIN_CHARS: usize = 20;

/// Where a text holds something like a JWT.
fn token(text: &str) -> Option<std::ops::Range<usize>> {
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    text.match_indices(TOKEN_BEGINS).find_map(|(start, _)| {
        let length = text[start..]
            .find(|c: char| !is_token_char(c))
            .unwrap_or(text.len() - start);
        (length >= TOKEN_MIN_CHARS).then_some(start..start + length)
    })
}

/// Whether a text holds something like a JWT: a signature, a ZAK.
pub(super) fn holds_token(text: &str) -> bool {
    token(text).is_some()
}

/// The text with everything like a JWT taken out.
pub(super) fn without_tokens(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(range) = token(rest) {
        kept.push_str(&rest[..range.start]);
        kept.push_str("[token]");
        rest = &rest[range.end..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_out_of_a_text_wherever_they_stand() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln";
        assert_eq!(
            without_tokens(&format!("a {token}, b?t={token}&c eyJ é")),
            "a [token], b?t=[token]&c eyJ é"
        );
        assert!(!shown(None, "x", token).contains("eyJ"));
    }
}
