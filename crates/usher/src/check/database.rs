//! Whether the database can be reached, has tables of this version and can be written, and whether the data folder has room.

use std::path::Path;

use usher_core::doctor::Finding;

use super::{Looked, configuration};
use crate::config::Config;
use crate::store::{IfMissing, IfOlder, Store, StoreError};

/// The spool takes 64 MiB when it is first needed (`journal::spool`); as much again is left for the snapshot and SQLite.
const ROOM_MIN_BYTES: u64 = 128 << 20;

pub(super) async fn look(config: &Config) -> Looked<Option<Store>> {
    let mut findings = Vec::new();
    let store = match open(config).await {
        Ok(Some(store)) => {
            findings.push(match store.check_writable().await {
                Ok(()) => well(&store),
                Err(error) => of_error(&error),
            });
            Some(store)
        }
        Ok(None) => {
            findings.push(none_yet(config));
            None
        }
        Err(finding) => {
            findings.extend(finding);
            None
        }
    };
    findings.push(room(&config.data));
    (findings, store)
}

/// None if there is none yet. An error without a finding was told of with the configuration.
async fn open(config: &Config) -> Result<Option<Store>, Option<Finding>> {
    let is_new = config.store.file().is_some_and(|file| !file.exists());
    let has_snapshot = config.sources().snapshot.exists();
    if is_new && !has_snapshot {
        return Ok(None);
    }
    let master_key = configuration::master_key(config).map_err(|_| None)?;
    let Some(master_key) = master_key else {
        return if config.store.file().is_some() {
            Err(None)
        } else {
            Err(Some(Finding::of_setup_warning(
                "database_not_opened",
                None,
                format!(
                    "{} was not opened: there is no master key yet, and one that is made now may not be the one that it was sealed with.",
                    config.store.place()
                ),
                "Set USHER_MASTER_KEY, which instances that share a database share.",
            )))
        };
    };
    match Store::open(&config.store, IfMissing::Fail, IfOlder::Refuse, master_key).await {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Missing { .. }) if !has_snapshot => Ok(None),
        Err(error) => Err(Some(of_error(&error))),
    }
}

fn well(store: &Store) -> Finding {
    let message = format!(
        "{} can be read and written, and has tables of this version ({}).",
        sentence(&store.place().to_string()),
        store.schema().now
    );
    Finding::of_setup_info("database_usable", message, "")
}

fn none_yet(config: &Config) -> Finding {
    Finding::of_setup_info(
        "no_database",
        format!(
            "There is no database yet: {} is made by the first start.",
            config.store
        ),
        "Run `usher init` or `usher serve`.",
    )
}

/// The store's own words: what is, a semicolon, what to do.
fn of_error(error: &StoreError) -> Finding {
    let text = error.to_string();
    let (message, remedy) = text.split_once("; ").unwrap_or((&text, ""));
    let (message, remedy) = (
        format!("{}.", sentence(message)),
        format!("{}.", sentence(remedy)),
    );
    let remedy = if remedy == "." { String::new() } else { remedy };
    match error {
        StoreError::Locked { .. } | StoreError::Busy { .. } => {
            Finding::of_setup_warning(error.code(), None, message, remedy)
        }
        _ => Finding::of_setup_error(error.code(), None, message, remedy),
    }
}

/// With a capital letter, unless it begins with a path.
fn sentence(text: &str) -> String {
    let begins_with_path = text
        .split(' ')
        .next()
        .is_some_and(|word| word.contains(['/', '.']));
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if !begins_with_path => first.to_uppercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

fn room(folder: &Path) -> Finding {
    // Before the first start it is not there; then the disk is that of what is above it.
    let there = folder.ancestors().find(|folder| folder.is_dir());
    let there = there.unwrap_or(Path::new("."));
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::of_setup_warning(
                "disk_unknown",
                None,
                format!(
                    "How much room the disk of {} has can't be told: {error}.",
                    folder.display()
                ),
                "Check that the user who runs Usher may use the folder.",
            );
        }
    };
    let free_mib = free >> 20;
    if free < ROOM_MIN_BYTES {
        return Finding::of_setup_warning(
            "disk_nearly_full",
            None,
            format!(
                "The disk of the data folder {} has {free_mib} MiB left: the spool takes 64 MiB while the database is away.",
                folder.display()
            ),
            "Free some room, or choose another folder with --data.",
        );
    }
    Finding::of_setup_info(
        "disk_has_room",
        format!(
            "The disk of the data folder {} has {free_mib} MiB left.",
            folder.display()
        ),
        "",
    )
}
