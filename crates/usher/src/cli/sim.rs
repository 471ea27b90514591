//! `usher sim`: the local Zoom.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use usher_sim::{Options, RuleSetting, Scenario, Simulator};

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
    /// A rule of `join()` to enforce, in place of the scenario's: a check with true, false or the date from which it holds
    /// (`external_account=2026-03-02`), or a limit (`minimum_sdk_version=6.2.0`); docs/simulator.md lists them
    #[arg(long = "rule", value_name = "NAME[=VALUE]")]
    rules: Vec<RuleSetting>,
}

pub(super) async fn run(args: &Sim, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut scenario = match &args.scenario {
        Some(file) => Scenario::read(file)?,
        None => Scenario::demo(),
    };
    for setting in &args.rules {
        scenario.rules = scenario.rules.with(setting.clone())?;
    }
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
