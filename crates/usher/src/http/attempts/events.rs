//! `POST /v1/attempts/{id}/events`: what the page says about its attempt.

use std::net::SocketAddr;

use axum::Json as JsonAnswer;
use axum::extract::{ConnectInfo, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use usher_core::attempt::event::{
    Client, Event, Facts, ID_MAX, Kind, Personal, Source, on_our_clock,
};
use usher_core::attempt::label::CHARS_MAX;
use usher_core::attempt::{AttemptId, can_have_begun};
use usher_core::text;
use utoipa::ToSchema;

use super::super::authentication::{authenticate, bearer, unauthorized};
use super::super::error::{ApiError, ErrorAnswer};
use super::super::report_token::TokenError;
use super::super::text_or_number::{TextOrNumber, text_or_number};
use super::super::{AppState, BODY_MAX_BYTES, body, client_address};
use crate::journal::{Receipt, Recorded};
use crate::store::Scope;

/// More than a page can have to tell of one attempt.
const EVENTS_MAX: usize = 100;
/// What is longer is cut: the beginning says what it is.
const REASON_MAX: usize = 2_000;
const CODE_MAX: usize = 64;
/// Of an error object; what is larger is kept as its beginning.
const RAW_MAX_BYTES: usize = 8 * 1024;

/// How long the record of a mint may be on its way, on another instance that is without the store. Ours: a day is enough to mend one.
const MINT_MAY_FOLLOW: SignedDuration = SignedDuration::from_hours(24);

/// What the page tells.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EventsBody {
    events: Vec<ToldEvent>,
    /// The page and its browser.
    #[serde(default, deserialize_with = "by_names")]
    #[schema(value_type = Option<Object>)]
    client: Option<Client>,
    /// The report token, where the Authorization header can't be set (`sendBeacon`).
    token: Option<String>,
    /// The browser's clock when it sent this.
    #[serde(default, deserialize_with = "readable_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

/// One thing that happened.
#[derive(Deserialize, ToSchema)]
struct ToldEvent {
    /// Unique within the attempt: the same again is not counted twice.
    id: String,
    #[serde(rename = "type")]
    kind: ToldKind,
    /// The browser's time.
    #[serde(default, deserialize_with = "readable_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The SDK's `errorCode`.
    #[schema(schema_with = text_or_number, required = false)]
    code: Option<TextOrNumber>,
    /// The SDK's text.
    reason: Option<String>,
    /// The SDK's error object.
    #[schema(value_type = Option<Object>)]
    raw: Option<Box<RawValue>>,
}

/// An object alone: serde would read a list as a struct, field by field.
fn by_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Client>, D::Error> {
    let object = Option::<Map<String, Value>>::deserialize(deserializer)?;
    let client = object.map(|object| Client::deserialize(Value::Object(object)));
    client.transpose().map_err(D::Error::custom)
}

/// A browser's clock can show what is no time of ours (`+010000-01-01T00:00:00.000Z`): that is not known, and costs no event.
fn readable_time<'de, D: Deserializer<'de>>(time: D) -> Result<Option<Timestamp>, D::Error> {
    let told = Box::<RawValue>::deserialize(time)?;
    Ok(serde_json::from_str(told.get()).ok())
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum ToldKind {
    Loaded,
    Called,
    Joined,
    Failed,
    GaveUp,
    Silent,
    Waiting,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventsAnswer {
    accepted: usize,
    /// Told before.
    duplicates: usize,
    /// Not kept: of one attempt, browsers may tell 200 events. Absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<usize>,
    recorded: Recorded,
    /// Our clock, for the page to compare with its own.
    #[schema(value_type = String, format = DateTime)]
    server_time: Timestamp,
}

/// Tells what became of an attempt.
#[utoipa::path(
    post, path = "/v1/attempts/{id}/events", request_body = EventsBody,
    params(("id" = String, Path, description = "The attempt's id.")),
    responses(
        (status = 202, body = EventsAnswer),
        (status = "4XX", body = ErrorAnswer),
        (status = "5XX", body = ErrorAnswer),
    ),
    security(("report_token" = []), ("key" = []))
)]
pub(crate) async fn post_events(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, JsonAnswer<EventsAnswer>), ApiError> {
    let attempt = AttemptId::parse(&id).ok_or_else(unknown_attempt)?;
    let (mut parts, stream) = request.into_parts();
    let bytes = axum::body::to_bytes(stream, BODY_MAX_BYTES)
        .await
        .map_err(|_| ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE))?;
    let body: EventsBody = body::parse(text::well_formed_json(&bytes).as_bytes())?;
    let now = (state.moment.now)();
    let reporter = authorize(&state, &parts, body.token.as_deref(), attempt, now)?;
    let client = client(&state, &mut parts, reporter, body.client).await?;
    if body.events.len() > EVENTS_MAX {
        return Err(ApiError::unprocessable(
            "too_many",
            "events",
            format!("More than {EVENTS_MAX} events."),
        )
        .hint("Send them in several requests."));
    }
    if reporter == Reporter::Key {
        must_be_known(&state, attempt, now).await?;
    }
    let sent_at = body.sent_at;
    let told = body.events.into_iter().enumerate();
    let mut events: Vec<Event> = told
        .map(|(n, told)| told.into_event(n, attempt, sent_at, now))
        .collect::<Result<_, _>>()?;
    // Once a request is enough. The last event is the one that a repeated request is least likely to have told before.
    if let Some(last) = events.last_mut() {
        last.facts.client = client;
    }
    let count = events.len();
    let receipt = if count == 0 {
        Receipt::of_nothing(Recorded::Stored)
    } else {
        state.journal.record(events).await
    };
    if receipt.recorded == Recorded::No {
        return Err(ApiError::not_recorded());
    }
    let answer = EventsAnswer {
        accepted: count - receipt.duplicates - receipt.dropped,
        duplicates: receipt.duplicates,
        dropped: (receipt.dropped > 0).then_some(receipt.dropped),
        recorded: receipt.recorded,
        server_time: now,
    };
    Ok((StatusCode::ACCEPTED, JsonAnswer(answer)))
}

/// Who reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reporter {
    /// The page: it has the attempt's token, so the attempt was minted here.
    Page,
    /// A backend, with a key.
    Key,
}

fn authorize(
    state: &AppState,
    parts: &Parts,
    token: Option<&str>,
    attempt: AttemptId,
    now: Timestamp,
) -> Result<Reporter, ApiError> {
    let Some(credential) = bearer(parts)?.or(token) else {
        return Err(unauthorized(
            "no_key",
            "The request has neither a report token nor an API key.",
        )
        .hint("Send `report.token` of the join answer as bearer, or as `token` in the body."));
    };
    match state.report_tokens.check(attempt, credential, now) {
        Ok(()) => Ok(Reporter::Page),
        Err(TokenError::Expired) => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "report_token_expired",
            "The attempt is older than a week: its token does not report any more.",
        )
        .hint("A backend can still report, with a key of the scope `report`.")),
        Err(TokenError::Wrong) => {
            let caller = authenticate(state, credential).map_err(|_| {
                unauthorized(
                    "bad_report_token",
                    "This is neither this attempt's report token nor an API key.",
                )
                .hint("Each attempt has a token of its own: `report.token` of its join answer.")
            })?;
            caller.must_have(&[Scope::Report])?;
            Ok(Reporter::Key)
        }
    }
}

/// The network is that of the page's own request; a backend's says nothing of the page.
async fn client(
    state: &AppState,
    parts: &mut Parts,
    reporter: Reporter,
    told: Option<Client>,
) -> Result<Option<Box<Client>>, ApiError> {
    let mut client = told.unwrap_or_default();
    for text in [
        &mut client.sdk_version,
        &mut client.view,
        &mut client.browser,
        &mut client.os,
        &mut client.release,
        &mut client.time_zone,
        &mut client.connection,
        &mut client.network,
    ] {
        *text = text
            .take()
            .map(|text| clean(&text, CHARS_MAX))
            .filter(|text| !text.is_empty());
    }
    if reporter == Reporter::Page {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
        let address = client_address::of(&parts.headers, peer.ip(), &state.config.trusted_proxies);
        client.network = Some(client_address::prefix(address));
    }
    Ok((client != Client::default()).then(|| Box::new(client)))
}

/// An attempt that a key's holder names must be there, or its record may still be on its way: from here, or from another instance.
async fn must_be_known(
    state: &AppState,
    attempt: AttemptId,
    now: Timestamp,
) -> Result<(), ApiError> {
    let can_be = can_have_begun(attempt.at(), now);
    let is_young = now.duration_since(attempt.at()) <= MINT_MAY_FOLLOW;
    if can_be && (is_young || state.journal.is_behind()) {
        return Ok(());
    }
    let is_known = match state.directory.store() {
        Ok(store) => !store.attempt_rows(&[attempt]).await?.is_empty(),
        Err(_) => can_be,
    };
    is_known.then_some(()).ok_or_else(unknown_attempt)
}

pub(super) fn unknown_attempt() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "unknown_attempt",
        "There is no attempt with this id.",
    )
    .field("id")
    .hint("It is `attempt` of the join answer: 32 lower-case hexadecimal digits. Attempts are deleted when their time is over.")
}

impl ToldEvent {
    fn into_event(
        self,
        n: usize,
        attempt: AttemptId,
        sent_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Event, ApiError> {
        let is_id = (1..=ID_MAX).contains(&self.id.chars().count())
            && !self.id.chars().any(text::is_forbidden);
        if !is_id {
            return Err(ApiError::unprocessable(
                "invalid_id",
                format!("events[{n}].id"),
                format!("An event's id has 1 to {ID_MAX} characters."),
            )
            .hint("A random id per event makes repeating it harmless."));
        }
        let at = self
            .at
            .map_or(now, |claimed| on_our_clock(attempt, claimed, sent_at, now));
        Ok(Event {
            attempt,
            source: Source::Browser,
            id: self.id,
            kind: self.kind.into(),
            at,
            received_at: now,
            facts: Facts {
                code: self.code.map(|code| clean(code.as_str(), CODE_MAX)),
                reason: self.reason.map(|reason| clean(&reason, REASON_MAX)),
                claimed_at: self.at.filter(|claimed| *claimed != at),
                ..Facts::default()
            },
            personal: Personal {
                raw: self.raw.map(bounded),
                ..Personal::default()
            },
        })
    }
}

impl From<ToldKind> for Kind {
    fn from(told: ToldKind) -> Self {
        match told {
            ToldKind::Loaded => Kind::Loaded,
            ToldKind::Called => Kind::Called,
            ToldKind::Joined => Kind::Joined,
            ToldKind::Failed => Kind::Failed,
            ToldKind::GaveUp => Kind::GaveUp,
            ToldKind::Silent => Kind::Silent,
            ToldKind::Waiting => Kind::Waiting,
        }
    }
}

/// Text from a page: what can't be shown is left out, what is too long is cut, with a mark.
pub(super) fn clean(text: &str, max: usize) -> String {
    let mut clean: String = text
        .chars()
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
        .filter(|c| !text::is_forbidden(*c))
        .take(max)
        .collect();
    if text.chars().nth(max).is_some() {
        clean.pop();
        clean.push('…');
    }
    clean
}

fn bounded(raw: Box<RawValue>) -> Box<RawValue> {
    if raw.get().len() <= RAW_MAX_BYTES {
        return raw;
    }
    let beginning = clean(raw.get(), RAW_MAX_BYTES / 4);
    serde_json::value::to_raw_value(&beginning).unwrap_or(raw)
}
