//! The burst that an attempt belongs to: whoever fails tries again.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use usher_core::attempt::AttemptId;
use usher_core::attempt::burst::GAP;
use usher_core::attempt::story::Phase;
use utoipa::ToSchema;

use crate::store::{AttemptFilter, AttemptRow, LIMIT_MAX, Store, StoreError};

/// Attempts that are looked at before and after one: a page that tries every second, for some minutes.
const SIBLINGS_MAX: usize = LIMIT_MAX as usize;

/// Attempts of one participant on one meeting with gaps of at most ten minutes, ended by one that got in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Burst {
    /// Whether this attempt is its first: the one that counts.
    pub(crate) is_first: bool,
    /// All of it, oldest first: this one, and at most 500 before and after it.
    #[schema(value_type = Vec<String>)]
    pub(crate) attempts: Vec<AttemptId>,
}

impl Burst {
    /// The burst of an attempt. One without a participant is alone in its own.
    pub(super) async fn of(
        store: &Store,
        row: &AttemptRow,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut attempts = Vec::new();
        if row.participant.is_some() {
            attempts.extend(before(store, row, now).await?);
        }
        let is_first = attempts.is_empty();
        attempts.push(row.id);
        if row.participant.is_some() {
            attempts.extend(after(store, row, now).await?);
        }
        Ok(Self { is_first, attempts })
    }
}

async fn before(
    store: &Store,
    row: &AttemptRow,
    now: Timestamp,
) -> Result<Vec<AttemptId>, StoreError> {
    let older = AttemptFilter {
        before: Some(row.id),
        ..siblings(row)
    };
    let page = store.attempts(&older, LIMIT_MAX, now).await?;
    let mut next = row.id;
    let mut found = Vec::new();
    for sibling in page
        .attempts
        .iter()
        .filter(|other| is_same_meeting(row, other))
    {
        let is_over = sibling.phase == Phase::Joined || is_gap(sibling.id, next);
        if is_over {
            break;
        }
        next = sibling.id;
        found.push(sibling.id);
    }
    found.reverse();
    Ok(found)
}

/// Lists are newest first, so the later ones are looked for within one gap after another.
async fn after(
    store: &Store,
    row: &AttemptRow,
    now: Timestamp,
) -> Result<Vec<AttemptId>, StoreError> {
    let mut last = row.id;
    let mut has_joined = row.phase == Phase::Joined;
    let mut found = Vec::new();
    while !has_joined && found.len() < SIBLINGS_MAX {
        let within_gap = AttemptFilter {
            from: Some(last.at()),
            // A span ends before its end.
            to: Some(last.at() + GAP + SignedDuration::from_millis(1)),
            ..siblings(row)
        };
        let page = store.attempts(&within_gap, LIMIT_MAX, now).await?;
        let later = page.attempts.iter().rev();
        let later = later.filter(|other| other.id > last && is_same_meeting(row, other));
        let before = found.len();
        for sibling in later {
            found.push(sibling.id);
            has_joined = sibling.phase == Phase::Joined;
            if has_joined {
                break;
            }
        }
        match found.last() {
            Some(newest) if found.len() > before => last = *newest,
            _ => break,
        }
    }
    Ok(found)
}

fn siblings(row: &AttemptRow) -> AttemptFilter {
    AttemptFilter {
        participant: row.participant.clone(),
        meeting: row.meeting,
        ..AttemptFilter::default()
    }
}

/// A meeting without a number is a dimension.
fn is_same_meeting(row: &AttemptRow, other: &AttemptRow) -> bool {
    let named = |row: &AttemptRow| row.dims.get("meeting").cloned();
    row.meeting == other.meeting && named(row) == named(other)
}

fn is_gap(earlier: AttemptId, later: AttemptId) -> bool {
    later.at().duration_since(earlier.at()) > GAP
}
