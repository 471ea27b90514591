//! `/_sim/webhooks`: where webhooks go, which are sent, and what came back.

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::json;

use super::{
    ActiveWebhookFault, Deliver, Delivery, LoopbackUrl, Subscription, WebhookError, WebhookEvent,
    WebhookFault,
};
use crate::Shared;
use crate::control::{JsonBody, with_body};
use crate::observe::refuse;
use crate::world::World;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/_sim/webhooks/subscriptions",
            get(subscriptions).put(subscribe).delete(unsubscribe_all),
        )
        .route(
            "/_sim/webhooks/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sim/webhooks/faults/{id}", delete(remove_fault))
        .route("/_sim/webhooks/send", post(send))
        .route("/_sim/webhooks/validate", post(validate))
        .route("/_sim/webhooks/deliver", post(deliver))
        .route(
            "/_sim/webhooks/deliveries",
            get(deliveries).delete(clear_deliveries),
        )
}

async fn subscriptions(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        Json(json!({ "subscriptions": world.webhooks.subscriptions })).into_response()
    })
}

async fn subscribe(State(shared): State<Shared>, body: JsonBody<Subscription>) -> Response {
    with_body(&shared, body, |world, subscription| {
        world.webhooks.subscribe(subscription);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn unsubscribe_all(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.webhooks.subscriptions.clear());
    StatusCode::NO_CONTENT
}

async fn faults(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        let faults: Vec<&ActiveWebhookFault> = world.webhooks.faults.iter().collect();
        Json(json!({ "faults": faults })).into_response()
    })
}

async fn add_fault(State(shared): State<Shared>, body: JsonBody<WebhookFault>) -> Response {
    with_body(&shared, body, |world, fault| {
        let id = world.webhooks.faults.add(fault);
        (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
    })
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.webhooks.faults.clear());
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(shared): State<Shared>, Path(id): Path<u64>) -> Response {
    if shared.with_world(|world| world.webhooks.faults.remove(id)) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refuse(
            StatusCode::NOT_FOUND,
            format!("there is no webhook fault {id}"),
        )
    }
}

async fn send(State(shared): State<Shared>, body: JsonBody<WebhookEvent>) -> Response {
    queue(&shared, body, |world, event| world.queue_webhook(&event)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validate {
    url: LoopbackUrl,
    #[serde(default)]
    plain_token: Option<String>,
}

async fn validate(State(shared): State<Shared>, body: JsonBody<Validate>) -> Response {
    queue(&shared, body, |world, asked| {
        world.queue_validation(&asked.url, asked.plain_token.as_deref())
    })
    .await
}

async fn queue<T>(
    shared: &Shared,
    body: JsonBody<T>,
    verb: impl FnOnce(&mut World, T) -> Result<Vec<u64>, WebhookError>,
) -> Response {
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return refuse(rejection.status(), rejection.body_text()),
    };
    match shared.with_world(|world| verb(world, body)) {
        Ok(queued) => answer(&shared.deliver_queued(queued).await),
        Err(error) => refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}

async fn deliver(State(shared): State<Shared>, body: JsonBody<Deliver>) -> Response {
    match body {
        Ok(Json(wanted)) => answer(&shared.deliver(&wanted).await),
        Err(rejection) => refuse(rejection.status(), rejection.body_text()),
    }
}

async fn deliveries(State(shared): State<Shared>) -> Response {
    let all: Vec<Delivery> =
        shared.with_world(|world| world.webhooks.deliveries().cloned().collect());
    answer(&all)
}

fn answer(deliveries: &[Delivery]) -> Response {
    Json(json!({ "deliveries": deliveries })).into_response()
}

async fn clear_deliveries(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.webhooks.clear_deliveries());
    StatusCode::NO_CONTENT
}
