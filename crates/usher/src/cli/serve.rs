//! `usher serve`: the service.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use super::{Exit, Failure, master_key, now, random, stop_signal};
use crate::config::Config;
use crate::directory::{Directory, Sources, keep_fresh};
use crate::duties;
use crate::http::{self, AppState, Moment};
use crate::journal::Journal;
use crate::store::IfOlder;
use crate::webhooks;
use crate::witnesses::{Log, Timepiece, Witnesses, watch};
use crate::zoom::ZoomClient;

/// How long answers in flight may take after SIGTERM: as long as the slowest (a host's ZAK) may.
const DRAIN: Duration = Duration::from_secs(20);

/// Run the service
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Bring the store's tables to this version first, as `usher migrate` does
    #[arg(long)]
    migrate: bool,
}

pub(super) async fn run(
    args: &Serve,
    mut config: Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    let _log = log_to_stderr();
    let stop = CancellationToken::new();
    let listener = listen(&config)?;
    let address = listener.local_addr()?;
    // Pages are told where to report; without a public address it is the one that they can only reach from here.
    config
        .public_url
        .get_or_insert_with(|| format!("http://{address}"));
    let if_older = if args.migrate {
        IfOlder::Migrate
    } else {
        IfOlder::Refuse
    };
    let retention = config.retention;
    // From here on a signal ends it in order, also while the store is waited for.
    let mut stop_signal = Box::pin(stop_signal()?);
    let (state, writers) = tokio::select! {
        started = state(config, if_older, stop.clone()) => started?,
        () = &mut stop_signal => return Ok(Exit::Fine),
    };
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
    let mut all = duties::of_the_store(retention, now);
    all.extend(webhooks::duties(&state));
    let directory = Arc::clone(&state.directory);
    let duties = tokio::spawn(duties::perform(directory, all, stop.clone()));
    serve(listener, state, stop).await?;
    duties.await?;
    // It ends by writing the snapshot once more.
    fresh.await?;
    // What was recorded until now gets to disk.
    writers.finish().await?;
    Ok(Exit::Fine)
}

/// Serves and watches until told to stop, then lets answers in flight finish.
///
/// A connection that sends no whole header for 30 s is closed (the default of the server), so that idle ones don't pile up.
pub(super) async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: CancellationToken,
) -> io::Result<()> {
    let watching = tokio::spawn(watch(state.clone(), stop.clone()));
    let app = http::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .serve(app);
    tokio::pin!(server);
    tokio::select! {
        result = &mut server => return result,
        () = stop.cancelled() => handle.graceful_shutdown(Some(DRAIN)),
    }
    server.await?;
    watching.await.map_err(io::Error::other)
}

/// The tasks that bring to disk what the others say. Each ends when nobody can say anything any more.
pub(super) struct Writers {
    journal: JoinHandle<()>,
    log: JoinHandle<()>,
}

impl Writers {
    pub(super) async fn finish(self) -> Result<(), JoinError> {
        self.journal.await?;
        self.log.await
    }
}

/// Everything that handlers use, from a configuration.
pub(super) async fn state(
    config: Config,
    if_older: IfOlder,
    stop: CancellationToken,
) -> Result<(AppState, Writers), Failure> {
    let sources = Sources {
        if_older,
        ..config.sources()
    };
    let master_key = master_key(&config)?;
    let directory = Directory::start(sources, master_key, now).await?;
    let directory = Arc::new(directory);
    // Its writer goes on until nobody can record any more, so that answers in flight have their records, too.
    let (journal, journal_writer) = Journal::start(directory.clone(), config.data.clone());
    let (log, log_writer) = Log::start(Arc::clone(&directory), &config.instance);
    let witnesses = Arc::new(Witnesses::new(Timepiece::of_the_machine(), log));
    let zoom = ZoomClient::new(&config.zoom, config.accounts.clone(), now)?
        .watched_by(Arc::clone(&witnesses));
    let moment = Moment { now, random };
    let state = AppState::new(config, directory, zoom, witnesses, moment, journal, stop);
    let writers = Writers {
        journal: journal_writer,
        log: log_writer,
    };
    Ok((state, writers))
}

fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).map_err(|error| {
        Failure::new(format!("can't listen on {}: {error}", config.listen))
            .hint("choose another address with --listen or USHER_LISTEN")
    })
}

/// Logs to stderr through a bounded queue that drops lines when it is full: whoever stopped reading the log must not stop joins.
/// The guard writes what is left when it is dropped.
fn log_to_stderr() -> WorkerGuard {
    let filter = EnvFilter::try_from_env("USHER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let (stderr, guard) = tracing_appender::non_blocking(io::stderr());
    // Set before in the same process (a test): keep that one.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .try_init();
    guard
}
