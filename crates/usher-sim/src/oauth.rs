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
use crate::join_check::OauthErrors;
use crate::observe::Seen;
use crate::tokens::ACCESS_TOKEN_LIFETIME_S;
use crate::world::{Account, World};

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/oauth/token", post(token))
}

async fn token(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    headers: HeaderMap,
) -> Response {
    shared.with_world(|world| match judge(world, &seen, &headers) {
        Ok(account) => {
            let now = world.clock.now(&seen.host);
            let mut answer = json!({
                "access_token": world.tokens.issue_access(&account.id, now), "token_type": "bearer",
                "expires_in": ACCESS_TOKEN_LIFETIME_S, "scope": account.scopes.join(" "),
            });
            if let Some(api_url) = account.api_url {
                answer["api_url"] = api_url.into();
            }
            Json(answer).into_response()
        }
        Err(refused) => refused.answer(world.rules.oauth_errors),
    })
}

/// The account that gets a token. Which fault is told first is assumed.
fn judge(world: &World, seen: &Seen, headers: &HeaderMap) -> Result<Account, Refused> {
    // `[doc]`: the parameters are in the body. The query string worked for years, then 400s were reported `[forum]`: here it does not work.
    if seen.form.get("grant_type").map(String::as_str) != Some("account_credentials") {
        return Err(Refused::GrantType);
    }
    let (client_id, client_secret) = basic_credentials(headers).ok_or(Refused::NoCredentials)?;
    let mut accounts = world.accounts.iter();
    let account = accounts
        .find(|account| account.client_id == client_id)
        .ok_or(Refused::ClientId)?;
    if account.client_secret != client_secret {
        return Err(Refused::ClientSecret);
    }
    if seen.form.get("account_id") != Some(&account.id) {
        return Err(Refused::AccountId);
    }
    if account.disabled {
        return Err(Refused::Deactivated);
    }
    Ok(account.clone())
}

/// What is wrong with a request for a token.
#[derive(Debug, Clone, Copy)]
enum Refused {
    GrantType,
    NoCredentials,
    ClientId,
    ClientSecret,
    AccountId,
    Deactivated,
}

impl Refused {
    /// The words are documented, and most of the numbers (reference 5.1; which of 4702 and 4704 is which is assumed, and a wrong account
    /// has none that we know). Status 400 and the sentences are assumed.
    fn answer(self, form: OauthErrors) -> Response {
        let (error, code, sentence) = match self {
            Self::GrantType => (
                "unsupported_grant_type",
                Some(4705),
                "unsupported grant type",
            ),
            Self::NoCredentials => ("invalid_client", Some(4706), NOT_TOLD_APART),
            Self::ClientId if form == OauthErrors::Code => {
                ("invalid_client", Some(4702), "Invalid client_id")
            }
            Self::ClientSecret if form == OauthErrors::Code => {
                ("invalid_client", Some(4704), "Invalid client_secret")
            }
            Self::ClientId | Self::ClientSecret => ("invalid_client", None, NOT_TOLD_APART),
            Self::AccountId => ("invalid_request", None, "Bad Request"),
            Self::Deactivated => ("invalid_client", Some(4717), "The app has been disabled"),
        };
        let body = match form {
            OauthErrors::Reason => json!({ "reason": sentence, "error": error }),
            OauthErrors::ErrorDescription => {
                json!({ "error": error, "error_description": sentence })
            }
            OauthErrors::Code => json!({ "code": code, "reason": sentence, "error": error }),
        };
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

const NOT_TOLD_APART: &str = "Invalid client_id or client_secret";

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
