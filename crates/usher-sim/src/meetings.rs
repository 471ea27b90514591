//! Meetings: look up by number, list, create (reference 6).

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::Shared;
use crate::observe::Seen;
use crate::paging::Paging;
use crate::rest::{self, Answer, LIST_MEETINGS, READ_MEETING, Refusal, WRITE_MEETING};
use crate::tokens::{TokenKind, USER_TOKEN_LIFETIME_S};
use crate::world::{Meeting, World};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v2/meetings/{id}", get(show))
        .route("/v2/users/{id}/meetings", get(list).post(create))
}

/// Another account's meeting is one that does not exist (assumed).
async fn show(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    shared.with_world(|world| {
        let account = rest::authorize(world, &seen.host, &headers, READ_MEETING)?;
        let number = id
            .parse()
            .map_err(|_| Refusal::invalid_field("meetingId", "Invalid meeting id."))?;
        let meeting = world
            .meeting(number)
            .filter(|meeting| world.account_of_meeting(meeting) == Some(account.as_str()))
            .cloned();
        let meeting = meeting.ok_or_else(|| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                3001,
                &format!("Meeting does not exist: {number}."),
            )
        })?;
        Ok(Json(in_full(world, &seen, &account, &meeting)?))
    })
}

async fn list(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    shared.with_world(|world| {
        let paging = Paging::asked(&seen, world.clock.now(&seen.host))?;
        let account = rest::authorize(world, &seen.host, &headers, LIST_MEETINGS)?;
        let user = world
            .user(&account, &id)
            .ok_or_else(|| Refusal::user_unknown(&id))?;
        let all = world
            .meetings
            .iter()
            .filter(|meeting| meeting.host == user.id)
            .map(in_brief)
            .collect();
        Ok(Json(paging.page("meetings", all)))
    })
}

/// Only the fields that the simulator knows are read; the rest of what Zoom takes is ignored.
async fn create(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let asked = seen.json.as_ref().filter(|body| body.is_object());
    let asked = asked.ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            300,
            "Request Body should be a valid JSON object.",
        )
    })?;
    shared.with_world(|world| {
        let account = rest::authorize(world, &seen.host, &headers, WRITE_MEETING)?;
        let host = world
            .user(&account, &id)
            .ok_or_else(|| Refusal::user_unknown(&id))?
            .id
            .clone();
        let meeting = world
            .put_meeting(as_asked(asked, free_number(world), &host))
            .clone();
        Ok((
            StatusCode::CREATED,
            Json(in_full(world, &seen, &account, &meeting)?),
        ))
    })
}

fn as_asked(asked: &Value, number: u64, host: &str) -> Meeting {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let is_set = |name: &str| asked["settings"][name].as_bool().unwrap_or_default();
    Meeting {
        topic: text("topic"),
        passcode: text("password"),
        waiting_room: is_set("waiting_room"),
        join_before_host: is_set("join_before_host"),
        authentication_required: is_set("meeting_authentication"),
        registration_required: matches!(asked["settings"]["approval_type"].as_u64(), Some(0 | 1)),
        ..Meeting::new(number, host)
    }
}

/// Eleven digits, as most of Zoom's numbers have.
fn free_number(world: &World) -> u64 {
    const FIRST: u64 = 86_000_000_001;
    world
        .meetings
        .iter()
        .map(|meeting| meeting.number + 1)
        .filter(|number| *number > FIRST)
        .max()
        .unwrap_or(FIRST)
}

fn in_brief(meeting: &Meeting) -> Value {
    json!({
        "id": meeting.number, "uuid": meeting.uuid, "host_id": meeting.host, "topic": meeting.topic, "type": 2,
        "join_url": join_url(meeting),
    })
}

/// The fields of reference 6 `[src]`. `start_url` carries a fresh ZAK of the host each time `[forum, staff]`.
fn in_full(
    world: &mut World,
    seen: &Seen,
    account: &str,
    meeting: &Meeting,
) -> Result<Value, Refusal> {
    let now = world.clock.now(&seen.host);
    let zak = world.tokens.issue_for_user(
        TokenKind::Zak,
        account,
        &meeting.host,
        None,
        USER_TOKEN_LIFETIME_S,
        now,
    )?;
    let host_email = world
        .user(account, &meeting.host)
        .map_or("", |user| user.email.as_str());
    Ok(json!({
        "id": meeting.number, "uuid": meeting.uuid, "host_id": meeting.host, "host_email": host_email,
        "topic": meeting.topic, "type": 2, "status": if meeting.started { "started" } else { "waiting" },
        "password": meeting.passcode, "encrypted_password": encrypted_passcode(meeting),
        "start_url": format!("https://zoom.us/s/{}?zak={zak}", meeting.number),
        "join_url": join_url(meeting),
        "settings": {
            "waiting_room": meeting.waiting_room, "join_before_host": meeting.join_before_host, "jbh_time": 0,
            // 0 automatic, 2 none: unverified (reference 6).
            "approval_type": if meeting.registration_required { 0 } else { 2 },
            "registration_type": 1,
            "meeting_authentication": meeting.authentication_required,
            "alternative_hosts": meeting.alternative_hosts.join(";"),
        },
    }))
}

fn join_url(meeting: &Meeting) -> String {
    if meeting.passcode.is_empty() {
        format!("https://zoom.us/j/{}", meeting.number)
    } else {
        format!(
            "https://zoom.us/j/{}?pwd={}",
            meeting.number,
            encrypted_passcode(meeting)
        )
    }
}

/// Stands for the `pwd` of a join link; how Zoom makes it is not known.
fn encrypted_passcode(meeting: &Meeting) -> String {
    if meeting.passcode.is_empty() {
        String::new()
    } else {
        URL_SAFE_NO_PAD.encode(format!("sim:{}", meeting.passcode))
    }
}
