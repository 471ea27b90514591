//! An id for every request, in the answer's header, in its error and in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::AppState;
use super::error::ApiError;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Ids that no other process and no other request of this one has: random once, then counted. They name, they don't protect.
#[derive(Debug)]
pub(super) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(random: u128) -> Self {
        let [process, first] = [random >> 64, random]
            .map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or_default());
        Self {
            process,
            next: AtomicU64::new(first),
        }
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{number:016x}", self.process)
    }
}

/// Names the request, gives errors their one shape and logs them under that name.
///
/// The id is ours, never the caller's: nobody can write into our log with it. There is no log span around a request: making one costs
/// as much as minting, and what went wrong is in the line of the answer.
pub(super) async fn name_request(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let id = state.request_ids.next();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && response.extensions().get::<KeepBody>().is_none() {
        let error = response
            .extensions_mut()
            .remove::<ApiError>()
            .unwrap_or_else(|| ApiError::of_status(status));
        log(&id, &method, uri.path(), &error);
        response = shaped(response, error, &id);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn log(id: &str, method: &Method, path: &str, error: &ApiError) {
    // Longer than any path of ours; what a stranger sends must not fill the disk.
    const PATH_MAX: usize = 200;
    let path = path.get(..PATH_MAX).unwrap_or(path);
    let status = error.status.as_u16();
    let cause = error.cause.as_deref().unwrap_or_default();
    if error.status.is_server_error() {
        tracing::warn!(id, %method, path, status, code = error.code, message = error.message, cause, "failed");
    } else {
        tracing::info!(id, %method, path, status, code = error.code, message = error.message, "refused");
    }
}

/// Marks a response whose body is somebody else's contract (the drop-in's 400) and stays as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeepBody;

/// The error in the place of a response. What layers added (CORS, for one) stays; what described the old body goes.
fn shaped(mut response: Response, error: ApiError, id: &str) -> Response {
    let mut answer = error.into_answer(id);
    for (name, value) in &std::mem::take(response.headers_mut()) {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}
