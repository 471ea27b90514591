//! The vocabulary of causes: what can be wrong, and which party must act. Doctor and verdict use the same ids.

use serde::Serialize;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The team that embeds the SDK.
    Integrator,
    /// The meeting's host, or the host's account.
    Host,
    /// The person who joins.
    User,
    /// Whoever runs the network between the two.
    Network,
    /// Zoom.
    Zoom,
    /// The evidence does not show it.
    Undetermined,
}

impl Party {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Party::Integrator => "integrator",
            Party::Host => "host",
            Party::User => "user",
            Party::Network => "network",
            Party::Zoom => "zoom",
            Party::Undetermined => "undetermined",
        }
    }
}

macro_rules! causes {
    ($($variant:ident $id:literal $party:ident $text:literal,)*) => {
        /// A cause of failed joins.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause { $(#[doc = $text] $variant,)* }

        impl Cause {
            /// Every cause.
            pub const ALL: &[Cause] = &[$(Cause::$variant,)*];

            /// The id as it stands in JSON: stable.
            pub fn id(self) -> &'static str {
                match self { $(Cause::$variant => $id,)* }
            }

            /// Who usually must act. Where it depends on the evidence, the finding says who.
            pub fn party(self) -> Party {
                match self { $(Cause::$variant => Party::$party,)* }
            }

            /// What it is, for people.
            pub fn text(self) -> &'static str {
                match self { $(Cause::$variant => $text,)* }
            }
        }
    };
}

causes! {
    WrongSecretOrKeyPair "wrong_secret_or_key_pair" Integrator "The secret does not belong to the SDK key.",
    IatInFutureClockSkew "iat_in_future_clock_skew" Integrator "`iat` is ahead of Zoom's clock.",
    ClockBehind "clock_behind" Integrator "The signing clock is behind, so the signature is expired on arrival.",
    IatInMilliseconds "iat_in_milliseconds" Integrator "Times are in milliseconds instead of seconds.",
    ExpInPast "exp_in_past" Integrator "The signature has expired, for instance because it was cached.",
    ExpTooShort "exp_too_short" Integrator "The lifetime is shorter than Zoom accepts.",
    ExpTooLong "exp_too_long" Integrator "The lifetime is longer than Zoom accepts.",
    MissingClaim "missing_claim" Integrator "A claim is missing.",
    WrongClaimType "wrong_claim_type" Integrator "A claim has the wrong JSON type or value.",
    MnMismatchOrFormat "mn_mismatch_or_format" Integrator "`mn` is not the number of the meeting that is joined.",
    RoleMismatch "role_mismatch" Integrator "The role does not fit what is joined.",
    WrongBase64 "wrong_base64" Integrator "A part of the token is encoded in the wrong way.",
    WrongAlgOrHeader "wrong_alg_or_header" Integrator "The header is not HS256.",
    TokenExpOutOfRange "token_exp_out_of_range" Integrator "`tokenExp` is outside what Zoom accepts.",
    WrappedSignature "wrapped_signature" Integrator "Something other than the bare token was passed as signature.",
    LegacySignatureFormat "legacy_signature_format" Integrator "The signature has the format that Zoom dropped.",
    WrongAppType "wrong_app_type" Integrator "The token or the key belongs to another kind of Zoom app.",
    VideoSdkTopicMismatch "video_sdk_topic_mismatch" Integrator "The Video SDK token's topic is not the session that is joined.",
    KeySecretInitRemoved "key_secret_init_removed" Integrator "The native SDK no longer starts with key and secret.",
    WrongInitParameter "wrong_init_parameter" Integrator "A parameter of `init()` or `join()` is wrong.",
    AppDeactivated "app_deactivated" Integrator "The app or its key is deactivated.",
    SdkVersionTooOld "sdk_version_too_old" Integrator "The SDK version is below Zoom's minimum.",
    ExternalAccountNotAllowedOrUnpublishedApp "external_account_not_allowed_or_unpublished_app" Integrator "The app may not join meetings of other accounts.",
    ObfRequired "obf_required" Integrator "An external meeting needs a ZAK or an OBF token.",
    ObfOwnerNotInMeeting "obf_owner_not_in_meeting" Host "The person whose OBF token it is is not in the meeting.",
    MissingZak "missing_zak" Integrator "A host needs a ZAK.",
    OauthFailing "oauth_failing" Integrator "Zoom's OAuth gives no access token.",
    ZakFailing "zak_failing" Integrator "No usable ZAK.",
    RateLimited "rate_limited" Integrator "A rate limit was reached.",
    WrongPassword "wrong_password" Host "The passcode is wrong.",
    MeetingStateOrSetting "meeting_state_or_setting" Host "The meeting's state or a setting keeps people out.",
    RegistrationTokenMissing "registration_token_missing" Integrator "The registrant token (tk) is missing.",
    HostAccount "host_account" Host "The host's account keeps people out.",
    Browser "browser" User "The browser can't.",
    Device "device" User "The device can't.",
    Network "network" Network "The network blocks or loses the connection.",
    OurRelease "our_release" Integrator "A release of the embedding product.",
    OurInstance "our_instance" Integrator "One instance of ours.",
    OurEgress "our_egress" Integrator "Our own way out to the network.",
    ZoomOutage "zoom_outage" Zoom "Zoom fails for everybody.",
    ZoomPartialOutage "zoom_partial_outage" Zoom "Zoom fails in part.",
}

impl Serialize for Cause {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
