//! `usher check`: looks at the whole set-up and says what it finds in the doctor's form.
//!
//! Everything is evaluated to findings first and printed after. Each group of checks is a file, has its own time limit, and never
//! changes anything; a check that could not run is a finding that says so. Secrets, tokens and passcodes are in no finding.

mod clock;
mod coming_rules;
mod configuration;
mod credentials;
mod csp;
mod database;
mod egress;
mod meeting;
mod network;
mod oauth;
mod page;
mod scopes;
mod sdk_version;
mod webhook;

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Url;
use tokio::time::timeout;
use usher_core::doctor::{Finding, Report};
use usher_core::join::dialect::SdkVersion;
use usher_core::meeting::MeetingNumber;

use crate::config::{Config, ConfigError, MinimumVersion};
use crate::zoom::{Clock, ZoomClient};

pub(crate) use coming_rules::Lifetime;
pub(crate) use meeting::Brings;

/// What is to be checked beyond the set-up itself.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The configured account that host and meeting are asked of; the first if none is named.
    pub(crate) account: Option<String>,
    /// Whose ZAK to fetch: a Zoom user id or e-mail address.
    pub(crate) host: Option<String>,
    pub(crate) meeting: Option<MeetingNumber>,
    /// What a join to that meeting will carry.
    pub(crate) brings: Brings,
    /// Of the page; the configured one if none is given.
    pub(crate) sdk_version: Option<SdkVersion>,
    /// Beside those of the configuration.
    pub(crate) minimum_versions: Vec<MinimumVersion>,
    pub(crate) webhook_url: Option<Url>,
    pub(crate) page: Option<Url>,
    /// The day whose rules are applied to recent attempts.
    pub(crate) as_of: Option<Timestamp>,
    /// A stricter lifetime of signatures that is to come.
    pub(crate) lifetime: Lifetime,
    /// Of each check.
    pub(crate) limit: Duration,
    pub(crate) now: Clock,
}

impl Asked {
    /// The day whose rules count.
    fn day(&self) -> Timestamp {
        self.as_of.unwrap_or_else(self.now)
    }

    /// All minimum versions that were told, in the configuration or here.
    fn minimum_versions(&self, config: Option<&Config>) -> Vec<MinimumVersion> {
        let configured = config
            .into_iter()
            .flat_map(|config| &config.minimum_sdk_versions);
        configured.chain(&self.minimum_versions).copied().collect()
    }
}

/// What a check found, and what others need of it.
type Looked<T> = (Vec<Finding>, T);

/// Checks everything that can be checked.
pub(crate) async fn examine(asked: &Asked, config: Result<&Config, &ConfigError>) -> Report {
    let usable = config.ok();
    let elsewhere = async {
        tokio::join!(
            within(asked, "the webhook address", webhook::look(asked, usable)),
            within(asked, "the page", page::look(asked, usable)),
        )
    };
    let mut findings = Vec::new();
    let mut suspects = Vec::new();
    let mut clock = None;
    match config {
        Err(error) => {
            findings.push(configuration::unreadable(error));
            findings.extend(sdk_version::findings(asked, None));
            let ((webhook, ()), (page, ())) = elsewhere.await;
            findings.extend(webhook.into_iter().chain(page));
        }
        Ok(config) => {
            findings.extend(configuration::findings(config));
            findings.extend(credentials::findings(config));
            let hosts = network::hosts(config);
            let ([of_store, of_rules], egress, kept_time, of_zoom, (webhook, page)) = tokio::join!(
                the_store(asked, config),
                within(asked, "the way to Zoom", egress::look(config, &hosts)),
                within(asked, "the clock", clock::look(config, &hosts)),
                zoom(asked, config),
                elsewhere,
            );
            findings.extend(of_store);
            findings.extend(egress.0);
            findings.extend(kept_time.0);
            findings.extend(of_zoom);
            findings.extend(sdk_version::findings(asked, Some(config)));
            findings.extend(webhook.0.into_iter().chain(page.0).chain(of_rules));
            suspects = egress.1;
            clock = kept_time.1;
        }
    }
    findings.extend(not_asked(asked));
    Report::of_setup(findings, &suspects, clock)
}

/// A check within its time limit. What takes longer is given up, and that is an error: nobody knows what it would have found.
async fn within<T: Default>(
    asked: &Asked,
    what: &str,
    work: impl Future<Output = Looked<T>>,
) -> Looked<T> {
    timeout(asked.limit, work).await.unwrap_or_else(|_| {
        let finding = Finding::of_setup_error(
            "check_gave_up",
            None,
            format!(
                "Looking at {what} took longer than {} s and was given up.",
                asked.limit.as_secs()
            ),
            "Give it more time with --limit-s, or find out what is slow.",
        );
        (vec![finding], T::default())
    })
}

/// The store, and what its journal says of rules to come.
async fn the_store(asked: &Asked, config: &Config) -> [Vec<Finding>; 2] {
    let (of_store, store) = within(asked, "the database", database::look(config)).await;
    let of_rules = match (asked.as_of, &store) {
        (None, _) => Vec::new(),
        (Some(as_of), Some(store)) => {
            let rules = coming_rules::look(asked, config, as_of, store);
            within(asked, "recent attempts", rules).await.0
        }
        (Some(_), None) => vec![Finding::of_setup_warning(
            "journal_not_read",
            None,
            "Recent attempts could not be held against the rules of that day: there is no database to read them in.",
            "Put the database right first.",
        )],
    };
    if let Some(store) = store {
        store.close().await;
    }
    [of_store, of_rules]
}

/// What Zoom's API says: credentials, scopes, the host, the meeting.
async fn zoom(asked: &Asked, config: &Config) -> Vec<Finding> {
    let is_asked = asked.host.is_some() || asked.meeting.is_some();
    if config.accounts.is_empty() && !is_asked {
        return Vec::new();
    }
    let name = match config.account(asked.account.as_deref()) {
        Ok(name) => name,
        Err(refusal) => {
            let (message, hint) = (refusal.message, refusal.hint);
            let finding = Finding::of_setup_error("zoom_not_asked", None, message, hint);
            return vec![finding];
        }
    };
    // That there can be no client is said by the look at the way to Zoom.
    let Ok(client) = ZoomClient::new(&config.zoom, config.accounts.clone(), asked.now) else {
        return Vec::new();
    };
    // A meeting's account is looked for, unless it is named.
    let all = config.accounts.iter().map(|account| account.name.as_str());
    let names: Vec<&str> = match &asked.account {
        Some(_) => vec![name],
        None => all.collect(),
    };
    let accounts = config.accounts.iter().map(async |account| {
        let what = format!("the credentials of account `{}`", account.name);
        within(asked, &what, oauth::look(&client, account)).await
    });
    let (accounts, (host, ()), (meeting, ())) = tokio::join!(
        join_all(accounts),
        within(
            asked,
            "the host",
            meeting::look_at_host(asked, &client, name)
        ),
        within(asked, "the meeting", meeting::look(asked, &client, &names)),
    );
    let accounts = accounts.into_iter().flat_map(|(findings, ())| findings);
    accounts.chain(host).chain(meeting).collect()
}

/// What could be checked, too, and was not asked for: silence would look like a pass.
fn not_asked(asked: &Asked) -> Option<Finding> {
    let all = [
        (asked.host.is_some(), "a host's ZAK (--host)"),
        (asked.meeting.is_some(), "a meeting (--meeting)"),
        (
            asked.webhook_url.is_some(),
            "the webhook address (--webhook-url)",
        ),
        (asked.page.is_some(), "a page (--page)"),
        (
            asked.as_of.is_some(),
            "recent attempts against the rules of a day (--as-of)",
        ),
    ];
    let missing = all.iter().filter(|(is_asked, _)| !is_asked);
    let missing: Vec<&str> = missing.map(|(_, what)| *what).collect();
    (!missing.is_empty()).then(|| {
        let message = format!(
            "Not checked, because nobody asked for it: {}.",
            missing.join(", ")
        );
        Finding::of_setup_info("not_asked", message, "")
    })
}
