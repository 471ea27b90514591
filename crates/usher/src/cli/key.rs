//! `usher key`: API keys.

use std::io::Write;

use serde_json::json;

use usher_core::text::escape_hidden;
use usher_core::witness::{Line, ToldChange, What};

use super::{Exit, Failure, now, open_store, refused, table, talk, write_json};
use crate::config::Config;
use crate::store::{ApiKey, KeyId, KeyRecord, Name, Scopes, Store, StoredLine};

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
        Key::Add { name, scope, json } => add(out, &store, name, *scope, *json).await?,
        Key::List { json } => list(out, &store.keys().await?, *json)?,
        Key::Revoke { id } => revoke(&store, id).await?,
    }
    Ok(Exit::Fine)
}

async fn add(
    out: &mut impl Write,
    store: &Store,
    name: &str,
    scopes: Scopes,
    json: bool,
) -> Result<(), Failure> {
    let name = Name::new("name", name).map_err(refused)?;
    let key = ApiKey::generate()?;
    let record = store.add_key(&key, name, scopes, now()).await?;
    let shown = if json {
        let value = json!({ "id": record.id, "key": key.expose(), "scopes": record.scopes });
        write_json(out, &value)
    } else {
        talk("Keep this key now: it is stored as a hash and can't be shown again.");
        writeln!(out, "{}", key.expose())
    };
    if let Err(error) = shown.and_then(|()| out.flush()) {
        // A key that nobody saw must not work.
        store.revoke_key(record.id, now()).await?;
        return Err(Failure::new(format!(
            "the key could not be printed and is revoked: {error}"
        )));
    }
    tell(store, record.id, "was made").await
}

/// An entry of the change log: who calls Usher with a key that is no more finds out there.
async fn tell(store: &Store, id: KeyId, what_happened: &str) -> Result<(), Failure> {
    let told = ToldChange {
        what: Some(What::Secret.as_str().to_owned()),
        text: Some(format!("API key {id} {what_happened}.")),
        ..ToldChange::default()
    };
    let line = StoredLine {
        id: format!("key-{id}-{what_happened}"),
        line: Line::Change(told.checked(now()).map_err(refused)?),
    };
    store.keep_lines(&[line]).await?;
    Ok(())
}

fn list(out: &mut impl Write, keys: &[KeyRecord], json: bool) -> Result<(), Failure> {
    if json {
        write_json(out, &keys.iter().map(shown).collect::<Vec<_>>())?;
        return Ok(());
    }
    let mut table = table(["id", "name", "scopes", "created", "state"]);
    for key in keys {
        let state = key
            .revoked_at
            .map_or("active".to_owned(), |at| format!("revoked {at:.0}"));
        let created = format!("{:.0}", key.created_at);
        table.add_row([
            key.id.to_string(),
            escape_hidden(&key.name),
            key.scopes.to_string(),
            created,
            state,
        ]);
    }
    writeln!(out, "{table}")?;
    if keys.is_empty() {
        talk("No keys yet: `usher key add --name backend --scope mint` makes one.");
    }
    Ok(())
}

async fn revoke(store: &Store, id: &str) -> Result<(), Failure> {
    let unknown =
        || Failure::new(format!("there is no key {id:?}")).hint("`usher key list` shows the ids");
    let parsed = KeyId::parse(id).ok_or_else(unknown)?;
    store.revoke_key(parsed, now()).await?.ok_or_else(unknown)?;
    tell(store, parsed, "was revoked").await?;
    talk(&format!("revoked {id}"));
    Ok(())
}

fn shown(key: &KeyRecord) -> serde_json::Value {
    json!({
        "id": key.id, "name": &*key.name, "scopes": key.scopes, "created_at": key.created_at, "revoked_at": key.revoked_at,
    })
}
