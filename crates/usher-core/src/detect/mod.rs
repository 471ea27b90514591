//! The detector: when do attempts fail more than they usually do, since when, and until when?
//!
//! It has one setting: how rarely an incident may open for nothing ([`FALSE_ALARMS`]), over all its streams together. Everything else is
//! learned, or a constant with its reason beside it. Time is an argument; the same input gives the same incidents.
//!
//! * [`Detector`]: attempts and counts in, [`Change`]s out.
//! * `process`: the evidence of one stream: a mixture of Shiryaev–Roberts statistics, and why news that comes late can't raise a false alarm.
//! * `page`: since when, after Page 1954. `recovery`: until when, by the reversed process.
//! * `baseline`: how much a stream usually fails, at most.
//! * `streams`, `dimension`: which slices are watched, and their shares of the budget.
//! * `incidents`: which alarms are one incident, and what an open one explains.
//!
//! References: Page, "Continuous inspection schemes", 1954; Lorden, "Procedures for reacting to a change in distribution", 1971;
//! Moustakides, "Optimal stopping times for detecting changes in distributions", 1986; Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for
//! sequential change detection", 2023.

// The six terms of a mixture stand side by side in several arrays; an index reads better there than three zipped iterators.
#![allow(clippy::needless_range_loop)]

mod answers;
mod baseline;
mod detector;
mod dimension;
mod incidents;
mod ladder;
mod numeric;
mod page;
mod process;
mod recovery;
mod slot;
mod stream;
mod streams;

use jiff::SignedDuration;

pub use detector::{Counts, Detector, PENDING_MAX, Start};
pub use incidents::{Change, IncidentId};
pub use ladder::{USUAL_MAX, USUAL_MIN};
pub use process::{Process, Second};
pub use slot::Slot;
pub use streams::SLOTS_MAX;

/// One incident may open for nothing within that time, on average: thirty days.
pub const FALSE_ALARMS: SignedDuration = SignedDuration::from_hours(30 * 24);
