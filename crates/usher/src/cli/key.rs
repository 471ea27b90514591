//! `usher key`: API keys.

use std::io::Write;

use serde_json::json;

use usher_core::text::escape_hidden;

use super::{Exit, Failure, now, open_store, refused, table, write_json};
use crate::config::Config;
use crate::store::{ApiKey, KeyId, KeyRecord, Name, Scopes};

/// Make, list and revoke API keys
#[derive(Debug, clap::Subcommand)]
pub(super) enum Key {
    /// Make a key and print it; it is shown this once
    Add {
        /// What it is for, e.g. the service that uses it
        #[arg(long, value_name = "S")]
        name: String,
        /// mint (attendees), host (hosts, and any ZAK or OBF token), manage, read, report, admin (all)
        #[arg(long, value_name = "SCOPE", value_parser = scopes)]
        scope: Scopes,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// List keys, without the keys themselves
    List {
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; a running service notices within a second
    Revoke {
        /// Its id, as `usher key list` shows it
        id: String,
    },
}

fn scopes(text: &str) -> Result<Scopes, String> {
    Scopes::parse(text).map_err(|refusal| format!("{} {}", refusal.message, refusal.hint))
}

pub(super) async fn run(
    args: &Key,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let store = open_store(config).await?;
    match args {
        Key::Add { name, scope, json } => {
            let key = ApiKey::generate()?;
            let record = store
                .add_key(
                    &key,
                    Name::new("name", name).map_err(refused)?,
                    *scope,
                    now(),
                )
                .await?;
            if *json {
                write_json(
                    out,
                    &json!({ "id": record.id, "key": key.expose(), "scopes": record.scopes }),
                )?;
            } else {
                super::talk("Keep this key now: it is stored as a hash and can't be shown again.");
                writeln!(out, "{}", key.expose())?;
            }
        }
        Key::List { json: true } => {
            let keys: Vec<_> = store.keys().await?.iter().map(shown).collect();
            write_json(out, &keys)?;
        }
        Key::List { json: false } => {
            let keys = store.keys().await?;
            let mut table = table(["id", "name", "scopes", "created", "state"]);
            for key in &keys {
                let state = key
                    .revoked_at
                    .map_or("active".to_owned(), |at| format!("revoked {at:.0}"));
                table.add_row([
                    key.id.to_string(),
                    escape_hidden(&key.name),
                    key.scopes.to_string(),
                    format!("{:.0}", key.created_at),
                    state,
                ]);
            }
            writeln!(out, "{table}")?;
            if keys.is_empty() {
                super::talk("No keys yet: `usher key add --name backend --scope mint` makes one.");
            }
        }
        Key::Revoke { id } => {
            let revoked = match KeyId::parse(id) {
                Some(id) => store.revoke_key(id, now()).await?,
                None => None,
            };
            if revoked.is_none() {
                return Err(Failure::new(format!("there is no key {id:?}"))
                    .hint("`usher key list` shows the ids"));
            }
            super::talk(&format!("revoked {id}"));
        }
    }
    Ok(Exit::Fine)
}

fn shown(key: &KeyRecord) -> serde_json::Value {
    json!({
        "id": key.id, "name": &*key.name, "scopes": key.scopes, "created_at": key.created_at, "revoked_at": key.revoked_at,
    })
}
