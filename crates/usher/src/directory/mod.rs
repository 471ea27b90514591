//! Keys and meetings in memory: what minting needs, whether or not the store is there.
//!
//! Looking up touches no disk and waits for no future: a read lock, held for one hash-map access. [`Directory::refresh`] brings in what
//! changed in the store, and [`keep_fresh`] calls it every second, so that other processes' writes (`usher key revoke`)
//! count here too; what other instances announce, it brings in at once. What is in memory is also in a sealed snapshot, for a start while the store is away.

mod degradation;
mod fresh;
mod snapshot;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify};
use usher_core::meeting::MeetingNumber;

use crate::seal::MasterKey;
use crate::store::{
    self, Address, Changes, IfMissing, IfOlder, KeyId, KeyRecord, Meeting, Name, Scope, Scopes,
    Store, StoreError,
};

pub use degradation::Degradation;
pub use fresh::keep_fresh;
pub use snapshot::SnapshotError;

/// Where keys and meetings come from: the store, and the snapshot that stands in for it.
#[derive(Debug, Clone)]
pub struct Sources {
    pub store: Address,
    pub if_older: IfOlder,
    pub snapshot: PathBuf,
}

/// What minting needs to know.
#[derive(Debug)]
pub struct Directory {
    sources: Sources,
    master_key: Arc<MasterKey>,
    now: fn() -> Timestamp,
    contents: RwLock<Contents>,
    link: RwLock<Link>,
    /// One refresh at a time; no look-up waits for it.
    refreshing: Mutex<()>,
    snapshot_is_due: AtomicBool,
    /// The last attempt to write the snapshot failed.
    snapshot_failed: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    /// The store's revision that this is; none if it came from a snapshot.
    revision: Option<i64>,
    /// Those that work: a revoked key is not here.
    keys: HashMap<KeyId, KeyRecord>,
    meetings: HashMap<MeetingNumber, Arc<Meeting>>,
    /// The numbers of the store's rows that can't be read.
    unreadable: HashSet<i64>,
}

#[derive(Debug)]
enum Link {
    Present(Store),
    Away { since: Timestamp, error: StoreError },
}

/// Who calls: the holder of a key that works.
#[derive(Debug, Clone)]
pub struct Principal {
    pub key: KeyId,
    pub name: Name,
    pub scopes: Scopes,
}

/// Nothing to start from.
#[derive(Debug, Error)]
pub enum StartError {
    /// Neither the store nor a snapshot.
    #[error("{store} ({snapshot})")]
    Nothing {
        store: StoreError,
        snapshot: SnapshotError,
    },
    /// The store is there, but of another version. A start from the snapshot would hide that a deployment went wrong.
    #[error(transparent)]
    Version(StoreError),
}

impl Sources {
    /// Opens the store. It is created only where there is no snapshot: a snapshot says that there was a store, and an empty
    /// one in its place (a disk not mounted, a path mistyped) would make everybody's key and meeting unknown. Nor does a store
    /// that was never written to stand against a snapshot that holds something.
    pub async fn open_store(&self, master_key: Arc<MasterKey>) -> Result<Store, StoreError> {
        let snapshot = self.snapshot.clone();
        let has_snapshot = store::blocking(move || snapshot.try_exists())
            .await
            .unwrap_or(true);
        let if_missing = if has_snapshot {
            IfMissing::Fail
        } else {
            IfMissing::Create
        };
        let store = Store::open(&self.store, if_missing, self.if_older, master_key.clone()).await?;
        if has_snapshot && store.is_fresh().await? {
            let snapshot = read_snapshot(&self.snapshot, &master_key).await;
            if !snapshot.is_ok_and(|contents| contents.is_empty()) {
                store.close().await;
                return Err(StoreError::Missing {
                    place: self.store.place(),
                });
            }
        }
        Ok(store)
    }
}

impl Directory {
    /// What everything that is kept is sealed with.
    pub fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// Loads keys and meetings from the store or, while it is away, from the snapshot.
    pub async fn start(
        sources: Sources,
        master_key: Arc<MasterKey>,
        now: fn() -> Timestamp,
    ) -> Result<Self, StartError> {
        let (contents, link) = match load(&sources, &master_key).await {
            Ok((contents, store)) => (contents, Link::Present(store)),
            Err(
                error @ (StoreError::NewerThanBinary { .. } | StoreError::OlderThanBinary { .. }),
            ) => return Err(StartError::Version(error)),
            Err(error) => match read_snapshot(&sources.snapshot, &master_key).await {
                Ok(contents) => {
                    tracing::warn!(
                        code = error.code(),
                        "the store is away, starting from the snapshot: {error}"
                    );
                    (
                        contents,
                        Link::Away {
                            since: now(),
                            error,
                        },
                    )
                }
                Err(snapshot) => {
                    return Err(StartError::Nothing {
                        store: error,
                        snapshot,
                    });
                }
            },
        };
        Ok(Self {
            sources,
            master_key,
            now,
            snapshot_is_due: AtomicBool::new(contents.revision.is_some()),
            contents: RwLock::new(contents),
            link: RwLock::new(link),
            refreshing: Mutex::new(()),
            snapshot_failed: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    /// The meeting, if it is registered.
    pub fn meeting(&self, number: MeetingNumber) -> Option<Arc<Meeting>> {
        read(&self.contents).meetings.get(&number).cloned()
    }

    /// Who the text of a key belongs to. `None` whether it is malformed, unknown, wrong or revoked: the difference would help a guesser only.
    pub fn authenticate(&self, key: &str) -> Option<Principal> {
        let id = KeyId::of_key(key)?;
        let contents = read(&self.contents);
        let known = contents.keys.get(&id)?;
        known.hash.is_of(key).then(|| Principal {
            key: id,
            name: known.name.clone(),
            scopes: known.scopes,
        })
    }

    /// The store, for verbs that need it; while it is away, why. After a write, [`Self::refresh`] makes it count.
    pub fn store(&self) -> Result<Store, StoreError> {
        match &*read(&self.link) {
            Link::Present(store) => Ok(store.clone()),
            Link::Away { error, .. } => Err(error.clone()),
        }
    }

    /// Ends when a change of the store that comes after this call is in memory.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Brings in what changed in the store; opens it again if it was away. If that fails, what is in memory
    /// stays, and [`Self::degradations`] says why, too.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let result = match self.store() {
            Ok(store) => self.catch_up(&store).await,
            Err(_) => self.reopen().await,
        };
        if let Err(error) = &result
            && let Err(reason) = self.confirm_loss(error).await
        {
            self.lose_store(&reason);
        }
        result
    }

    /// Writes the snapshot if memory knows something that it doesn't.
    pub async fn save_snapshot(&self) -> io::Result<()> {
        if !self.snapshot_is_due.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let contents = read(&self.contents).clone();
        let (file, master_key) = (self.sources.snapshot.clone(), self.master_key.clone());
        let result = store::blocking(move || snapshot::write(&file, &master_key, &contents)).await;
        self.snapshot_failed
            .store(result.is_err(), Ordering::Release);
        if result.is_err() {
            self.snapshot_is_due.store(true, Ordering::Release);
        }
        result
    }

    async fn catch_up(&self, store: &Store) -> Result<(), StoreError> {
        store.check_in_place().await?;
        let known = read(&self.contents).revision;
        if let Some(changes) = store.changes_since(known).await? {
            write(&self.contents).take_in(changes);
            self.snapshot_is_due.store(true, Ordering::Release);
            self.changed.notify_waiters();
        }
        Ok(())
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        let (contents, store) = load(&self.sources, &self.master_key).await?;
        *write(&self.contents) = contents;
        *write(&self.link) = Link::Present(store);
        self.snapshot_is_due.store(true, Ordering::Release);
        self.changed.notify_waiters();
        tracing::info!("the store is back");
        Ok(())
    }

    /// A store whose connections are all at work is not away. `Err` says why it is.
    async fn confirm_loss(&self, error: &StoreError) -> Result<(), StoreError> {
        match (error, self.store()) {
            (StoreError::Busy { .. }, Ok(store)) => store.reach().await,
            _ => Err(error.clone()),
        }
    }

    fn lose_store(&self, error: &StoreError) {
        let lost = {
            let mut link = write(&self.link);
            let since = match &*link {
                Link::Away { since, .. } => *since,
                Link::Present(_) => (self.now)(),
            };
            let away = Link::Away {
                since,
                error: error.clone(),
            };
            std::mem::replace(&mut *link, away)
        };
        if let Link::Present(store) = lost {
            tracing::warn!(
                code = error.code(),
                "the store is away, minting goes on from memory: {error}"
            );
            // What is under way ends first, and that may be long after the store is back.
            tokio::spawn(async move { store.close().await });
        }
    }
}

async fn load(
    sources: &Sources,
    master_key: &Arc<MasterKey>,
) -> Result<(Contents, Store), StoreError> {
    let store = sources.open_store(master_key.clone()).await?;
    let mut contents = Contents::default();
    if let Some(changes) = store.changes_since(None).await? {
        contents.take_in(changes);
    }
    Ok((contents, store))
}

async fn read_snapshot(
    file: &Path,
    master_key: &Arc<MasterKey>,
) -> Result<Contents, SnapshotError> {
    let (path, master_key) = (file.to_owned(), master_key.clone());
    tokio::task::spawn_blocking(move || snapshot::read(&path, &master_key))
        .await
        .unwrap_or_else(|error| {
            Err(SnapshotError::Io {
                file: file.to_owned(),
                error: io::Error::other(error),
            })
        })
}

impl Contents {
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.meetings.is_empty()
    }

    fn take_in(&mut self, changes: Changes) {
        if changes.is_everything {
            self.meetings.clear();
            self.unreadable.clear();
        }
        for number in changes.deleted {
            self.meetings.remove(&number);
            self.unreadable.remove(&number.as_u64().cast_signed());
        }
        for meeting in changes.meetings {
            self.unreadable
                .remove(&meeting.number.as_u64().cast_signed());
            self.meetings.insert(meeting.number, Arc::new(meeting));
        }
        for number in changes.unreadable {
            if let Ok(number) = MeetingNumber::from_u64(number.cast_unsigned()) {
                self.meetings.remove(&number);
            }
            self.unreadable.insert(number);
        }
        let working = changes
            .keys
            .into_iter()
            .filter(|key| key.revoked_at.is_none());
        self.keys = working.map(|key| (key.id, key)).collect();
        self.revision = Some(changes.revision);
    }
}

impl Principal {
    /// Whether the key lets its holder do what the scope is for.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }
}

/// A panic elsewhere doesn't make what is in memory wrong: the locks are held for insertions and assignments only.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
