//! `POST /compat/meetingsdk-auth`: answers what Zoom's own sample answers, field for field.
//!
//! The sample: <https://github.com/zoom/meetingsdk-auth-endpoint-sample> 3.12.0. Its front ends work unchanged; unlike it, this endpoint
//! serves callers without a key only what a stranger may have: an attendee's place in a registered meeting for at most two hours.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Personal;
use usher_core::attempt::origin::Origin;
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, EXPIRES_IN_S_MAX, EXPIRES_IN_S_MIN, Validity};
use utoipa::ToSchema;

use super::AppState;
use super::attempts::record_mint;
use super::authentication::{authenticate, bearer};
use super::client_address;
use super::error::{ApiError, ErrorAnswer};
use super::request_id::KeepBody;
use crate::mint::{DEFAULT_EXPIRES_IN_S, origin_of};
use crate::store::Scope;

const ATTEMPT: HeaderName = HeaderName::from_static("x-usher-attempt");
/// What a caller without a key gets at most, in seconds.
const EXPIRES_IN_S_MAX_WITHOUT_KEY: u32 = 7200;
/// The shortest lifetime that the sample takes; minted as [`EXPIRES_IN_S_MIN`].
const SAMPLE_EXPIRES_IN_S_MIN: f64 = 1800.0;

/// The sample's answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompatAnswer {
    signature: String,
    sdk_key: String,
}

/// The sample's error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompatErrors {
    errors: Vec<CompatError>,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct CompatError {
    property: &'static str,
    reason: String,
}

/// Signs as Zoom's sample endpoint does.
#[utoipa::path(
    post, path = "/compat/meetingsdk-auth",
    request_body(content = Object, description = "meetingNumber, role, expirationSeconds, videoWebRtcMode"),
    responses(
        (status = 200, body = CompatAnswer, headers(("x-usher-attempt" = String, description = "The attempt's id"))),
        (status = 400, body = CompatErrors),
        (status = "4XX", body = ErrorAnswer),
    ),
    security((), ("key" = []))
)]
pub(super) async fn post_compat(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let caller = bearer(&parts)?
        .map(|key| authenticate(&state, key))
        .transpose()?;
    if caller.is_none() {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(&mut parts, &state)
            .await
            .map_err(|_| ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
        let address = client_address::of(&parts.headers, peer.ip(), &state.config.trusted_proxies);
        state.strangers.admit(address)?;
    }
    let bytes = axum::body::to_bytes(body, super::BODY_MAX_BYTES)
        .await
        .map_err(|_| ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE))?;
    let wish = match parse(&bytes)? {
        Ok(wish) => wish,
        Err(errors) => return Ok(bad_request(errors)),
    };
    if let Some(caller) = &caller {
        caller.must_have(if wish.role == Some(Role::Host) {
            &[Scope::Host]
        } else {
            &[Scope::Mint, Scope::Host]
        })?;
    } else if let Err(errors) = refuse_what_strangers_may_not(&state, &wish)? {
        return Ok(bad_request(errors));
    }
    sign(&state, &wish).await
}

struct CompatWish {
    number: Option<MeetingNumber>,
    role: Option<Role>,
    expires_in_s: u32,
    video_webrtc_mode: Option<u8>,
}

async fn sign(state: &AppState, wish: &CompatWish) -> Result<Response, ApiError> {
    let meeting = wish
        .number
        .and_then(|number| state.directory.meeting(number));
    let app = state
        .config
        .app(meeting.as_ref().and_then(|meeting| meeting.app.as_deref()))?;
    let now = (state.moment.now)();
    let key_pair = app.signing(now);
    let bearing = state.witnesses.clock.bearing();
    let dated = bearing.dated(now);
    let validity = Validity::new(dated, state.config.backdate_s, wish.expires_in_s)?;
    let claims = match (wish.number, wish.role) {
        (Some(number), Some(role)) => Claims::web(
            key_pair.sdk_key(),
            number,
            role,
            validity,
            wish.video_webrtc_mode,
        )?,
        _ => Claims::native(key_pair.sdk_key(), validity),
    };
    let answer = CompatAnswer {
        signature: key_pair.sign(&claims).into_exposed(),
        sdk_key: key_pair.sdk_key().to_owned(),
    };
    let origin = Origin {
        meeting_number: wish.number,
        role: wish.role.map(|role| role.as_str().to_owned()),
        ..origin_of(
            &state.config,
            &app.name,
            meeting.as_deref(),
            &claims,
            bearing,
        )
    };
    let mut response = axum::Json(answer).into_response();
    let attempt = AttemptId::new(now, (state.moment.random)());
    // The answer's shape is Zoom's: whether it was recorded is for /readyz alone.
    record_mint(state, attempt, now, Box::new(origin), Personal::default()).await;
    if let Ok(value) = HeaderValue::from_str(&attempt.to_string()) {
        response.headers_mut().insert(ATTEMPT, value);
    }
    Ok(response)
}

/// The sample's errors for a stranger's request, or ours.
fn refuse_what_strangers_may_not(
    state: &AppState,
    wish: &CompatWish,
) -> Result<Result<(), Vec<CompatError>>, ApiError> {
    let Some(number) = wish.number else {
        return Ok(Err(vec![CompatError {
            property: "meetingNumber",
            reason: "Required without an API key".to_owned(),
        }]));
    };
    if wish.role == Some(Role::Host) {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "no_key",
            "Only a caller with an API key gets a host's signature.",
        )
        .field("role")
        .hint(
            "Send `Authorization: Bearer KEY` from your backend, with a key of the scope `host`.",
        ));
    }
    if wish.expires_in_s > EXPIRES_IN_S_MAX_WITHOUT_KEY {
        return Ok(Err(vec![CompatError {
            property: "expirationSeconds",
            reason: format!(
                "Value must in between 1800 and {EXPIRES_IN_S_MAX_WITHOUT_KEY} without an API key"
            ),
        }]));
    }
    if state.directory.meeting(number).is_none() {
        return Err(ApiError::unknown_meeting()
            .field("meetingNumber")
            .hint("Register it with `usher meeting add`, or send an API key."));
    }
    Ok(Ok(()))
}

fn bad_request(errors: Vec<CompatError>) -> Response {
    let mut response =
        (StatusCode::BAD_REQUEST, axum::Json(CompatErrors { errors })).into_response();
    response.extensions_mut().insert(KeepBody);
    response
}

/// Reads the body as the sample does: unknown fields are ignored, numbers may come as text.
fn parse(bytes: &Bytes) -> Result<Result<CompatWish, Vec<CompatError>>, ApiError> {
    let body: Map<String, Value> = if bytes.is_empty() {
        Map::new()
    } else {
        super::body::parse(bytes)?
    };
    let mut errors = Vec::new();
    if body.contains_key("meetingNumber") != body.contains_key("role") {
        errors.push(CompatError {
            property: "$schema",
            reason: "If one of the following properties is present, all or none must be present: meetingNumber, role".to_owned(),
        });
    }
    let role = zero_or_one("role", &body, &mut errors);
    let expires_in_s = expiration_seconds(&body, &mut errors);
    let video_webrtc_mode = zero_or_one("videoWebRtcMode", &body, &mut errors);
    let number = meeting_number(&body, &mut errors);
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    Ok(Ok(CompatWish {
        number,
        role: role.map(|role| {
            if role == 1 {
                Role::Host
            } else {
                Role::Attendee
            }
        }),
        expires_in_s,
        video_webrtc_mode,
    }))
}

/// Stricter than the sample, which signs any number: what can be known to be wrong is refused.
fn meeting_number(
    body: &Map<String, Value>,
    errors: &mut Vec<CompatError>,
) -> Option<MeetingNumber> {
    let parsed = match body.get("meetingNumber")? {
        Value::String(text) => MeetingNumber::parse(text),
        other => MeetingNumber::from_u64(other.as_u64().unwrap_or_default()),
    };
    parsed
        .map_err(|refusal| {
            errors.push(CompatError {
                property: "meetingNumber",
                reason: refusal.message,
            });
        })
        .ok()
}

fn zero_or_one(
    property: &'static str,
    body: &Map<String, Value>,
    errors: &mut Vec<CompatError>,
) -> Option<u8> {
    let number = number(property, body, errors)?;
    let found = [0_u8, 1]
        .into_iter()
        .find(|allowed| f64::from(*allowed).total_cmp(&number).is_eq());
    if found.is_none() {
        let reason = format!("Value is not valid. Got {number}, expected 0,1");
        errors.push(CompatError { property, reason });
    }
    found
}

fn expiration_seconds(body: &Map<String, Value>, errors: &mut Vec<CompatError>) -> u32 {
    const PROPERTY: &str = "expirationSeconds";
    let Some(seconds) = number(PROPERTY, body, errors) else {
        return DEFAULT_EXPIRES_IN_S;
    };
    if !(SAMPLE_EXPIRES_IN_S_MIN..=f64::from(EXPIRES_IN_S_MAX)).contains(&seconds) {
        errors.push(CompatError {
            property: PROPERTY,
            reason: "Value must in between 1800 and 172800".to_owned(),
        });
        return DEFAULT_EXPIRES_IN_S;
    }
    // In range by the check above; a fraction is dropped, as claims are whole seconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds as u32;
    seconds.max(EXPIRES_IN_S_MIN)
}

/// A number, or text that JavaScript's `parseInt` reads as one.
fn number(
    property: &'static str,
    body: &Map<String, Value>,
    errors: &mut Vec<CompatError>,
) -> Option<f64> {
    let value = body.get(property)?;
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => parse_int(text),
        _ => None,
    };
    if number.is_none() {
        let shown = match value {
            Value::String(_) => "NaN",
            Value::Null => "null",
            _ => "of another type",
        };
        errors.push(CompatError {
            property,
            reason: format!("Value {shown} not allowed, must be of type number"),
        });
    }
    number
}

/// `parseInt`: white space, a sign, digits; what follows is ignored.
fn parse_int(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let end = text.len() - digits.len() + length;
    (length > 0).then(|| text[..end].parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(body: &str) -> Vec<(&'static str, String)> {
        match parse(&Bytes::copy_from_slice(body.as_bytes())).unwrap() {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .into_iter()
                .map(|error| (error.property, error.reason))
                .collect(),
        }
    }

    #[test]
    fn numbers_come_as_numbers_or_as_text_with_junk_behind() {
        for body in [
            r#"{"meetingNumber":"85012345678","role":0}"#,
            r#"{"meetingNumber":85012345678,"role":"1"}"#,
            r#"{"meetingNumber":"85012345678","role":"0abc","expirationSeconds":"7200s","videoWebRtcMode":"1"}"#,
            r#"{"expirationSeconds":1800,"somethingElse":true}"#,
            "{}",
            "",
        ] {
            assert_eq!(errors(body), [], "{body}");
        }
    }

    #[test]
    fn errors_have_the_samples_properties() {
        for (body, property) in [
            (r#"{"role":0}"#, "$schema"),
            (r#"{"meetingNumber":"85012345678"}"#, "$schema"),
            (r#"{"meetingNumber":"85012345678","role":2}"#, "role"),
            (r#"{"meetingNumber":"85012345678","role":"x"}"#, "role"),
            (r#"{"meetingNumber":"85012345678","role":null}"#, "role"),
            (r#"{"expirationSeconds":1799}"#, "expirationSeconds"),
            (r#"{"expirationSeconds":172801}"#, "expirationSeconds"),
            (r#"{"videoWebRtcMode":3}"#, "videoWebRtcMode"),
            (r#"{"meetingNumber":"12","role":0}"#, "meetingNumber"),
        ] {
            let properties: Vec<_> = errors(body)
                .into_iter()
                .map(|(property, _)| property)
                .collect();
            assert_eq!(properties, [property], "{body}");
        }
    }

    #[test]
    fn the_shortest_lifetime_of_the_sample_is_minted_a_second_longer() {
        let Ok(wish) = parse(&Bytes::from_static(br#"{"expirationSeconds":1800}"#)).unwrap() else {
            panic!("the sample takes 1800");
        };
        assert_eq!(wish.expires_in_s, 1801);
    }
}
