//! What every store must do, whatever keeps it: each case runs on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod copy;
mod directory;
mod duties;
mod instances;
mod journal;
mod lists;
mod notifications;
mod reports;
mod retention;
mod signatures;
mod stats;
#[path = "../stores/mod.rs"]
mod stores;
mod versions;
mod witness_lines;
