//! How each kind of store can fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod postgres;
mod sqlite;
#[path = "../stores/mod.rs"]
mod stores;
