//! `/livez` and `/readyz`: for whoever restarts and whoever routes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::AppState;

/// Whether Usher can mint, and what is not as it should be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    can_mint: bool,
    /// `ok`, or `degraded`: it mints, and something else does not work.
    status: &'static str,
    degraded: Vec<Degradation>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Degradation {
    code: &'static str,
    message: String,
}

/// The process works.
#[utoipa::path(get, path = "/livez", responses((status = 200, description = "The process works.", body = String)))]
pub(super) async fn get_livez() -> &'static str {
    "ok\n"
}

/// Usher can mint; the JSON says what is degraded.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "It can mint.", body = Readiness),
    (status = 503, description = "It can't mint.", body = Readiness),
))]
pub(super) async fn get_readyz(State(state): State<AppState>) -> Response {
    let mut degraded = Vec::new();
    let can_mint = !state.config.apps.is_empty();
    if !can_mint {
        degraded.push(Degradation {
            code: "no_app",
            message: "No Zoom app is configured, so nothing can be signed.".to_owned(),
        });
    }
    degraded.extend(
        state
            .directory
            .degradations()
            .into_iter()
            .chain(state.journal.degradations())
            .chain(state.witnesses.log.degradation())
            .map(|found| Degradation {
                code: found.code,
                message: found.message,
            }),
    );
    degraded.extend(state.zoom.failing_hosts().into_iter().map(|host| Degradation {
        code: "zoom_failing",
        message: format!("The last calls to {host} failed: a host's join may lack its ZAK. Attendees' joins go on."),
    }));
    let status = if can_mint {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Readiness {
        can_mint,
        status: if degraded.is_empty() {
            "ok"
        } else {
            "degraded"
        },
        degraded,
    };
    let mut answer = (status, Json(body)).into_response();
    answer.extensions_mut().insert(super::request_id::KeepBody);
    answer
}
