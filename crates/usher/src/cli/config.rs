//! `usher config`: what Usher understood of its configuration.

use std::io::Write;

use serde_json::json;

use super::{Exit, Failure, write_json};
use crate::config::Config;

/// Show the configuration as Usher understood it, without secrets
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Show, config: &Config, out: &mut impl Write) -> Result<Exit, Failure> {
    let value = json!({
        "file": config.file,
        "listen": config.listen,
        "public_url": config.public_url,
        "data": config.data,
        "store": config.store.to_string(),
        "master_key": if config.master_key.is_some() { "given".to_owned() } else { config.master_key_file().display().to_string() },
        "sdk_version": config.sdk_version.to_string(),
        "minimum_sdk_version": config.minimum_sdk_versions.iter().map(|minimum| json!({
            "version": minimum.version.to_string(), "from": minimum.from,
        })).collect::<Vec<_>>(),
        "backdate_s": config.backdate_s,
        "allowed_origins": config.allowed_origins,
        "trusted_proxies": config.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "compat": { "enabled": config.compat_is_enabled },
        "retention": { "facts_days": config.retention.facts_days, "personal_days": config.retention.personal_days },
        "zoom": { "api_url": config.zoom.api_url, "oauth_url": config.zoom.oauth_url, "ca_file": config.zoom.ca_file },
        "apps": config.apps.iter().map(|app| json!({
            "name": app.name, "sdk_key": app.sdk_key(), "has_successor": app.has_successor(),
        })).collect::<Vec<_>>(),
        "accounts": config.accounts.iter().map(|account| json!({
            "name": account.name, "account_id": account.account_id, "client_id": account.client_id,
        })).collect::<Vec<_>>(),
        "webhook_secrets": config.webhook_secrets.len(),
        "warnings": config.warnings,
    });
    if args.json {
        write_json(out, &value)?;
    } else {
        writeln!(out, "{}", toml::to_string_pretty(&without_nulls(value))?)?;
    }
    Ok(Exit::Fine)
}

/// TOML has no null: what is not set is not shown.
fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        serde_json::Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
