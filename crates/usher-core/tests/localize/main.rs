//! Where failures are.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss
)]

mod answers;
mod expected;
mod limits;
mod nesting;
mod properties;

use jiff::{SignedDuration, Timestamp};
use usher_core::localize::{Cube, Found, Localization, Role, Spans};

/// Half an hour in question, after four hours that say what is usual.
pub(crate) fn spans() -> Spans {
    Spans {
        window: minute(0)..minute(30),
        baseline: minute(-240)..minute(0),
    }
}

pub(crate) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_mins(minute)
}

/// Adds a row of counts to each minute of a span.
pub(crate) fn each_minute(
    cube: &mut Cube,
    minutes: std::ops::Range<i64>,
    dims: &[(&str, &str)],
    attempts: u64,
    failed: u64,
) {
    for at in minutes {
        cube.add(minute(at), dims.iter().copied(), attempts, failed);
    }
}

/// `tenant=acme, view=client`; `everybody`.
pub(crate) fn shown(found: &Found) -> String {
    let conditions: Vec<String> = found
        .slice
        .iter()
        .map(|c| format!("{}={}", c.dim, c.value))
        .collect();
    if conditions.is_empty() {
        return "everybody".to_owned();
    }
    conditions.join(", ")
}

/// The causes that are claimed, ties left out.
pub(crate) fn claimed(found: &Localization) -> Vec<String> {
    let claimed = found
        .slices
        .iter()
        .filter(|slice| !matches!(slice.role, Role::TieOf(_)));
    claimed.map(shown).collect()
}

pub(crate) const TENANTS: [&str; 5] = ["acme", "globex", "hooli", "initech", "umbrella"];
pub(crate) const BROWSERS: [&str; 4] = ["Chrome", "Edge", "Firefox", "Safari"];

/// Forty attempts a minute of each tenant with each browser, one of which fails.
pub(crate) fn usual_traffic(cube: &mut Cube, minutes: std::ops::Range<i64>) {
    for tenant in TENANTS {
        for browser in BROWSERS {
            each_minute(
                cube,
                minutes.clone(),
                &[("tenant", tenant), ("browser", browser)],
                40,
                1,
            );
        }
    }
}
