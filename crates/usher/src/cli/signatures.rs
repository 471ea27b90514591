//! `usher doctor --from --to`: whether the signatures of a span of time were valid, and what they had in common.

use std::fmt::Write as _;
use std::io::Write;

use jiff::SignedDuration;
use usher_core::audit::{Counts, Limit, Shape, ShapeOf, ShapeSeen, Summary};
use usher_core::text::escape_hidden;

use super::span::Span;
use super::{Exit, Failure, open_store, table, write_json};
use crate::config::Config;

/// Invalid signatures that are shown to people; `--json` has more.
const SHOWN_MAX: usize = 20;

pub(super) async fn run(
    span: &Span,
    json: bool,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let store = open_store(config).await?;
    let summary = store.audit(span.from, span.to).await?;
    if json {
        write_json(out, &summary)?;
    } else {
        write!(out, "{}", picture(&summary, span))?;
    }
    Ok(if summary.counts.invalid > 0 {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

/// The audit for people: the answer first.
fn picture(summary: &Summary, span: &Span) -> String {
    let mut parts = vec![answer(summary, span)];
    if summary.counts.total() > 0 {
        parts.push(margins(summary, span));
        parts.push(makers(summary));
        parts.extend([ShapeOf::Claims, ShapeOf::Join].map(|of| shapes(summary, of, span)));
        parts.push(invalid(summary, span));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn answer(summary: &Summary, span: &Span) -> String {
    let counts = summary.counts;
    let [all, valid, invalid, rest] = [
        counts.total(),
        counts.valid,
        counts.invalid,
        counts.not_checkable,
    ]
    .map(grouped);
    let were = |count| if count == 1 { "was" } else { "were" };
    let mut text = match counts {
        _ if counts.total() == 0 => format!("The journal has no signature of {span}."),
        Counts {
            invalid: 0,
            not_checkable: 0,
            valid: 1,
        } => format!("The one signature of {span} was valid."),
        Counts {
            invalid: 0,
            not_checkable: 0,
            ..
        } => format!("All {all} signatures of {span} were valid."),
        Counts { invalid: 0, .. } => format!(
            "Nothing is known to be wrong with the {all} signatures of {span}: {valid} {} valid, {rest} could not be checked.",
            were(counts.valid)
        ),
        _ => format!(
            "Of {all} signatures of {span}, {invalid} {} invalid, {valid} {} valid, and {rest} could not be checked.",
            were(counts.invalid),
            were(counts.valid)
        ),
    };
    text.push('\n');
    let why = summary.not_checkable_because;
    for (count, because) in [
        (
            why.no_secret,
            "no secret was configured for its key, or the claims alone were handed in",
        ),
        (
            why.partly_known,
            "its claims are not known, or it depends on an SDK version that nobody said",
        ),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {} not checked: {because}.", grouped(count));
        }
    }
    text
}

fn margins(summary: &Summary, span: &Span) -> String {
    if summary.margins.is_empty() {
        return String::new();
    }
    let mut table = table(["limit", "smallest margin", "beyond it", "attempt", "at"]);
    for margin in &summary.margins {
        table.add_row([
            limit(margin.limit).to_owned(),
            duration(margin.smallest_ms),
            grouped(margin.beyond),
            margin.attempt.to_string(),
            span.local(margin.at),
        ]);
    }
    format!(
        "Nearest to each limit, by the clock that recorded it:\n{}\n",
        lines(&table)
    )
}

pub(super) fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::IatNotInFuture => "iat is in the past",
        Limit::ExpNotPast => "exp is to come",
        Limit::LifetimeMin => "exp is 1800 s after iat",
        Limit::LifetimeMax => "exp is within 48 h of iat",
        Limit::TokenExpNotPast => "tokenExp is to come",
        Limit::TokenLifetimeMin => "tokenExp is 1800 s after iat",
        Limit::TokenLifetimeMax => "tokenExp is within 48 h of iat",
    }
}

fn makers(summary: &Summary) -> String {
    let mut table = table([
        "release",
        "app",
        "instance",
        "environment",
        "valid",
        "invalid",
        "not checked",
    ]);
    let name = |name: &Option<String>| name.as_deref().map_or("-".to_owned(), escape_hidden);
    for maker in &summary.by_maker {
        let names = [
            &maker.release,
            &maker.app,
            &maker.instance,
            &maker.environment,
        ];
        table.add_row(names.map(name).into_iter().chain(cells(&maker.counts)));
    }
    if let Some(others) = &summary.by_other_makers {
        let names = ["(others)", "", "", ""].map(str::to_owned);
        table.add_row(names.into_iter().chain(cells(others)));
    }
    format!("Made by:\n{}\n", lines(&table))
}

fn cells(counts: &Counts) -> [String; 3] {
    [counts.valid, counts.invalid, counts.not_checkable].map(grouped)
}

/// Each shape once, the later ones by how they differ from the first, with the releases that had it.
fn shapes(summary: &Summary, of: ShapeOf, span: &Span) -> String {
    let seen: Vec<&ShapeSeen> = summary.shapes.iter().filter(|seen| seen.of == of).collect();
    let mut different: Vec<&Shape> = Vec::new();
    for seen in &seen {
        if !different.contains(&&seen.shape) {
            different.push(&seen.shape);
        }
    }
    let Some(&first) = different.first() else {
        return String::new();
    };
    let whose = match of {
        ShapeOf::Claims => "Claims",
        ShapeOf::Join => "Join parameters",
    };
    let mut text = match different.len() {
        1 => format!("{whose} had one shape:\n"),
        count => format!("{whose} had {count} shapes, first seen first:\n"),
    };
    for (shape, number) in different.iter().zip(1..) {
        let told = if number == 1 {
            first.to_string()
        } else {
            difference(first, shape)
        };
        let _ = writeln!(text, "  {number}. {told}");
        for seen in seen.iter().filter(|seen| seen.shape == **shape) {
            let release = seen.release.as_deref();
            let _ = writeln!(
                text,
                "     {} of {}, {} to {}",
                grouped(seen.count),
                release.map_or("no named release".to_owned(), |name| format!(
                    "release {}",
                    escape_hidden(name)
                )),
                span.local(seen.span.first_at),
                span.local(seen.span.last_at)
            );
        }
    }
    if of == ShapeOf::Join && summary.shapes_not_listed > 0 {
        let others = grouped(summary.shapes_not_listed);
        let _ = writeln!(
            text,
            "  {others} more shapes, of claims or join parameters, are not listed."
        );
    }
    text
}

fn difference(first: &Shape, other: &Shape) -> String {
    let find = |shape: &Shape, name: &str| {
        let mut keys = shape.keys();
        keys.find_map(|(key, kind)| (key == name).then_some(kind))
    };
    let mut told = Vec::new();
    for (name, kind) in other.keys() {
        let shown = format!("{}:{}", escape_hidden(name), kind.as_str());
        match find(first, name) {
            None => told.push(format!("with {shown}")),
            Some(before) if before != kind => {
                told.push(format!("{shown} instead of {}", before.as_str()));
            }
            Some(_) => {}
        }
    }
    for (name, _) in first.keys().filter(|(name, _)| find(other, name).is_none()) {
        told.push(format!("without {}", escape_hidden(name)));
    }
    format!("as 1, but {}", told.join(", "))
}

fn invalid(summary: &Summary, span: &Span) -> String {
    if summary.causes.is_empty() {
        return String::new();
    }
    let mut text = String::from("Invalid by:\n");
    for counted in &summary.causes {
        let cause = match counted.cause {
            Some(cause) => format!("{}: {}", cause.id(), cause.text()),
            None => "no single cause".to_owned(),
        };
        let _ = writeln!(
            text,
            "  {} from {} to {}, {cause}",
            grouped(counted.count),
            span.local(counted.span.first_at),
            span.local(counted.span.last_at)
        );
    }
    for one in summary.invalid_signatures.iter().take(SHOWN_MAX) {
        let _ = writeln!(
            text,
            "\n  attempt {} at {}",
            one.attempt,
            span.local(one.at)
        );
        let _ = writeln!(text, "    {}", escape_hidden(&one.message));
    }
    let more = summary.counts.invalid.saturating_sub(SHOWN_MAX as u64);
    if more > 0 {
        let _ = writeln!(
            text,
            "\n  and {} more; --json has the first 1,000 of all.",
            grouped(more)
        );
    }
    text
}

/// `1h 59m 30s`; beyond a limit `-2s`.
pub(super) fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let length = SignedDuration::from_millis(ms.saturating_abs());
    format!("{sign}{length:#}")
}

/// `1,234,567`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Without the blanks that fill a table's last column.
pub(super) fn lines(table: &comfy_table::Table) -> String {
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}
