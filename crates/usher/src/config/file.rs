//! The shape of the TOML file, and how secrets are read.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::ConfigError;
use super::secret::Secret;
use crate::text_file;
use crate::unknown_key::UnknownKey;

/// Read when it is there and nothing else was named.
pub const DEFAULT_FILE: &str = "usher.toml";

/// The file, as written. The environment is laid over it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    pub listen: Option<String>,
    pub public_url: Option<String>,
    pub data: Option<PathBuf>,
    pub instance: Option<String>,
    pub store: Option<Secret>,
    pub master_key: Option<Secret>,
    pub sdk_version: Option<String>,
    pub minimum_sdk_version: Vec<MinimumVersion>,
    pub backdate_s: Option<u32>,
    pub allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<String>,
    pub compat: Compat,
    pub retention: Retention,
    pub zoom: Zoom,
    pub witnesses: Witnesses,
    pub apps: Vec<App>,
    pub accounts: Vec<Account>,
    pub webhook_secrets: Vec<Secret>,
}

/// The drop-in for Zoom's own front-end samples.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Compat {
    pub enabled: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retention {
    pub facts_days: Option<u32>,
    pub personal_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Zoom {
    pub api_url: Option<String>,
    pub oauth_url: Option<String>,
    pub ca_file: Option<PathBuf>,
}

/// What is watched besides Zoom's API.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Witnesses {
    pub control_url: Option<String>,
    pub ntp_server: Option<String>,
    pub status_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MinimumVersion {
    pub version: String,
    pub from: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub name: Option<String>,
    pub sdk_key: String,
    pub sdk_secret: Secret,
    pub successor_secret: Option<Secret>,
    pub successor_from: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub name: Option<String>,
    pub account_id: String,
    pub client_id: String,
    pub client_secret: Secret,
}

/// Reads the named file, or the default one if it is there.
pub(super) fn read(named: Option<&Path>) -> Result<(Settings, Option<PathBuf>), ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match text_file::read(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok((Settings::default(), None));
        }
        Err(error) => {
            return Err(ConfigError::new(format!(
                "can't read the configuration {}: {error}",
                path.display()
            )));
        }
    };
    let settings = parse(&text)
        .map_err(|problem| ConfigError::new(format!("{}: {problem}", path.display())))?;
    Ok((settings, Some(path.to_owned())))
}

fn parse(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        // Not the error's own picture of the line: that line may hold a secret.
        match UnknownKey::from_serde(error.message()) {
            Some(UnknownKey {
                name,
                nearest: Some(nearest),
            }) => {
                format!("line {line}: unknown key `{name}`; did you mean `{nearest}`?")
            }
            Some(UnknownKey {
                name,
                nearest: None,
            }) => {
                format!("line {line}: unknown key `{name}`; docs/operations.md lists the keys")
            }
            None => format!("line {line}: {}", without_values(error.message())),
        }
    })
}

/// Serde's "invalid type: string "VALUE", expected …" without the value.
fn without_values(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((_, expected)) if message.starts_with("invalid") => {
            format!("wrong type or value, expected {expected}")
        }
        _ => message.lines().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_its_line_and_a_suggestion() {
        assert_eq!(
            parse("listen = \"127.0.0.1:1\"\nbackdat_s = 30\n").unwrap_err(),
            "line 2: unknown key `backdat_s`; did you mean `backdate_s`?"
        );
        assert_eq!(
            parse("[[apps]]\nsdk_key = \"k\"\nsdk_sceret = \"hush\"\n").unwrap_err(),
            "line 3: unknown key `sdk_sceret`; did you mean `sdk_secret`?"
        );
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        for text in [
            "backdate_s = \"hush\"",
            "[[apps]]\nsdk_key = \"k\"\nsdk_secret = \"hush",
            "[[apps]]\nsdk_key = \"k\"\nsdk_secret = [\"hush\"]",
            "[[apps]]\nsdk_key = \"k\"\nsdk_secret = { path = \"hush\" }",
        ] {
            assert!(!parse(text).unwrap_err().contains("hush"), "{text}");
        }
    }
}
