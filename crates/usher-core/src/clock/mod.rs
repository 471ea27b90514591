//! The clock witness: how far our clock is from Zoom's, from the `Date` of Zoom's answers.
//!
//! Offsets are *ours minus Zoom's*: positive means that ours is ahead. Each answer bounds the offset by an interval ([`Reading::offset`]),
//! and what is known is where the intervals of several answers agree ([`ClockWitness::estimate`]): after Marzullo, "Maintaining the time
//! in a distributed system", 1984, with each server followed on its own, so that one that lies does not spoil what the others say.
//! What is known gets older: between readings the interval widens by [`DRIFT_MAX_PPM`], so it forgets by itself.
//!
//! That the `Date` of Zoom's edge is the clock of whatever verifies signatures is unverified.

mod estimate;
mod interval;
mod probe;
mod reading;
mod track;
mod witness;

pub use estimate::{Bearing, Estimate, Jump, MOVED_MAX, Statement};
pub use interval::Interval;
pub use probe::send_at;
pub use reading::{NoReading, Reading};
pub use track::DRIFT_MAX_PPM;
pub use witness::{ClockWitness, SERVERS_MAX};
