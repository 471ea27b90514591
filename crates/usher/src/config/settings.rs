//! The configuration as a list of names and values, to be compared with an earlier one.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use usher_core::webhook::fingerprint;

use super::Config;

/// What a secret's name ends with: a change of it is told as a secret's.
pub const FINGERPRINT: &str = " (fingerprint)";

impl Config {
    /// Every setting that changes what Usher does. Of secrets a fingerprint, which says nothing to whoever lacks the key.
    pub fn settings(&self, key: &[u8]) -> BTreeMap<String, String> {
        let secret = |secret: &SecretString| fingerprint(key, secret.expose_secret());
        let optional = |value: Option<String>| value.unwrap_or_default();
        let mut settings = BTreeMap::new();
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        set("version", env!("CARGO_PKG_VERSION").to_owned());
        set("public_url", optional(self.public_url.clone()));
        set("store", self.store.to_string());
        set("sdk_version", self.sdk_version.to_string());
        set("backdate_s", self.backdate_s.to_string());
        set("allowed_origins", self.allowed_origins.join(" "));
        let proxies = self.trusted_proxies.iter().map(ToString::to_string);
        set("trusted_proxies", proxies.collect::<Vec<_>>().join(" "));
        set("compat.enabled", self.compat_is_enabled.to_string());
        set(
            "retention.facts_days",
            self.retention.facts_days.to_string(),
        );
        set(
            "retention.personal_days",
            self.retention.personal_days.to_string(),
        );
        set("zoom.api_url", self.zoom.api_url.clone());
        set("zoom.oauth_url", self.zoom.oauth_url.clone());
        let ca_file = self.zoom.ca_file.as_ref();
        set(
            "zoom.ca_file",
            optional(ca_file.map(|file| file.display().to_string())),
        );
        let control_url = self.control_url.as_ref().map(ToString::to_string);
        set("witnesses.control_url", optional(control_url));
        set("witnesses.ntp_server", optional(self.ntp_server.clone()));
        let status_urls = self.status_urls.iter().map(ToString::to_string);
        set(
            "witnesses.status_url",
            status_urls.collect::<Vec<_>>().join(" "),
        );
        for app in &self.apps {
            let name = |what: &str| format!("apps.{}.{what}", app.name);
            set(&name("sdk_key"), app.sdk_key().to_owned());
            for (secret_of, what) in app.secrets().zip(["sdk_secret", "successor_secret"]) {
                set(&(name(what) + FINGERPRINT), secret(secret_of));
            }
            let from = app.successor_from.map(|from| from.to_string());
            set(&name("successor_from"), optional(from));
        }
        for account in &self.accounts {
            let name = |what: &str| format!("accounts.{}.{what}", account.name);
            set(&name("account_id"), account.account_id.clone());
            set(&name("client_id"), account.client_id.clone());
            set(
                &(name("client_secret") + FINGERPRINT),
                secret(&account.client_secret),
            );
        }
        let webhook_secrets = self.webhook_secrets.iter();
        let webhook_secrets = webhook_secrets.map(|secret| fingerprint(key, secret.as_ref()));
        set(
            &format!("webhook_secrets{FINGERPRINT}"),
            webhook_secrets.collect::<Vec<_>>().join(" "),
        );
        settings
    }
}
