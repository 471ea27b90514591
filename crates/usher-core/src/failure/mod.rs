//! The catalogue of the Web SDK's error codes: what each means, who must act, and what to say.
//!
//! Source: sections 3.1 (Zoom's public table, continued by Zoom's skills repository), 3.2 (read out of the shipped SDK) and 2.5 (seen
//! by running it) of the Zoom reference. Classes and causes are our own judgement. The numbers mean this in the *Web* SDK; native SDKs
//! have others.

mod documented;
mod explain;
mod shipped;

pub use explain::{Explained, Supplier, explain};

use serde::Serialize;

use crate::verdict::{Cause, Party};

/// Whose fault a failure is, as far as its code says.
///
/// It can depend on who supplied a value: a wrong passcode is [`FaultClass::User`] only where the person typed it ([`explain`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The integrator's signature.
    Signature,
    /// The integrator's credentials, app configuration, tokens or `join()` parameters.
    App,
    /// The meeting's state, a setting of it, or its host's account.
    Meeting,
    /// What the person who joins put in.
    User,
    /// The person's device or browser.
    Device,
    /// The way between device and Zoom.
    Network,
    /// Zoom's service.
    Zoom,
    /// The code does not say.
    Unknown,
}

impl FaultClass {
    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultClass::Signature => "signature",
            FaultClass::App => "app",
            FaultClass::Meeting => "meeting",
            FaultClass::User => "user",
            FaultClass::Device => "device",
            FaultClass::Network => "network",
            FaultClass::Zoom => "zoom",
            FaultClass::Unknown => "unknown",
        }
    }

    /// Who must act on a failure of this class.
    pub fn party(self) -> Party {
        match self {
            FaultClass::Signature | FaultClass::App => Party::Integrator,
            FaultClass::Meeting => Party::Host,
            FaultClass::User | FaultClass::Device => Party::User,
            FaultClass::Network => Party::Network,
            FaultClass::Zoom => Party::Zoom,
            FaultClass::Unknown => Party::Undetermined,
        }
    }
}

/// Which face of the Web SDK shows a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Views {
    /// Both.
    Both,
    /// `ZoomMtg` only.
    Client,
    /// `ZoomMtgEmbedded` only.
    Component,
}

/// One error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The number in `errorCode`.
    pub code: i32,
    /// Zoom's symbolic name; empty where none is known.
    pub name: &'static str,
    /// Which view shows it.
    pub views: Views,
    /// Whose fault it is, as far as the code says.
    pub class: FaultClass,
    /// The cause that the code states by itself; `None` where it takes more evidence.
    pub cause: Option<Cause>,
    /// What else it can be, the likeliest first.
    pub suspects: &'static [Cause],
    /// What it means: one sentence.
    pub meaning: &'static str,
    /// What to tell the person who joins.
    pub tell_user: &'static str,
    /// What to tell the team that embeds the SDK.
    pub tell_operator: &'static str,
}

impl Failure {
    /// Who must act.
    pub fn party(&self) -> Party {
        self.class.party()
    }

    /// Whether the code only says that something failed, so that its text has to be read (Client View 1, Component View 200).
    pub fn is_generic(&self) -> bool {
        matches!(self.code, 1 | 200)
    }
}

/// What is known of a code that the catalogue does not hold. The code itself is the caller's to keep.
pub const UNLISTED: Failure = Failure {
    code: 0,
    name: "",
    views: Views::Both,
    class: FaultClass::Unknown,
    cause: None,
    suspects: &[],
    meaning: "A code that the catalogue does not know.",
    tell_user: tell::AGAIN,
    tell_operator: "Keep the code and its text as they came, and ask Zoom what they mean.",
};

/// Every failure of the catalogue: documented ones first.
pub fn all() -> impl Iterator<Item = &'static Failure> {
    documented::FAILURES.iter().chain(shipped::FAILURES)
}

/// The failure of a code as it came from the SDK, a number written as text; `None` for what the catalogue does not know.
pub fn of_code(code: &str) -> Option<&'static Failure> {
    // U+2212 is the minus sign that documents print.
    let code: i32 = code.trim().replace('\u{2212}', "-").parse().ok()?;
    all().find(|failure| failure.code == code)
}

/// The failure that the SDK shows for a number of Zoom's web tier or media gateway (reference section 3, column "origin").
///
/// Only numbers that mean one thing wherever they are seen; 3001, 124 and the numbers below 1000 do not.
pub fn of_gateway_number(number: &str) -> Option<&'static Failure> {
    let code = match number {
        "3129" | "3139" => "3008",
        "103039" => "3009",
        "3032" => "3100",
        "3136" => "3265",
        "3033" => "3620",
        "1005" | "131005" => "3621",
        "1001" | "131001" => "3625",
        "3501" | "3502" => "3082",
        "131013" => "4004",
        "103043" => "4007",
        "103044" => "4008",
        "6601" => "4011",
        "13296" => "4012",
        "13295" => "4013",
        "13299" => "4014",
        "13300" => "4015",
        "3145" => "4016",
        "103041" => "4017",
        "13245" => "4018",
        _ => return None,
    };
    of_code(code)
}

/// 3000 and 3005 have their names crossed in Zoom's table, so the text decides (reference 0.4).
pub(crate) fn by_text(failure: &'static Failure, text: &str) -> &'static Failure {
    let text = text.to_ascii_lowercase();
    let other = match failure.code {
        3000 if text.contains("email") || text.contains("e-mail") => "3005",
        3005 if text.contains("another meeting") => "3000",
        _ => return failure,
    };
    of_code(other).unwrap_or(failure)
}

/// Whether 3610 is about the registrant token and not about the meeting: both views show it for Zoom's 124 too (reference 0.3).
pub(crate) fn is_expired_registrant_token(failure: &Failure, text: &str) -> bool {
    failure.code == 3610 && text.to_ascii_lowercase().contains("token has expired")
}

/// Words of a sentence of Zoom's, in lower case, and the code that the SDK makes of it.
///
/// The first six stand in section 2.5 (what the SDK shows) and are compared there with Zoom's own sentences; "Invalid signature." is the only
/// one quoted from the wire. The rest paraphrase section 3.2: the exact wording of those is unverified.
const SENTENCES: &[(&str, &str)] = &[
    ("signature is invalid", "3712"),
    ("invalid signature", "3712"),
    ("signature invalid", "3712"),
    ("signature has expired", "3705"),
    ("signature is expired", "3705"),
    ("signature expired", "3705"),
    ("meeting number is wrong", "3706"),
    ("meeting number is not found", "3707"),
    ("api key is wrong", "3704"),
    ("role is not applicable", "3708"),
    ("host is not found", "3709"),
    ("does not enable rest api", "3710"),
    ("not enabled rest api", "3710"),
    ("meetings of other account", "3711"),
    ("do not have permission", "3713"),
    ("meeting does not exist", "3610"),
    ("meeting passcode wrong", "3004"),
    ("passcode wrong", "3004"),
    ("wrong passcode", "3004"),
    ("passcode is wrong", "3004"),
    ("incorrect passcode", "3004"),
    ("wrong meeting password", "3004"),
    ("meeting has not started", "3008"),
    ("meeting not started", "3008"),
    ("another meeting in progress", "3000"),
    ("removed by the host", "3009"),
    ("meeting is locked", "4006"),
    ("connection error", "-3000"),
    ("only authenticated users can join", "4012"),
    ("join parameters:", "3"),
    // Component View 2.16.0's own check, an `Error` without a code (2.5); Client View shows 4003 for the same.
    ("sdkkey can not empty", "4003"),
    // 3136 becomes 3265 where the SDK knows the sentence (3.1; its words are in the bundles of both versions).
    ("not support start meeting via tokens", "3265"),
];

/// Sentences that mean a code only where they are the whole text: people write "I am not the host" of other failures.
///
/// Component View shows 200 with the wire's own words for 3003 and 3100 (2.5); what those are is unverified. "Token has expired." is what both
/// views show for 124, the registrant's token (0.3, 2.5).
const WHOLE_SENTENCES: &[(&str, &str)] = &[
    ("not the host", "3003"),
    ("login required", "3100"),
    ("require login", "3100"),
    ("token has expired", "3610"),
];

/// Where in `text` a sentence of Zoom's stands that names a code, and the failure: the first one. Case does not matter.
pub fn of_sentence(text: &str) -> Option<(usize, &'static Failure)> {
    let text = text.to_ascii_lowercase();
    let whole = text.trim().trim_end_matches('.');
    if let Some((_, code)) = WHOLE_SENTENCES.iter().find(|(words, _)| *words == whole) {
        return Some((0, of_code(code)?));
    }
    SENTENCES
        .iter()
        .filter_map(|(words, code)| Some((text.find(words)?, of_code(code)?)))
        .min_by_key(|(at, _)| *at)
}

/// What the person who joins is told. They can act on little, so these are few.
mod tell {
    pub(super) const OURS: &str =
        "Joining failed because of a fault on our side. We have been told; please try again later.";
    pub(super) const AGAIN: &str = "Joining failed. Please try again in a moment.";
    pub(super) const HOST: &str =
        "The meeting does not let you in at the moment. Please ask its host.";
    pub(super) const WAIT: &str = "The meeting has not started. Please wait for the host.";
    pub(super) const PASSCODE: &str = "The passcode is wrong. Please check the invitation.";
    pub(super) const NUMBER: &str = "This meeting does not exist. Please check the invitation.";
    pub(super) const SIGN_IN: &str = "This meeting asks you to sign in to Zoom.";
    pub(super) const NETWORK: &str =
        "Zoom can't be reached from here. Please check your connection, or try another network.";
    pub(super) const ZOOM: &str = "Zoom has a problem at the moment. Please try again shortly.";
    pub(super) const APP: &str = "This meeting can't be joined here. Please use the Zoom app.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_code_stands_in_the_catalogue_once() {
        let mut seen = HashSet::new();
        for failure in all() {
            assert!(seen.insert(failure.code), "{}", failure.code);
        }
        assert!(seen.len() > 80, "{}", seen.len());
    }

    #[test]
    fn every_failure_says_something_to_everybody() {
        for failure in all().chain([&UNLISTED]) {
            for text in [failure.meaning, failure.tell_user, failure.tell_operator] {
                assert!(text.ends_with('.'), "{}: {text}", failure.code);
            }
        }
    }

    #[test]
    fn a_stated_cause_is_not_a_suspect_too() {
        for failure in all() {
            if let Some(cause) = failure.cause {
                assert!(!failure.suspects.contains(&cause), "{}", failure.code);
            }
        }
    }

    #[test]
    fn sentences_become_the_codes_that_the_sdk_makes_of_them() {
        for (text, code) in [
            ("Invalid signature.", 3712),
            ("The signature has expired.", 3705),
            ("The meeting number is wrong.", 3706),
            ("The meeting number is not found.", 3707),
            ("Meeting Passcode wrong.", 3004),
        ] {
            assert_eq!(of_sentence(text).unwrap().1.code, code, "{text}");
        }
        assert_eq!(of_sentence("Fail to join the meeting."), None);
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        assert_eq!(of_code("3712").unwrap().name, "SIGNATURE_INVALID");
        assert_eq!(of_code("\u{2212}3000").unwrap().class, FaultClass::Network);
        assert_eq!(of_code("9999"), None);
        assert_eq!(of_code("SIGNATURE_INVALID"), None);
        assert_eq!(of_gateway_number("6601").unwrap().code, 4011);
    }

    #[test]
    fn three_thousand_and_3005_follow_the_number_and_the_text_not_the_documented_name() {
        assert_eq!(of_code("3000").unwrap().class, FaultClass::Meeting);
        assert_eq!(of_code("3005").unwrap().class, FaultClass::App);
    }
}
