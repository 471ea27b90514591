//! A try to join: what the SDK sent (reference 2.5), and what became of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::address::Address;
use super::answer::{self, Outcome};
use super::entry::{Entry, Request};
use crate::join::dialect::{SDK_KEY_OBSOLETE_SINCE, SdkVersion, View};

/// Fields of a join request that are read. Everything else stays unread.
pub(super) const FIELDS: &[&str] = &[
    "signature",
    "apiKey",
    "meetingNumber",
    "passWord",
    "userName",
    "userEmail",
    "tk",
    "ztk",
    "zsk",
    "obfToken",
    "cv",
    "captcha",
    "corsHeader",
    "callback",
];

/// Requests that belong to one try: the last one's answer counts.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) sent_at: Option<Timestamp>,
    /// When the answer had come, on the browser's clock.
    pub(super) received_at: Option<Timestamp>,
    pub(super) host: String,
    pub(super) is_zooms_host: bool,
    fields: Vec<(String, String)>,
    pub(super) outcome: Outcome,
    /// The answer's `Date`, if it is Zoom's own clock.
    pub(super) date: Option<Timestamp>,
    pub(super) requests: u32,
}

/// The fields of a request, by its address and its form.
pub(super) fn fields(request: &Request, address: Address<'_>) -> Vec<(String, String)> {
    let read = |form: &str| -> Vec<(String, String)> {
        form_urlencoded::parse(form.as_bytes())
            .filter(|(name, _)| FIELDS.contains(&name.as_ref()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    let pairs = |pairs: &[super::entry::Pair]| -> Vec<(String, String)> {
        pairs
            .iter()
            .filter(|pair| FIELDS.contains(&pair.name.as_str()))
            .map(|pair| (pair.name.0.clone(), pair.value.0.clone()))
            .collect()
    };
    let mut fields = match address.query {
        Some(query) => read(query),
        None => pairs(&request.query_string),
    };
    if let Some(form) = &request.post_data {
        let text = form.text.as_ref().filter(|text| !text.0.is_empty());
        fields.extend(text.map_or_else(|| pairs(&form.params), |text| read(&text.0)));
    }
    fields
}

impl Attempt {
    pub(super) fn new(entry: &Entry, address: Address<'_>) -> Self {
        let fields = fields(&entry.request, address);
        let asks_for_call = fields.iter().any(|(name, _)| name == "callback");
        let (sent_at, received_at) = times(entry).unzip();
        Self {
            sent_at: sent_at.or_else(|| entry.started_date_time.as_str().parse().ok()),
            received_at,
            host: address.host.to_owned(),
            is_zooms_host: address.is_zooms(),
            outcome: answer::outcome(entry, asks_for_call),
            fields,
            date: None,
            requests: 1,
        }
    }

    /// Whether this request is the SDK's next one of the same try: it retries after an error, and asks again while it waits.
    pub(super) fn continues(&self, before: &Self) -> bool {
        const AGAIN_WITHIN: SignedDuration = SignedDuration::from_mins(1);
        let is_same = ["signature", "meetingNumber", "passWord"]
            .iter()
            .all(|name| self.field(name) == before.field(name));
        let is_soon = match (self.sent_at, before.sent_at) {
            (Some(at), Some(before)) => at.duration_since(before).abs() <= AGAIN_WITHIN,
            _ => true,
        };
        is_same && is_soon
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    fn filled(&self, name: &str) -> Option<&str> {
        self.field(name).filter(|value| !value.is_empty())
    }

    pub(super) fn signature(&self) -> Option<&str> {
        self.filled("signature")
    }

    pub(super) fn sdk_version(&self) -> Option<SdkVersion> {
        self.field("cv").and_then(SdkVersion::find)
    }

    /// Whether the recording holds what was sent. Some hold no bodies of requests.
    pub(super) fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Client View sends fields for its captcha dialog, Component View does not (reference 2.5).
    pub(super) fn view(&self) -> Option<View> {
        let is_clients = |name: &&str| self.field(name).is_some();
        let view = if ["captcha", "corsHeader"].iter().any(is_clients) {
            View::Client
        } else {
            View::Component
        };
        self.has_fields().then_some(view)
    }

    pub(super) fn asks_for_call(&self) -> bool {
        self.field("callback").is_some()
    }

    /// The key beside the signature. Client View 6.2.0 writes "undefined" where the signature has no `appKey`.
    pub(super) fn key(&self) -> Option<&str> {
        self.filled("apiKey").filter(|key| *key != "undefined")
    }

    /// What must have been handed to `join()`, as far as it was sent: to be judged like any join object. Of the secrets it holds only that
    /// they are there, but for the passcode, whose form is judged.
    pub(super) fn join_object(&self) -> Option<String> {
        let view = self.view()?;
        let mut join = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                join.insert(name.to_owned(), Value::from(value));
            }
        };
        put("signature", self.field("signature"));
        put("meetingNumber", self.field("meetingNumber"));
        // Whether the name is fit, the SDK has judged before it sent anything.
        put("userName", Some("\u{2026}"));
        let passcode = match view {
            View::Client => "passWord",
            View::Component => "password",
        };
        put(passcode, Some(self.field("passWord").unwrap_or_default()));
        let is_sent = self
            .sdk_version()
            .is_none_or(|version| version < SDK_KEY_OBSOLETE_SINCE);
        put("sdkKey", self.key().filter(|_| is_sent));
        let is_there = |name: &str| self.filled(name).map(|_| "\u{2026}");
        put("zak", is_there("ztk").or(is_there("zsk")));
        put("obfToken", is_there("obfToken"));
        put("tk", is_there("tk"));
        Some(Value::Object(join).to_string())
    }

    /// Values that must not be shown, wherever else they stand.
    pub(super) fn private_values(&self) -> impl Iterator<Item = &str> {
        [
            "passWord",
            "userName",
            "userEmail",
            "tk",
            "ztk",
            "zsk",
            "obfToken",
        ]
        .into_iter()
        .filter_map(|name| self.filled(name))
        .filter(|value| value.len() > 2)
    }
}

/// When a request was sent and when its answer had come, on the browser's clock.
///
/// HAR writes moments in whole milliseconds at best, cut: the answer may have come a millisecond later.
pub(super) fn times(entry: &Entry) -> Option<(Timestamp, Timestamp)> {
    /// Nobody waits longer for an answer; ten times what a browser does.
    const LONGEST_MS: f64 = 3_600_000.0;
    let sent_at: Timestamp = entry.started_date_time.as_str().parse().ok()?;
    let time_ms = entry.time.filter(|ms| (0.0..=LONGEST_MS).contains(ms))?;
    #[allow(clippy::cast_possible_truncation)] // at most an hour
    let length = SignedDuration::from_millis(time_ms.ceil() as i64 + 1);
    Some((sent_at, sent_at.checked_add(length).ok()?))
}
