//! Whether the address that Zoom sends webhooks to is reached and answers as Usher does.

use std::time::Duration;

use reqwest::{Client, Url, redirect};
use tokio::time::timeout;
use usher_core::doctor::Finding;
use usher_core::webhook::{challenge_answer, signature};

use super::network::is_loopback;
use super::{Asked, Looked};
use crate::config::{Config, WebhookSecret};
use crate::zoom::root_cause;

/// What takes longer is no answer to Zoom (reference 7.1).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const PLAIN_TOKEN: &str = "usherCheckPlainToken01";

pub(super) async fn look(asked: &Asked, config: Option<&Config>) -> Looked<()> {
    let Some(url) = &asked.webhook_url else {
        return (Vec::new(), ());
    };
    let secrets = config.map_or(&[][..], |config| &config.webhook_secrets);
    (ask_all(url, secrets, (asked.now)().as_second()).await, ())
}

async fn ask_all(url: &Url, secrets: &[WebhookSecret], now_s: i64) -> Vec<Finding> {
    let mut findings: Vec<Finding> = unfit(url).into_iter().collect();
    let client = match Client::builder().redirect(redirect::Policy::none()).build() {
        Ok(client) => client,
        Err(error) => {
            findings.push(unreachable(url, &root_cause(&error)));
            return findings;
        }
    };
    let unsigned = Challenge::signed_by("", now_s);
    let forged = Challenge::signed_by("not the secret", now_s);
    for challenge in [unsigned, forged] {
        match challenge.send(&client, url).await {
            Err(what) => {
                findings.push(unreachable(url, &what));
                return findings;
            }
            Ok((401, _)) => {}
            Ok((status, body)) => {
                findings.push(not_refused(url, status, &body));
                return findings;
            }
        }
    }
    if secrets.is_empty() {
        findings.push(Finding::of_setup_warning(
            "webhook_secret_unknown",
            None,
            format!("{url} refuses a forged challenge, as it has to. Whether it answers Zoom's own was not checked: no webhook secret is configured here."),
            "Set USHER_WEBHOOK_SECRET and check again.",
        ));
    }
    for (secret, number) in secrets.iter().zip(1..) {
        let asked = Challenge::signed_by(secret.as_ref(), now_s)
            .send(&client, url)
            .await;
        findings.push(answered(url, secret, number, asked));
    }
    findings
}

/// `endpoint.url_validation`, as Zoom asks it.
struct Challenge {
    body: String,
    timestamp: String,
    /// None: unsigned.
    signature: Option<String>,
}

impl Challenge {
    /// An empty secret signs nothing.
    fn signed_by(secret: &str, now_s: i64) -> Self {
        let body = format!(
            r#"{{"event":"endpoint.url_validation","event_ts":{now_s}000,"payload":{{"plainToken":"{PLAIN_TOKEN}"}}}}"#
        );
        let timestamp = now_s.to_string();
        Self {
            signature: signature(secret, &timestamp, body.as_bytes()),
            body,
            timestamp,
        }
    }

    /// Status and body of the answer.
    async fn send(&self, client: &Client, url: &Url) -> Result<(u16, Vec<u8>), String> {
        let mut request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .header("x-zm-request-timestamp", &self.timestamp)
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("x-zm-signature", signature);
        }
        let exchange = async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            Ok((status, super::network::body(answer).await?))
        };
        match timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(answer) => answer.map_err(|error: reqwest::Error| root_cause(&error)),
            Err(_) => Err(format!(
                "no answer within {} s, which is as long as Zoom waits",
                ANSWER_TIMEOUT.as_secs()
            )),
        }
    }
}

/// What Zoom takes for an address (reference 7.1).
fn unfit(url: &Url) -> Option<Finding> {
    let has_name = url.domain().is_some_and(|name| name.contains('.'));
    (url.scheme() != "https" || !has_name || is_loopback(url)).then(|| {
        Finding::of_setup_warning(
            "webhook_address_unfit",
            None,
            format!("Zoom takes no address like {url}: it has to be https, with a host name and a certificate of a public CA."),
            "Enter the public https address in Zoom's Marketplace.",
        )
    })
}

fn unreachable(url: &Url, what: &str) -> Finding {
    Finding::of_setup_error(
        "webhook_not_reached",
        None,
        format!("{url} is not reached from here: {what}."),
        "Check name, port and proxy. From here is not from Zoom: a firewall between may differ.",
    )
}

fn not_refused(url: &Url, status: u16, body: &[u8]) -> Finding {
    let (rule, what, remedy) = match status {
        503 => (
            "webhook_without_secret",
            "the service there has no webhook secret, or can't record",
            "Set USHER_WEBHOOK_SECRET where `usher serve` runs, and restart it.",
        ),
        200..=299 => (
            "webhook_takes_forgeries",
            "it takes a challenge that nobody signed with the secret: whatever answers there, it is not Usher",
            "Send /webhooks/zoom to Usher.",
        ),
        300..=399 => (
            "webhook_redirects",
            "it redirects, which Zoom does not follow (unverified)",
            "Enter the address that it redirects to.",
        ),
        404 | 405 => (
            "webhook_path_wrong",
            "nothing takes webhooks at this path",
            "Usher's path is /webhooks/zoom; let the proxy pass POST to it.",
        ),
        _ => (
            "webhook_answers_otherwise",
            "Usher answers a forged challenge with 401",
            "Look at what stands between: a proxy, a firewall, a login page.",
        ),
    };
    let looks = if body.trim_ascii_start().starts_with(b"<") {
        ", a web page"
    } else {
        ""
    };
    Finding::of_setup_error(
        rule,
        None,
        format!("{url} answers a forged challenge with HTTP {status}{looks}: {what}."),
        remedy,
    )
}

fn answered(
    url: &Url,
    secret: &WebhookSecret,
    number: usize,
    answer: Result<(u16, Vec<u8>), String>,
) -> Finding {
    let expected = challenge_answer(PLAIN_TOKEN, secret.as_ref()).ok();
    let is_right = |body: &[u8]| {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        expected.as_ref().is_some_and(|expected| {
            body["plainToken"] == PLAIN_TOKEN
                && body["encryptedToken"] == expected.encrypted_token.as_str()
        })
    };
    match answer {
        Ok((200, body)) if is_right(&body) => Finding::of_setup_info(
            "webhook_answers",
            format!(
                "{url} answers Zoom's challenge rightly with webhook secret {number}, and refuses a forged one."
            ),
            "",
        ),
        Ok((401, _)) => Finding::of_setup_error(
            "webhook_secret_differs",
            None,
            format!(
                "{url} refuses a challenge that is signed with webhook secret {number}: the service there has another one, or something in between changes the body, or its clock is off."
            ),
            "Give this command and the service the same USHER_WEBHOOK_SECRET.",
        ),
        Ok((status, _)) => Finding::of_setup_error(
            "webhook_answers_wrongly",
            None,
            format!("{url} answers Zoom's challenge with HTTP {status}, and not as Zoom wants it."),
            "Let nothing between Zoom and Usher change the answer.",
        ),
        Err(what) => unreachable(url, &what),
    }
}
