//! What a signature says.

use jiff::Timestamp;
use serde::Serialize;

use crate::meeting::{MeetingNumber, Role};
use crate::refusal::Refusal;

/// The shortest lifetime that is minted, in seconds. Zoom documents `exp` ≥ `iat` + 1800 s; whether exactly 1800 passes is
/// unverified, so it is left out.
pub const EXPIRES_IN_S_MIN: u32 = 1_801;

/// The longest lifetime, in seconds: 48 h. Whether Zoom counts the end in is unverified.
pub const EXPIRES_IN_S_MAX: u32 = 172_800;

/// The body of a signature.
///
/// `appKey` (needed from Web SDK 5.0.0) and `sdkKey` (needed below) both hold the app's key; `exp` and `tokenExp` are equal, as in
/// Zoom's sample. A native token has neither `mn` nor `role`. Times are whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims<'a> {
    app_key: &'a str,
    sdk_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mn: Option<MeetingNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<u8>,
    iat: i64,
    exp: i64,
    token_exp: i64,
    #[serde(skip_serializing_if = "Option::is_none", rename = "video_webrtc_mode")]
    video_webrtc_mode: Option<u8>,
}

impl<'a> Claims<'a> {
    /// Claims for the Web SDK.
    ///
    /// `video_webrtc_mode`, when given, must be 0 or 1 (Zoom's sample, 2025-04-02).
    pub fn web(
        sdk_key: &'a str,
        number: MeetingNumber,
        role: Role,
        validity: Validity,
        video_webrtc_mode: Option<u8>,
    ) -> Result<Self, Refusal> {
        if video_webrtc_mode.is_some_and(|mode| mode > 1) {
            return Err(Refusal::new(
                "invalid_video_webrtc_mode",
                "video_webrtc_mode",
                "The WebRTC mode is neither 0 nor 1.",
                "Give 0 or 1, or leave it out.",
            ));
        }
        Ok(Self {
            mn: Some(number),
            role: Some(role.claim()),
            video_webrtc_mode,
            ..Self::native(sdk_key, validity)
        })
    }

    /// Claims for a native SDK: without meeting number and role.
    pub fn native(sdk_key: &'a str, validity: Validity) -> Self {
        Self {
            app_key: sdk_key,
            sdk_key,
            mn: None,
            role: None,
            iat: validity.iat_s,
            exp: validity.exp_s,
            token_exp: validity.exp_s,
            video_webrtc_mode: None,
        }
    }
}

/// From when to when a signature is valid, in whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The `iat` claim.
    pub iat_s: i64,
    /// The `exp` and `tokenExp` claims.
    pub exp_s: i64,
}

impl Validity {
    /// The validity of a signature minted at `now`.
    ///
    /// `iat` is `now` less `backdate_s`, floored: an `iat` ahead of Zoom's clock is refused with 3712, while an early one costs a
    /// little lifetime. `exp` is counted from the back-dated `iat`, because Zoom limits `exp` − `iat` (1800 s to 48 h).
    pub fn new(now: Timestamp, backdate_s: u32, expires_in_s: u32) -> Result<Self, Refusal> {
        if !(EXPIRES_IN_S_MIN..=EXPIRES_IN_S_MAX).contains(&expires_in_s) {
            return Err(Refusal::new(
                "invalid_expires_in",
                "expires_in_s",
                format!("A lifetime of {expires_in_s} s is outside what Zoom accepts."),
                "Give more than 1800 s and at most 172800 s (48 h).",
            ));
        }
        let iat_s = now.as_millisecond().div_euclid(1000) - i64::from(backdate_s);
        Ok(Self {
            iat_s,
            exp_s: iat_s + i64::from(expires_in_s),
        })
    }

    /// When the signature stops being valid.
    pub fn expires_at(self) -> Timestamp {
        Timestamp::from_second(self.exp_s).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> MeetingNumber {
        MeetingNumber::parse("85012345678").unwrap()
    }

    #[test]
    fn times_are_floored_and_exp_counts_from_the_back_dated_iat() {
        let now = Timestamp::from_millisecond(1_700_000_000_999).unwrap();
        let validity = Validity::new(now, 30, 7200).unwrap();
        assert_eq!(validity.iat_s, 1_699_999_970);
        assert_eq!(validity.exp_s, 1_700_007_170);
    }

    #[test]
    fn lifetimes_are_refused_at_zooms_edges() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (expires_in_s, is_accepted) in [
            (0, false),
            (1800, false),
            (1801, true),
            (172_800, true),
            (172_801, false),
        ] {
            let validity = Validity::new(now, 30, expires_in_s);
            assert_eq!(validity.is_ok(), is_accepted, "{expires_in_s}");
        }
    }

    #[test]
    fn web_claims_hold_both_keys_and_the_number_as_a_string() {
        let validity = Validity { iat_s: 1, exp_s: 2 };
        let claims = Claims::web("KEY", number(), Role::Host, validity, Some(1)).unwrap();
        assert_eq!(
            serde_json::to_string(&claims).unwrap(),
            r#"{"appKey":"KEY","sdkKey":"KEY","mn":"85012345678","role":1,"iat":1,"exp":2,"tokenExp":2,"video_webrtc_mode":1}"#
        );
    }

    #[test]
    fn native_claims_have_neither_number_nor_role() {
        let validity = Validity { iat_s: 1, exp_s: 2 };
        assert_eq!(
            serde_json::to_string(&Claims::native("KEY", validity)).unwrap(),
            r#"{"appKey":"KEY","sdkKey":"KEY","iat":1,"exp":2,"tokenExp":2}"#
        );
    }

    #[test]
    fn a_webrtc_mode_of_2_is_refused() {
        let validity = Validity { iat_s: 1, exp_s: 2 };
        let refusal = Claims::web("KEY", number(), Role::Host, validity, Some(2)).unwrap_err();
        assert_eq!(refusal.field, "video_webrtc_mode");
    }
}
