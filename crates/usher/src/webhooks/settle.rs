//! From kept notifications to events: which attempt each is about.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::sync::Mutex;
use usher_core::attempt::event::{Event, Facts, Personal, Source};
use usher_core::webhook::matching::{self, Candidate, Hashes, Match};
use usher_core::webhook::{CLOCK_SKEW, MeetingNotice, Participant, ParticipantEvent};

use super::candidate::{candidate, keyed_hash};
use crate::directory::Directory;
use crate::journal::{Journal, Recorded};
use crate::store::{DueNotice, Notice, Store, StoreError, Wanted};

/// Attempts on a meeting that are this old are looked at: the longest signature (48 h) and the longest meeting (30 h), and some hours.
const ATTEMPTS_OF_LAST: SignedDuration = SignedDuration::from_hours(84);
/// The attempt may be in another instance's spool, or its page may not have said yet that it called `join()`.
const TRY_AGAIN_AFTER: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
];

/// Finds the attempts that notifications are about. Clones share the work.
#[derive(Debug, Clone)]
pub struct Settler(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    directory: Arc<Directory>,
    journal: Journal,
    now: fn() -> Timestamp,
    /// One works.
    working: Mutex<()>,
    /// One waits, and looks for what came meanwhile.
    somebody_waits: AtomicBool,
}

/// Why notifications stay unsettled. They are tried again.
#[derive(Debug, Error)]
pub enum SettleError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("neither the store nor the spool took an event of Zoom's")]
    NotRecorded,
}

impl Settler {
    pub(crate) fn new(directory: Arc<Directory>, journal: Journal, now: fn() -> Timestamp) -> Self {
        Self(Arc::new(Parts {
            directory,
            journal,
            now,
            working: Mutex::default(),
            somebody_waits: AtomicBool::new(false),
        }))
    }

    /// Settles what is kept by now, beside the request that kept it.
    pub(crate) fn settle_soon(&self) {
        if self.0.somebody_waits.swap(true, Ordering::AcqRel) {
            return;
        }
        let settler = self.clone();
        tokio::spawn(async move {
            if let Err(error) = settler.settle().await {
                tracing::debug!("notifications are settled later: {error}");
            }
        });
    }

    /// Settles what is due. Doing it twice, here or elsewhere, changes nothing.
    pub(crate) async fn settle(&self) -> Result<(), SettleError> {
        let _working = self.0.working.lock().await;
        self.0.somebody_waits.store(false, Ordering::Release);
        loop {
            let store = self.0.directory.store()?;
            let now = (self.0.now)();
            let due = store.due_notices(Wanted::Participants, now).await?;
            if due.is_empty() {
                return Ok(());
            }
            for due in &due {
                self.settle_one(&store, due, now).await?;
            }
        }
    }

    async fn settle_one(
        &self,
        store: &Store,
        due: &DueNotice,
        now: Timestamp,
    ) -> Result<(), SettleError> {
        let notice = &due.notice;
        let Some(found) = find(store, notice).await? else {
            return Ok(put_off(store, due, now).await?);
        };
        let attempt = found.attempt;
        let receipt = self.0.journal.record(vec![found]).await;
        if receipt.recorded == Recorded::No {
            return Err(SettleError::NotRecorded);
        }
        Ok(store.settle_notice(&notice.hash, Some(attempt)).await?)
    }
}

/// Tries again later, a few times.
pub(super) async fn put_off(
    store: &Store,
    due: &DueNotice,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hash = &due.notice.hash;
    let after = usize::try_from(due.tries)
        .ok()
        .and_then(|tries| TRY_AGAIN_AFTER.get(tries));
    match after {
        Some(after) => store.postpone_notice(hash, now + *after).await,
        None => store.settle_notice(hash, None).await,
    }
}

/// The event that a notification is to its attempt.
async fn find(store: &Store, notice: &Notice) -> Result<Option<Event>, StoreError> {
    let Some(event) = ParticipantEvent::parse(&notice.event) else {
        return Ok(None);
    };
    let hashes = Hashes {
        name: notice.hashes.name.as_deref().and_then(keyed_hash),
        registrant: notice.hashes.registrant.as_deref().and_then(keyed_hash),
    };
    let participant = Participant {
        event,
        meeting: MeetingNotice {
            meeting_number: notice.meeting,
            meeting_uuid: notice.meeting_uuid.clone(),
            at: notice.at,
        },
        customer_key: notice.facts.attempt.map(|attempt| attempt.to_string()),
        registrant_id: None,
        user_name: None,
        leave_reason: notice.facts.leave_reason.clone(),
        participant_uuid: None,
    };
    let candidates = candidates(store, notice).await?;
    let found = matching::find(&participant, hashes, &candidates);
    Ok(found.map(|found| event_of(notice, &participant, found)))
}

/// The attempt that is named; if there is none, those on the meeting with that registrant or name.
async fn candidates(store: &Store, notice: &Notice) -> Result<Vec<Candidate>, StoreError> {
    if let Some(named) = notice.facts.attempt {
        let events = store.events(named).await?;
        if let Some(candidate) = candidate(named, &events) {
            return Ok(vec![candidate]);
        }
    }
    let Some(meeting) = notice.meeting else {
        return Ok(Vec::new());
    };
    let (from, to) = (notice.at - ATTEMPTS_OF_LAST, notice.at + CLOCK_SKEW);
    let ids = store.attempts_of(meeting, &notice.hashes, from, to).await?;
    let mut candidates = Vec::with_capacity(ids.len());
    for id in ids {
        candidates.extend(candidate(id, &store.events(id).await?));
    }
    Ok(candidates)
}

fn event_of(notice: &Notice, participant: &Participant, found: Match) -> Event {
    if let Some(doubt) = found.doubt {
        tracing::warn!(
            attempt = %found.attempt,
            doubt = doubt.code(),
            "Zoom named this attempt where it does not belong"
        );
    }
    Event {
        attempt: found.attempt,
        source: Source::Zoom,
        id: notice.hash.clone(),
        kind: participant.event.kind(),
        at: notice.at,
        received_at: notice.received_at,
        facts: Facts {
            zoom_event: Some(notice.event.clone()),
            matched_by: Some(found.by),
            meeting_uuid: notice.meeting_uuid.clone(),
            reason: notice.facts.leave_reason.clone(),
            ..Facts::default()
        },
        personal: Personal::default(),
    }
}
