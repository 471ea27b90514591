//! `/api/v1/wc/info`, which the SDK asks before it joins (reference 2.5 `[run]`): JSONP by GET up to the 2.x, a form by POST since, and
//! a plain GET when the POST failed.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};

use crate::Shared;
use crate::join_check::{self, WireAnswer};
use crate::observe::Seen;
use crate::requests::Judged;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/wc/info", get(info).post(info).options(preflight))
}

async fn info(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let verdict = shared.with_world(|world| {
        let now = world.clock.now(&seen.host);
        let fields = fields(&seen, &method);
        let verdict = join_check::judge(world, now, fields);
        if let Some(obf) = fields.get("obfToken").filter(|_| verdict.passed) {
            world.tokens.use_up(obf);
        }
        verdict
    });
    let mut response = respond(&method, &headers, &seen, &verdict.answer);
    response.extensions_mut().insert(Judged {
        signature: verdict.signature,
        checks: verdict.checks,
    });
    response
}

fn fields<'a>(seen: &'a Seen, method: &Method) -> &'a BTreeMap<String, String> {
    if *method == Method::POST {
        &seen.form
    } else {
        &seen.query
    }
}

/// The answer in the form that the asking SDK reads.
pub(crate) fn respond(
    method: &Method,
    headers: &HeaderMap,
    seen: &Seen,
    answer: &WireAnswer,
) -> Response {
    let callback = fields(seen, method)
        .get("callback")
        .filter(|_| *method == Method::GET);
    let mut response = match callback {
        Some(callback) if is_identifier(callback) => {
            let script = format!("{callback}({});", answer.body());
            ([(header::CONTENT_TYPE, "application/javascript")], script).into_response()
        }
        Some(_) => (StatusCode::BAD_REQUEST, "callback is no JavaScript name").into_response(),
        None => Json(answer.body()).into_response(),
    };
    allow_origin(&mut response, headers);
    response
}

async fn preflight(headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    allow_origin(&mut response, &headers);
    let allowed = response.headers_mut();
    allowed.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        allowed.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

/// Every page may ask: the SDK runs on its integrator's origin. With credentials the origin has to be named, a `*` is not enough.
fn allow_origin(response: &mut Response, headers: &HeaderMap) {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let allowed = response.headers_mut();
        allowed.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        allowed.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        allowed.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// A JSONP callback becomes a script: nothing but a name may get through.
fn is_identifier(callback: &str) -> bool {
    callback.len() <= 128
        && callback
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.'))
}
