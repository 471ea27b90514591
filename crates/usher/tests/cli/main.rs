//! The binary as a person runs it: exit code, stdout and stderr.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attempts;
mod check;
mod doctor;
mod doctor_har;
mod explain;
mod explain_log;
mod import;
mod migrate;
mod process;
mod serve;
mod set_up;
mod sign;
mod signatures;
mod store;
#[path = "../stores/mod.rs"]
mod stores;
