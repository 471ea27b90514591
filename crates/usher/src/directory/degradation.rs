//! What does not work while minting goes on, for `/readyz`.

use std::sync::atomic::Ordering;

use super::{Directory, Link, read};

/// Something that does not work. Anybody may read it: it says no path and no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degradation {
    /// Stable code for programs.
    pub code: &'static str,
    /// Whole sentences.
    pub message: String,
}

impl Directory {
    /// Everything that does not work at the moment.
    pub fn degradations(&self) -> Vec<Degradation> {
        let mut degraded = Vec::new();
        match &*read(&self.link) {
            Link::Away { since, error } => degraded.push(Degradation {
                code: error.code(),
                message: format!(
                    "The store is away since {since:.0}: {}. Minting goes on from memory.",
                    error.summary()
                ),
            }),
            Link::Present(store) => {
                degraded.extend(store.last_write_error().map(|error| Degradation {
                    code: error.code(),
                    message: format!("The last write to the store failed: {}.", error.summary()),
                }));
            }
        }
        if self.snapshot_failed.load(Ordering::Acquire) {
            degraded.push(Degradation {
                code: "snapshot_unwritable",
                message: "The snapshot can't be written, so a start while the store is away would know an older state; the log has the reason."
                    .to_owned(),
            });
        }
        let unreadable = read(&self.contents).unreadable.len();
        if unreadable > 0 {
            degraded.push(Degradation {
                code: "unreadable_meetings",
                message: format!(
                    "{unreadable} of the store's meetings can't be read and are left out; the log has their numbers."
                ),
            });
        }
        degraded
    }
}
