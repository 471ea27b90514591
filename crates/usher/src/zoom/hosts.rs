//! Where Zoom is: the configured addresses, checked, and which others an answer may send us to.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, Url, redirect};
use thiserror::Error;

use super::error::root_cause;

/// Name look-up, TCP and TLS together. Less than half of a host's wait, so that a dead address leaves time for a second try;
/// several times what TLS takes across the world (three round trips of 0.3 s).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Zoom's domains whose hosts may be named by an answer: the world's, and the one for US government (reference section 9).
const ZOOM_DOMAINS: [&str; 2] = ["zoom.us", "zoomgov.com"];

/// The addresses of Zoom.
#[derive(Debug, Clone)]
pub struct ZoomHosts {
    /// Base of the REST API, with its version.
    pub api_url: String,
    /// The token endpoint.
    pub oauth_url: String,
    /// One more root certificate (PEM), for a TLS proxy or a test.
    pub ca_file: Option<PathBuf>,
}

impl ZoomHosts {
    /// Whether requests may go to these addresses.
    pub fn check(&self) -> Result<(), SetupError> {
        Addresses::check(self).map(|_| ())
    }

    /// Whether this is the world's Zoom: not US government's, not what stands in for it.
    pub(crate) fn are_the_worlds(&self) -> bool {
        checked_address(&self.api_url).is_ok_and(|api| is_within(&api, ZOOM_DOMAINS[0]))
    }
}

impl Default for ZoomHosts {
    fn default() -> Self {
        Self {
            api_url: "https://api.zoom.us/v2".to_owned(),
            oauth_url: "https://zoom.us/oauth/token".to_owned(),
            ca_file: None,
        }
    }
}

/// Why there can be no client: something in the configuration.
#[derive(Debug, Error)]
pub enum SetupError {
    #[error("{field}: {what}")]
    Address {
        field: &'static str,
        what: &'static str,
    },
    #[error("ca_file: {}: {what}", file.display())]
    CaFile { file: PathBuf, what: String },
    #[error("the HTTP client for Zoom can't be built: {0}")]
    Client(String),
}

/// The checked addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) api: Url,
    pub(super) oauth: Url,
}

impl Addresses {
    pub(super) fn check(hosts: &ZoomHosts) -> Result<Self, SetupError> {
        Ok(Self {
            api: checked_address(&hosts.api_url).map_err(|what| SetupError::Address {
                field: "api_url",
                what,
            })?,
            oauth: checked_address(&hosts.oauth_url).map_err(|what| SetupError::Address {
                field: "oauth_url",
                what,
            })?,
        })
    }

    /// The base to use when a token answer names one (`api_url`, a regional host without the version; reference 5.1, third party).
    ///
    /// Only another host of the Zoom domain that is configured. An answer can't send our token anywhere else, and if what is
    /// configured is no host of Zoom's (a proxy, a simulator), it can't lead past that.
    pub(super) fn named_by_answer(&self, api_url: &str) -> Option<Url> {
        let named = checked_address(api_url).ok()?;
        let is_allowed = ZOOM_DOMAINS.iter().any(|domain| {
            is_within(&self.api, domain) && is_within(&named, domain) && named.port().is_none()
        });
        let mut base = self.api.clone();
        (is_allowed && named.scheme() == "https" && base.set_host(named.host_str()).is_ok())
            .then_some(base)
    }
}

/// An address that requests may go to: https, or plain http on loopback.
pub fn checked_address(address: &str) -> Result<Url, &'static str> {
    let url: Url = address
        .parse()
        .map_err(|_| "it is no address; begin it with https://")?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("leave out user, password, query and fragment");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain http is for loopback only; use https://"),
        _ => Err("begin it with https://"),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn is_within(url: &Url, domain: &str) -> bool {
    let rest = url.host_str().and_then(|host| host.strip_suffix(domain));
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The one connection pool. `HTTPS_PROXY` and `NO_PROXY` are obeyed, as reqwest does by itself: many servers reach the internet
/// through an egress proxy only.
///
/// A machine without CA certificates (a slim container) is no reason not to start, because attendees' joins need no Zoom:
/// then `ca_file` alone is trusted, and calls to anybody else end as unreachable.
pub(crate) fn client(hosts: &ZoomHosts) -> Result<Client, SetupError> {
    let extra = hosts
        .ca_file
        .as_deref()
        .map(certificates)
        .transpose()?
        .unwrap_or_default();
    let builder = || {
        Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
    };
    builder()
        .tls_certs_merge(extra.clone())
        .build()
        .or_else(|error| {
            let reason = root_cause(&error);
            tracing::warn!(
                reason,
                "no CA certificates of the system; install the package ca-certificates"
            );
            builder().tls_certs_only(extra).build()
        })
        .map_err(|error| SetupError::Client(root_cause(&error)))
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, SetupError> {
    let refuse = |what: String| SetupError::CaFile {
        file: file.to_owned(),
        what,
    };
    let pem = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(refuse("it holds no certificate in PEM form".to_owned()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_api(api_url: &str) -> Result<Addresses, SetupError> {
        Addresses::check(&ZoomHosts {
            api_url: api_url.to_owned(),
            ..ZoomHosts::default()
        })
    }

    #[test]
    fn plain_http_is_accepted_on_loopback_only() {
        for (address, is_accepted) in [
            ("https://api.zoom.us/v2", true),
            ("http://127.0.0.1:4000/v2", true),
            ("http://127.9.9.9/v2", true),
            ("http://[::1]:4000/v2", true),
            ("http://localhost:4000/v2", true),
            ("http://api.zoom.us/v2", false),
            ("http://localhost.example.com/v2", false),
            ("http://127.0.0.1.example.com/v2", false),
            ("http://0.0.0.0/v2", false),
            ("http://10.0.0.1/v2", false),
            ("ftp://127.0.0.1/v2", false),
            ("https://user:secret@api.zoom.us/v2", false),
            ("https://api.zoom.us/v2?x=1", false),
            ("api.zoom.us/v2", false),
            ("", false),
        ] {
            assert_eq!(with_api(address).is_ok(), is_accepted, "{address}");
        }
    }

    #[test]
    fn an_answer_may_name_another_host_of_zoom_only() {
        let addresses = with_api("https://api.zoom.us/v2").unwrap();
        for (named, base) in [
            ("https://api-eu.zoom.us", Some("https://api-eu.zoom.us/v2")),
            ("https://api.zoom.us/v2", Some("https://api.zoom.us/v2")),
            ("https://api.zoom.us.example.com", None),
            ("https://evilzoom.us", None),
            ("https://api.zoomgov.com", None),
            ("http://api.zoom.us", None),
            ("https://api.zoom.us:8443", None),
            ("https://user@api.zoom.us", None),
            ("", None),
        ] {
            let url = addresses.named_by_answer(named);
            assert_eq!(url.as_ref().map(Url::as_str), base, "{named}");
        }
    }

    #[test]
    fn an_answer_does_not_lead_past_a_configured_host_that_is_not_zooms() {
        for configured in [
            "http://127.0.0.1:4000/v2",
            "https://zoom-proxy.example.com/v2",
        ] {
            let addresses = with_api(configured).unwrap();
            assert_eq!(addresses.named_by_answer("https://api.zoom.us"), None);
        }
    }

    #[test]
    fn a_missing_or_empty_ca_file_is_named() {
        for file in ["/nonexistent/ca.pem", "/dev/null"] {
            let hosts = ZoomHosts {
                ca_file: Some(file.into()),
                ..ZoomHosts::default()
            };
            let error = client(&hosts).unwrap_err().to_string();
            assert!(
                error.starts_with("ca_file: ") && error.contains(file),
                "{error}"
            );
        }
    }
}
