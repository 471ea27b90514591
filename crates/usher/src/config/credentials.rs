//! Apps and accounts: what signs, and what asks Zoom.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use usher_core::signature::KeyPair;
use usher_core::text::is_forbidden;

use super::ConfigError;
use super::file;
use super::secret::Secret;
use crate::zoom::AccountCredentials;

/// An SDK key with its secret, and the secret that will replace it.
#[derive(Debug)]
pub struct App {
    pub name: String,
    current: SigningSecret,
    successor: Option<SigningSecret>,
    /// From when on the successor signs; without it, it is only known (to the doctor).
    pub(super) successor_from: Option<Timestamp>,
}

#[derive(Debug)]
struct SigningSecret {
    key_pair: KeyPair,
    /// For the doctor, which tries it in the ways in which secrets are mistyped. Signing needs only the pair.
    secret: SecretString,
}

impl App {
    /// The public half.
    pub fn sdk_key(&self) -> &str {
        self.current.key_pair.sdk_key()
    }

    /// The secrets that may have signed: the current one, then its successor.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        [Some(&self.current), self.successor.as_ref()]
            .into_iter()
            .flatten()
            .map(|signing| &signing.secret)
    }

    /// The pairs of all secrets that signatures may be by.
    pub fn key_pairs(&self) -> impl Iterator<Item = &KeyPair> {
        [Some(&self.current), self.successor.as_ref()]
            .into_iter()
            .flatten()
            .map(|signing| &signing.key_pair)
    }

    /// Whether its secret is being rotated.
    pub fn has_successor(&self) -> bool {
        self.successor.is_some()
    }

    /// From when on the successor signs, if it does.
    pub fn rotated_at(&self) -> Option<Timestamp> {
        self.successor_from.filter(|_| self.has_successor())
    }

    /// The pair that signs at `now`.
    pub fn signing(&self, now: Timestamp) -> &KeyPair {
        match &self.successor {
            Some(successor) if self.successor_from.is_some_and(|from| from <= now) => {
                &successor.key_pair
            }
            _ => &self.current.key_pair,
        }
    }
}

pub(super) fn apps(
    apps: Vec<file::App>,
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<App>, ConfigError> {
    let mut checked: Vec<App> = Vec::new();
    for app in apps {
        let name = name_of(
            app.name,
            "apps",
            source,
            checked.iter().map(|other| &other.name),
        )?;
        if app.successor_from.is_some() && app.successor_secret.is_none() {
            let key = format!("apps.{name}.successor_from");
            return Err(ConfigError::at(
                source,
                &key,
                "there is no successor_secret that could sign from then on",
            ));
        }
        let mut signing = |secret: &Secret, key: &str| {
            signing_secret(
                app.sdk_key.trim(),
                secret,
                source,
                &format!("apps.{name}.{key}"),
                warnings,
            )
        };
        let current = signing(&app.sdk_secret, "sdk_secret")?;
        let successor = app
            .successor_secret
            .as_ref()
            .map(|secret| signing(secret, "successor_secret"))
            .transpose()?;
        checked.push(App {
            name,
            current,
            successor,
            successor_from: app.successor_from,
        });
    }
    Ok(checked)
}

fn signing_secret(
    sdk_key: &str,
    secret: &Secret,
    source: &str,
    key: &str,
    warnings: &mut Vec<String>,
) -> Result<SigningSecret, ConfigError> {
    let text = secret.read(source, key, warnings)?;
    let key_pair = KeyPair::new(sdk_key, text.expose_secret()).map_err(|refusal| {
        let (source, key) = secret.place(source, key);
        let key = if refusal.field == "sdk_key" {
            key.replace("secret", "key").replace("SECRET", "KEY")
        } else {
            key.to_owned()
        };
        ConfigError {
            code: Some(refusal.code),
            ..ConfigError::at(
                source,
                &key,
                format!("{} {}", refusal.message, refusal.hint),
            )
        }
    })?;
    Ok(SigningSecret {
        key_pair,
        secret: text,
    })
}

pub(super) fn accounts(
    accounts: Vec<file::Account>,
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<AccountCredentials>, ConfigError> {
    let mut checked: Vec<AccountCredentials> = Vec::new();
    for account in accounts {
        let name = name_of(
            account.name,
            "accounts",
            source,
            checked.iter().map(|other| &other.name),
        )?;
        let key = format!("accounts.{name}.client_secret");
        checked.push(AccountCredentials {
            account_id: account.account_id.trim().to_owned(),
            client_id: account.client_id.trim().to_owned(),
            client_secret: account.client_secret.read(source, &key, warnings)?,
            name,
        });
    }
    Ok(checked)
}

/// The name, `default` if there is none. Unique, and fit to be shown.
fn name_of<'a>(
    name: Option<String>,
    table: &str,
    source: &str,
    mut others: impl Iterator<Item = &'a String>,
) -> Result<String, ConfigError> {
    let name = name.unwrap_or_else(|| "default".to_owned());
    if name.trim().is_empty() || name.chars().any(is_forbidden) {
        return Err(ConfigError::at(
            source,
            table,
            format!("the name {name:?} is empty or holds characters that don't show"),
        ));
    }
    if others.any(|other| *other == name) {
        return Err(ConfigError::at(
            source,
            table,
            format!("two are called {name:?}"),
        ));
    }
    Ok(name)
}
