//! `usher init`: an empty folder becomes a place to run from.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Exit, Failure, master_key, open_store, talk};
use crate::config::{Config, DEFAULT_FILE};

/// Make the master key, the store and a configuration file to fill in
#[derive(Debug, clap::Args)]
pub(super) struct Init {}

const TEMPLATE: &str = include_str!("usher.toml");

pub(super) async fn run(_: &Init, config: &Config, out: &mut impl Write) -> Result<Exit, Failure> {
    let is_first = config.master_key.is_none() && !config.master_key_file().exists();
    master_key(config)?;
    if is_first {
        writeln!(
            out,
            "made {}: back it up; without it, stored passcodes can't be read",
            config.master_key_file().display()
        )?;
    }
    open_store(config).await?;
    writeln!(out, "store: {}", config.store)?;
    if let Some(file) = &config.file {
        writeln!(out, "configuration: {}", file.display())?;
    } else {
        write_template(Path::new(DEFAULT_FILE))
            .map_err(|error| Failure::new(format!("can't write {DEFAULT_FILE} here: {error}")))?;
        writeln!(
            out,
            "made {DEFAULT_FILE}: fill in your app's key and secret"
        )?;
    }
    talk("next: `usher key add --name backend --scope mint`, then `usher serve`");
    Ok(Exit::Fine)
}

/// Its owner's alone: secrets will be filled in. Never overwrites.
fn write_template(file: &Path) -> io::Result<()> {
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    opened.write_all(TEMPLATE.as_bytes())
}
