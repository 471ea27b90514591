//! `POST /webhooks/zoom`: what Zoom says of meetings and the people in them.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use usher_core::webhook::{
    self, BODY_BYTES_MAX, Forged, Notification, body_hash, challenge_answer,
};
use utoipa::ToSchema;

use super::AppState;
use super::error::{ApiError, ErrorAnswer};
use crate::journal::Recorded;
use crate::webhooks::{notice_of, unreadable};

const SIGNATURE: HeaderName = HeaderName::from_static("x-zm-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-zm-request-timestamp");

/// What became of a notification.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookAnswer {
    recorded: Recorded,
    /// It was here before.
    is_duplicate: bool,
}

/// Takes Zoom's webhooks, and answers its challenge.
#[utoipa::path(
    post, path = "/webhooks/zoom",
    request_body(content = Object, description = "Zoom's event, signed by `x-zm-signature` and `x-zm-request-timestamp`"),
    responses(
        (status = 200, body = WebhookAnswer, description = "On disk. To `endpoint.url_validation`: `plainToken` and `encryptedToken`."),
        (status = "4XX", body = ErrorAnswer),
        (status = "5XX", body = ErrorAnswer),
    ),
    security(())
)]
pub(super) async fn post_webhook(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let secrets = &state.config.webhook_secrets;
    if secrets.is_empty() {
        return Err(not_configured());
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| too_large())?;
    let now = (state.moment.now)();
    let header = |name| header(&parts, name);
    let verified = webhook::verify(&body, header(&SIGNATURE), header(&TIMESTAMP), secrets, now)?;
    let hash = body_hash(&body);
    let notice = match webhook::parse(&body, verified.sent_at) {
        Ok(Notification::Challenge { plain_token }) => {
            let secret = secrets[verified.secret_index].as_ref();
            return Ok(Json(challenge_answer(&plain_token, secret)?).into_response());
        }
        Ok(notification) => notice_of(notification, hash, now, state.name_key()),
        Err(refusal) => {
            tracing::warn!(
                hash,
                "a webhook of Zoom's can't be read: {}",
                refusal.message
            );
            unreadable(hash, now)
        }
    };
    let receipt = state.journal.keep(notice).await;
    if receipt.recorded == Recorded::No {
        // Zoom sends it again, three times within 85 minutes.
        return Err(ApiError::not_recorded());
    }
    state.settler.settle_soon();
    let answer = WebhookAnswer {
        recorded: receipt.recorded,
        is_duplicate: receipt.duplicates > 0,
    };
    Ok(Json(answer).into_response())
}

/// One that is not text is no signature and no time; nor are two that differ.
fn header<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    let mut values = parts.headers.get_all(name).iter();
    let first = values.next()?;
    let is_one = values.all(|other| other == first);
    Some(first.to_str().ok().filter(|_| is_one).unwrap_or_default())
}

/// 503 and not 404: Zoom repeats what got a 5xx, so that whoever sets the secret within 85 minutes has lost nothing.
fn not_configured() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "no_webhook_secret",
        "No webhook secret is configured, so nobody can be told from Zoom.",
    )
    .hint("Set USHER_WEBHOOK_SECRET to the Secret Token of the app in Zoom's Marketplace.")
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        "The body is larger than 256 KiB.",
    )
    .hint("Zoom sends nothing of that size for meetings.")
}

impl From<Forged> for ApiError {
    fn from(forged: Forged) -> Self {
        let hint = match forged {
            Forged::MissingSignature | Forged::Malformed => {
                "Zoom signs every request; look at what stands between Zoom and Usher."
            }
            Forged::BadSignature => {
                "Compare USHER_WEBHOOK_SECRET with the Secret Token in Zoom's Marketplace; nothing in between may change the body."
            }
            Forged::TooOld | Forged::InFuture => "Check this machine's clock.",
        };
        Self::new(StatusCode::UNAUTHORIZED, forged.code(), forged.to_string()).hint(hint)
    }
}
