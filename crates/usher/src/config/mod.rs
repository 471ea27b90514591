//! The configuration: defaults, then the TOML file, then the environment, then flags. Read once, at start.

mod check;
mod credentials;
mod environment;
mod file;
mod minimum_version;
mod retention;
mod secret;
mod settings;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use reqwest::Url;
use secrecy::SecretString;
use thiserror::Error;
use usher_core::attempt::origin::Hmac;
use usher_core::join::dialect::SdkVersion;
use usher_core::refusal::Refusal;
use usher_core::signature::UnverifiedToken;

use crate::directory::Sources;
use crate::store::{Address, IfOlder};
use crate::zoom::{AccountCredentials, ZoomHosts};

pub use credentials::App;
pub use file::DEFAULT_FILE;
pub(crate) use minimum_version::{MinimumVersion, day_or_moment};
pub use retention::Retention;
pub use settings::FINGERPRINT;
pub use webhooks::WebhookSecret;

/// Everything that Usher was told.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where callers reach Usher, without a trailing slash.
    pub public_url: Option<String>,
    /// Folder of the master key, the snapshot and, by default, the SQLite file.
    pub data: PathBuf,
    pub store: Address,
    pub master_key: Option<SecretString>,
    /// The version that pages load unless a request says otherwise.
    pub sdk_version: SdkVersion,
    /// What Zoom announced, as far as it was told here.
    pub(crate) minimum_sdk_versions: Vec<MinimumVersion>,
    pub backdate_s: u32,
    /// What this Usher is called among others; the host's name unless set.
    pub instance: String,
    /// Origins that browsers may call the drop-in from.
    pub allowed_origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub compat_is_enabled: bool,
    pub retention: Retention,
    pub zoom: ZoomHosts,
    /// A host that is not Zoom's: whether it answers tells an outage of Zoom's from one of our way out.
    pub control_url: Option<Url>,
    /// Tells the time, too, as `host` or `host:port`: whether our clock is the odd one, or Zoom's.
    pub ntp_server: Option<String>,
    /// Zoom's status page: asked in this order until one answers.
    pub status_urls: Vec<Url>,
    pub apps: Vec<App>,
    pub accounts: Vec<AccountCredentials>,
    /// That Zoom signs its webhooks with; several while one is rotated.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// What was put right on the way: for stderr.
    pub warnings: Vec<String>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

/// Why the configuration can't be used. Exit code 2.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    /// Of the refusal of a credential.
    code: Option<&'static str>,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: None,
        }
    }

    /// The core's code, if it is the core that refused a credential.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// `key` in `source` is wrong.
    fn at(source: &str, key: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(format!("{source}: `{key}`: {problem}"))
    }
}

/// What the command line may override.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Overrides {
    /// Configuration file [default: that of `USHER_CONFIG`, or usher.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the master key, the snapshot and the SQLite file
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

impl Config {
    /// Reads file and environment.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("USHER_")) else {
                continue;
            };
            let value = value
                .into_string()
                .map_err(|_| ConfigError::at("environment", name, "it is not text in UTF-8"))?;
            variables.push((name.to_owned(), value));
        }
        Self::load_from(overrides, variables)
    }

    /// Reads the file and these variables, whatever the process has.
    pub fn load_from(
        overrides: &Overrides,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<_> = variables.into_iter().collect();
        let named = variables
            .iter()
            .find(|(name, value)| name == "USHER_CONFIG" && !value.is_empty())
            .map(|(_, file)| Path::new(file));
        let mut warnings = Vec::new();
        let (mut settings, file) = file::read(overrides.config.as_deref().or(named))?;
        environment::overlay(&mut settings, variables, &mut warnings)?;
        if let Some(data) = &overrides.data {
            settings.data = Some(data.clone());
        }
        let source = file.as_deref().map_or("configuration".to_owned(), |file| {
            file.display().to_string()
        });
        let mut config = check::check(settings, &source, warnings)?;
        config.file = file;
        Ok(config)
    }

    /// The app of that name, or the first.
    pub fn app(&self, name: Option<&str>) -> Result<&App, Refusal> {
        named(&self.apps, name, |app| &app.name).ok_or_else(|| match name {
            Some(_) => Refusal::new(
                "unknown_app",
                "app",
                "No app of this name is configured.",
                "`usher config` lists the apps.",
            ),
            None => Refusal::new(
                "no_app",
                "app",
                "No Zoom app is configured, so nothing can be signed.",
                "Set USHER_SDK_KEY and USHER_SDK_SECRET, or [[apps]] in the configuration.",
            ),
        })
    }

    /// Whether a signature is by a configured secret of its key.
    pub fn hmac(&self, token: &UnverifiedToken) -> Hmac {
        let key = ["appKey", "sdkKey"]
            .iter()
            .find_map(|name| token.claims().get(*name)?.as_str());
        let Some(app) = key.and_then(|key| self.apps.iter().find(|app| app.sdk_key() == key))
        else {
            return Hmac::NotCheckable;
        };
        if app.key_pairs().any(|pair| pair.has_signed(token)) {
            Hmac::Valid
        } else {
            Hmac::Invalid
        }
    }

    /// The name of the account of that name, or of the first.
    pub fn account(&self, name: Option<&str>) -> Result<&str, Refusal> {
        let account = named(&self.accounts, name, |account| &account.name).ok_or_else(|| match name {
            Some(_) => {
                Refusal::new("unknown_account", "account", "No account of this name is configured.", "`usher config` lists the accounts.")
            }
            None => Refusal::new(
                "no_account",
                "account",
                "No Zoom account is configured, so Zoom's API can't be asked.",
                "Set USHER_ZOOM_ACCOUNT_ID, USHER_ZOOM_CLIENT_ID and USHER_ZOOM_CLIENT_SECRET, or [[accounts]] in the configuration.",
            ),
        })?;
        Ok(&account.name)
    }

    /// Refuses names of accounts and apps that are not configured. An empty name refers to none.
    pub fn check_names(&self, account: Option<&str>, app: Option<&str>) -> Result<(), Refusal> {
        if let Some(account) = account.filter(|name| !name.is_empty()) {
            self.account(Some(account))?;
        }
        if let Some(app) = app.filter(|name| !name.is_empty()) {
            self.app(Some(app))?;
        }
        Ok(())
    }

    /// The store, and the snapshot that stands in for it.
    pub fn sources(&self) -> Sources {
        Sources {
            store: self.store.clone(),
            if_older: IfOlder::Refuse,
            snapshot: self.data.join("snapshot"),
        }
    }

    /// Where `usher init` puts the master key.
    pub fn master_key_file(&self) -> PathBuf {
        self.data.join("master.key")
    }
}

fn named<'a, T>(
    all: &'a [T],
    name: Option<&str>,
    name_of: impl Fn(&T) -> &String,
) -> Option<&'a T> {
    match name {
        Some(name) => all.iter().find(|one| name_of(one) == name),
        None => all.first(),
    }
}
