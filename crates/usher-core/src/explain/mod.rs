//! A log explained, from attempts to verdicts: the detector finds incidents, the localizer says who is affected, the verdict why.
//!
//! It is the same chain as for live traffic, fed in the order in which things became known, so that it finds nothing earlier than it
//! would have been found then.

mod incident;
mod log;

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::attempt::AttemptId;
use crate::detect::{Change, Counts, Detector, Start};
use crate::failure::FaultClass;
use crate::recurrence::{History, Recurrence};
use crate::witness::Line;

pub use incident::{Incident, Minute};
pub use log::{Log, UNANSWERED_AFTER};

use incident::Open;
use log::Logged;

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// In the order in which they were opened.
    pub incidents: Vec<Incident>,
    /// Attempts of the log.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// When the first began; none if there is none.
    pub from: Option<Timestamp>,
    /// When the last was known.
    pub to: Option<Timestamp>,
}

/// Attempts that show how traffic goes over the day and the week.
const TRAFFIC_MAX: usize = 20_000;

/// One piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct News {
    at: Timestamp,
    /// Within one moment, starts come before outcomes.
    is_outcome: bool,
    attempt: usize,
}

/// Explains a log. One false incident within `false_alarms`, on average.
pub fn explain(log: &mut Log, lines: &[Line], false_alarms: SignedDuration) -> Explanation {
    log.sort();
    let news = news(&log.attempts);
    let (Some(first), Some(last)) = (news.first(), news.last()) else {
        return Explanation {
            incidents: Vec::new(),
            attempts: 0,
            failed: 0,
            from: None,
            to: None,
        };
    };
    let (from, to) = (first.at, last.at);
    let mut chain = Chain {
        log,
        lines,
        detector: Detector::new(from, false_alarms),
        open: Vec::new(),
        over: Vec::new(),
    };
    for (index, piece) in news.iter().enumerate() {
        chain.tell(*piece);
        let is_moment_over = news.get(index + 1).is_none_or(|next| next.at > piece.at);
        if is_moment_over {
            chain.advance(piece.at);
        }
    }
    chain.advance(to + UNANSWERED_AFTER);
    let mut incidents = chain.finish(to);
    expect_again(&mut incidents, log, lines, from..to);
    Explanation {
        incidents,
        attempts: log.len(),
        failed: log.attempts.iter().map(|logged| logged.failed).sum(),
        from: Some(from),
        to: Some(to),
    }
}

/// Says of each incident whether to expect it again.
fn expect_again(incidents: &mut [Incident], log: &Log, lines: &[Line], watched: Range<Timestamp>) {
    let step = log.attempts.len().div_ceil(TRAFFIC_MAX).max(1);
    let traffic: Vec<Timestamp> = log
        .attempts
        .iter()
        .step_by(step)
        .map(|logged| logged.at)
        .collect();
    let changes = lines.iter().filter_map(|line| match line {
        Line::Change(change) => Some(change.at),
        _ => None,
    });
    let changes: Vec<Timestamp> = changes.collect();
    let mut onsets: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for incident in &*incidents {
        onsets
            .entry(incident.kind())
            .or_default()
            .push(incident.since);
    }
    for incident in incidents {
        let kind = incident.kind();
        incident.recurrence = onsets.get(&kind).and_then(|onsets| {
            Recurrence::of(&History {
                kind: &kind,
                onsets,
                from: watched.start,
                to: watched.end,
                traffic: &traffic,
                changes: &changes,
            })
        });
    }
}

fn news(attempts: &[Logged]) -> Vec<News> {
    let mut news = Vec::with_capacity(attempts.len() * 2);
    for (attempt, logged) in attempts.iter().enumerate() {
        if logged.is_single() {
            news.push(News {
                at: logged.at,
                is_outcome: false,
                attempt,
            });
        }
        news.push(News {
            at: logged.known_at,
            is_outcome: true,
            attempt,
        });
    }
    news.sort_unstable();
    news
}

/// The chain at work.
struct Chain<'a> {
    log: &'a Log,
    lines: &'a [Line],
    detector: Detector,
    open: Vec<Open>,
    over: Vec<Open>,
}

impl Chain<'_> {
    fn tell(&mut self, piece: News) {
        let log = self.log;
        let logged = &log.attempts[piece.attempt];
        let dims: Vec<(&str, &str)> = log.dims(logged).collect();
        let class = log.class(logged);
        if !logged.is_single() {
            self.detector.counted(&Counts {
                from: logged.at,
                until: logged.known_at,
                dims: &dims,
                attempts: logged.attempts,
                failed: logged.failed,
                class,
            });
            return;
        }
        let id = id_of(logged, piece.attempt);
        if !piece.is_outcome {
            self.detector.started(
                piece.at,
                &Start {
                    id,
                    at: logged.at,
                    dims: &dims,
                    is_first_of_burst: logged.is_first_of_burst,
                },
            );
        } else if logged.failed > 0 {
            self.detector.failed(piece.at, id, class);
        } else {
            self.detector.joined(piece.at, id);
        }
    }

    fn advance(&mut self, now: Timestamp) {
        for change in self.detector.advance(now) {
            match change {
                Change::Opened {
                    incident,
                    slot,
                    since,
                    at,
                    usual,
                } => self.open.push(Open::new(incident, slot, since, at, usual)),
                Change::Widened { incident, slot, .. } => {
                    if let Some(open) = self.open.iter_mut().find(|open| open.id == incident) {
                        open.widen(slot);
                    }
                }
                Change::Continued { incident, .. } => {
                    if let Some(index) = self.over.iter().position(|open| open.id == incident) {
                        let mut again = self.over.remove(index);
                        again.reopen();
                        self.open.push(again);
                    }
                }
                Change::Closed {
                    incident,
                    until,
                    at,
                } => {
                    if let Some(index) = self.open.iter().position(|open| open.id == incident) {
                        let mut over = self.open.remove(index);
                        over.close(until, at);
                        self.over.push(over);
                    }
                }
            }
        }
        for open in &mut self.open {
            if open.is_due(now) {
                open.localize(self.log, now);
                let slice = open.slice();
                let slice: Vec<(&str, &str)> = slice
                    .iter()
                    .map(|condition| (condition.dim.as_str(), condition.value.as_str()))
                    .collect();
                if open.is_localized() {
                    self.detector.localize(open.id, &slice);
                }
            }
        }
    }

    /// Verdicts, as of the end of the log.
    fn finish(self, to: Timestamp) -> Vec<Incident> {
        let mut all: Vec<Open> = self.over.into_iter().chain(self.open).collect();
        all.sort_by_key(|open| open.opened_at);
        all.iter_mut()
            .map(|open| {
                open.localize(self.log, to);
                open.explained(self.log, self.lines, to)
            })
            .collect()
    }
}

/// The detector knows attempts by an id, which tells them apart.
fn id_of(logged: &Logged, number: usize) -> AttemptId {
    AttemptId::new(logged.at, number as u128)
}

/// Failures of nobody's class are `Unknown`.
impl Log {
    fn class(&self, logged: &Logged) -> FaultClass {
        let failure = logged
            .failure
            .map(|number| &self.names.failures[number as usize]);
        failure.map_or(FaultClass::Unknown, |failure| failure.class)
    }
}
