//! What all REST endpoints share: who asks, and how errors look (reference 5.2).

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::tokens::TokenKind;
use crate::world::World;

pub(crate) const READ_MEETING: &str = "meeting:read:meeting:admin";
pub(crate) const LIST_MEETINGS: &str = "meeting:read:list_meetings:admin";
pub(crate) const WRITE_MEETING: &str = "meeting:write:meeting:admin";
pub(crate) const READ_USER: &str = "user:read:user:admin";
pub(crate) const READ_TOKEN: &str = "user:read:token:admin";
pub(crate) const READ_ZAK: &str = "user:read:zak:admin";
pub(crate) const REPORT_PARTICIPANTS: &str = "report:read:list_meeting_participants:admin";

/// All of them (reference 4.1, 6 and 10 `[src]`; those for users, lists and creating are assumed).
pub(crate) const SCOPES: [&str; 7] = [
    READ_MEETING,
    LIST_MEETINGS,
    WRITE_MEETING,
    READ_USER,
    READ_TOKEN,
    READ_ZAK,
    REPORT_PARTICIPANTS,
];

/// What a REST endpoint answers.
pub(crate) type Answer = Result<Json<Value>, Refusal>;

/// An error answer: a status and `{code, message}`.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: i64, message: &str) -> Self {
        Self {
            status,
            body: json!({ "code": code, "message": message }),
        }
    }

    /// Code 300 with the fields at fault `[doc]`; the sentence is assumed.
    pub(crate) fn invalid_field(field: &str, message: &str) -> Self {
        let body = json!({ "code": 300, "message": "Validation Failed.", "errors": [{ "field": field, "message": message }] });
        Self {
            status: StatusCode::BAD_REQUEST,
            body,
        }
    }

    /// Both 429 and 4001 are told as the code (reference 5.2); the older one is used. The sentence is assumed.
    pub(crate) fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            429,
            "You have reached the maximum per-second rate limit for this API. Try again later.",
        )
    }

    /// 404 with 1001 `[3rd]`; the sentence is assumed.
    pub(crate) fn user_unknown(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            1001,
            &format!("User does not exist: {id}."),
        )
    }
}

impl From<jsonwebtoken::errors::Error> for Refusal {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            500,
            &format!("The simulator can't sign a token: {error}"),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// The id of the account that asks, if its access token is good and has the scope.
pub(crate) fn authorize(
    world: &World,
    host: &str,
    headers: &HeaderMap,
    scope: &str,
) -> Result<String, Refusal> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let issued = bearer.and_then(|token| {
        world
            .tokens
            .find(TokenKind::Access, token, world.clock.now(host))
    });
    let account = issued.and_then(|issued| {
        world
            .accounts
            .iter()
            .find(|account| account.id == issued.account && !account.disabled)
    });
    // 401 with 124: measured by a third party; the sentence is assumed.
    let account = account
        .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, 124, "Invalid access token."))?;
    if account.scopes.iter().any(|granted| granted == scope) {
        Ok(account.id.clone())
    } else {
        // 4700 is documented for a missing scope; status and sentence are assumed.
        let message = format!("Invalid access token, does not contain scopes:[{scope}].");
        Err(Refusal::new(StatusCode::BAD_REQUEST, 4700, &message))
    }
}

/// How Zoom writes times in bodies.
pub(crate) fn iso_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whatever Zoom has and this simulator does not (also the `/wc/ping` and WebSocket of an SDK that goes on): recorded, and 404.
pub(crate) async fn unknown_path() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        404,
        "The simulator does not play this path.",
    )
}
