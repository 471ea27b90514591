//! When to ask, so that the answer tells most.

use jiff::{SignedDuration, Timestamp};

use super::Interval;

/// The first moment from `now` on at which to send a request, so that its answer halves the interval: Zoom's next second should turn just
/// when the request gets there, if the offset is in the middle of the interval. `round_trip` is what a request usually takes.
///
/// With an interval narrower than the round trip nothing is gained by waiting.
pub fn send_at(now: Timestamp, offset: Interval, round_trip: SignedDuration) -> Timestamp {
    const SECOND: SignedDuration = SignedDuration::from_secs(1);
    // Zoom's clock when a request sent now gets there, and how far into a second that is.
    let zooms = now.as_duration() - offset.middle() + round_trip / 2;
    let nanos = zooms.as_nanos().rem_euclid(SECOND.as_nanos());
    let into_second = SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0));
    now.checked_add(SECOND - into_second).unwrap_or(now)
}
