//! `usher sim`: the local Zoom.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Exit, Failure};

/// Run a local Zoom to test against: OAuth, meetings, ZAKs and the check behind the SDK's join()
#[derive(Debug, clap::Args)]
pub struct Sim {
    /// Address for http
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "A")]
    listen: SocketAddr,
    /// Address for https, with a certificate made at start (GET /_sim/ca.pem)
    #[arg(long, value_name = "A")]
    tls_listen: Option<SocketAddr>,
    /// File with apps, accounts, meetings and rules (docs/simulator.md) [default: the demo's]
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}
