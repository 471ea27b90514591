//! The one task that writes: batch by batch into the store or the spool.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::replay::{Pace, Replay, ended};
use super::spool::{SIZE_BYTES, Spool};
use super::{Condition, Entries, Receipt, Recorded, Request};
use crate::directory::Directory;
use crate::panics::caught;
use crate::store::{Appended, StoreError};

/// Requests that share one commit.
pub(super) const BATCH_MAX: usize = 512;
/// How long the store may take for a batch before it goes to the spool.
const STORE_PATIENCE: Duration = Duration::from_millis(500);
/// Between two attempts to reach a store that was away.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    pub(super) directory: Arc<Directory>,
    pub(super) spool_folder: PathBuf,
    pub(super) spool_bytes: u64,
    pub(super) condition: Arc<Condition>,
    /// Its own first, then those of processes that are gone.
    pub(super) spools: Vec<Spool>,
    /// Beside the batches that requests wait for.
    pub(super) replaying: Option<Replay>,
    pub(super) pace: Pace,
    pub(super) retry_at: Instant,
    /// When a batch of requests tries the store again that did not take one.
    store_again_at: Instant,
    /// Something of the last batch is nowhere: said once, not for every batch.
    is_losing: bool,
}

/// Writes what is asked for until nobody can ask any more. If a writer breaks down another one goes on, and only the batch that it had is lost.
pub(super) async fn write_on(writer: impl Fn() -> Writer, mut requests: mpsc::Receiver<Request>) {
    while let Err(error) = caught(async { writer().run(&mut requests).await }).await {
        tracing::error!("the writer of the journal broke down, another goes on: {error}");
        // No more than some of them a second.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Who asked for how many of a batch's events and notifications.
struct Asked {
    events: usize,
    notices: usize,
    answer: oneshot::Sender<Receipt>,
}

/// What became of each entry of a batch; of a notification, whether it was new.
pub(super) struct Stored {
    events: Appended,
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
            replaying: None,
            pace: Pace::new(),
            retry_at: Instant::now(),
            store_again_at: Instant::now(),
            is_losing: false,
        }
    }

    pub(super) async fn run(mut self, requests: &mut mpsc::Receiver<Request>) {
        self.take_spools().await;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                // What was spooled has its turn, too, when joins never cease.
                (replay, result) = ended(&mut self.replaying) => self.note_replayed(replay, result).await,
                () = tokio::time::sleep_until(self.retry_at), if self.has_something_to_retry() => self.retry().await,
                count = requests.recv_many(&mut batch, BATCH_MAX) => {
                    if count == 0 {
                        return;
                    }
                    gather(requests, &mut batch).await;
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
        if self.may_try_store() {
            match store(&self.directory, &entries, STORE_PATIENCE).await {
                Ok(stored) => {
                    self.pace.note_others_taken();
                    self.trust_store();
                    return answer_stored(asked, &stored);
                }
                Err(error) => self.distrust_store(&error),
            }
        }
        let requests = entries.of_each(&asked);
        let counts: Vec<usize> = requests.iter().map(Entries::len).collect();
        let is_kept = self.spool(requests).await;
        self.note_lost(&is_kept, &counts);
        let is_kept = is_kept.unwrap_or_default();
        let is_kept = is_kept.into_iter().chain(std::iter::repeat(false));
        for (asked, is_kept) in asked.into_iter().zip(is_kept) {
            let recorded = if is_kept {
                Recorded::Spooled
            } else {
                Recorded::No
            };
            // Who does not wait any more has been told `no`.
            let _ = asked.answer.send(Receipt::of_nothing(recorded));
        }
    }

    /// One that did not take a batch is tried again from time to time, whatever becomes of the spool.
    fn may_try_store(&self) -> bool {
        !self.condition.is_spooling.load(Ordering::Acquire) || Instant::now() >= self.store_again_at
    }

    fn distrust_store(&mut self, error: &str) {
        let now = Instant::now();
        self.store_again_at = now + RETRY_INTERVAL;
        if !self.condition.is_spooling.swap(true, Ordering::AcqRel) {
            tracing::warn!("the store did not take a batch, the spool does: {error}");
            self.retry_at = self.retry_at.max(self.store_again_at);
        }
    }

    /// For each request, whether there was room for it.
    async fn spool(&mut self, requests: Vec<Entries>) -> std::io::Result<Vec<bool>> {
        if self.spools.is_empty() {
            self.take_spools().await;
        }
        let unusable = || std::io::Error::other("it can't be opened");
        if self.spools.is_empty() {
            return Err(unusable());
        }
        let appended = self.with_spool(0, move |spool| spool.append(&requests));
        let is_kept = appended.await.unwrap_or_else(|| Err(unusable()));
        self.note_size();
        is_kept
    }

    fn note_lost(&mut self, is_kept: &std::io::Result<Vec<bool>>, counts: &[usize]) {
        let (lost, why): (usize, _) = match is_kept {
            Ok(is_kept) => {
                let lost = counts.iter().zip(is_kept).filter(|(_, is_kept)| !**is_kept);
                (lost.map(|(count, _)| count).sum(), "it is full".to_owned())
            }
            Err(error) => (counts.iter().sum(), error.to_string()),
        };
        self.condition.lose(lost as u64);
        if !std::mem::replace(&mut self.is_losing, lost > 0) && lost > 0 {
            tracing::error!(
                "the spool does not take records either: {why}; joins go on and are not recorded, /readyz counts them"
            );
        }
    }
}

impl Entries {
    /// A batch, taken apart again.
    fn of_each(self, asked: &[Asked]) -> Vec<Self> {
        let mut events = self.events.into_iter();
        let mut notices = self.notices.into_iter();
        let own = asked.iter().map(|asked| Self {
            events: events.by_ref().take(asked.events).collect(),
            notices: notices.by_ref().take(asked.notices).collect(),
        });
        own.collect()
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

pub(super) async fn store(
    directory: &Directory,
    entries: &Entries,
    patience: Duration,
) -> Result<Stored, String> {
    let store = directory
        .store()
        .map_err(|error: StoreError| error.to_string())?;
    let writing = async {
        let mut stored = Stored {
            events: Appended::default(),
            notices: Vec::new(),
        };
        if !entries.events.is_empty() {
            stored.events = store.append(&entries.events).await?;
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

/// Tells each request which of its entries were there already.
fn answer_stored(asked: Vec<Asked>, stored: &Stored) {
    let events = &stored.events;
    let mut events = events.is_new.iter().zip(&events.is_dropped);
    let mut notices = stored.notices.iter();
    for asked in asked {
        let mut receipt = Receipt::of_nothing(Recorded::Stored);
        for (is_new, is_dropped) in events.by_ref().take(asked.events) {
            receipt.dropped += usize::from(*is_dropped);
            receipt.duplicates += usize::from(!is_new && !is_dropped);
        }
        let notices = notices.by_ref().take(asked.notices);
        receipt.duplicates += notices.filter(|is_new| !**is_new).count();
        let _ = asked.answer.send(receipt);
    }
}
