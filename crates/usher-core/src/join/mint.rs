//! From a join request to join parameters.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::dialect::{Dialect, SdkVersion, View};
use super::limits;
use crate::attempt::AttemptId;
use crate::audit::{JsonType, Shape};
use crate::meeting::{MeetingNumber, Role};
use crate::refusal::{Refusal, Warning};
use crate::signature::{Claims, KeyPair, Validity};

/// Who wants to join what, and with which SDK.
///
/// Everything is already at hand: a host's ZAK has been fetched, a registered meeting's passcode looked up.
#[derive(Clone, Copy)]
pub struct JoinRequest<'a> {
    /// Becomes `customerKey`, and so the id that Zoom's webhooks bring back.
    pub attempt: AttemptId,
    /// The meeting or webinar.
    pub meeting_number: MeetingNumber,
    /// 1 to 128 characters.
    pub user_name: &'a str,
    /// What the person may do.
    pub role: Role,
    /// Which face of the SDK the page uses.
    pub view: View,
    /// Which version of the SDK the page loads.
    pub sdk_version: SdkVersion,
    /// At most 32 characters; empty for a meeting without one.
    pub passcode: &'a str,
    /// Needed for webinars and where registration is on; at most 100 characters.
    pub user_email: Option<&'a str>,
    /// The registrant's `tk`, needed where registration is on.
    pub registrant_token: Option<&'a str>,
    /// The Zoom Access Token of the person as whom to start or join.
    pub zak: Option<&'a str>,
    /// The on-behalf-of token of a person who is in the meeting already; never together with a ZAK.
    pub obf_token: Option<&'a str>,
    /// 0 or 1: the claim of the same name.
    pub video_webrtc_mode: Option<u8>,
    /// Lifetime in seconds, counted from the back-dated `iat`: more than 1800, at most 172 800.
    pub expires_in_s: u32,
}

impl fmt::Debug for JoinRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinRequest")
            .field("attempt", &self.attempt)
            .field("meeting_number", &self.meeting_number)
            .field("role", &self.role)
            .field("view", &self.view)
            .field("sdk_version", &self.sdk_version)
            .finish_non_exhaustive()
    }
}

/// Exactly the keys that the view and version take, in the order of Zoom's documentation. Holds secrets: it does not print.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    sdk_key: Option<String>,
    signature: String,
    meeting_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass_word: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<String>,
    customer_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tk: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zak: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    obf_token: Option<String>,
}

impl JoinParameters {
    /// The token inside. Not for logs.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Which keys there are, of which JSON types.
    pub fn shape(&self) -> Shape {
        let keys = [
            ("sdkKey", self.sdk_key.is_some()),
            ("signature", true),
            ("meetingNumber", true),
            ("passWord", self.pass_word.is_some()),
            ("password", self.password.is_some()),
            ("userName", true),
            ("userEmail", self.user_email.is_some()),
            ("customerKey", true),
            ("tk", self.tk.is_some()),
            ("zak", self.zak.is_some()),
            ("obfToken", self.obf_token.is_some()),
        ];
        let given = keys.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(key, _)| (key, JsonType::String)).collect()
    }
}

impl fmt::Debug for JoinParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinParameters")
            .field("meeting_number", &self.meeting_number)
            .field("customer_key", &self.customer_key)
            .finish_non_exhaustive()
    }
}

/// What a mint gives.
#[derive(Debug, Clone)]
pub struct Minted<'a> {
    /// For the SDK's `join()`.
    pub parameters: JoinParameters,
    /// What was signed.
    pub claims: Claims<'a>,
    /// When the signature stops being valid.
    pub expires_at: Timestamp,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

/// Mints join parameters, or refuses what can be known to be wrong.
///
/// `now` is the time to sign with; `backdate_s` (seconds) is taken off for the `iat` claim, see [`Validity::new`].
pub fn mint<'a>(
    key_pair: &'a KeyPair,
    request: &JoinRequest<'_>,
    now: Timestamp,
    backdate_s: u32,
) -> Result<Minted<'a>, Refusal> {
    let (dialect, warning) = Dialect::of(request.view, request.sdk_version)?;
    check(request)?;
    refuse_host_without_zak(request)?;
    let validity = Validity::new(now, backdate_s, request.expires_in_s)?;
    let claims = Claims::web(
        key_pair.sdk_key(),
        request.meeting_number,
        request.role,
        validity,
        request.video_webrtc_mode,
    )?;
    let passcode = |view| (request.view == view).then(|| request.passcode.to_owned());
    Ok(Minted {
        parameters: JoinParameters {
            sdk_key: dialect
                .uses("sdkKey")
                .then(|| key_pair.sdk_key().to_owned()),
            signature: key_pair.sign(&claims).into_exposed(),
            meeting_number: request.meeting_number.to_string(),
            pass_word: passcode(View::Client),
            password: passcode(View::Component),
            user_name: request.user_name.to_owned(),
            user_email: request.user_email.map(str::to_owned),
            customer_key: request.attempt.to_string(),
            tk: request.registrant_token.map(str::to_owned),
            zak: request.zak.map(str::to_owned),
            obf_token: request.obf_token.map(str::to_owned),
        },
        claims,
        expires_at: validity.expires_at(),
        warnings: warning
            .into_iter()
            .chain(registrant_without_email(request))
            .collect(),
    })
}

/// Refuses what can be known to be wrong before a host's ZAK is fetched: everything but its absence.
pub fn check(request: &JoinRequest<'_>) -> Result<(), Refusal> {
    let (dialect, _) = Dialect::of(request.view, request.sdk_version)?;
    Validity::new(Timestamp::UNIX_EPOCH, 0, request.expires_in_s)?;
    limits::user_name(request.user_name)?;
    limits::passcode(request.passcode)?;
    if let Some(email) = request.user_email {
        limits::user_email(email)?;
    }
    for (field, token) in [
        ("registrant_token", request.registrant_token),
        ("zak", request.zak),
        ("obf_token", request.obf_token),
    ] {
        if let Some(token) = token {
            limits::token(field, token)?;
        }
    }
    if request.zak.is_some() && request.obf_token.is_some() {
        return Err(Refusal::new(
            "zak_and_obf_token",
            "obf_token",
            "A ZAK and an OBF token exclude each other (SDK code 3636).",
            "Pass one of them: the ZAK acts as a person, the OBF token for a person who is in the meeting.",
        ));
    }
    if request.obf_token.is_some() && !dialect.knows("obfToken") {
        return Err(Refusal::new(
            "obf_token_not_supported",
            "obf_token",
            format!("Web SDK {} does not know obfToken.", request.sdk_version),
            "Upgrade the page to 4.1.0 or later, or pass a ZAK.",
        ));
    }
    Ok(())
}

fn refuse_host_without_zak(request: &JoinRequest<'_>) -> Result<(), Refusal> {
    if request.role == Role::Host && request.zak.is_none() {
        return Err(Refusal::new(
            "missing_zak",
            "zak",
            "A host starts a meeting with a ZAK, and there is none.",
            "Pass the host's ZAK, or register the meeting with its host and configure the account, so that Usher fetches it.",
        ));
    }
    Ok(())
}

/// The type definitions ask for the e-mail wherever registration is on; whether Zoom refuses a `tk` without it is unverified.
fn registrant_without_email(request: &JoinRequest<'_>) -> Option<Warning> {
    (request.registrant_token.is_some() && request.user_email.is_none()).then(|| Warning {
        code: "registrant_without_email",
        message: "A registrant token without user_email: the SDK's documentation asks for both."
            .to_owned(),
    })
}
