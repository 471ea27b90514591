//! The HTTP API through its router, with a fixed clock and seeded ids, over a real store in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod app;
mod attempts;
mod compat;
mod events;
mod handed_in;
mod joins;
mod meetings;
mod openapi;
mod shape;
mod signatures;
mod stats;
#[path = "../stores/mod.rs"]
mod stores;
mod stream;
mod webhooks;
mod witnesses;
mod zoom;
