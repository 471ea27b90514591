//! The configuration: defaults, then the TOML file, then the environment, then flags. Read once, at start.

mod environment;
mod file;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use usher_core::join::dialect::SdkVersion;
use usher_core::refusal::Refusal;
use usher_core::signature::KeyPair;

use crate::directory::Files;
use crate::zoom::{AccountCredentials, ZoomHosts};

pub use file::DEFAULT_FILE;

/// Where the service listens if nothing says otherwise: loopback, so that nothing is open by accident.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Seconds taken off `iat`; integrators have needed 30 to 400 (reference 0.9).
const DEFAULT_BACKDATE_S: u32 = 30;
/// More would eat the shortest lifetime that Zoom accepts (1800 s).
const BACKDATE_S_MAX: u32 = 900;
/// The newest Web SDK on npm on 2026-11-24.
const DEFAULT_SDK_VERSION: SdkVersion = SdkVersion(6, 2, 0);
const DEFAULT_DATA: &str = "usher-data";

/// Everything that Usher was told.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where callers reach Usher, without a trailing slash.
    pub public_url: Option<String>,
    /// Folder of the master key, the snapshot and, by default, the SQLite file.
    pub data: PathBuf,
    pub sqlite_file: PathBuf,
    pub master_key: Option<SecretString>,
    /// The version that pages load unless a request says otherwise.
    pub sdk_version: SdkVersion,
    pub backdate_s: u32,
    /// Origins that browsers may call the drop-in from.
    pub allowed_origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub compat_is_enabled: bool,
    pub zoom: ZoomHosts,
    pub apps: Vec<App>,
    pub accounts: Vec<AccountCredentials>,
    /// What was put right on the way: for stderr.
    pub warnings: Vec<String>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

/// An SDK key with its secret, and the secret that will replace it.
#[derive(Debug)]
pub struct App {
    pub name: String,
    /// For the doctor, which tries it in the ways in which secrets are mistyped. Signing needs only the pair.
    sdk_secret: SecretString,
    key_pair: KeyPair,
    successor: Option<Successor>,
}

#[derive(Debug)]
struct Successor {
    key_pair: KeyPair,
    /// From when on it signs; without it, it only verifies.
    signs_from: Option<Timestamp>,
}

impl App {
    /// The public half.
    pub fn sdk_key(&self) -> &str {
        self.key_pair.sdk_key()
    }

    /// The secret that signs unless a successor does.
    pub fn sdk_secret(&self) -> &SecretString {
        &self.sdk_secret
    }

    /// Whether its secret is being rotated.
    pub fn has_successor(&self) -> bool {
        self.successor.is_some()
    }

    /// The pair that signs at `now`.
    pub fn signing(&self, now: Timestamp) -> &KeyPair {
        match &self.successor {
            Some(successor) if successor.signs_from.is_some_and(|from| from <= now) => {
                &successor.key_pair
            }
            _ => &self.key_pair,
        }
    }
}

/// Why the configuration can't be used. Exit code 2.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// `key` in `source` is wrong.
    fn at(source: &str, key: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(format!("{source}: `{key}`: {problem}"))
    }
}

/// What the command line may override.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Overrides {
    /// Configuration file [default: usher.toml, if it is there]
    #[arg(long, global = true, env = "USHER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the master key, the snapshot and the SQLite file
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

impl Config {
    /// Reads file and environment.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("USHER_"));
        Self::load_from(overrides, variables)
    }

    /// Reads the file and these variables, whatever the process has.
    pub fn load_from(
        overrides: &Overrides,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut warnings = Vec::new();
        let (mut settings, file) = file::read(overrides.config.as_deref())?;
        environment::overlay(&mut settings, variables, &mut warnings)?;
        if let Some(data) = &overrides.data {
            settings.data = Some(data.clone());
        }
        let source = file.as_deref().map_or("configuration".to_owned(), |file| {
            file.display().to_string()
        });
        let mut config = Self::check(settings, &source, warnings)?;
        config.file = file;
        Ok(config)
    }

    fn check(
        settings: file::Settings,
        source: &str,
        mut warnings: Vec<String>,
    ) -> Result<Self, ConfigError> {
        let data = settings.data.unwrap_or_else(|| DEFAULT_DATA.into());
        let listen = settings.listen.as_deref().unwrap_or(DEFAULT_LISTEN);
        let sdk_version = settings
            .sdk_version
            .as_deref()
            .map_or(Ok(DEFAULT_SDK_VERSION), SdkVersion::parse)
            .map_err(|refusal| ConfigError::at(source, "sdk_version", refusal.message))?;
        let backdate_s = settings.backdate_s.unwrap_or(DEFAULT_BACKDATE_S);
        if backdate_s > BACKDATE_S_MAX {
            return Err(ConfigError::at(
                source,
                "backdate_s",
                format!("{backdate_s} s is too much; at most {BACKDATE_S_MAX} s"),
            ));
        }
        let public_url = settings
            .public_url
            .map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &public_url
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(ConfigError::at(
                source,
                "public_url",
                "begin it with https://",
            ));
        }
        Ok(Self {
            listen: listen.parse().map_err(|_| {
                ConfigError::at(
                    source,
                    "listen",
                    "give an address and a port, e.g. 127.0.0.1:8080",
                )
            })?,
            public_url,
            sqlite_file: sqlite_file(settings.store.as_deref(), &data, source)?,
            data,
            master_key: settings
                .master_key
                .map(|key| key.read(source, "master_key", &mut warnings))
                .transpose()?,
            sdk_version,
            backdate_s,
            allowed_origins: origins(settings.allowed_origins, source)?,
            trusted_proxies: networks(&settings.trusted_proxies, source)?,
            compat_is_enabled: settings.compat.enabled,
            zoom: zoom_hosts(settings.zoom),
            apps: apps(settings.apps, source, &mut warnings)?,
            accounts: accounts(settings.accounts, source, &mut warnings)?,
            warnings,
            file: None,
        })
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
    pub fn files(&self) -> Files {
        Files {
            sqlite: self.sqlite_file.clone(),
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

fn sqlite_file(store: Option<&str>, data: &Path, source: &str) -> Result<PathBuf, ConfigError> {
    match store.map(|store| (store, store.strip_prefix("sqlite:"))) {
        None => Ok(data.join("usher.sqlite")),
        Some((_, Some(path))) if !path.is_empty() => {
            Ok(path.strip_prefix("//").unwrap_or(path).into())
        }
        Some(_) => Err(ConfigError::at(
            source,
            "store",
            "this version keeps its data in SQLite; give sqlite:PATH",
        )),
    }
}

fn zoom_hosts(zoom: file::Zoom) -> ZoomHosts {
    let mut hosts = ZoomHosts::default();
    if let Some(url) = zoom.api_url {
        hosts.api_url = url;
    }
    if let Some(url) = zoom.oauth_url {
        hosts.oauth_url = url;
    }
    hosts.ca_file = zoom.ca_file;
    hosts
}

fn origins(origins: Vec<String>, source: &str) -> Result<Vec<String>, ConfigError> {
    for origin in &origins {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '*', ' '])) {
            return Err(ConfigError::at(
                source,
                "allowed_origins",
                format!(
                    "{origin:?} is no origin; give scheme and host, e.g. https://app.example.com"
                ),
            ));
        }
    }
    Ok(origins)
}

fn networks(proxies: &[String], source: &str) -> Result<Vec<IpNet>, ConfigError> {
    proxies
        .iter()
        .map(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()))
                .map_err(|_| {
                    ConfigError::at(
                        source,
                        "trusted_proxies",
                        format!("{text:?} is neither an address nor a network, e.g. 10.0.0.0/8"),
                    )
                })
        })
        .collect()
}

fn apps(
    apps: Vec<file::App>,
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<App>, ConfigError> {
    let mut checked: Vec<App> = Vec::new();
    for app in apps {
        let name = app.name.unwrap_or_else(|| "default".to_owned());
        if checked.iter().any(|other| other.name == name) {
            return Err(ConfigError::at(
                source,
                "apps",
                format!("two apps are called {name:?}"),
            ));
        }
        let key = app.sdk_key.trim().to_owned();
        let pair = |secret: &SecretString| {
            KeyPair::new(&key, secret.expose_secret()).map_err(|refusal| {
                ConfigError::at(
                    source,
                    &format!("apps.{name}.{}", refusal.field),
                    format!("{} {}", refusal.message, refusal.hint),
                )
            })
        };
        let secret = app
            .sdk_secret
            .read(source, &format!("apps.{name}.sdk_secret"), warnings)?;
        let successor = match app.successor_secret {
            Some(secret) => Some(Successor {
                key_pair: pair(&secret.read(
                    source,
                    &format!("apps.{name}.successor_secret"),
                    warnings,
                )?)?,
                signs_from: app.successor_from,
            }),
            None => None,
        };
        checked.push(App {
            key_pair: pair(&secret)?,
            sdk_secret: secret,
            successor,
            name,
        });
    }
    Ok(checked)
}

fn accounts(
    accounts: Vec<file::Account>,
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<AccountCredentials>, ConfigError> {
    let mut checked: Vec<AccountCredentials> = Vec::new();
    for account in accounts {
        let name = account.name.unwrap_or_else(|| "default".to_owned());
        if checked.iter().any(|other| other.name == name) {
            return Err(ConfigError::at(
                source,
                "accounts",
                format!("two accounts are called {name:?}"),
            ));
        }
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
