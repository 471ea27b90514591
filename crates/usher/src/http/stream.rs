//! `GET /v1/stream`: attempts as they change, by server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures_util::Stream;
use futures_util::stream;
use usher_core::attempt::AttemptId;

use super::AppState;
use super::authentication::Caller;
use super::error::{ApiError, ErrorAnswer};
use crate::store::{ATTEMPTS, Heard, Listener, Position, Scope};
use crate::story::ShownAttempt;

/// What a browser's `EventSource` sends when it connects again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Often enough that proxies don't take a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Attempts as they change: `event: attempt`, with the attempt as `GET /v1/attempts` shows it, and `event: gap` when some may have been
/// missed, so that whoever listens looks everything up again. Who comes again with the `id` of the last one in `Last-Event-ID` goes on
/// after it, with any instance, as long as it is known there: the latest 1024 writes are.
#[utoipa::path(
    get, path = "/v1/stream",
    params(("last-event-id" = Option<String>, Header, description = "The `id` of the last event that was received.")),
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
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let store = state.directory.store()?;
    let resumed = last_heard(&headers).and_then(|last| store.listen_after(last));
    let is_resumed = resumed.is_some();
    let listener = resumed.unwrap_or_else(|| store.listen());
    // What happened before is not in a stream that begins.
    let begin = (!is_resumed).then(|| gap(listener.position()));
    let begin: Vec<SseEvent> = begin.into_iter().collect();
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

fn last_heard(headers: &HeaderMap) -> Option<Position> {
    Position::parse(headers.get(LAST_EVENT_ID)?.to_str().ok()?)
}

fn gap(position: Position) -> SseEvent {
    let event = SseEvent::default().event("gap").data("{}");
    event.id(position.to_string())
}

/// `None` ends the stream: the store is gone, and whoever listens comes again.
async fn next(state: &AppState, listener: &mut Listener) -> Option<Vec<SseEvent>> {
    let before = listener.position();
    let heard = tokio::select! {
        heard = listener.next() => heard?,
        () = state.stop.cancelled() => return None,
    };
    let after = listener.position();
    let ids: Vec<AttemptId> = match heard {
        Heard::Gap => return Some(vec![gap(after)]),
        Heard::Announcement { topic, .. } if topic != ATTEMPTS => return Some(Vec::new()),
        Heard::Announcement { payload, .. } => {
            payload.split(' ').filter_map(AttemptId::parse).collect()
        }
    };
    if ids.is_empty() {
        return Some(vec![gap(after)]);
    }
    let Ok(rows) = state.directory.store().ok()?.attempt_rows(&ids).await else {
        return Some(vec![gap(after)]);
    };
    let now = (state.moment.now)();
    let last = rows.len().saturating_sub(1);
    let events = rows.into_iter().enumerate().filter_map(|(n, row)| {
        // Who goes away in the midst of one announcement hears it once more.
        let position = if n == last { after } else { before };
        SseEvent::default()
            .event("attempt")
            .id(position.to_string())
            .json_data(ShownAttempt::of(row, now))
            .ok()
    });
    Some(events.collect())
}
