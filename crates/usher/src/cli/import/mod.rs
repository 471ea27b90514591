//! `usher import`: attempts out of somebody else's log.

mod events;
mod talk;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use usher_core::attempt::event::Event;
use usher_core::attempt::label;
use usher_core::import::{Kind, Options, Outcome, Overrides, RowRefusal, SignatureSeen};
use usher_core::text::escape_hidden;

use super::attempts::time_zone;
use super::progress::Progress;
use super::{Exit, Failure, now, open_store, warn, write_json};
use crate::config::Config;
use crate::import_file::{self, Imported, Rows};
use crate::store::{Store, StoreError};

use events::{ORIGIN, events};
use talk::Rejected;
pub(super) use talk::ShownColumns;

/// Events of one transaction: enough that its cost is shared, few enough that a service that writes to the same store waits for
/// some milliseconds only.
const BATCH: usize = 500;

/// Bring the attempts of a log into the journal: JSON lines or CSV
///
/// The same file again, or one that has grown at its end, adds no attempt twice.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file, or - for standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// What columns are, instead of the guess: at=min,code=err,dim.tenant=customer,ignore=comment
    #[arg(long, value_name = "NAME=COLUMN,…", value_parser = overrides)]
    map: Option<Overrides>,
    /// Time zone of times that name none: Asia/Tokyo, +09:00
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    tz: Option<TimeZone>,
    /// Write every line that is not taken here, with its number and the reason, as JSON lines
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

pub(super) fn overrides(text: &str) -> Result<Overrides, String> {
    Overrides::parse(text).map_err(|refusal| refusal.to_string())
}

/// What became of the file.
#[derive(Debug, Default, Serialize)]
struct Summary {
    lines: u64,
    /// Attempts that were not in the journal.
    imported: u64,
    /// Attempts that were there already.
    known: u64,
    rejected: u64,
    rejected_by: BTreeMap<&'static str, u64>,
    /// How the attempts of the file ended; `unknown` where it does not say.
    outcomes: BTreeMap<&'static str, u64>,
    /// Attempts whose token is no JWT: taken without it.
    unreadable_tokens: u64,
    /// Times that came twice, because the clocks went back; the first was taken.
    earlier_of_two: u64,
    /// Attempts of known persons that are older than personal data is kept.
    beyond_personal_retention: u64,
    /// When the first attempt of the file began.
    from: Option<Timestamp>,
    /// When the last one did.
    to: Option<Timestamp>,
}

pub(super) async fn run(
    args: &Import,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let now = now();
    let options = Options {
        now,
        zone: args.tz.clone(),
        dimensions_max: label::DIMENSIONS_MAX,
    };
    let rows = import_file::open(&args.file, args.map.clone().unwrap_or_default(), options)
        .map_err(|error| Failure::new(format!("{}: {error}", shown(&args.file))))?;
    let rejected = Rejected::new(args.rejected.as_deref(), &args.file)?;
    let store = open_store(config).await?;
    let mut importing = Importing {
        store,
        config,
        now,
        batch: Vec::with_capacity(BATCH + 1),
        rejected,
        summary: Summary::default(),
    };
    let all = importing.all(rows).await;
    let Importing {
        mut rejected,
        mut summary,
        store,
        ..
    } = importing;
    store.close().await;
    rejected.finish()?;
    warn_of_retention(config, rejected.beyond_retention(), &summary);
    all.map_err(|failure| stopped(failure, args, &summary))?;
    if summary.lines == 0 {
        let file = shown(&args.file);
        warn(&format!(
            "{file}: it is empty, or a header without lines; check that it is the right file"
        ));
    }
    summary.rejected = rejected.total();
    summary.rejected_by = rejected.by_code;
    if args.json {
        write_json(out, &summary)?;
    } else {
        write!(out, "{}", picture(&summary))?;
    }
    Ok(if summary.rejected > 0 {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

pub(super) fn shown(file: &Path) -> String {
    if file == Path::new("-") {
        return "standard input".to_owned();
    }
    escape_hidden(&file.display().to_string())
}

/// Old logs are what people import.
fn warn_of_retention(config: &Config, beyond_retention: u64, summary: &Summary) {
    let retention = config.retention;
    if beyond_retention > 0 {
        warn(&format!(
            "attempts older than {} days, `retention.facts_days`, not imported: {beyond_retention}; raise it and import the file again to keep them",
            retention.facts_days
        ));
    }
    if summary.beyond_personal_retention > 0 {
        warn(&format!(
            "attempts of known persons older than {} days, `retention.personal_days`: {}; a running service forgets whose they are",
            retention.personal_days, summary.beyond_personal_retention
        ));
    }
}

/// Half-way is no harm: whoever runs it again goes on where it stopped.
fn stopped(failure: Failure, args: &Import, summary: &Summary) -> Failure {
    let message = format!(
        "{}: stopped after line {}: {}",
        shown(&args.file),
        summary.lines,
        failure.message
    );
    let done = summary.imported;
    Failure { message, ..failure }.hint(format!(
        "{done} attempts are in the journal; run it again when this is mended: none is added twice"
    ))
}

struct Importing<'a> {
    store: Store,
    config: &'a Config,
    now: Timestamp,
    batch: Vec<Event>,
    rejected: Rejected,
    summary: Summary,
}

impl Importing<'_> {
    async fn all(&mut self, mut rows: Rows) -> Result<(), Failure> {
        let mut columns = ShownColumns::default();
        let mut progress = io::stderr().is_terminal().then(Progress::new);
        let started = Instant::now();
        if let Some(mapping) = rows.mapping() {
            columns.show(mapping);
        }
        while let Some(line) = rows.next() {
            let line = line?;
            self.summary.lines += 1;
            if let Some(mapping) = rows.mapping() {
                columns.show(mapping);
            }
            let taken = line.row.and_then(|imported| self.take(imported));
            if let Err(refusal) = taken {
                self.rejected.add(line.number, &refusal)?;
            }
            if self.batch.len() >= BATCH {
                self.write().await?;
            }
            if let Some(progress) = &mut progress {
                let total = rows.total_bytes();
                progress.tell(|| so_far(&self.summary, line.bytes_read, total, started));
            }
        }
        self.write().await?;
        for column in rows.unseen_columns() {
            let column = escape_hidden(column);
            warn(&format!(
                "--map names the column `{column}`, which no line has"
            ));
        }
        Ok(())
    }

    fn take(&mut self, imported: Imported) -> Result<(), RowRefusal> {
        let row = &imported.row;
        let (at, is_earlier_of_two) = (row.at, row.is_earlier_of_two);
        let retention = self.config.retention;
        let is_beyond_personal =
            row.participant.is_some() && at < retention.personal_from(self.now);
        let (outcome, signature) = match &row.kind {
            Kind::Single(single) => (single.outcome, single.signature.as_ref()),
            Kind::Aggregated(_) => (None, None),
        };
        let outcome = outcome.map_or("unknown", Outcome::as_str);
        let is_unreadable = matches!(signature, Some(SignatureSeen::Unreadable(_)));
        self.batch.extend(events(imported, self.config, self.now)?);
        let summary = &mut self.summary;
        *summary.outcomes.entry(outcome).or_default() += 1;
        summary.unreadable_tokens += u64::from(is_unreadable);
        summary.earlier_of_two += u64::from(is_earlier_of_two);
        summary.beyond_personal_retention += u64::from(is_beyond_personal);
        summary.from = Some(summary.from.map_or(at, |from| from.min(at)));
        summary.to = Some(summary.to.map_or(at, |to| to.max(at)));
        Ok(())
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let appended = self.store.append(&self.batch).await?;
        let events = self.batch.drain(..).zip(appended.is_new);
        for (_, is_new) in events.filter(|(event, _)| event.id == ORIGIN) {
            let count = if is_new {
                &mut self.summary.imported
            } else {
                &mut self.summary.known
            };
            *count += 1;
        }
        Ok(())
    }
}

fn so_far(summary: &Summary, bytes: u64, total: Option<u64>, started: Instant) -> String {
    let lines = summary.lines;
    let seconds = started.elapsed().as_secs().max(1);
    let part = match total {
        Some(total) if total > 0 => format!("{} %: ", bytes * 100 / total),
        _ => String::new(),
    };
    let left = total
        .filter(|_| bytes > 0)
        .map(|total| seconds * total.saturating_sub(bytes) / bytes)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .map(|seconds| format!(", {:#} left", SignedDuration::from_secs(seconds)));
    format!(
        "{part}{lines} lines, {} a second{}",
        lines / seconds,
        left.unwrap_or_default()
    )
}

/// The summary for people.
fn picture(summary: &Summary) -> String {
    let attempts = |count: u64| if count == 1 { "attempt" } else { "attempts" };
    let mut lines = vec![format!(
        "{} {} imported, {} there already, {} of {} lines not taken",
        summary.imported,
        attempts(summary.imported),
        summary.known,
        summary.rejected,
        summary.lines,
    )];
    if let (Some(from), Some(to)) = (summary.from, summary.to) {
        lines.push(format!("from {from} to {to}"));
    }
    let outcomes = &summary.outcomes;
    if !outcomes.is_empty() {
        let told: Vec<_> = outcomes
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        lines.push(format!("outcomes: {}", told.join(", ")));
    }
    if summary.rejected > 0 {
        let by = summary.rejected_by.iter();
        let told: Vec<_> = by.map(|(code, count)| format!("{count} {code}")).collect();
        lines.push(format!("not taken: {}", told.join(", ")));
    }
    if summary.unreadable_tokens > 0 {
        lines.push(format!(
            "tokens that are no JWT: {}; their attempts are kept without claims",
            summary.unreadable_tokens
        ));
    }
    if summary.earlier_of_two > 0 {
        lines.push(format!(
            "times that came twice, because the clocks went back: {}; the first was taken",
            summary.earlier_of_two
        ));
    }
    lines.join("\n") + "\n"
}
