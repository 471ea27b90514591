//! A page that embeds the SDK: its headers, as far as they can keep a join from working.
//!
//! Nobody but the page's own host is asked, and of it nothing but the page.

use reqwest::header::{CONTENT_SECURITY_POLICY, HeaderMap, LOCATION};
use reqwest::{Client, Response, Url, redirect};
use usher_core::doctor::Finding;
use usher_core::text::escape_hidden;
use usher_core::verdict::{Cause, Party};

use super::network::{self, body, is_loopback, is_secure};
use super::{Asked, Looked, csp};
use crate::config::Config;
use crate::zoom::root_cause;

/// More is a loop.
const REDIRECTS_MAX: usize = 5;

/// The page as a browser gets it.
struct Page {
    url: Url,
    headers: HeaderMap,
    html: String,
}

pub(super) async fn look(asked: &Asked, config: Option<&Config>) -> Looked<()> {
    let Some(url) = &asked.page else {
        return (Vec::new(), ());
    };
    let findings = match fetch(url, config).await {
        Ok(page) => judge(&page, config),
        Err(finding) => vec![finding],
    };
    (findings, ())
}

async fn fetch(asked: &Url, config: Option<&Config>) -> Result<Page, Finding> {
    let client = match config {
        Some(config) => network::client(config)?,
        None => Client::builder()
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| not_reached(asked, &root_cause(&error)))?,
    };
    let mut url = asked.clone();
    for _ in 0..=REDIRECTS_MAX {
        let answer = client.get(url.clone()).header("accept", "text/html").send();
        let answer = answer
            .await
            .map_err(|error| not_reached(&url, &root_cause(&error)))?;
        let status = answer.status();
        if status.is_redirection() {
            url = next(&url, &answer)?;
            continue;
        }
        if !status.is_success() {
            return Err(Finding::of_setup_warning(
                "page_not_served",
                None,
                format!(
                    "{url} answers HTTP {}: there is no page to look at.",
                    status.as_u16()
                ),
                "Give an address that serves the page without signing in.",
            ));
        }
        let headers = answer.headers().clone();
        let bytes = body(answer)
            .await
            .map_err(|error| not_reached(&url, &root_cause(&error)))?;
        let html = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(Page { url, headers, html });
    }
    Err(not_reached(
        asked,
        &format!("it redirects more than {REDIRECTS_MAX} times"),
    ))
}

/// Where a redirect leads, if that is the same host.
fn next(url: &Url, answer: &Response) -> Result<Url, Finding> {
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|to| to.to_str().ok());
    let to = location.and_then(|to| url.join(to).ok());
    let to = to.ok_or_else(|| not_reached(url, "it redirects to nowhere"))?;
    let is_same =
        to.host_str() == url.host_str() && (to.scheme() == "https" || url.scheme() == "http");
    if is_same {
        return Ok(to);
    }
    Err(Finding::of_setup_warning(
        "page_is_elsewhere",
        None,
        format!(
            "{url} redirects to another host, {}, which is not followed.",
            to.host_str().unwrap_or("without a name")
        ),
        "Give the address of the page itself.",
    ))
}

fn not_reached(url: &Url, what: &str) -> Finding {
    Finding::of_setup_error(
        "page_not_reached",
        None,
        format!("The page {url} is not reached from here: {what}."),
        "Check the address.",
    )
}

fn judge(page: &Page, config: Option<&Config>) -> Vec<Finding> {
    let mut findings = vec![isolation(page)];
    findings.extend(insecure(page));
    findings.extend(mixed_content(page));
    findings.extend(devices(page));
    findings.extend(policies(page));
    findings.extend(config.map(|config| reporting(page, config)));
    findings
}

fn header<'a>(page: &'a Page, name: &str) -> &'a str {
    let value = page.headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim()
}

/// `SharedArrayBuffer` needs it; whoever joins in WebRTC mode does not (reference 9).
fn isolation(page: &Page) -> Finding {
    let url = &page.url;
    let word = |name| {
        header(page, name)
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
    };
    let opener = word("cross-origin-opener-policy");
    let embedder = word("cross-origin-embedder-policy");
    let document = word("document-isolation-policy");
    let has_embedder = matches!(embedder, "require-corp" | "credentialless");
    if opener == "same-origin" && has_embedder {
        return Finding::of_setup_info(
            "page_is_isolated",
            format!(
                "{url} is cross-origin isolated (COOP {opener}, COEP {embedder}): SharedArrayBuffer works."
            ),
            "",
        );
    }
    if document.starts_with("isolate-and-") {
        return Finding::of_setup_info(
            "page_is_isolated",
            format!(
                "{url} is isolated by Document-Isolation-Policy: SharedArrayBuffer works in Chrome and Edge from 137 on, in other browsers not."
            ),
            "",
        );
    }
    let is_half = opener == "same-origin" || has_embedder;
    not_isolated(url, &or_none(opener), &or_none(embedder), is_half)
}

fn not_isolated(url: &Url, opener: &str, embedder: &str, is_half: bool) -> Finding {
    let remedy = "For more videos at once, send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp or credentialless, or join in WebRTC mode.";
    let sends = format!("COOP {opener}, COEP {embedder}");
    if is_half {
        return Finding::of_setup_warning(
            "page_is_half_isolated",
            None,
            format!(
                "{url} is isolated by half ({sends}): one header without the other gives no SharedArrayBuffer."
            ),
            remedy,
        );
    }
    Finding::of_setup_info(
        "page_is_not_isolated",
        format!(
            "{url} is not cross-origin isolated ({sends}): joins work, with fewer videos at once and no virtual background."
        ),
        remedy,
    )
}

fn or_none(value: &str) -> String {
    if value.is_empty() {
        "none".to_owned()
    } else {
        escape_hidden(value)
    }
}

/// The page's own fault, where the cause is the browser.
fn fault(rule: &'static str, message: String, remedy: &str) -> Finding {
    Finding::of_setup_error(rule, Some(Cause::Browser), message, remedy).by(Party::Integrator)
}

fn insecure(page: &Page) -> Option<Finding> {
    let url = &page.url;
    (!is_secure(url)).then(|| {
        fault(
            "page_not_secure",
            format!("{url} is not https: browsers give such a page neither microphone nor camera."),
            "Serve the page by https.",
        )
    })
}

/// What a page of https loads by http is blocked.
fn mixed_content(page: &Page) -> Option<Finding> {
    if page.url.scheme() != "https" {
        return None;
    }
    let html = page.html.to_lowercase();
    let loaded = ["src=\"http://", "src='http://", "src=http://"];
    let addresses = loaded.iter().flat_map(|start| html.match_indices(start));
    let mut addresses = addresses.filter_map(|(at, start)| {
        let from = at + start.len() - "http://".len();
        let rest = &html[from..];
        let end = rest.find(['"', '\'', ' ', '>']).unwrap_or(rest.len());
        rest[..end].parse::<Url>().ok()
    });
    let first = addresses.find(|address| !is_loopback(address))?;
    Some(
        Finding::of_setup_warning(
            "page_mixes_content",
            Some(Cause::Browser),
            format!(
                "{} loads {} by http: browsers block that on a page of https.",
                page.url,
                escape_hidden(first.as_str())
            ),
            "Load it by https.",
        )
        .by(Party::Integrator),
    )
}

fn devices(page: &Page) -> Option<Finding> {
    let policy: String = header(page, "permissions-policy")
        .split_whitespace()
        .collect();
    let is_closed = |device: &&str| policy.split(',').any(|one| one == format!("{device}=()"));
    let closed: Vec<&str> = ["camera", "microphone"]
        .into_iter()
        .filter(|device| is_closed(device))
        .collect();
    (!closed.is_empty()).then(|| {
        Finding::of_setup_warning(
            "page_closes_devices",
            Some(Cause::Device),
            format!(
                "{} forbids itself {} by Permissions-Policy.",
                page.url,
                closed.join(" and ")
            ),
            "Write camera=(self), microphone=(self).",
        )
        .by(Party::Integrator)
    })
}

/// Of headers and of the page itself; all of them have to allow what the SDK does.
fn policies(page: &Page) -> Vec<Finding> {
    let headers = page.headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let headers = headers
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned);
    let policies: Vec<String> = headers.chain(csp::in_html(&page.html)).collect();
    if policies.is_empty() {
        let message = format!(
            "{} has no Content-Security-Policy that could block the SDK.",
            page.url
        );
        return vec![Finding::of_setup_info("page_without_csp", message, "")];
    }
    csp::findings(page.url.as_str(), &policies)
}

/// Whether the page may tell Usher what became of a join: by the configured list, nobody is asked.
fn reporting(page: &Page, config: &Config) -> Finding {
    let origin = page.url.origin().ascii_serialization();
    let own = config
        .public_url
        .as_ref()
        .and_then(|url| url.parse::<Url>().ok());
    let is_own = own.is_some_and(|url| url.origin() == page.url.origin());
    if is_own || config.allowed_origins.contains(&origin) {
        return Finding::of_setup_info(
            "page_may_report",
            format!("Pages of {origin} may tell Usher what became of a join."),
            "",
        );
    }
    Finding::of_setup_warning(
        "page_may_not_report",
        None,
        format!(
            "Pages of {origin} may not tell Usher what became of a join (CORS): the origin is not in `allowed_origins`. They join all the same."
        ),
        format!("Add \"{origin}\" to `allowed_origins` and restart Usher."),
    )
}
