//! The adapters around `usher-core`: configuration, store, Zoom client, HTTP and command line.
//!
//! A library so that tests can drive the router; the one binary is `main.rs`.
