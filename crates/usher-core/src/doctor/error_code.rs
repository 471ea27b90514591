//! The error: code, reason text, view, SDK version and date read together (reference 2.3, 2.5, 3 and 11).

use std::fmt::Write;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::error_text::{
    Said, first_said, of_contrast, of_native_number, says_fresh, says_intermittent,
};
use super::report::{Severity, Weight};
use super::{Exam, Finding, Handed, not_meant, pasted, times};
use crate::failure::{self, Failure, FaultClass, Views};
use crate::join::dialect::{SdkVersion, View};
use crate::verdict::{Cause, Party};

/// What the error says.
pub(super) struct Reading {
    /// The Web SDK's failure, where it is one.
    pub(super) failure: Option<&'static Failure>,
    /// The cause that it states by itself.
    pub(super) cause: Option<Cause>,
    /// What else it can be, in order.
    pub(super) suspects: &'static [Cause],
    meaning: String,
    remedy: &'static str,
    /// Who must act, where the words say more than the cause.
    party: Option<Party>,
    /// Whether a code was given beside the text.
    has_code: bool,
    /// Whether the text says that it comes and goes.
    is_intermittent: bool,
    /// Whether the text says that the signature had just been made.
    is_fresh: bool,
}

impl Reading {
    /// Whether every fault of a signature can be behind it: it is about the signature, or says nothing.
    pub(super) fn admits_signature(&self) -> bool {
        match self.failure {
            Some(failure) => {
                failure.class == FaultClass::Signature
                    || failure.is_generic()
                    || failure.class == FaultClass::Unknown
            }
            None => self.cause.is_none(),
        }
    }

    /// Whether it is about the signature.
    pub(super) fn is_about_signature(&self) -> bool {
        self.failure
            .is_some_and(|failure| failure.class == FaultClass::Signature)
    }

    /// Whether Zoom refuses the signature at times and accepts it at others.
    pub(super) fn is_refused_at_random(&self) -> bool {
        self.is_invalid_signature() && self.is_intermittent
    }

    /// Whether there is a text that says nothing known, and no code.
    pub(super) fn says_nothing(&self) -> bool {
        !self.has_code && self.failure.is_none() && self.is_generic()
    }

    /// Whether it says nothing at all.
    pub(super) fn is_generic(&self) -> bool {
        self.cause.is_none()
            && self.failure.is_none_or(Failure::is_generic)
            && self.suspects.is_empty()
    }

    /// Whether Zoom's check of the signature failed, as 3712 says.
    pub(super) fn is_invalid_signature(&self) -> bool {
        self.failure.is_some_and(|failure| failure.code == 3712)
    }

    /// Whether it says that the signature has expired.
    pub(super) fn is_expired(&self) -> bool {
        self.failure.is_some_and(|failure| failure.code == 3705)
    }

    /// Whether it is about the registrant's token, whatever its code says.
    pub(super) fn is_expired_registrant_token(&self) -> bool {
        self.failure.is_some_and(|failure| failure.code == 3610)
            && self.cause == Some(Cause::RegistrationTokenMissing)
    }

    /// Whether it says that the passcode is wrong.
    pub(super) fn is_wrong_passcode(&self) -> bool {
        self.cause == Some(Cause::WrongPassword)
    }
}

/// Whether a text says something about a failure.
pub(super) fn says_something(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    first_said(text).is_some()
        || ["error", "fail", "invalid"]
            .iter()
            .any(|word| lower.contains(word))
}

/// Reads the error that was handed in; `None` if there is none.
pub(super) fn read(handed: &Handed<'_>, pasted: Option<&str>) -> Option<Reading> {
    if handed.error_code.is_none() && handed.reason.is_none() && pasted.is_none() {
        return None;
    }
    let given = [handed.reason, pasted]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n");
    let taken = pasted::read(&given);
    let text = taken.text;
    let code = handed.error_code.map(str::trim).or(taken.code.as_deref());
    let listed = code.and_then(failure::of_code);
    let said = match listed {
        // 1 and 200 only say that something failed: the text says what (reference 0.1).
        Some(failure) if !failure.is_generic() => {
            Some(Said::Failure(failure::by_text(failure, &text)))
        }
        _ => code
            .and_then(of_native_number)
            .or_else(|| of_contrast(&text))
            .or_else(|| first_said(&text))
            .or(listed.map(Said::Failure)),
    };
    let mut reading = match said {
        Some(Said::Failure(failure)) => of_failure(failure),
        Some(Said::Phrase(phrase)) => Reading {
            failure: None,
            cause: phrase.cause,
            suspects: phrase.suspects,
            meaning: phrase.meaning.to_owned(),
            remedy: phrase.remedy,
            party: phrase.party,
            has_code: false,
            is_intermittent: false,
            is_fresh: false,
        },
        None if taken.is_unshown => unshown(),
        None => unknown(code),
    };
    if reading
        .failure
        .is_some_and(|failure| failure::is_expired_registrant_token(failure, &text))
    {
        reading.cause = Some(Cause::RegistrationTokenMissing);
        "3610 with \"Token has expired\": it is the registrant token (`tk`) that has expired, not the meeting that is unknown."
            .clone_into(&mut reading.meaning);
        reading.remedy = "Fetch the registrant's `tk` anew.";
    }
    reading.has_code = code.is_some();
    reading.is_intermittent = says_intermittent(&text);
    reading.is_fresh = says_fresh(&text);
    consider_date(handed, handed.view.or(taken.view), &mut reading);
    Some(reading)
}

fn of_failure(failure: &'static Failure) -> Reading {
    let name = if failure.name.is_empty() {
        String::new()
    } else {
        format!(" ({})", failure.name)
    };
    let limit = match failure.class {
        FaultClass::Signature => {
            " It says nothing about the meeting's settings, the passcode or the person."
        }
        FaultClass::Unknown => "",
        _ => " It is not about the signature.",
    };
    Reading {
        failure: Some(failure),
        cause: failure.cause,
        suspects: failure.suspects,
        meaning: format!("{}{name}: {}{limit}", failure.code, failure.meaning),
        remedy: failure.tell_operator,
        party: None,
        has_code: false,
        is_intermittent: false,
        is_fresh: false,
    }
}

fn unknown(code: Option<&str>) -> Reading {
    // Only a number is repeated: anything else may be a pasted token.
    let number = code
        .filter(|code| code.len() <= 12 && code.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    let which = number.map_or_else(|| "The error".to_owned(), |number| format!("Code {number}"));
    Reading {
        failure: None,
        cause: None,
        suspects: &[],
        meaning: format!(
            "{which} is not in the catalogue of the Web SDK's codes, and its text says nothing that is known."
        ),
        remedy: failure::UNLISTED.tell_operator,
        party: None,
        has_code: false,
        is_intermittent: false,
        is_fresh: false,
    }
}

/// A console that was not asked to show the object.
fn unshown() -> Reading {
    Reading {
        meaning: "\"[object Object]\" is what a console writes of an error that it was not asked to show: its code and its text are in the object.".to_owned(),
        remedy: "Log JSON.stringify(error), and hand that in.",
        ..unknown(None)
    }
}

/// From here on joins of other accounts' meetings take a ZAK or an OBF token (reference 4.3).
const OBF_RULE_SINCE: Date = date(2026, 3, 2);

fn consider_date(handed: &Handed<'_>, view: Option<View>, reading: &mut Reading) {
    let Some(failure) = reading.failure else {
        return;
    };
    let day = TimeZone::UTC.to_datetime(handed.now).date();
    if handed.now_is_given && matches!(failure.code, 4012 | 4013) && day < OBF_RULE_SINCE {
        reading.cause = None;
        reading.suspects = &[Cause::MeetingStateOrSetting, Cause::ObfRequired];
        reading.meaning.push_str(" At the given moment Zoom's rule of 2 March 2026 was not yet in force: a setting of the meeting comes first.");
    }
    if failure.is_generic() && handed.now_is_given && day >= OBF_RULE_SINCE {
        reading.suspects = &[
            Cause::ExternalAccountNotAllowedOrUnpublishedApp,
            Cause::ObfRequired,
            Cause::WrongSecretOrKeyPair,
            Cause::Network,
        ];
        reading.meaning.push_str(" At the given moment meetings of other accounts take a ZAK or an OBF token (since 2 March 2026): if this was one, and there was none, begin there.");
    }
    if failure.code == 10000 && is_after_cut_off(day) {
        reading.meaning.push_str(" Zoom raises the minimum on the first weekend of February, May, August and November: this is such a week, so expect many of these.");
    }
    let other_view = match (failure.views, view) {
        (Views::Client, Some(View::Component)) => Some("Client View"),
        (Views::Component, Some(View::Client)) => Some("Component View"),
        _ => None,
    };
    if let Some(other_view) = other_view {
        reading.meaning.push_str(" Only ");
        reading.meaning.push_str(other_view);
        reading
            .meaning
            .push_str(" is known to show it: check which view the page uses.");
    }
    let wants_obf = matches!(failure.code, 4012..=4015 | 4017);
    if let Some(version) = handed
        .sdk_version
        .filter(|version| wants_obf && *version < SdkVersion(4, 1, 0))
    {
        let _ = write!(
            reading.meaning,
            " Web SDK {version} does not know `obfToken`; 4.1.0 and later do."
        );
    }
}

/// Within a week after the first weekend of February, May, August or November.
fn is_after_cut_off(day: Date) -> bool {
    matches!(day.month(), 2 | 5 | 8 | 11) && day.day() <= 14
}

/// The finding of the error itself, and what it shows together with the others.
pub(super) fn findings(exam: &Exam<'_>, others: &[Finding]) -> Vec<Finding> {
    let Some(reading) = &exam.reading else {
        return Vec::new();
    };
    let mut finding = match reading.cause {
        Some(cause) => Finding::error(
            "error_code",
            cause,
            Weight::Documented,
            &reading.meaning,
            reading.remedy,
        )
        .by(reading.party.unwrap_or(cause.party())),
        None => Finding::warning("error_code", None, &reading.meaning, reading.remedy)
            .by(reading.failure.map_or(Party::Undetermined, Failure::party)),
    };
    if reading.is_generic() {
        finding.severity = Severity::Info;
    }
    let not_meant = not_meant::sentence(reading)
        .map(|sentence| Finding::info("error_does_not_mean", sentence, ""));
    std::iter::once(finding)
        .chain(not_meant)
        .chain(comes_and_goes(exam, reading, others))
        .chain(expired_on_arrival(reading, others))
        .collect()
}

/// A refusal that comes and goes rules out whatever is in every signature: secret, key, claims. What is left, when the claims are right
/// and `iat` is hardly back-dated, is the clock: Zoom's servers do not agree to the second, and 120 s of skew were reported (reference 1.2).
fn comes_and_goes(exam: &Exam<'_>, reading: &Reading, others: &[Finding]) -> Option<Finding> {
    /// Seconds.
    const SKEW_SEEN_S: i64 = 120;
    let is_wrong_anyway = others
        .iter()
        .any(|other| other.severity == Severity::Error && other.weight < Weight::Supposed);
    let margin_s = times::margin_s(exam).filter(|margin_s| (0..SKEW_SEEN_S).contains(margin_s))?;
    let is_shown = reading.is_refused_at_random() && !is_wrong_anyway;
    is_shown.then(|| {
        Finding::error(
            "refused_at_random",
            Cause::IatInFutureClockSkew,
            Weight::Together,
            format!("Zoom refuses at random what it accepts on a retry, which rules out secret, key and claims; and `iat` is only {margin_s} s before the given moment. A clock that is ahead by more explains it. (Zoom's tolerance is unverified; 120 s of skew were reported.)"),
            "Set `iat` further back, count `exp` from there, and synchronise the clock that signs (NTP).",
        )
    })
}

/// A signature that had just been made and is expired all the same was made by a clock that is behind; nothing was cached.
fn expired_on_arrival(reading: &Reading, others: &[Finding]) -> Option<Finding> {
    let expired = others
        .iter()
        .find(|other| other.rule == "exp_in_past" && other.weight == Weight::Moment)?;
    (reading.is_expired() && reading.is_fresh).then(|| Finding {
        place: expired.place.clone(),
        claim: expired.claim.clone(),
        ..Finding::error(
            "expired_on_arrival",
            Cause::ClockBehind,
            Weight::Together,
            "The signature had just been made, and at the given moment it has expired: the clock that signs is behind by more than the signature's lifetime.",
            "Synchronise the clock that signs (NTP), and take its time in UTC.",
        )
    })
}
