//! A copy of a recording that can be posted: what the doctor reads of it, without the secrets.
//!
//! It is an allow-list. Entries that say nothing of a join are left out; of the others, only the fields of `entry` are written; and of those,
//! a text is kept only where it is known to name nobody. A copy of a copy is the same.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use super::address::Address;
use super::answer;
use super::attempt;
use super::entry::{self, Body, Entry, Fault, Pair, PostData, Request, Response, Text, Tool};
use super::network_error;
use super::policy;
use super::redacted_token::redacted_token;
use crate::doctor::decoded::Mask;
use crate::doctor::kind;
use crate::join::limits;

const HIDDEN: &str = "\u{2026}";
/// Where hosts that are not Zoom's are put (RFC 2606 keeps `.invalid` free).
const ELSEWHERE: &str = "https://elsewhere.invalid";

/// What became of the entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redacted {
    /// Written, without their secrets.
    pub kept: usize,
    /// Not written: they say nothing of a join.
    pub left_out: usize,
    /// The source could be read to its end.
    pub is_complete: bool,
    /// The source is a recording.
    pub is_recording: bool,
}

/// Writes the copy.
pub fn redact(source: impl BufRead, mut copy: impl Write) -> io::Result<Redacted> {
    let mut redacted = Redacted::default();
    let mut hosts = Hosts::default();
    let mut written = copy.write_all(b"{\"log\":{\"version\":\"1.2\",\"entries\":[");
    let ending = entry::each(source, &mut |entry| {
        let Some(entry) = public_entry(&entry, &mut hosts) else {
            redacted.left_out += 1;
            return;
        };
        let comma = if redacted.kept == 0 { "\n" } else { ",\n" };
        redacted.kept += 1;
        if written.is_ok() {
            written = copy
                .write_all(comma.as_bytes())
                .and_then(|()| Ok(serde_json::to_writer(&mut copy, &entry)?));
        }
    })?;
    written?;
    redacted.is_recording = ending.is_archive;
    redacted.is_complete = ending.fault.is_none();
    let comment = match ending.fault {
        None => "redacted by usher doctor --redact",
        Some(Fault::Truncated | Fault::Broken { .. }) => {
            "redacted by usher doctor --redact; the recording could not be read to its end"
        }
    };
    let tail = json!({
        "creator": public_tool(&ending.creator),
        "browser": public_tool(&ending.browser),
        "comment": comment,
    });
    let tail = tail.to_string();
    write!(copy, "\n],{}}}\n", &tail[1..])?;
    copy.flush()?;
    Ok(redacted)
}

/// Names of programs that write recordings; any other may be somebody's own.
fn public_tool(tool: &Tool) -> Value {
    const KNOWN: &[&str] = &[
        "WebInspector",
        "Firefox",
        "WebKit Web Inspector",
        "Playwright",
        "Chromium",
        "Chrome",
        "Safari",
        "Fiddler",
        "Charles Proxy",
        "mitmproxy",
    ];
    let name = tool.name.as_str();
    let is_known = KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known));
    let version = tool.version.as_str();
    let is_version = version.len() < 30 && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    json!({
        "name": if is_known { name } else { "other" },
        "version": if is_version { version } else { "" },
    })
}

/// The entry without its secrets; `None` if it says nothing of a join.
fn public_entry(entry: &Entry, hosts: &mut Hosts) -> Option<Entry> {
    let address = Address::parse(entry.request.url.as_str())?;
    let is_page = answer::is_page(&entry.response)
        && answer::header(&entry.response, "content-security-policy").is_some();
    let is_of_a_join =
        address.is_zooms() || address.is_join_check() || address.sdk_file().is_some();
    let delivered = answer::delivered_signature(&entry.response).filter(|_| !is_of_a_join);
    if !is_of_a_join && !is_page && delivered.is_none() {
        return None;
    }
    let fields = attempt::fields(&entry.request, address);
    let private: Vec<&str> = fields
        .iter()
        .filter(|(name, value)| is_private(name) && value.len() > 2)
        .map(|(_, value)| value.as_str())
        .collect();
    Some(Entry {
        started_date_time: moment(&entry.started_date_time),
        time: entry.time,
        request: request(&entry.request, address, &fields, hosts),
        response: response(&entry.response, address, &private, delivered.as_deref()),
        from_cache: word(&entry.from_cache, &["memory", "disk"]),
        via_service_worker: word(&entry.via_service_worker, &["true"]),
        fetch_type: word(
            &entry.fetch_type,
            &[
                "Network Load",
                "Memory Cache",
                "Disk Cache",
                "Service Worker",
            ],
        ),
    })
}

fn moment(text: &Text) -> Text {
    let is_moment = text.as_str().parse::<jiff::Timestamp>().is_ok();
    if is_moment {
        text.clone()
    } else {
        Text::default()
    }
}

/// The text if it is one of these words, and nothing that is known if it is another.
fn word(text: &Text, known: &[&str]) -> Text {
    if text.is_empty() || known.contains(&text.as_str()) {
        text.clone()
    } else {
        Text::from("other")
    }
}

fn request(
    request: &Request,
    address: Address<'_>,
    fields: &[(String, String)],
    hosts: &mut Hosts,
) -> Request {
    let method = word(&request.method, &["GET", "POST", "OPTIONS", "HEAD", "PUT"]);
    let has_origin = request
        .headers
        .iter()
        .any(|header| header.name.as_str().eq_ignore_ascii_case("origin"));
    let headers = if has_origin {
        vec![pair("origin", ELSEWHERE)]
    } else {
        Vec::new()
    };
    let place = public_address(address, hosts);
    let mut public = Request {
        method,
        headers,
        url: Text(place.clone()),
        ..Request::default()
    };
    if !address.is_join_check() {
        return public;
    }
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            fields
                .iter()
                .map(|(name, value)| (name, public_field(name, value))),
        )
        .finish();
    if request.post_data.is_some() {
        public.post_data = Some(PostData {
            mime_type: Text::from("application/x-www-form-urlencoded"),
            text: Some(Body(form)),
            params: Vec::new(),
        });
    } else {
        public.url = Text(format!("{place}?{form}"));
    }
    public
}

fn pair(name: &str, value: &str) -> Pair {
    Pair {
        name: Text::from(name),
        value: Text::from(value),
    }
}

/// Zoom's hosts. A name before Zoom's can be a customer's, so only those that are Zoom's own are kept, and the others are counted: what each of
/// them says of the time is still told apart.
#[derive(Default)]
struct Hosts(Vec<String>);

impl Hosts {
    fn public(&mut self, host: &str) -> String {
        const OWN: &[&str] = &[
            "zoom.us",
            "www.zoom.us",
            "source.zoom.us",
            "zoom.com",
            "www.zoomgov.com",
            "source.zoomgov.com",
            "jssdk.zoomus.cn",
        ];
        let host = host.to_ascii_lowercase();
        if OWN.contains(&host.as_str()) || is_numbered(&host) {
            return host;
        }
        let number = self
            .0
            .iter()
            .position(|known| *known == host)
            .unwrap_or_else(|| {
                self.0.push(host);
                self.0.len() - 1
            });
        format!("h{}.zoom.us", number + 1)
    }
}

/// `us02web.zoom.us`, `us06.zoom.us`.
fn is_numbered(host: &str) -> bool {
    let name = host
        .strip_suffix(".zoom.us")
        .and_then(|name| name.strip_prefix("us"));
    let name = name.map(|name| name.strip_suffix("web").unwrap_or(name));
    name.is_some_and(|number| number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()))
}

fn scheme(address: Address<'_>) -> &'static str {
    match (address.is_web_socket(), address.is_secure()) {
        (true, true) => "wss",
        (true, false) => "ws",
        (false, true) => "https",
        (false, false) => "http",
    }
}

/// Zoom's hosts stay, and of paths what tells what was asked.
fn public_address(address: Address<'_>, hosts: &mut Hosts) -> String {
    let file = address.sdk_file().map(|name| format!("/{name}"));
    if !address.is_zooms() {
        let check = address
            .is_join_check()
            .then(|| "/api/v1/wc/info".to_owned());
        return format!("{ELSEWHERE}{}", check.or(file).unwrap_or_default());
    }
    let path = if address.is_join_check() {
        "/api/v1/wc/info".to_owned()
    } else if address.is_ping() {
        "/wc/ping/0".to_owned()
    } else {
        file.unwrap_or_default()
    };
    format!("{}://{}{path}", scheme(address), hosts.public(address.host))
}

fn is_private(name: &str) -> bool {
    matches!(
        name,
        "passWord" | "userName" | "userEmail" | "tk" | "ztk" | "zsk" | "obfToken"
    )
}

/// A field of a join request. What is judged of a secret is whether it is there, and of a passcode also its form.
fn public_field(name: &str, value: &str) -> String {
    match name {
        _ if value.is_empty() => String::new(),
        "signature" => redacted_token(value),
        "passWord" if kind::is_encrypted_passcode(value) => "x".repeat(20) + ".1",
        "passWord" if limits::passcode(value).is_err() => "x".repeat(value.chars().count()),
        "meetingNumber" => value
            .chars()
            .map(|c| if c.is_alphabetic() { 'x' } else { c })
            .take(64)
            .collect(),
        "apiKey" if value.len() <= 64 => value.to_owned(),
        "cv" if value.len() <= 16 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            value.to_owned()
        }
        "callback" => "callback".to_owned(),
        _ => HIDDEN.to_owned(),
    }
}

fn response(
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
