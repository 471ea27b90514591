//! Text that people give, limited where it comes in.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use usher_core::refusal::Refusal;
use usher_core::text::is_forbidden;

/// Non-empty text of at most `MAX` characters, trimmed, without control characters and marks that turn its direction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Arc<str>);

/// Zoom takes 200 characters; the rest is room for what it may allow later.
pub type Topic = Text<300>;
/// A Zoom user id or an e-mail address.
pub type Host = Text<200>;
/// What a person calls a key, and the name of a configured app or account.
pub type Name = Text<100>;

impl<const MAX: usize> Text<MAX> {
    /// Checks what a caller gave in `field`.
    pub fn new(field: &'static str, text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let length = text.chars().count();
        if text.is_empty() {
            return Err(Refusal::new(
                "empty",
                field,
                "It is empty.",
                "Give a text, or leave the field out.",
            ));
        }
        if length > MAX {
            let message = format!("It has {length} characters; at most {MAX} are kept.");
            return Err(Refusal::new("too_long", field, message, "Shorten it."));
        }
        if text.chars().any(is_forbidden) {
            return Err(Refusal::new(
                "forbidden_character",
                field,
                "It holds a control character or an invisible mark that turns the direction of text.",
                "Remove it.",
            ));
        }
        Ok(Self(text.into()))
    }

    /// What is left of a text that Zoom gave, which nobody here can correct; `None` if nothing is.
    pub fn of_zoom(text: &str) -> Option<Self> {
        let clean: String = text
            .chars()
            .filter(|c| !is_forbidden(*c))
            .take(MAX)
            .collect();
        let clean = clean.trim();
        (!clean.is_empty()).then(|| Self(clean.into()))
    }

    /// As it was stored: checked on its way in, perhaps by a version with other limits.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_not_bytes() {
        assert!(Name::new("name", &"鈴".repeat(100)).is_ok());
        let refusal = Name::new("name", &"a".repeat(101)).unwrap_err();
        assert_eq!((refusal.code, refusal.field), ("too_long", "name"));
    }

    #[test]
    fn white_space_around_is_taken_off_and_nothing_else_is_changed() {
        assert_eq!(&*Name::new("name", "  web  shop\n").unwrap(), "web  shop");
    }

    #[test]
    fn empty_text_control_characters_and_bidi_marks_are_refused() {
        for (text, code) in [
            ("", "empty"),
            (" \t", "empty"),
            ("a\u{0}b", "forbidden_character"),
            ("a\nb", "forbidden_character"),
            ("a\u{202e}b", "forbidden_character"),
        ] {
            assert_eq!(
                Topic::new("topic", text).unwrap_err().code,
                code,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_zoom_gave_is_cleaned_instead_of_refused() {
        assert_eq!(&*Topic::of_zoom(" Week\u{202e}ly\n").unwrap(), "Weekly");
        assert_eq!(Topic::of_zoom(&"x".repeat(999)).unwrap().len(), 300);
        assert_eq!(Topic::of_zoom("\u{200e} "), None);
    }
}
