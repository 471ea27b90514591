//! Our clock, with a second one beside it that nobody sets.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use usher_core::clock::Interval;

/// Readings of the two clocks that lie further apart were interrupted, and are taken again.
const APART_MAX: SignedDuration = SignedDuration::from_millis(1);
const TRIES: u32 = 3;

/// Where the time comes from: the machine in production, fixed in tests.
#[derive(Debug, Clone, Copy)]
pub struct Timepiece {
    /// Our clock, which can be set.
    pub wall: fn() -> Timestamp,
    /// How long the machine has been up: runs as our clock does, slept time included, and can't be set.
    pub since_boot: fn() -> SignedDuration,
}

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) wall: Timestamp,
    /// Read just before our clock and just after.
    since_boot: Interval,
}

impl Timepiece {
    /// The machine's.
    pub fn of_the_machine() -> Self {
        Self {
            wall: Timestamp::now,
            since_boot,
        }
    }

    pub(super) fn read(&self) -> Mark {
        let mut mark = self.read_once();
        for _ in 1..TRIES {
            if mark.since_boot.width() <= APART_MAX {
                break;
            }
            mark = self.read_once();
        }
        mark
    }

    fn read_once(&self) -> Mark {
        let lo = (self.since_boot)();
        let wall = (self.wall)();
        let hi = (self.since_boot)();
        Mark {
            wall,
            since_boot: Interval { lo, hi },
        }
    }
}

impl Mark {
    /// How much was added to our clock since an earlier moment, by somebody who set it. None if nobody did.
    pub(super) fn set_since(&self, earlier: &Mark) -> Option<Interval> {
        let shown = self.wall.duration_since(earlier.wall);
        let by = Interval {
            lo: shown - (self.since_boot.hi - earlier.since_boot.lo),
            hi: shown - (self.since_boot.lo - earlier.since_boot.hi),
        };
        (!by.contains(SignedDuration::ZERO)).then_some(by)
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> SignedDuration {
    duration(clock_gettime(ClockId::Boottime))
}

/// Elsewhere the clock that is never set stands still while the machine sleeps, so that waking looks as if ours had been set.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> SignedDuration {
    duration(clock_gettime(ClockId::Monotonic))
}

fn duration(time: rustix::time::Timespec) -> SignedDuration {
    SignedDuration::try_from(Duration::try_from(time).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(wall_ms: i64, lo_us: i64, hi_us: i64) -> Mark {
        Mark {
            wall: Timestamp::from_millisecond(wall_ms).unwrap(),
            since_boot: Interval {
                lo: SignedDuration::from_micros(lo_us),
                hi: SignedDuration::from_micros(hi_us),
            },
        }
    }

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_went_on() {
        let before = mark(1_000_000, 500_000, 500_010);
        assert_eq!(
            mark(1_001_000, 1_499_995, 1_500_005).set_since(&before),
            None
        );
        let by = mark(1_601_000, 1_499_995, 1_500_005).set_since(&before);
        let by = by.unwrap();
        assert!(by.contains(SignedDuration::from_secs(600)), "{by:?}");
        assert!(by.width() < SignedDuration::from_millis(1));
    }

    #[test]
    fn the_machines_own_clocks_run_alike() {
        let timepiece = Timepiece::of_the_machine();
        let before = timepiece.read();
        assert_eq!(timepiece.read().set_since(&before), None);
    }
}
