//! `usher serve`: the service.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{Exit, Failure, master_key, now, random, stop_signal};
use crate::config::Config;
use crate::directory::{Directory, keep_fresh};
use crate::http::{self, AppState, Moment};
use crate::zoom::ZoomClient;

/// How long answers in flight may take after SIGTERM: as long as the slowest (a host's ZAK) may.
const DRAIN: Duration = Duration::from_secs(20);

/// Run the service
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(
    args: &Serve,
    mut config: Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    log_to_stderr();
    let stop = CancellationToken::new();
    let listener = listen(&config).await?;
    let address = listener.local_addr()?;
    let state = state(config).await?;
    let stop_signal = stop_signal()?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        stop_signal.await;
        tracing::info!("stopping: no new connections, answers in flight finish");
        stopping.cancel();
    });
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    let directory = Arc::clone(&state.directory);
    let looking = stop.clone();
    let fresh = tokio::spawn(keep_fresh(directory, looking));
    serve(listener, state, stop).await?;
    // It ends by writing the snapshot once more.
    fresh.await?;
    Ok(Exit::Fine)
}

/// Serves until told to stop, then lets answers in flight finish.
pub(super) async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let app = http::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let drained = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        result = drained.into_future() => result,
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!("stopped with connections still open");
            Ok(())
        }
    }
}

/// Everything that handlers use, from a configuration.
pub(super) async fn state(config: Config) -> Result<AppState, Failure> {
    let directory = Directory::start(config.files(), master_key(&config)?, now).await?;
    let zoom = ZoomClient::new(&config.zoom, config.accounts.clone(), now)?;
    let moment = Moment { now, random };
    Ok(AppState::new(
        Arc::new(config),
        Arc::new(directory),
        Arc::new(zoom),
        moment,
    ))
}

async fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        Failure::new(format!("can't listen on {}: {error}", config.listen))
            .hint("choose another address with --listen or USHER_LISTEN")
    })
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("USHER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Set before in the same process (the demo, a test): keep that one.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
}
