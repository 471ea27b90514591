//! The control API under `/_sim/` (docs/simulator.md). Requests to it are neither recorded nor struck by faults.
//!
//! It asks nobody who they are: it listens on loopback, and every change needs `content-type: application/json` or a method that a web
//! page can't send to another origin without asking first.

use std::collections::BTreeMap;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::clock::{ANY_HOST, Clock, OffsetMs};
use crate::faults::{ActiveFault, Fault};
use crate::join_check::{Check, Rules};
use crate::observe::refuse;
use crate::requests::RequestRecord;
use crate::tokens::TokenKind;
use crate::world::{Account, App, Meeting, User, World};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/_sim/requests", get(requests).delete(clear_requests))
        .route("/_sim/clock", get(clock).put(set_clock).delete(reset_clock))
        .route(
            "/_sim/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sim/faults/{id}", delete(remove_fault))
        .route(
            "/_sim/rules",
            get(rules).patch(change_rules).delete(reset_rules),
        )
        .route("/_sim/tokens/expire", post(expire_tokens))
        .route("/_sim/state", get(state))
        .route("/_sim/meetings", put(put_meeting))
        .route("/_sim/meetings/{number}", delete(remove_meeting))
        .route("/_sim/users", put(put_user))
        .route("/_sim/apps", put(put_app))
        .route("/_sim/accounts", put(put_account))
        .route("/_sim/reset", post(reset))
        .route("/_sim/ca.pem", get(ca_pem))
}

pub(crate) type JsonBody<T> = Result<Json<T>, JsonRejection>;

/// Runs a verb on the world with the body, or says what is wrong with the body.
pub(crate) fn with_body<T>(
    shared: &Shared,
    body: JsonBody<T>,
    verb: impl FnOnce(&mut World, T) -> Response,
) -> Response {
    match body {
        Ok(Json(body)) => shared.with_world(|world| verb(world, body)),
        Err(rejection) => refuse(rejection.status(), rejection.body_text()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFilter {
    method: Option<String>,
    host: Option<String>,
    path: Option<String>,
}

impl RequestFilter {
    fn admits(&self, record: &RequestRecord) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        is(&self.method, &record.method)
            && is(&self.host, &record.host)
            && is(&self.path, &record.path)
    }
}

async fn requests(
    State(shared): State<Shared>,
    filter: Result<Query<RequestFilter>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Query(filter) = match filter {
        Ok(filter) => filter,
        Err(rejection) => return refuse(rejection.status(), rejection.body_text()),
    };
    shared.with_world(|world| {
        let records: Vec<&RequestRecord> = world
            .requests
            .iter()
            .filter(|record| filter.admits(record))
            .collect();
        let mut counts = BTreeMap::<String, usize>::new();
        for record in &records {
            *counts
                .entry(format!("{} {}", record.method, record.path))
                .or_default() += 1;
        }
        Json(json!({ "requests": records, "counts": counts })).into_response()
    })
}

async fn clear_requests(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.requests.clear());
    StatusCode::NO_CONTENT
}

async fn clock(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        Json(json!({ "offsets_ms": world.clock, "now": world.clock.now(ANY_HOST) })).into_response()
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    host: Option<String>,
    offset_ms: OffsetMs,
}

async fn set_clock(State(shared): State<Shared>, body: JsonBody<SetClock>) -> Response {
    with_body(&shared, body, |world, set| {
        world
            .clock
            .set(set.host.as_deref().unwrap_or(ANY_HOST), set.offset_ms);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn reset_clock(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.clock = Clock::default());
    StatusCode::NO_CONTENT
}

async fn faults(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        Json(json!({ "faults": world.faults.iter().collect::<Vec<&ActiveFault>>() }))
            .into_response()
    })
}

async fn add_fault(State(shared): State<Shared>, body: JsonBody<Fault>) -> Response {
    with_body(&shared, body, |world, fault| {
        (
            StatusCode::CREATED,
            Json(json!({ "id": world.faults.add(fault) })),
        )
            .into_response()
    })
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.faults.clear());
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(shared): State<Shared>, Path(id): Path<u64>) -> Response {
    if shared.with_world(|world| world.faults.remove(id)) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refuse(StatusCode::NOT_FOUND, format!("there is no fault {id}"))
    }
}

/// Every check, also those that stand as they do by default.
async fn rules(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        let mut all = world.rules.clone();
        for check in Check::ALL {
            all.switch(check, world.rules.switch_of(check));
        }
        Json(all).into_response()
    })
}

/// Fields that are not named stay as they are.
async fn change_rules(
    State(shared): State<Shared>,
    body: JsonBody<Map<String, Value>>,
) -> Response {
    with_body(&shared, body, |world, changes| {
        match world.rules.changed(changes) {
            Ok(rules) => {
                world.rules = rules;
                StatusCode::NO_CONTENT.into_response()
            }
            Err(error) => refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        }
    })
}

async fn reset_rules(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.rules = Rules::default());
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpireTokens {
    kind: TokenKind,
}

async fn expire_tokens(State(shared): State<Shared>, body: JsonBody<ExpireTokens>) -> Response {
    with_body(&shared, body, |world, expire| {
        Json(json!({ "expired": world.tokens.expire(expire.kind) })).into_response()
    })
}

async fn state(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        Json(json!({
            "accounts": world.accounts, "apps": world.apps, "users": world.users, "meetings": world.meetings,
        }))
        .into_response()
    })
}

async fn put_meeting(State(shared): State<Shared>, body: JsonBody<Meeting>) -> Response {
    with_body(&shared, body, |world, meeting| {
        if !world.users.iter().any(|user| user.id == meeting.host) {
            return refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("host: there is no user {:?}", meeting.host),
            );
        }
        world.put_meeting(meeting);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn remove_meeting(State(shared): State<Shared>, Path(number): Path<u64>) -> Response {
    if shared.with_world(|world| world.remove_meeting(number)) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refuse(
            StatusCode::NOT_FOUND,
            format!("there is no meeting {number}"),
        )
    }
}

async fn put_user(State(shared): State<Shared>, body: JsonBody<User>) -> Response {
    with_body(&shared, body, |world, user| {
        replace(&mut world.users, user, |user| user.id.clone())
    })
}

async fn put_app(State(shared): State<Shared>, body: JsonBody<App>) -> Response {
    with_body(&shared, body, |world, app| {
        replace(&mut world.apps, app, |app| app.key.clone())
    })
}

async fn put_account(State(shared): State<Shared>, body: JsonBody<Account>) -> Response {
    with_body(&shared, body, |world, account| {
        replace(&mut world.accounts, account, |account| account.id.clone())
    })
}

fn replace<T>(all: &mut Vec<T>, new: T, id: impl Fn(&T) -> String) -> Response {
    match all.iter_mut().find(|old| id(old) == id(&new)) {
        Some(old) => *old = new,
        None => all.push(new),
    }
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {}

/// Back to the state of the start: tokens, clock, rules, faults and requests too.
async fn reset(State(shared): State<Shared>, body: JsonBody<Reset>) -> Response {
    let scenario = shared.scenario.as_ref().clone();
    with_body(&shared, body, |world, Reset {}| {
        *world = World::new(scenario);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn ca_pem(State(shared): State<Shared>) -> Response {
    match &shared.ca_pem {
        Some(pem) => (
            [(header::CONTENT_TYPE, "application/x-pem-file")],
            pem.to_string(),
        )
            .into_response(),
        None => refuse(
            StatusCode::NOT_FOUND,
            "the simulator was started without https",
        ),
    }
}
