//! What an answer means, and whether to try again. Pure.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ZoomError;
use super::error::clean;

/// Together with [`ATTEMPT_MIN`] and the deadline this bounds what one mint can add to an overloaded Zoom.
const ATTEMPTS_MAX: u32 = 3;
/// Less time than this is not worth an attempt: a fresh TLS connection and an answer can need as much.
pub(super) const ATTEMPT_MIN: Duration = Duration::from_millis(500);
/// First ceiling of the random pause.
const PAUSE_CEILING: Duration = Duration::from_millis(250);
/// The same after a 429 without `Retry-After`: Zoom's limits for cheap calls are per second (reference 5.3).
const PAUSE_CEILING_LIMITED: Duration = Duration::from_secs(1);

/// Why an attempt gave nothing, and what follows from that.
#[derive(Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) error: ZoomError,
    /// It answered as a working API does.
    pub(super) zoom_is_well: bool,
    /// The same again may succeed. All calls are idempotent: GETs, and the token POST, which only issues one more token.
    pub(super) may_be_retried: bool,
    /// What Zoom asked to wait.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// The network's or Zoom's fault, and perhaps a passing one.
    pub(super) fn passing(error: ZoomError) -> Self {
        Self {
            error,
            zoom_is_well: false,
            may_be_retried: true,
            wait: None,
        }
    }

    /// The same again would end the same.
    pub(super) fn lasting(error: ZoomError, zoom_is_well: bool) -> Self {
        Self {
            error,
            zoom_is_well,
            may_be_retried: false,
            wait: None,
        }
    }
}

/// How long to pause before the next attempt, or `None` to give up. `jitter` is uniform in 0..1.
///
/// Full jitter (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), on top of what Zoom asked to wait.
pub(super) fn pause(
    failure: &Failure,
    attempts_made: u32,
    remaining: Duration,
    jitter: f64,
) -> Option<Duration> {
    if !failure.may_be_retried || attempts_made >= ATTEMPTS_MAX {
        return None;
    }
    let is_limited_without_word =
        matches!(failure.error, ZoomError::Limited { .. }) && failure.wait.is_none();
    let ceiling = if is_limited_without_word {
        PAUSE_CEILING_LIMITED
    } else {
        PAUSE_CEILING
    };
    let ceiling = ceiling.saturating_mul(1 << (attempts_made.saturating_sub(1)));
    let pause = failure
        .wait
        .unwrap_or_default()
        .saturating_add(ceiling.mul_f64(jitter));
    (pause.saturating_add(ATTEMPT_MIN) <= remaining).then_some(pause)
}

/// Reads a whole answer. Matches on the HTTP status first: Zoom's codes mean different things in different places (reference 5.2).
pub(super) fn judge<T: DeserializeOwned>(
    status: u16,
    wait: Option<Duration>,
    body: &[u8],
) -> Result<T, Failure> {
    match status {
        200..=299 => read(status, body),
        429 => {
            let (code, message) = complaint(body);
            let error = ZoomError::Limited {
                retry_after: wait,
                code,
                message,
            };
            Err(Failure {
                error,
                zoom_is_well: true,
                may_be_retried: true,
                wait,
            })
        }
        400..=499 => {
            let (code, message) = complaint(body);
            Err(Failure::lasting(
                ZoomError::Refused {
                    status,
                    code,
                    message,
                },
                true,
            ))
        }
        500..=599 => {
            let (code, message) = complaint(body);
            let error = ZoomError::Failed {
                status,
                code,
                message,
            };
            Err(Failure {
                error,
                zoom_is_well: false,
                may_be_retried: matches!(status, 502..=504),
                wait,
            })
        }
        300..=399 => Err(garbage(status, "a redirect, which is not followed")),
        _ => Err(garbage(status, "a status that HTTP does not know")),
    }
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // The error's own text could repeat a value of the body, and that may be a token.
        let path = error.path().to_string();
        match (error.inner().is_data(), path.as_str()) {
            (true, ".") => garbage(status, "its JSON is of another shape than documented"),
            (true, path) => garbage(
                status,
                &format!("`{path}` is of another type than documented"),
            ),
            (false, _) => garbage(status, not_json(body)),
        }
    })?;
    json.end()
        .map_err(|_| garbage(status, "something follows the JSON"))?;
    Ok(value)
}

fn garbage(status: u16, what: &str) -> Failure {
    Failure::lasting(
        ZoomError::Garbage {
            status,
            what: clean(what),
        },
        false,
    )
}

fn not_json(body: &[u8]) -> &'static str {
    match body.trim_ascii_start().first() {
        None => "it is empty",
        Some(b'<') => "it is HTML instead of JSON",
        Some(b'{') => "its JSON is broken or breaks off",
        Some(_) => "it is no JSON",
    }
}

/// Code and words of an error answer.
///
/// REST: `{code, message, errors?: [{field, message}]}` (reference 5.2). OAuth: RFC 6749's `error` and `error_description`, or
/// `{reason, error}` as commonly quoted (reference 5.1, unverified). So whatever of these is there is taken.
fn complaint(body: &[u8]) -> (Option<i64>, String) {
    let Ok(Value::Object(body_json)) = serde_json::from_slice(body) else {
        return (
            None,
            format!("(without Zoom's error object: {})", not_json(body)),
        );
    };
    let code = ["code", "errorCode"]
        .iter()
        .find_map(|key| integer(body_json.get(*key)?));
    let mut words: Vec<String> = [
        "error",
        "message",
        "errorMessage",
        "reason",
        "error_description",
    ]
    .iter()
    .filter_map(|key| body_json.get(*key)?.as_str().map(str::to_owned))
    .filter(|text| !text.trim().is_empty())
    .collect();
    let fields = body_json.get("errors").and_then(Value::as_array);
    words.extend(fields.into_iter().flatten().filter_map(|error| {
        let field = error.get("field")?.as_str()?;
        Some(format!("{field}: {}", error.get("message")?.as_str()?))
    }));
    if words.is_empty() {
        words.push("(no words)".to_owned());
    }
    (code, clean(&words.join("; ")))
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure_of(status: u16, body: &str) -> Failure {
        judge::<Answer>(status, None, body.as_bytes()).unwrap_err()
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Answer {
        token: String,
    }

    #[test]
    fn an_answer_of_the_right_shape_is_read() {
        let answer: Answer = judge(200, None, br#"{"token":"t","new_field":1}"#).unwrap();
        assert_eq!(answer.token, "t");
    }

    #[test]
    fn zooms_code_and_words_are_kept() {
        for (status, body, code, message) in [
            (
                404,
                r#"{"code":3001,"message":"Meeting does not exist: 1."}"#,
                Some(3001),
                "Meeting does not exist: 1.",
            ),
            (
                401,
                r#"{"code":"124","message":"Invalid access token."}"#,
                Some(124),
                "Invalid access token.",
            ),
            (
                400,
                r#"{"code":300,"message":"Validation Failed.","errors":[{"field":"id","message":"Invalid field."}]}"#,
                Some(300),
                "Validation Failed.; id: Invalid field.",
            ),
            (
                400,
                r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
                None,
                "invalid_client; Invalid client_id or client_secret",
            ),
            (403, "{}", None, "(no words)"),
            (
                404,
                "<html>Not found</html>",
                None,
                "(without Zoom's error object: it is HTML instead of JSON)",
            ),
            (401, "", None, "(without Zoom's error object: it is empty)"),
        ] {
            let error = failure_of(status, body).error;
            assert_eq!(
                error,
                ZoomError::Refused {
                    status,
                    code,
                    message: message.to_owned()
                }
            );
        }
    }

    #[test]
    fn what_can_not_be_used_is_described() {
        for (status, body, what) in [
            (200, "", "it is empty"),
            (
                200,
                "<!doctype html><html></html>",
                "it is HTML instead of JSON",
            ),
            (200, r#"{"token":"ab"#, "its JSON is broken or breaks off"),
            (200, "%PDF-1.4", "it is no JSON"),
            (
                200,
                r#"{"token":5}"#,
                "`token` is of another type than documented",
            ),
            (200, "{}", "its JSON is of another shape than documented"),
            (200, "[]", "its JSON is of another shape than documented"),
            (200, r#"{"token":"t"}{"#, "something follows the JSON"),
            (302, "", "a redirect, which is not followed"),
        ] {
            let failure = failure_of(status, body);
            assert_eq!(
                failure.error,
                ZoomError::Garbage {
                    status,
                    what: what.to_owned()
                },
                "{body}"
            );
            assert!(!failure.zoom_is_well && !failure.may_be_retried);
        }
    }

    #[test]
    fn only_what_may_pass_is_retried_and_a_refusal_speaks_for_zooms_health() {
        for (status, zoom_is_well, may_be_retried) in [
            (400, true, false),
            (401, true, false),
            (403, true, false),
            (404, true, false),
            (429, true, true),
            (500, false, false),
            (501, false, false),
            (502, false, true),
            (503, false, true),
            (504, false, true),
        ] {
            let failure = failure_of(status, "{}");
            assert_eq!(
                (failure.zoom_is_well, failure.may_be_retried),
                (zoom_is_well, may_be_retried),
                "{status}"
            );
        }
    }

    #[test]
    fn a_wait_that_fits_is_obeyed_and_a_longer_one_ends_the_call() {
        let wait =
            |seconds| judge::<Answer>(429, Some(Duration::from_secs(seconds)), b"{}").unwrap_err();
        let five = Duration::from_secs(5);
        assert_eq!(pause(&wait(2), 1, five, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(pause(&wait(2), 1, Duration::from_secs(2), 0.0), None);
        assert_eq!(pause(&wait(3600), 1, five, 0.0), None);
        assert_eq!(pause(&wait(u64::MAX), 1, five, 0.9), None);
    }

    fn any_failure() -> impl Strategy<Value = Failure> {
        (100_u16..600, prop::option::of(0_u64..20)).prop_map(|(status, wait)| {
            judge::<Answer>(status, wait.map(Duration::from_secs), b"{}").unwrap_err()
        })
    }

    proptest! {
        #[test]
        fn a_pause_leaves_time_for_an_attempt_and_is_never_shorter_than_asked(
            failure in any_failure(), attempts in 1_u32..5, remaining_ms in 0_u64..10_000, jitter in 0.0..1.0_f64,
        ) {
            let remaining = Duration::from_millis(remaining_ms);
            if let Some(pause) = pause(&failure, attempts, remaining, jitter) {
                prop_assert!(failure.may_be_retried && attempts < ATTEMPTS_MAX);
                prop_assert!(pause + ATTEMPT_MIN <= remaining);
                prop_assert!(pause >= failure.wait.unwrap_or_default());
            }
        }

        #[test]
        fn no_body_makes_it_panic_or_leaks_control_characters(status in 0_u16..1000, body in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(failure) = judge::<Answer>(status, None, &body) {
                prop_assert!(!failure.error.to_string().contains(char::is_control));
            }
        }
    }
}
