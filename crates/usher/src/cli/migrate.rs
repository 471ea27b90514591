//! `usher migrate`: the store's tables become those of this version.

use std::io::Write;

use serde_json::json;

use super::{Exit, Failure, master_key, write_json};
use crate::config::Config;
use crate::store::{IfMissing, IfOlder, Store};

/// Bring the store's tables to this version; back the store up first
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    args: &Migrate,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let key = master_key(config)?;
    let store = Store::open(&config.store, IfMissing::Create, IfOlder::Migrate, key).await?;
    let schema = store.schema();
    store.close().await;
    if args.json {
        write_json(
            out,
            &json!({ "store": config.store.to_string(), "from": schema.found, "to": schema.now }),
        )?;
        return Ok(Exit::Fine);
    }
    match schema.found {
        None => writeln!(out, "{}: new, now at {}", config.store, schema.now)?,
        Some(found) if found == schema.now => {
            writeln!(out, "{}: at {found} already", config.store)?;
        }
        Some(found) => writeln!(out, "{}: from {found} to {}", config.store, schema.now)?,
    }
    Ok(Exit::Fine)
}
