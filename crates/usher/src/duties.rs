//! Periodic work that one instance does for all that share a store: the one that leads.
//!
//! Every duty may be done twice or be cut short: an instance can lose the lead unawares in the midst of one.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::config::Retention;
use crate::directory::Directory;
use crate::panics::caught;
use crate::store::{Leadership, Store, StoreError};

/// How often one that does not lead tries to, and one that does looks whether it still does.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// After a failure; or as often as the duty is due, if that is sooner.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);
const HOURLY: Duration = Duration::from_hours(1);

type Work = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// One piece of periodic work. It is due when an instance begins to lead, and `every` so long after it was done. None waits for another.
pub struct Duty {
    name: &'static str,
    every: Duration,
    work: Box<dyn Fn(Store) -> Work + Send + Sync>,
}

impl Duty {
    pub fn new<F, E>(
        name: &'static str,
        every: Duration,
        work: impl Fn(Store) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self {
            name,
            every,
            work: Box::new(move |store| {
                let done = work(store);
                Box::pin(async { done.await.map_err(Into::into) })
            }),
        }
    }
}

impl std::fmt::Debug for Duty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Duty({} every {:?})", self.name, self.every)
    }
}

/// What every store needs: room for tomorrow's attempts, and that what is old goes.
pub fn of_the_store(retention: Retention, now: fn() -> Timestamp) -> Vec<Duty> {
    vec![
        Duty::new("make ready for tomorrow", HOURLY, move |store| async move {
            store.make_ready_for(now()).await
        }),
        Duty::new("expire", HOURLY, move |store| async move {
            store.expire(retention, now()).await.map(|_| ())
        }),
    ]
}

/// Tries to lead, and performs the duties while it does, until told to stop. A duty that is under way then is cut short.
pub async fn perform(directory: Arc<Directory>, duties: Vec<Duty>, stop: CancellationToken) {
    let tried = async {
        loop {
            match try_lead(&directory).await {
                Ok(Some(leadership)) => {
                    tracing::info!("this instance leads");
                    lead(&directory, &duties, leadership).await;
                    tracing::info!("this instance leads no more");
                }
                Ok(None) => {}
                // The directory complains about a store that is away.
                Err(error) => tracing::debug!("can't try to lead: {error}"),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    stop.run_until_cancelled(tried).await;
}

async fn try_lead(directory: &Directory) -> Result<Option<Leadership>, StoreError> {
    directory.store()?.try_lead().await
}

/// Ends when the store is away or somebody else may lead.
async fn lead(directory: &Directory, duties: &[Duty], mut leadership: Leadership) {
    let leading = async {
        while directory.store().is_ok() && leadership.holds().await {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    let working = join_all(duties.iter().map(|duty| duty.keep_doing(directory)));
    tokio::select! {
        () = leading => {}
        _ = working => {}
    }
}

impl Duty {
    /// Does the work now, whether it is due or not.
    pub async fn perform_once(&self, store: Store) -> Result<(), String> {
        let done = caught(async { (self.work)(store).await.map_err(|error| error.to_string()) });
        done.await.flatten()
    }

    async fn keep_doing(&self, directory: &Directory) {
        while let Ok(store) = directory.store() {
            let pause = match self.perform_once(store).await {
                Ok(()) => self.every,
                Err(error) => {
                    tracing::warn!(
                        "the duty to {} failed, it is tried again: {error}",
                        self.name
                    );
                    self.every.min(RETRY_INTERVAL)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}
