//! What clients and Zoom were answered, compared with the store, while the process is killed or the store is away.
//!
//! Few rounds here; `scripts/crash ROUNDS SECONDS` runs as many as wanted.

// What it prints is read by whoever runs `scripts/crash`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod deliveries;
mod full;
mod kill;
mod outage;
mod service;
#[path = "../stores/mod.rs"]
mod stores;

/// A number from the environment, for longer runs.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}
