//! Characters that do not show: what a terminal obeys, and what lets one text pose as another.

use std::fmt::Write;

/// Whether a character is a control character (C0, DEL, C1) or one of Unicode's invisible, line and direction marks.
///
/// Texts of others lose or escape these before a person sees them. U+200C and U+200D are among them, but shape words and emoji: what
/// refuses texts asks [`is_forbidden`].
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_bidi_mark(c)
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}

/// Whether a name or passcode must not hold it: a control character, or a mark that turns the direction of text.
pub fn is_forbidden(c: char) -> bool {
    c.is_control() || is_bidi_mark(c)
}

/// Unicode's directional formatting characters (UAX #9, section 2): they let a name pose as another.
fn is_bidi_mark(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every hidden character written as JSON writes it, `\u009b`.
pub fn escape_hidden(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            // All of them are below U+10000: one escape each.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_does_not_show_is_hidden_and_nothing_else() {
        let ranges = [
            (0x00, 0x1f),
            (0x7f, 0x9f),
            (0x61c, 0x61c),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x2069),
            (0xfeff, 0xfeff),
        ];
        for c in '\0'..=char::MAX {
            let is_listed = ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&u32::from(c)));
            assert_eq!(is_hidden(c), is_listed, "{}", c.escape_unicode());
        }
    }

    #[test]
    fn joiners_in_names_are_not_forbidden() {
        assert!(!is_forbidden('\u{200c}') && !is_forbidden('\u{200d}'));
        assert!(is_forbidden('\u{202e}') && is_forbidden('\u{9b}'));
    }

    #[test]
    fn hidden_characters_are_escaped_as_json_does() {
        assert_eq!(escape_hidden("a\u{9b}\u{202e}é"), r"a\u009b\u202eé");
    }
}
