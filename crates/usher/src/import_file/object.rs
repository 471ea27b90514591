//! The object of a JSON line, whose keys are there once: which of two values is meant, nobody knows.

use std::fmt;
use std::str;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use usher_core::import::RowRefusal;

use super::table::not_utf8;

/// Reads it. serde's own sentences repeat values, so they are not passed on.
pub(super) fn object(line: &[u8]) -> Result<Map<String, Value>, RowRefusal> {
    let text = str::from_utf8(line).map_err(|_| not_utf8())?;
    let mut twice = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reading { twice: &mut twice }
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| not_json(&error))?;
    match (value, twice) {
        (_, Some(key)) => Err(RowRefusal {
            code: "key_twice",
            column: Some(key),
            message: "the key is there twice, and nobody knows which value is meant".to_owned(),
        }),
        (Value::Object(object), None) => Ok(object),
        _ => Err(RowRefusal::of_line(
            "not_json",
            "the line is JSON, but no object",
        )),
    }
}

fn not_json(error: &serde_json::Error) -> RowRefusal {
    let message = if error.is_eof() {
        "the line ends before its object does".to_owned()
    } else {
        format!("the line is no JSON from character {} on", error.column())
    };
    RowRefusal::of_line("not_json", message)
}

/// Makes a [`Value`] as `serde_json` does, but notes the first key that an object has twice.
struct Reading<'a> {
    twice: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Value, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Reading { twice: self.twice })? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                self.twice.get_or_insert_with(|| key.clone());
            }
            let value = entries.next_value_seed(Reading { twice: self.twice })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
