//! `usher check`: what is wrong with the set-up, in the doctor's form.

use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use usher_core::doctor::Severity;
use usher_core::join::dialect::SdkVersion;
use usher_core::meeting::MeetingNumber;

use super::doctor::picture;
use super::{Exit, Failure, now, refused, talk, write_json};
use crate::check::{self, Asked, Brings, Lifetime};
use crate::config::{Config, ConfigError, MinimumVersion, day_or_moment};

/// Say what is wrong with the set-up: configuration, database, clock, way to Zoom, credentials, a host, a meeting, a page
///
/// It asks Zoom's configured hosts, and the addresses that are given here; it changes nothing, and prints no secret. It works beside a
/// running service and without one.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Fetch a ZAK of this host (Zoom user id or e-mail address); it is not printed
    #[arg(long, value_name = "USER")]
    host: Option<String>,
    /// Look whether this meeting can be joined on paper
    #[arg(long, value_name = "N")]
    meeting: Option<String>,
    /// What joins to that meeting bring along: zak, obf, tk (separated by commas)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = ["zak", "obf", "tk"])]
    with: Vec<String>,
    /// Name of the configured account that host and meeting are asked of [default: the first]
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The Web SDK in the page [default: the configured one]
    #[arg(long, value_name = "V")]
    sdk_version: Option<String>,
    /// The oldest Web SDK that Zoom lets join, as announced, and from when on: 6.2.0@2027-02-06 (may be repeated)
    #[arg(long, value_name = "V[@DATE]", value_parser = MinimumVersion::parse)]
    minimum_sdk_version: Vec<MinimumVersion>,
    /// The address that Zoom sends webhooks to: it has to refuse a forged challenge and answer a signed one
    #[arg(long, value_name = "URL", value_parser = address)]
    webhook_url: Option<Url>,
    /// A page that embeds the SDK: its headers
    #[arg(long, value_name = "URL", value_parser = address)]
    page: Option<Url>,
    /// Hold the attempts of the last seven days against the rules of this day
    #[arg(long, value_name = "DATE", value_parser = day_or_moment)]
    as_of: Option<Timestamp>,
    /// With --as-of: the shortest lifetime of a signature by then, in seconds
    #[arg(long, value_name = "S", requires = "as_of")]
    lifetime_min_s: Option<i64>,
    /// With --as-of: the longest lifetime of a signature by then, in seconds
    #[arg(long, value_name = "S", requires = "as_of")]
    lifetime_max_s: Option<i64>,
    /// How long each check may take, in seconds
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    limit_s: u64,
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    args: &Check,
    config: Result<Config, ConfigError>,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let asked = asked(args)?;
    talk(&format!(
        "checking the set-up; no check takes longer than {} s",
        args.limit_s
    ));
    // Boxed: it holds every check at once.
    let report = Box::pin(check::examine(&asked, config.as_ref())).await;
    if args.json {
        write_json(out, &report)?;
    } else {
        write!(out, "{}", picture(&report))?;
    }
    Ok(if report.worst() == Some(Severity::Error) {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

fn asked(args: &Check) -> Result<Asked, Failure> {
    let meeting = args
        .meeting
        .as_deref()
        .map(MeetingNumber::parse)
        .transpose();
    let sdk_version = args
        .sdk_version
        .as_deref()
        .map(SdkVersion::parse)
        .transpose();
    let brings = |what: &str| args.with.iter().any(|word| word == what);
    Ok(Asked {
        account: args.account.clone(),
        host: args.host.clone(),
        meeting: meeting.map_err(refused)?,
        brings: Brings {
            zak: brings("zak"),
            obf_token: brings("obf"),
            registrant_token: brings("tk"),
        },
        sdk_version: sdk_version.map_err(refused)?,
        minimum_versions: args.minimum_sdk_version.clone(),
        webhook_url: args.webhook_url.clone(),
        page: args.page.clone(),
        as_of: args.as_of,
        lifetime: Lifetime {
            min_s: args.lifetime_min_s,
            max_s: args.lifetime_max_s,
        },
        limit: Duration::from_secs(args.limit_s),
        now,
    })
}

/// An address of the web. Any host: whoever typed it means it.
fn address(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|_| "it is no address such as https://app.example.com/room".to_owned())?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err("begin it with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave out user and password".to_owned());
    }
    Ok(url)
}
