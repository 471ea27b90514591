//! `POST /v1/changes`: what the embedding product changed.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_core::witness::{Line, ToldChange};
use utoipa::ToSchema;

use super::AppState;
use super::authentication::Caller;
use super::body::Json;
use super::error::{ApiError, ErrorAnswer};
use super::labels::{Dims, check_label};
use super::span::moment;
use crate::store::{Scope, StoredLine};

/// A change, as a line of a witness file has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBody {
    /// A name of your own: the same one again changes nothing.
    id: Option<String>,
    /// RFC 3339; now by default.
    at: Option<String>,
    /// `release`, `config`, `secret`, `start` or `other`; by default `release` with a `release`, else `other`.
    what: Option<String>,
    /// What changed, in words; at most 1000 characters.
    text: Option<String>,
    /// The release of your product since then.
    release: Option<String>,
    /// Staging is not production.
    environment: Option<String>,
    /// Which attempts it concerns, by their dimensions.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    dims: Option<Dims>,
}

/// The entry as it is kept.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangeAnswer {
    /// A line of kind `change`.
    #[schema(value_type = Object)]
    change: Line,
    /// It was there already, under the same `id`.
    is_duplicate: bool,
}

/// Records a change.
#[utoipa::path(post, path = "/v1/changes", request_body = ChangeBody, security(("key" = [])),
    responses(
        (status = 201, body = ChangeAnswer),
        (status = 200, description = "It was there already.", body = ChangeAnswer),
        (status = "4XX", body = ErrorAnswer),
        (status = "5XX", body = ErrorAnswer),
    ))]
pub(super) async fn post_change(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<ChangeBody>,
) -> Result<(StatusCode, JsonAnswer<ChangeAnswer>), ApiError> {
    caller.must_have(&[Scope::Report, Scope::Manage])?;
    let now = (state.moment.now)();
    // An unset variable of a deploy script is no name.
    let own_id = body.id.as_deref().filter(|id| !id.trim().is_empty());
    check_label("id", own_id.unwrap_or_default())?;
    let own_id = own_id.map(|id| format!("change-{id}"));
    let id = own_id.unwrap_or_else(|| format!("change-{:032x}", (state.moment.random)()));
    let told = ToldChange {
        at: body.at.as_deref().map(|at| moment("at", at)).transpose()?,
        what: body.what,
        text: body.text,
        release: body.release,
        environment: body.environment,
        dims: body.dims.unwrap_or_default().into_map(),
    };
    let line = Line::Change(told.checked(now)?);
    let stored = StoredLine {
        id: id.clone(),
        line: line.clone(),
    };
    // The store alone can tell whether it was there: this waits for it, and is asked again if it is away.
    let store = state.directory.store()?;
    let new = store.keep_lines(&[stored]).await?;
    let kept = if new > 0 {
        None
    } else {
        store.line(&id).await?
    };
    let status = if new > 0 {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let answer = ChangeAnswer {
        change: kept.unwrap_or(line),
        is_duplicate: new == 0,
    };
    Ok((status, JsonAnswer(answer)))
}
