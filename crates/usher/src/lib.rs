//! The adapters around `usher-core`: configuration, store, Zoom client, HTTP and command line.
//!
//! A library so that tests can drive the router; the one binary is `main.rs`.

mod check;
pub mod cli;
pub mod config;
pub mod directory;
pub mod duties;
pub mod http;
pub mod import_file;
pub mod journal;
pub mod mint;
mod panics;
pub mod seal;
pub mod store;
mod story;
mod text_file;
mod unknown_key;
pub mod webhooks;
pub mod witnesses;
pub mod zoom;
