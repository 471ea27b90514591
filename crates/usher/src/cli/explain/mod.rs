//! `usher explain`: the answer out of a log, offline.

mod localize;
mod picture;

use std::io::Write;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use usher_core::import::Overrides;

use super::attempts::time_zone;
use super::import::overrides;
use super::{Exit, Failure};

/// Say from a log where joins fail: JSON lines or CSV, of single attempts or of counts
///
/// Nothing is written and nothing is sent. Exit code 0: nothing stands out; 1: something does; 2: it could not run.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The file, or - for standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Find the slices of attempts that fail more often in one span than in another
    #[arg(long, required = true)]
    localize: bool,
    /// The time in question, its end not in it: 2023-10-10T13:00/2023-10-10T14:00
    #[arg(long, value_name = "FROM/TO", required = true)]
    window: String,
    /// The time that says what is usual [default: all of the file outside the window]
    #[arg(long, value_name = "FROM/TO")]
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

pub(super) fn run(args: &Explain, out: &mut impl Write) -> Result<Exit, Failure> {
    localize::run(args, out)
}
