//! What happens to every request before and after its handler: read once, recorded, struck by faults, dated.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_server::ConnectionShutdown;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Shared;
use crate::altered_headers::AlteredHeaders;
use crate::faults::{FaultAnswer, RetryAfter, Strike};
use crate::join_check::WireAnswer;
use crate::requests::{Judged, RequestRecord};
use crate::rest::Refusal;
use crate::{status_page, wc_info};

const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A request as it was read; handlers take it from the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) json: Option<Value>,
}

pub(crate) async fn observe(
    State((shared, scheme)): State<(Shared, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let host = host_of(&request);
    let mut response = if request.uri().path().starts_with("/_sim/") {
        next.run(request).await
    } else {
        play_zoom(&shared, scheme, host.clone(), request, next).await
    };
    let now = shared.with_world(|world| world.clock.now(&host));
    let altered = response.extensions_mut().remove::<AlteredHeaders>();
    altered
        .unwrap_or_default()
        .write(response.headers_mut(), now);
    response
}

async fn play_zoom(
    shared: &Shared,
    scheme: &'static str,
    host: String,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return (
            StatusCode::PAYLOAD_TOO_LARGE,
            "a request body of at most 1 MiB is read",
        )
            .into_response();
    };
    let seen = read(host, &parts, &body);
    let record = record(scheme, &parts, &seen);
    let (number, strike, now) = shared.with_world(|world| {
        let now = world.clock.now(&seen.host);
        let strike = world
            .faults
            .strike(&seen.host, parts.method.as_str(), parts.uri.path(), now);
        let fault = strike.answer.as_ref().map(|(id, _)| *id);
        (
            world.requests.open(RequestRecord {
                at: now,
                fault,
                ..record
            }),
            strike,
            now,
        )
    });
    let Strike {
        delay_ms,
        headers,
        answer,
    } = strike;
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    let mut response = if let Some((_, answer)) = answer {
        misbehave(answer, &parts, &seen, now).await
    } else if seen.host == status_page::REDIRECTED_HOST {
        status_page::redirect(parts.uri.path())
    } else {
        parts.extensions.insert(seen);
        next.run(Request::from_parts(parts, Body::from(body))).await
    };
    let judged = response.extensions().get::<Judged>().cloned();
    let status = response.status().as_u16();
    shared.with_world(|world| world.requests.answered(number, status, judged));
    response.extensions_mut().insert(headers);
    response
}

async fn misbehave(answer: FaultAnswer, parts: &Parts, seen: &Seen, now: Timestamp) -> Response {
    match answer {
        FaultAnswer::Close => {
            if let Some(connection) = parts.extensions.get::<ConnectionShutdown>() {
                connection.shutdown();
            }
            std::future::pending().await
        }
        FaultAnswer::Hang => std::future::pending().await,
        FaultAnswer::Json {
            status,
            body,
            retry_after,
        } => (status.0, retry_after_header(retry_after, now), Json(body)).into_response(),
        FaultAnswer::Html { status } => {
            let page = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>";
            (status.0, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        FaultAnswer::Redirect { to, status } => {
            (status.0, [(header::LOCATION, HeaderValue::from(to))]).into_response()
        }
        FaultAnswer::Garbage { status } => (
            status.0,
            [(header::CONTENT_TYPE, "application/json")],
            Bytes::from_static(b"\x00\xff\xfe{\"access_token\": nul\xc3\x28"),
        )
            .into_response(),
        FaultAnswer::Half { status } => half(status.0),
        FaultAnswer::RateLimit { retry_after, .. } => (
            retry_after_header(retry_after, now),
            Refusal::too_many_requests(),
        )
            .into_response(),
        FaultAnswer::Join { code, message } => wc_info::respond(
            &parts.method,
            &parts.headers,
            seen,
            &WireAnswer { code, message },
        ),
    }
}

fn retry_after_header(retry_after: Option<RetryAfter>, now: Timestamp) -> HeaderMap {
    let value = retry_after
        .and_then(|retry_after| HeaderValue::from_str(&retry_after.header_value(now)).ok());
    value
        .into_iter()
        .map(|value| (header::RETRY_AFTER, value))
        .collect()
}

/// Promises twice the bytes that it sends. It yields before it breaks off, so that what it has is really sent.
fn half(status: StatusCode) -> Response {
    const SENT: &str = r#"{"access_token":"sim-half","#;
    let beginning = stream::once(async { Ok(Bytes::from_static(SENT.as_bytes())) });
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_LENGTH, (2 * SENT.len()).to_string()),
    ];
    (status, headers, Body::from_stream(beginning.chain(end))).into_response()
}

/// The name by which the host was asked, without its port.
fn host_of(request: &Request) -> String {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = named
        .or_else(|| request.uri().authority().map(Authority::as_str))
        .unwrap_or_default();
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    name.to_ascii_lowercase()
}

fn read(host: String, parts: &Parts, body: &[u8]) -> Seen {
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let fields = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    Seen {
        host,
        query: fields(parts.uri.query().unwrap_or_default().as_bytes()),
        form: if content_type.starts_with("application/x-www-form-urlencoded") {
            fields(body)
        } else {
            BTreeMap::new()
        },
        json: if content_type.starts_with("application/json") {
            serde_json::from_slice(body).ok()
        } else {
            None
        },
    }
}

fn record(scheme: &'static str, parts: &Parts, seen: &Seen) -> RequestRecord {
    let text = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    RequestRecord {
        number: 0,
        at: Timestamp::UNIX_EPOCH,
        scheme,
        host: seen.host.clone(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        authorization: text(header::AUTHORIZATION)
            .and_then(|value| value.split(' ').next())
            .map(String::from),
        origin: text(header::ORIGIN).map(String::from),
        query: seen.query.clone(),
        form: without_secrets(&seen.form),
        json: seen.json.clone(),
        status: None,
        fault: None,
        signature: None,
        checks: Vec::new(),
    }
}

/// A client secret in the form is the one field that nobody needs to see again.
fn without_secrets(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut form = form.clone();
    form.remove("client_secret");
    form
}

/// An error of the control API.
pub(crate) fn refuse(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(json!({ "error": error.into() }))).into_response()
}
