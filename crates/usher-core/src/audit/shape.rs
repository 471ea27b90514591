//! Which keys an object has, of which JSON types: enough to tell one code from another, and nothing of the values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tally::{Key, Tally};
use super::{ShapeOf, ShapeSeen, Signed, Span};
use crate::text::escape_hidden;

/// How many shapes are told apart; how many signatures had another one is counted.
pub const SHAPES_MAX: usize = 200;

/// A type of JSON (RFC 8259, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number, whole or not.
    Number,
    /// A string.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl JsonType {
    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            JsonType::Null => "null",
            JsonType::Boolean => "boolean",
            JsonType::Number => "number",
            JsonType::String => "string",
            JsonType::Array => "array",
            JsonType::Object => "object",
        }
    }
}

/// The keys of an object, sorted, each with the JSON type of its value. As JSON `{"exp":"number","mn":"string"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(BTreeMap<String, JsonType>);

impl Shape {
    /// The shape of an object; that of anything else is empty.
    pub fn of(value: &Value) -> Self {
        let entries = value.as_object().into_iter().flatten();
        Self(
            entries
                .map(|(name, value)| (name.clone(), JsonType::of(value)))
                .collect(),
        )
    }

    /// The keys, sorted, with their types.
    pub fn keys(&self) -> impl Iterator<Item = (&str, JsonType)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), *kind))
    }
}

/// From keys and types that are known without the values.
impl<'a> FromIterator<(&'a str, JsonType)> for Shape {
    fn from_iter<T: IntoIterator<Item = (&'a str, JsonType)>>(keys: T) -> Self {
        let owned = keys.into_iter().map(|(name, kind)| (name.to_owned(), kind));
        Self(owned.collect())
    }
}

/// `exp:number mn:string`: for a line of a terminal.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, kind)) in self.keys().enumerate() {
            let gap = if index > 0 { " " } else { "" };
            write!(f, "{gap}{}:{}", escape_hidden(name), kind.as_str())?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Shapes {
    listed: Tally<ShapeSeen>,
    not_listed: u64,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            listed: Tally::new(SHAPES_MAX),
            not_listed: 0,
        }
    }
}

impl Shapes {
    pub(super) fn add(&mut self, signed: &Signed<'_>) {
        if let Some(claims) = signed.claims.as_object() {
            let mut keys: Vec<(&str, JsonType)> = claims
                .iter()
                .map(|(name, value)| (name.as_str(), JsonType::of(value)))
                .collect();
            keys.sort_unstable();
            self.count(ShapeOf::Claims, signed, keys.into_iter(), || {
                Shape::of(signed.claims)
            });
        }
        if let Some(shape) = signed.join_shape {
            self.count(ShapeOf::Join, signed, shape.keys(), || shape.clone());
        }
    }

    fn count<'a>(
        &mut self,
        of: ShapeOf,
        signed: &Signed<'_>,
        keys: impl Iterator<Item = (&'a str, JsonType)>,
        shape: impl FnOnce() -> Shape,
    ) {
        let write = |key: &mut Key<'_>| {
            key.byte(of as u8);
            key.optional(signed.release);
            for (name, kind) in keys {
                key.text(name);
                key.byte(kind as u8);
            }
        };
        let first = || ShapeSeen {
            of,
            release: signed.release.map(str::to_owned),
            shape: shape(),
            count: 0,
            span: Span::at(signed.at),
        };
        match self.listed.of(write, first) {
            Some(seen) => {
                seen.count += 1;
                seen.span.include(signed.at);
            }
            None => self.not_listed += 1,
        }
    }

    /// In the order in which they were first seen: where the code changed, a shape begins.
    pub(super) fn finish(self) -> (Vec<ShapeSeen>, u64) {
        let mut listed: Vec<ShapeSeen> = self.listed.into_values().collect();
        listed.sort_by(|a, b| {
            let place = |seen: &ShapeSeen| (seen.of, seen.span.first_at);
            let by_place = place(a).cmp(&place(b));
            by_place.then_with(|| (&a.release, &a.shape).cmp(&(&b.release, &b.shape)))
        });
        (listed, self.not_listed)
    }
}
