//! `usher store`: moving the store, and deleting from it.

use std::io::Write;
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::progress::Progress;
use super::{Exit, Failure, now, open_store, table, talk, warn};
use crate::config::Config;
use crate::seal::MasterKey;
use crate::store::{Address, DirectorySize, IfMissing, IfOlder, JournalSize, Store, StoreError};

/// Move the store, or delete from it
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Copy keys, meetings, Zoom's notifications, the witnesses' lines and the journal into another store; again, and it adds what is new
    Copy {
        /// The store to read: `sqlite:PATH` or `postgres://USER@HOST/NAME`
        #[arg(long, value_name = "URL", value_parser = Address::parse)]
        from: Address,
        /// The store to write; it is made if it is not there
        #[arg(long, value_name = "URL", value_parser = Address::parse)]
        to: Address,
    },
    /// Delete what tells that a person's attempts were theirs; print how many attempts that were
    Forget {
        /// The person's id in your product
        participant: String,
    },
    /// Delete now what `[retention]` says is too old; a running service does it every hour
    Expire,
}

pub(super) async fn run(
    args: &Command,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    match args {
        Command::Copy { from, to } => return copy(config, from, to, out).await,
        Command::Forget { participant } => {
            let store = open_store(config).await?;
            let attempts = store.forget_participant(participant).await?;
            // Closed by its last user, SQLite empties its log, in which the deleted still stands.
            store.close().await;
            writeln!(out, "{attempts}")?;
        }
        Command::Expire => {
            let store = open_store(config).await?;
            let expired = store.expire(config.retention, now()).await?;
            store.close().await;
            writeln!(
                out,
                "deleted whose {} attempts were, all of {} days, {} notifications, and {} lines of witnesses",
                expired.attempts, expired.days, expired.notices, expired.witness_lines
            )?;
        }
    }
    Ok(Exit::Fine)
}

async fn copy(
    config: &Config,
    from: &Address,
    to: &Address,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    if from.to_string() == to.to_string() {
        return Err(Failure::new(format!("{from} would be copied onto itself"))
            .hint("give another store with --to"));
    }
    // An existing one: a new key could not read what is to be copied.
    let key = Arc::new(match &config.master_key {
        Some(text) => MasterKey::parse(text.expose_secret())?,
        None => MasterKey::read_file(&config.master_key_file())?,
    });
    let source = Store::open(from, IfMissing::Fail, IfOlder::Refuse, key.clone()).await?;
    let target = Store::open(to, IfMissing::Create, IfOlder::Refuse, key).await?;
    target.take_directory_of(&source).await?;
    copy_notices(&source, &target).await?;
    copy_lines(&source, &target).await?;
    copy_journal(&source, &target).await?;
    let (of_source, of_target) = (Size::of(&source).await?, Size::of(&target).await?);
    source.close().await;
    target.close().await;
    compare(out, &of_source, &of_target)
}

async fn copy_notices(source: &Store, target: &Store) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let (mut read, mut new, mut after) = (0, 0, None);
    loop {
        let taken = target.take_notices_of(source, after.as_deref()).await?;
        read += taken.read;
        new += taken.new;
        after = taken.next;
        let told = || format!("went through {read} notifications; {new} had something new");
        if after.is_none() {
            talk(&told());
            return Ok(());
        }
        progress.tell(told);
    }
}

async fn copy_lines(source: &Store, target: &Store) -> Result<(), Failure> {
    let (mut new, mut after) = (0, None);
    loop {
        let (taken, next) = target.take_lines_of(source, after.as_ref()).await?;
        new += taken;
        after = next;
        if after.is_none() {
            talk(&format!("{new} lines of witnesses were new"));
            return Ok(());
        }
    }
}

async fn copy_journal(source: &Store, target: &Store) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let (mut attempts, mut events, mut after) = (0, 0, None);
    loop {
        let stories = source.stories(None, None, after).await?;
        attempts += stories.told.len();
        events += target.take_stories(&stories).await?;
        after = stories.next;
        let Some(last) = after else { break };
        progress.tell(|| {
            format!(
                "went through {attempts} attempts, up to {}; {events} events were new",
                last.at()
            )
        });
    }
    talk(&format!(
        "went through {attempts} attempts; {events} events were new"
    ));
    Ok(())
}

/// How much a store holds.
struct Size {
    directory: DirectorySize,
    notices: u64,
    lines: u64,
    journal: JournalSize,
}

impl Size {
    async fn of(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            directory: store.directory_size().await?,
            notices: store.notice_count().await?,
            lines: store.line_count().await?,
            journal: store.journal_size().await?,
        })
    }
}

/// Less than the source has is a finding: it should not be.
fn compare(out: &mut impl Write, source: &Size, target: &Size) -> Result<Exit, Failure> {
    let pair = |count: fn(&Size) -> u64| (count(source), count(target));
    let rows = [
        ("meetings", pair(|size| size.directory.meetings)),
        ("keys", pair(|size| size.directory.keys)),
        ("notifications", pair(|size| size.notices)),
        ("lines of witnesses", pair(|size| size.lines)),
        ("attempts", pair(|size| size.journal.attempts)),
        ("events", pair(|size| size.journal.events)),
    ];
    let mut table = table(["", "source", "target"]);
    for (what, (source, target)) in rows {
        table.add_row([what.to_owned(), source.to_string(), target.to_string()]);
    }
    writeln!(out, "{table}")?;
    if rows.iter().any(|(_, (source, target))| target < source) {
        warn("the target has less than the source, which has grown meanwhile; copy again");
        return Ok(Exit::Findings);
    }
    if rows.iter().any(|(_, (source, target))| target > source) {
        talk(
            "The target has more than the source: what was deleted in the source since an earlier copy, or made in the target, is kept.",
        );
    }
    Ok(Exit::Fine)
}
