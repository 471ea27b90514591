//! Characters that do not show: what a terminal obeys, and what lets one text pose as another. And JSON whose texts are no Unicode.

use std::borrow::Cow;
use std::fmt::Write;
use std::iter;

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

/// JSON with U+FFFD wherever a text in it is no Unicode: for bytes that are not UTF-8, and for half a surrogate pair, which
/// `JSON.stringify` writes as `\ud83d`. Strict readers refuse the whole body for either.
pub fn well_formed_json(json: &[u8]) -> Cow<'_, str> {
    let mut text = String::from_utf8_lossy(json);
    let halves: Vec<usize> = lone_surrogates(&text).collect();
    for at in halves {
        text.to_mut()
            .replace_range(at..at + ESCAPE_BYTES, "\\ufffd");
    }
    text
}

/// `\ud83d`.
const ESCAPE_BYTES: usize = 6;

/// Where escapes of half a surrogate pair stand.
fn lone_surrogates(json: &str) -> impl Iterator<Item = usize> {
    let json = json.as_bytes();
    let unit = |at: usize| {
        let digits = json.get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut next = 0;
    iter::from_fn(move || {
        loop {
            let at = next + json.get(next..)?.iter().position(|byte| *byte == b'\\')?;
            let has_second_half = || matches!(unit(at + ESCAPE_BYTES), Some(0xdc00..=0xdfff));
            match unit(at) {
                Some(0xd800..=0xdbff) if has_second_half() => next = at + 2 * ESCAPE_BYTES,
                Some(0xd800..=0xdfff) => {
                    next = at + ESCAPE_BYTES;
                    return Some(at);
                }
                // An escaped backslash begins no escape of its own.
                _ => next = at + 2,
            }
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_unicode_in_json_is_replaced_and_nothing_else() {
        for (json, expected) in [
            (&br#"{"a":"\ud83d"}"#[..], r#"{"a":"\ufffd"}"#),
            (br#""\uDE00\uD83D""#, r#""\ufffd\ufffd""#),
            (br#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (br#""\ud83dx\ude00""#, r#""\ufffdx\ufffd""#),
            (br#""\\ud83d \\\ud83d""#, r#""\\ud83d \\\ufffd""#),
            (b"\"x\xffy\"", "\"x\u{fffd}y\""),
            (
                br#"{"a":"\u00e9\n\ud83d\ude00"}"#,
                r#"{"a":"\u00e9\n\ud83d\ude00"}"#,
            ),
            (br#""\ud83"#, r#""\ud83"#),
            (b"\"\\", "\"\\"),
        ] {
            assert_eq!(well_formed_json(json), expected);
        }
    }

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
