//! `GET /v1/witnesses`: what the witnesses know now. `GET /v1/readings`: what they said.

use std::collections::BTreeMap;

use axum::Json as JsonAnswer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use usher_core::clock::{Estimate, Interval, Statement};
use usher_core::witness::{KINDS, Line};
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use super::authentication::Caller;
use super::error::{ApiError, ErrorAnswer};
use super::span::{span, unknown_parameter};
use crate::store::{LINES_MAX, LinePlace, Scope};
use crate::witnesses::{Ending, SntpAnswer, system_clock};

const LIMIT_DEFAULT: u32 = 100;

/// What is known as of now.
#[derive(Serialize, ToSchema)]
pub(super) struct WitnessesAnswer {
    clock: ClockAnswer,
    /// How the last call of each kind to each host ended.
    api: Vec<CallAnswer>,
    /// The last line of the status page's; null if it was never asked, or the store is away.
    #[schema(value_type = Option<Object>)]
    status: Option<Line>,
    /// Since when this instance watches.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// This instance's clock against Zoom's. Offsets are ours minus Zoom's: positive means that ours is ahead.
#[derive(Serialize, ToSchema)]
struct ClockAnswer {
    /// Between these; null without a reading.
    offset_ms: Option<[i64; 2]>,
    /// Two hosts of Zoom's, both proven by TLS, agree.
    is_corroborated: bool,
    /// What is taken off our clock when something is signed.
    correction_ms: i64,
    /// By how much our clock gains on Zoom's, in parts per million; null before an hour of readings.
    drift_ppm: Option<[f64; 2]>,
    /// When our clock was last set, as far as it was noticed.
    last_set: Option<SetAnswer>,
    /// What the system says of its own clock: `synchronised`, `unsynchronised` or `unknown`.
    system: &'static str,
    /// What the configured NTP server said; null without one.
    sntp: Option<SntpSaid>,
    servers: Vec<ServerAnswer>,
    /// Whose last answer told no time, and why.
    no_readings: BTreeMap<String, String>,
}

#[derive(Serialize, ToSchema)]
struct SetAnswer {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was added to our clock, between these.
    by_ms: [i64; 2],
}

/// Our clock minus the server's, or why there is no answer.
#[derive(Serialize, ToSchema)]
struct SntpSaid {
    server: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    offset_ms: Option<f64>,
    error_ms: Option<f64>,
    problem: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ServerAnswer {
    server: String,
    offset_ms: [i64; 2],
    /// It is one of those that agree.
    agrees: bool,
    /// TLS proved its name.
    is_verified: bool,
    /// Its last answer contradicts those before.
    is_contradicted: bool,
    readings: u32,
    #[schema(value_type = String, format = DateTime)]
    heard_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct CallAnswer {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    call: &'static str,
    host: String,
    account: Option<String>,
    #[schema(value_type = String)]
    outcome: usher_core::witness::CallOutcome,
    http: Option<u16>,
    code: Option<String>,
    #[schema(value_type = Option<String>)]
    phase: Option<usher_core::witness::Phase>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingsQuery {
    /// `clock`, `api`, `status`, `change` or `watching`; all by default.
    kind: Option<String>,
    /// From this moment on, RFC 3339; an hour before `to` by default.
    from: Option<String>,
    /// Before this moment, RFC 3339; now by default.
    to: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// At most 1000; 100 by default.
    limit: Option<String>,
}

/// Lines of a witness file, oldest first; before them those that say which witnesses were on when the span began.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadingsAnswer {
    #[schema(value_type = Vec<Object>)]
    readings: Vec<Line>,
    /// The cursor of the next page; null after the last.
    next: Option<String>,
}

/// What the witnesses know now.
#[utoipa::path(get, path = "/v1/witnesses", security(("key" = [])),
    responses((status = 200, body = WitnessesAnswer), (status = "4XX", body = ErrorAnswer)))]
pub(super) async fn get_witnesses(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<JsonAnswer<WitnessesAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let witnesses = &state.witnesses;
    let status = match state.directory.store() {
        Ok(store) => store.last_line("status", Timestamp::MAX).await.ok(),
        Err(_) => None,
    };
    let mut clock = ClockAnswer::of(&witnesses.clock.estimate());
    clock.sntp = witnesses.sntp.last().map(sntp);
    let no_readings = witnesses.clock.no_readings().into_iter();
    clock.no_readings = no_readings
        .map(|(server, reason)| (server, reason.to_string()))
        .collect();
    Ok(JsonAnswer(WitnessesAnswer {
        clock,
        api: witnesses.api.last().into_iter().map(call).collect(),
        status: status.flatten(),
        since: witnesses.since,
    }))
}

/// What the witnesses said in a span of time.
#[utoipa::path(get, path = "/v1/readings", params(ReadingsQuery), security(("key" = [])),
    responses((status = 200, body = ReadingsAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn get_readings(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<ReadingsQuery>, QueryRejection>,
) -> Result<JsonAnswer<ReadingsAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let Query(query) = query.map_err(|_| unknown_parameter("kind, from, to, cursor and limit"))?;
    let now = (state.moment.now)();
    let (from, to) = span(query.from.as_deref(), query.to.as_deref(), now)?;
    let kind = query.kind.as_deref();
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        return Err(
            ApiError::unprocessable("invalid_value", "kind", "It is no kind of reading.")
                .hint(format!("One of {}.", KINDS.join(", "))),
        );
    }
    let limit = query.limit.map_or(Ok(LIMIT_DEFAULT), |limit| {
        let limit = limit.parse().ok();
        limit
            .filter(|limit| (1..=LINES_MAX).contains(limit))
            .ok_or_else(|| {
                ApiError::unprocessable("invalid_value", "limit", "It is not 1 to 1000.")
                    .hint("Leave it out for 100.")
            })
    })?;
    let after = query.cursor.as_deref().map(|cursor| place(cursor, from));
    let after = after.transpose()?;
    let store = state.directory.store()?;
    let page = store.lines(kind, from, to, after.as_ref(), limit).await?;
    let mut readings = Vec::new();
    if after.is_none() && kind.is_none_or(|kind| kind == "watching") {
        readings = store.watching_at(from).await?;
    }
    readings.extend(page.lines.into_iter().map(|stored| stored.line));
    Ok(JsonAnswer(ReadingsAnswer {
        readings,
        next: page.next.as_ref().map(cursor),
    }))
}

fn cursor(place: &LinePlace) -> String {
    format!("{}.{}", place.at.as_microsecond(), place.id)
}

fn place(cursor: &str, from: Timestamp) -> Result<LinePlace, ApiError> {
    let place = cursor.split_once('.').and_then(|(at, id)| {
        let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
        let id = id.to_owned();
        (!id.contains('\0') && at >= from).then_some(LinePlace { at, id })
    });
    place.ok_or_else(|| {
        ApiError::unprocessable("invalid_cursor", "cursor", "It is no cursor of this list.")
            .hint("Take `next` of the page before, as it is.")
    })
}

impl ClockAnswer {
    fn of(estimate: &Estimate) -> Self {
        let bearing = estimate.bearing();
        let server = |(index, statement): (usize, &Statement)| ServerAnswer {
            server: statement.server.clone(),
            offset_ms: statement.offset.as_millis(),
            agrees: index < estimate.agreeing,
            is_verified: statement.is_verified,
            is_contradicted: statement.is_contradicted,
            readings: statement.readings,
            heard_at: statement.heard_at,
        };
        let statements = estimate.statements.iter().enumerate();
        Self {
            offset_ms: estimate.offset.map(Interval::as_millis),
            is_corroborated: bearing.is_corroborated,
            correction_ms: bearing.correction_ms().unwrap_or(0),
            drift_ppm: estimate.drift_ppm,
            last_set: estimate.last_jump.map(|jump| SetAnswer {
                at: jump.at,
                by_ms: jump.by.as_millis(),
            }),
            system: system_clock().as_str(),
            sntp: None,
            servers: statements.map(server).collect(),
            no_readings: BTreeMap::new(),
        }
    }
}

fn sntp(answer: SntpAnswer) -> SntpSaid {
    let (offset_ms, error_ms, problem) = match answer.offset_and_error_ms {
        Ok((offset_ms, error_ms)) => (Some(offset_ms), Some(error_ms), None),
        Err(problem) => (None, None, Some(problem)),
    };
    SntpSaid {
        server: answer.server,
        at: answer.at,
        offset_ms,
        error_ms,
        problem,
    }
}

fn call((at, ending): (Timestamp, Ending)) -> CallAnswer {
    CallAnswer {
        at,
        call: ending.call.as_str(),
        host: ending.host,
        account: ending.account,
        outcome: ending.outcome,
        http: ending.http,
        code: ending.code,
        phase: ending.phase,
    }
}
