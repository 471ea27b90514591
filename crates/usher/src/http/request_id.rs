//! An id for every request, in the answer's header, in its error and in the log.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::AppState;
use super::error::ApiError;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, runs it in a log span of that name, and gives errors their one shape.
///
/// The id is ours, never the caller's: nobody can write into our log with it.
pub(super) async fn name_request(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let id = format!("{:032x}", (state.moment.random)());
    let span =
        tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span.clone()).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        response = shaped(response, &id);
        tracing::info!(parent: &span, status = response.status().as_u16(), "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Marks a response whose body is somebody else's contract (the drop-in's 400) and stays as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeepBody;

fn shaped(mut response: Response, id: &str) -> Response {
    if response.extensions().get::<KeepBody>().is_some() {
        return response;
    }
    let error = response
        .extensions_mut()
        .remove::<ApiError>()
        .unwrap_or_else(|| ApiError::of_status(response.status()));
    let kept = std::mem::take(response.headers_mut());
    let mut answer = error.into_answer(id);
    // What layers added (CORS, for one) stays; what described the old body goes.
    for (name, value) in &kept {
        if name != axum::http::header::CONTENT_LENGTH && name != axum::http::header::CONTENT_TYPE {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}
