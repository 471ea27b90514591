//! What one server's answers say together.

use jiff::{SignedDuration, Timestamp};

use super::{Interval, Jump, Reading};

/// How fast our clock may run from a server's, in parts per million. An undisciplined crystal drifts by less than 100 (RFC 5905 takes 15);
/// 500 is what Linux slews at most when it is being put right (`adjtimex(2)`).
pub const DRIFT_MAX_PPM: i32 = 500;

/// Answers that lie apart by no more are no contradiction: behind one name stand several machines, each right to some hundredths of a
/// second, and some keep the text of `Date` for up to a second. Then both are possible.
pub(super) const APART_MAX: SignedDuration = SignedDuration::from_millis(1500);

/// The offset to one server, as its answers bound it.
#[derive(Debug, Clone)]
pub(super) struct Track {
    is_verified: bool,
    current: Belief,
    /// What the last answer says, if it contradicts all before: either it lies, or our clock was set.
    challenger: Option<Belief>,
}

/// Answers that agree.
#[derive(Debug, Clone)]
struct Belief {
    offset: Interval,
    /// When `offset` was right.
    at: Timestamp,
    readings: u32,
    /// The `Date` of the first.
    first_date: Timestamp,
    /// The answers have more than one `Date`: the clock behind them goes.
    goes: bool,
}

impl Belief {
    fn of(reading: &Reading) -> Self {
        Self {
            offset: when_received(reading),
            at: reading.received_at,
            readings: 1,
            first_date: reading.date,
            goes: false,
        }
    }

    fn at(&self, now: Timestamp) -> Interval {
        // Our clock may have been set back since.
        let age = now.duration_since(self.at).abs();
        self.offset.widened(drift_max(age))
    }

    fn step(&mut self, by: Interval) {
        self.offset.lo += by.lo;
        self.offset.hi += by.hi;
        self.at = self.at.checked_add(by.middle()).unwrap_or(self.at);
    }

    /// Takes the reading in; `false` if it contradicts.
    fn admit(&mut self, reading: &Reading) -> bool {
        let known = self.at(reading.received_at);
        let said = when_received(reading);
        let apart = (said.lo - known.hi).max(known.lo - said.hi);
        self.offset = match known.intersection(said) {
            Some(offset) => offset,
            None if apart <= APART_MAX => known.hull(said),
            None => return false,
        };
        self.at = reading.received_at;
        self.readings = self.readings.saturating_add(1);
        self.goes |= reading.date != self.first_date;
        true
    }
}

/// The offset when the answer came, a little after the moment that its `Date` is of.
fn when_received(reading: &Reading) -> Interval {
    let round_trip = reading.received_at.duration_since(reading.sent_at);
    reading.offset().widened(drift_max(round_trip))
}

/// How much our clock may have drifted in that time.
pub(super) fn drift_max(time: SignedDuration) -> SignedDuration {
    time / (1_000_000 / DRIFT_MAX_PPM)
}

impl Track {
    pub(super) fn of(reading: &Reading) -> Self {
        Self {
            is_verified: reading.is_verified,
            current: Belief::of(reading),
            challenger: None,
        }
    }

    /// Takes a reading in. Two in a row that agree with each other and contradict all before are a jump, if a second passed between them: a
    /// `Date` that stands still agrees with itself, too.
    pub(super) fn add(&mut self, reading: &Reading) -> Option<Jump> {
        self.is_verified &= reading.is_verified;
        if self.current.admit(reading) {
            self.challenger = None;
            return None;
        }
        let Some(mut challenger) = self.challenger.take() else {
            self.challenger = Some(Belief::of(reading));
            return None;
        };
        if !challenger.admit(reading) {
            self.challenger = Some(Belief::of(reading));
            return None;
        }
        if !challenger.goes {
            self.challenger = Some(challenger);
            return None;
        }
        let before = self.current.at(reading.received_at);
        let jump = Jump {
            at: reading.received_at,
            by: Interval {
                lo: challenger.offset.lo - before.hi,
                hi: challenger.offset.hi - before.lo,
            },
        };
        self.current = challenger;
        Some(jump)
    }

    /// Our clock was set.
    pub(super) fn step(&mut self, by: Interval) {
        self.current.step(by);
        if let Some(challenger) = &mut self.challenger {
            challenger.step(by);
        }
    }

    /// What the server says, with both sides of a contradiction that is open.
    pub(super) fn offset(&self, now: Timestamp) -> Interval {
        let current = self.current.at(now);
        match &self.challenger {
            Some(challenger) => current.hull(challenger.at(now)),
            None => current,
        }
    }

    /// What it said before it contradicted itself, if it does: one odd answer does not undo what many said.
    pub(super) fn trusted(&self, now: Timestamp) -> Interval {
        self.current.at(now)
    }

    /// Its answers show a clock that goes.
    pub(super) fn goes(&self) -> bool {
        self.current.goes
    }

    pub(super) fn is_contradicted(&self) -> bool {
        self.challenger.is_some()
    }

    pub(super) fn is_verified(&self) -> bool {
        self.is_verified
    }

    pub(super) fn readings(&self) -> u32 {
        self.current.readings
    }

    /// When it last spoke.
    pub(super) fn heard_at(&self) -> Timestamp {
        match &self.challenger {
            Some(challenger) => challenger.at.max(self.current.at),
            None => self.current.at,
        }
    }

    pub(super) fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.heard_at()).abs()
    }
}
