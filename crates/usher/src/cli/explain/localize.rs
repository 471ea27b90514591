//! `usher explain --localize`: where attempts of a span fail more than in another.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};
use usher_core::import::{Kind, Options, Outcome, Row, RowRefusal};
use usher_core::localize::{self, Condition, Cube, DIMENSIONS_MAX, Localization, Role, Spans};
use usher_core::text::escape_hidden;

use super::super::import::{ShownColumns, shown};
use super::super::span::{End, end};
use super::super::{Exit, Failure, now, talk, warn, write_json};
use super::Explain;
use super::picture::{picture, sentence};
use crate::import_file::{self, Rows};

/// Lines that can't be used and are shown.
const SHOWN_MAX: usize = 20;
/// Those that are listed in JSON; all are counted.
const LISTED_MAX: usize = 1000;

/// What of the file was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    rows: u64,
    /// Rows that do not say how the attempt ended.
    pub(super) without_outcome: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    skipped: Vec<Skipped>,
    pub(super) skipped_lines: usize,
}

#[derive(Debug, Serialize)]
struct Skipped {
    line: u64,
    reason: String,
}

pub(super) fn run(args: &Explain, file: &Path, out: &mut impl Write) -> Result<Exit, Failure> {
    let spans = spans(args)?;
    let options = Options {
        now: now(),
        zone: Some(args.tz.clone().unwrap_or(TimeZone::UTC)),
        dimensions_max: 2 * DIMENSIONS_MAX,
    };
    let rows = import_file::open(file, args.map.clone().unwrap_or_default(), options)
        .map_err(|error| Failure::new(format!("{}: {error}", shown(file))))?;
    let mut cube = Cube::new(spans.clone());
    let reading = read(rows, &mut cube)?;
    let found = localize::localize(&cube);
    let left_out: Vec<&str> = cube.left_out().collect();
    if args.json {
        write_json(out, &answer(&found, &reading, &left_out))?;
    }
    if found.attempts == 0 {
        return Err(nothing_to_search(file, &spans, &reading));
    }
    if !args.json {
        write!(out, "{}", picture(&found, &reading, &left_out))?;
    }
    Ok(if found.slices.is_empty() {
        Exit::Fine
    } else {
        Exit::Findings
    })
}

fn spans(args: &Explain) -> Result<Spans, Failure> {
    let zone = args.tz.clone().unwrap_or(TimeZone::UTC);
    let window = span(
        "--window",
        args.window.as_deref().unwrap_or_default(),
        &zone,
    )?;
    let baseline = match &args.baseline {
        Some(text) => span("--baseline", text, &zone)?,
        None => window.start..window.start,
    };
    Ok(Spans { window, baseline })
}

/// Names of zones and dates of some logs have slashes, too: it is parted at the first that leaves a time on both sides.
fn span(flag: &str, text: &str, zone: &TimeZone) -> Result<Range<Timestamp>, Failure> {
    let parted = text.match_indices('/').find_map(|(at, _)| {
        let from = end(flag, text[..at].trim(), zone, End::First).ok()?;
        let to = end(flag, text[at + 1..].trim(), zone, End::Last).ok()?;
        Some(from..to)
    });
    let hint = "give it as 2023-10-10T13:00/2023-10-10T14:00 (with --tz), each end with an offset or in seconds since 1970";
    match parted {
        Some(span) if span.start < span.end => Ok(span),
        Some(_) => Err(Failure::new(format!(
            "{flag}: the span ends before it begins, or has no length"
        ))
        .hint(hint)),
        None => Err(Failure::new(format!("{flag}: this is not FROM/TO")).hint(hint)),
    }
}

fn read(mut rows: Rows, cube: &mut Cube) -> Result<Reading, Failure> {
    let mut reading = Reading::default();
    let mut columns = ShownColumns::default();
    if let Some(mapping) = rows.mapping() {
        columns.show(mapping);
    }
    while let Some(line) = rows.next() {
        let line = line?;
        if let Some(mapping) = rows.mapping() {
            columns.show(mapping);
        }
        match line.row {
            Ok(imported) => reading.take(&imported.row, cube),
            Err(refusal) => reading.skip(line.number, &refusal),
        }
    }
    if reading.skipped_lines > SHOWN_MAX {
        let more = reading.skipped_lines - SHOWN_MAX;
        talk(&format!("more lines that can't be used: {more}"));
    }
    for column in rows.unseen_columns() {
        let column = escape_hidden(column);
        warn(&format!(
            "--map names the column `{column}`, which no line has"
        ));
    }
    Ok(reading)
}

impl Reading {
    fn take(&mut self, row: &Row, cube: &mut Cube) {
        self.rows += 1;
        self.first = Some(self.first.map_or(row.at, |first| first.min(row.at)));
        self.last = Some(self.last.map_or(row.at, |last| last.max(row.at)));
        let Some((attempts, failed)) = counts(&row.kind) else {
            self.without_outcome += 1;
            return;
        };
        let meeting = row.meeting.as_ref().map(ToString::to_string);
        let meeting = meeting.as_deref().map(|meeting| ("meeting", meeting));
        let dims = row
            .dims
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let dims = dims.filter(|(name, _)| meeting.is_none() || *name != "meeting");
        cube.add(row.at, dims.chain(meeting), attempts, failed);
    }

    fn skip(&mut self, line: u64, refusal: &RowRefusal) {
        self.skipped_lines += 1;
        if self.skipped_lines <= SHOWN_MAX {
            talk(&format!("line {line}: {refusal}"));
        }
        if self.skipped.len() < LISTED_MAX {
            let reason = refusal.to_string();
            self.skipped.push(Skipped { line, reason });
        }
    }
}

/// Attempts, and those that failed. Who waits has been let in as far as Zoom can; who got no answer has not.
fn counts(kind: &Kind) -> Option<(u64, u64)> {
    match kind {
        Kind::Aggregated(counts) => Some((counts.attempts, counts.failed)),
        Kind::Single(single) => match single.outcome? {
            Outcome::Joined | Outcome::Waiting => Some((1, 0)),
            Outcome::Failed | Outcome::Unanswered => Some((1, 1)),
        },
    }
}

/// An empty file, a wrong span, or rows that say nothing: "nothing stands out" would be the wrong answer.
fn nothing_to_search(file: &Path, spans: &Spans, reading: &Reading) -> Failure {
    let file = shown(file);
    match (reading.first, reading.last) {
        _ if reading.rows == 0 && reading.skipped_lines == 0 => {
            Failure::new(format!("{file}: it is empty, or a header without lines"))
                .hint("check that it is the right file")
        }
        (Some(first), Some(last)) => Failure::new(format!(
            "--window: {file} has no attempts from {} to {} of which it says how they ended",
            spans.window.start, spans.window.end
        ))
        .hint(format!(
            "its times are from {first} to {last}, rows without an outcome: {}",
            reading.without_outcome
        )),
        _ => Failure::new(format!("{file}: no line of it can be used"))
            .hint("the reasons are above; name the columns with --map"),
    }
}

fn answer(found: &Localization, reading: &Reading, left_out: &[&str]) -> Value {
    json!({
        "slices": found.slices.iter().map(slice).collect::<Vec<_>>(),
        "answer": sentence(found),
        "spread_evenly": found.is_spread_evenly,
        "attempts": found.attempts,
        "failed": found.failed,
        "expected_failed": found.expected_failed,
        "expected_from": match found.usual {
            localize::Usual::Baseline => "baseline",
            localize::Usual::Elsewhere => "outside_window",
            localize::Usual::Assumed => "assumed",
        },
        "baseline_attempts": found.usual_attempts,
        "implications": found.implications.iter().map(|implication| json!({
            "dim": implication.dim, "implies": implication.implies, "mutual": implication.is_mutual,
        })).collect::<Vec<_>>(),
        "searched_alone": found.alone,
        "left_out": left_out,
        "without_outcome": reading.without_outcome,
        "skipped": reading.skipped,
        "skipped_lines": reading.skipped_lines,
    })
}

fn slice(found: &localize::Found) -> Value {
    let conditions = |slice: &[Condition]| -> Value {
        let conditions = slice.iter();
        conditions
            .map(|condition| json!({ "dim": condition.dim, "value": condition.value }))
            .collect()
    };
    let mut value = json!({
        "slice": conditions(&found.slice),
        "score": found.score,
        "attempts": found.attempts,
        "failed": found.failed,
        "expected_failed": found.expected_failed,
    });
    match found.role {
        Role::Best => {}
        Role::TieOf(index) => value["tie_of"] = json!(index),
        Role::After(index) => value["after"] = json!(index),
    }
    if !found.equals.is_empty() {
        let equals = found.equals.iter();
        value["equals"] = equals.map(|slice| conditions(slice)).collect();
    }
    value
}
