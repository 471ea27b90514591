//! Hosts to ask, one request to one of them, and how far it got.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Response, Url, header};
use tokio::time::{Instant, timeout};
use usher_core::doctor::Finding;
use usher_core::witness::Phase;

use crate::config::Config;
use crate::zoom::{http_client, is_its_own, phase, root_cause};

/// Of one request: longer than an attempt of the Zoom client (3 s), and short enough to ask twice within a check's usual limit.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// Where browsers join (reference 2.1): not asked by Usher, and worth knowing.
const WEB_ENDPOINTS: [(&str, &str); 2] = [
    ("zoom.us", "https://zoom.us/"),
    ("zoomgov.com", "https://www.zoomgov.com/"),
];

/// What a host is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Api,
    OAuth,
    /// Where browsers join.
    Web,
}

/// A host of Zoom's, with something to ask it that costs it little and changes nothing.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) url: Url,
    pub(super) role: Role,
}

impl Host {
    /// Name, with the port if it is not the usual one.
    pub(super) fn name(&self) -> &str {
        self.url.authority()
    }
}

/// The configured hosts, and the one where browsers join. One that plays several parts comes once.
pub(super) fn hosts(config: &Config) -> Vec<Host> {
    let host = |address: &str, path: &[&str], role| {
        let mut url: Url = address.parse().ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(Host { url, role })
    };
    let api = &config.zoom.api_url;
    let web = WEB_ENDPOINTS.iter().find_map(|(domain, address)| {
        let api = host(api, &[], Role::Api)?;
        let rest = api.url.host_str()?.strip_suffix(domain)?;
        let is_zooms = rest.is_empty() || rest.ends_with('.');
        is_zooms.then(|| host(address, &[], Role::Web))?
    });
    // Without a token, the API answers 401 with 124 (reference 5.2).
    let api = host(api, &["users", "me"], Role::Api);
    let oauth = host(&config.zoom.oauth_url, &[], Role::OAuth);
    let mut hosts: Vec<Host> = Vec::new();
    for host in [api, oauth, web].into_iter().flatten() {
        if !hosts.iter().any(|other| other.name() == host.name()) {
            hosts.push(host);
        }
    }
    hosts
}

/// As the Zoom client's: the same trust, the same proxies.
pub(super) fn client(config: &Config) -> Result<Client, Finding> {
    http_client(&config.zoom).map_err(|error| {
        Finding::of_setup_error(
            "zoom_setup_unusable",
            None,
            format!("Zoom can't be asked: {error}."),
            "Correct `[zoom]` in the configuration.",
        )
    })
}

/// An answer's head.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) is_html: bool,
    /// It is not a proxy's or a portal's, as far as can be told.
    pub(super) is_its_own: bool,
    pub(super) date: Option<String>,
    pub(super) age: Option<String>,
    /// On our clock.
    pub(super) sent_at: Timestamp,
    pub(super) received_at: Timestamp,
    pub(super) latency: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) phase: Phase,
    pub(super) what: String,
}

/// Asks once.
pub(super) async fn ask(client: &Client, url: &Url) -> Result<Answered, Lost> {
    let (sent_at, began) = (Timestamp::now(), Instant::now());
    let answer = timeout(ANSWER_TIMEOUT, client.get(url.clone()).send()).await;
    let received_at = Timestamp::now();
    let error = match answer {
        Ok(Ok(answer)) => {
            let text = |name| {
                let value = answer.headers().get(name)?.to_str().ok()?;
                Some(value.to_owned())
            };
            let kind = text(header::CONTENT_TYPE).unwrap_or_default();
            return Ok(Answered {
                status: answer.status().as_u16(),
                is_its_own: is_its_own(&answer),
                is_html: kind.starts_with("text/html"),
                date: text(header::DATE),
                age: text(header::AGE),
                sent_at,
                received_at,
                latency: began.elapsed(),
            });
        }
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    Err(match error {
        Some(error) => Lost {
            phase: phase(&error),
            what: root_cause(&error),
        },
        None => Lost {
            phase: Phase::Http,
            what: format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()),
        },
    })
}

/// An answer's body, cut after 1 MiB: what is looked for stands before.
pub(super) async fn body(mut answer: Response) -> Result<Vec<u8>, reqwest::Error> {
    const BODY_MAX_BYTES: usize = 1024 * 1024;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = BODY_MAX_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY_MAX_BYTES {
            break;
        }
    }
    Ok(body)
}

/// The variable that sends calls through a proxy, if one is set: then name look-up and connection are the proxy's.
pub(super) fn proxy_variable() -> Option<&'static str> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// On this machine, whatever the answer's worth.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What browsers call a secure context: https, or this machine.
pub(super) fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}
