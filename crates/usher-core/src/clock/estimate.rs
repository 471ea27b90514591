//! What is known of our clock as of a moment, and how far minting may lean on it.

use jiff::{SignedDuration, Timestamp};

use super::Interval;
use super::track::drift_max;
use super::witness::FORGOTTEN_AFTER;

/// How far a signature's times may be moved on the word of a single host, and that only to earlier: what one host says may be a proxy's
/// mistake, and too early by this costs a join nothing but lifetime.
pub const MOVED_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What one server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The host.
    pub server: String,
    /// Our clock minus its. Both sides of it, while its answers contradict each other.
    pub offset: Interval,
    /// All its readings were of a host whose name TLS proved.
    pub is_verified: bool,
    /// Its last answer contradicts those before: it lies, or our clock was set.
    pub is_contradicted: bool,
    /// Its answers have more than one `Date`: the clock behind them goes.
    pub goes: bool,
    /// How many of its answers agree.
    pub readings: u32,
    /// When it last answered.
    pub heard_at: Timestamp,
}

/// A server's clock and ours have moved apart, or ours was set: by as much as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// When it was found, on our clock after it.
    pub at: Timestamp,
    /// How much was added to our clock.
    pub by: Interval,
}

/// Our clock minus Zoom's, as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// As of when, on our clock.
    pub at: Timestamp,
    /// What the most servers agree on; what any says if there are several such groups. None without readings.
    pub offset: Option<Interval>,
    /// The same without what contradicts and is not confirmed yet: what to act on.
    pub trusted: Option<Interval>,
    /// Two hosts, both proven by TLS and with clocks that go, agree on it.
    pub is_corroborated: bool,
    /// What each server says, those that agree first.
    pub statements: Vec<Statement>,
    /// How many of the statements, from the first, agree on `offset`; 0 if several groups of servers contradict each other.
    pub agreeing: usize,
    /// How fast our clock gains on Zoom's, in parts per million, from least to most; none before an hour of readings without a jump.
    pub drift_ppm: Option<[f64; 2]>,
    /// The last time that our clock was set, as [`super::ClockWitness::step`] was told.
    pub last_jump: Option<Jump>,
}

impl Estimate {
    /// The servers that say otherwise.
    pub fn dissenting(&self) -> &[Statement] {
        self.statements.get(self.agreeing..).unwrap_or_default()
    }

    /// What minting needs of it.
    pub fn bearing(&self) -> Bearing {
        Bearing {
            at: self.at,
            offset: self.offset,
            trusted: self.trusted,
            is_corroborated: self.is_corroborated,
        }
    }
}

/// What minting needs of an [`Estimate`], small enough to be copied for every join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearing {
    /// As of when, on our clock.
    pub at: Timestamp,
    /// Our clock minus Zoom's; none without readings.
    pub offset: Option<Interval>,
    /// The same without what is not confirmed yet.
    pub trusted: Option<Interval>,
    /// Two hosts, both proven by TLS, agree on what is trusted.
    pub is_corroborated: bool,
}

impl Bearing {
    /// The same knowledge at another moment: older, so less exact.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        let age = now.duration_since(self.at).abs();
        let is_known = age < FORGOTTEN_AFTER;
        let widened = |offset: Interval| offset.widened(drift_max(age));
        Self {
            at: now,
            offset: self.offset.filter(|_| is_known).map(widened),
            trusted: self.trusted.filter(|_| is_known).map(widened),
            is_corroborated: self.is_corroborated && is_known,
        }
    }

    /// What to take off our clock for a time that Zoom must not find in its future. Negative: to add to it.
    ///
    /// Zoom's clock stands at least at ours minus the upper end of the offset. With two hosts that agree, that is it. With less, it is
    /// never later than our own clock, and earlier by at most [`MOVED_MAX`].
    pub fn correction(&self) -> SignedDuration {
        match self.trusted {
            None => SignedDuration::ZERO,
            Some(offset) if self.is_corroborated => offset.hi,
            Some(offset) => offset.hi.clamp(SignedDuration::ZERO, MOVED_MAX),
        }
    }

    /// The time to sign with, where our clock shows `now`.
    pub fn dated(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.correction()).unwrap_or(now)
    }

    /// The correction in milliseconds, away from zero; none if there is none.
    pub fn correction_ms(&self) -> Option<i64> {
        let correction = self.correction();
        let away_from_zero = Interval {
            lo: correction.min(SignedDuration::ZERO),
            hi: correction.max(SignedDuration::ZERO),
        };
        let [lo, hi] = away_from_zero.as_millis();
        Some(lo + hi).filter(|ms| *ms != 0)
    }
}
