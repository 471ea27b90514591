//! A copy of a recording that can be posted: what the doctor reads of it, without the secrets.
//!
//! It is an allow-list. Entries that say nothing of a join are left out; of the others, only the fields of `entry` are written; and of those,
//! a text is kept only where it is known to name nobody. A copy of a copy is the same.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use super::address::Address;
use super::answer;
use super::attempt;
use super::entry::{self, Body, Entry, Fault, Pair, PostData, Request, Text, Tool};
use super::public_answer;
use super::redacted_token::redacted_token;
use crate::doctor::kind;
use crate::join::limits;

pub(super) const HIDDEN: &str = "\u{2026}";
/// Where hosts that are not Zoom's are put (RFC 2606 keeps `.invalid` free).
pub(super) const ELSEWHERE: &str = "https://elsewhere.invalid";

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
        response: public_answer::response(&entry.response, address, &private, delivered.as_deref()),
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

pub(super) fn pair(name: &str, value: &str) -> Pair {
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
