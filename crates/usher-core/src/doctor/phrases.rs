//! Words outside the Web SDK's codes: SDK consoles, native SDKs, Zoom's OAuth. Each names its source.

use crate::verdict::{Cause, Party};

/// Words that say what is wrong, outside the Web SDK's codes.
pub(super) struct Phrase {
    /// In lower case.
    pub(super) words: &'static [&'static str],
    pub(super) cause: Option<Cause>,
    pub(super) suspects: &'static [Cause],
    /// Who must act, where it is not the cause's usual party.
    pub(super) party: Option<Party>,
    pub(super) meaning: &'static str,
    pub(super) remedy: &'static str,
}

pub(super) const NETWORK_NUMBER: Phrase = Phrase {
    words: &["authret_networkissue"],
    cause: Some(Cause::Network),
    suspects: &[],
    // Zoom's client shows 5000, 5003, 5004 and 1041xx where it can't reach its servers (third-party guides agree).
    party: None,
    meaning: "The client could not reach Zoom's servers: a firewall, a proxy or security software is in the way.",
    remedy: "Let the client reach *.zoom.us on TCP 80 and 443, TCP 8801-8802 and UDP 8801-8810, or try another network.",
};

pub(super) const KEY_OR_SECRET: Phrase = Phrase {
    words: &[
        "authret_keyorsecretwrong",
        "key or secret is invalid",
        "key or secret is wrong",
        "illegalappkeyorsecret",
    ],
    cause: None,
    suspects: &[Cause::WrongAppType, Cause::WrongSecretOrKeyPair],
    party: None,
    meaning: "The native SDK does not know this key and secret: mistyped, or of another kind of app.",
    remedy: "Use the credentials of an app that has the Meeting SDK switched on; those that work on the REST API are another app's.",
};

/// The key is known to Zoom, but not as an SDK's.
pub(super) const KEY_OF_REST: Phrase = Phrase {
    words: &[],
    cause: Some(Cause::WrongAppType),
    suspects: &[Cause::WrongSecretOrKeyPair],
    party: None,
    meaning: "The SDK does not know this key, and Zoom's REST API does: it is the key of another kind of app (Server-to-Server OAuth, say).",
    remedy: "Use the credentials of an app that has the Meeting SDK switched on.",
};

/// Only the role differs between what works and what does not.
pub(super) const ROLE_DECIDES: Phrase = Phrase {
    words: &[],
    cause: Some(Cause::RoleMismatch),
    suspects: &[Cause::MissingZak],
    party: None,
    meaning: "What works with role 0 and fails with role 1 fails by the role: the app may not host this meeting, or the host's ZAK is not there. Secret, key, clock and number are right.",
    remedy: "Sign with role 0, or, for a host of the app's own account, with role 1 and the host's ZAK.",
};

/// It is the host who is told to wait for the host.
pub(super) const HOST_WAITS: Phrase = Phrase {
    words: &[],
    cause: Some(Cause::MissingZak),
    suspects: &[Cause::RoleMismatch],
    party: None,
    meaning: "The host is told to wait for the host: Zoom does not know that it is the host, because no ZAK says so.",
    remedy: "Start with role 1 and the host's ZAK.",
};

const TOKEN_WRONG: Phrase = Phrase {
    // Native headers: "the jwt token to authenticate is wrong". Reports blame times or the secret.
    words: &[
        "authret_jwttokenwrong",
        "jwt token to authenticate is wrong",
    ],
    cause: None,
    suspects: &[
        Cause::WrongSecretOrKeyPair,
        Cause::IatInFutureClockSkew,
        Cause::ExpInPast,
        Cause::MissingClaim,
        Cause::TokenExpOutOfRange,
        Cause::WrongAppType,
    ],
    party: None,
    meaning: "The native SDK's check of the token failed; it does not say why.",
    remedy: "Hand the token to `usher doctor` together with the secret.",
};

pub(super) const TOKEN_EXPIRED_OR_INVALID: Phrase = Phrase {
    words: &[],
    cause: None,
    suspects: &[
        Cause::ExpInPast,
        Cause::MissingClaim,
        Cause::WrongSecretOrKeyPair,
    ],
    party: None,
    meaning: "124 next to a native SDK's error: the token is invalid or expired.",
    remedy: "Hand the token to `usher doctor` together with the secret.",
};

/// Zoom's OAuth codes (reference 5.1) for credentials that it does not take.
pub(super) const OAUTH_CREDENTIALS: Phrase = Phrase {
    words: &[],
    cause: Some(Cause::OauthFailing),
    suspects: &[],
    party: None,
    meaning: "Zoom's OAuth does not take the client id, the secret or the grant: there is no access token, and so no ZAK.",
    remedy: "Check account id, client id and client secret of the Server-to-Server OAuth app; they are not the Meeting SDK app's.",
};

/// Zoom's OAuth codes for an app that was switched off (reference 5.1).
pub(super) const APP_DISABLED: Phrase = Phrase {
    words: &[
        "app has been disabled",
        "app is disabled",
        "app has been deactivated",
        "app is deactivated",
    ],
    cause: Some(Cause::AppDeactivated),
    suspects: &[],
    party: None,
    meaning: "The app is switched off.",
    remedy: "Activate the app in Zoom's Marketplace, or have the account's administrator allow it.",
};

pub(super) const PHRASES: &[&Phrase] = &[
    &NETWORK_NUMBER,
    &APP_DISABLED,
    &KEY_OR_SECRET,
    &TOKEN_WRONG,
    &Phrase {
        // Console message of the Web SDK from 4.x on (reference 1.1).
        words: &["require appkey in signature", "add appkey"],
        cause: Some(Cause::MissingClaim),
        suspects: &[],
        party: None,
        meaning: "The SDK misses `appKey` in the signature.",
        remedy: "Put the Client ID into `appKey` and `sdkKey`.",
    },
    &Phrase {
        // Native wrappers since their SDK 5.14 (forum).
        words: &[
            "requires jwt",
            "jwttoken is required",
            "jwt token is required",
        ],
        cause: Some(Cause::KeySecretInitRemoved),
        suspects: &[],
        party: None,
        meaning: "The native SDK no longer starts with key and secret: it takes a JWT.",
        remedy: "Sign a Meeting SDK JWT on your server and start with that. (It is the JWT *app* that Zoom dropped, not the SDK's JWT.)",
    },
    &Phrase {
        // Android, iOS and desktop samples and headers: MEETING_ERROR_CLIENT_INCOMPATIBLE, AUTHRET_CLIENT_INCOMPATIBLE.
        words: &[
            "version is incompatible",
            "version is too low",
            "version of zoomsdk is too low",
            "client_incompatible",
            "clientincompatible",
        ],
        cause: Some(Cause::SdkVersionTooOld),
        suspects: &[],
        party: None,
        meaning: "The SDK's version is below the minimum that Zoom accepts; Zoom raises it every quarter.",
        remedy: "Upgrade the SDK.",
    },
    &Phrase {
        // What consoles and proxies write; the SDK shows 403 for 403, 404 and 502 (reference 2.4).
        words: &[
            "403 forbidden",
            "502 bad gateway",
            "503 service unavailable",
            "504 gateway timeout",
        ],
        cause: None,
        suspects: &[Cause::ZoomOutage, Cause::ZoomPartialOutage, Cause::Network],
        party: None,
        meaning: "The request was answered with an error of HTTP, by Zoom's edge or by something before it; nobody looked at the signature.",
        remedy: "Look at how many are affected: one network (a proxy), or everybody (Zoom).",
    },
    &Phrase {
        // The SDK's own reading of the JWT: Component View 2.16.0 and 6.2.0 (reference 2.5).
        words: &[
            "reading 'role'",
            "reading 'replace'",
            "is not a valid jwt",
            "invalidcharactererror",
        ],
        cause: None,
        suspects: &[
            Cause::WrappedSignature,
            Cause::LegacySignatureFormat,
            Cause::WrongBase64,
            Cause::WrongInitParameter,
        ],
        party: None,
        meaning: "The SDK fails while it decodes the signature, before it asks Zoom: what it was given is not three parts of base64url.",
        remedy: "Hand in the value that goes into `signature`, as it is.",
    },
    &Phrase {
        // Client View without a meeting number (reference 2.5).
        words: &["reading 'tostring'"],
        cause: None,
        suspects: &[Cause::WrongInitParameter],
        party: None,
        meaning: "A value is missing that the code reads; from Client View's `join()` it is `meetingNumber`.",
        remedy: "Hand the object that goes into `join()` to `usher doctor --join`.",
    },
    &Phrase {
        // Component View's own checks (reference 2.2, 2.5).
        words: &[
            "username cannot be empty",
            "username is empty",
            "apikey or sdkkey only need one",
            "init_meeting_failed",
            "meetingnumber length",
        ],
        cause: Some(Cause::WrongInitParameter),
        suspects: &[],
        party: None,
        meaning: "The SDK itself refuses a value of `init()` or `join()`; nothing was sent.",
        remedy: "Hand the object that goes into `join()` to `usher doctor --join`.",
    },
    &Phrase {
        words: &["init invalid parameter"],
        cause: Some(Cause::WrongInitParameter),
        suspects: &[],
        party: None,
        meaning: "`init()` was given a parameter that it can't use; it does not say which.",
        remedy: "Compare the object with the type definitions of this SDK version, name by name; `leaveUrl` is required in Client View.",
    },
    &Phrase {
        // Client View shows a page instead of an error (reference 2.5, wire code 3099).
        words: &[
            "registration page",
            "registration required",
            "registration is required",
        ],
        cause: Some(Cause::RegistrationTokenMissing),
        suspects: &[Cause::MeetingStateOrSetting],
        party: None,
        meaning: "The meeting wants registration, and the join brings no registrant token.",
        remedy: "Pass the registrant's `tk` on, from the link (`?tk=`) or from Zoom's API.",
    },
    &Phrase {
        words: &["waiting for the host to start", "waiting for host to start"],
        cause: None,
        suspects: &[Cause::MeetingStateOrSetting, Cause::MissingZak],
        party: None,
        meaning: "The meeting has not been started. Either the host is not there, or it is the host who joins, without a ZAK.",
        remedy: "If this person is the host: start with role 1 and the host's ZAK.",
    },
    &Phrase {
        words: &[
            "has been ended by the host",
            "meeting has been ended",
            "meeting has ended",
        ],
        cause: None,
        suspects: &[Cause::MeetingStateOrSetting, Cause::ObfOwnerNotInMeeting],
        party: None,
        meaning: "Zoom says that the meeting has ended. With an OBF token it has been seen before its owner was in (forum).",
        remedy: "Check that the meeting runs, and with an OBF token that its owner is in it.",
    },
    &Phrase {
        words: &[
            "unable_to_join_external_meeting",
            "unable to join external meeting",
        ],
        cause: Some(Cause::ExternalAccountNotAllowedOrUnpublishedApp),
        suspects: &[Cause::ObfRequired],
        party: None,
        meaning: "The app may not join meetings of other accounts.",
        remedy: "Have the app reviewed by Zoom, or join meetings of the app's own account only.",
    },
    &Phrase {
        // The authorising user of an OBF token (reference 4.2, forum).
        words: &[
            "authorized user not in meeting",
            "authorised user not in meeting",
            "authorized user is not in the meeting",
        ],
        cause: Some(Cause::ObfOwnerNotInMeeting),
        suspects: &[],
        party: None,
        meaning: "The person whose OBF token it is is not in the meeting.",
        remedy: "The authorising person has to be in first. Each failed try may e-mail the host (forum): do not retry blindly.",
    },
    &Phrase {
        words: &[
            "zak is invalid",
            "zak token is invalid",
            "invalid zak",
            "zak has expired",
            "zak expired",
            "zak token expired",
        ],
        cause: Some(Cause::ZakFailing),
        suspects: &[],
        party: None,
        meaning: "The ZAK is not usable.",
        remedy: "Fetch a fresh ZAK of the meeting's host and drop the cached one.",
    },
    &Phrase {
        // OAuth's own words (RFC 6749, section 5.2) in Zoom's answers (reference 5.1).
        words: &[
            "invalid_client",
            "invalid_grant",
            "unsupported_grant_type",
            "unsupported grant type",
        ],
        cause: Some(Cause::OauthFailing),
        suspects: &[],
        party: None,
        meaning: "Zoom's OAuth refuses the credentials or the kind of grant: there is no access token, and so no ZAK.",
        remedy: "Check account id, client id and client secret of the Server-to-Server OAuth app; they are not the Meeting SDK app's.",
    },
    &Phrase {
        words: &[
            "unsafe-eval",
            "content security policy",
            "content-security-policy",
        ],
        cause: Some(Cause::Browser),
        suspects: &[],
        party: Some(Party::Integrator),
        meaning: "The page's Content-Security-Policy keeps the SDK from running.",
        remedy: "Allow the SDK's hosts, eval, WebAssembly and blob workers in the page's policy.",
    },
    &Phrase {
        // Names of native results, with the words of their headers: "Time out", "Service is busy".
        words: &["authret_overtime", "authret_service_busy"],
        cause: None,
        suspects: &[Cause::Network, Cause::ZoomPartialOutage],
        party: None,
        meaning: "The native SDK got no answer in time, or Zoom was busy.",
        remedy: "Look at how many are affected: one network, or everybody.",
    },
    &Phrase {
        // What Zoom's clients show where only signed-in people may join.
        words: &["authorized attendees only", "only authorized attendees"],
        cause: Some(Cause::MeetingStateOrSetting),
        suspects: &[Cause::MissingZak],
        party: None,
        meaning: "Only signed-in people of certain accounts may join this meeting.",
        remedy: "Join with a ZAK of a signed-in person, or let the host lift the setting.",
    },
    &Phrase {
        words: &["authret_limit_exceeded", "too many requests", "rate limit"],
        cause: Some(Cause::RateLimited),
        suspects: &[],
        party: None,
        meaning: "A rate limit was reached.",
        remedy: "Space the calls out.",
    },
];
