//! Signatures to audit: a good one, and ways to spoil it.

use jiff::Timestamp;
use serde_json::{Value, json};
use usher_core::attempt::AttemptId;
use usher_core::attempt::origin::Hmac;
use usher_core::audit::{Audit, Signed, Summary};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::{MeetingNumber, Role};

/// 2023-10-10T13:00:00+09:00: the hour of the report that all this began with.
pub(crate) const AT_S: i64 = 1_696_910_400;
pub(crate) const KEY: &str = "kQ7GZfMxT6yY2v0aXw5JcA";

pub(crate) fn at_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(AT_S * 1000 + ms).unwrap()
}

pub(crate) fn attempt(number: u128) -> AttemptId {
    AttemptId::new(at_ms(0), number)
}

/// Claims as they are minted, with the ones of `changes` put over them; `null` takes one away.
#[allow(clippy::needless_pass_by_value)] // `json!` reads best without a reference
pub(crate) fn claims_with(changes: Value) -> Value {
    let mut claims = json!({
        "appKey": KEY, "sdkKey": KEY, "mn": "85012345678", "role": 0,
        "iat": AT_S - 30, "exp": AT_S + 7170, "tokenExp": AT_S + 7170,
    });
    let map = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            map.shift_remove(name);
        } else {
            map.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// A signature minted at [`AT_S`] for the page of the report.
pub(crate) fn signed(claims: &Value) -> Signed<'_> {
    Signed {
        attempt: attempt(1),
        at: at_ms(0),
        claims,
        hmac: Hmac::Valid,
        key: Some(KEY),
        meeting_number: Some(MeetingNumber::parse("85012345678").unwrap()),
        role: Some(Role::Attendee),
        sdk_version: Some(SdkVersion(2, 16, 0)),
        view: Some(View::Client),
        join_shape: None,
        release: None,
        app: None,
        instance: None,
        environment: None,
    }
}

pub(crate) fn audit<'a>(signatures: impl IntoIterator<Item = Signed<'a>>) -> Summary {
    let mut audit = Audit::new();
    for signed in signatures {
        audit.add(&signed);
    }
    audit.finish()
}

/// Valid, invalid, not checkable.
pub(crate) fn counts(summary: &Summary) -> [u64; 3] {
    let counts = summary.counts;
    [counts.valid, counts.invalid, counts.not_checkable]
}

pub(crate) fn json_of(summary: &Summary) -> Value {
    serde_json::to_value(summary).unwrap()
}
