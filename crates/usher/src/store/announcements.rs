//! What instances tell each other. An announcement is a hint to look: what counts is in the tables.

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{Backend, Store, StoreError, Write};

/// Keys or meetings changed.
pub const DIRECTORY: &str = "directory";

pub(super) const CHANNEL: &str = "usher";
/// PostgreSQL takes less than 8000 bytes.
const MAX_BYTES: usize = 7900;
/// For what is too long to be said, and for what was missed.
const GAP: &str = "gap";
/// How many a listener may be behind before it misses some.
const CAPACITY: usize = 256;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Announcement {
        topic: String,
        payload: String,
    },
    /// Something may have been missed: look at everything.
    Gap,
}

/// Hears announcements, its own instance's too.
#[derive(Debug)]
pub struct Listener {
    heard: broadcast::Receiver<Heard>,
    closed: CancellationToken,
}

/// Those who listen in this process, and what feeds them.
#[derive(Debug)]
pub(super) struct Announcements {
    heard: broadcast::Sender<Heard>,
    relay: std::sync::Once,
    pub(super) closed: CancellationToken,
}

impl Heard {
    pub(super) fn read(text: &str) -> Self {
        match text.split_once(' ') {
            Some((topic, payload)) => Self::Announcement {
                topic: topic.to_owned(),
                payload: payload.to_owned(),
            },
            None => Self::Gap,
        }
    }

    /// Whether a listener to this topic has something to look at.
    pub fn concerns(&self, wanted: &str) -> bool {
        match self {
            Self::Announcement { topic, .. } => topic == wanted,
            Self::Gap => true,
        }
    }
}

impl Listener {
    /// The next announcement; `None` when the store was closed.
    pub async fn next(&mut self) -> Option<Heard> {
        tokio::select! {
            () = self.closed.cancelled() => None,
            heard = self.heard.recv() => match heard {
                Ok(heard) => Some(heard),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Gap),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }
}

impl Announcements {
    pub(super) fn new() -> Self {
        Self {
            heard: broadcast::Sender::new(CAPACITY),
            relay: std::sync::Once::new(),
            closed: CancellationToken::new(),
        }
    }
}

/// The relay ends with the last clone of a store that nobody closed.
impl Drop for Announcements {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Store {
    /// Listens to all instances that share the database. On SQLite those are this process only: what others write to the file is found by
    /// polling. What was announced before is not heard, so read afterwards what there is.
    pub fn listen(&self) -> Listener {
        let Announcements {
            heard,
            relay,
            closed,
        } = &*self.announcements;
        let listener = Listener {
            heard: heard.subscribe(),
            closed: closed.clone(),
        };
        if let Backend::Postgres(database) = &*self.backend {
            relay.call_once(|| {
                let relaying = closed
                    .clone()
                    .run_until_cancelled_owned(database.relay(heard.clone()));
                tokio::spawn(relaying);
            });
        }
        listener
    }

    /// Tells all listeners once the write is committed. What is too long to be said is heard as a gap.
    ///
    /// In PostgreSQL, transactions that announce commit one after another: announce once for many rows. `topic` holds no space.
    pub(super) async fn announce(
        &self,
        write: &mut Write,
        topic: &str,
        payload: &str,
    ) -> Result<(), StoreError> {
        let mut text = format!("{topic} {payload}");
        if text.len() > MAX_BYTES {
            GAP.clone_into(&mut text);
        }
        match &*self.backend {
            Backend::Sqlite(_) => write.announced.push(Heard::read(&text)),
            Backend::Postgres(_) => {
                sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(CHANNEL)
                    .bind(text)
                    .execute(&mut *write.transaction)
                    .await
                    .map_err(|error| self.write_fault(&error))?;
            }
        }
        Ok(())
    }

    /// What PostgreSQL does by itself at a commit.
    pub(super) fn tell_listeners(&self, announced: Vec<Heard>) {
        for heard in announced {
            // Nobody may be listening.
            let _ = self.announcements.heard.send(heard);
        }
    }
}
