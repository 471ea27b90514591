//! `POST /v1/attempts`: attempts whose signatures were minted elsewhere.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::value::RawValue;
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::{Hmac, Origin, PasscodeFrom};
use usher_core::attempt::{AttemptId, can_have_begun};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::UnverifiedToken;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::authentication::Caller;
use super::super::body::Json;
use super::super::error::{ApiError, ErrorAnswer};
use super::super::labels::{Dims, Labels};
use super::super::text_or_number::{TextOrNumber, text_or_number};
use super::Report;
use super::events::clean;
use crate::config::Config;
use crate::journal::Recorded;
use crate::store::Scope;

/// As an import takes them.
const CLAIMS_MAX_BYTES: usize = 4 * 1024;

/// An attempt that began elsewhere: the fields of a join request, and what is known of the rest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandedInBody {
    #[schema(schema_with = text_or_number)]
    meeting_number: TextOrNumber,
    /// `attendee` (0) or `host` (1).
    #[schema(schema_with = text_or_number, required = false)]
    role: Option<TextOrNumber>,
    view: Option<String>,
    sdk_version: Option<String>,
    app: Option<String>,
    /// Kept as a hash, to match Zoom's events.
    user_name: Option<String>,
    /// Zoom's id of the registrant; kept as a hash, too.
    registrant_id: Option<String>,
    /// Only whether there was one is kept.
    passcode: Option<String>,
    /// Taken, because a join request may have it, and not kept; so are the next five.
    #[serde(rename = "user_email")]
    #[schema(value_type = Option<String>)]
    _user_email: Option<IgnoredAny>,
    #[serde(rename = "registrant_token")]
    #[schema(value_type = Option<String>)]
    _registrant_token: Option<IgnoredAny>,
    #[serde(rename = "zak")]
    #[schema(value_type = Option<String>)]
    _zak: Option<IgnoredAny>,
    #[serde(rename = "obf_token")]
    #[schema(value_type = Option<String>)]
    _obf_token: Option<IgnoredAny>,
    #[serde(rename = "video_webrtc_mode")]
    #[schema(value_type = Option<u8>)]
    _video_webrtc_mode: Option<IgnoredAny>,
    #[serde(rename = "expires_in_s")]
    #[schema(value_type = Option<u32>)]
    _expires_in_s: Option<IgnoredAny>,
    participant: Option<String>,
    release: Option<String>,
    environment: Option<String>,
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    dims: Option<Dims>,
    /// The signature; its claims are kept, and whether it is by a configured secret.
    signature: Option<String>,
    /// Its decoded body, instead.
    #[schema(value_type = Option<Object>)]
    claims: Option<Box<RawValue>>,
    /// The `customerKey` that the page joins with, if it has the form of an attempt's id; it makes repeating this harmless.
    attempt: Option<String>,
    /// When; now by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// `joined`, `failed`, `waiting` or `unanswered`, if it is known.
    outcome: Option<String>,
    #[schema(schema_with = text_or_number, required = false)]
    code: Option<TextOrNumber>,
    reason: Option<String>,
}

/// What was kept, and how the page reports on it.
#[derive(Serialize, ToSchema)]
pub(crate) struct HandedInAnswer {
    #[schema(value_type = String)]
    attempt: AttemptId,
    recorded: Recorded,
    report: Report,
}

/// Takes in an attempt that was minted elsewhere.
#[utoipa::path(
    post, path = "/v1/attempts", request_body = HandedInBody,
    responses((status = 201, body = HandedInAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)),
    security(("key" = []))
)]
pub(crate) async fn post_attempt(
    State(state): State<AppState>,
    caller: Caller,
    Json(mut body): Json<HandedInBody>,
) -> Result<(StatusCode, JsonAnswer<HandedInAnswer>), ApiError> {
    caller.must_have(&[Scope::Report])?;
    let now = (state.moment.now)();
    let at = body.at.unwrap_or(now);
    if !can_have_begun(at, now) {
        return Err(ApiError::unprocessable(
            "invalid_time",
            "at",
            "It is before 2011, or in the future.",
        )
        .hint("Send RFC 3339 in UTC; check the clock of the machine that made it."));
    }
    check_age(&state, "at", at, now)?;
    let attempt = match &body.attempt {
        Some(id) => own_id(&state, id, now).await?,
        None => AttemptId::new(at, (state.moment.random)()),
    };
    let labels = Labels {
        participant: body.participant.take(),
        registrant_id: body.registrant_id.take(),
        release: body.release.take(),
        environment: body.environment.take(),
        dims: body.dims.take(),
    };
    labels.check()?;
    let mut personal = Personal {
        name_hash: body.user_name.as_deref().map(|name| state.name_hash(name)),
        ..Personal::default()
    };
    let mut origin = body.origin(&state.config)?;
    labels.put_on(&state, &mut origin, &mut personal);
    let mut events = vec![Event {
        attempt,
        source: Source::Import,
        id: "origin".to_owned(),
        kind: Kind::Minted,
        at,
        received_at: now,
        facts: Facts {
            origin: Some(Box::new(origin)),
            ..Facts::default()
        },
        personal,
    }];
    events.extend(body.outcome_event(attempt, at, now)?);
    let recorded = state.journal.record(events).await.recorded;
    if recorded == Recorded::No {
        return Err(ApiError::not_recorded());
    }
    let report = Report::of(&state, attempt);
    Ok((
        StatusCode::CREATED,
        JsonAnswer(HandedInAnswer {
            attempt,
            recorded,
            report,
        }),
    ))
}

/// An id that the caller made. What Usher minted itself is no attempt from elsewhere.
async fn own_id(state: &AppState, id: &str, now: Timestamp) -> Result<AttemptId, ApiError> {
    let id = AttemptId::parse(id)
        .filter(|id| can_have_begun(id.at(), now))
        .ok_or_else(|| {
            ApiError::unprocessable(
                "invalid_id",
                "attempt",
                "An attempt's id has 32 lower-case hexadecimal digits, of which the first twelve are the milliseconds from 1970 to its beginning: after 2010, and not in the future.",
            )
            .hint("Make it as a UUID of version 7, without hyphens, or leave it out.")
        })?;
    check_age(state, "attempt", id.at(), now)?;
    // Where the store is away or behind, the mint's own record comes first all the same, when the story is told.
    if let Ok(store) = state.directory.store()
        && store
            .events(id)
            .await?
            .iter()
            .any(|event| event.source == Source::Mint)
    {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "minted_here",
            "This attempt was minted here: what it began with is known.",
        )
        .field("attempt")
        .hint("Tell what became of it with POST /v1/attempts/{id}/events."));
    }
    Ok(id)
}

/// As an import judges it: what is older would be deleted within the hour.
fn check_age(state: &AppState, field: &str, at: Timestamp, now: Timestamp) -> Result<(), ApiError> {
    let retention = state.config.retention;
    if at >= retention.facts_from(now) {
        return Ok(());
    }
    let message = format!(
        "It is older than {} days, after which attempts are deleted.",
        retention.facts_days
    );
    Err(ApiError::unprocessable("beyond_retention", field, message)
        .hint("Raise `retention.facts_days` to keep it."))
}

impl HandedInBody {
    fn origin(&self, config: &Config) -> Result<Origin, ApiError> {
        let (claims, hmac) = match (&self.signature, &self.claims) {
            (Some(_), Some(_)) => {
                return Err(ApiError::unprocessable(
                    "conflict",
                    "claims",
                    "Both the signature and its claims were given.",
                )
                .hint("Send one of the two; the claims are read from the signature."));
            }
            (Some(token), None) => read_token(config, token)?,
            (None, Some(claims)) => {
                check_claims(claims)?;
                (Some(claims.clone()), Some(Hmac::NotCheckable))
            }
            (None, None) => (None, None),
        };
        let role = self
            .role
            .as_ref()
            .map(|role| Role::parse(role.as_str()))
            .transpose()?;
        let view = self.view.as_deref().map(View::parse).transpose()?;
        let sdk_version = self
            .sdk_version
            .as_deref()
            .map(SdkVersion::parse)
            .transpose()?;
        let has_passcode = self.passcode.as_ref().is_some_and(|text| !text.is_empty());
        let passcode_from = has_passcode.then_some(PasscodeFrom::Request);
        Ok(Origin {
            meeting_number: Some(MeetingNumber::parse(self.meeting_number.as_str())?),
            role: role.map(|role| role.as_str().to_owned()),
            view: view.map(|view| view.as_str().to_owned()),
            sdk_version: sdk_version.map(|version| version.to_string()),
            app: self.app.as_deref().map(|app| clean(app, 100)),
            claims,
            hmac,
            passcode_from,
            ..Origin::default()
        })
    }

    fn outcome_event(
        &self,
        attempt: AttemptId,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Event>, ApiError> {
        let kind = match self.outcome.as_deref() {
            Some("joined") => Kind::Joined,
            Some("failed") => Kind::Failed,
            Some("waiting") => Kind::Waiting,
            Some("unanswered") => Kind::Silent,
            Some(_) => {
                return Err(ApiError::unprocessable(
                    "invalid_value",
                    "outcome",
                    "There is no such outcome; there are joined, failed, waiting, unanswered.",
                ));
            }
            None if self.code.is_some() || self.reason.is_some() => Kind::Failed,
            None => return Ok(None),
        };
        Ok(Some(Event {
            attempt,
            source: Source::Import,
            id: "outcome".to_owned(),
            kind,
            at,
            received_at: now,
            facts: Facts {
                code: self.code.as_ref().map(|code| clean(code.as_str(), 64)),
                reason: self.reason.as_deref().map(|reason| clean(reason, 2_000)),
                ..Facts::default()
            },
            personal: Personal::default(),
        }))
    }
}

/// Whatever is kept must be read again when signatures are judged: `1e999` and half a surrogate pair are JSON, and no values.
fn check_claims(claims: &RawValue) -> Result<(), ApiError> {
    let is_short = claims.get().len() <= CLAIMS_MAX_BYTES;
    if is_short && serde_json::from_str::<Map<_, _>>(claims.get()).is_ok() {
        return Ok(());
    }
    Err(ApiError::unprocessable(
        "invalid_claims",
        "claims",
        format!("Claims are a JSON object of at most {CLAIMS_MAX_BYTES} bytes, with numbers and texts that can be read."),
    )
    .hint("Send the decoded body of the signature as it is."))
}

type ReadToken = (Option<Box<RawValue>>, Option<Hmac>);

/// The claims of a token, and whether it is by a secret that is configured for its key. The token itself is not kept.
fn read_token(config: &Config, token: &str) -> Result<ReadToken, ApiError> {
    let token = UnverifiedToken::decode(token.trim()).map_err(|error| {
        ApiError::unprocessable("invalid_signature", "signature", error.to_string())
            .hint("Send the token as the SDK gets it, or its decoded `claims`.")
    })?;
    let claims = RawValue::from_string(token.claims_json().to_owned()).ok();
    Ok((claims, Some(config.hmac(&token))))
}
