//! `usher export`: the journal as JSON lines.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use usher_core::attempt::event::{Event, Personal};
use usher_core::attempt::story::{Outcome, Phase, Story};
use usher_core::meeting::MeetingNumber;

use super::progress::Progress;
use super::{Exit, Failure, moment, now, open_store, talk, write_json};
use crate::config::Config;
use crate::store::{LINES_MAX, Store};

/// Write attempts as JSON lines, oldest first, in the form that `usher import` reads
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// From this moment on, e.g. 2023-10-10T13:00:00+09:00
    #[arg(long, value_name = "T", value_parser = moment)]
    from: Option<Timestamp>,
    /// Before this moment
    #[arg(long, value_name = "T", value_parser = moment)]
    to: Option<Timestamp>,
    /// Where to write; the file appears when it is complete
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write every event with all its facts instead of one line per attempt
    #[arg(long)]
    events: bool,
    /// Write what the witnesses said instead: clock, API calls, status page and changes, as a witness file
    #[arg(long, conflicts_with = "events")]
    witness: bool,
    /// Write what tells who it was, too
    #[arg(long)]
    personal: bool,
}

/// One attempt in the import schema.
#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    /// Also the two words that say nothing of the end; the import takes them so.
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting: Option<MeetingNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dims: BTreeMap<String, String>,
}

pub(super) async fn run(
    args: &Export,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let store = open_store(config).await?;
    let written = if args.out == Path::new("-") {
        write(args, &store, BufWriter::new(out)).await?
    } else {
        write_file(args, &store).await?
    };
    let what = if args.witness { "lines" } else { "attempts" };
    talk(&format!("exported {written} {what}"));
    Ok(Exit::Fine)
}

/// Under another name until it is complete, so that half an export is not taken for a whole one.
async fn write_file(args: &Export, store: &Store) -> Result<u64, Failure> {
    let mut part = args.out.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: io::Error| {
        Failure::new(format!("can't write {}: {error}", args.out.display()))
            .hint("choose another file with --out")
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .map_err(failed)?;
    let written = write(args, store, BufWriter::new(file)).await?;
    fs::rename(&part, &args.out).map_err(failed)?;
    Ok(written)
}

/// Says how many attempts, or lines of witnesses, that were.
async fn write(args: &Export, store: &Store, out: impl Write) -> Result<u64, Failure> {
    if args.witness {
        write_lines(args, store, out).await
    } else {
        write_attempts(args, store, out).await
    }
}

async fn write_lines(args: &Export, store: &Store, mut out: impl Write) -> Result<u64, Failure> {
    let from = args.from.unwrap_or(Timestamp::UNIX_EPOCH);
    let to = args.to.unwrap_or(Timestamp::MAX);
    for line in store.watching_at(from).await? {
        write_json(&mut out, &line)?;
    }
    // What the status page showed when the span began holds until the next line.
    if let Some(line) = store.last_line("status", from).await? {
        write_json(&mut out, &line)?;
    }
    let (mut written, mut after) = (0, None);
    loop {
        let page = store
            .lines(None, from, to, after.as_ref(), LINES_MAX)
            .await?;
        for stored in &page.lines {
            write_json(&mut out, &stored.line)?;
            written += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    out.flush()?;
    Ok(written)
}

async fn write_attempts(args: &Export, store: &Store, mut out: impl Write) -> Result<u64, Failure> {
    let mut progress = Progress::new();
    let mut attempts = 0;
    let mut after = None;
    loop {
        let mut stories = store.stories(args.from, args.to, after).await?;
        for events in &mut stories.told {
            if !args.personal {
                events.iter_mut().for_each(leave_out_personal);
            }
            if args.events {
                for event in &*events {
                    write_json(&mut out, event)?;
                }
            } else if let Some(line) = line(events, now()) {
                write_json(&mut out, &line)?;
            }
            attempts += 1;
        }
        after = stories.next;
        let Some(last) = after else { break };
        progress.tell(|| format!("exported {attempts} attempts, up to {}", last.at()));
    }
    out.flush()?;
    Ok(attempts)
}

/// A host may be kept as an e-mail address, because Zoom's API takes it so.
fn leave_out_personal(event: &mut Event) {
    event.personal = Personal::default();
    if let Some(origin) = &mut event.facts.origin {
        origin.host = origin.host.take().filter(|host| !host.contains('@'));
    }
}

fn line(events: &[Event], now: Timestamp) -> Option<Line<'_>> {
    let attempt = events.first()?.attempt;
    let story = Story::of(events)?;
    let failure = story.final_failure().cloned();
    let has_answer = matches!(
        story.phase,
        Phase::Joined | Phase::Failed | Phase::Waiting | Phase::Silent
    );
    Some(Line {
        at: attempt.at(),
        outcome: story.phase.outcome(story.since, now),
        code: failure.as_ref().and_then(|failure| failure.code.clone()),
        reason: failure.and_then(|failure| failure.reason),
        meeting: story.origin.and_then(|origin| origin.meeting_number),
        participant: story.participant,
        claims: story.origin.and_then(|origin| origin.claims.as_deref()),
        answered_at: has_answer.then_some(story.since),
        dims: story
            .dimensions()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
}
