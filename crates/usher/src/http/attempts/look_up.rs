//! `GET /v1/attempts` and `GET /v1/attempts/{id}`.

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::attempt::origin::Hmac;
use usher_core::attempt::story::{Outcome, Story};
use usher_core::doctor::{self, Handed};
use usher_core::meeting::MeetingNumber;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::authentication::Caller;
use super::super::error::{ApiError, ErrorAnswer};
use super::ShownAttempt;
use super::events::unknown_attempt;
use crate::store::{AttemptFilter, LIMIT_MAX, Scope};

const LIMIT_DEFAULT: u32 = 50;

/// A page of attempts, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptsAnswer {
    attempts: Vec<ShownAttempt>,
    /// `cursor` of the next page; null at the end.
    next: Option<String>,
}

/// One attempt's whole story.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptAnswer {
    attempt: WholeAttempt,
    events: Vec<ShownEvent>,
}

#[derive(Serialize, ToSchema)]
struct WholeAttempt {
    #[serde(flatten)]
    shown: ShownAttempt,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<ShownSignature>,
    /// Facts that contradict each other, or that are worth a look.
    oddities: Vec<&'static str>,
}

/// What is known of the signature; it is not kept itself.
#[derive(Serialize, ToSchema)]
struct ShownSignature {
    #[schema(value_type = Object)]
    claims: Value,
    /// `valid`, `invalid` or `not_checkable` with the configured secrets.
    #[schema(value_type = String)]
    hmac: Hmac,
    /// The doctor's findings, as of the mint.
    #[schema(value_type = Object)]
    verdict: Value,
}

/// One fact, from one source.
#[derive(Serialize, ToSchema)]
struct ShownEvent {
    id: String,
    /// `mint`, `browser`, `zoom` or `import`.
    source: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened, on our clock.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    facts: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    raw: Option<Box<RawValue>>,
}

/// Attempts that fit all conditions, newest first.
#[utoipa::path(
    get, path = "/v1/attempts",
    params(
        ("from" = Option<String>, Query, description = "From this moment on, RFC 3339."),
        ("to" = Option<String>, Query, description = "Before this moment, RFC 3339."),
        ("meeting_number" = Option<String>, Query, description = "9 to 12 digits."),
        ("outcome" = Option<String>, Query, description = "joined, failed, waiting, pending, unanswered or unobserved, as of now."),
        ("code" = Option<String>, Query, description = "The error code that it ended with."),
        ("participant" = Option<String>, Query, description = "The person's id in your product."),
        ("dim.NAME" = Option<String>, Query, description = "The value of a dimension, for instance dim.release=42."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 500; 50 by default."),
    ),
    responses((status = 200, body = AttemptsAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)),
    security(("key" = []))
)]
pub(crate) async fn get_attempts(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<JsonAnswer<AttemptsAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let (filter, limit) = read_query(query)?;
    let now = (state.moment.now)();
    let page = state
        .directory
        .store()?
        .attempts(&filter, limit, now)
        .await?;
    Ok(JsonAnswer(AttemptsAnswer {
        next: page.next.map(|id| id.to_string()),
        attempts: page
            .attempts
            .into_iter()
            .map(|row| ShownAttempt::of(row, now))
            .collect(),
    }))
}

/// One attempt, with every fact that is known about it.
#[utoipa::path(
    get, path = "/v1/attempts/{id}",
    params(("id" = String, Path, description = "The attempt's id.")),
    responses((status = 200, body = AttemptAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)),
    security(("key" = []))
)]
pub(crate) async fn get_attempt(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<JsonAnswer<AttemptAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let id = AttemptId::parse(&id).ok_or_else(unknown_attempt)?;
    let store = state.directory.store()?;
    let rows = store.attempt_rows(&[id]).await?;
    let row = rows.into_iter().next().ok_or_else(unknown_attempt)?;
    let events = store.events(id).await?;
    let now = (state.moment.now)();
    let story = Story::of(&events);
    Ok(JsonAnswer(AttemptAnswer {
        attempt: WholeAttempt {
            shown: ShownAttempt::of(row, now),
            signature: story.as_ref().and_then(|story| signature(story, id.at())),
            oddities: story.map(|story| story.oddities).unwrap_or_default(),
        },
        events: events.into_iter().map(ShownEvent::of).collect(),
    }))
}

fn signature(story: &Story<'_>, minted_at: Timestamp) -> Option<ShownSignature> {
    let origin = story.origin?;
    let claims = origin.claims.as_deref()?.get();
    let meeting = origin.meeting_number.map(|number| number.to_string());
    let report = doctor::examine(&Handed {
        text: None,
        claims: Some(claims),
        join: None,
        error_code: None,
        reason: None,
        secrets: &[],
        key: None,
        meeting: meeting.as_deref(),
        sdk_version: story.sdk_version(),
        view: None,
        now: minted_at,
        now_is_given: true,
    });
    Some(ShownSignature {
        claims: serde_json::from_str(claims).ok()?,
        hmac: origin.hmac.unwrap_or(Hmac::NotCheckable),
        verdict: serde_json::to_value(report).ok()?,
    })
}

impl ShownEvent {
    fn of(event: Event) -> Self {
        Self {
            id: event.id,
            source: event.source.as_str(),
            kind: event.kind.as_str(),
            at: event.at,
            received_at: event.received_at,
            facts: serde_json::to_value(&event.facts).unwrap_or_default(),
            raw: event.personal.raw,
        }
    }
}

fn read_query(query: Vec<(String, String)>) -> Result<(AttemptFilter, u32), ApiError> {
    let mut filter = AttemptFilter::default();
    let mut limit = LIMIT_DEFAULT;
    for (name, value) in query {
        match name.as_str() {
            "from" => filter.from = Some(moment(&name, &value)?),
            "to" => filter.to = Some(moment(&name, &value)?),
            "meeting_number" => {
                let number = MeetingNumber::parse(&value)?;
                filter.meeting = Some(number.as_u64().cast_signed());
            }
            "outcome" => {
                let outcome = Outcome::parse(&value).ok_or_else(|| {
                    let words = Outcome::ALL.map(Outcome::as_str).join(", ");
                    invalid(
                        &name,
                        format!("There is no such outcome; there are {words}."),
                    )
                })?;
                filter.outcome = Some(outcome);
            }
            "code" => filter.code = Some(value),
            "participant" => filter.participant = Some(value),
            "cursor" => {
                let before = AttemptId::parse(&value)
                    .ok_or_else(|| invalid(&name, "It is not `next` of another page."))?;
                filter.before = Some(before);
            }
            "limit" => {
                limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                    .ok_or_else(|| {
                        invalid(&name, format!("It is not a number from 1 to {LIMIT_MAX}."))
                    })?;
            }
            _ => match name.strip_prefix("dim.") {
                Some(dim) if !dim.is_empty() => filter.dims.push((dim.to_owned(), value)),
                _ => {
                    let shown: String = name.chars().take(40).collect();
                    let field = shown.escape_debug().to_string();
                    return Err(ApiError::unprocessable(
                        "unknown_field",
                        field,
                        "There is no such condition.",
                    )
                    .hint("Conditions are from, to, meeting_number, outcome, code, participant, dim.NAME, cursor and limit."));
                }
            },
        }
    }
    Ok((filter, limit))
}

pub(crate) fn moment(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        invalid(field, "It is not a time in RFC 3339.")
            .hint("For instance 2023-10-10T04:00:00Z; a `+` in a URL is written %2B.")
    })
}

fn invalid(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::unprocessable("invalid_value", field, message)
}
