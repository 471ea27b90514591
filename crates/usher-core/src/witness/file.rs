//! Witness files that others wrote.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Line;
use crate::import::read_moment;

/// Fields that hold a moment.
const MOMENTS: [&str; 6] = ["at", "t0", "t1", "date", "from", "to"];
/// The kinds of lines.
pub const KINDS: [&str; 5] = ["clock", "api", "status", "change", "watching"];
/// The longest line, in bytes: a status page with all its incidents is far below.
pub const LINE_MAX_BYTES: usize = 256 * 1024;

/// Reads a line of a witness file; moments may be written as in an import. `None` for an empty line. The error is a sentence.
pub fn line(text: &str, now: Timestamp) -> Result<Option<Line>, String> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LINE_MAX_BYTES {
        return Err(format!("it is longer than {LINE_MAX_BYTES} bytes"));
    }
    let mut fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| "it is no JSON object".to_owned())?;
    match fields.get("kind").and_then(Value::as_str) {
        Some(kind) if KINDS.contains(&kind) => {}
        Some(_) => return Err(format!("its `kind` is none of {}", KINDS.join(", "))),
        None => return Err("it has no `kind`".to_owned()),
    }
    for name in MOMENTS {
        if let Some(value) = fields.get_mut(name) {
            let written = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let at = read_moment(&written, now).map_err(|problem| format!("`{name}` {problem}"))?;
            *value = Value::String(at.to_string());
        }
    }
    // Codes are strings; who wrote the file may not have known.
    if let Some(code) = fields.get_mut("code")
        && code.is_number()
    {
        *code = Value::String(code.to_string());
    }
    serde_json::from_value(Value::Object(fields))
        .map(Some)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Line>, String> {
        line(text, "2023-10-11T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn moments_may_be_written_as_in_an_import() {
        for at in [
            r#""2023-10-10T13:00:00+09:00""#,
            "1696910400",
            "1696910400000",
            r#""1696910400""#,
            r#""Tue, 10 Oct 2023 04:00:00 GMT""#,
        ] {
            let text = format!(r#"{{"kind":"change","at":{at},"what":"other","text":"x"}}"#);
            let line = read(&text).unwrap().unwrap();
            assert_eq!(line.at().as_second(), 1_696_910_400, "{at}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (text, words) in [
            ("nonsense", "no JSON object"),
            ("[]", "no JSON object"),
            (r#"{"at":1}"#, "no `kind`"),
            (r#"{"kind":"weather"}"#, "`kind` is none of"),
            (
                r#"{"kind":"change","at":"soon","what":"other","text":"x"}"#,
                "`at` is no time",
            ),
            (
                r#"{"kind":"change","at":1696910400}"#,
                "missing field `what`",
            ),
            (
                r#"{"kind":"status","at":1696910400,"reachable":"yes"}"#,
                "invalid type",
            ),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(words), "{text}: {problem}");
        }
        assert_eq!(read("  "), Ok(None));
    }
}
