//! `usher change`: an entry of the change log, from a deploy script or by hand.

use std::io::Write;

use jiff::Timestamp;
use usher_core::witness::{Line, ToldChange};

use super::{Exit, Failure, moment, now, open_store, random, refused, talk, write_json};
use crate::config::Config;
use crate::store::StoredLine;

/// Record that something of yours changed: a release, a setting, a secret
///
/// When joins fail, Usher tells whether they began to after a change.
#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// What changed, in words
    #[arg(value_name = "TEXT", required_unless_present = "release")]
    text: Option<String>,
    /// release, config, secret, start or other [default: release with --release, else other]
    #[arg(long, value_name = "WHAT")]
    what: Option<String>,
    /// The release of your product since then
    #[arg(long, value_name = "R")]
    release: Option<String>,
    /// Where: staging is not production
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Which attempts it concerns, by a dimension of theirs; may be given several times
    #[arg(long = "dim", value_name = "NAME=VALUE", value_parser = dimension)]
    dims: Vec<(String, String)>,
    /// When [default: now]
    #[arg(long, value_name = "T", value_parser = moment)]
    at: Option<Timestamp>,
    /// A name of your own: the same one again changes nothing
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Print the entry as one JSON value
    #[arg(long)]
    json: bool,
}

fn dimension(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".to_owned()),
    }
}

pub(super) async fn run(
    args: &Record,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let told = ToldChange {
        at: args.at,
        what: args.what.clone(),
        text: args.text.clone(),
        release: args.release.clone(),
        environment: args.environment.clone(),
        dims: args.dims.iter().cloned().collect(),
    };
    let change = told.checked(now()).map_err(refused)?;
    // An unset variable of a deploy script is no name.
    let id = args.id.as_ref().filter(|id| !id.trim().is_empty());
    let id = id.map(|id| format!("change-{id}"));
    let stored = StoredLine {
        id: id.unwrap_or_else(|| format!("change-{:032x}", random())),
        line: Line::Change(change),
    };
    if let Some(file) = config.store.file().filter(|file| !file.exists()) {
        return Err(Failure::new(format!("there is no store at {}", file.display()))
            .hint("a change that goes into a new store is lost to the service: check --data, USHER_DATA and `store`"));
    }
    let store = open_store(config).await?;
    let new = store.keep_lines(std::slice::from_ref(&stored)).await?;
    if args.json {
        let kept = store.line(&stored.id).await?;
        write_json(out, &kept.unwrap_or(stored.line))?;
    }
    talk(if new > 0 {
        "recorded"
    } else {
        "it was recorded already"
    });
    Ok(Exit::Fine)
}
