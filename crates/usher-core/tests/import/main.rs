//! Reading a line of somebody else's log.
#![allow(clippy::unwrap_used, clippy::panic)]

mod identity;
mod mapping;
mod moments;
mod properties;
mod rows;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use usher_core::import::{Cell, Mapping, Options, Overrides, Row, RowRefusal, row};

/// 2026-01-01, a fixed now.
pub(crate) fn options() -> Options {
    Options {
        now: Timestamp::from_second(1_767_225_600).unwrap(),
        zone: None,
        dimensions_max: 16,
    }
}

pub(crate) fn in_zone(zone: TimeZone) -> Options {
    Options {
        zone: Some(zone),
        ..options()
    }
}

/// New York's rules without a database of zones.
pub(crate) fn new_york() -> TimeZone {
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()
}

/// Reads one JSON line with the guessed mapping.
pub(crate) fn line(json: &str) -> Result<Row, RowRefusal> {
    mapped(json, "")
}

pub(crate) fn mapped(json: &str, map: &str) -> Result<Row, RowRefusal> {
    let object: Map<String, Value> = serde_json::from_str(json).unwrap();
    let overrides = Overrides::parse(map).unwrap();
    let mapping = Mapping::of_object(object.keys().map(String::as_str), &overrides);
    row(object.values().map(Cell::Json), &mapping, &options())
}

/// Reads one line of a table whose columns are named in the first.
pub(crate) fn table(columns: &str, cells: &str) -> Result<Row, RowRefusal> {
    let columns: Vec<&str> = columns.split(',').collect();
    let mapping = Mapping::of_table(&columns, &Overrides::default()).unwrap();
    row(cells.split(',').map(Cell::Text), &mapping, &options())
}
