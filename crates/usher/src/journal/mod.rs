//! The journal: every event, and every notification of Zoom's, goes through one writer, so that many requests share one commit.
//!
//! [`Journal::record`] waits until what it was given is on disk: in the store or, while the store can't take it, in the spool. The wait is
//! bounded, and a join is never refused because of it. What was spooled is written to the store when it is back; what is
//! there already changes nothing, so that it ends up there exactly once.

mod replay;
mod spool;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use usher_core::attempt::event::Event;

use crate::directory::{Degradation, Directory};
use crate::store::Notice;
use writer::Writer;

/// Requests that wait for the writer: more than it writes in the time that a request waits.
const QUEUE_MAX: usize = 8192;
/// How long a request waits for its record: half a second for the store, then the spool.
const RECORD_DEADLINE: Duration = Duration::from_secs(2);

/// Where a record is when its request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// In the store.
    Stored,
    /// In the spool, for the store.
    Spooled,
    /// Nowhere that is sure.
    No,
}

/// What became of the entries of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub recorded: Recorded,
    /// Entries that were there already, as far as the store was asked.
    pub duplicates: usize,
    /// Events that were left out, because their attempt has as many as browsers may tell.
    pub dropped: usize,
}

impl Receipt {
    /// Of entries that the store was not asked about.
    pub(crate) fn of_nothing(recorded: Recorded) -> Self {
        Self {
            recorded,
            duplicates: 0,
            dropped: 0,
        }
    }
}

/// Hands events to the writer. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal {
    queue: mpsc::Sender<Request>,
    condition: Arc<Condition>,
}

#[derive(Debug)]
struct Request {
    entries: Entries,
    answer: oneshot::Sender<Receipt>,
}

/// What is to be written, of one request or of many.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
struct Entries {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<Notice>,
}

impl Entries {
    fn len(&self) -> usize {
        self.events.len() + self.notices.len()
    }

    fn append(&mut self, mut others: Entries) {
        self.events.append(&mut others.events);
        self.notices.append(&mut others.notices);
    }
}

/// How the writer is doing, for `/readyz`.
#[derive(Debug, Default)]
struct Condition {
    /// The store did not take the last batch.
    is_spooling: AtomicBool,
    spool_is_unusable: AtomicBool,
    spooled_bytes: AtomicU64,
    /// Entries that are nowhere.
    not_recorded: AtomicU64,
}

impl Journal {
    /// Starts the writer, which works until the last clone of the journal is dropped and what they gave it is on disk.
    pub fn start(directory: Arc<Directory>, spool_folder: PathBuf) -> (Self, JoinHandle<()>) {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let condition = Arc::new(Condition::default());
        let journal = Self {
            queue,
            condition: condition.clone(),
        };
        let writer =
            move || Writer::new(directory.clone(), spool_folder.clone(), condition.clone());
        (journal, tokio::spawn(writer::write_on(writer, requests)))
    }

    /// Records the events of one request, all in one place. They are on their way at once; the future tells where they arrived.
    pub fn record(&self, events: Vec<Event>) -> impl Future<Output = Receipt> + Send + use<> {
        let notices = Vec::new();
        self.write(Entries { events, notices })
    }

    /// Keeps a notification of Zoom's, likewise.
    pub fn keep(&self, notice: Notice) -> impl Future<Output = Receipt> + Send + use<> {
        let (events, notices) = (Vec::new(), vec![notice]);
        self.write(Entries { events, notices })
    }

    fn write(&self, entries: Entries) -> impl Future<Output = Receipt> + Send + use<> {
        let count = entries.len() as u64;
        let (answer, answered) = oneshot::channel();
        let is_queued = self.queue.try_send(Request { entries, answer }).is_ok();
        if !is_queued {
            self.condition.lose(count);
        }
        let condition = self.condition.clone();
        async move {
            let answered = tokio::time::timeout(RECORD_DEADLINE, answered);
            match answered.await {
                Ok(Ok(receipt)) => return receipt,
                // The writer broke down with it.
                Ok(Err(_)) if is_queued => condition.lose(count),
                // Not even queued; or it takes too long.
                Ok(Err(_)) | Err(_) => {}
            }
            Receipt::of_nothing(Recorded::No)
        }
    }

    /// Whether the store may lack what was recorded.
    pub fn is_behind(&self) -> bool {
        self.condition.is_spooling.load(Ordering::Acquire)
            || self.condition.spooled_bytes.load(Ordering::Acquire) > 0
    }

    /// What does not work at the moment.
    pub fn degradations(&self) -> Vec<Degradation> {
        let condition = &self.condition;
        let mut degraded = Vec::new();
        let kib = condition
            .spooled_bytes
            .load(Ordering::Acquire)
            .div_ceil(1024);
        if condition.is_spooling.load(Ordering::Acquire) {
            degraded.push(Degradation {
                code: "journal_spooling",
                message: format!(
                    "The store does not take records: {kib} KiB of them wait in the spool until it does."
                ),
            });
        } else if kib > 0 {
            degraded.push(Degradation {
                code: "journal_replaying",
                message: format!(
                    "The store takes records again; {kib} KiB of older ones follow from the spool."
                ),
            });
        }
        if condition.spool_is_unusable.load(Ordering::Acquire) {
            degraded.push(Degradation {
                code: "spool_unusable",
                message: "The spool can't be used: while the store is away, joins are not recorded; the log has the reason.".to_owned(),
            });
        }
        let lost = condition.not_recorded.load(Ordering::Acquire);
        if lost > 0 {
            degraded.push(Degradation {
                code: "not_recorded",
                message: format!(
                    "{lost} events and notifications since the start were not recorded."
                ),
            });
        }
        degraded
    }
}

impl Condition {
    fn lose(&self, entries: u64) {
        self.not_recorded.fetch_add(entries, Ordering::AcqRel);
    }
}
