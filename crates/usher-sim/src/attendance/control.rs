//! `/_sim/attendance`: who was in which meeting.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::{Attendance, AttendanceError, Happened, Instance, Leave, MeetingEnd, MeetingStart};
use crate::Shared;
use crate::control::JsonBody;
use crate::observe::refuse;
use crate::world::World;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/_sim/attendance", get(instances).post(attend))
        .route("/_sim/attendance/start", post(start))
        .route("/_sim/attendance/leave", post(leave))
        .route("/_sim/attendance/end", post(end))
}

async fn instances(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        Json(json!({ "instances": world.instances.iter().collect::<Vec<&Instance>>() }))
            .into_response()
    })
}

async fn attend(State(shared): State<Shared>, body: JsonBody<Attendance>) -> Response {
    happen(&shared, body, World::attend).await
}

async fn start(State(shared): State<Shared>, body: JsonBody<MeetingStart>) -> Response {
    happen(&shared, body, World::start_meeting).await
}

async fn leave(State(shared): State<Shared>, body: JsonBody<Leave>) -> Response {
    happen(&shared, body, |world, leave| world.leave(&leave)).await
}

async fn end(State(shared): State<Shared>, body: JsonBody<MeetingEnd>) -> Response {
    happen(&shared, body, |world, end| world.end_meeting(&end)).await
}

/// Runs a verb and sends the webhooks that tell of it.
async fn happen<T>(
    shared: &Shared,
    body: JsonBody<T>,
    verb: impl FnOnce(&mut World, T) -> Result<Happened, AttendanceError>,
) -> Response {
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return refuse(rejection.status(), rejection.body_text()),
    };
    match shared.with_world(|world| verb(world, body)) {
        Ok(happened) => Json(shared.tell(happened).await).into_response(),
        Err(error) => refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}
