//! An error as people paste it: the SDK's object in JSON or in a console's notation, with what the console writes around it.
//!
//! Shapes (reference 2.3): Client View `{method, status, result, errorCode, errorMessage}`, Component View `{type, reason, errorCode}`, listeners
//! `{meetingStatus, errorCode, errorMessage}` and `{state, reason, errorCode}`, a bare `Error`.

use crate::join::dialect::View;

/// What of it can be told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pasted {
    /// `errorCode`, if it is a number.
    pub(super) code: Option<String>,
    /// The texts of the object, or everything where there is no object.
    pub(super) text: String,
    /// The view whose object it is.
    pub(super) view: Option<View>,
    /// `[object Object]`: the console did not show it.
    pub(super) is_unshown: bool,
}

/// Keys that hold the SDK's or Zoom's words. A failed join has one of them at least.
const TEXT_KEYS: &[&str] = &[
    "errorMessage",
    "reason",
    "result",
    "message",
    "error",
    "type",
];

/// Takes a pasted error apart.
pub(super) fn read(pasted: &str) -> Pasted {
    let code = ["errorCode", "error_code", "code"]
        .iter()
        .find_map(|key| value_of(pasted, key))
        .filter(|code| is_number(code));
    let texts: Vec<String> = TEXT_KEYS
        .iter()
        .filter_map(|key| value_of(pasted, key))
        .filter(|text| !matches!(text.as_str(), "" | "null" | "undefined" | "\u{2026}"))
        .collect();
    let is_object = pasted.contains('{') && (code.is_some() || !texts.is_empty());
    let view = if value_of(pasted, "method").is_some_and(|method| method == "join") {
        Some(View::Client)
    } else if value_of(pasted, "type")
        .is_some_and(|kind| kind.ends_with("_FAILED") || kind == "INVALID_OPERATION")
    {
        Some(View::Component)
    } else {
        None
    };
    Pasted {
        code,
        text: if is_object {
            texts.join("\n") + "\n" + &around(pasted)
        } else {
            without_places(pasted)
        },
        view,
        is_unshown: pasted.contains("[object Object]"),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '\u{2212}']).unwrap_or(text);
    !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What people and consoles wrote before and behind the object.
fn around(pasted: &str) -> String {
    let before = pasted.split('{').next().unwrap_or_default();
    let behind = pasted.rsplit('}').next().unwrap_or_default();
    without_places(&format!("{before} {behind}"))
        .trim()
        .to_owned()
}

/// The value of a key, written as in JSON or as in JavaScript: with any quotes, or none.
fn value_of(text: &str, key: &str) -> Option<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    text.match_indices(key).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + key.len()..];
        if before.is_some_and(is_of_name) || rest.starts_with(is_of_name) {
            return None;
        }
        let rest = rest.trim_start_matches(['"', '\'', '\\']).trim_start();
        // People write "errorCode 1" as well.
        let is_code = key == "errorCode" && rest.starts_with(|c: char| c.is_ascii_digit());
        let rest = match rest.strip_prefix([':', '=']) {
            Some(rest) => rest.trim_start(),
            None if is_code => rest,
            None => return None,
        };
        let rest = rest.trim_start_matches('\\');
        match rest.chars().next()? {
            quote @ ('"' | '\'' | '`') => Some(quoted(&rest[1..], quote)),
            '{' | '[' => None,
            _ => {
                let end = rest.find([',', '}', ')', ';', '\n']).unwrap_or(rest.len());
                Some(rest[..end].trim().trim_end_matches('.').to_owned())
            }
        }
    })
}

/// Up to the quote that ends it.
fn quoted(text: &str, quote: char) -> String {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c) if c == quote => break,
                Some(c) => value.push(c),
                None => break,
            },
            c if c == quote => break,
            c => value.push(c),
        }
    }
    value
}

/// The text without places in code, `main.js:3712:15`: their numbers are no codes.
fn without_places(text: &str) -> String {
    let is_place = |word: &str| {
        let word = word.trim_matches(['(', ')', ',', '<', '>', '@']);
        let ends_in_number = word
            .rsplit_once(':')
            .is_some_and(|(_, line)| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()));
        let name = word.split(':').next().unwrap_or_default();
        let is_file = [
            ".js", ".mjs", ".ts", ".tsx", ".jsx", ".vue", ".html", ".htm", ".php",
        ]
        .iter()
        .any(|end| word.contains(&format!("{end}:")) || word.contains(&format!("{end}?")));
        let is_unnamed = name
            .strip_prefix("VM")
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        (ends_in_number && (is_file || is_unnamed)) || (word.contains("://") && is_file)
    };
    text.split(' ')
        .filter(|word| !is_place(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdks_objects_are_read_however_the_console_writes_them() {
        let reason = "Signature is invalid.";
        for text in [
            r#"{"type":"JOIN_MEETING_FAILED","reason":"Signature is invalid.","errorCode":3712}"#,
            "Uncaught (in promise) {type: 'JOIN_MEETING_FAILED', reason: 'Signature is invalid.', errorCode: 3712}",
            "main.4004.js:10000:3000 Object { type: \"JOIN_MEETING_FAILED\", reason: \"Signature is invalid.\", errorCode: 3712 }",
            "VM123:45 {\n  type: 'JOIN_MEETING_FAILED',\n  reason: 'Signature is invalid.',\n  errorCode: 3712\n}",
            "\"{\\\"type\\\":\\\"JOIN_MEETING_FAILED\\\",\\\"reason\\\":\\\"Signature is invalid.\\\",\\\"errorCode\\\":3712}\"",
        ] {
            let pasted = read(text);
            assert_eq!(pasted.code.as_deref(), Some("3712"), "{text}");
            assert!(pasted.text.starts_with(reason), "{text}: {}", pasted.text);
            assert_eq!(pasted.view, Some(View::Component), "{text}");
        }
        let client = read(
            "{method: 'join', status: false, result: null, errorCode: 1, errorMessage: 'Fail to join the meeting.'}",
        );
        assert_eq!(
            (client.code.as_deref(), client.view),
            (Some("1"), Some(View::Client))
        );
        assert_eq!(client.text.trim(), "Fail to join the meeting.");
    }

    #[test]
    fn places_in_code_are_no_codes() {
        assert_eq!(
            read("index.js:3712 Uncaught Error: sdkKey can not empty").text,
            "Uncaught Error: sdkKey can not empty"
        );
        assert_eq!(
            read("https://shop.example/app.js?v=4004:12:3004 failed").text,
            "failed"
        );
        assert!(read("[object Object]").is_unshown);
    }

    #[test]
    fn codes_that_are_no_numbers_and_nothing_at_all_are_none() {
        for text in [
            "",
            "{",
            "errorCode",
            "errorCode: undefined",
            "{errorCode: {}}",
            "é: 'errorCode'",
        ] {
            assert_eq!(read(text).code, None, "{text}");
        }
        assert_eq!(read("{errorCode: -3000}").code.as_deref(), Some("-3000"));
    }
}
