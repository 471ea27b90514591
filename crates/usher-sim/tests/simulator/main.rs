//! Drives the simulator through its sockets, as Usher and the SDK do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attendance;
mod clocks;
mod deliveries;
mod dialects;
mod faults;
mod join;
mod people;
mod receiver;
mod report;
mod rest;
mod rules;
mod scenario;
mod status_page;
mod tls;
mod webhooks;
mod zoom;
