//! Answers as they may be posted: their codes and Zoom's sentences, and of headers what is read.

use serde_json::{Value, json};

use super::address::Address;
use super::answer;
use super::entry::{Body, Pair, Response, Text};
use super::network_error;
use super::policy;
use super::redact::{ELSEWHERE, HIDDEN, pair};
use super::redacted_token::redacted_token;
use crate::doctor::decoded::Mask;

/// The answer without its secrets: `private` is what was sent, `delivered` the signature that it brought.
pub(super) fn response(
    response: &Response,
    address: Address<'_>,
    private: &[&str],
    delivered: Option<&str>,
) -> Response {
    let error = answer::error_text(response).map_or("", network_error::name);
    let location = answer::header(response, "location")
        .or(Some(response.redirect_url.as_str()))
        .filter(|location| !location.is_empty());
    let mut public = Response {
        status: response.status,
        headers: headers(response),
        redirect_url: Text(location.map_or_else(String::new, public_location)),
        error: Text::from(error),
        ..Response::default()
    };
    let is_page = answer::is_page(response);
    public.content.mime_type = Text::from(if is_page { "text/html" } else { "" });
    if let Some(signature) = delivered {
        let body = json!({"signature": redacted_token(signature)}).to_string();
        public.content.text = Some(Body(body));
    }
    if address.is_join_check() {
        public.content.text = answer::body(response).map(|body| Body(public_body(&body, private)));
    }
    public
}

fn public_location(location: &str) -> String {
    match Address::parse(location) {
        Some(to) if to.scheme.ends_with("-extension") => "x-extension://x".to_owned(),
        Some(to) if to.is_zooms() => "https://zoom.us".to_owned(),
        Some(_) => ELSEWHERE.to_owned(),
        None => "/".to_owned(),
    }
}

fn is_date(value: &str) -> bool {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    value.ends_with(" GMT") && parser.parse_timestamp(value).is_ok()
}

fn public_type(value: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "html",
        "application/json",
        "text/javascript",
        "application/javascript",
        "application/wasm",
        "text/plain",
    ];
    match KNOWN.iter().find(|known| value.contains(**known)) {
        Some(&"html") => "text/html",
        Some(known) => known,
        None => "other",
    }
}

/// The headers that are read, and of those what is read.
fn headers(response: &Response) -> Vec<Pair> {
    let value = |name: &str, value: &str| -> Option<String> {
        Some(match name {
            "date" if is_date(value) => value.to_owned(),
            "date" => "unreadable".to_owned(),
            "age" => value
                .bytes()
                .filter(u8::is_ascii_digit)
                .take(10)
                .map(char::from)
                .collect(),
            "via" => "1.1 elsewhere.invalid".to_owned(),
            "content-type" => public_type(value).to_owned(),
            "access-control-allow-origin" if value == "*" => value.to_owned(),
            "access-control-allow-origin" => ELSEWHERE.to_owned(),
            "content-security-policy" => policy::redacted(value),
            _ => return None,
        })
    };
    let mut headers: Vec<Pair> = response
        .headers
        .iter()
        .filter_map(|header| {
            let name = header.name.as_str().to_ascii_lowercase();
            let value = value(&name, header.value.as_str())?;
            Some(pair(&name, &value))
        })
        .collect();
    // That there were headers at all is read, too: a file without any says nothing about one that is missing.
    if headers.is_empty() && !response.headers.is_empty() {
        headers.push(pair("other", HIDDEN));
    }
    headers
}

/// Zoom's answer with its code and its sentence, in the form in which it came.
fn public_body(body: &str, private: &[&str]) -> String {
    let call = answer::arguments(body);
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(call.unwrap_or(body).trim())
    else {
        let is_page = body.trim_start().starts_with('<');
        return if is_page {
            "<html>".to_owned()
        } else {
            HIDDEN.to_owned()
        };
    };
    let mut public = serde_json::Map::new();
    for name in ["status", "errorCode", "errorMessage"] {
        match fields.get(name) {
            Some(Value::String(text)) => {
                public.insert(
                    name.to_owned(),
                    Value::from(public_text(text, private.iter().copied())),
                );
            }
            Some(value @ (Value::Bool(_) | Value::Number(_))) => {
                public.insert(name.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    let json = Value::Object(public).to_string();
    if call.is_some() {
        format!("callback({json});")
    } else {
        json
    }
}

/// Zoom's sentence without what may name somebody: addresses, e-mails, tokens, the names and passcodes that were sent.
pub(super) fn public_text<'a>(text: &'a str, private: impl IntoIterator<Item = &'a str>) -> String {
    /// Zoom's sentences are shorter.
    const TEXT_MAX_CHARS: usize = 160;
    const WORD_MAX_CHARS: usize = 24;
    let said = serde_json::from_str::<Value>(text)
        .ok()
        .filter(Value::is_object)
        .map(|object| {
            object
                .get("msg")
                .and_then(Value::as_str)
                .unwrap_or(HIDDEN)
                .to_owned()
        });
    let private: Vec<&str> = private.into_iter().collect();
    let masked = Mask::new(&private).text(said.as_deref().unwrap_or(text));
    let public = |word: &str| -> String {
        let is_address = word.contains("://") || word.contains('@');
        let is_long = word.chars().count() > WORD_MAX_CHARS;
        if is_address || is_long {
            HIDDEN.to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = masked.split_whitespace().map(public).collect();
    words.join(" ").chars().take(TEXT_MAX_CHARS).collect()
}
