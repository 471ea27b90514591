//! An attempt: one person trying once, told by events from the mint to Zoom's own confirmation.
//!
//! * [`AttemptId`]: travels as the SDK's `customerKey` and comes back in Zoom's webhooks.
//! * [`event`]: one fact, from one source.
//! * [`story`]: what all events of an attempt say together, and its outcome as of a moment.
//! * [`label`]: what others may put on it.
//! * [`burst`]: attempts that depend on each other, because a person tries again until it works.

pub mod burst;
pub mod event;
mod id;
pub mod label;
pub mod origin;
pub mod story;
mod told;

pub use id::{AttemptId, EARLIEST, can_have_begun};
