//! Users and the tokens that act as them (reference 4).

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::json;

use crate::Shared;
use crate::observe::Seen;
use crate::rest::{self, READ_TOKEN, READ_USER, READ_ZAK};
use crate::tokens::{TokenKind, USER_TOKEN_LIFETIME_MAX_S, USER_TOKEN_LIFETIME_S};
use crate::world::World;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v2/users/{id}", get(user))
        .route("/v2/users/{id}/token", get(token))
        .route("/v2/users/me/zak", get(own_zak))
}

/// The fields are some of those that Zoom names; which are always there is assumed.
async fn user(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    shared.with_world(|world| {
        let account = match rest::authorize(world, &seen.host, &headers, READ_USER) {
            Ok(account) => account,
            Err(refusal) => return refusal,
        };
        let Some(user) = world.user(&account, &id) else {
            return rest::user_unknown(&id);
        };
        Json(json!({
            "id": user.id, "email": user.email, "display_name": user.display_name,
            "type": 2, "status": "active", "account_id": user.account,
        }))
        .into_response()
    })
}

/// `type=zak` and `type=onbehalf` are documented. OBF is documented for user-level access tokens; an account-level one gets it here too (assumed).
async fn token(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let kind = match seen.query.get("type").map(String::as_str) {
        Some("zak") => TokenKind::Zak,
        Some("onbehalf") => TokenKind::Obf,
        _ => return rest::invalid_field("type", "type must be zak or onbehalf"),
    };
    let Some(lifetime_s) = number(&seen, "ttl", USER_TOKEN_LIFETIME_S)
        .filter(|ttl| (1..=USER_TOKEN_LIFETIME_MAX_S).contains(ttl))
    else {
        return rest::invalid_field("ttl", "ttl must be a number of seconds, at most one year");
    };
    let meeting = match seen.query.get("meeting_id").map(|id| id.parse()) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => return rest::invalid_field("meeting_id", "meeting_id must be a number"),
    };
    shared.with_world(|world| {
        issue(
            world,
            &seen,
            &headers,
            READ_TOKEN,
            &Asked {
                user: &id,
                kind,
                meeting,
                lifetime_s,
            },
        )
    })
}

async fn own_zak(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    headers: HeaderMap,
) -> Response {
    let asked = Asked {
        user: "me",
        kind: TokenKind::Zak,
        meeting: None,
        lifetime_s: USER_TOKEN_LIFETIME_S,
    };
    shared.with_world(|world| issue(world, &seen, &headers, READ_ZAK, &asked))
}

struct Asked<'a> {
    user: &'a str,
    kind: TokenKind,
    meeting: Option<u64>,
    lifetime_s: i64,
}

fn issue(
    world: &mut World,
    seen: &Seen,
    headers: &HeaderMap,
    scope: &str,
    asked: &Asked<'_>,
) -> Response {
    let account = match rest::authorize(world, &seen.host, headers, scope) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let Some(user) = world.user(&account, asked.user).map(|user| user.id.clone()) else {
        return rest::user_unknown(asked.user);
    };
    let now = world.clock.now(&seen.host);
    match world.tokens.issue_for_user(
        asked.kind,
        &account,
        &user,
        asked.meeting,
        asked.lifetime_s,
        now,
    ) {
        Ok(token) => Json(json!({ "token": token })).into_response(),
        Err(error) => rest::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            500,
            &format!("the simulator can't sign a token: {error}"),
        ),
    }
}

/// A number in the query, `default` without one, `None` if it is no number.
pub(crate) fn number(seen: &Seen, name: &str, default: i64) -> Option<i64> {
    seen.query
        .get(name)
        .map_or(Some(default), |text| text.parse().ok())
}
