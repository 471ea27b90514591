//! Whether the configuration can be read, and what is missing in it.

use std::sync::Arc;

use reqwest::Url;
use secrecy::ExposeSecret;
use usher_core::doctor::Finding;
use usher_core::verdict::Cause;

use crate::config::{Config, ConfigError, DEFAULT_FILE};
use crate::seal::{MasterKey, MasterKeyError};

/// Why nothing that needs the configuration was checked.
pub(super) fn unreadable(error: &ConfigError) -> Finding {
    let is_credential = error.code().is_some();
    Finding::of_setup_error(
        "configuration_unusable",
        is_credential.then_some(Cause::WrongSecretOrKeyPair),
        format!("The configuration can't be used: {error}"),
        "Correct it (docs/operations.md lists the keys) and check again: nothing that needs it was looked at.",
    )
}

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![read(config)];
    findings.extend(config.warnings.iter().map(|warning| {
        let remedy = "It works as it is; correct it so that nobody has to wonder.";
        Finding::of_setup_warning("configuration_warning", None, warning.clone(), remedy)
    }));
    findings.extend(missing(config));
    findings.extend(master_key_finding(config));
    findings.extend(public_url(config));
    findings.extend(trusted_proxies(config));
    findings
}

fn read(config: &Config) -> Finding {
    let from = match &config.file {
        Some(file) => format!(
            "The configuration of {} and the environment",
            file.display()
        ),
        None => format!("There is no {DEFAULT_FILE} here; the environment and the defaults"),
    };
    Finding::of_setup_info(
        "configuration_read",
        format!(
            "{from} can be read: apps {}, accounts {}, webhook secrets {}.",
            config.apps.len(),
            config.accounts.len(),
            config.webhook_secrets.len(),
        ),
        "",
    )
}

fn missing(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.apps.is_empty() {
        findings.push(Finding::of_setup_error(
            "no_app",
            None,
            "No Zoom app is configured, so nothing can be signed.",
            "Set USHER_SDK_KEY and USHER_SDK_SECRET to Client ID and Client Secret of an app with the Meeting SDK, or write [[apps]].",
        ));
    }
    if config.accounts.is_empty() {
        findings.push(Finding::of_setup_warning(
            "no_account",
            None,
            "No Zoom account is configured: Usher fetches no ZAK, imports no meeting and reads no report, and hosts have to bring their own ZAK.",
            "Set USHER_ZOOM_ACCOUNT_ID, USHER_ZOOM_CLIENT_ID and USHER_ZOOM_CLIENT_SECRET of a Server-to-Server OAuth app, or write [[accounts]].",
        ));
    }
    if config.webhook_secrets.is_empty() {
        findings.push(Finding::of_setup_info(
            "no_webhook_secret",
            "No webhook secret is configured: Zoom's webhooks are not taken, and joins are confirmed by report alone.",
            "Set USHER_WEBHOOK_SECRET to the Secret Token of the app in Zoom's Marketplace.",
        ));
    }
    if config.allowed_origins.is_empty() {
        findings.push(Finding::of_setup_info(
            "no_allowed_origin",
            "No origin is allowed to report: only pages from Usher's own address tell what became of a join.",
            "List the origins of your pages in `allowed_origins`.",
        ));
    }
    findings
}

/// The configured key, or that of the file; none if there is none yet. Unlike a start of the service, it makes none.
pub(super) fn master_key(config: &Config) -> Result<Option<Arc<MasterKey>>, MasterKeyError> {
    if let Some(text) = &config.master_key {
        return MasterKey::parse(text.expose_secret()).map(|key| Some(Arc::new(key)));
    }
    match MasterKey::read_file(&config.master_key_file()) {
        Ok(key) => Ok(Some(Arc::new(key))),
        Err(MasterKeyError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn master_key_finding(config: &Config) -> Option<Finding> {
    match master_key(config) {
        Ok(Some(_)) => None,
        Ok(None) => {
            let file = config.master_key_file();
            let has_snapshot = config.sources().snapshot.exists();
            let has_store = config.store.file().is_some_and(std::path::Path::exists);
            Some(if has_store || has_snapshot {
                Finding::of_setup_error(
                    "master_key_missing",
                    None,
                    format!(
                        "The master key {} is missing, and what was sealed with it can't be read: `serve` does not start.",
                        file.display()
                    ),
                    "Restore it from the backup, or set USHER_MASTER_KEY.",
                )
            } else {
                Finding::of_setup_info(
                    "no_master_key",
                    format!(
                        "There is no master key yet: {} is made by the first start.",
                        file.display()
                    ),
                    "Run `usher init`, or set USHER_MASTER_KEY where several instances share a database.",
                )
            })
        }
        Err(error) => Some(Finding::of_setup_error(
            "master_key_unusable",
            None,
            format!("The master key can't be used: {error}"),
            "Without it, passcodes can't be read and `serve` does not start.",
        )),
    }
}

fn public_url(config: &Config) -> Option<Finding> {
    let Some(url) = &config.public_url else {
        return Some(Finding::of_setup_warning(
            "no_public_url",
            None,
            format!(
                "No public address is configured: pages are told to report to http://{}, which they reach from this machine at most.",
                config.listen
            ),
            "Set USHER_PUBLIC_URL to the address at which browsers reach Usher.",
        ));
    };
    let is_secure = url
        .parse()
        .is_ok_and(|url: Url| super::network::is_secure(&url));
    (!is_secure).then(|| {
        Finding::of_setup_warning(
            "public_url_not_https",
            None,
            format!("The public address {url} is not https: a page of https does not report to it (mixed content)."),
            "Put TLS in front of Usher and give the https address.",
        )
    })
}

fn trusted_proxies(config: &Config) -> Option<Finding> {
    let everybody = config
        .trusted_proxies
        .iter()
        .find(|net| net.prefix_len() == 0);
    everybody.map(|net| {
        Finding::of_setup_warning(
            "everybody_is_trusted_proxy",
            None,
            format!("`trusted_proxies` holds {net}, which is everybody: whoever calls can pretend to have any address."),
            "Name the addresses of your proxies alone.",
        )
    })
}
