//! Meetings: look up by number, list, create (reference 6).

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::Shared;
use crate::observe::Seen;
use crate::rest::{self, LIST_MEETINGS, READ_MEETING, WRITE_MEETING};
use crate::tokens::{TokenKind, USER_TOKEN_LIFETIME_S};
use crate::users::number;
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
) -> Response {
    shared.with_world(|world| {
        let account = match rest::authorize(world, &seen.host, &headers, READ_MEETING) {
            Ok(account) => account,
            Err(refusal) => return refusal,
        };
        let Ok(number) = id.parse::<u64>() else {
            return rest::invalid_field("meetingId", "Invalid meeting id.");
        };
        let meeting = world
            .meeting(number)
            .filter(|meeting| world.account_of_meeting(meeting) == Some(account.as_str()))
            .cloned();
        match meeting {
            Some(meeting) => Json(in_full(world, &seen, &account, &meeting)).into_response(),
            None => rest::error(
                StatusCode::NOT_FOUND,
                3001,
                &format!("Meeting does not exist: {id}."),
            ),
        }
    })
}

/// `page_size` and `next_page_token` as documented for Zoom's lists; the sizes' limits are assumed.
async fn list(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    const PAGE_SIZE_MAX: i64 = 300;
    let Some(page_size) = number(&seen, "page_size", 30)
        .filter(|size| (1..=PAGE_SIZE_MAX).contains(size))
        .and_then(|size| usize::try_from(size).ok())
    else {
        return rest::invalid_field("page_size", "page_size must be 1 to 300");
    };
    let Some(from) = page_start(&seen) else {
        return rest::invalid_field("next_page_token", "Invalid next_page_token.");
    };
    shared.with_world(|world| {
        let account = match rest::authorize(world, &seen.host, &headers, LIST_MEETINGS) {
            Ok(account) => account,
            Err(refusal) => return refusal,
        };
        let Some(user) = world.user(&account, &id) else {
            return rest::user_unknown(&id);
        };
        let all: Vec<&Meeting> = world.meetings.iter().filter(|meeting| meeting.host == user.id).collect();
        let page: Vec<Value> = all.iter().skip(from).take(page_size).map(|meeting| in_brief(meeting)).collect();
        let end = from + page.len();
        let next_page_token = if end < all.len() { URL_SAFE_NO_PAD.encode(end.to_string()) } else { String::new() };
        Json(json!({ "page_size": page_size, "total_records": all.len(), "next_page_token": next_page_token, "meetings": page })).into_response()
    })
}

fn page_start(seen: &Seen) -> Option<usize> {
    match seen.query.get("next_page_token").map(String::as_str) {
        None | Some("") => Some(0),
        Some(token) => String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?)
            .ok()?
            .parse()
            .ok(),
    }
}

/// Only the fields that the simulator knows are read; the rest of what Zoom takes is ignored, as Zoom ignores what it does not know (assumed).
async fn create(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(asked) = seen.json.as_ref().filter(|body| body.is_object()) else {
        return rest::error(
            StatusCode::BAD_REQUEST,
            300,
            "Request Body should be a valid JSON object.",
        );
    };
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let is_set = |name: &str| asked["settings"][name].as_bool().unwrap_or_default();
    shared.with_world(|world| {
        let account = match rest::authorize(world, &seen.host, &headers, WRITE_MEETING) {
            Ok(account) => account,
            Err(refusal) => return refusal,
        };
        let Some(host) = world.user(&account, &id).map(|user| user.id.clone()) else {
            return rest::user_unknown(&id);
        };
        let number = free_number(world);
        let meeting = Meeting {
            topic: text("topic"),
            passcode: text("password"),
            waiting_room: is_set("waiting_room"),
            join_before_host: is_set("join_before_host"),
            authentication_required: is_set("meeting_authentication"),
            registration_required: matches!(
                asked["settings"]["approval_type"].as_u64(),
                Some(0 | 1)
            ),
            ..Meeting::new(number, &host)
        };
        world.put_meeting(meeting);
        match world.meeting(number).cloned() {
            Some(meeting) => (
                StatusCode::CREATED,
                Json(in_full(world, &seen, &account, &meeting)),
            )
                .into_response(),
            None => rest::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                500,
                "the simulator lost the meeting",
            ),
        }
    })
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
fn in_full(world: &mut World, seen: &Seen, account: &str, meeting: &Meeting) -> Value {
    let now = world.clock.now(&seen.host);
    let zak = world
        .tokens
        .issue_for_user(
            TokenKind::Zak,
            account,
            &meeting.host,
            None,
            USER_TOKEN_LIFETIME_S,
            now,
        )
        .unwrap_or_default();
    let host_email = world
        .user(account, &meeting.host)
        .map_or("", |user| user.email.as_str());
    json!({
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
    })
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
