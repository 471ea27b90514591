//! `/v1/meetings`: register, import, list, search, change, delete. Passcodes go in and never come out.

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use usher_core::meeting::MeetingNumber;
use usher_core::refusal::Refusal;
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use super::authentication::Caller;
use super::body::Json;
use super::error::{ApiError, ErrorAnswer};
use super::text_or_number::{TextOrNumber, text_or_number};
use crate::store::{Edit, Meeting, MeetingChange, Name, PAGE_MAX, Passcode, Scope};

const READ: &[Scope] = &[Scope::Manage, Scope::Read];
const MANAGE: &[Scope] = &[Scope::Manage];

/// A registered meeting, without its passcode.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeetingAnswer {
    #[schema(value_type = String, example = "85012345678")]
    number: MeetingNumber,
    /// Zoom's id of the latest instance seen.
    uuid: Option<String>,
    topic: Option<String>,
    /// Zoom user id or e-mail of the host, whose ZAK starts the meeting.
    host: Option<String>,
    /// Name of the configured account.
    account: Option<String>,
    /// Name of the configured app.
    app: Option<String>,
    has_passcode: bool,
    needs_registration: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&Meeting> for MeetingAnswer {
    fn from(meeting: &Meeting) -> Self {
        Self {
            number: meeting.number,
            uuid: meeting.uuid.as_ref().map(ToString::to_string),
            topic: meeting.topic.as_ref().map(ToString::to_string),
            host: meeting.host.as_ref().map(ToString::to_string),
            account: meeting.account.as_ref().map(ToString::to_string),
            app: meeting.app.as_ref().map(ToString::to_string),
            has_passcode: !meeting.passcode.is_empty(),
            needs_registration: meeting.needs_registration,
            created_at: meeting.created_at,
            updated_at: meeting.updated_at,
        }
    }
}

/// A meeting to register: its number, and what [`MeetingFields`] says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMeetingBody {
    #[schema(schema_with = text_or_number)]
    number: TextOrNumber,
    /// `""` for none.
    passcode: Option<String>,
    topic: Option<String>,
    /// Zoom user id or e-mail of the host, whose ZAK starts the meeting.
    host: Option<String>,
    /// Name of the configured account.
    account: Option<String>,
    /// Name of the configured app.
    app: Option<String>,
}

/// What to say of a meeting. In a change, what is absent stays and an empty text takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeetingFields {
    /// `""` for none.
    passcode: Option<String>,
    topic: Option<String>,
    /// Zoom user id or e-mail of the host, whose ZAK starts the meeting.
    host: Option<String>,
    /// Name of the configured account.
    account: Option<String>,
    /// Name of the configured app.
    app: Option<String>,
}

impl MeetingFields {
    fn parse(self, state: &AppState) -> Result<MeetingChange, Refusal> {
        state
            .config
            .check_names(self.account.as_deref(), self.app.as_deref())?;
        Ok(MeetingChange {
            topic: Edit::parse("topic", self.topic.as_deref())?,
            host: Edit::parse("host", self.host.as_deref())?,
            account: Edit::parse("account", self.account.as_deref())?,
            app: Edit::parse("app", self.app.as_deref())?,
            passcode: self.passcode.map(Passcode::new).transpose()?,
        })
    }
}

/// A meeting to fetch from Zoom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportBody {
    #[schema(schema_with = text_or_number)]
    number: TextOrNumber,
    /// Name of the configured account; the first by default.
    account: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Text that number, topic or host hold.
    search: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 by default.
    limit: Option<u32>,
}

/// A page of meetings, by number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeetingPage {
    meetings: Vec<MeetingAnswer>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// Lists or searches.
#[utoipa::path(get, path = "/v1/meetings", params(ListQuery), security(("key" = [])),
    responses((status = 200, body = MeetingPage), (status = "4XX", body = ErrorAnswer)))]
pub(super) async fn get_meetings(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<JsonAnswer<MeetingPage>, ApiError> {
    caller.must_have(READ)?;
    let Query(query) = query.map_err(|_| {
        ApiError::unprocessable("invalid_query", "limit", "A query parameter can't be read.")
            .hint("limit is a number.")
    })?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::unprocessable(
            "invalid_limit",
            "limit",
            "The limit is outside 1 to 200.",
        )
        .hint("Use the cursor for more."));
    }
    let after = query
        .cursor
        .as_deref()
        .map(|cursor| {
            MeetingNumber::parse(cursor).map_err(|_| {
                ApiError::unprocessable(
                    "invalid_cursor",
                    "cursor",
                    "The cursor is not one of ours.",
                )
                .hint("Use `next` of the page before.")
            })
        })
        .transpose()?;
    let page = state
        .directory
        .store()?
        .meetings(query.search.as_deref(), after, limit)
        .await?;
    Ok(JsonAnswer(MeetingPage {
        next: page.next.map(|number| number.to_string()),
        meetings: page.meetings.iter().map(MeetingAnswer::from).collect(),
    }))
}

/// Registers.
#[utoipa::path(post, path = "/v1/meetings", request_body = NewMeetingBody, security(("key" = [])),
    responses((status = 201, body = MeetingAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn post_meeting(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<NewMeetingBody>,
) -> Result<(StatusCode, JsonAnswer<MeetingAnswer>), ApiError> {
    caller.must_have(MANAGE)?;
    let number = MeetingNumber::parse(body.number.as_str())?;
    let fields = MeetingFields {
        passcode: body.passcode,
        topic: body.topic,
        host: body.host,
        account: body.account,
        app: body.app,
    };
    let change = fields.parse(&state)?;
    let meeting = state
        .directory
        .store()?
        .register(number, &change, (state.moment.now)())
        .await?;
    bring_in(&state).await;
    Ok((
        StatusCode::CREATED,
        JsonAnswer(MeetingAnswer::from(&meeting)),
    ))
}

/// Fetches a meeting from Zoom and registers it, or brings it up to date.
#[utoipa::path(post, path = "/v1/meetings/import", request_body = ImportBody, security(("key" = [])),
    responses((status = 200, body = MeetingAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn post_import(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<ImportBody>,
) -> Result<JsonAnswer<MeetingAnswer>, ApiError> {
    caller.must_have(MANAGE)?;
    let number = MeetingNumber::parse(body.number.as_str())?;
    let account = state.config.account(body.account.as_deref())?;
    let store = state.directory.store()?;
    let found = state.zoom.meeting(account, number).await?;
    let meeting = store
        .import(
            &found,
            &Name::new("account", account)?,
            (state.moment.now)(),
        )
        .await?;
    bring_in(&state).await;
    Ok(JsonAnswer(MeetingAnswer::from(&meeting)))
}

/// Shows one.
#[utoipa::path(get, path = "/v1/meetings/{number}", params(("number" = String, Path)), security(("key" = [])),
    responses((status = 200, body = MeetingAnswer), (status = "4XX", body = ErrorAnswer)))]
pub(super) async fn get_meeting(
    State(state): State<AppState>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<JsonAnswer<MeetingAnswer>, ApiError> {
    caller.must_have(READ)?;
    let number = MeetingNumber::parse(&number)?;
    let meeting = state
        .directory
        .meeting(number)
        .ok_or_else(ApiError::unknown_meeting)?;
    Ok(JsonAnswer(MeetingAnswer::from(&*meeting)))
}

/// Changes.
#[utoipa::path(patch, path = "/v1/meetings/{number}", params(("number" = String, Path)), request_body = MeetingFields,
    security(("key" = [])),
    responses((status = 200, body = MeetingAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn patch_meeting(
    State(state): State<AppState>,
    caller: Caller,
    Path(number): Path<String>,
    Json(body): Json<MeetingFields>,
) -> Result<JsonAnswer<MeetingAnswer>, ApiError> {
    caller.must_have(MANAGE)?;
    let number = MeetingNumber::parse(&number)?;
    let change = body.parse(&state)?;
    let changed = state
        .directory
        .store()?
        .change(number, &change, (state.moment.now)())
        .await?;
    let meeting = changed.ok_or_else(ApiError::unknown_meeting)?;
    bring_in(&state).await;
    Ok(JsonAnswer(MeetingAnswer::from(&meeting)))
}

/// Deletes.
#[utoipa::path(delete, path = "/v1/meetings/{number}", params(("number" = String, Path)), security(("key" = [])),
    responses((status = 204, description = "Deleted."), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn delete_meeting(
    State(state): State<AppState>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.must_have(MANAGE)?;
    let number = MeetingNumber::parse(&number)?;
    if !state.directory.store()?.delete(number).await? {
        return Err(ApiError::unknown_meeting());
    }
    bring_in(&state).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes what was just written count at once. It is kept whatever comes of this: a store lost in between is in the log and in `/readyz`.
async fn bring_in(state: &AppState) {
    let _ = state.directory.refresh().await;
}
