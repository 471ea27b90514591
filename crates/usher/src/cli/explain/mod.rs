//! `usher explain`: the answer out of a log, offline.

mod incidents;
mod journal;
mod localize;
mod picture;
mod report;

use std::io::Write;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use usher_core::import::Overrides;

use super::attempts::time_zone;
use super::import::overrides;
use super::{Exit, Failure};
use crate::config::Config;

/// Say from a log when joins failed, for whom, why and who must act: JSON lines or CSV, of single attempts or of counts
///
/// Nothing is written and nothing is sent. Exit code 0: no incident, nothing stands out; 1: there is; 2: it could not run.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The file, or - for standard input [default: the journal, with what the witnesses said]
    #[arg(value_name = "FILE|-", required_unless_present_any = ["from", "to"])]
    file: Option<PathBuf>,
    /// What is known besides: readings of witnesses and changes, as `usher export --witness` writes them; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "localize")]
    witness: Vec<PathBuf>,
    /// Look at attempts from this moment on
    #[arg(long, value_name = "T", conflicts_with = "localize")]
    from: Option<String>,
    /// ... and before this moment
    #[arg(long, value_name = "T", conflicts_with = "localize")]
    to: Option<String>,
    /// Accept one false incident in so many days, on average [default: 30]
    #[arg(long, value_name = "N", conflicts_with = "localize", value_parser = clap::value_parser!(u32).range(1..=3650))]
    false_alarms_days: Option<u32>,
    /// Only find the slices of attempts that fail more often in one span than in another
    #[arg(long, requires = "window", requires = "file")]
    localize: bool,
    /// The time in question, its end not in it: 2023-10-10T13:00/2023-10-10T14:00
    #[arg(long, value_name = "FROM/TO", requires = "localize")]
    window: Option<String>,
    /// The time that says what is usual [default: all of the file outside the window]
    #[arg(long, value_name = "FROM/TO", requires = "localize")]
    baseline: Option<String>,
    /// What columns are, instead of the guess: at=min,attempts=cnt,failed=value,dim.tenant=customer,ignore=comment
    #[arg(long, value_name = "NAME=COLUMN,…", value_parser = overrides)]
    map: Option<Overrides>,
    /// Time zone of times that name none, in the file and in the spans: Asia/Tokyo, +09:00 [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    tz: Option<TimeZone>,
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// No file: the journal is what is explained.
    pub(super) fn is_of_journal(&self) -> bool {
        self.file.is_none()
    }
}

/// Explains a file, and needs no configuration.
pub(super) fn run(args: &Explain, out: &mut impl Write) -> Result<Exit, Failure> {
    match &args.file {
        Some(file) if args.localize => localize::run(args, file, out),
        Some(file) => incidents::of_file(args, file, out),
        None => Err(Failure::new("there is no file").hint("name one")),
    }
}

/// Explains the journal.
pub(super) async fn run_on_journal(
    args: &Explain,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    incidents::of_journal(args, config, out).await
}
