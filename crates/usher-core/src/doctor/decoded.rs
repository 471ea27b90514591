//! A JSON object as it was sent, laid out one key a line, with the place of each key: what findings point into.
//!
//! Numbers keep the form in which they were written (`1.7e9` stays so), because the form can be the fault.

use std::fmt::{self, Write};
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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
    secret: Option<&'a str>,
}

impl<'a> Mask<'a> {
    /// Hides `secret`, with and without the white space around it, wherever it stands.
    pub(super) fn new(secret: Option<&'a str>) -> Self {
        Self {
            secret: secret.map(str::trim).filter(|secret| !secret.is_empty()),
        }
    }

    /// The text without the secret and without the third part of a token.
    pub(super) fn text(&self, text: &str) -> String {
        let text = match self.secret {
            Some(secret) => text.replace(secret, HIDDEN),
            None => text.to_owned(),
        };
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
                if self.secret.is_some_and(|s| number.to_string().contains(s)) =>
            {
                Value::from(HIDDEN)
            }
            other => other.clone(),
        }
    }
}

/// A token's third part is what makes it one: whoever holds it can join. It begins with a header (`{"` in base64), so anything of the shape
/// `eyJ….….…` loses what follows the second dot.
fn without_third_part(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let is_token_char =
            |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | ';' | '<' | '>');
        let end = rest[at..]
            .find(|c: char| !is_token_char(c))
            .map_or(rest.len(), |length| at + length);
        let token = &rest[at..end];
        kept.push_str(&rest[..at]);
        match token.match_indices('.').nth(1) {
            Some((dot, _)) => {
                kept.push_str(&token[..=dot]);
                kept.push_str(HIDDEN);
            }
            None => kept.push_str(token),
        }
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

struct Entry {
    name: String,
    shown_name: String,
    /// As it is: for judging.
    value: Value,
    /// Without what must not be shown.
    shown: Value,
    /// As JSON text: as sent, unless something had to be hidden.
    shown_text: String,
    /// Where its line stands in the text: the value.
    span: Range<usize>,
}

/// A JSON object that was decoded.
pub(super) struct Decoded {
    entries: Vec<Entry>,
    text: String,
}

impl Decoded {
    /// Reads an object; `None` if the text is not one.
    pub(super) fn parse(json: &str, mask: &Mask<'_>) -> Option<Self> {
        let raw: RawObject = serde_json::from_str(json).ok()?;
        let mut entries: Vec<Entry> = Vec::new();
        for (name, raw) in raw.0 {
            let value: Value = serde_json::from_str(raw.get()).ok()?;
            let shown = mask.value(&name, &value);
            let shown_text = if shown == value {
                raw.get().to_owned()
            } else {
                shown.to_string()
            };
            let entry = Entry {
                shown_name: mask.text(&name),
                name,
                value,
                shown,
                shown_text,
                span: 0..0,
            };
            // Of two keys with one name the last counts, as in JavaScript.
            entries.retain(|earlier| earlier.name != entry.name);
            entries.push(entry);
        }
        let mut text = String::from("{\n");
        let last = entries.len();
        for (index, entry) in entries.iter_mut().enumerate() {
            let _ = write!(text, "  {}: ", Value::from(entry.shown_name.as_str()));
            let start = text.len();
            text.push_str(&entry.shown_text);
            entry.span = start..text.len();
            text.push_str(if index + 1 == last { "\n" } else { ",\n" });
        }
        text.push('}');
        Some(Self { entries, text })
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

    /// The name without what must not be shown; names can hold anything.
    pub(super) fn shown_name(&self, name: &str) -> String {
        self.entry(name)
            .map_or_else(|| name.to_owned(), |entry| entry.shown_name.clone())
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
            .map(|entry| (entry.shown_name.clone(), entry.shown.clone()))
            .collect()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
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
