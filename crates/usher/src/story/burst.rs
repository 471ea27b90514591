//! The burst that an attempt belongs to: whoever fails tries again.

use jiff::Timestamp;
use serde::Serialize;
use usher_core::attempt::AttemptId;
use usher_core::attempt::burst::GAP;
use usher_core::attempt::story::Phase;
use utoipa::ToSchema;

use crate::store::{AttemptFilter, AttemptRow, LIMIT_MAX, Store, StoreError};

/// Attempts that are told before and after one: a page that tries every second, for some minutes.
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
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if row.participant.is_some() {
            let mut older = siblings(row);
            older.before = Some(row.id);
            before = follow(store, row, older, now).await?;
            let mut newer = siblings(row);
            newer.after = Some(row.id);
            after = follow(store, row, newer, now).await?;
        }
        let is_first = before.is_empty();
        let before = before.into_iter().rev();
        Ok(Self {
            is_first,
            attempts: before.chain([row.id]).chain(after).collect(),
        })
    }
}

/// The rest of the burst in one direction: that of the pages, the nearest first.
async fn follow(
    store: &Store,
    row: &AttemptRow,
    mut pages: AttemptFilter,
    now: Timestamp,
) -> Result<Vec<AttemptId>, StoreError> {
    let mut nearest = row.clone();
    let mut found = Vec::new();
    loop {
        let page = store.attempts(&pages, LIMIT_MAX, now).await?;
        for other in page.attempts {
            let (earlier, later) = if other.id < nearest.id {
                (&other, &nearest)
            } else {
                (&nearest, &other)
            };
            let is_of_another = !is_same_meeting(row, &other);
            if is_gap(earlier.id, later.id) || (!is_of_another && earlier.phase == Phase::Joined) {
                return Ok(found);
            }
            if is_of_another {
                continue;
            }
            found.push(other.id);
            if found.len() == SIBLINGS_MAX {
                return Ok(found);
            }
            nearest = other;
        }
        let Some(next) = page.next.filter(|next| !is_gap(nearest.id, *next)) else {
            return Ok(found);
        };
        match pages.after {
            Some(_) => pages.after = Some(next),
            None => pages.before = Some(next),
        }
    }
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

fn is_gap(one: AttemptId, other: AttemptId) -> bool {
    one.at().duration_since(other.at()).abs() > GAP
}

#[cfg(test)]
mod tests {

    use jiff::SignedDuration;
    use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};

    use super::*;

    fn event(at: Timestamp, kind: Kind) -> Event {
        Event {
            attempt: AttemptId::new(at, 1),
            source: Source::Import,
            id: kind.as_str().to_owned(),
            kind,
            at,
            received_at: at,
            facts: Facts::default(),
            personal: Personal {
                participant: Some("p-1".into()),
                ..Personal::default()
            },
        }
    }

    #[tokio::test]
    async fn of_very_many_tries_within_one_gap_none_is_skipped() {
        let (_folder, store) = Store::temporary().await;
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        // 1,200 tries in ten minutes, one of which got in.
        let at = |n: i64| start + SignedDuration::from_millis(500 * n);
        let mut events: Vec<Event> = (0..1200).map(|n| event(at(n), Kind::Minted)).collect();
        events.push(event(at(100), Kind::Joined));
        store.append(&events).await.unwrap();
        let ids: Vec<AttemptId> = events[..1200].iter().map(|event| event.attempt).collect();
        let burst = async |n: usize| {
            let row = store.attempt_rows(&[ids[n]]).await.unwrap().remove(0);
            Burst::of(&store, &row, at(2000)).await.unwrap()
        };
        let first = burst(0).await;
        assert!(first.is_first);
        assert_eq!(first.attempts, ids[..=100]);
        let second = burst(101).await;
        assert!(second.is_first);
        assert_eq!(second.attempts, ids[101..=601]);
        let last = burst(1199).await;
        assert!(!last.is_first);
        assert_eq!(last.attempts, ids[699..]);
    }
}
