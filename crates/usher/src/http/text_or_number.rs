//! A field that people send as text and as a number alike.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Schema, Type};

/// `"85012345678"` or `85012345678`. Fractions and exponents are neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextOrNumber(String);

impl TextOrNumber {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the API's description shows it.
pub(super) fn text_or_number() -> Schema {
    Schema::OneOf(
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::String))
            .item(ObjectBuilder::new().schema_type(Type::Integer))
            .build(),
    )
}

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrNumberVisitor)
    }
}

struct TextOrNumberVisitor;

impl Visitor<'_> for TextOrNumberVisitor {
    type Value = TextOrNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<TextOrNumber, E> {
        Ok(TextOrNumber(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<TextOrNumber, E> {
        Ok(TextOrNumber(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<TextOrNumber, E> {
        Ok(TextOrNumber(number.to_string()))
    }
}
