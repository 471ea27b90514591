//! One incident of a log: who is affected, and what is said of it in the end.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::log::{Log, Logged};
use crate::detect::{IncidentId, Slot};
use crate::failure::FaultClass;
use crate::localize::{Condition, Cube, Found, Role, Spans, localize};
use crate::recurrence::Recurrence;
use crate::verdict::{Attempt, Case, Leading, RuledOut, Term, Verdict, verdict};
use crate::verdict::{Cause, Party};
use crate::witness::Line;

/// What is usual is looked up in so much time before.
const BASELINE: SignedDuration = SignedDuration::from_hours(24);
/// A gap between the two: "since" is an estimate, and the slow beginning of an incident is not usual.
const BASELINE_GAP: SignedDuration = SignedDuration::from_mins(5);
/// Whom it is about is looked at again after so long, each time four times as long.
const LOOK_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// Signatures of the time before that a verdict compares with.
const COMPARED_MAX: usize = 2_000;

/// What is known of an incident, in the shape of the contract, section 6.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// When it began, by estimate.
    pub since: Timestamp,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it recovered, by estimate; none if it did not.
    pub until: Option<Timestamp>,
    /// When that was known.
    pub closed_at: Option<Timestamp>,
    /// Who is affected; empty is everybody.
    pub slice: Vec<Condition>,
    /// Slices that can't be told from it.
    pub tied_slices: Vec<Vec<Condition>>,
    /// Attempts of the slice in its time.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that would have failed without it.
    pub expected_failed: f64,
    /// None: undetermined.
    pub cause: Option<Cause>,
    /// Who must act.
    pub party: Party,
    /// The posterior of the cause; of the leading one, where none is given.
    pub confidence: f64,
    /// The likeliest causes.
    pub leading: Vec<Leading>,
    /// The evidence, the strongest first.
    pub terms: Vec<Term>,
    /// What it was not.
    pub ruled_out: Vec<RuledOut>,
    /// What would tell the leading causes apart.
    pub would_settle: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// What to tell the people who can't join.
    pub tell_users: String,
    /// Attempts of the slice, minute by minute, from a little before to a little after.
    pub series: Vec<Minute>,
    /// Whether to expect it again.
    pub recurrence: Option<Recurrence>,
}

impl Incident {
    /// Incidents of the same kind are counted together: those of one cause or, where it is not known, along the same dimensions.
    pub(super) fn kind(&self) -> String {
        if let Some(cause) = self.cause {
            return cause.id().to_owned();
        }
        let dims: Vec<&str> = self
            .slice
            .iter()
            .map(|condition| condition.dim.as_str())
            .collect();
        match dims.as_slice() {
            [] => "undetermined, of everybody".to_owned(),
            dims => format!("undetermined, along {}", dims.join(" and ")),
        }
    }
}

/// Attempts that began in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// Its start.
    pub at: Timestamp,
    /// How many.
    pub attempts: u64,
    /// How many of them failed.
    pub failed: u64,
}

/// An incident while the log goes on.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: IncidentId,
    slots: Vec<Slot>,
    since: Timestamp,
    pub(super) opened_at: Timestamp,
    until: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    usual: f64,
    found: Vec<Found>,
    look_at: Timestamp,
}

impl Open {
    pub(super) fn new(
        id: IncidentId,
        slot: Slot,
        since: Timestamp,
        opened_at: Timestamp,
        usual: f64,
    ) -> Self {
        Self {
            id,
            slots: vec![slot],
            since,
            opened_at,
            until: None,
            closed_at: None,
            usual,
            found: Vec::new(),
            look_at: opened_at,
        }
    }

    pub(super) fn widen(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    pub(super) fn reopen(&mut self) {
        (self.until, self.closed_at) = (None, None);
    }

    pub(super) fn close(&mut self, until: Option<Timestamp>, at: Timestamp) {
        (self.until, self.closed_at) = (until, Some(at));
    }

    /// Whether it is time to look whom it is about.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.look_at
    }

    pub(super) fn is_localized(&self) -> bool {
        !self.found.is_empty()
    }

    /// Who is affected; empty also while nothing stands out.
    pub(super) fn slice(&self) -> Vec<Condition> {
        self.found
            .first()
            .map(|found| found.slice.clone())
            .unwrap_or_default()
    }

    /// Looks whom it is about, by what is known as of `now`.
    pub(super) fn localize(&mut self, log: &Log, now: Timestamp) {
        let lasted = now.duration_since(self.opened_at).max(LOOK_AGAIN_AFTER);
        self.look_at = now + lasted * 3;
        let end = self
            .until
            .unwrap_or(now)
            .max(self.since + SignedDuration::from_secs(1));
        let spans = Spans {
            window: self.since..end,
            baseline: self.since - BASELINE - BASELINE_GAP..self.since - BASELINE_GAP,
        };
        let mut cube = Cube::new(spans.clone());
        for logged in log.between(spans.baseline.start, end) {
            if logged.known_at > now || !logged.is_first_of_burst {
                continue;
            }
            let failed = if self.counts(log, logged) {
                logged.failed
            } else {
                0
            };
            cube.add(logged.at, log.dims(logged), logged.attempts, failed);
        }
        self.found = localize(&cube).slices;
    }

    /// Whether an attempt's failure is of the kind that this incident is about.
    fn counts(&self, log: &Log, logged: &Logged) -> bool {
        let class = log.class(logged);
        self.slots.iter().any(|slot| match slot {
            Slot::Class(own) => *own == class,
            Slot::Value { dim, .. } if dim == "meeting" || dim == "host" => true,
            _ => !matches!(class, FaultClass::User | FaultClass::Meeting),
        })
    }

    /// All that is said of it, as of the end of the log.
    pub(super) fn explained(&self, log: &Log, lines: &[Line], to: Timestamp) -> Incident {
        let slice = self.slice();
        let tied: Vec<Vec<Condition>> = self.tied();
        let end = self.until.unwrap_or(to + SignedDuration::from_secs(1));
        let attempts = self.attempts(log, &slice, end);
        let inside =
            |attempt: &&Attempt| attempt.is_inside && self.since <= attempt.at && attempt.at < end;
        let count =
            |count: fn(&Attempt) -> u64| attempts.iter().filter(inside).map(count).sum::<u64>();
        let (all, failed) = (
            count(|attempt| attempt.attempts),
            count(|attempt| attempt.failed),
        );
        let expected = self
            .found
            .first()
            .map_or(self.usual * all as f64, |found| found.expected_failed);
        let dims = log.dim_sizes();
        let judged = verdict(&Case {
            slice: &slice,
            tied: &tied,
            dims: &dims,
            since: self.since,
            until: self.until,
            as_of: end,
            attempts: &attempts,
            lines,
        });
        let series = series(&attempts, self.since, end);
        self.with(judged, slice, tied, (all, failed, expected), series)
    }

    fn tied(&self) -> Vec<Vec<Condition>> {
        let ties = self
            .found
            .iter()
            .filter(|found| matches!(found.role, Role::TieOf(0)));
        let equals = self
            .found
            .first()
            .map(|best| best.equals.clone())
            .unwrap_or_default();
        ties.map(|found| found.slice.clone())
            .chain(equals)
            .collect()
    }

    fn with(
        &self,
        judged: Verdict,
        slice: Vec<Condition>,
        tied_slices: Vec<Vec<Condition>>,
        (attempts, failed, expected_failed): (u64, u64, f64),
        series: Vec<Minute>,
    ) -> Incident {
        Incident {
            since: self.since,
            opened_at: self.opened_at,
            until: self.until,
            closed_at: self.closed_at,
            slice,
            tied_slices,
            attempts,
            failed,
            expected_failed,
            cause: judged.cause,
            party: judged.party,
            confidence: judged.confidence,
            leading: judged.leading,
            terms: judged.terms,
            ruled_out: judged.ruled_out,
            would_settle: judged.would_settle,
            remedy: judged.remedy,
            tell_users: judged.tell_users,
            series,
            recurrence: None,
        }
    }

    /// What the verdict looks at: the time of the incident, and signatures of the hours before to compare with.
    fn attempts(&self, log: &Log, slice: &[Condition], end: Timestamp) -> Vec<Attempt> {
        let mut compared = 0;
        let mut attempts = Vec::new();
        let after = end + SignedDuration::from_hours(1);
        for logged in log.between(self.since - SignedDuration::from_hours(6), after) {
            let is_during = self.since <= logged.at && logged.at < end;
            if !is_during && logged.signed.is_some() {
                compared += 1;
                if compared > COMPARED_MAX {
                    continue;
                }
            }
            let counts = self.counts(log, logged);
            attempts.push(log.attempt(logged, slice, counts));
        }
        attempts
    }
}

fn series(attempts: &[Attempt], since: Timestamp, end: Timestamp) -> Vec<Minute> {
    const AROUND_S: i64 = 15 * 60;
    let (from, to) = (since.as_second() - AROUND_S, end.as_second() + AROUND_S);
    let mut minutes: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_inside) {
        let second = attempt.at.as_second();
        if from <= second && second < to {
            let (all, failed) = minutes.entry(second.div_euclid(60)).or_default();
            *all += attempt.attempts;
            *failed += attempt.failed;
        }
    }
    let minute = |(minute, (attempts, failed)): (i64, (u64, u64))| {
        let at = Timestamp::from_second(minute * 60).ok()?;
        Some(Minute {
            at,
            attempts,
            failed,
        })
    };
    minutes.into_iter().filter_map(minute).collect()
}
