//! Meetings that Zoom says were changed are fetched again.

use std::collections::BTreeMap;

use usher_core::meeting::MeetingNumber;

use super::settle::put_off;
use crate::http::AppState;
use crate::store::{DueNotice, Name, Store, StoreError, Wanted};
use crate::zoom::ZoomError;

/// In one go: Zoom is asked for one after the other, and other duties wait.
const MEETINGS_MAX: usize = 5;

/// Fetches each meeting once, however often it was announced.
pub(super) async fn refresh(state: &AppState, store: &Store) -> Result<(), StoreError> {
    let now = (state.moment.now)();
    let mut by_meeting: BTreeMap<Option<MeetingNumber>, Vec<DueNotice>> = BTreeMap::new();
    for due in store.due_notices(Wanted::ChangedMeetings, now).await? {
        by_meeting.entry(due.notice.meeting).or_default().push(due);
    }
    let mut fetched = 0;
    for (number, announced) in by_meeting {
        let account = number.and_then(|number| account_of(state, number));
        let (Some(number), Some(account)) = (number, account) else {
            settle(store, &announced).await?;
            continue;
        };
        if fetched == MEETINGS_MAX {
            continue;
        }
        fetched += 1;
        match state.zoom.meeting(&account, number).await {
            Ok(found) => {
                // It was the configuration's name, which is checked as this is.
                if let Ok(account) = Name::new("account", &account) {
                    store.import(&found, &account, now).await?;
                    state.directory.refresh().await?;
                }
                settle(store, &announced).await?;
            }
            Err(error @ ZoomError::Refused { .. }) => {
                tracing::warn!(meeting = %number, "Zoom says that it changed, and does not show it: {error}");
                settle(store, &announced).await?;
            }
            Err(_) => {
                for due in &announced {
                    put_off(store, due, now).await?;
                }
            }
        }
    }
    Ok(())
}

/// The account that a registered meeting belongs to, as far as one is configured.
fn account_of(state: &AppState, number: MeetingNumber) -> Option<String> {
    let meeting = state.directory.meeting(number)?;
    let account = state.config.account(meeting.account.as_deref()).ok()?;
    Some(account.to_owned())
}

async fn settle(store: &Store, announced: &[DueNotice]) -> Result<(), StoreError> {
    for due in announced {
        store.settle_notice(&due.notice.hash, None).await?;
    }
    Ok(())
}
