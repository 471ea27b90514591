//! A secret of the configuration: in place, or in a file of its own.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::ConfigError;
use crate::text_file;

/// `"…"`, or `{ file = "PATH" }`. Does not print.
#[derive(Debug)]
pub(super) struct Secret {
    value: Value,
    /// The variable that it came from, if it did not come from the file.
    variable: Option<String>,
}

#[derive(Debug)]
enum Value {
    Here(SecretString),
    File(PathBuf),
}

impl Secret {
    /// The value of an environment variable.
    pub(super) fn of_variable(name: &str, value: String) -> Self {
        Self {
            value: Value::Here(value.into()),
            variable: Some(name.to_owned()),
        }
    }

    /// The file that an environment variable names.
    pub(super) fn of_file_variable(name: &str, file: String) -> Self {
        Self {
            value: Value::File(file.into()),
            variable: Some(name.to_owned()),
        }
    }

    /// Where to look when it is wrong: the variable, or `key` in `source`.
    pub(super) fn place<'a>(&'a self, source: &'a str, key: &'a str) -> (&'a str, &'a str) {
        self.variable
            .as_deref()
            .map_or((source, key), |variable| ("environment", variable))
    }

    /// The secret, without white space around it: a line break at the end is what editors and `echo` leave behind.
    pub(super) fn read(
        &self,
        source: &str,
        key: &str,
        warnings: &mut Vec<String>,
    ) -> Result<SecretString, ConfigError> {
        let (source, key) = self.place(source, key);
        let secret = match &self.value {
            Value::Here(secret) => secret.clone(),
            Value::File(file) => text_file::read(file)
                .map_err(|error| {
                    ConfigError::at(
                        source,
                        key,
                        format!("can't read {}: {error}", file.display()),
                    )
                })?
                .into(),
        };
        let trimmed = secret.expose_secret().trim();
        if trimmed.is_empty() {
            return Err(ConfigError::at(source, key, "the secret is empty"));
        }
        if trimmed.len() == secret.expose_secret().len() {
            return Ok(secret);
        }
        warnings.push(format!(
            "{source}: `{key}`: white space around the secret (a line break, perhaps) was taken off"
        ));
        Ok(trimmed.into())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(ValueVisitor)?;
        Ok(Self {
            value,
            variable: None,
        })
    }
}

/// Not an untagged enum: that would read an array as a file's name, and then name the secret in the error.
struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret in quotes, or { file = \"PATH\" }")
    }

    fn visit_str<E>(self, secret: &str) -> Result<Value, E> {
        Ok(Value::Here(secret.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut file = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "file" {
                return Err(A::Error::unknown_field(&key, &["file"]));
            }
            file = Some(map.next_value()?);
        }
        file.map(Value::File)
            .ok_or_else(|| A::Error::missing_field("file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_and_a_byte_order_mark_are_no_part_of_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "\u{feff}hush\r\n").unwrap();
        let mut warnings = Vec::new();
        let secret = Secret::of_file_variable("USHER_SDK_SECRET_FILE", file.display().to_string());
        assert_eq!(
            secret
                .read("usher.toml", "key", &mut warnings)
                .unwrap()
                .expose_secret(),
            "hush"
        );
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("USHER_SDK_SECRET_FILE") && !warnings[0].contains("hush"));
    }

    #[test]
    fn an_empty_secret_is_an_error() {
        let secret = Secret::of_variable("USHER_SDK_SECRET", " \n".to_owned());
        let error = secret
            .read("usher.toml", "key", &mut Vec::new())
            .unwrap_err();
        assert!(error.to_string().contains("USHER_SDK_SECRET"), "{error}");
    }
}
