//! `POST /v1/joins`: join parameters for one person.

use axum::Json as JsonAnswer;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Personal;
use usher_core::clock::Interval;
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::refusal::Warning;
use utoipa::ToSchema;

use super::AppState;
use super::attempts::Report;
use super::authentication::Caller;
use super::body::Json;
use super::error::{ApiError, ErrorAnswer};
use super::labels::{Dims, Labels};
use super::text_or_number::{TextOrNumber, text_or_number};
use crate::journal::Recorded;
use crate::mint::{self, DEFAULT_EXPIRES_IN_S, MintError, Wish};
use crate::store::Scope;

/// Who wants to join what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinBody {
    /// 9 to 12 digits; spaces and dashes are stripped.
    #[schema(schema_with = text_or_number)]
    meeting_number: TextOrNumber,
    /// 1 to 128 characters.
    user_name: String,
    /// `attendee` (0) or `host` (1); attendee by default.
    #[schema(schema_with = text_or_number, required = false)]
    role: Option<TextOrNumber>,
    /// `client` or `component`; client by default.
    view: Option<String>,
    /// The Web SDK that the page loads; the configured one by default.
    #[schema(example = "2.16.0")]
    sdk_version: Option<String>,
    /// `""` for none. Needed for a number that is not registered.
    passcode: Option<String>,
    /// The name of a configured app.
    app: Option<String>,
    user_email: Option<String>,
    /// The registrant's `tk`.
    registrant_token: Option<String>,
    /// Zoom's id of the registrant; kept as a hash, to match Zoom's events.
    registrant_id: Option<String>,
    /// Needs the scope `host`, whatever the role.
    zak: Option<String>,
    /// Needs the scope `host`, whatever the role. Used once and not kept.
    obf_token: Option<String>,
    /// 0 or 1.
    video_webrtc_mode: Option<u8>,
    /// More than 1800, at most 172800; 7200 by default.
    expires_in_s: Option<u32>,
    /// The person's id in your product.
    participant: Option<String>,
    /// The release of your product.
    release: Option<String>,
    environment: Option<String>,
    /// Dimensions of your own.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    dims: Option<Dims>,
}

/// What the page hands to `join()`, and what the backend keeps.
#[derive(Serialize, ToSchema)]
pub(super) struct JoinAnswer {
    /// The attempt's id; also `join.customerKey`.
    #[schema(value_type = String)]
    attempt: String,
    /// Exactly the object for the SDK's `join()`.
    #[schema(value_type = Object)]
    join: usher_core::join::JoinParameters,
    /// When the signature stops being valid.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Where the record of this attempt is; a join is minted whether or not it could be kept.
    recorded: Recorded,
    report: Report,
    clock: Clock,
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Warning>,
}

/// What the times in the signature rest on.
#[derive(Serialize, ToSchema)]
struct Clock {
    /// Our clock minus Zoom's, in milliseconds; null while nothing has measured it.
    offset_ms: Option<[i64; 2]>,
    /// Milliseconds taken off our clock before: as far as the offset shows that it may be ahead of Zoom's. Negative: added.
    correction_ms: i64,
    /// Seconds taken off `iat` after that.
    backdate_s: u32,
}

/// Mints join parameters.
#[utoipa::path(
    post, path = "/v1/joins", request_body = JoinBody,
    responses(
        (status = 200, body = JoinAnswer),
        (status = "4XX", body = ErrorAnswer),
        (status = "5XX", body = ErrorAnswer),
    ),
    security(("key" = []))
)]
pub(super) async fn post_join(
    State(state): State<AppState>,
    caller: Caller,
    Json(mut body): Json<JoinBody>,
) -> Result<JsonAnswer<JoinAnswer>, ApiError> {
    caller.must_have(&[Scope::Mint, Scope::Host])?;
    let labels = body.take_labels();
    labels.check()?;
    let wish = body.into_wish(&state)?;
    if wish.role == Role::Host || wish.zak.is_some() || wish.obf_token.is_some() {
        caller.must_have(&[Scope::Host])?;
    }
    let now = (state.moment.now)();
    let bearing = state.witnesses.clock.bearing();
    let attempt = AttemptId::new(now, (state.moment.random)());
    let seat = mint::mint(
        &state.config,
        &state.directory,
        &state.zoom,
        &wish,
        (now, bearing),
        attempt,
    )
    .await?;
    let mut origin = seat.origin;
    let mut personal = Personal {
        name_hash: Some(state.name_hash(&wish.user_name)),
        ..Personal::default()
    };
    labels.put_on(&state, &mut origin, &mut personal);
    let recorded = super::attempts::record_mint(&state, attempt, now, origin, personal).await;
    Ok(JsonAnswer(JoinAnswer {
        attempt: seat.attempt.to_string(),
        join: seat.join,
        expires_at: seat.expires_at,
        recorded,
        report: Report::of(&state, attempt),
        clock: Clock {
            offset_ms: bearing.offset.map(Interval::as_millis),
            correction_ms: bearing.correction_ms().unwrap_or(0),
            backdate_s: state.config.backdate_s,
        },
        warnings: seat.warnings,
    }))
}

impl JoinBody {
    fn take_labels(&mut self) -> Labels {
        Labels {
            participant: self.participant.take(),
            registrant_id: self.registrant_id.take(),
            release: self.release.take(),
            environment: self.environment.take(),
            dims: self.dims.take(),
        }
    }

    fn into_wish(self, state: &AppState) -> Result<Wish, ApiError> {
        let sdk_version = match self.sdk_version.as_deref() {
            Some(version) => SdkVersion::parse(version)?,
            None => state.config.sdk_version,
        };
        Ok(Wish {
            meeting_number: MeetingNumber::parse(self.meeting_number.as_str())?,
            user_name: self.user_name,
            role: self
                .role
                .as_ref()
                .map_or(Ok(Role::Attendee), |role| Role::parse(role.as_str()))?,
            view: self.view.as_deref().map_or(Ok(View::Client), View::parse)?,
            sdk_version,
            passcode: self.passcode,
            app: self.app,
            user_email: self.user_email,
            registrant_token: self.registrant_token,
            zak: self.zak,
            obf_token: self.obf_token,
            video_webrtc_mode: self.video_webrtc_mode,
            expires_in_s: self.expires_in_s.unwrap_or(DEFAULT_EXPIRES_IN_S),
        })
    }
}

impl From<MintError> for ApiError {
    fn from(error: MintError) -> Self {
        match error {
            MintError::UnknownMeeting => Self::unknown_meeting()
                .hint("Register it with `usher meeting add`, or send its passcode in the request (\"\" for none)."),
            MintError::Refused(refusal) => refusal.into(),
            MintError::Zoom(error) => error.into(),
        }
    }
}
