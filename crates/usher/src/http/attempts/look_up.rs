//! `GET /v1/attempts` and `GET /v1/attempts/{id}`.

use std::collections::BTreeSet;

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use usher_core::attempt::AttemptId;
use usher_core::attempt::story::Outcome;
use usher_core::meeting::MeetingNumber;

use super::super::AppState;
use super::super::authentication::Caller;
use super::super::error::{ApiError, ErrorAnswer};
use super::super::labels::check_label;
use super::super::span::{empty_span, moment};
use super::events::unknown_attempt;
use crate::store::{AttemptFilter, LIMIT_MAX, Scope};
use crate::story::{AttemptAnswer, AttemptsAnswer};

const LIMIT_DEFAULT: u32 = 50;

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
    Ok(JsonAnswer(AttemptsAnswer::of(page, now)))
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
    let now = (state.moment.now)();
    let answer = AttemptAnswer::of(&store, id, now).await?;
    Ok(JsonAnswer(answer.ok_or_else(unknown_attempt)?))
}

fn read_query(query: Vec<(String, String)>) -> Result<(AttemptFilter, u32), ApiError> {
    let mut filter = AttemptFilter::default();
    let mut limit = LIMIT_DEFAULT;
    let mut names = BTreeSet::new();
    for (name, value) in query {
        if !names.insert(name.clone()) {
            return Err(there_twice(&name));
        }
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
            "code" => filter.code = Some(label(&name, value)?),
            "participant" => filter.participant = Some(label(&name, value)?),
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
                    return Err(ApiError::unprocessable(
                        "unknown_field",
                        shown(&name),
                        "There is no such condition.",
                    )
                    .hint("Conditions are from, to, meeting_number, outcome, code, participant, dim.NAME, cursor and limit."));
                }
            },
        }
    }
    match (filter.from, filter.to) {
        (Some(from), Some(to)) if from >= to => {
            Err(empty_span().hint("Give a `from` before `to`, or leave one out."))
        }
        _ => Ok((filter, limit)),
    }
}

/// A name that the caller made up, fit to be repeated.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(40).collect();
    start.escape_debug().to_string()
}

/// Which of the two is meant, nobody knows.
fn there_twice(name: &str) -> ApiError {
    ApiError::unprocessable(
        "duplicate_field",
        shown(name),
        "The condition is there twice.",
    )
    .hint("Send it once; an attempt has one value of each.")
}

/// A store would choke on some of what is on no attempt: PostgreSQL on a NUL.
fn label(field: &str, text: String) -> Result<String, ApiError> {
    check_label(field, &text)?;
    Ok(text)
}

fn invalid(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::unprocessable("invalid_value", field, message)
}
