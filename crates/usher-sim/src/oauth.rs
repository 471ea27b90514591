//! `POST /oauth/token`: server-to-server access tokens (reference 5.1).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Shared;
use crate::observe::Seen;
use crate::tokens::ACCESS_TOKEN_LIFETIME_S;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/oauth/token", post(token))
}

async fn token(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    headers: HeaderMap,
) -> Response {
    // `[doc]`: the parameters are in the body. The query string worked for years, then 400s were reported `[forum]`: here it does not work.
    if seen.form.get("grant_type").map(String::as_str) != Some("account_credentials") {
        return refuse("unsupported_grant_type", "unsupported grant type");
    }
    let Some((client_id, client_secret)) = basic_credentials(&headers) else {
        return refuse("invalid_client", "Invalid client_id or client_secret");
    };
    shared.with_world(|world| {
        let account = world.accounts.iter().find(|account| {
            account.client_id == client_id && account.client_secret == client_secret
        });
        let Some(account) = account.cloned() else {
            return refuse("invalid_client", "Invalid client_id or client_secret");
        };
        if seen.form.get("account_id") != Some(&account.id) {
            return refuse("invalid_request", "Bad Request");
        }
        if account.disabled {
            return refuse("invalid_client", "The app has been disabled");
        }
        let now = world.clock.now(&seen.host);
        let mut answer = json!({
            "access_token": world.tokens.issue_access(&account.id, now), "token_type": "bearer",
            "expires_in": ACCESS_TOKEN_LIFETIME_S, "scope": account.scopes.join(" "),
        });
        if let Some(api_url) = account.api_url {
            answer["api_url"] = api_url.into();
        }
        Json(answer).into_response()
    })
}

/// The error codes are documented; status and the shape `{reason, error}` are what is commonly quoted (assumed, reference 5.1).
fn refuse(error: &str, reason: &str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "reason": reason, "error": error })),
    )
        .into_response()
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let credentials = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (client_id, client_secret) = credentials.split_once(':')?;
    Some((client_id.to_owned(), client_secret.to_owned()))
}
