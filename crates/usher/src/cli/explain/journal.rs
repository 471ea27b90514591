//! The journal as a log: what Usher itself kept.

use jiff::Timestamp;
use usher_core::attempt::event::Event;
use usher_core::attempt::story::{self, Phase, Story};
use usher_core::explain::Log;
use usher_core::import::{Kind, Meeting, Outcome, Row, SignatureSeen, Single};
use usher_core::witness::Line;

use super::super::progress::Progress;
use super::super::{Failure, now, open_store};
use crate::config::Config;
use crate::store::{LINES_MAX, Store};

/// Attempts and what the witnesses said, of a span.
pub(super) async fn read(
    config: &Config,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<(Log, Vec<Line>), Failure> {
    let store = open_store(config).await?;
    let log = attempts(&store, from, to).await?;
    let lines = lines(&store, from, to).await?;
    store.close().await;
    Ok((log, lines))
}

async fn attempts(
    store: &Store,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Log, Failure> {
    let mut log = Log::default();
    let mut progress = Progress::new();
    let (mut read, mut after) = (0, None);
    let now = now();
    loop {
        let stories = store.stories(from, to, after).await?;
        for events in &stories.told {
            if let Some(row) = row(events, now) {
                log.add(&row);
            }
            read += 1;
        }
        after = stories.next;
        if after.is_none() {
            return Ok(log);
        }
        progress.tell(|| format!("read {read} attempts"));
    }
}

/// An attempt as a row of a log; its outcome is as of now.
fn row(events: &[Event], now: Timestamp) -> Option<Row> {
    let attempt = events.first()?.attempt;
    let story = Story::of(events)?;
    let failure = story.final_failure();
    let outcome = match story.phase.outcome(story.since, now) {
        story::Outcome::Joined => Some(Outcome::Joined),
        story::Outcome::Failed => Some(Outcome::Failed),
        story::Outcome::Waiting => Some(Outcome::Waiting),
        story::Outcome::Unanswered => Some(Outcome::Unanswered),
        story::Outcome::Pending | story::Outcome::Unobserved => None,
    };
    let has_answer = matches!(story.phase, Phase::Joined | Phase::Failed | Phase::Waiting);
    let claims = story.origin.and_then(|origin| origin.claims.as_deref());
    let claims = claims.and_then(|claims| serde_json::from_str(claims.get()).ok());
    let number = story.origin.and_then(|origin| origin.meeting_number);
    let mut dims: Vec<(String, String)> = story
        .dimensions()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    dims.sort_unstable();
    Some(Row {
        at: attempt.at(),
        kind: Kind::Single(Single {
            outcome,
            code: failure.and_then(|failure| failure.code.clone()),
            reason: failure.and_then(|failure| failure.reason.clone()),
            answered_at: has_answer.then_some(story.since),
            signature: claims.map(SignatureSeen::Claims),
        }),
        meeting: number.map(Meeting::Number),
        participant: story.participant.map(str::to_owned),
        dims,
        is_earlier_of_two: false,
    })
}

async fn lines(
    store: &Store,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Vec<Line>, Failure> {
    let from = from.unwrap_or(Timestamp::UNIX_EPOCH);
    let to = to.unwrap_or(Timestamp::MAX);
    let mut lines = store.watching_at(from).await?;
    lines.extend(store.last_line("status", from).await?);
    let mut after = None;
    loop {
        let page = store
            .lines(None, from, to, after.as_ref(), LINES_MAX)
            .await?;
        lines.extend(page.lines.into_iter().map(|stored| stored.line));
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}
