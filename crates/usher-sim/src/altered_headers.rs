//! What stands between a host and who asks it: caches, proxies and captive portals, as they show in an answer's headers.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::http_date;

/// What is otherwise in an answer's headers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlteredHeaders {
    pub date: Option<AlteredDate>,
    /// So old is the answer of a cache. Without a `date` of its own, its `Date` is that much earlier (RFC 9111, section 4.2.3).
    pub age_s: Option<u32>,
    pub via: Option<HeaderText>,
}

/// Another `Date` than that of the host's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AlteredDate {
    Missing,
    /// Text that is no date.
    Malformed,
    /// This machine's own, as of a portal that answers in Zoom's place.
    Real,
    /// Always the same.
    Text(HeaderText),
}

impl TryFrom<String> for AlteredDate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "missing" => Ok(Self::Missing),
            "malformed" => Ok(Self::Malformed),
            "real" => Ok(Self::Real),
            _ => HeaderText::try_from(text).map(Self::Text),
        }
    }
}

impl From<AlteredDate> for String {
    fn from(date: AlteredDate) -> Self {
        match date {
            AlteredDate::Missing => "missing".to_owned(),
            AlteredDate::Malformed => "malformed".to_owned(),
            AlteredDate::Real => "real".to_owned(),
            AlteredDate::Text(text) => text.into(),
        }
    }
}

impl AlteredHeaders {
    /// Takes over what is not altered yet.
    pub(crate) fn fill_from(&mut self, other: &Self) {
        self.date = self.date.take().or_else(|| other.date.clone());
        self.age_s = self.age_s.or(other.age_s);
        self.via = self.via.take().or_else(|| other.via.clone());
    }

    /// Dates an answer of a host whose clock says `now`, and alters the rest.
    pub(crate) fn write(&self, headers: &mut HeaderMap, now: Timestamp) {
        let date = match &self.date {
            Some(AlteredDate::Missing) => None,
            Some(AlteredDate::Malformed) => Some(HeaderValue::from_static("a quarter past nine")),
            Some(AlteredDate::Real) => date_value(Timestamp::now()),
            Some(AlteredDate::Text(text)) => Some(text.clone().into()),
            None => {
                let age = SignedDuration::from_secs(self.age_s.unwrap_or_default().into());
                date_value(now.checked_sub(age).unwrap_or(now))
            }
        };
        let age = self.age_s.map(HeaderValue::from);
        let via = self.via.clone().map(HeaderValue::from);
        let written = [(header::DATE, date), (header::AGE, age), (header::VIA, via)];
        for (name, value) in written {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }
}

fn date_value(at: Timestamp) -> Option<HeaderValue> {
    HeaderValue::from_str(&http_date(at)).ok()
}

/// Text that can stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderText(HeaderValue);

impl TryFrom<String> for HeaderText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        HeaderValue::try_from(&text)
            .ok()
            .filter(|value| value.to_str().is_ok())
            .map(Self)
            .ok_or_else(|| "a header takes one line of ASCII".to_owned())
    }
}

impl From<HeaderText> for String {
    fn from(text: HeaderText) -> Self {
        text.0.to_str().unwrap_or_default().to_owned()
    }
}

impl From<HeaderText> for HeaderValue {
    fn from(text: HeaderText) -> Self {
        text.0
    }
}
