//! How far a command got that may take long.

use std::time::{Duration, Instant};

use super::talk;

const INTERVAL: Duration = Duration::from_secs(5);

/// Talks every few seconds; a command that is done before says nothing.
#[derive(Debug)]
pub(super) struct Progress {
    talked: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            talked: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, message: impl FnOnce() -> String) {
        if self.talked.elapsed() >= INTERVAL {
            talk(&message());
            self.talked = Instant::now();
        }
    }
}
