//! The command line. stdout is data, stderr is talk; exit 0 fine, 1 findings, 2 could not run.

mod attempt;
mod attempts;
mod change;
mod check;
mod config;
mod demo;
mod doctor;
mod explain;
mod export;
mod import;
mod init;
mod key;
mod meeting;
mod migrate;
mod progress;
mod serve;
mod sign;
mod signatures;
mod sim;
mod span;
mod store;

use std::fmt;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};
use usher_core::refusal::Refusal;
use usher_core::text::escape_hidden;

use crate::config::{Config, Overrides};
use crate::seal::MasterKey;
use crate::store::Store;

/// Seats people in Zoom meetings that are embedded in your own product, and knows why when it can't.
#[derive(Debug, Parser)]
#[command(
    name = "usher",
    version,
    max_term_width = 100,
    propagate_version = true
)]
struct Cli {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Demo(demo::Demo),
    Sign(sign::Sign),
    Doctor(Box<doctor::Doctor>),
    Check(Box<check::Check>),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Meeting(meeting::Meeting),
    Attempts(attempts::Attempts),
    Attempt(attempt::Attempt),
    Change(change::Record),
    Import(import::Import),
    Explain(Box<explain::Explain>),
    Export(export::Export),
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Store(store::Command),
    Config(config::Show),
    Sim(sim::Sim),
}

/// How a command that could run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// 0
    Fine,
    /// 1: a finding of severity `error`.
    Findings,
}

/// Why a command could not run: exit code 2.
#[derive(Debug)]
struct Failure {
    message: String,
    hint: Option<String>,
    is_broken_pipe: bool,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            is_broken_pipe: false,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let io_error = (&error as &dyn std::error::Error).downcast_ref::<io::Error>();
        let is_broken_pipe =
            io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        Self {
            is_broken_pipe,
            ..Self::new(error.to_string())
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A refusal, on the command line: it names the flag.
fn refused(refusal: Refusal) -> Failure {
    let Refusal {
        field,
        message,
        hint,
        ..
    } = refusal;
    let flag = match field {
        "meeting_number" => "meeting".to_owned(),
        "user_name" => "name".to_owned(),
        "expires_in_s" => "expires-in".to_owned(),
        field => field.replace('_', "-"),
    };
    Failure::new(format!("{flag}: {message}")).hint(hint)
}

/// Talk: stderr, so that stdout stays data. A closed stderr is nobody's loss.
fn talk(message: &str) {
    let lines: Vec<String> = message.lines().map(escape_hidden).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

fn warn(message: &str) {
    talk(&format!("warning: {message}"));
}

/// Ends when SIGTERM or Ctrl-C comes. From the call on, neither kills the process any more: call it before saying that it runs.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The machine's time, in the microseconds in which it is stored: what was just written reads back the same.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// Reads a moment on the command line: RFC 3339, or seconds or milliseconds since 1970 as claims and logs have them.
fn moment(text: &str) -> Result<Timestamp, String> {
    // From here on it can only be milliseconds: as seconds it would be the year 5138.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let parsed = match text.parse::<i64>() {
        Ok(number) if number.abs() >= MILLISECONDS_FROM => Timestamp::from_millisecond(number),
        Ok(number) => Timestamp::from_second(number),
        Err(_) => text.parse(),
    };
    parsed.map_err(|_| "give it as 2023-10-10T13:00:00+09:00, or in seconds since 1970".to_owned())
}

/// 128 random bits, of a generator in this process that the operating system seeds: asking the system each time costs as much as
/// minting.
fn random() -> u128 {
    rand::random()
}

/// The configured master key. A first start makes one; a store that lost its key is an error, because a new key could not read it.
fn master_key(config: &Config) -> Result<Arc<MasterKey>, Failure> {
    let file = config.master_key_file();
    if let Some(text) = &config.master_key {
        return Ok(Arc::new(MasterKey::parse(text.expose_secret())?));
    }
    let store_exists = config.store.file().is_some_and(Path::exists);
    if file.exists() || store_exists || config.sources().snapshot.exists() {
        return Ok(Arc::new(MasterKey::read_file(&file)?));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .map_err(|error| {
            Failure::new(format!(
                "can't make the folder {}: {error}",
                config.data.display()
            ))
            .hint("choose another with --data or USHER_DATA")
        })?;
    Ok(Arc::new(MasterKey::create_file(&file)?))
}

async fn open_store(config: &Config) -> Result<Store, Failure> {
    let store = config.sources().open_store(master_key(config)?).await?;
    if store.schema().found.is_none() {
        talk(&format!("made a new store: {}", store.place()));
    }
    Ok(store)
}

fn table<const N: usize>(header: [&str; N]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(header);
    table
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        // A broken pipe: the reader of stdout went away (`usher … | head`), nothing to complain about.
        Ok(Exit::Fine)
        | Err(Failure {
            is_broken_pipe: true,
            ..
        }) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Err(failure) => {
            talk(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let configured = || -> Result<Config, Failure> {
        let config = Config::load(&cli.overrides)?;
        config.warnings.iter().for_each(|warning| warn(warning));
        Ok(config)
    };
    match &cli.command {
        // These need no configuration, and a broken one must not keep them from running.
        Command::Sim(args) => block_on(sim::run(args, &mut out)),
        Command::Demo(args) => block_on(demo::run(args, &mut out)),
        Command::Doctor(args) if let Some(span) = args.span() => {
            block_on(signatures::run(&span?, args.json, &configured()?, &mut out))
        }
        Command::Doctor(args) => {
            let config = configured().inspect_err(|error| warn(&error.message)).ok();
            doctor::run(args, config.as_ref(), &mut out)
        }
        Command::Explain(args) if args.is_of_journal() => {
            block_on(explain::run_on_journal(args, &configured()?, &mut out))
        }
        Command::Explain(args) => explain::run(args, &mut out),
        // A configuration that can't be used is its first finding.
        Command::Check(args) => block_on(check::run(args, Config::load(&cli.overrides), &mut out)),
        Command::Init(args) => block_on(init::run(args, &configured()?, &mut out)),
        Command::Serve(args) => block_on(serve::run(args, configured()?, &mut out)),
        Command::Sign(args) => sign::run(args, &configured()?, &mut out),
        Command::Key(args) => block_on(key::run(args, &configured()?, &mut out)),
        Command::Meeting(args) => block_on(meeting::run(args, &configured()?, &mut out)),
        Command::Attempts(args) => block_on(attempts::run(args, &configured()?, &mut out)),
        Command::Attempt(args) => block_on(attempt::run(args, &configured()?, &mut out)),
        Command::Change(args) => block_on(change::run(args, &configured()?, &mut out)),
        Command::Import(args) => block_on(import::run(args, &configured()?, &mut out)),
        Command::Export(args) => block_on(export::run(args, &configured()?, &mut out)),
        Command::Store(args) => block_on(store::run(args, &configured()?, &mut out)),
        Command::Migrate(args) => block_on(migrate::run(args, &configured()?, &mut out)),
        Command::Config(args) => config::run(args, &configured()?, &mut out),
    }
}

fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

/// Writes one JSON value and a line break.
fn write_json(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}
