//! Zoom's webhooks: verified, read, matched to attempts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod golden;
mod matching;
mod reading;
mod signed;
mod verifying;
