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
        let name = shown(&name);
        let message = format!("There is no field `{name}`.");
        let hint = match nearest {
            Some(nearest) => format!("Did you mean `{nearest}`?"),
            None => "GET /openapi.json lists the fields.".to_owned(),
        };
        return ApiError::unprocessable("unknown_field", name, message).hint(hint);
    }
    let named = |beginning: &str| {
        message
            .strip_prefix(beginning)
            .and_then(|rest| rest.split('`').next())
    };
    if let Some(field) = named("missing field `") {
        return ApiError::unprocessable("missing_field", field, format!("`{field}` is missing."))
            .hint("Add it.");
    }
    if let Some(field) = named("duplicate field `") {
        return ApiError::unprocessable(
            "duplicate_field",
            field,
            format!("`{field}` is there twice."),
        )
        .hint("Send it once.");
    }
    let path = shown(path);
    let message_of_type = format!("`{path}` has the wrong type or value.");
    ApiError::unprocessable("wrong_type", path, message_of_type)
        .hint(format!("Expected {}.", expected(&message)))
}

/// A name that the caller made up, fit to be repeated.
fn shown(name: &str) -> String {
    name.chars()
        .take(60)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

fn not_an_object() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "not_an_object",
        "The body is JSON, but not an object.",
    )
    .hint("Send one JSON object.")
}

/// What serde's sentence says after "expected"; unlike the part before, it holds nothing that was sent.
fn expected(message: &str) -> &str {
    let expected = message
        .rsplit_once("expected ")
        .map_or("", |(_, expected)| expected);
    match expected.split(" at line ").next().unwrap_or_default() {
        "u8" | "u32" => "a whole number that is not negative",
        "" => "another value",
        expected => expected,
    }
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
