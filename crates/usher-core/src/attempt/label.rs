//! Labels: short texts that others put on an attempt, names and values of dimensions above all.

use super::story::DIMENSIONS;
use crate::text::is_forbidden;

/// The longest label, in characters. Ours, as is the next: so that nobody stores a book in a label.
pub const CHARS_MAX: usize = 200;
/// The most dimensions of its own that an attempt may have.
pub const DIMENSIONS_MAX: usize = 16;
/// Fields that are no dimensions: failures are counted by their code beside all dimensions, and a participant is personal data.
const FIELDS: [&str; 2] = ["code", "participant"];

/// What is wrong with a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has so many characters, more than [`CHARS_MAX`].
    TooLong(usize),
    /// It holds a control character, or a mark of writing direction.
    ForbiddenCharacter,
}

/// Whether a text can be a label. One that can't is on no attempt.
pub fn check(text: &str) -> Result<(), Fault> {
    let chars = text.chars().count();
    if chars > CHARS_MAX {
        return Err(Fault::TooLong(chars));
    }
    if text.chars().any(is_forbidden) {
        return Err(Fault::ForbiddenCharacter);
    }
    Ok(())
}

/// Whether no dimension can have this name: it is empty, or a field's.
pub fn is_reserved(name: &str) -> bool {
    name.is_empty() || FIELDS.contains(&name)
}

/// Whether it is the name of a dimension that Usher itself gives to attempts.
pub fn is_ushers_own(name: &str) -> bool {
    name == "meeting" || DIMENSIONS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_not_bytes_and_hidden_marks_are_refused() {
        for (text, expected) in [
            ("", Ok(())),
            (&"鈴".repeat(200), Ok(())),
            (&"a".repeat(201), Err(Fault::TooLong(201))),
            ("a\0b", Err(Fault::ForbiddenCharacter)),
            ("a\u{202e}b", Err(Fault::ForbiddenCharacter)),
        ] {
            assert_eq!(check(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_field_and_nothing_at_all_name_no_dimension() {
        let all = ["", "code", "participant", "meeting", "release", "tenant"];
        assert_eq!(
            all.map(is_reserved),
            [true, true, true, false, false, false]
        );
        assert_eq!(
            all.map(is_ushers_own),
            [false, false, false, true, true, false]
        );
    }
}
