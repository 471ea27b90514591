//! `usher explain`: incidents of a log, with verdicts.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use usher_core::explain::{Explanation, Log, explain};
use usher_core::import::Options;
use usher_core::localize::DIMENSIONS_MAX;
use usher_core::text::escape_hidden;
use usher_core::witness::{self, LINE_MAX_BYTES, Line};

use super::super::import::{ShownColumns, shown};
use super::super::progress::Progress;
use super::super::span::{End, end};
use super::super::{Exit, Failure, now, talk, warn, write_json};
use super::report::report;
use super::{Explain, journal};
use crate::config::Config;
use crate::import_file::{self, Rows};

/// Lines that can't be used and are shown; all are in the JSON, up to so many.
const SHOWN_MAX: usize = 20;
const LISTED_MAX: usize = 1000;
/// One false incident in so many days, on average.
const FALSE_ALARMS_DAYS: u32 = 30;

/// The contract's answer.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation,
    /// Lines that could not be used; those of witness files say which file.
    skipped: &'a [Skipped],
    /// How many there were.
    skipped_lines: usize,
    /// Rows that do not say how the attempt ended.
    without_outcome: u64,
}

#[derive(Debug, Serialize)]
struct Skipped {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    line: u64,
    reason: String,
}

/// What can't be used, so far.
#[derive(Debug, Default)]
struct Leftovers {
    listed: Vec<Skipped>,
    count: usize,
}

pub(super) fn of_file(args: &Explain, file: &Path, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut leftovers = Leftovers::default();
    let log = read(args, file, &span(args)?, &mut leftovers)?;
    explained(args, log, Vec::new(), leftovers, out)
}

pub(super) async fn of_journal(
    args: &Explain,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let span = span(args)?;
    let (log, lines) = journal::read(config, span.from, span.to).await?;
    explained(args, log, lines, Leftovers::default(), out)
}

fn explained(
    args: &Explain,
    mut log: Log,
    mut lines: Vec<Line>,
    mut leftovers: Leftovers,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    for file in &args.witness {
        lines.extend(witness_lines(file, &mut leftovers)?);
    }
    if leftovers.count > SHOWN_MAX {
        let more = leftovers.count - SHOWN_MAX;
        talk(&format!("more lines that can't be used: {more}"));
    }
    if log.is_empty() {
        warn("nothing says how an attempt ended: there is nothing to explain");
    }
    let days = args.false_alarms_days.unwrap_or(FALSE_ALARMS_DAYS);
    let false_alarms = SignedDuration::from_hours(24 * i64::from(days));
    let explanation = explain(&mut log, &lines, false_alarms);
    if args.json {
        let answer = Answer {
            explanation: &explanation,
            skipped: &leftovers.listed,
            skipped_lines: leftovers.count,
            without_outcome: log.without_outcome,
        };
        write_json(out, &answer)?;
    } else {
        let zone = args.tz.clone().unwrap_or(TimeZone::UTC);
        write!(out, "{}", report(&explanation, &zone))?;
    }
    Ok(if explanation.incidents.is_empty() {
        Exit::Fine
    } else {
        Exit::Findings
    })
}

/// Attempts that are looked at.
struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

fn span(args: &Explain) -> Result<Span, Failure> {
    let zone = args.tz.clone().unwrap_or(TimeZone::UTC);
    let read = |flag, text: &Option<String>, which| {
        text.as_deref()
            .map(|text| end(flag, text, &zone, which))
            .transpose()
    };
    let from = read("--from", &args.from, End::First)?;
    let to = read("--to", &args.to, End::Last)?;
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Failure::new("--from is not before --to").hint("give an earlier --from"));
    }
    Ok(Span { from, to })
}

fn read(
    args: &Explain,
    file: &Path,
    span: &Span,
    leftovers: &mut Leftovers,
) -> Result<Log, Failure> {
    let options = Options {
        now: now(),
        zone: Some(args.tz.clone().unwrap_or(TimeZone::UTC)),
        dimensions_max: 2 * DIMENSIONS_MAX,
    };
    let mut rows: Rows = import_file::open(file, args.map.clone().unwrap_or_default(), options)
        .map_err(|error| Failure::new(format!("{}: {error}", shown(file))))?;
    let mut log = Log::default();
    let mut columns = ShownColumns::default();
    let mut progress = Progress::new();
    if let Some(mapping) = rows.mapping() {
        columns.show(mapping);
    }
    while let Some(line) = rows.next() {
        let line = line?;
        if let Some(mapping) = rows.mapping() {
            columns.show(mapping);
        }
        match line.row {
            Ok(imported) if span.admits(imported.row.at) => log.add(&imported.row),
            Ok(_) => {}
            Err(refusal) => leftovers.add(None, line.number, &refusal.to_string()),
        }
        progress.tell(|| format!("read {} lines", line.number));
    }
    for column in rows.unseen_columns() {
        let column = escape_hidden(column);
        warn(&format!(
            "--map names the column `{column}`, which no line has"
        ));
    }
    Ok(log)
}

impl Span {
    fn admits(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

fn witness_lines(file: &Path, leftovers: &mut Leftovers) -> Result<Vec<Line>, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("can't read {}: {error}", shown(file)));
    let mut reader = BufReader::new(File::open(file).map_err(failed)?);
    let (mut lines, mut number) = (Vec::new(), 0);
    let mut buffer = Vec::new();
    let now = now();
    loop {
        buffer.clear();
        // A line without an end can't fill the memory; what is over the limit comes as further lines, which are no lines either.
        let mut limited = std::io::Read::take(&mut reader, LINE_MAX_BYTES as u64 + 1);
        if limited.read_until(b'\n', &mut buffer).map_err(failed)? == 0 {
            return Ok(lines);
        }
        number += 1;
        let text = String::from_utf8_lossy(&buffer);
        match witness::line(&text, now) {
            Ok(line) => lines.extend(line),
            Err(reason) => leftovers.add(Some(file), number, &reason),
        }
    }
}

impl Leftovers {
    fn add(&mut self, file: Option<&Path>, line: u64, reason: &str) {
        self.count += 1;
        let file = file.map(shown);
        if self.count <= SHOWN_MAX {
            let place = file
                .as_ref()
                .map_or(String::new(), |file| format!("{file}: "));
            talk(&format!("{place}line {line}: {reason}"));
        }
        if self.listed.len() < LISTED_MAX {
            self.listed.push(Skipped {
                file,
                line,
                reason: reason.to_owned(),
            });
        }
    }
}
