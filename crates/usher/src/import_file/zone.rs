//! The zone of times that name none.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// A zone that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no time zone {0:?}; give a name such as Asia/Tokyo, UTC, or an offset such as +09:00"
)]
pub struct UnknownZone(String);

/// Reads `Asia/Tokyo`, `UTC`, `+09:00` or `+0900`.
pub fn zone(text: &str) -> Result<TimeZone, UnknownZone> {
    let text = text.trim();
    if text.starts_with(['+', '-']) {
        let offset = ["%:z", "%z"]
            .iter()
            .find_map(|format| strtime::parse(format, text).ok()?.offset());
        return offset
            .map(TimeZone::fixed)
            .ok_or_else(|| UnknownZone(text.to_owned()));
    }
    TimeZone::get(text).map_err(|_| UnknownZone(text.to_owned()))
}
