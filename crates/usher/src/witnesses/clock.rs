//! The clock witness at work: hears the `Date` of every answer, and tells the mint what to take off our clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use usher_core::clock::{Bearing, ClockWitness, Estimate, Interval, Jump, NoReading, Reading};
use usher_core::witness::{Change, ClockLine, Line, What};

use super::log::Log;
use super::timepiece::{Mark, Timepiece};

/// One reading of each server is kept so often, beside those that tell something new.
const KEPT_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// A reading that narrows the interval to less than this part of it is news.
const NEWS: f64 = 0.9;
/// A change of the correction by less is none: `iat` is in whole seconds.
const CORRECTION_STEP: SignedDuration = SignedDuration::from_secs(1);
/// Our clock being set by less is not told: an NTP daemon does that when it starts.
const SET_TOLD: SignedDuration = SignedDuration::from_millis(128);

/// An answer as it was heard.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// The host that was asked.
    pub server: &'a str,
    /// TLS proved its name.
    pub is_verified: bool,
    /// On our clock.
    pub sent_at: Timestamp,
    /// On our clock.
    pub received_at: Timestamp,
    /// It is not a proxy's or a gateway's.
    pub is_its_own: bool,
    pub date: Option<&'a str>,
    pub age: Option<&'a str>,
}

/// What is known of our clock.
#[derive(Debug)]
pub struct Clock {
    timepiece: Timepiece,
    log: Log,
    known: Mutex<Known>,
    /// What minting needs, so that it never waits for `known`.
    held: RwLock<(Mark, Bearing)>,
}

#[derive(Debug)]
struct Known {
    witness: ClockWitness,
    kept_at: BTreeMap<String, Timestamp>,
    no_readings: BTreeMap<String, NoReading>,
    /// The correction that the change log told last.
    told: SignedDuration,
}

impl Clock {
    pub fn new(timepiece: Timepiece, log: Log) -> Self {
        let mark = timepiece.read();
        let bearing = ClockWitness::default().estimate(mark.wall).bearing();
        Self {
            timepiece,
            log,
            known: Mutex::new(Known {
                witness: ClockWitness::default(),
                kept_at: BTreeMap::new(),
                no_readings: BTreeMap::new(),
                told: SignedDuration::ZERO,
            }),
            held: RwLock::new((mark, bearing)),
        }
    }

    /// Takes in what an answer tells of the time.
    pub fn hear(&self, heard: &Heard<'_>) {
        let mut known = self.known();
        let now = self.notice_set(&mut known);
        let times = (heard.sent_at, heard.received_at);
        let reading = if heard.is_its_own {
            Reading::of_answer(
                heard.server,
                heard.is_verified,
                times,
                heard.date,
                heard.age,
            )
        } else {
            Err(NoReading::NotItsOwn)
        };
        match reading {
            Ok(reading) => self.take_in(&mut known, &reading, now),
            Err(no_reading) => {
                known
                    .no_readings
                    .insert(heard.server.to_owned(), no_reading);
            }
        }
    }

    /// What minting needs to know, as of now.
    pub fn bearing(&self) -> Bearing {
        let (mark, bearing) = self.held();
        let now = self.timepiece.read();
        if now.set_since(&mark).is_some() {
            let now = self.notice_set(&mut self.known());
            return self.held().1.as_of(now.wall);
        }
        bearing.as_of(now.wall)
    }

    /// All that is known, as of now.
    pub fn estimate(&self) -> Estimate {
        let mut known = self.known();
        let now = self.notice_set(&mut known);
        known.witness.estimate(now.wall)
    }

    /// The servers whose last answer told no time, and why.
    pub fn no_readings(&self) -> BTreeMap<String, NoReading> {
        self.known().no_readings.clone()
    }

    /// Notices that somebody set our clock since the last look, and moves what is known along. What it shows now.
    fn notice_set(&self, known: &mut Known) -> Mark {
        let (before, _) = self.held();
        let now = self.timepiece.read();
        if let Some(by) = now.set_since(&before) {
            known.witness.step(now.wall, by);
            self.tell_set(now.wall, by);
            self.hold(known, now);
        }
        now
    }

    fn take_in(&self, known: &mut Known, reading: &Reading, now: Mark) {
        let at = reading.received_at;
        let width = |known: &Known| {
            let offset = known.witness.estimate(at).offset;
            offset.map_or(f64::INFINITY, |offset| offset.width().as_secs_f64())
        };
        let before = width(known);
        let jump = known.witness.add(reading);
        if let Some(Jump { at, by }) = jump {
            let (seconds, way) = seconds_and_way(by.middle(), "behind", "ahead of");
            let server = &reading.server;
            self.tell(
                at,
                format!(
                    "{server} tells a time that is {seconds} s {way} what it told before: its clock was set, or something answers in its place."
                ),
            );
        }
        known.no_readings.remove(&reading.server);
        let after = width(known);
        let last = known.kept_at.get(&reading.server);
        let is_due = last.is_none_or(|last| at.duration_since(*last).abs() >= KEPT_EVERY);
        // Wider, too: it contradicts.
        if is_due || jump.is_some() || after < before * NEWS || after > before * 1.1 {
            known.kept_at.insert(reading.server.clone(), at);
            self.log.keep(Line::Clock(ClockLine::from(reading)));
        }
        self.hold(known, now);
    }

    fn hold(&self, known: &mut Known, now: Mark) {
        let bearing = known.witness.estimate(now.wall).bearing();
        let correction = bearing.correction();
        if (correction - known.told).abs() >= CORRECTION_STEP {
            self.tell(now.wall, correction_text(&bearing, correction));
            known.told = correction;
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = (now, bearing);
    }

    fn tell_set(&self, at: Timestamp, by: Interval) {
        if by.middle().abs() >= SET_TOLD {
            let (seconds, way) = seconds_and_way(by.middle(), "forward", "back");
            self.tell(
                at,
                format!("This machine's clock was set {way} by {seconds} s."),
            );
        }
    }

    fn tell(&self, at: Timestamp, text: String) {
        tracing::warn!("{text}");
        self.log.keep(Line::Change(Change {
            at,
            what: What::Other,
            text,
            release: None,
            environment: None,
            dims: BTreeMap::new(),
            instance: None,
        }));
    }

    fn held(&self) -> (Mark, Bearing) {
        *self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn correction_text(bearing: &Bearing, correction: SignedDuration) -> String {
    let Some(offset) = bearing.offset.filter(|_| !correction.is_zero()) else {
        return "Signatures are dated by this machine's clock as it is.".to_owned();
    };
    let (seconds, way) = seconds_and_way(correction, "earlier", "later");
    let [lo, hi] = offset.as_millis();
    let authority = if bearing.is_corroborated {
        "two hosts of Zoom agree"
    } else {
        "two hosts of Zoom do not confirm it, so it is moved by a minute at most, and only to earlier"
    };
    format!(
        "Signatures are dated {seconds} s {way} than this machine's clock: ours minus Zoom's is between {lo} and {hi} ms ({authority})."
    )
}

fn seconds_and_way(
    by: SignedDuration,
    positive: &'static str,
    negative: &'static str,
) -> (String, &'static str) {
    let way = if by.is_negative() { negative } else { positive };
    (format!("{:.1}", by.as_secs_f64().abs()), way)
}
