//! The detector: attempts in, incidents out.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::answers::Answers;
use super::dimension::Index;
use super::incidents::{Change, IncidentId, Incidents, Onset};
use super::numeric::{HOUR_US, SECOND_US, micros, real};
use super::recovery::End;
use super::slot::Slot;
use super::streams::{Route, Streams};
use crate::attempt::AttemptId;
use crate::failure::FaultClass;

/// Attempts whose outcome is awaited. Past that the oldest are left as the successes that they entered as: the safe side.
/// It is what 8,700 attempts a second come to that all take 30 seconds.
pub const PENDING_MAX: usize = 1 << 18;
/// How often every p0 follows its stream's past: as often as counts ripen.
const FOLLOW_US: i64 = 600 * SECOND_US;

/// An attempt that starts.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Names it, for the news that follows.
    pub id: AttemptId,
    /// When it started. What is in the future starts now.
    pub at: Timestamp,
    /// Dimension and value. Empty values count as not recorded, and of a dimension that stands twice the first.
    pub dims: &'a [(&'a str, &'a str)],
    /// Whoever fails tries again; only the first try counts ([`crate::attempt::burst`]).
    pub is_first_of_burst: bool,
}

/// Attempts that were counted together, and are all decided: a row of an aggregated log.
#[derive(Debug, Clone, Copy)]
pub struct Counts<'a> {
    /// The span of their starts, half-open.
    pub from: Timestamp,
    /// Its end: they are judged as of then.
    pub until: Timestamp,
    /// As in [`Start`].
    pub dims: &'a [(&'a str, &'a str)],
    /// How many.
    pub attempts: u64,
    /// How many of them failed; more than `attempts` count as all.
    pub failed: u64,
    /// Whose fault those were.
    pub class: FaultClass,
}

/// Finds when attempts fail more than usual: for everybody, in a fault class, or with a value of a dimension.
///
/// Feed it in the order in which things became known, each with that moment as `now`, and ask [`Detector::advance`] for what was
/// found. Within one moment the order does not matter: it is judged when it is over. A `now` that is earlier than
/// the last one counts as that. Tell starts when they start, not together with their outcomes: whatever sorts starts by outcome
/// makes news biased again.
#[derive(Debug, Clone)]
pub struct Detector {
    /// Microseconds since 1970, as all times within.
    now: i64,
    streams: Streams,
    incidents: Incidents,
    pending: HashMap<AttemptId, Pending>,
    /// Starts in the order in which they were told, some of them decided by now.
    awaited: VecDeque<(i64, AttemptId)>,
    answers: Answers,
    /// Streams with failures at this moment.
    unjudged: Vec<Index>,
    found: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Pending {
    at: i64,
    route: Route,
}

impl Detector {
    /// Watches from a moment on, with one false incident within `false_alarms` at most, on average and over all streams together.
    pub fn new(from: Timestamp, false_alarms: SignedDuration) -> Self {
        let us = false_alarms.as_secs_f64().max(1.0) * real(SECOND_US);
        Self {
            now: micros(from),
            streams: Streams::new(micros(from), us),
            incidents: Incidents::default(),
            pending: HashMap::new(),
            awaited: VecDeque::new(),
            answers: Answers::default(),
            unjudged: Vec::new(),
            found: Vec::new(),
        }
    }

    /// History: counts towards what is usual, at once, and opens nothing.
    pub fn learn<'a>(&mut self, past: impl IntoIterator<Item = Counts<'a>>) {
        for row in past {
            let route = self.route(row.dims, row.attempts);
            let failed = row.failed.min(row.attempts);
            let at = micros(row.from);
            self.streams
                .learn(&route, at, row.attempts, failed, row.class);
        }
        self.streams.follow(self.now);
    }

    /// An attempt starts. Told again while it is pending, it changes nothing.
    pub fn started(&mut self, now: Timestamp, start: &Start<'_>) {
        self.move_to(micros(now));
        if !start.is_first_of_burst || self.pending.contains_key(&start.id) {
            return;
        }
        let at = micros(start.at).min(self.now);
        let route = self.route(start.dims, 1);
        self.streams.enter(&route, at, at, 1);
        self.pending.insert(start.id, Pending { at, route });
        self.awaited.push_back((at, start.id));
        self.forget_oldest();
    }

    /// It failed. News of an attempt that is not pending says nothing.
    pub fn failed(&mut self, now: Timestamp, id: AttemptId, class: FaultClass) {
        self.move_to(micros(now));
        if let Some(attempt) = self.pending.remove(&id) {
            self.correct(&attempt.route, attempt.at, 1, class);
        }
    }

    /// It answered, and did not fail: joined, or put into a waiting room.
    pub fn joined(&mut self, now: Timestamp, id: AttemptId) {
        self.move_to(micros(now));
        if let Some(attempt) = self.pending.remove(&id) {
            self.answers.take(self.now - attempt.at);
        }
    }

    /// Attempts that were counted together become known at the end of their span.
    pub fn counted(&mut self, counts: &Counts<'_>) {
        let until = micros(counts.until);
        self.move_to(until);
        if counts.attempts == 0 {
            return;
        }
        let at = until.min(self.now);
        let route = self.route(counts.dims, counts.attempts);
        self.streams
            .enter(&route, at, micros(counts.from).min(at), counts.attempts);
        let failed = counts.failed.min(counts.attempts);
        if failed > 0 {
            self.correct(&route, at, failed, counts.class);
        }
    }

    /// Time passes, and everything up to now has been told. What was found since the last time, in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Change> {
        self.move_to(micros(now));
        self.judge();
        std::mem::take(&mut self.found)
    }

    /// The localizer says whom an open incident is about. From then on it explains attempts of that slice and no others, so that a second
    /// cause beside it is seen. Until then it explains all attempts of the streams that show it.
    pub fn localize(&mut self, incident: IncidentId, slice: &[(&str, &str)]) {
        self.incidents.localize(incident, slice);
    }

    /// A stream's usual failure probability; `None` if there is no such stream.
    pub fn usual(&self, slot: &Slot) -> Option<f64> {
        self.streams.find(slot).map(super::stream::Stream::usual)
    }

    /// How many streams there are now; [`super::SLOTS_MAX`] at most.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Memory of all streams, in bytes. An attempt that is pending takes some 16 for each of its streams besides.
    pub fn stream_bytes(&self) -> usize {
        self.streams.bytes()
    }

    /// The age at which an attempt without an answer counts as failed.
    pub fn answer_age(&self) -> SignedDuration {
        SignedDuration::from_micros(self.answers.age_us())
    }

    /// Where attempts belong, less the streams to which an open incident explains them.
    fn route(&mut self, dims: &[(&str, &str)], attempts: u64) -> Route {
        let incidents = &self.incidents;
        let mut route = self
            .streams
            .route(self.now, dims, attempts, |index| incidents.concern(index));
        let mut covering = Vec::new();
        let mut beside = Vec::new();
        for incident in self.incidents.open() {
            let is_covered = match &incident.slice {
                Some(slice) => slice
                    .iter()
                    .all(|(dim, value)| dims.contains(&(dim, value))),
                None => self.streams.of(&route).any(|index| {
                    let is_of_class = matches!(self.streams.slot(index), Slot::Class(_));
                    !is_of_class && incident.bad.contains(&index)
                }),
            };
            let side = if is_covered {
                &mut covering
            } else {
                &mut beside
            };
            if is_covered || incident.slice.is_some() {
                side.extend_from_slice(&incident.bad);
            }
        }
        if !covering.is_empty() {
            route.keep(|index| covering.contains(&index));
        } else if !beside.is_empty() {
            route.keep(|index| !beside.contains(&index));
        }
        route
    }

    /// Of what entered, so many failed. What an open incident explains counts in its streams only.
    fn correct(&mut self, route: &Route, at: i64, failed: u64, class: FaultClass) {
        let counting = self
            .streams
            .of(route)
            .filter(|index| self.streams.slot(*index).counts(class));
        let counting: Vec<Index> = counting.collect();
        let unlocalized = self
            .incidents
            .open()
            .filter(|incident| incident.slice.is_none());
        let explaining = unlocalized.flat_map(|incident| incident.bad.iter().copied());
        let explaining: Vec<Index> = explaining
            .filter(|index| counting.contains(index))
            .collect();
        if explaining.is_empty() {
            self.streams.correct_everything(route, at, failed);
        }
        for index in counting {
            if !explaining.is_empty() && !explaining.contains(&index) {
                continue;
            }
            let stream = self.streams.stream_mut(index);
            stream.correct(at, failed);
            if !stream.is_bad() && !self.unjudged.contains(&index) {
                self.unjudged.push(index);
            }
        }
    }

    /// Time passes: what is not answered by its age has failed, and what is decided settles.
    fn move_to(&mut self, now: i64) {
        if now <= self.now {
            return;
        }
        let age_us = self.answers.age_us();
        while let Some((at, id)) = self.awaited.front().copied() {
            if !self.pending.contains_key(&id) {
                self.awaited.pop_front();
                continue;
            }
            if at + age_us > now {
                break;
            }
            self.awaited.pop_front();
            self.judge_before(at + age_us);
            if let Some(attempt) = self.pending.remove(&id) {
                self.correct(&attempt.route, attempt.at, 1, FaultClass::Unknown);
            }
        }
        let before = self.now;
        self.judge_before(now);
        self.settle(before, age_us);
    }

    /// Judges the moment that is over, if one is.
    fn judge_before(&mut self, now: i64) {
        if now > self.now {
            self.judge();
            self.now = now;
        }
    }

    fn settle(&mut self, before: i64, age_us: i64) {
        let passes = |span_us: i64| before.div_euclid(span_us) != self.now.div_euclid(span_us);
        if !passes(SECOND_US) {
            return;
        }
        let (is_follow_due, is_hour_over) = (passes(FOLLOW_US), passes(HOUR_US));
        for (index, decided_at, end) in self.streams.settle(self.now, age_us) {
            let until = match end {
                End::Recovered { until } => Some(until),
                End::BecameUsual { .. } => None,
            };
            let closed = self.incidents.end(index, until, decided_at);
            if until.is_none() {
                self.streams.unlearn_beside(index);
                self.streams.follow(self.now);
            }
            if closed.is_some() {
                self.streams.forgive_beside(index);
            }
            self.found.extend(closed);
        }
        if is_follow_due {
            self.streams.follow(self.now);
            self.incidents.forget(self.now);
        }
        if is_hour_over {
            self.streams.halve();
            self.answers.learn();
        }
    }

    /// Opens what must be opened, the strongest evidence first: it may explain the others.
    fn judge(&mut self) {
        let unjudged = std::mem::take(&mut self.unjudged);
        loop {
            let alarms = unjudged
                .iter()
                .filter_map(|index| Some((*index, self.streams.stream(*index).alarm()?)));
            let strongest = alarms.max_by(|(a_index, a), (b_index, b)| {
                a.evidence.total_cmp(&b.evidence).then(b_index.cmp(a_index))
            });
            let Some((index, alarm)) = strongest else {
                return;
            };
            let stream = self.streams.stream_mut(index);
            let usual = stream.usual();
            stream.open(alarm, self.now);
            self.streams.explain_beside(index, alarm.since, self.now);
            let slot = self.streams.slot(index);
            let onset = Onset {
                stream: index,
                slot,
                since: alarm.since,
                at: self.now,
                usual,
            };
            let is_general = |index| self.streams.slot(index).is_general();
            self.found.extend(self.incidents.begin(&onset, is_general));
        }
    }

    /// Keeps what is awaited bounded.
    fn forget_oldest(&mut self) {
        while self.awaited.len() > 2 * PENDING_MAX || self.pending.len() > PENDING_MAX {
            let Some((_, id)) = self.awaited.pop_front() else {
                return;
            };
            self.pending.remove(&id);
        }
    }
}
