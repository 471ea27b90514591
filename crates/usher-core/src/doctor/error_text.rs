//! Codes and sentences in the text of an error: as pasted, from a console, a log or a report.
//!
//! Web SDK sentences and codes are the failure catalogue's. The phrases and numbers here are those of SDK consoles and of native SDKs;
//! each names its source. Native numbers below 1000 mean different things on different platforms (4 is "client incompatible" on Android and
//! "wrong passcode" on desktops), so only words are read there.

use crate::failure::{self, Failure};
use crate::verdict::Cause;

/// What an error's text says.
#[derive(Clone, Copy)]
pub(super) enum Said {
    Failure(&'static Failure),
    Phrase(&'static Phrase),
}

/// Words that say what is wrong, outside the Web SDK's codes.
pub(super) struct Phrase {
    /// In lower case.
    words: &'static [&'static str],
    pub(super) cause: Option<Cause>,
    pub(super) suspects: &'static [Cause],
    pub(super) meaning: &'static str,
    pub(super) remedy: &'static str,
}

const NETWORK_NUMBER: Phrase = Phrase {
    words: &["authret_networkissue"],
    cause: Some(Cause::Network),
    suspects: &[],
    // Zoom's client shows 5000, 5003, 5004 and 1041xx where it can't reach its servers (third-party guides agree).
    meaning: "The client could not reach Zoom's servers: a firewall, a proxy or security software is in the way.",
    remedy: "Let the client reach *.zoom.us on TCP 80 and 443, TCP 8801-8802 and UDP 8801-8810, or try another network.",
};

const KEY_OR_SECRET: Phrase = Phrase {
    words: &[
        "authret_keyorsecretwrong",
        "key or secret is invalid",
        "key or secret is wrong",
        "illegalappkeyorsecret",
    ],
    cause: None,
    suspects: &[Cause::WrongAppType, Cause::WrongSecretOrKeyPair],
    meaning: "The native SDK does not know this key and secret: mistyped, or of another kind of app.",
    remedy: "Use the credentials of an app that has the Meeting SDK switched on; those that work on the REST API are another app's.",
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
    meaning: "The native SDK's check of the token failed; it does not say why.",
    remedy: "Hand the token to `usher doctor` together with the secret.",
};

const TOKEN_EXPIRED_OR_INVALID: Phrase = Phrase {
    words: &[],
    cause: None,
    suspects: &[
        Cause::ExpInPast,
        Cause::MissingClaim,
        Cause::WrongSecretOrKeyPair,
    ],
    meaning: "124 next to a native SDK's error: the token is invalid or expired.",
    remedy: "Hand the token to `usher doctor` together with the secret.",
};

const PHRASES: &[&Phrase] = &[
    &NETWORK_NUMBER,
    &KEY_OR_SECRET,
    &TOKEN_WRONG,
    &Phrase {
        // Console message of the Web SDK from 4.x on (reference 1.1).
        words: &["require appkey in signature", "add appkey"],
        cause: Some(Cause::MissingClaim),
        suspects: &[],
        meaning: "The SDK misses `appKey` in the signature.",
        remedy: "Put the Client ID into `appKey` and `sdkKey`.",
    },
    &Phrase {
        // Native wrappers since their SDK 5.14 (forum).
        words: &[
            "requires jwttoken",
            "requires jwtoken",
            "jwttoken is required",
            "jwttoken required",
        ],
        cause: Some(Cause::KeySecretInitRemoved),
        suspects: &[],
        meaning: "The native SDK no longer starts with key and secret: it takes a JWT.",
        remedy: "Sign a Meeting SDK JWT on your server and start with that. (It is the JWT *app* that Zoom dropped, not the SDK's JWT.)",
    },
    &Phrase {
        // Android, iOS and desktop samples and headers: MEETING_ERROR_CLIENT_INCOMPATIBLE, AUTHRET_CLIENT_INCOMPATIBLE.
        words: &[
            "mobilertc version is incompatible",
            "version of zoomsdk is too low",
            "sdk version is too low",
            "client_incompatible",
            "clientincompatible",
            "client version is too low",
            "app version is too low",
        ],
        cause: Some(Cause::SdkVersionTooOld),
        suspects: &[],
        meaning: "The SDK's version is below the minimum that Zoom accepts; Zoom raises it every quarter.",
        remedy: "Upgrade the SDK.",
    },
    &Phrase {
        words: &["init invalid parameter"],
        cause: Some(Cause::WrongInitParameter),
        suspects: &[],
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
        meaning: "The meeting wants registration, and the join brings no registrant token.",
        remedy: "Pass the registrant's `tk` on, from the link (`?tk=`) or from Zoom's API.",
    },
    &Phrase {
        words: &["waiting for the host to start", "waiting for host to start"],
        cause: None,
        suspects: &[Cause::MeetingStateOrSetting, Cause::MissingZak],
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
        meaning: "The app may not join meetings of other accounts.",
        remedy: "Have the app reviewed by Zoom, or join meetings of the app's own account only.",
    },
    &Phrase {
        words: &["too many requests", "rate limit"],
        cause: Some(Cause::RateLimited),
        suspects: &[],
        meaning: "A rate limit was reached.",
        remedy: "Space the calls out.",
    },
];

/// The first thing that the text says.
pub(super) fn first_said(text: &str) -> Option<Said> {
    let lower = text.to_ascii_lowercase();
    let phrases = PHRASES.iter().filter_map(|phrase| {
        Some((
            phrase
                .words
                .iter()
                .filter_map(|words| lower.find(words))
                .min()?,
            Said::Phrase(phrase),
        ))
    });
    let sentence = failure::of_sentence(text).map(|(at, failure)| (at, Said::Failure(failure)));
    let number = numbers(&lower)
        .find_map(|(at, number, is_labelled)| Some((at, of_number(number, is_labelled)?)));
    phrases
        .chain(sentence)
        .chain(number)
        .min_by_key(|(at, _)| *at)
        .map(|(_, said)| said)
}

/// What a number means that stands in a text or is the code itself, outside the Web SDK's table.
pub(super) fn of_native_number(number: &str) -> Option<Said> {
    if let Some(failure) = failure::of_gateway_number(number) {
        return Some(Said::Failure(failure));
    }
    match number {
        "5000" | "5003" | "5004" => Some(Said::Phrase(&NETWORK_NUMBER)),
        "3023" => Some(Said::Phrase(&KEY_OR_SECRET)),
        "124" => Some(Said::Phrase(&TOKEN_EXPIRED_OR_INVALID)),
        _ if number.len() == 6 && number.starts_with("1041") => Some(Said::Phrase(&NETWORK_NUMBER)),
        _ => None,
    }
}

fn of_number(number: &str, is_labelled: bool) -> Option<Said> {
    let is_small = number.trim_start_matches('-').len() < 4;
    if is_small && !is_labelled {
        return None;
    }
    failure::of_code(number)
        .filter(|failure| !failure.is_generic() && failure.code.unsigned_abs() >= 200)
        .map(Said::Failure)
        .or_else(|| of_native_number(number))
}

/// The whole numbers in a text, with their place and whether the words before say that it is an error's code.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !bytes[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            // A version, a decimal or a part of a word is no code.
            let is_part = start > 0
                && (matches!(bytes[start - 1], b'.' | b'_')
                    || bytes[start - 1].is_ascii_alphabetic())
                || at < bytes.len()
                    && (bytes[at].is_ascii_alphabetic()
                        || (bytes[at] == b'.'
                            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)));
            if is_part {
                continue;
            }
            let is_negative = start > 0
                && bytes[start - 1] == b'-'
                && (start < 2 || !bytes[start - 2].is_ascii_alphanumeric());
            let from = if is_negative { start - 1 } else { start };
            return Some((from, &text[from..at], is_labelled(&text[..from])));
        }
        None
    })
}

fn is_labelled(before: &str) -> bool {
    let word = before.trim_end_matches([' ', ':', '=', '"', '\'', '(', '#']);
    ["code", "error", "err", "internal", "http"]
        .iter()
        .any(|label| word.ends_with(label))
}

/// Whether a text says that the failure comes and goes, which no fault that is in every signature explains.
pub(super) fn says_intermittent(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "random",
        "intermittent",
        "sporadic",
        "sometimes",
        "occasional",
        "from time to time",
        "now and then",
        "after some retries",
        "after a retry",
        "after retry",
        "some attempts",
        "not always",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}
