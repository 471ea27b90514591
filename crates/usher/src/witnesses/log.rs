//! What the witnesses said, on its way to the store. Nobody waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use usher_core::witness::Line;

use crate::directory::{Degradation, Directory};
use crate::panics::caught;
use crate::store::StoredLine;

/// Lines between two writes: far more than the witnesses say.
const QUEUE_MAX: usize = 4096;
/// Lines that wait for a store that is away; the oldest go first. The witnesses of two hosts say some ten a minute, so these are half a day.
const WAITING_MAX: usize = 8192;
/// Lines that one transaction writes, so that joins don't wait for it.
const WRITTEN_AT_ONCE: usize = 256;
/// What is said within this time is written together.
const GATHERING: Duration = Duration::from_millis(500);
/// Before a store that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Takes lines. Clones share it.
#[derive(Debug, Clone)]
pub struct Log {
    instance: Arc<str>,
    queue: mpsc::Sender<StoredLine>,
    lost: Arc<AtomicU64>,
}

/// What is to be written.
#[derive(Debug)]
struct LogWriter {
    directory: Arc<Directory>,
    queue: mpsc::Receiver<StoredLine>,
    waiting: VecDeque<StoredLine>,
    lost: Arc<AtomicU64>,
}

impl Log {
    /// Starts writing. The task ends when the last clone is dropped and what they said is in the store, if that takes it.
    pub fn start(directory: Arc<Directory>, instance: &str) -> (Self, JoinHandle<()>) {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let log = Self {
            instance: instance.into(),
            queue: sender,
            lost: Arc::clone(&lost),
        };
        let writer = LogWriter {
            directory,
            queue,
            waiting: VecDeque::new(),
            lost,
        };
        let write = async move {
            if let Err(panic) = caught(writer.write_on()).await {
                tracing::error!("what the witnesses say is not kept any more: {panic}");
            }
        };
        (log, tokio::spawn(write))
    }

    /// Keeps a line, soon.
    pub fn keep(&self, line: Line) {
        let random: u64 = rand::random();
        let id = format!("{:016x}-{random:016x}", line.at().as_microsecond());
        self.keep_as(id, line);
    }

    /// Keeps a line once, however often it comes.
    pub fn keep_as(&self, id: String, line: Line) {
        let line = line.by(&self.instance);
        if self.queue.try_send(StoredLine { id, line }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whose lines they are.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// That lines were lost, if any were.
    pub fn degradation(&self) -> Option<Degradation> {
        let lost = self.lost.load(Ordering::Relaxed);
        (lost > 0).then(|| Degradation {
            code: "witness_lines_lost",
            message: format!(
                "{lost} lines of witnesses since the start were not kept: the store did not take them."
            ),
        })
    }
}

impl LogWriter {
    async fn write_on(mut self) {
        let mut is_open = true;
        while is_open || !self.waiting.is_empty() {
            if self.waiting.is_empty() {
                match self.queue.recv().await {
                    Some(line) => self.put(line),
                    None => return,
                }
            }
            is_open = self.gather(GATHERING).await;
            if self.write().await.is_err() {
                if !is_open {
                    // Nobody says anything any more, and nobody should wait for this one.
                    return;
                }
                is_open = self.gather(RETRY_AFTER).await;
            }
        }
    }

    /// Takes what comes within a time; `false` if nothing can come any more.
    async fn gather(&mut self, time: Duration) -> bool {
        let until = tokio::time::Instant::now() + time;
        loop {
            match tokio::time::timeout_at(until, self.queue.recv()).await {
                Ok(Some(line)) => self.put(line),
                Ok(None) => return false,
                Err(_) => return true,
            }
            if self.waiting.len() > WAITING_MAX {
                self.waiting.pop_front();
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A time of watching that goes on takes the place of what was said of it.
    fn put(&mut self, line: StoredLine) {
        let is_same =
            |other: &&mut StoredLine| matches!(line.line, Line::Watching(_)) && other.id == line.id;
        match self.waiting.iter_mut().find(is_same) {
            Some(before) => *before = line,
            None => self.waiting.push_back(line),
        }
    }

    async fn write(&mut self) -> Result<(), ()> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::debug!("what the witnesses said is not written yet: {error}");
        };
        let store = self.directory.store().map_err(|error| failed(&error))?;
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(WRITTEN_AT_ONCE);
            let lines = &self.waiting.make_contiguous()[..count];
            store
                .keep_lines(lines)
                .await
                .map_err(|error| failed(&error))?;
            self.waiting.drain(..count);
        }
        Ok(())
    }
}
