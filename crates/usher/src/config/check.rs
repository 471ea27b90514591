//! From what was written to what can be used: every value checked, with the place of what is wrong.

use std::path::Path;

use ipnet::IpNet;
use reqwest::Url;
use secrecy::ExposeSecret;
use usher_core::join::dialect::SdkVersion;

use super::credentials::{accounts, apps};
use super::file::{self, Settings};
use super::secret::Secret;
use super::webhooks::webhook_secrets;
use super::{Config, ConfigError, Retention, minimum_version};
use crate::store::Address;
use crate::zoom::{ZoomHosts, checked_address};

/// Where the service listens if nothing says otherwise: loopback, so that nothing is open by accident.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Seconds taken off `iat`; integrators have needed 30 to 400 (reference 0.9).
const DEFAULT_BACKDATE_S: u32 = 30;
/// More would eat the shortest lifetime that Zoom accepts (1800 s).
const BACKDATE_S_MAX: u32 = 900;
/// The newest Web SDK on npm on 2026-11-24.
const DEFAULT_SDK_VERSION: SdkVersion = SdkVersion(6, 2, 0);
const DEFAULT_DATA: &str = "usher-data";

/// Checks the settings; `source` is the file that they are in.
pub(super) fn check(
    settings: Settings,
    source: &str,
    mut warnings: Vec<String>,
) -> Result<Config, ConfigError> {
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
        && (!(url.starts_with("https://") || url.starts_with("http://")) || url.contains('@'))
    {
        return Err(ConfigError::at(
            source,
            "public_url",
            "give https:// and the host, without user and password",
        ));
    }
    let zoom = zoom_hosts(settings.zoom, source)?;
    Ok(Config {
        listen: listen.parse().map_err(|_| {
            ConfigError::at(
                source,
                "listen",
                "give an IP address (no name) and a port, e.g. 127.0.0.1:8080",
            )
        })?,
        public_url,
        store: store(settings.store.as_ref(), &data, source, &mut warnings)?,
        data,
        master_key: settings
            .master_key
            .map(|key| key.read(source, "master_key", &mut warnings))
            .transpose()?,
        sdk_version,
        minimum_sdk_versions: minimum_version::minimum_versions(
            &settings.minimum_sdk_version,
            source,
        )?,
        backdate_s,
        instance: settings.instance.unwrap_or_else(host_name),
        allowed_origins: origins(settings.allowed_origins, source)?,
        trusted_proxies: networks(&settings.trusted_proxies, source)?,
        compat_is_enabled: settings.compat.enabled,
        retention: Retention::check(&settings.retention, source)?,
        status_urls: status_urls(settings.witnesses.status_url.as_deref(), &zoom, source)?,
        zoom,
        control_url: control_url(settings.witnesses.control_url.as_deref(), source)?,
        ntp_server: ntp_server(settings.witnesses.ntp_server, source)?,
        apps: apps(settings.apps, source, &mut warnings)?,
        accounts: accounts(settings.accounts, source, &mut warnings)?,
        webhook_secrets: webhook_secrets(&settings.webhook_secrets, source, &mut warnings)?,
        warnings,
        file: None,
    })
}

/// The address may hold a password, so it is read as a secret is.
fn store(
    store: Option<&Secret>,
    data: &Path,
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Address, ConfigError> {
    let Some(store) = store else {
        return Ok(Address::Sqlite(data.join("usher.sqlite")));
    };
    let text = store.read(source, "store", warnings)?;
    Address::parse(text.expose_secret()).map_err(|problem| {
        let (source, key) = store.place(source, "store");
        ConfigError::at(source, key, problem)
    })
}

fn zoom_hosts(zoom: file::Zoom, source: &str) -> Result<ZoomHosts, ConfigError> {
    let default = ZoomHosts::default();
    let hosts = ZoomHosts {
        api_url: zoom.api_url.unwrap_or(default.api_url),
        oauth_url: zoom.oauth_url.unwrap_or(default.oauth_url),
        ca_file: zoom.ca_file,
    };
    hosts
        .check()
        .map_err(|error| ConfigError::at(source, "zoom", error))?;
    Ok(hosts)
}

fn control_url(url: Option<&str>, source: &str) -> Result<Option<Url>, ConfigError> {
    let checked = url.map(checked_address).transpose();
    checked.map_err(|what| ConfigError::at(source, "witnesses.control_url", what))
}

/// Both hosts of Zoom's page unless it says otherwise: neither is in the domain zoom.us, whose DNS has failed before (reference 8). What
/// stands in for Zoom (a simulator, a proxy) has no page unless one is named, and `""` is none.
fn status_urls(url: Option<&str>, zoom: &ZoomHosts, source: &str) -> Result<Vec<Url>, ConfigError> {
    let pages = match url {
        Some("") => vec![],
        Some(url) => vec![url],
        None if zoom.are_the_worlds() => vec![
            "https://www.zoomstatus.com/",
            "https://14qjgk812kgk.statuspage.io/",
        ],
        None => vec![],
    };
    let checked: Result<Vec<Url>, &str> = pages.into_iter().map(checked_address).collect();
    checked.map_err(|what| ConfigError::at(source, "witnesses.status_url", what))
}

fn ntp_server(server: Option<String>, source: &str) -> Result<Option<String>, ConfigError> {
    let Some(server) = server.filter(|server| !server.is_empty()) else {
        return Ok(None);
    };
    let port = server
        .rsplit_once(':')
        .filter(|_| !server.ends_with(']'))
        .map(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_bracketed = server.starts_with('[') == server.contains(']');
    if !server.bytes().all(is_host_byte) || port == Some(false) || !is_bracketed {
        return Err(ConfigError::at(
            source,
            "witnesses.ntp_server",
            "give a host, e.g. time.example.com, with a port if it is not 123",
        ));
    }
    Ok(Some(if port.is_some() {
        server
    } else {
        format!("{server}:123")
    }))
}

fn origins(origins: Vec<String>, source: &str) -> Result<Vec<String>, ConfigError> {
    for origin in &origins {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || !host.bytes().all(is_host_byte)) {
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

/// Letters, digits and what stands between them in a host, a port or an IPv6 address.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
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

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooms_status_page_is_asked_where_zoom_is_unless_it_is_said_otherwise() {
        let both = [
            "https://www.zoomstatus.com/",
            "https://14qjgk812kgk.statuspage.io/",
        ];
        for (api_url, url, expected) in [
            ("https://api.zoom.us/v2", None, &both[..]),
            ("https://api-eu.zoom.us/v2", None, &both),
            ("https://api.zoomgov.com/v2", None, &[]),
            ("http://127.0.0.1:8090/v2", None, &[]),
            ("https://api.zoom.us/v2", Some(""), &[]),
            (
                "http://127.0.0.1:8090/v2",
                Some("http://127.0.0.1:8090"),
                &["http://127.0.0.1:8090/"],
            ),
        ] {
            let zoom = ZoomHosts {
                api_url: api_url.to_owned(),
                ..ZoomHosts::default()
            };
            let urls = status_urls(url, &zoom, "usher.toml").unwrap();
            let urls: Vec<&str> = urls.iter().map(Url::as_str).collect();
            assert_eq!(urls, expected, "{api_url} {url:?}");
        }
        let error = status_urls(
            Some("http://status.example.com"),
            &ZoomHosts::default(),
            "usher.toml",
        );
        let error = error.unwrap_err().to_string();
        assert!(error.contains("witnesses.status_url"), "{error}");
    }
}
