//! What is counted once for all causes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Cause;
use super::case::{Attempt, Case};
use crate::clock::Interval;
use crate::witness::{
    ApiLine, Call, CallOutcome, Change, ClockLine, Indicator, Line, Measured, StatusLine, Witness,
    matters_for_joining,
};

/// A change this long before the first failure can be its cause: caches and rolling deploys take their time.
pub(super) const CHANGE_BEFORE: SignedDuration = SignedDuration::from_mins(60);
/// "Since" is an estimate.
const CHANGE_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// Of the time before, what calls and codes are compared with.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// Domains of Zoom's (reference section 9).
const ZOOM_DOMAINS: [&str; 4] = ["zoom.us", "zoom.com", "zoomgov.com", "zoomus.cn"];

/// Attempts and failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) attempts: u64,
    pub(super) failed: u64,
}

impl Counts {
    fn add(&mut self, attempt: &Attempt) {
        self.attempts += attempt.attempts;
        self.failed += attempt.failed;
    }

    pub(super) fn share(self) -> f64 {
        if self.attempts == 0 {
            0.0
        } else {
            self.failed as f64 / self.attempts as f64
        }
    }
}

/// Calls that were answered as they should, and others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) well: u64,
    pub(super) ill: u64,
}

impl Calls {
    pub(super) fn all(self) -> u64 {
        self.well + self.ill
    }

    /// More than half of at least two.
    pub(super) fn are_failing(self) -> bool {
        self.ill >= 2 && self.ill > self.well
    }

    fn add(&mut self, line: &ApiLine, is_well: bool) {
        if is_well {
            self.well += line.count;
        } else {
            self.ill += line.count;
        }
    }
}

/// The figures of a case.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    pub(super) case: &'a Case<'a>,
    /// Of the slice, during the incident.
    pub(super) inside: Counts,
    /// Of nobody's slice, during the incident.
    pub(super) outside: Counts,
    /// Codes of what failed inside, with how often.
    pub(super) codes: BTreeMap<&'a str, u64>,
    /// Of what failed inside, how many have a code or a text.
    pub(super) told: u64,
    /// Signatures of what failed inside, and of what did not fail anywhere.
    pub(super) signed_failed: Vec<(&'a Attempt, u64)>,
    pub(super) signed_well: Vec<(&'a Attempt, u64)>,
    /// By instance: our clock minus Zoom's during the incident.
    pub(super) clocks: BTreeMap<&'a str, Interval>,
    /// Calls to Zoom during the incident, by what was asked.
    pub(super) calls: BTreeMap<Call, Calls>,
    pub(super) zoom: Calls,
    pub(super) zoom_before: Calls,
    /// By what was asked: calls that Zoom failed at, and that it refused.
    failed_and_refused: BTreeMap<Call, (u64, u64)>,
    /// 429s of Zoom's.
    pub(super) limited: u64,
    pub(super) control: Calls,
    /// What the status page showed at any time of the incident.
    pub(super) status: Option<Status<'a>>,
    /// Changes of ours shortly before it began.
    pub(super) changes: Vec<&'a Change>,
    /// Changes of ours shortly before it ended.
    pub(super) changes_at_end: Vec<&'a Change>,
    /// Meetings inside with failures, and all inside.
    pub(super) meetings_failed: usize,
    pub(super) meetings: usize,
}

/// The status page during the incident.
#[derive(Debug)]
pub(super) struct Status<'a> {
    pub(super) is_reachable: bool,
    pub(super) worst: Indicator,
    /// Components and incidents that matter for joining.
    pub(super) matters: BTreeSet<&'a str>,
    /// The others.
    pub(super) others: BTreeSet<&'a str>,
}

impl<'a> Figures<'a> {
    pub(super) fn of(case: &'a Case<'a>) -> Self {
        let mut figures = Self {
            case,
            inside: Counts::default(),
            outside: Counts::default(),
            codes: BTreeMap::new(),
            told: 0,
            signed_failed: Vec::new(),
            signed_well: Vec::new(),
            clocks: BTreeMap::new(),
            calls: BTreeMap::new(),
            zoom: Calls::default(),
            zoom_before: Calls::default(),
            failed_and_refused: BTreeMap::new(),
            limited: 0,
            control: Calls::default(),
            status: None,
            changes: Vec::new(),
            changes_at_end: Vec::new(),
            meetings_failed: 0,
            meetings: 0,
        };
        figures.count_attempts();
        figures.count_lines();
        figures
    }

    /// Whether a witness had anything to say, or says that it was on, in the time of the incident.
    pub(super) fn was_watching(&self, witness: Witness) -> bool {
        let (since, end) = (self.case.since, self.case.end());
        self.case.lines.iter().any(|line| match (line, witness) {
            (Line::Watching(watching), _) => {
                watching.witness == witness && watching.from <= since && watching.to >= since
            }
            (Line::Clock(line), Witness::Clock) => since <= line.at && line.at < end,
            (Line::Api(line), Witness::Api) => since <= line.at && line.at < end,
            (Line::Status(line), Witness::Status) => line.at < end,
            _ => false,
        })
    }

    /// Of calls of a kind, those that Zoom failed at, and those that it refused.
    pub(super) fn failed_and_refused(&self, call: Call) -> (u64, u64) {
        self.failed_and_refused
            .get(&call)
            .copied()
            .unwrap_or_default()
    }

    /// How many failed inside with a signature of this finding, and how many did not fail with one.
    pub(super) fn found(&self, cause: Cause) -> (u64, u64) {
        let count = |signed: &[(&Attempt, u64)]| {
            signed
                .iter()
                .filter(|(attempt, _)| {
                    attempt.signed.and_then(|signed| signed.finding) == Some(cause)
                })
                .map(|(_, count)| count)
                .sum()
        };
        (count(&self.signed_failed), count(&self.signed_well))
    }

    fn is_during(&self, at: Timestamp) -> bool {
        self.case.since <= at && at < self.case.end()
    }

    fn count_attempts(&mut self) {
        let mut meetings = BTreeSet::new();
        let mut meetings_failed = BTreeSet::new();
        for attempt in self.case.attempts {
            if attempt.signed.is_some() && attempt.failed < attempt.attempts {
                let well = attempt.attempts - attempt.failed;
                self.signed_well.push((attempt, well));
            }
            if !self.is_during(attempt.at) {
                continue;
            }
            if !attempt.is_inside {
                self.outside.add(attempt);
                continue;
            }
            self.inside.add(attempt);
            let meeting = attempt.meeting.as_deref();
            meetings.extend(meeting);
            if attempt.failed == 0 {
                continue;
            }
            meetings_failed.extend(meeting);
            if let Some(code) = &attempt.code {
                *self.codes.entry(code).or_default() += attempt.failed;
            }
            if attempt.is_told {
                self.told += attempt.failed;
            }
            if attempt.signed.is_some() {
                self.signed_failed.push((attempt, attempt.failed));
            }
        }
        self.meetings = meetings.len();
        self.meetings_failed = meetings_failed.len();
    }

    fn count_lines(&mut self) {
        let case = self.case;
        let zoom_hosts: BTreeSet<&str> = case
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Api(line) if line.call != Call::Probe => Some(line.host.as_str()),
                _ => None,
            })
            .collect();
        let mut held: Option<&StatusLine> = None;
        for line in case.lines {
            match line {
                Line::Clock(line) if self.is_during(line.at) => self.count_clock(line),
                Line::Api(line) => {
                    let is_zooms = zoom_hosts.contains(line.host.as_str()) || is_zooms(&line.host);
                    self.count_call(line, is_zooms);
                }
                Line::Status(line) if line.at <= case.since => {
                    held = held.filter(|held| held.at > line.at).or(Some(line));
                }
                Line::Status(line) if self.is_during(line.at) => self.count_status(line),
                Line::Change(change) => self.count_change(change),
                _ => {}
            }
        }
        if let Some(held) = held {
            self.count_status(held);
        }
    }

    fn count_clock(&mut self, line: &'a ClockLine) {
        let Measured::Date { t0, t1, date, .. } = line.measured else {
            return;
        };
        let said = Interval {
            lo: t0.duration_since(date) - SignedDuration::from_secs(1),
            hi: t1.duration_since(date),
        };
        let instance = line.instance.as_deref().unwrap_or_default();
        let known = self.clocks.entry(instance).or_insert(said);
        // Contradicting answers: it was set meanwhile, or several clocks of Zoom's differ. Both count.
        *known = known.intersection(said).unwrap_or_else(|| known.hull(said));
    }

    fn count_call(&mut self, line: &ApiLine, is_zooms: bool) {
        // A refusal is an answer: it says that Zoom works. The causes of refusals look at them by themselves.
        let is_well = matches!(
            line.outcome,
            CallOutcome::Ok | CallOutcome::Refused | CallOutcome::Limited
        );
        if self.is_during(line.at) {
            if !is_zooms {
                self.control.add(line, is_well);
                return;
            }
            self.zoom.add(line, is_well);
            let of_call = self.calls.entry(line.call).or_default();
            of_call.add(line, line.outcome == CallOutcome::Ok);
            let (failed, refused) = self.failed_and_refused.entry(line.call).or_default();
            match line.outcome {
                CallOutcome::Ok => {}
                CallOutcome::Limited => self.limited += line.count,
                CallOutcome::Refused => *refused += line.count,
                CallOutcome::Error | CallOutcome::Timeout | CallOutcome::Unreachable => {
                    *failed += line.count;
                }
            }
        } else if is_zooms && line.at < self.case.since && line.at >= self.case.since - BEFORE {
            self.zoom_before.add(line, is_well);
        }
    }

    fn count_status(&mut self, line: &'a StatusLine) {
        let status = self.status.get_or_insert_with(|| Status {
            is_reachable: false,
            worst: Indicator::None,
            matters: BTreeSet::new(),
            others: BTreeSet::new(),
        });
        status.is_reachable |= line.reachable;
        status.worst = status.worst.max(line.indicator.unwrap_or(Indicator::None));
        for component in &line.components {
            let names = if matters_for_joining(&component.name) {
                &mut status.matters
            } else {
                &mut status.others
            };
            names.insert(&component.name);
        }
        for incident in &line.incidents {
            let touches = incident
                .components
                .iter()
                .any(|name| matters_for_joining(name));
            let names = if touches || matters_for_joining(&incident.name) {
                &mut status.matters
            } else {
                &mut status.others
            };
            names.insert(&incident.name);
        }
    }

    fn count_change(&mut self, change: &'a Change) {
        let is_near = |moment: Timestamp| {
            moment - CHANGE_BEFORE <= change.at && change.at <= moment + CHANGE_AFTER
        };
        let elsewhere = self.case.slice.iter().any(|condition| {
            condition.dim == "environment"
                && change
                    .environment
                    .as_ref()
                    .is_some_and(|environment| *environment != condition.value)
        });
        if elsewhere {
            return;
        }
        if is_near(self.case.since) {
            self.changes.push(change);
        }
        if self.case.until.is_some_and(is_near) {
            self.changes_at_end.push(change);
        }
    }
}

fn is_zooms(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host);
    ZOOM_DOMAINS.iter().any(|domain| {
        name.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}
