//! `usher attempts`: what became of attempts, newest first.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use usher_core::attempt::story::Outcome;
use usher_core::meeting::MeetingNumber;
use usher_core::text::escape_hidden;

use super::signatures::lines;
use super::span::{End, end, local};
use super::{Exit, Failure, now, open_store, refused, table, talk, write_json};
use crate::config::Config;
use crate::import_file::zone;
use crate::store::{AttemptFilter, AttemptPage, LIMIT_MAX, Store};
use crate::story::{AttemptsAnswer, ShownAttempt};

/// List attempts, newest first
#[derive(Debug, clap::Args)]
pub(super) struct Attempts {
    /// From this moment on: 2023-10-10T13:00 (with --tz), 2023-10-10T13:00:00+09:00, or seconds since 1970
    #[arg(long, value_name = "T")]
    from: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "T")]
    to: Option<String>,
    /// Time zone to read and to show times in: Asia/Tokyo, +09:00 [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    tz: Option<TimeZone>,
    /// Meeting number, or what an imported log calls the meeting
    #[arg(long, value_name = "N")]
    meeting: Option<String>,
    /// joined, failed, waiting, pending, unanswered or unobserved
    #[arg(long, value_name = "O", value_parser = outcome)]
    outcome: Option<Outcome>,
    /// The error code that it ended with
    #[arg(long, value_name = "C", allow_hyphen_values = true)]
    code: Option<String>,
    /// The person's id in your product
    #[arg(long, value_name = "P")]
    participant: Option<String>,
    /// The value of a dimension, e.g. release=42; several must all hold
    #[arg(long = "dim", value_name = "NAME=VALUE", value_parser = dimension)]
    dims: Vec<(String, String)>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print one JSON value, as the API answers
    #[arg(long)]
    json: bool,
}

pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    zone(text).map_err(|error| error.to_string())
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::parse(text).ok_or_else(|| {
        let words = Outcome::ALL.map(Outcome::as_str).join(", ");
        format!("there are {words}")
    })
}

fn dimension(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, for instance release=42".to_owned()),
    }
}

pub(super) async fn run(
    args: &Attempts,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let zone = args.tz.clone().unwrap_or(TimeZone::UTC);
    let filter = filter(args, &zone)?;
    let store = open_store(config).await?;
    let now = now();
    let page = newest(&store, filter, args.limit, now).await?;
    let answer = AttemptsAnswer::of(page, now);
    if args.json {
        write_json(out, &answer)?;
        return Ok(Exit::Fine);
    }
    if answer.attempts.is_empty() {
        talk("No attempts.");
        return Ok(Exit::Fine);
    }
    writeln!(out, "{}", picture(&answer.attempts, &zone))?;
    if answer.next.is_some() {
        talk("There are older ones: raise --limit, or give --to.");
    }
    Ok(Exit::Fine)
}

fn filter(args: &Attempts, zone: &TimeZone) -> Result<AttemptFilter, Failure> {
    let moment = |flag, text: &Option<String>, which| {
        let text = text.as_deref();
        text.map(|text| end(flag, text, zone, which)).transpose()
    };
    let mut filter = AttemptFilter {
        from: moment("--from", &args.from, End::First)?,
        to: moment("--to", &args.to, End::Last)?,
        outcome: args.outcome,
        code: args.code.clone(),
        participant: args.participant.clone(),
        ..AttemptFilter::default()
    };
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from >= to
    {
        return Err(
            Failure::new("--from: the span ends before it begins, or has no length")
                .hint("give a --from before --to"),
        );
    }
    let meeting = args.meeting.iter().map(|value| ("meeting", value));
    let dims = args.dims.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in meeting.chain(dims) {
        match name {
            "meeting" => of_meeting(&mut filter, value)?,
            _ => filter.dims.push((name.to_owned(), value.clone())),
        }
    }
    Ok(filter)
}

/// Zoom's numbers are a column, and what else a log calls a meeting is a dimension. What looks like a number and is none is a slip.
fn of_meeting(filter: &mut AttemptFilter, text: &str) -> Result<(), Failure> {
    match MeetingNumber::parse(text) {
        Ok(number) => filter.meeting = Some(number.as_u64().cast_signed()),
        Err(refusal) if text.chars().all(|c| c.is_ascii_digit() || " -".contains(c)) => {
            return Err(refused(refusal));
        }
        Err(_) => filter.dims.push(("meeting".to_owned(), text.to_owned())),
    }
    Ok(())
}

/// Page after page, until there are enough.
async fn newest(
    store: &Store,
    mut filter: AttemptFilter,
    limit: u32,
    now: Timestamp,
) -> Result<AttemptPage, Failure> {
    let mut all = store.attempts(&filter, limit.min(LIMIT_MAX), now).await?;
    while let Some(next) = all.next
        && let left @ 1.. = (limit as usize).saturating_sub(all.attempts.len())
    {
        filter.before = Some(next);
        let left = u32::try_from(left).unwrap_or(LIMIT_MAX).min(LIMIT_MAX);
        let page = store.attempts(&filter, left, now).await?;
        all.attempts.extend(page.attempts);
        all.next = page.next;
    }
    Ok(all)
}

fn picture(attempts: &[ShownAttempt], zone: &TimeZone) -> String {
    let time = format!("time ({})", zone_name(zone));
    let mut table = table([
        time.as_str(),
        "outcome",
        "code",
        "meeting",
        "participant",
        "release",
        "sdk",
        "browser",
        "attempt",
    ]);
    for attempt in attempts {
        let dim = |name: &str| attempt.dims.get(name).map(String::as_str);
        let code = attempt.failure.as_ref().and_then(|f| f.code.as_deref());
        let text = |text: Option<&str>| text.map_or("-".to_owned(), escape_hidden);
        table.add_row([
            local(zone, attempt.at),
            attempt.outcome.as_str().to_owned(),
            text(code),
            text(attempt.meeting_number.as_deref().or(dim("meeting"))),
            text(attempt.participant.as_deref()),
            text(dim("release")),
            text(dim("sdk_version")),
            text(dim("browser")),
            attempt.id.to_string(),
        ]);
    }
    lines(&table)
}

/// `Asia/Tokyo`, `UTC`, `+09`.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(
        || zone.to_offset(Timestamp::UNIX_EPOCH).to_string(),
        str::to_owned,
    )
}
