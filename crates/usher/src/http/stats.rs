//! `GET /v1/stats`: attempts over time, by what became of them.

use axum::Json as JsonAnswer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use super::authentication::Caller;
use super::error::{ApiError, ErrorAnswer};
use super::labels::check_label;
use super::span::{span, unknown_parameter};
use crate::store::{OutcomeCounts, Point, Scope, Stats, Steps};

/// The longest span by a dimension. Each minute has as many rows as values: 31 days of 50 values in every minute took SQLite 4.5 s.
const SPAN_BY_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
/// What is looked for attempt by attempt instead: it has too many values to be counted by.
const NOT_COUNTED: [&str; 2] = ["meeting", "participant"];

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StatsQuery {
    /// From this moment on, RFC 3339; an hour before `to` by default. Steps begin here, at the start of its minute.
    from: Option<String>,
    /// Before this moment, RFC 3339; now by default. The span is widened to whole minutes, and is at most 400 days, or 31 with `by`.
    to: Option<String>,
    /// A dimension whose values are counted apart: `release`, `browser`, one of your own; `code` for failures by their code. `dim.` before it, as in
    /// the conditions of `/v1/attempts`, changes nothing.
    by: Option<String>,
    /// Seconds of a step: 60 (the default), 300, 3600 or 86400. A span has at most 1500 steps.
    step_s: Option<String>,
}

/// Attempts over time, with their outcomes as of now. An attempt belongs to the minute in which it began.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatsAnswer {
    /// As it was counted: whole minutes.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    step_s: i64,
    by: Option<String>,
    /// By time, then by value. Steps and values without attempts are left out, as are attempts that have no value of `by`.
    /// Of very many values, those with the fewest attempts are counted together as `(other)`.
    series: Vec<StepAnswer>,
    /// The whole span, the value with the most attempts first.
    totals: Vec<TotalAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StepAnswer {
    /// The start of the step.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    total: TotalAnswer,
}

/// Counts of attempts. The newest are not exact: an attempt that nobody answers is pending up to a minute too long, and one that
/// called `join()` long after it was minted is unanswered until its answer comes.
#[derive(Debug, Serialize, ToSchema)]
struct TotalAnswer {
    /// Of the dimension; absent when everybody is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    attempts: i64,
    joined: i64,
    failed: i64,
    waiting: i64,
    pending: i64,
    unanswered: i64,
    unobserved: i64,
}

impl TotalAnswer {
    fn of(value: Option<String>, counts: OutcomeCounts) -> Self {
        Self {
            value,
            attempts: counts.attempts(),
            joined: counts.joined,
            failed: counts.failed,
            waiting: counts.waiting,
            pending: counts.pending,
            unanswered: counts.unanswered,
            unobserved: counts.unobserved,
        }
    }
}

impl StatsAnswer {
    fn of(steps: Steps, by: Option<String>, stats: Stats) -> Self {
        let shown = |value: String| by.is_some().then_some(value);
        let mut totals: Vec<TotalAnswer> = stats
            .totals
            .into_iter()
            .map(|(value, counts)| TotalAnswer::of(shown(value), counts))
            .collect();
        // Everybody has a total, and be it nothing.
        if by.is_none() && totals.is_empty() {
            totals.push(TotalAnswer::of(None, OutcomeCounts::default()));
        }
        let step = |point: Point| StepAnswer {
            at: point.at,
            total: TotalAnswer::of(shown(point.value), point.counts),
        };
        Self {
            from: steps.from(),
            to: steps.to(),
            step_s: steps.step_s(),
            series: stats.series.into_iter().map(step).collect(),
            totals,
            by,
        }
    }
}

/// Attempts over time, counted by outcome.
#[utoipa::path(get, path = "/v1/stats", params(StatsQuery), security(("key" = [])),
    responses((status = 200, body = StatsAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn get_stats(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<StatsQuery>, QueryRejection>,
) -> Result<JsonAnswer<StatsAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let Query(query) = query.map_err(|_| unknown_parameter("from, to, by and step_s"))?;
    let now = (state.moment.now)();
    let (from, to) = span(query.from.as_deref(), query.to.as_deref(), now)?;
    // What is no number is a length that there is not.
    let step_s = query
        .step_s
        .map_or(60, |seconds| seconds.parse().unwrap_or(0));
    let steps = Steps::new(from, to, step_s)?;
    let by = query.by.as_deref().map(dimension).transpose()?;
    if by.is_some() && to.duration_since(from) > SPAN_BY_MAX {
        return Err(ApiError::unprocessable(
            "span_too_long",
            "from",
            "The span is longer than 31 days, which is too much to read for every value of a dimension.",
        )
        .hint("Ask for parts of it, or leave `by` out."));
    }
    let stats = state
        .directory
        .store()?
        .stats(steps, by.as_deref(), now)
        .await?;
    Ok(JsonAnswer(StatsAnswer::of(steps, by, stats)))
}

fn dimension(name: &str) -> Result<String, ApiError> {
    let name = name.strip_prefix("dim.").unwrap_or(name);
    if name.is_empty() {
        return Err(
            ApiError::unprocessable("empty", "by", "It names no dimension.")
                .hint("Leave it out for everybody."),
        );
    }
    check_label("by", name)?;
    if NOT_COUNTED.contains(&name) {
        return Err(ApiError::unprocessable(
            "not_counted",
            "by",
            "Attempts are not counted by this: it has too many values.",
        )
        .hint("Look attempts up: GET /v1/attempts?meeting_number= or ?participant=."));
    }
    Ok(name.to_owned())
}
