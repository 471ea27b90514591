//! A JSON object as it was sent, laid out one key a line, with the place of each key: what findings point into.
//!
//! Numbers keep the form in which they were written (`1.7e9` stays so), because the form can be the fault.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::lenient::lenient_base64;
use crate::text::escape_hidden;

/// Keys whose values stay out of every text. Compared in lower case.
const PRIVATE: &[&str] = &[
    "password",
    "passcode",
    "pwd",
    "zak",
    "obftoken",
    "tk",
    "childtoken",
    "recordingtoken",
    "secret",
    "sdksecret",
    "apisecret",
    "appsecret",
    "clientsecret",
    "client_secret",
    "sdk_secret",
    "app_secret",
    "useremail",
    "authorization",
];

const HIDDEN: &str = "\u{2026}";

/// What must not be shown.
pub(super) struct Mask<'a> {
    /// The longest first: one can be a part of another.
    secrets: Vec<&'a str>,
}

impl<'a> Mask<'a> {
    /// Hides `secrets`, with and without the white space around them, wherever they stand.
    pub(super) fn new(secrets: &[&'a str]) -> Self {
        let mut secrets: Vec<&str> = secrets
            .iter()
            .map(|secret| secret.trim())
            .filter(|secret| !secret.is_empty())
            .collect();
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        Self { secrets }
    }

    /// The text without the secrets and without the third part of a token.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self
            .secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN));
        without_third_part(&text)
    }

    /// Header and claims of a signature; nothing of one that is in no such parts.
    fn signature(&self, token: &str) -> String {
        match token.match_indices('.').nth(1) {
            Some((dot, _)) => self.text(&token[..=dot]) + HIDDEN,
            None if token.is_empty() => String::new(),
            None => HIDDEN.to_owned(),
        }
    }

    fn value(&self, name: &str, value: &Value) -> Value {
        if PRIVATE.contains(&name.to_ascii_lowercase().as_str()) && !matches!(value, Value::Null) {
            let is_empty = value.as_str().is_some_and(str::is_empty);
            return Value::from(if is_empty { "" } else { HIDDEN });
        }
        match value {
            Value::String(token) if name == "signature" => Value::from(self.signature(token)),
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(values) => values.iter().map(|value| self.value("", value)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| (self.text(name), self.value(name, value)))
                .collect(),
            Value::Number(number)
                if self
                    .secrets
                    .iter()
                    .any(|secret| number.to_string().contains(secret)) =>
            {
                Value::from(HIDDEN)
            }
            other => other.clone(),
        }
    }
}

/// A token's third part is what makes it one: whoever holds it can join. So every token in the text loses what follows its second dot.
fn without_third_part(text: &str) -> String {
    let is_outside =
        |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>');
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_outside) {
        let run = piece.trim_end_matches(is_outside);
        match third_part(run) {
            Some(at) => {
                kept.push_str(&run[..at]);
                kept.push_str(HIDDEN);
            }
            None => kept.push_str(run),
        }
        kept.push_str(&piece[run.len()..]);
    }
    kept
}

/// Where the third part of a token begins in a run of characters without white space.
///
/// Three base64url parts, of which the third is long enough to be an HMAC; in standard base64 too, if the second is JSON. What begins
/// with a header (`{"` in base64) is a token whatever follows.
fn third_part(run: &str) -> Option<usize> {
    /// Shorter than any HMAC in base64, longer than most words between dots.
    const HMAC_MIN_CHARS: usize = 20;
    let is_url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_standard = |c: char| is_url(c) || matches!(c, '+' | '/' | '=');
    let length = |text: &str, is_part: &dyn Fn(char) -> bool| {
        text.find(|c| !is_part(c)).unwrap_or(text.len())
    };
    let dots: Vec<usize> = run.match_indices('.').map(|(at, _)| at).collect();
    let by_shape = dots.windows(2).find_map(|dots| {
        let (first, second, third) = (
            &run[..dots[0]],
            &run[dots[0] + 1..dots[1]],
            &run[dots[1] + 1..],
        );
        let is_long = |is_part: &dyn Fn(char) -> bool| {
            first.ends_with(is_part)
                && !second.is_empty()
                && second.chars().all(is_part)
                && length(third, is_part) >= HMAC_MIN_CHARS
        };
        let is_token = is_long(&is_url) || is_long(&is_standard) && is_json_object(second);
        is_token.then_some(dots[1] + 1)
    });
    let by_header = || {
        let at = run.find("eyJ")?;
        dots.iter()
            .filter(|dot| **dot > at)
            .nth(1)
            .map(|dot| dot + 1)
    };
    by_shape.or_else(by_header)
}

/// Whether it decodes to `{"`: a word like `example` decodes to something that begins with a brace as well.
fn is_json_object(part: &str) -> bool {
    lenient_base64(part).is_some_and(|bytes| {
        let inner = bytes.trim_ascii_start().strip_prefix(b"{");
        inner.is_some_and(|inner| inner.trim_ascii_start().starts_with(b"\""))
    })
}

struct Entry {
    name: String,
    /// Without what must not be shown.
    masked_name: String,
    /// As it is: for judging.
    value: Value,
    /// Without what must not be shown.
    shown: Value,
    /// As JSON text on one line: as sent, unless something had to be hidden or escaped.
    shown_text: String,
    /// Where its line stands in the text: the value.
    span: Range<usize>,
}

impl Entry {
    fn new(name: String, raw: &RawValue, mask: &Mask<'_>) -> Option<Self> {
        let value: Value = serde_json::from_str(raw.get()).ok()?;
        let shown = mask.value(&name, &value);
        let text = if shown == value {
            // JSON has line breaks and tabs between values only, never inside a string.
            raw.get().replace(['\n', '\r', '\t'], "")
        } else {
            shown.to_string()
        };
        Some(Self {
            masked_name: mask.text(&name),
            name,
            value,
            shown,
            shown_text: escape_hidden(&text),
            span: 0..0,
        })
    }
}

/// A JSON object that was decoded.
pub(super) struct Decoded {
    entries: Vec<Entry>,
    /// Where each name stands in `entries`.
    places: HashMap<String, usize>,
    text: String,
}

impl Decoded {
    /// Reads an object; `None` if the text is not one.
    pub(super) fn parse(json: &str, mask: &Mask<'_>) -> Option<Self> {
        let raw: RawObject = serde_json::from_str(json).ok()?;
        // Of two keys with one name the last counts, as in JavaScript.
        let mut seen = HashSet::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (name, raw) in raw.0.into_iter().rev() {
            if seen.insert(name.clone()) {
                entries.push(Entry::new(name, &raw, mask)?);
            }
        }
        entries.reverse();
        let places = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.name.clone(), index))
            .collect();
        let mut text = String::from("{\n");
        let last = entries.len();
        for (index, entry) in entries.iter_mut().enumerate() {
            let _ = write!(
                text,
                "  {}: ",
                escape_hidden(&Value::from(entry.masked_name.as_str()).to_string())
            );
            let start = text.len();
            text.push_str(&entry.shown_text);
            entry.span = start..text.len();
            text.push_str(if index + 1 == last { "\n" } else { ",\n" });
        }
        text.push('}');
        Some(Self {
            entries,
            places,
            text,
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The value, unless it is `null`: `JSON.stringify` writes `undefined` away and keeps `null`.
    pub(super) fn given(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn span(&self, name: &str) -> Option<Range<usize>> {
        self.entry(name).map(|entry| entry.span.clone())
    }

    /// The name for a message: escaped, without what must not be shown; names can hold anything.
    pub(super) fn shown_name(&self, name: &str) -> String {
        self.entry(name).map_or_else(
            || name.to_owned(),
            |entry| escape_hidden(&entry.masked_name),
        )
    }

    /// The value for a message: short, escaped, without what must not be shown.
    pub(super) fn quote(&self, name: &str) -> String {
        const LONGEST: usize = 48;
        let text = self
            .entry(name)
            .map_or("", |entry| entry.shown_text.as_str());
        if text.chars().count() <= LONGEST {
            return text.to_owned();
        }
        text.chars().take(LONGEST).chain(['\u{2026}']).collect()
    }

    /// All entries, without what must not be shown.
    pub(super) fn shown_map(&self) -> Map<String, Value> {
        self.entries
            .iter()
            .map(|entry| (entry.masked_name.clone(), entry.shown.clone()))
            .collect()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.places.get(name).map(|index| &self.entries[*index])
    }
}

/// An object in the order and the form in which it was written.
struct RawObject(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = RawObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(RawObject(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
