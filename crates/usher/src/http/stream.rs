//! `GET /v1/stream`: attempts as they change, by server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures_util::Stream;
use futures_util::stream;
use usher_core::attempt::AttemptId;

use super::AppState;
use super::authentication::Caller;
use super::error::{ApiError, ErrorAnswer};
use crate::store::{ATTEMPTS, Heard, Listener, Scope};
use crate::story::ShownAttempt;

/// Often enough that proxies don't take a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Attempts as they change: `event: attempt`, with the attempt as `GET /v1/attempts` shows it, and `event: gap` when some may have been
/// missed, so that whoever listens looks everything up again.
#[utoipa::path(
    get, path = "/v1/stream",
    responses(
        (status = 200, description = "Server-sent events.", content_type = "text/event-stream", body = String),
        (status = "4XX", body = ErrorAnswer),
        (status = "5XX", body = ErrorAnswer),
    ),
    security(("key" = []))
)]
pub(super) async fn get_stream(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let listener = state.directory.store()?.listen();
    // What happened before this stream began is not in it.
    let begin = vec![SseEvent::default().event("gap").data("{}")];
    let events = stream::unfold(
        (state, listener, begin.into_iter()),
        |(state, mut listener, mut ready)| async move {
            loop {
                if let Some(event) = ready.next() {
                    return Some((Ok(event), (state, listener, ready)));
                }
                ready = next(&state, &mut listener).await?.into_iter();
            }
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// `None` ends the stream: the store is gone, and whoever listens comes again.
async fn next(state: &AppState, listener: &mut Listener) -> Option<Vec<SseEvent>> {
    let gap = || vec![SseEvent::default().event("gap").data("{}")];
    let heard = tokio::select! {
        heard = listener.next() => heard?,
        () = state.stop.cancelled() => return None,
    };
    let ids: Vec<AttemptId> = match heard {
        Heard::Gap => return Some(gap()),
        Heard::Announcement { topic, .. } if topic != ATTEMPTS => return Some(Vec::new()),
        Heard::Announcement { payload, .. } => {
            payload.split(' ').filter_map(AttemptId::parse).collect()
        }
    };
    if ids.is_empty() {
        return Some(gap());
    }
    let Ok(rows) = state.directory.store().ok()?.attempt_rows(&ids).await else {
        return Some(gap());
    };
    let now = (state.moment.now)();
    let events = rows.into_iter().filter_map(|row| {
        let attempt = ShownAttempt::of(row, now);
        SseEvent::default()
            .event("attempt")
            .id(attempt.id.to_string())
            .json_data(&attempt)
            .ok()
    });
    Some(events.collect())
}
