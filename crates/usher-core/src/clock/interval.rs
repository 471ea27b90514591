//! A span of possible offsets.

use jiff::SignedDuration;

/// All offsets from `lo` to `hi`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The least offset that is possible.
    pub lo: SignedDuration,
    /// The greatest.
    pub hi: SignedDuration,
}

impl Interval {
    /// How much is not known.
    pub fn width(self) -> SignedDuration {
        self.hi - self.lo
    }

    /// The offset in the middle: not more likely than the others.
    pub fn middle(self) -> SignedDuration {
        self.lo + self.width() / 2
    }

    /// Whether the offset is possible.
    pub fn contains(self, offset: SignedDuration) -> bool {
        self.lo <= offset && offset <= self.hi
    }

    /// What both allow; none if they contradict each other.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let lo = self.lo.max(other.lo);
        let hi = self.hi.min(other.hi);
        (lo <= hi).then_some(Self { lo, hi })
    }

    /// What either allows, and all between.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// By so much more on both sides.
    pub(super) fn widened(self, by: SignedDuration) -> Self {
        Self {
            lo: self.lo - by,
            hi: self.hi + by,
        }
    }

    /// In milliseconds, rounded outwards, so that it still holds.
    pub fn as_millis(self) -> [i64; 2] {
        let micros = |duration: SignedDuration| {
            i64::try_from(duration.as_micros()).unwrap_or(if duration.is_negative() {
                i64::MIN
            } else {
                i64::MAX
            })
        };
        [
            micros(self.lo).div_euclid(1000),
            -(micros(self.hi).saturating_neg().div_euclid(1000)),
        ]
    }
}
