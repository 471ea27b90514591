//! What an attempt began with: what was minted, for whom, by which code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::audit::Shape;
use crate::failure::Supplier;
use crate::meeting::MeetingNumber;

/// What was minted here, or handed in by whoever minted. Of the signature, its decoded claims alone are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The meeting to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_number: Option<MeetingNumber>,
    /// `attendee` or `host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `client` or `component`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// The version that the parameters were made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// The configured app's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// `own`, `external`, or the configured account's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The meeting's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The release of the code that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Staging is not production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Which Usher minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The embedding product's own dimensions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dims: BTreeMap<String, String>,
    /// The signature's decoded body, as it stood in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Box<RawValue>>,
    /// Whether the signature is by a configured secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hmac: Option<Hmac>,
    /// Keys and JSON types of the join parameters, without their values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_shape: Option<Shape>,
    /// Seconds taken off `iat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backdate_s: Option<u32>,
    /// Our clock minus Zoom's at the mint, in milliseconds, as far as it was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<[i64; 2]>,
    /// What was taken off our clock because of that, in milliseconds, before the backdate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_correction_ms: Option<i64>,
    /// Whether the passcode came from the registered meeting or from the request; none if no passcode was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passcode_from: Option<PasscodeFrom>,
}

/// Whether a signature is by one of the configured secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hmac {
    /// It is.
    Valid,
    /// Its key is a configured one, and the signature is not by its secret.
    Invalid,
    /// There is no secret for its key here, or only the claims were handed in.
    NotCheckable,
}

/// Who supplied the passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasscodeFrom {
    /// The registered meeting.
    Meeting,
    /// The join request.
    Request,
}

impl PasscodeFrom {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            PasscodeFrom::Meeting => "meeting",
            PasscodeFrom::Request => "request",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [PasscodeFrom::Meeting, PasscodeFrom::Request]
            .into_iter()
            .find(|from| from.as_str() == word)
    }

    /// Whose passcode it was. One in a request may have been typed by the person who joins.
    pub fn supplier(from: Option<Self>) -> Supplier {
        match from {
            Some(PasscodeFrom::Meeting) => Supplier::Integrator,
            Some(PasscodeFrom::Request) | None => Supplier::Unknown,
        }
    }
}
