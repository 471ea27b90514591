//! Keeping memory in step with the store: at once when a change is announced, and every second all the same.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Directory;
use crate::store::{DIRECTORY, Listener};

/// How long a write of another process may stay unseen, if it was not announced.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps memory and snapshot up to date until told to stop.
pub async fn keep_fresh(directory: Arc<Directory>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(REFRESH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_complaint = None;
    let mut listener = None;
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
            is_open = hears_of_a_change(listener.as_mut()) => {
                if is_open {
                    // The snapshot waits for the tick: many changes in a row are one snapshot.
                    let _ = directory.refresh().await;
                } else {
                    listener = None;
                }
                continue;
            }
        };
        // A failure is logged once and stays in `degradations`.
        let _ = directory.refresh().await;
        if listener.is_none() {
            listener = directory.store().ok().map(|store| store.listen());
        }
        let complaint = directory
            .save_snapshot()
            .await
            .err()
            .map(|error| error.to_string());
        if let Some(error) = complaint.as_ref().filter(|_| complaint != last_complaint) {
            tracing::warn!(
                "the snapshot {} can't be written: {error}",
                directory.sources.snapshot.display()
            );
        }
        last_complaint = complaint;
        if is_last {
            return;
        }
    }
}

/// Ends when keys or meetings changed; `false` if the store was closed. Without a listener it doesn't end.
async fn hears_of_a_change(listener: Option<&mut Listener>) -> bool {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    while let Some(heard) = listener.next().await {
        if heard.concerns(DIRECTORY) {
            return true;
        }
    }
    false
}
