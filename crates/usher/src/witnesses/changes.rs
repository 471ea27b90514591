//! The change log's own entries: that Usher started, what is configured otherwise than before, which secret signs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use usher_core::witness::{Change, Line, What};

use super::log::Log;
use crate::config::{App, Config, FINGERPRINT};
use crate::directory::Directory;
use crate::store::StoreError;

/// Before a store that was away at the start is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Tells that Usher started, and what was configured otherwise when it started before: as soon as the store can tell.
pub(super) async fn tell_start(config: &Config, directory: &Directory, log: &Log, now: Timestamp) {
    let version = env!("CARGO_PKG_VERSION");
    let started = format!("Usher {version} started on {}.", config.instance);
    log.keep(change(now, What::Start, started));
    loop {
        match settings_before(config, directory, now).await {
            Ok(Some((before, settings))) => {
                for (what, text) in differences(&before, &settings) {
                    log.keep(change(now, what, text));
                }
                return;
            }
            Ok(None) => return,
            Err(error) => {
                tracing::debug!("whether the configuration changed can't be told yet: {error}");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// Successors of secrets that have taken over, as far as it was told.
#[derive(Debug, Default)]
pub(super) struct Rotations(BTreeSet<String>);

impl Rotations {
    /// Tells when a secret's successor takes over.
    pub(super) fn tell(&mut self, apps: &[App], log: &Log, now: Timestamp) {
        for app in apps {
            let Some(at) = app.rotated_at().filter(|at| *at <= now) else {
                continue;
            };
            if !self.0.insert(app.name.clone()) {
                continue;
            }
            let text = format!("App {} signs with its successor secret.", app.name);
            let id = format!(
                "rotation-{}-{}-{}",
                log.instance(),
                app.name,
                at.as_second()
            );
            log.keep_as(
                id,
                Line::Change(Change {
                    at,
                    ..of(What::Secret, text)
                }),
            );
        }
    }
}

type Settings = BTreeMap<String, String>;

async fn settings_before(
    config: &Config,
    directory: &Directory,
    now: Timestamp,
) -> Result<Option<(Settings, Settings)>, StoreError> {
    let key = directory.master_key().derive("usher setting fingerprint 1");
    let settings = config.settings(&*key);
    let store = directory.store()?;
    let before = store
        .swap_settings(&config.instance, &settings, now)
        .await?;
    Ok(before.map(|before| (before, settings)))
}

/// Each change as a sentence.
fn differences(before: &Settings, now: &Settings) -> Vec<(What, String)> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), now.get(name));
        if old == new {
            continue;
        }
        let shown = |value: Option<&String>| match value.map(String::as_str) {
            None | Some("") => "nothing".to_owned(),
            Some(value) => value.to_owned(),
        };
        let is_secret = name.ends_with(FINGERPRINT);
        let what = if is_secret {
            What::Secret
        } else {
            What::Config
        };
        let (old, new) = (shown(old), shown(new));
        differences.push((what, format!("{name} was {old}, and is {new}.")));
    }
    differences
}

fn change(at: Timestamp, what: What, text: String) -> Line {
    Line::Change(Change {
        at,
        ..of(what, text)
    })
}

fn of(what: What, text: String) -> Change {
    Change {
        at: Timestamp::UNIX_EPOCH,
        what,
        text,
        release: None,
        environment: None,
        dims: BTreeMap::new(),
        instance: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn each_difference_is_a_sentence_and_secrets_are_told_apart_from_settings() {
        let before = settings(&[
            ("backdate_s", "30"),
            ("apps.web.sdk_secret (fingerprint)", "aaaaaaaa"),
            ("public_url", "https://old.example.com"),
            ("same", "x"),
        ]);
        let now = settings(&[
            ("backdate_s", "60"),
            ("apps.web.sdk_secret (fingerprint)", "bbbbbbbb"),
            ("accounts.school.client_id", "c"),
            ("same", "x"),
        ]);
        let told = differences(&before, &now);
        let told: Vec<(What, &str)> = told
            .iter()
            .map(|(what, text)| (*what, text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    What::Config,
                    "accounts.school.client_id was nothing, and is c."
                ),
                (
                    What::Secret,
                    "apps.web.sdk_secret (fingerprint) was aaaaaaaa, and is bbbbbbbb."
                ),
                (What::Config, "backdate_s was 30, and is 60."),
                (
                    What::Config,
                    "public_url was https://old.example.com, and is nothing."
                ),
            ]
        );
    }
}
