//! What the doctor says of things that are wrong in one way each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value)] // `json!({…})` as an argument reads better without a borrow

mod claims;
mod errors;
mod form;
mod har;
mod join;
mod kinds;
mod patient;
mod properties;
mod report;
mod secret;
mod shown;
mod times;
