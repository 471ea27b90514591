//! What became of a join request.

use serde_json::Value;

use super::address::Address;
use super::entry::{Entry, Response};
use super::network_error::{self, NetworkError};
use crate::doctor::lenient::{lenient_base64, looks_like_token};

/// Ten times what one has.
const SIGNATURE_MAX_BYTES: usize = 8 * 1024;

/// Zoom's answer to a join request: `{status, errorCode, errorMessage, result}` (reference 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) is_accepted: bool,
    pub(super) code: i64,
    pub(super) text: String,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// Zoom lets the join go on.
    Accepted,
    /// Zoom's own answer.
    Refused(Wire),
    /// It was answered, and the file has no body of the answer.
    WithoutBody,
    /// Something that the SDK can't read.
    Unreadable {
        /// A web page.
        is_page: bool,
        /// Zoom's answer, but not as the call of a function that was asked for.
        is_json: bool,
    },
    /// To another address, perhaps of another host.
    Redirected {
        /// To one that isn't Zoom's.
        is_elsewhere: bool,
        /// To an extension's.
        is_extension: bool,
    },
    /// An error of HTTP.
    Http { status: i32, is_page: bool },
    /// Zoom's answer, which the browser keeps from the page.
    WithoutCors,
    /// No answer, and why.
    Failed(&'static NetworkError, String),
    /// No answer by the end of the recording.
    Unanswered,
}

impl Outcome {
    /// Whether the join got no further, as far as the file shows.
    pub(super) fn is_failure(&self) -> bool {
        !matches!(self, Outcome::Accepted | Outcome::WithoutBody)
    }

    /// Whether it is Zoom itself that answered what was asked: only then is `Date` Zoom's clock.
    pub(super) fn is_zooms_own(&self) -> bool {
        match self {
            Outcome::Accepted
            | Outcome::Refused(_)
            | Outcome::WithoutBody
            | Outcome::WithoutCors => true,
            Outcome::Unreadable { is_json, .. } => *is_json,
            Outcome::Http { status, is_page } => !is_page && *status != 407 && *status != 511,
            _ => false,
        }
    }
}

/// The value of a header; names in HTTP/2 are in lower case.
pub(super) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers
        .iter()
        .find(|header| header.name.as_str().eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

pub(super) fn is_page(response: &Response) -> bool {
    let said = header(response, "content-type").unwrap_or(response.content.mime_type.as_str());
    said.to_ascii_lowercase().contains("html")
        || body(response).is_some_and(|body| looks_like_page(&body))
}

fn looks_like_page(body: &str) -> bool {
    let start = body.trim_start().get(..5).unwrap_or_default();
    start.eq_ignore_ascii_case("<!doc") || start.eq_ignore_ascii_case("<html")
}

/// The answer's text, whichever way it was written.
pub(super) fn body(response: &Response) -> Option<String> {
    let text = &response.content.text.as_ref()?.0;
    if text.is_empty() {
        return None;
    }
    if response
        .content
        .encoding
        .as_str()
        .eq_ignore_ascii_case("base64")
    {
        return String::from_utf8(lenient_base64(text)?).ok();
    }
    Some(text.clone())
}

/// The signature that the page was given by its own server: in JSON under that name, or within one object there, or bare.
pub(super) fn delivered_signature(response: &Response) -> Option<String> {
    if !(200..300).contains(&response.status) {
        return None;
    }
    let body = body(response)?;
    let found = match serde_json::from_str(body.trim()) {
        Ok(Value::Object(fields)) => {
            let own = fields.get("signature").and_then(Value::as_str);
            let inner = || {
                fields
                    .values()
                    .find_map(|value| value.get("signature")?.as_str())
            };
            own.or_else(inner).map(str::to_owned)
        }
        Ok(Value::String(text)) => Some(text).filter(|text| looks_like_token(text)),
        Ok(_) => None,
        Err(_) => Some(body.trim().to_owned()).filter(|text| looks_like_token(text)),
    };
    found.filter(|signature| !signature.is_empty() && signature.len() <= SIGNATURE_MAX_BYTES)
}

/// The text of the error, wherever the browser puts it.
pub(super) fn error_text(response: &Response) -> Option<&str> {
    [&response.error, &response.failure_text]
        .into_iter()
        .map(super::entry::Text::as_str)
        .find(|text| !text.is_empty())
}

/// Whether the answer has headers, but not the one that lets the page read it.
fn lacks_cors(entry: &Entry) -> bool {
    let has_origin = entry
        .request
        .headers
        .iter()
        .any(|header| header.name.as_str().eq_ignore_ascii_case("origin"));
    let headers = &entry.response.headers;
    has_origin
        && !headers.is_empty()
        && header(&entry.response, "access-control-allow-origin").is_none()
}

/// What became of a request; `asks_for_call` if the answer has to be the call of a function (JSONP).
pub(super) fn outcome(entry: &Entry, asks_for_call: bool) -> Outcome {
    let response = &entry.response;
    let status = response.status;
    match status {
        ..=0 => error_text(response).map_or(Outcome::Unanswered, failed),
        300..=399 if status != 304 => redirected(response),
        // Chromium keeps the status of an answer that it then keeps from the page.
        200..=299 if body(response).is_none() && error_text(response).is_some() => {
            failed(error_text(response).unwrap_or_default())
        }
        200..=299 | 304 if !asks_for_call && lacks_cors(entry) && !is_page(response) => {
            Outcome::WithoutCors
        }
        200..=299 | 304 => match body(response) {
            Some(body) => read(&body, asks_for_call),
            None if is_page(response) => Outcome::Unreadable {
                is_page: true,
                is_json: false,
            },
            None => Outcome::WithoutBody,
        },
        _ => Outcome::Http {
            status,
            is_page: is_page(response),
        },
    }
}

fn failed(text: &str) -> Outcome {
    Outcome::Failed(
        network_error::of_text(text),
        network_error::name(text).to_owned(),
    )
}

fn redirected(response: &Response) -> Outcome {
    let to = header(response, "location").unwrap_or(response.redirect_url.as_str());
    let address = Address::parse(to);
    let is_extension = address.is_some_and(|to| to.scheme.ends_with("-extension"));
    Outcome::Redirected {
        is_elsewhere: address.is_some_and(|to| !to.is_zooms()),
        is_extension,
    }
}

fn read(body: &str, asks_for_call: bool) -> Outcome {
    let call = arguments(body);
    match (call.and_then(wire), wire(body)) {
        (Some(wire), _) | (None, Some(wire)) if asks_for_call == call.is_some() => {
            if wire.is_accepted {
                Outcome::Accepted
            } else {
                Outcome::Refused(wire)
            }
        }
        (None, None) => Outcome::Unreadable {
            is_page: looks_like_page(body),
            is_json: serde_json::from_str::<Value>(call.unwrap_or(body)).is_ok(),
        },
        _ => Outcome::Unreadable {
            is_page: false,
            is_json: true,
        },
    }
}

/// What stands between the brackets of `name(…);`.
pub(super) fn arguments(body: &str) -> Option<&str> {
    let body = body.trim().trim_end_matches(';').trim_end();
    let body = body.strip_prefix("/**/").unwrap_or(body);
    let (name, rest) = body.split_once('(')?;
    let is_name = !name.is_empty()
        && name
            .trim()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.'));
    rest.strip_suffix(')').filter(|_| is_name)
}

fn wire(json: &str) -> Option<Wire> {
    let answer: Value = serde_json::from_str(json.trim()).ok()?;
    let code = match answer.get("errorCode") {
        Some(Value::String(code)) => code.trim().parse().ok(),
        Some(code) => code.as_i64(),
        None => None,
    };
    let status = answer.get("status").and_then(Value::as_bool);
    let text = match answer.get("errorMessage") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    };
    Some(Wire {
        is_accepted: status == Some(true) || (status.is_none() && code == Some(0)),
        code: match (code, status) {
            (Some(code), _) => code,
            (None, Some(true)) => 0,
            (None, _) => return None,
        },
        text,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_is_read_in_the_form_that_was_asked_for() {
        let json =
            r#"{"status":false,"errorCode":200,"errorMessage":"Invalid signature.","result":null}"#;
        let refused = |body: &str, call| match read(body, call) {
            Outcome::Refused(wire) => Some((wire.code, wire.text)),
            _ => None,
        };
        let expected = Some((200, "Invalid signature.".to_owned()));
        assert_eq!(refused(json, false), expected);
        assert_eq!(refused(&format!("cb_1({json});"), true), expected);
        assert_eq!(refused(&format!("/**/cb_1({json})\n"), true), expected);
        assert_eq!(refused(json, true), None);
        assert!(matches!(
            read(json, true),
            Outcome::Unreadable { is_json: true, .. }
        ));
        assert!(matches!(
            read("<!DOCTYPE html>", true),
            Outcome::Unreadable { is_page: true, .. }
        ));
        assert!(matches!(
            read("{}", false),
            Outcome::Unreadable { is_json: true, .. }
        ));
        assert!(matches!(
            read(r#"{"status":true,"errorCode":0}"#, false),
            Outcome::Accepted
        ));
    }
}
