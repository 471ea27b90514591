//! Whether Zoom's hosts are reached from here, and if not, at which step it ends.

use futures_util::future::join_all;
use reqwest::{Client, Url};
use usher_core::doctor::Finding;
use usher_core::verdict::{Cause, Party};
use usher_core::witness::Phase;

use super::Looked;
use super::network::{self, Answered, Host, Lost, Role, ask};
use crate::config::Config;

type Asked<'a> = (&'a Host, Result<Answered, Lost>);

/// Whether our way out works, by a host that is not Zoom's; not known without one.
type WayOut = Option<Result<Answered, Lost>>;

pub(super) async fn look(config: &Config, hosts: &[Host]) -> Looked<Vec<Cause>> {
    let client = match network::client(config) {
        Ok(client) => client,
        Err(finding) => return (vec![finding], Vec::new()),
    };
    let control = async {
        match &config.control_url {
            Some(url) => Some(ask(&client, url).await),
            None => None,
        }
    };
    let asked = join_all(hosts.iter().map(|host| ask_twice(&client, host)));
    let (way_out, asked) = tokio::join!(control, asked);
    let mut findings = Vec::new();
    let mut suspects = Vec::new();
    for (host, answer) in &asked {
        findings.push(match answer {
            Err(lost) => {
                suspects.extend([Cause::OurEgress, Cause::ZoomOutage]);
                lost_host(
                    config,
                    host,
                    lost,
                    cause_of_loss(host, lost, &way_out, &asked),
                )
            }
            Ok(answer) if answer.status >= 500 => failing(host, answer, &way_out, &asked),
            Ok(answer) if is_no_answer_of_an_api(host, answer) => not_zoom(host, answer),
            Ok(answer) if host.role == Role::Api && answer.status == 404 => wrong_path(host),
            Ok(answer) => well(host, answer),
        });
    }
    findings.extend(
        config
            .control_url
            .as_ref()
            .zip(way_out)
            .map(|(url, way_out)| control_finding(url, &way_out)),
    );
    (findings, suspects)
}

fn control_finding(url: &Url, way_out: &Result<Answered, Lost>) -> Finding {
    let name = url.authority();
    match way_out {
        Ok(answer) => Finding::of_setup_info(
            "way_out_works",
            format!(
                "{name}, the host that is not Zoom's, is reached: HTTP {}.",
                answer.status
            ),
            "",
        ),
        Err(lost) => Finding::of_setup_warning(
            "way_out_fails",
            Some(Cause::OurEgress),
            format!(
                "{name}, the host that is not Zoom's, can't be reached: {}.",
                lost.what
            ),
            "If Zoom is reached all the same, choose another `witnesses.control_url`.",
        ),
    }
}

/// A failure is asked about once more, so that one hiccup is no finding.
async fn ask_twice<'a>(client: &Client, host: &'a Host) -> Asked<'a> {
    match ask(client, &host.url).await {
        Ok(answer) if answer.status < 500 => (host, Ok(answer)),
        _ => (host, ask(client, &host.url).await),
    }
}

fn well(host: &Host, answer: &Answered) -> Finding {
    let name = host.name();
    let part = match host.role {
        Role::Api => "Zoom's API",
        Role::OAuth => "Zoom's OAuth",
        Role::Web => "where browsers join",
    };
    let proven = if host.url.scheme() == "https" {
        "TLS proved its name"
    } else {
        "without TLS"
    };
    let latency = answer.latency.as_millis();
    let message = format!(
        "{name} ({part}) is reached: HTTP {} after {latency} ms, {proven}.",
        answer.status
    );
    Finding::of_setup_info("host_reached", message, "")
}

/// Without a token the API answers 401 (reference 5.2) to what it has.
fn wrong_path(host: &Host) -> Finding {
    Finding::of_setup_warning(
        "api_path_wrong",
        None,
        format!(
            "{} has nothing at {}: HTTP 404.",
            host.name(),
            host.url.path()
        ),
        "Let `zoom.api_url` end in the API's version, as https://api.zoom.us/v2 does.",
    )
}

fn lost_host(config: &Config, host: &Host, lost: &Lost, cause: Option<Cause>) -> Finding {
    let name = host.name();
    let (where_it_ends, remedy) = match lost.phase {
        Phase::Dns => (
            "its name can't be looked up (DNS)",
            "Check the name, and this machine's resolver (/etc/resolv.conf, container DNS).",
        ),
        Phase::Tcp => (
            "no connection is made (TCP)",
            "Check the firewall: TCP 443 to *.zoom.us has to be open; behind a proxy, set HTTPS_PROXY.",
        ),
        Phase::Tls => (
            "the connection is not secure (TLS)",
            "If a proxy opens TLS, give its root certificate as `zoom.ca_file`; else update ca-certificates, and look at this machine's clock.",
        ),
        Phase::Http => (
            "the request gets no answer (HTTP)",
            "Try again; if it stays, look at proxies and at Zoom's status page (https://www.zoomstatus.com).",
        ),
    };
    let through = network::proxy_variable().map_or(String::new(), |name| {
        format!(" Calls go through the proxy that {name} names.")
    });
    let message = format!(
        "{name} can't be reached: {where_it_ends}: {}.{through}",
        lost.what
    );
    // An attendee's join needs neither API nor OAuth.
    if config.accounts.is_empty() || host.role == Role::Web {
        return Finding::of_setup_warning("host_not_reached", cause, message, remedy);
    }
    Finding::of_setup_error("host_not_reached", cause, message, remedy)
}

/// That a name or a port of Zoom's is not there can be at either end: only a host that isn't Zoom's tells which.
fn cause_of_loss(host: &Host, lost: &Lost, way_out: &WayOut, all: &[Asked<'_>]) -> Option<Cause> {
    let is_untrusted = lost.phase == Phase::Tls
        && ["UnknownIssuer", "NotValidForName"]
            .iter()
            .any(|why| lost.what.contains(why));
    if is_untrusted {
        return Some(Cause::OurEgress);
    }
    match way_out {
        Some(Err(_)) => Some(Cause::OurEgress),
        Some(Ok(_)) => all
            .iter()
            .all(|(_, answer)| answer.is_err())
            .then_some(Cause::ZoomOutage),
        // An address on this machine is nobody's but ours.
        None => network::is_loopback(&host.url).then_some(Cause::OurEgress),
    }
}

/// A 5xx is Zoom's own if TLS proved the host's name; otherwise anything in between may have answered, unless our way out is known to work.
fn failing(host: &Host, answer: &Answered, way_out: &WayOut, all: &[Asked<'_>]) -> Finding {
    let is_zooms = host.url.scheme() == "https" || matches!(way_out, Some(Ok(_)));
    let fails = |(_, answer): &Asked<'_>| answer.as_ref().is_ok_and(|answer| answer.status >= 500);
    let cause = match (is_zooms, all.iter().all(fails)) {
        (true, true) => Some(Cause::ZoomOutage),
        (true, false) => Some(Cause::ZoomPartialOutage),
        (false, _) => None,
    };
    Finding::of_setup_error(
        "host_fails",
        cause,
        format!(
            "{} answers HTTP {}, twice: it is reached, and fails.",
            host.name(),
            answer.status
        ),
        "Wait, and look at Zoom's status page (https://www.zoomstatus.com).",
    )
    .by(Party::Zoom)
}

/// HTML or a redirect where a program asks for JSON. The OAuth host answers a GET of its address as it likes (unverified).
fn is_no_answer_of_an_api(host: &Host, answer: &Answered) -> bool {
    host.role == Role::Api && (answer.is_html || (300..400).contains(&answer.status))
}

fn not_zoom(host: &Host, answer: &Answered) -> Finding {
    let what = if answer.is_html {
        "a web page"
    } else {
        "a redirect"
    };
    Finding::of_setup_error(
        "answer_is_not_zooms",
        Some(Cause::OurEgress),
        format!(
            "{} answers with {what} (HTTP {}) where Zoom's API answers with JSON: a proxy or a portal stands in between, or `zoom.api_url` is wrong.",
            host.name(),
            answer.status
        ),
        "Compare `zoom.api_url` with https://api.zoom.us/v2, and let this machine past the portal.",
    )
}
