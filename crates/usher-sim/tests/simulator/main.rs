//! Drives the simulator through its sockets, as Usher and the SDK do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clocks;
mod dialects;
mod faults;
mod join;
mod people;
mod rest;
mod scenario;
mod tls;
mod zoom;
