//! A JSON body, with an error that names the field.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::AppState;
use super::error::ApiError;
use crate::unknown_key::UnknownKey;

/// A JSON body of a `deny_unknown_fields` type: 400 for what is not JSON, 413 for too much of it, 422 for a field.
///
/// The content type is not asked for: callers in a hurry forget it, and nothing else is taken here.
#[derive(Debug)]
pub(super) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ApiError::of_status(rejection.status()))?;
        parse(&bytes).map(Json)
    }
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // Serde would read an array as a struct, field by field.
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    if !is_object && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        return Err(not_an_object());
    }
    // Keeping track of the path costs as much as parsing, so it is done only for what is wrong.
    serde_json::from_slice(bytes).map_err(|error| {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let path = serde_path_to_error::deserialize::<_, T>(&mut json)
            .err()
            .map_or_else(|| ".".to_owned(), |error| error.path().to_string());
        explain(&path, &error)
    })
}

/// Never repeats a value: it may be a passcode or a token.
fn explain(path: &str, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        return ApiError::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            format!(
                "The body is not JSON (line {}, column {}).",
                error.line(),
                error.column()
            ),
        )
        .hint("Send one JSON object, in UTF-8.");
    }
    let message = error.to_string();
    if let Some(UnknownKey { name, nearest }) = UnknownKey::from_serde(&message) {
        let error = ApiError::unprocessable(
            "unknown_field",
            name.clone(),
            format!("There is no field `{}`.", name.escape_debug()),
        );
        return match nearest {
            Some(nearest) => error.hint(format!("Did you mean `{nearest}`?")),
            None => error.hint("GET /openapi.json lists the fields."),
        };
    }
    if let Some(field) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        return ApiError::unprocessable("missing_field", field, format!("`{field}` is missing."))
            .hint("Add it.");
    }
    let error = ApiError::unprocessable(
        "wrong_type",
        path,
        format!("`{path}` has the wrong type or value."),
    );
    match expected(&message) {
        Some(expected) => error.hint(format!("Expected {expected}.")),
        None => error.hint("GET /openapi.json has its type."),
    }
}

fn not_an_object() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "not_an_object",
        "The body is JSON, but not an object.",
    )
    .hint("Send one JSON object.")
}

/// The part of serde's sentence after "expected", which is ours, unlike the part before.
fn expected(message: &str) -> Option<&str> {
    let (_, expected) = message.rsplit_once("expected ")?;
    expected.split(" at line ").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[serde(rename = "passcode")]
        _passcode: String,
        #[serde(rename = "dims", default)]
        _dims: std::collections::BTreeMap<String, String>,
    }

    fn error(body: &str) -> (u16, &'static str, Option<String>, String) {
        let error = parse::<Shape>(body.as_bytes()).unwrap_err();
        (
            error.status.as_u16(),
            error.code,
            error.field.clone(),
            format!("{error:?}"),
        )
    }

    #[test]
    fn the_status_tells_what_is_not_json_from_a_wrong_field() {
        for (body, status, code, field) in [
            ("", 400, "not_json", None),
            ("{\"passcode\":", 400, "not_json", None),
            ("{\"passcode\":\"p\"} x", 400, "not_json", None),
            ("[\"p\"]", 400, "not_an_object", None),
            ("7", 400, "not_an_object", None),
            ("{}", 422, "missing_field", Some("passcode")),
            (r#"{"passcode":7}"#, 422, "wrong_type", Some("passcode")),
            (
                r#"{"passcode":"p","dims":{"tenant":7}}"#,
                422,
                "wrong_type",
                Some("dims.tenant"),
            ),
            (
                r#"{"passcode":"p","pascode":"q"}"#,
                422,
                "unknown_field",
                Some("pascode"),
            ),
        ] {
            let (got_status, got_code, got_field, _) = error(body);
            assert_eq!(
                (got_status, got_code, got_field.as_deref()),
                (status, code, field),
                "{body}"
            );
        }
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        for body in [
            r#"{"passcode":{"x":"hush"}}"#,
            r#"{"passcode":7771}"#,
            r#"{"passcode":"p","dims":"hush"}"#,
        ] {
            let (.., debug) = error(body);
            assert!(
                !debug.contains("hush") && !debug.contains("7771"),
                "{debug}"
            );
        }
    }
}
