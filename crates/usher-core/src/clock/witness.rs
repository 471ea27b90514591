//! All servers' clocks, and where they agree.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::track::{APART_MAX, Track};
use super::{Estimate, Interval, Jump, Reading, Statement};

/// Servers that are followed: Zoom has a handful that we talk to.
pub const SERVERS_MAX: usize = 16;
/// A server that was silent for this long is forgotten: its interval is more than a minute wide by then.
pub(super) const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Between two marks that the drift is told from.
const MARK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// A day of marks.
const MARKS_MAX: usize = 144;
/// Less tells a drift from nothing but the intervals' width.
const DRIFT_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Follows the clocks of several servers.
#[derive(Debug, Clone, Default)]
pub struct ClockWitness {
    tracks: BTreeMap<String, Track>,
    marks: VecDeque<(Timestamp, Interval)>,
    last_jump: Option<Jump>,
}

impl ClockWitness {
    /// Takes a reading in; says if the server's clock and ours have moved apart: one of them was set, or something answers in its place.
    /// Whoever tells steps of ours ([`ClockWitness::step`]) knows that it is not ours.
    pub fn add(&mut self, reading: &Reading) -> Option<Jump> {
        let now = reading.received_at;
        self.tracks
            .retain(|_, track| track.age(now) < FORGOTTEN_AFTER);
        let jump = if let Some(track) = self.tracks.get_mut(&reading.server) {
            track.add(reading)
        } else {
            if self.tracks.len() < SERVERS_MAX {
                self.tracks
                    .insert(reading.server.clone(), Track::of(reading));
            }
            None
        };
        if jump.is_some() {
            self.marks.clear();
        }
        self.mark(now);
        jump
    }

    /// Our clock was set, as whoever has a monotonic clock beside it can tell: it shows `at` now, and `by` more than it would have. Without
    /// this, a step is noticed only if it is greater than what is not known.
    pub fn step(&mut self, at: Timestamp, by: Interval) {
        for track in self.tracks.values_mut() {
            track.step(by);
        }
        self.last_jump = Some(Jump { at, by });
        self.marks.clear();
        self.mark(at);
    }

    /// What is known as of `now`, on our clock.
    pub fn estimate(&self, now: Timestamp) -> Estimate {
        // What is silent for too long is as good as unknown.
        let tracks = self
            .tracks
            .iter()
            .filter(|(_, track)| track.age(now) < FORGOTTEN_AFTER);
        let (offset, group) = self.agreement(now, Track::offset);
        let (trusted, trusted_group) = self.agreement(now, Track::trusted);
        let corroborating = tracks.clone().filter(|(_, track)| {
            let agrees = trusted_group.is_some_and(|group| {
                track
                    .trusted(now)
                    .widened(APART_MAX / 2)
                    .intersection(group)
                    .is_some()
            });
            agrees && track.is_verified() && track.goes()
        });
        let is_corroborated = corroborating.count() >= 2;
        let statement = |(server, track): (&String, &Track)| Statement {
            server: server.clone(),
            offset: track.offset(now),
            is_verified: track.is_verified(),
            is_contradicted: track.is_contradicted(),
            goes: track.goes(),
            readings: track.readings(),
            heard_at: track.heard_at(),
        };
        let agrees = |statement: &Statement| {
            group.is_some_and(|group| statement.offset.intersection(group).is_some())
        };
        let mut statements: Vec<Statement> = tracks.map(statement).collect();
        statements.sort_by_key(|statement| !agrees(statement));
        let agreeing = statements.iter().filter(|statement| agrees(statement));
        Estimate {
            at: now,
            offset,
            trusted,
            is_corroborated,
            agreeing: agreeing.count(),
            statements,
            drift_ppm: offset.and_then(|offset| self.drift_ppm(now, offset)),
            last_jump: self.last_jump,
        }
    }

    /// Where the most servers agree; and again, if no other group of servers is as large.
    fn agreement(
        &self,
        now: Timestamp,
        said: fn(&Track, Timestamp) -> Interval,
    ) -> (Option<Interval>, Option<Interval>) {
        let offsets: Vec<Interval> = self
            .tracks
            .values()
            .filter(|track| track.age(now) < FORGOTTEN_AFTER)
            .map(|track| said(track, now))
            .collect();
        let tolerant = |offset: &Interval| offset.widened(APART_MAX / 2);
        // Wherever the most agree, one of their lower ends is there, too.
        let groups = offsets.iter().filter_map(|candidate| {
            let at = tolerant(candidate).lo;
            let members: Vec<Interval> = offsets
                .iter()
                .filter(|other| tolerant(other).contains(at))
                .copied()
                .collect();
            let mut others = members.iter();
            let first = *others.next()?;
            let common = others.try_fold(first, |common, other| common.intersection(*other));
            // Apart by no more than machines differ: each may be right.
            let common = common.or_else(|| members.iter().copied().reduce(Interval::hull))?;
            Some((members.len(), common))
        });
        let groups: Vec<(usize, Interval)> = groups.collect();
        let most = groups.iter().map(|(count, _)| *count).max().unwrap_or(0);
        let largest = groups.iter().filter(|(count, _)| *count == most);
        let mut largest: Vec<Interval> = largest.map(|(_, common)| *common).collect();
        largest.sort_by_key(|common| common.lo);
        largest.dedup();
        match largest.as_slice() {
            [one] => (Some(*one), Some(*one)),
            several => (several.iter().copied().reduce(Interval::hull), None),
        }
    }

    fn mark(&mut self, now: Timestamp) {
        let is_due = self
            .marks
            .back()
            .is_none_or(|(at, _)| now.duration_since(*at).abs() >= MARK_EVERY);
        if is_due && let (_, Some(group)) = self.agreement(now, Track::offset) {
            if self.marks.len() == MARKS_MAX {
                self.marks.pop_front();
            }
            self.marks.push_back((now, group));
        }
    }

    fn drift_ppm(&self, now: Timestamp, offset: Interval) -> Option<[f64; 2]> {
        let (at, then) = self.marks.front()?;
        let time = now.duration_since(*at);
        let ppm = |gained: SignedDuration| gained.as_secs_f64() / time.as_secs_f64() * 1e6;
        (time >= DRIFT_AFTER).then(|| [ppm(offset.lo - then.hi), ppm(offset.hi - then.lo)])
    }
}
