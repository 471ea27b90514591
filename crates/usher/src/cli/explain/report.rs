//! Incidents for people: what happened, a bar per minute, why, who must act, what to do.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use usher_core::explain::{Explanation, Incident, Minute};
use usher_core::localize::Condition;
use usher_core::text::escape_hidden;
use usher_core::verdict::Term;

use super::super::span::local;

/// Columns of a bar.
const BAR_WIDTH: u16 = 40;
/// Bars of one picture; more minutes are put together.
const BARS_MAX: usize = 60;
/// Pieces of evidence that are shown.
const TERMS_SHOWN: usize = 6;
/// A factor of 1.3 and less is hardly evidence.
const WORTH_TELLING: f64 = 0.25;
const RULED_OUT_SHOWN: usize = 6;

pub(super) fn report(explanation: &Explanation, zone: &TimeZone) -> String {
    let mut text = String::new();
    let (Some(from), Some(to)) = (explanation.from, explanation.to) else {
        return "There are no attempts.\n".to_owned();
    };
    let _ = writeln!(
        text,
        "{} attempts, {} failed, from {} to {} ({}).",
        explanation.attempts,
        explanation.failed,
        local(zone, from),
        local(zone, to),
        zone.iana_name().unwrap_or("local time")
    );
    match explanation.incidents.len() {
        0 => text.push_str("No incident: joins failed as they usually do.\n"),
        1 => text.push_str("One incident.\n"),
        count => {
            let _ = writeln!(text, "{count} incidents.");
        }
    }
    for (number, incident) in explanation.incidents.iter().enumerate() {
        text.push('\n');
        one(&mut text, number + 1, incident, zone);
    }
    text
}

fn one(text: &mut String, number: usize, incident: &Incident, zone: &TimeZone) {
    let until = incident.until.map_or_else(
        || "it goes on, or the log ends".to_owned(),
        |until| format!("until {}", local(zone, until)),
    );
    let _ = writeln!(text, "== {number}. {}", headline(incident));
    let _ = writeln!(
        text,
        "since {}, {until}; found at {}",
        local(zone, incident.since),
        local(zone, incident.opened_at)
    );
    let _ = writeln!(
        text,
        "who      {}",
        slice(&incident.slice, &incident.tied_slices)
    );
    let _ = writeln!(
        text,
        "failed   {} of {} attempts; about {:.0} would have without it",
        incident.failed, incident.attempts, incident.expected_failed
    );
    verdict(text, incident);
    if let Some(recurrence) = &incident.recurrence {
        let _ = writeln!(text, "again    {}", recurrence.text);
    }
    text.push('\n');
    bars(text, incident, zone);
}

fn headline(incident: &Incident) -> String {
    match incident.cause {
        Some(cause) => format!("{} ({})", cause.text(), cause.id()),
        None => "Joins failed, and the evidence does not show why.".to_owned(),
    }
}

fn slice(slice: &[Condition], tied: &[Vec<Condition>]) -> String {
    let words = |slice: &[Condition]| {
        if slice.is_empty() {
            return "everybody".to_owned();
        }
        let conditions = slice.iter().map(|condition| {
            format!(
                "{} {}",
                escape_hidden(&condition.dim),
                escape_hidden(&condition.value)
            )
        });
        conditions.collect::<Vec<_>>().join(" and ")
    };
    let mut text = words(slice);
    if !tied.is_empty() {
        let tied: Vec<String> = tied.iter().take(5).map(|slice| words(slice)).collect();
        let _ = write!(text, "; can't be told apart from {}", tied.join(", or "));
    }
    text
}

fn verdict(text: &mut String, incident: &Incident) {
    let percent = incident.confidence * 100.0;
    if incident.cause.is_some() {
        let _ = writeln!(
            text,
            "whose    {} must act ({percent:.0} % sure)",
            incident.party.as_str()
        );
    } else {
        let leading: Vec<String> = incident
            .leading
            .iter()
            .take(3)
            .map(|one| format!("{} {:.0} %", one.cause.id(), one.posterior * 100.0))
            .collect();
        let _ = writeln!(
            text,
            "whose    undetermined; likeliest {}",
            leading.join(", ")
        );
    }
    let _ = writeln!(text, "do       {}", incident.remedy);
    let _ = writeln!(text, "tell     {}", incident.tell_users);
    evidence(text, incident);
    let mut because: Vec<&str> = Vec::new();
    for (index, out) in incident.ruled_out.iter().take(RULED_OUT_SHOWN).enumerate() {
        let label = if index == 0 { "not" } else { "" };
        let reason = if because.contains(&out.because.as_str()) {
            "likewise"
        } else {
            because.push(&out.because);
            &out.because
        };
        let _ = writeln!(
            text,
            "{label:<8} {}: {}",
            out.cause.id(),
            escape_hidden(reason)
        );
    }
    if incident.ruled_out.len() > RULED_OUT_SHOWN {
        let more = incident.ruled_out.len() - RULED_OUT_SHOWN;
        let _ = writeln!(text, "         and {more} more (--json)");
    }
    for (index, what) in incident.would_settle.iter().enumerate() {
        let label = if index == 0 { "settle" } else { "" };
        let _ = writeln!(text, "{label:<8} {what}");
    }
}

/// What speaks for and against the cause; where none is given, the likeliest ones.
fn evidence(text: &mut String, incident: &Incident) {
    let causes = match incident.cause {
        Some(cause) => vec![cause],
        None => incident
            .leading
            .iter()
            .take(2)
            .map(|one| one.cause)
            .collect(),
    };
    for cause in causes {
        let mut terms: Vec<&Term> = incident
            .terms
            .iter()
            .filter(|term| term.for_cause == cause && term.log_lr.abs() >= WORTH_TELLING)
            .collect();
        terms.truncate(TERMS_SHOWN);
        if terms.is_empty() {
            continue;
        }
        let _ = writeln!(text, "evidence on {}:", cause.id());
        for term in terms {
            let side = if term.log_lr > 0.0 { '+' } else { '-' };
            let odds = term.log_lr.abs().exp().min(9999.0);
            let _ = writeln!(
                text,
                "  {side} {odds:>4.1}:1  {}",
                escape_hidden(&term.text)
            );
        }
    }
}

/// Failed attempts are `#`, others `.`; the minutes of the incident have a `|` before them.
fn bars(text: &mut String, incident: &Incident, zone: &TimeZone) {
    let series = &incident.series;
    if series.is_empty() {
        return;
    }
    let together = series.len().div_ceil(BARS_MAX);
    let steps: Vec<Minute> = series.chunks(together).map(sum).collect();
    let most = steps
        .iter()
        .map(|step| step.attempts)
        .max()
        .unwrap_or(1)
        .max(1);
    for step in steps {
        // In whole numbers, rounded: counts are far below 2^58.
        let width = |count: u64| {
            let columns = (count * u64::from(BAR_WIDTH) * 2 + most) / (most * 2);
            usize::try_from(columns).unwrap_or(0)
        };
        let all = width(step.attempts);
        let failed = width(step.failed)
            .max(usize::from(step.failed > 0))
            .min(all.max(1));
        let lasts = SignedDuration::from_mins(i64::try_from(together).unwrap_or(1));
        let is_within =
            incident.since < step.at + lasts && incident.until.is_none_or(|until| step.at < until);
        let mark = if is_within { '|' } else { ' ' };
        let bar = "#".repeat(failed) + &".".repeat(all.saturating_sub(failed));
        let clock = zone.to_datetime(step.at).strftime("%H:%M").to_string();
        let _ = writeln!(
            text,
            "{clock} {mark} {bar:<width$} {} of {} failed",
            step.failed,
            step.attempts,
            width = usize::from(BAR_WIDTH),
        );
    }
}

fn sum(minutes: &[Minute]) -> Minute {
    Minute {
        at: minutes
            .first()
            .map_or(Timestamp::UNIX_EPOCH, |minute| minute.at),
        attempts: minutes.iter().map(|minute| minute.attempts).sum(),
        failed: minutes.iter().map(|minute| minute.failed).sum(),
    }
}
