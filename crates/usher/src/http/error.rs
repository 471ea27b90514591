//! The one shape of an error, and which failure gets which status and code. `docs/errors.md` lists the codes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use usher_core::refusal::Refusal;
use utoipa::ToSchema;

use crate::store::StoreError;
use crate::zoom::ZoomError;

/// What a caller is told. Turned into JSON by [`super::request_id`], which knows the request's id.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) field: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) zoom: Option<ZoomAnswer>,
    pub(super) retry_after_s: Option<u64>,
    /// For the log alone: what the caller has no use for or must not see, such as paths.
    pub(super) cause: Option<String>,
}

/// What Zoom answered, kept as it was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ZoomAnswer {
    /// HTTP status.
    pub(super) status: u16,
    /// Zoom's own code, if the answer held one.
    pub(super) code: Option<i64>,
    /// Zoom's own words.
    pub(super) message: String,
}

/// The error answer of every endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorBody {
    /// Stable, in `snake_case`.
    code: &'static str,
    /// One sentence.
    message: String,
    /// The field of the request at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Quote it when you ask for help; it stands in the log.
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zoom: Option<ZoomAnswer>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            hint: None,
            zoom: None,
            retry_after_s: None,
            cause: None,
        }
    }

    pub(super) fn field(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    fn zoom(self, status: u16, code: Option<i64>, message: String) -> Self {
        Self {
            zoom: Some(ZoomAnswer {
                status,
                code,
                message,
            }),
            ..self
        }
    }

    /// 422: a field of the request is wrong.
    pub(super) fn unprocessable(
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).field(field)
    }

    /// 503: neither store nor spool took what was sent.
    pub(super) fn not_recorded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_recorded",
            "Neither the store nor the spool took it.",
        )
        .hint("Send it again; repeating it with the same ids is harmless. /readyz says what is wrong.")
    }

    /// 404 for a meeting.
    pub(super) fn unknown_meeting() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_meeting",
            "No meeting with this number is registered.",
        )
        .field("meeting_number")
    }

    /// The answer for a status that a layer below gave without saying more.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => {
                Self::new(status, "no_such_endpoint", "There is no such endpoint.")
                    .hint("GET /openapi.json lists them.")
            }
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "This endpoint does not take this method.",
            )
            .hint("GET /openapi.json lists the methods."),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(status, "body_too_large", "The body is larger than 64 KiB.")
                    .hint("Send less.")
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "deadline",
                "The answer took too long.",
            )
            .hint("Try again."),
            status if status.is_client_error() => {
                Self::new(status, "bad_request", "The request can't be read.")
                    .hint("Check its path, its headers and its length.")
            }
            status => Self::new(status, "internal", "Something went wrong inside Usher.")
                .hint("The log has the cause under this request's id."),
        }
    }

    pub(super) fn into_answer(self, request_id: &str) -> Response {
        let retry_after_s = self.retry_after_s;
        let body = ErrorAnswer {
            error: ErrorBody {
                code: self.code,
                message: self.message,
                field: self.field,
                hint: self.hint,
                request_id: request_id.to_owned(),
                zoom: self.zoom,
            },
        };
        let mut answer = (self.status, axum::Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            answer
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after_s {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            code,
            field,
            message,
            hint,
        } = refusal;
        match code {
            // Not the caller's mistake: nobody has configured it yet.
            "no_app" | "no_account" => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message).hint(hint)
            }
            _ => Self::unprocessable(code, field, message).hint(hint),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::MeetingExists(_) => {
                Self::new(StatusCode::CONFLICT, error.code(), error.to_string())
                    .field("number")
                    .hint("Change it with PATCH /v1/meetings/{number}.")
            }
            StoreError::MeetingUnreadable { .. } => Self {
                cause: Some(error.to_string()),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    error.code(),
                    "This meeting's row can't be read.",
                )
                .field("number")
                .hint("Delete it and register it again; the log has the reason.")
            },
            // The path and the reason are the operator's business.
            error => Self {
                cause: Some(error.to_string()),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    error.code(),
                    "The store can't do this at the moment.",
                )
                .hint("Minting goes on. Try again; the log has the reason.")
            },
        }
    }
}

impl From<ZoomError> for ApiError {
    /// 502: Zoom answered an error; 503: not reachable, or not asked; 504: the deadline passed.
    fn from(error: ZoomError) -> Self {
        const BREAKER: &str =
            "Attendees can still join. Try again, or pass the host's `zak` in the request.";
        let message = error.to_string();
        let of = |status, code| Self::new(status, code, message);
        match error {
            ZoomError::Refused {
                status,
                code,
                message,
            } => {
                let hint = match status {
                    404 => "Check the meeting number, the host and the account it belongs to.",
                    _ => {
                        "Zoom's own code and message are in `zoom`; check the app's scopes and the account."
                    }
                };
                of(StatusCode::BAD_GATEWAY, "zoom_refused")
                    .hint(hint)
                    .zoom(status, code, message)
            }
            ZoomError::OAuth {
                status,
                code,
                message,
                ..
            } => of(StatusCode::BAD_GATEWAY, "zoom_oauth_failed")
                .hint(
                    "Check account id, client id and client secret, and that the app is activated.",
                )
                .zoom(status, code, message),
            ZoomError::Limited {
                retry_after,
                code,
                message,
            } => Self {
                retry_after_s: retry_after.map(|wait| wait.as_secs() + 1),
                ..of(StatusCode::BAD_GATEWAY, "zoom_rate_limited")
                    .hint(BREAKER)
                    .zoom(429, code, message)
            },
            ZoomError::Failed {
                status,
                code,
                message,
            } => of(StatusCode::BAD_GATEWAY, "zoom_failed")
                .hint(BREAKER)
                .zoom(status, code, message),
            ZoomError::Garbage { status, what } => of(StatusCode::BAD_GATEWAY, "zoom_garbage")
                .hint(BREAKER)
                .zoom(status, None, what),
            ZoomError::Unreachable { .. } => {
                of(StatusCode::SERVICE_UNAVAILABLE, "zoom_unreachable").hint(BREAKER)
            }
            ZoomError::BreakerOpen { .. } => {
                of(StatusCode::SERVICE_UNAVAILABLE, "zoom_paused").hint(BREAKER)
            }
            ZoomError::Timeout { .. } => {
                of(StatusCode::GATEWAY_TIMEOUT, "zoom_timeout").hint(BREAKER)
            }
            ZoomError::NotConfigured { .. } => {
                of(StatusCode::UNPROCESSABLE_ENTITY, "unknown_account")
                    .field("account")
                    .hint("`usher config` lists the accounts.")
            }
            ZoomError::InvalidUser => of(StatusCode::UNPROCESSABLE_ENTITY, "invalid_host")
                .field("host")
                .hint("Give the Zoom user id or the e-mail address of the meeting's host."),
        }
    }
}
