//! Who calls, and what they may do.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::AppState;
use super::error::ApiError;
use crate::directory::Principal;
use crate::store::Scope;

/// The caller, known by a bearer key.
#[derive(Debug)]
pub(super) struct Caller(Principal);

impl Caller {
    /// 403 unless the key has one of the scopes; `admin` has all.
    pub(super) fn must_have(&self, scopes: &[Scope]) -> Result<(), ApiError> {
        if scopes.iter().any(|scope| self.0.may(*scope)) {
            return Ok(());
        }
        let needed: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "missing_scope",
            format!("This key lacks the scope `{}`.", needed.join("` or `")),
        )
        .hint("Use another key, or add one with `usher key add --scope`."))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        match bearer(parts)? {
            Some(key) => authenticate(state, key),
            None => Err(unauthorized("no_key", "The request has no API key.")
                .hint("Send `Authorization: Bearer KEY`; `usher key add` makes a key.")),
        }
    }
}

/// Checks a key.
pub(super) fn authenticate(state: &AppState, key: &str) -> Result<Caller, ApiError> {
    state
        .directory
        .authenticate(key)
        .map(Caller)
        .ok_or_else(|| {
            // One answer for unknown, wrong and revoked: it tells a guesser nothing.
            unauthorized("unknown_key", "The API key is unknown or was revoked.")
                .hint("`usher key list` shows the keys that work.")
        })
}

/// The bearer key of a request, if it has one.
pub(super) fn bearer(parts: &Parts) -> Result<Option<&str>, ApiError> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| Some(key.trim()))
        .ok_or_else(|| {
            unauthorized("no_key", "The Authorization header holds no bearer key.")
                .hint("Send `Authorization: Bearer KEY`.")
        })
}

pub(super) fn unauthorized(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}
