//! Attempts: what is told about them, and what can be looked up.

mod events;
mod handed_in;
mod look_up;

use jiff::Timestamp;
use serde::Serialize;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::Origin;
use utoipa::ToSchema;

use super::AppState;
use crate::journal::Recorded;

pub(super) use events::{__path_post_events, post_events};
pub(super) use handed_in::{__path_post_attempt, post_attempt};
pub(super) use look_up::{__path_get_attempt, __path_get_attempts, get_attempt, get_attempts};

/// How the page reports on the attempt.
#[derive(Serialize, ToSchema)]
pub(super) struct Report {
    /// Where to.
    url: String,
    /// Allows to report on this attempt, for a week, and nothing else.
    token: String,
    /// The browser client that does it.
    client: String,
}

impl Report {
    pub(super) fn of(state: &AppState, attempt: AttemptId) -> Self {
        let base = state.config.public_url.as_deref().unwrap_or_default();
        Self {
            url: format!("{base}/v1/attempts/{attempt}/events"),
            token: state.report_tokens.token(attempt),
            client: format!("{base}{}", super::client_files::classic_path()),
        }
    }
}

/// Records what was minted here.
pub(super) fn record_mint(
    state: &AppState,
    attempt: AttemptId,
    now: Timestamp,
    origin: Box<Origin>,
    personal: Personal,
) -> impl Future<Output = Recorded> + Send + use<> {
    let minted = Event {
        attempt,
        source: Source::Mint,
        id: "mint".to_owned(),
        kind: Kind::Minted,
        at: now,
        received_at: now,
        facts: Facts {
            origin: Some(origin),
            ..Facts::default()
        },
        personal,
    };
    let receipt = state.journal.record(vec![minted]);
    async { receipt.await.recorded }
}
