//! Counts and times as numbers, and sums of what is kept as logarithms.

use jiff::Timestamp;

/// Microseconds of a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Microseconds of an hour.
pub(super) const HOUR_US: i64 = 3600 * SECOND_US;

/// Microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The moment of so many microseconds since 1970.
pub(super) fn moment(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(if us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// A count or a span as a number to reckon with. Exact up to 2^53: as microseconds 285 years.
#[allow(clippy::cast_precision_loss)]
pub(super) fn real(count: impl TryInto<i64>) -> f64 {
    count.try_into().unwrap_or(i64::MAX) as f64
}

/// ln(eᵃ + eᵇ); −∞ stands for nothing.
pub(super) fn ln_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    // Less than the last digit; so is nothing to anything, and anything to infinity.
    if low == f64::NEG_INFINITY || high - low > 37.0 {
        return high;
    }
    // Not `ln_1p`, which takes twice as long: the difference is less than the last digit of `high`, or of no weight beside it.
    high + (1.0 + (low - high).exp()).ln()
}

/// The probability of log-odds.
pub(super) fn logit_inverse(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The log-odds of a probability.
pub(super) fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}
