//! Users and the tokens that act as them (reference 4).

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::json;

use crate::Shared;
use crate::observe::Seen;
use crate::rest::{self, Answer, READ_TOKEN, READ_USER, READ_ZAK, Refusal};
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
) -> Answer {
    shared.with_world(|world| {
        let account = rest::authorize(world, &seen.host, &headers, READ_USER)?;
        let user = world
            .user(&account, &id)
            .ok_or_else(|| Refusal::user_unknown(&id))?;
        Ok(Json(json!({
            "id": user.id, "email": user.email, "display_name": user.display_name,
            "type": 2, "status": "active", "account_id": user.account,
        })))
    })
}

/// `type=zak` and `type=onbehalf` are documented. OBF is documented for user-level access tokens; an account-level one gets it here too (assumed).
async fn token(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let kind = match seen.query.get("type").map(String::as_str) {
        Some("zak") => TokenKind::Zak,
        Some("onbehalf") => TokenKind::Obf,
        _ => {
            return Err(Refusal::invalid_field(
                "type",
                "type must be zak or onbehalf",
            ));
        }
    };
    let lifetime_s = number(&seen, "ttl", USER_TOKEN_LIFETIME_S)?;
    if !(1..=USER_TOKEN_LIFETIME_MAX_S).contains(&lifetime_s) {
        return Err(Refusal::invalid_field(
            "ttl",
            "ttl must be 1 second to one year",
        ));
    }
    let meeting = match seen.query.get("meeting_id").map(|id| id.parse()) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => {
            return Err(Refusal::invalid_field(
                "meeting_id",
                "meeting_id must be a number",
            ));
        }
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
) -> Answer {
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
) -> Answer {
    let account = rest::authorize(world, &seen.host, headers, scope)?;
    let user = world
        .user(&account, asked.user)
        .ok_or_else(|| Refusal::user_unknown(asked.user))?
        .id
        .clone();
    let now = world.clock.now(&seen.host);
    let token = world.tokens.issue_for_user(
        asked.kind,
        &account,
        &user,
        asked.meeting,
        asked.lifetime_s,
        now,
    )?;
    Ok(Json(json!({ "token": token })))
}

/// A number in the query, or `default` without one.
pub(crate) fn number(seen: &Seen, name: &str, default: i64) -> Result<i64, Refusal> {
    seen.query.get(name).map_or(Ok(default), |text| {
        text.parse()
            .map_err(|_| Refusal::invalid_field(name, "must be a number"))
    })
}
