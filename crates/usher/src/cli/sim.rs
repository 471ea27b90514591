//! `usher sim`: the local Zoom.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use usher_sim::{Options, Scenario, Simulator};

use super::{Exit, Failure, stop_signal};

/// Run a local Zoom to test against: OAuth, meetings, ZAKs and the check behind the SDK's `join()`
#[derive(Debug, clap::Args)]
pub(super) struct Sim {
    /// Address for http
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "A")]
    listen: SocketAddr,
    /// Address for https, with a certificate made at start (GET /_sim/ca.pem); port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "A")]
    tls_listen: SocketAddr,
    /// File with apps, accounts, meetings and rules (docs/simulator.md) [default: the demo's]
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

pub(super) async fn run(args: &Sim, out: &mut impl Write) -> Result<Exit, Failure> {
    let scenario = match &args.scenario {
        Some(file) => Scenario::read(file)?,
        None => Scenario::demo(),
    };
    let options = Options {
        listen: args.listen,
        tls_listen: Some(args.tls_listen),
        scenario,
    };
    let stop_signal = stop_signal()?;
    let simulator = Simulator::start(options).await?;
    let urls = [Some(simulator.http_url()), simulator.https_url()];
    for url in urls.iter().flatten() {
        writeln!(out, "listening on {url}")?;
    }
    out.flush()?;
    stop_signal.await;
    simulator.shutdown().await;
    Ok(Exit::Fine)
}
