//! From the spools into the store, beside the batches that requests wait for.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::spool::{ReadError, Spool};
use super::writer::{BATCH_MAX, RETRY_INTERVAL, Writer, store};
use crate::store::blocking;

/// How long the store may take for a batch that nobody waits for: longer than another process may hold a SQLite file.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to use a file that could not be used.
const FILE_RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// A record that the store refused so often, while it took others each time, is never taken.
const REFUSALS_MAX: u32 = 3;

/// A batch of a spool on its way to the store.
pub(super) struct Replay {
    spool: PathBuf,
    /// Where the next one begins.
    next: u64,
    task: JoinHandle<Result<(), String>>,
}

/// How replaying goes.
pub(super) struct Pace {
    /// Entries of one batch: few after one was refused, so that it turns out which record is.
    count: usize,
    refusals: u32,
    /// The store took a batch of requests since it refused one of the spool.
    store_takes_others: bool,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            count: BATCH_MAX,
            refusals: 0,
            store_takes_others: false,
        }
    }

    pub(super) fn note_others_taken(&mut self) {
        self.store_takes_others = true;
    }

    fn note_taken(&mut self) {
        self.count = (self.count * 2).min(BATCH_MAX);
        self.refusals = 0;
    }

    /// Whether it has to be given up.
    fn note_refused(&mut self) -> bool {
        let store_takes_others = std::mem::take(&mut self.store_takes_others);
        let is_one_record = self.count == 1;
        self.count = 1;
        if is_one_record && store_takes_others {
            self.refusals += 1;
        }
        self.refusals >= REFUSALS_MAX
    }
}

impl Writer {
    pub(super) fn has_something_to_retry(&self) -> bool {
        self.replaying.is_none()
            && (self.condition.is_spooling.load(Ordering::Acquire)
                || self.spools.is_empty()
                || self.spools.iter().any(|spool| !spool.is_empty()))
    }

    /// Begins to write the next batch of the spools to the store.
    pub(super) async fn retry(&mut self) {
        self.retry_at = Instant::now();
        if self.spools.is_empty() {
            self.take_spools().await;
        }
        let Some(last) = self.spools.iter().rposition(|spool| !spool.is_empty()) else {
            return self.retry_without_spool();
        };
        let count = self.pace.count;
        match self.with_spool(last, move |spool| spool.batch(count)).await {
            Some(Ok(Some((entries, next)))) => {
                let directory = self.directory.clone();
                let task = tokio::spawn(async move {
                    let stored = store(&directory, &entries, PATIENCE).await;
                    stored.map(|_| ())
                });
                let spool = self.spools[last].path().to_owned();
                self.replaying = Some(Replay { spool, next, task });
            }
            Some(Ok(None)) => self.clear(last).await,
            Some(Err(ReadError::Record { at, detail })) => {
                let error = ReadError::Record { at, detail };
                self.set_record_aside(last, &error.to_string()).await;
            }
            Some(Err(error)) => self.set_file_aside(last, &error).await,
            None => {}
        }
    }

    fn retry_without_spool(&mut self) {
        if self.spools.is_empty() {
            self.retry_at = Instant::now() + FILE_RETRY_INTERVAL;
        } else if self.directory.store().is_ok() {
            // It took nothing: the next batch finds out whether the store does.
            self.condition.is_spooling.store(false, Ordering::Release);
        } else {
            self.retry_at = Instant::now() + RETRY_INTERVAL;
        }
    }

    /// The store is trusted again when it takes a batch of the spool.
    pub(super) async fn note_replayed(&mut self, replay: Replay, result: Result<(), String>) {
        let spool = self
            .spools
            .iter()
            .position(|spool| spool.path() == replay.spool);
        match (result, spool) {
            (Ok(()), spool) => {
                if let Some(n) = spool {
                    self.spools[n].note_replayed(replay.next);
                }
                self.note_size();
                self.pace.note_taken();
                self.retry_at = Instant::now();
                self.trust_store();
            }
            (Err(error), spool) => {
                tracing::debug!("the store does not take what was spooled: {error}");
                self.retry_at = Instant::now() + RETRY_INTERVAL;
                if self.pace.note_refused()
                    && let Some(n) = spool
                {
                    self.set_record_aside(
                        n,
                        &format!("the store takes others and refuses it: {error}"),
                    )
                    .await;
                }
            }
        }
    }

    pub(super) fn trust_store(&self) {
        if self.condition.is_spooling.load(Ordering::Acquire) {
            self.condition.is_spooling.store(false, Ordering::Release);
            tracing::info!("the store takes records again; those in the spool follow");
        }
    }

    /// Everything in this spool is in the store.
    async fn clear(&mut self, n: usize) {
        let path = self.spools[n].path().to_owned();
        match self.with_spool(n, Spool::clear).await {
            Some(Ok(())) => {
                // A file of a process that is gone is not needed any more, and its lock ends here.
                if n > 0 {
                    self.spools.remove(n);
                }
                tracing::info!("what was spooled in {} is in the store", path.display());
            }
            Some(Err(error)) => {
                tracing::warn!("{} can't be cleared: {error}", path.display());
                self.retry_at = Instant::now() + FILE_RETRY_INTERVAL;
            }
            None => {}
        }
        self.note_size();
    }

    /// The records behind one that can't be replayed must not wait for it for ever.
    async fn set_record_aside(&mut self, n: usize, why: &str) {
        let path = self.spools[n].path().to_owned();
        match self.with_spool(n, Spool::set_record_aside).await {
            Some(Ok(aside)) => {
                self.pace.note_taken();
                tracing::error!(
                    "a record in {} can't be stored, it is kept in {}: {why}",
                    path.display(),
                    aside.display()
                );
            }
            Some(Err(error)) => {
                self.retry_at = Instant::now() + FILE_RETRY_INTERVAL;
                tracing::error!(
                    "a record in {} can't be stored ({why}), nor set aside: {error}",
                    path.display()
                );
            }
            None => {}
        }
        self.note_size();
    }

    async fn set_file_aside(&mut self, n: usize, why: &ReadError) {
        let spool = self.spools.remove(n);
        let path = spool.path().to_owned();
        match blocking(move || spool.set_aside()).await {
            Ok(aside) => tracing::error!(
                "{} can't be read, it is kept as {}: {why}",
                path.display(),
                aside.display()
            ),
            Err(error) => tracing::error!(
                "{} can't be read ({why}), nor set aside: {error}",
                path.display()
            ),
        }
        if n == 0 {
            self.take_spools().await;
        }
        self.note_size();
    }

    /// Takes the spools that nobody holds, besides those that it has.
    pub(super) async fn take_spools(&mut self) {
        let (folder, bytes) = (self.spool_folder.clone(), self.spool_bytes);
        let taken = blocking(move || Spool::take_all(&folder, bytes)).await;
        let was_unusable = self
            .condition
            .spool_is_unusable
            .swap(taken.is_err(), Ordering::AcqRel);
        match taken {
            Ok((own, inherited)) => {
                self.spools.insert(0, own);
                self.spools.extend(inherited);
                self.note_size();
            }
            Err(error) if !was_unusable => tracing::warn!(
                "the spool in {} can't be opened: {error}",
                self.spool_folder.display()
            ),
            Err(_) => {}
        }
    }

    /// Works on a spool away from the threads that answer requests. `None` if that can't be done; then it is taken anew.
    pub(super) async fn with_spool<T: Send + 'static>(
        &mut self,
        n: usize,
        work: impl FnOnce(&mut Spool) -> T + Send + 'static,
    ) -> Option<T> {
        let mut spool = self.spools.remove(n);
        let path = spool.path().to_owned();
        let worked = blocking(move || {
            let result = work(&mut spool);
            Ok((spool, result))
        });
        match worked.await {
            Ok((spool, result)) => {
                self.spools.insert(n, spool);
                Some(result)
            }
            Err(error) => {
                tracing::error!("{}: {error}", path.display());
                self.take_spools().await;
                None
            }
        }
    }

    pub(super) fn note_size(&self) {
        let bytes = self.spools.iter().map(Spool::waiting_bytes).sum();
        self.condition.spooled_bytes.store(bytes, Ordering::Release);
    }
}

/// What a replay that is under way ends with; never, if there is none.
pub(super) async fn ended(replaying: &mut Option<Replay>) -> (Replay, Result<(), String>) {
    let Some(replay) = replaying else {
        return std::future::pending().await;
    };
    let result = (&mut replay.task).await;
    let result = result.unwrap_or_else(|error| Err(error.to_string()));
    match replaying.take() {
        Some(replay) => (replay, result),
        None => std::future::pending().await,
    }
}
