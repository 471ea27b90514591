//! The detector: what opens an incident, what doesn't, when it is over, and which alarms are one incident.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod baselines;
mod causes;
mod evidence;
mod news;
mod opening;
mod poor_input;
mod properties;
mod recovering;
mod world;
