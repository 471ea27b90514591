//! The one task that writes: batch by batch into the store or the spool, and from the spool into the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::spool::{SIZE_BYTES, Spool, SpoolError};
use super::{Condition, Entries, Receipt, Recorded, Request};
use crate::directory::Directory;
use crate::store::{StoreError, blocking};

/// Requests that share one commit.
const BATCH_MAX: usize = 512;
/// How long the store may take for a batch before it goes to the spool.
const STORE_PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take for a batch that nobody waits for: longer than another process may hold a SQLite file.
const REPLAY_PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to reach a store that was away.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    directory: Arc<Directory>,
    spool_folder: PathBuf,
    spool_bytes: u64,
    condition: Arc<Condition>,
    /// Its own first, then those of processes that are gone.
    spools: Vec<Spool>,
    /// How far the last of the spools is replayed.
    replayed_to: u64,
    /// A batch of it on its way to the store, beside the batches that requests wait for; and where the next one begins.
    replaying: Option<JoinHandle<Result<u64, String>>>,
    retry_at: Instant,
    /// The last batch is nowhere: said once, not for every batch.
    is_losing: bool,
}

/// Who asked for how many of a batch's events and notifications.
struct Asked {
    events: usize,
    notices: usize,
    answer: oneshot::Sender<Receipt>,
}

/// For each entry of a batch, whether it was new.
struct Stored {
    events: Vec<bool>,
    notices: Vec<bool>,
}

impl Writer {
    pub(super) fn new(
        directory: Arc<Directory>,
        spool_folder: PathBuf,
        condition: Arc<Condition>,
    ) -> Self {
        Self {
            directory,
            spool_folder,
            spool_bytes: SIZE_BYTES,
            condition,
            spools: Vec::new(),
            replayed_to: Spool::start(),
            replaying: None,
            retry_at: Instant::now(),
            is_losing: false,
        }
    }

    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        self.take_spools().await;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                // What was spooled has its turn, too, when joins never cease.
                result = ended(&mut self.replaying) => self.note_replayed(result),
                () = tokio::time::sleep_until(self.retry_at), if self.has_something_to_retry() => self.retry().await,
                count = requests.recv_many(&mut batch, BATCH_MAX) => {
                    if count == 0 {
                        return;
                    }
                    gather(&mut requests, &mut batch).await;
                    self.write(batch.drain(..)).await;
                },
            }
        }
    }

    async fn write(&mut self, requests: impl Iterator<Item = Request>) {
        let mut entries = Entries::default();
        let mut asked: Vec<Asked> = Vec::new();
        for request in requests {
            asked.push(Asked {
                events: request.entries.events.len(),
                notices: request.entries.notices.len(),
                answer: request.answer,
            });
            entries.append(request.entries);
        }
        if !self.condition.is_spooling.load(Ordering::Acquire) {
            match store(&self.directory, &entries, STORE_PATIENCE).await {
                Ok(stored) => return answer_stored(asked, &stored),
                Err(error) => {
                    tracing::warn!("the store did not take a batch, the spool does: {error}");
                    self.condition.is_spooling.store(true, Ordering::Release);
                    self.retry_at = Instant::now() + RETRY_INTERVAL;
                }
            }
        }
        let count = entries.len() as u64;
        let recorded = match self.spool(entries).await {
            Ok(()) => {
                self.is_losing = false;
                Recorded::Spooled
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_losing, true) {
                    tracing::error!(
                        "the spool does not take records either: {error}; joins go on and are not recorded, /readyz counts them"
                    );
                }
                self.condition.lose(count);
                Recorded::No
            }
        };
        let receipt = Receipt {
            recorded,
            duplicates: 0,
        };
        for asked in asked {
            // Who does not wait any more has been told `no`.
            let _ = asked.answer.send(receipt);
        }
    }

    async fn spool(&mut self, entries: Entries) -> Result<(), SpoolError> {
        if self.spools.is_empty() {
            self.take_spools().await;
        }
        if self.spools.is_empty() {
            return Err(std::io::Error::other("it can't be opened").into());
        }
        let spool = self.spools.remove(0);
        let (spool, result) = on_file(spool, move |spool| spool.append(&entries)).await?;
        self.spools.insert(0, spool);
        self.note_size();
        result
    }

    fn has_something_to_retry(&self) -> bool {
        self.replaying.is_none()
            && (self.condition.is_spooling.load(Ordering::Acquire)
                || self.spools.iter().any(|spool| !spool.is_empty()))
    }

    /// Begins to write the next batch of the spool to the store.
    async fn retry(&mut self) {
        self.retry_at = Instant::now();
        let Some(last) = self.spools.iter().rposition(|spool| !spool.is_empty()) else {
            // The spool took nothing: the next batch finds out whether the store does.
            self.condition.is_spooling.store(false, Ordering::Release);
            return;
        };
        let spool = self.spools.remove(last);
        let at = self.replayed_to;
        let Ok((spool, read)) = on_file(spool, move |spool| spool.read_many(at, BATCH_MAX)).await
        else {
            return;
        };
        self.spools.insert(last, spool);
        match read {
            Ok(Some((entries, next))) => {
                let directory = self.directory.clone();
                self.replaying = Some(tokio::spawn(async move {
                    let stored = store(&directory, &entries, REPLAY_PATIENCE).await;
                    stored.map(|_| next)
                }));
            }
            Ok(None) => self.clear(last).await,
            Err(error) => {
                tracing::error!(
                    "{} can't be read: {error}",
                    self.spools[last].path().display()
                );
                self.condition
                    .spool_is_unusable
                    .store(true, Ordering::Release);
                self.retry_at = Instant::now() + Duration::from_mins(1);
            }
        }
    }

    /// The store is trusted again when it takes a batch of the spool.
    fn note_replayed(&mut self, result: Result<u64, String>) {
        self.replaying = None;
        match result {
            Ok(next) => {
                self.replayed_to = next;
                self.retry_at = Instant::now();
                if self.condition.is_spooling.swap(false, Ordering::AcqRel) {
                    tracing::info!("the store takes records again; those in the spool follow");
                }
            }
            Err(error) => {
                tracing::debug!("the store does not take what was spooled: {error}");
                self.retry_at = Instant::now() + RETRY_INTERVAL;
            }
        }
    }

    /// Everything in this spool is in the store.
    async fn clear(&mut self, n: usize) {
        let spool = self.spools.remove(n);
        let path = spool.path().to_owned();
        match on_file(spool, Spool::clear).await {
            Ok((spool, Ok(()))) => {
                self.replayed_to = Spool::start();
                // A file of a process that is gone is not needed any more, and its lock ends here.
                if n == 0 {
                    self.spools.insert(0, spool);
                }
                tracing::info!("what was spooled in {} is in the store", path.display());
            }
            Ok((spool, Err(error))) => {
                tracing::warn!("{} can't be cleared: {error}", path.display());
                self.spools.insert(n, spool);
                self.retry_at = Instant::now() + Duration::from_mins(1);
            }
            Err(error) => tracing::error!("{}: {error}", path.display()),
        }
        self.note_size();
    }

    async fn take_spools(&mut self) {
        let (folder, bytes) = (self.spool_folder.clone(), self.spool_bytes);
        let taken = blocking(move || Spool::take_all(&folder, bytes)).await;
        let is_unusable = taken.is_err();
        match taken {
            Ok((own, inherited)) => {
                self.spools = std::iter::once(own).chain(inherited).collect();
                self.note_size();
            }
            Err(error) => tracing::warn!(
                "the spool in {} can't be opened: {error}",
                self.spool_folder.display()
            ),
        }
        self.condition
            .spool_is_unusable
            .store(is_unusable, Ordering::Release);
    }

    fn note_size(&self) {
        let spools = self.spools.iter().filter(|spool| !spool.is_empty());
        let bytes = spools.map(|spool| spool.end() - Spool::start()).sum();
        self.condition.spooled_bytes.store(bytes, Ordering::Release);
    }
}

/// Lets the requests that are ready to be recorded come into the same batch. The writer is woken by the first of them and runs before the
/// others: without this, every other commit would be for one request alone.
async fn gather(requests: &mut mpsc::Receiver<Request>, batch: &mut Vec<Request>) {
    tokio::task::yield_now().await;
    while batch.len() < BATCH_MAX
        && let Ok(request) = requests.try_recv()
    {
        batch.push(request);
    }
}

async fn store(
    directory: &Directory,
    entries: &Entries,
    patience: Duration,
) -> Result<Stored, String> {
    let store = directory
        .store()
        .map_err(|error: StoreError| error.to_string())?;
    let writing = async {
        let mut stored = Stored {
            events: Vec::new(),
            notices: Vec::new(),
        };
        if !entries.events.is_empty() {
            stored.events = store.append(&entries.events).await?.is_new;
        }
        if !entries.notices.is_empty() {
            stored.notices = store.keep_notices(&entries.notices).await?;
        }
        Ok(stored)
    };
    match timeout(patience, writing).await {
        Ok(stored) => stored.map_err(|error: StoreError| error.to_string()),
        // It may have taken them all the same, or some; then they change nothing when they come again.
        Err(_) => Err(format!("it took longer than {patience:?}")),
    }
}

/// What a replay that is under way ends with; never, if there is none.
async fn ended(replaying: &mut Option<JoinHandle<Result<u64, String>>>) -> Result<u64, String> {
    match replaying {
        Some(task) => task.await.unwrap_or_else(|error| Err(error.to_string())),
        None => std::future::pending().await,
    }
}

/// Tells each request which of its entries were there already.
fn answer_stored(asked: Vec<Asked>, stored: &Stored) {
    let mut events = stored.events.iter();
    let mut notices = stored.notices.iter();
    for asked in asked {
        let own = events.by_ref().take(asked.events);
        let own = own.chain(notices.by_ref().take(asked.notices));
        let _ = asked.answer.send(Receipt {
            recorded: Recorded::Stored,
            duplicates: own.filter(|is_new| !**is_new).count(),
        });
    }
}

/// Works on a spool away from the threads that answer requests.
async fn on_file<T: Send + 'static>(
    mut spool: Spool,
    work: impl FnOnce(&mut Spool) -> T + Send + 'static,
) -> std::io::Result<(Spool, T)> {
    blocking(move || {
        let result = work(&mut spool);
        Ok((spool, result))
    })
    .await
}
