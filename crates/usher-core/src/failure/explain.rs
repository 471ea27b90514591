//! What one failure means: its code read together with its text, the view, and who supplied the passcode.

use serde::{Deserialize, Serialize};

use super::{Failure, FaultClass, UNLISTED, tell};
use crate::join::dialect::View;
use crate::verdict::{Cause, Party};

/// Who supplied a value of the join, the passcode above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supplier {
    /// The embedding product, or Usher from the registered meeting.
    Integrator,
    /// The person who joins typed it.
    User,
    /// Nobody said.
    Unknown,
}

/// A failure, explained. Serialises as the contract's `failure`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The code as it came; `None` where the error had none (Client View leaves it out for some sentences, reference 2.5).
    pub code: Option<String>,
    /// The text as it came.
    pub reason: Option<String>,
    /// Whose fault it is.
    pub class: FaultClass,
    /// Who must act.
    pub party: Party,
    /// The cause that code and text state by themselves.
    pub cause: Option<Cause>,
    /// What to tell the person who joins.
    pub tell_user: &'static str,
    /// What to tell the team that embeds the SDK.
    pub tell_operator: &'static str,
    /// Whether the catalogue holds the code itself.
    pub is_listed: bool,
    /// The catalogue's code that it was explained as, where that is not the code that came.
    pub read_as: Option<i32>,
}

/// Explains a failure as it came from the SDK.
///
/// A code that says what happened is taken at its word. One that only says that something failed, one that the catalogue does not hold,
/// and a missing one are read by their text (reference 0.1). What neither tells stays [`FaultClass::Unknown`]: no blame without evidence.
pub fn explain(
    code: Option<&str>,
    reason: Option<&str>,
    view: Option<View>,
    passcode_from: Supplier,
) -> Explained {
    let text = reason.unwrap_or_default();
    let listed = code.and_then(super::of_code);
    let failure = read(code, listed, text);
    let meaning = if super::is_expired_registrant_token(failure, text) {
        EXPIRED_REGISTRANT_TOKEN
    } else if failure.cause == Some(Cause::WrongPassword) {
        wrong_passcode(failure, view, passcode_from)
    } else {
        Meaning {
            class: failure.class,
            cause: failure.cause,
            tell_user: failure.tell_user,
            tell_operator: failure.tell_operator,
        }
    };
    let is_another = listed.is_none_or(|listed| listed.code != failure.code);
    Explained {
        code: code.map(str::to_owned),
        reason: reason.map(str::to_owned),
        class: meaning.class,
        party: meaning.class.party(),
        cause: meaning.cause,
        tell_user: meaning.tell_user,
        tell_operator: meaning.tell_operator,
        is_listed: listed.is_some(),
        read_as: (is_another && *failure != UNLISTED).then_some(failure.code),
    }
}

/// The row of the catalogue that explains the failure.
fn read(code: Option<&str>, listed: Option<&'static Failure>, text: &str) -> &'static Failure {
    match listed {
        Some(failure) if !is_read_by_text(failure) => super::by_text(failure, text),
        _ => super::of_sentence(text)
            .map(|(_, failure)| failure)
            .or(listed)
            .or_else(|| super::of_gateway_number(code?.trim()))
            .unwrap_or(&UNLISTED),
    }
}

/// Whether the code says less than its text can: 0, 1 and 200 nothing at all, −3000 only that the request failed.
fn is_read_by_text(failure: &Failure) -> bool {
    failure.class == FaultClass::Unknown || failure.code == -3000
}

struct Meaning {
    class: FaultClass,
    cause: Option<Cause>,
    tell_user: &'static str,
    tell_operator: &'static str,
}

const EXPIRED_REGISTRANT_TOKEN: Meaning = Meaning {
    class: FaultClass::App,
    cause: Some(Cause::RegistrationTokenMissing),
    tell_user: tell::OURS,
    tell_operator: "The registrant token (`tk`) has expired, not the meeting: fetch the registrant's `tk` anew.",
};

/// A wrong passcode by who supplied it (contract, table of causes: host; integrator where it supplied the passcode; user where typed).
///
/// Where the product supplied it, the class is `app` and not `meeting`, even if it was the host who changed the passcode: it is a
/// parameter of `join()`, and the stale copy is the integrator's to renew. Where nobody said who supplied it, it is the meeting's.
fn wrong_passcode(failure: &Failure, view: Option<View>, passcode_from: Supplier) -> Meaning {
    let (class, tell_user, tell_operator) = match passcode_from {
        Supplier::Integrator => (
            FaultClass::App,
            tell::OURS,
            // What either view does with the other's spelling: reference 2.1 and 2.2.
            match view {
                Some(View::Component) => {
                    "Your product supplied the passcode: read it again from the meeting, it may have been changed or made compulsory. Component View reads it from `password`; a `passWord` is ignored and ends here too."
                }
                _ => {
                    "Your product supplied the passcode: read it again from the meeting, it may have been changed or made compulsory."
                }
            },
        ),
        Supplier::User => (
            FaultClass::User,
            failure.tell_user,
            "The person typed it. Many of these on one meeting mean that its passcode was changed after the invitation.",
        ),
        Supplier::Unknown => (
            FaultClass::Meeting,
            failure.tell_user,
            failure.tell_operator,
        ),
    };
    Meaning {
        class,
        cause: failure.cause,
        tell_user,
        tell_operator,
    }
}
