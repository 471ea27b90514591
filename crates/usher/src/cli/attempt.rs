//! `usher attempt`: one attempt's story.

use std::fmt::Write as _;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use usher_core::attempt::AttemptId;
use usher_core::attempt::origin::Hmac;
use usher_core::attempt::story::Outcome;
use usher_core::doctor::Severity;
use usher_core::failure::Explained;
use usher_core::text::escape_hidden;

use super::attempts::{time_zone, zone_name};
use super::signatures::{duration, limit};
use super::span::local;
use super::{Exit, Failure, now, open_store, write_json};
use crate::config::Config;
use crate::store::Store;
use crate::story::{AttemptAnswer, ShownAttempt, ShownEvent, ShownSignature};

/// Tell one attempt's story, from the mint to Zoom's confirmation
#[derive(Debug, clap::Args)]
pub(super) struct Attempt {
    /// Its id: `attempt` of the join answer, and `customer_key` in Zoom's webhooks
    id: String,
    /// Time zone to show times in: Asia/Tokyo, +09:00 [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    tz: Option<TimeZone>,
    /// Print one JSON value, as the API answers
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    args: &Attempt,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let unknown = || {
        Failure::new(format!("there is no attempt {:?}", args.id))
            .hint("its id has 32 lower-case hexadecimal digits; `usher attempts` lists them")
    };
    let id = AttemptId::parse(&args.id).ok_or_else(unknown)?;
    let store = open_store(config).await?;
    let now = now();
    let answer = AttemptAnswer::of(&store, id, now).await?;
    let answer = answer.ok_or_else(unknown)?;
    if args.json {
        write_json(out, &answer)?;
        return Ok(Exit::Fine);
    }
    let siblings = siblings(&store, &answer, now).await?;
    let zone = args.tz.clone().unwrap_or(TimeZone::UTC);
    write!(out, "{}", picture(&answer, &siblings, &zone))?;
    Ok(Exit::Fine)
}

/// The attempts of the burst, oldest first.
async fn siblings(
    store: &Store,
    answer: &AttemptAnswer,
    now: Timestamp,
) -> Result<Vec<ShownAttempt>, Failure> {
    let rows = store.attempt_rows(&answer.burst.attempts).await?;
    let mut siblings: Vec<_> = rows
        .into_iter()
        .map(|row| ShownAttempt::of(row, now))
        .collect();
    siblings.sort_by_key(|attempt| attempt.id);
    Ok(siblings)
}

fn picture(answer: &AttemptAnswer, siblings: &[ShownAttempt], zone: &TimeZone) -> String {
    let attempt = &answer.attempt.shown;
    let parts = [
        summary(attempt, zone),
        events(attempt, &answer.events),
        attempt.failure.as_ref().map(failure).unwrap_or_default(),
        (answer.attempt.signature.as_ref())
            .map(|signature| signed(signature, attempt.at, zone))
            .unwrap_or_default(),
        oddities(&answer.attempt.oddities),
        burst(attempt, siblings, zone),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn summary(attempt: &ShownAttempt, zone: &TimeZone) -> String {
    let mut text = format!("attempt {}\n", attempt.id);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<12} {}", escape_hidden(value));
    };
    let began = format!("{} {}", local(zone, attempt.at), zone_name(zone));
    line("began", &began);
    let dims = &attempt.dims;
    let meeting = attempt.meeting_number.as_ref().or(dims.get("meeting"));
    line("meeting", meeting.map_or("-", String::as_str));
    line("participant", attempt.participant.as_deref().unwrap_or("-"));
    let since = offset(attempt.at, attempt.since);
    line("outcome", &format!("{}, {since}", attempt.outcome.as_str()));
    line("Zoom", confirmation(attempt));
    for (name, value) in dims.iter().filter(|(name, _)| *name != "meeting") {
        line(&escape_hidden(name), value);
    }
    text
}

fn confirmation(attempt: &ShownAttempt) -> &'static str {
    match (attempt.confirmation, attempt.outcome) {
        ("zoom", _) => "confirms that the person got in",
        ("denied", _) => "was asked, and its report does not have the person",
        ("browser_alone", _) => "has not confirmed it",
        (_, Outcome::Joined) => "has not confirmed it by more than a guess",
        _ => "says nothing of the person",
    }
}

/// A line for each fact, in the order in which they happened.
fn events(attempt: &ShownAttempt, events: &[ShownEvent]) -> String {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|event| (event.at, event.received_at));
    let mut text = "what happened\n".to_owned();
    for event in events {
        let when = offset(attempt.at, event.at);
        let what = format!("{}{}", event.kind.replace('_', " "), details(event));
        let _ = writeln!(text, "  {when:>12}  {:<7}  {what}", event.source);
    }
    text
}

fn details(event: &ShownEvent) -> String {
    let facts = &event.facts;
    let mut told: Vec<String> = [&facts.code, &facts.reason, &facts.zoom_event]
        .into_iter()
        .flatten()
        .map(|text| escape_hidden(text))
        .collect();
    if let Some(matched_by) = facts.matched_by
        && let Ok(Value::String(word)) = serde_json::to_value(matched_by)
    {
        told.push(format!("matched by {}", word.replace('_', " ")));
    }
    if let Some(claimed_at) = facts.claimed_at {
        told.push(format!("(the browser's clock said {claimed_at})"));
    }
    if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    }
}

fn failure(failure: &Explained) -> String {
    let code = failure.code.as_deref().unwrap_or("without a code");
    let mut text = format!("failure {}\n", escape_hidden(code));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<18} {}", escape_hidden(value));
    };
    if let Some(reason) = &failure.reason {
        line("text", reason);
    }
    if let Some(code) = failure.read_as {
        line("read as", &code.to_string());
    }
    if let Ok(Value::String(class)) = serde_json::to_value(failure.class) {
        line("class", &class);
    }
    line("who must act", failure.party.as_str());
    if let Some(cause) = failure.cause {
        line("cause", &format!("{}: {}", cause.id(), cause.text()));
    }
    line("tell the person", failure.tell_user);
    line("tell the operator", failure.tell_operator);
    text
}

fn signed(signature: &ShownSignature, minted_at: Timestamp, zone: &TimeZone) -> String {
    let hmac = match signature.hmac {
        Hmac::Valid => "by a configured secret",
        Hmac::Invalid => "not by the secret that is configured for its key",
        Hmac::NotCheckable => {
            "not checked: its key had no secret here, or its claims alone are known"
        }
    };
    let mut text = format!("signature {hmac}\n");
    for (name, value) in signature.claims.as_object().into_iter().flatten() {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let _ = write!(
            text,
            "  {:<12} {}",
            escape_hidden(name),
            escape_hidden(&shown)
        );
        let is_time = ["iat", "exp", "tokenExp", "nbf"].contains(&name.as_str());
        if let Some(at) = value.as_i64().filter(|_| is_time)
            && let Ok(at) = Timestamp::from_second(at)
        {
            let _ = write!(text, "  {}, {}", local(zone, at), offset(minted_at, at));
        }
        text.push('\n');
    }
    if !signature.margins.is_empty() {
        text.push_str("  margin to each limit, as of the mint\n");
    }
    for margin in &signature.margins {
        let beyond = if margin.margin_ms < 0 {
            "  beyond it"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "    {:<32} {}{beyond}",
            limit(margin.limit),
            duration(margin.margin_ms)
        );
    }
    for finding in &signature.verdict.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => continue,
        };
        let _ = writeln!(text, "  {severity}: {}", escape_hidden(&finding.message));
    }
    text
}

fn oddities(oddities: &[&str]) -> String {
    if oddities.is_empty() {
        return String::new();
    }
    format!("worth a look\n  {}\n", oddities.join("\n  "))
}

/// The attempts of this person on this meeting that hang together; the first one counts.
fn burst(attempt: &ShownAttempt, siblings: &[ShownAttempt], zone: &TimeZone) -> String {
    if siblings.len() < 2 {
        return String::new();
    }
    let mut text = "the same person, trying again\n".to_owned();
    for (index, sibling) in siblings.iter().enumerate() {
        let marks = [
            (index == 0, "the first"),
            (sibling.id == attempt.id, "this one"),
        ];
        let marks: Vec<_> = marks
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, mark)| *mark)
            .collect();
        let code = sibling.failure.as_ref().and_then(|f| f.code.as_deref());
        let line = format!(
            "  {}  {}  {:<10}  {:<6}  {}",
            sibling.id,
            local(zone, sibling.at),
            sibling.outcome.as_str(),
            escape_hidden(code.unwrap_or_default()),
            marks.join(", ")
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// `+4.2 s`: when something happened, from the mint.
fn offset(from: Timestamp, at: Timestamp) -> String {
    let ms = at.duration_since(from).as_millis();
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    if ms < 60_000 {
        return format!("{sign}{}.{:03} s", ms / 1000, ms % 1000);
    }
    let s = ms / 1000;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, minutes, seconds) => format!("{sign}{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{sign}{hours} h {minutes} min"),
    }
}
