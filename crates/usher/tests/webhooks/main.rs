//! From a mint to Zoom's own word about it: Usher and the simulator over sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reports;
mod service;
mod told;
mod watching;
