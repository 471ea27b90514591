//! One signature, judged by the doctor's rules for its own moment.

use jiff::Timestamp;
use serde_json::Map;

use super::Signed;
use crate::attempt::origin::Hmac;
use crate::doctor::{Finding, LIFETIME_MAX_S, LIFETIME_MIN_S, Severity, moment_s};
use crate::meeting::{MeetingNumber, Role};
use crate::verdict::{Cause, Party};

/// What became of a signature.
#[derive(Debug)]
pub(super) enum Judgement {
    Valid,
    /// No rule is broken, and nobody can say whether the HMAC is right.
    NoSecret,
    /// Nothing is known to be broken, and the rest is not known.
    PartlyKnown,
    Invalid(Fault),
}

/// What is wrong with a signature.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: Option<Cause>,
    pub(super) message: String,
    pub(super) party: Party,
    pub(super) findings: Vec<Finding>,
}

pub(super) fn judge(signed: &Signed<'_>) -> Judgement {
    if signed.claims.as_object().is_none_or(Map::is_empty) {
        return of_hmac_alone(signed.hmac);
    }
    let findings = if is_plainly_right(signed) {
        Vec::new()
    } else {
        doubts(signed)
    };
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    // The doctor puts what explains most first.
    if let Some(worst) = findings.iter().filter(is_error).find(|f| f.is_firm()) {
        return Judgement::Invalid(Fault {
            cause: worst.cause,
            message: worst.message.clone(),
            party: worst.party,
            findings,
        });
    }
    if findings.iter().any(|finding| is_error(&finding)) {
        return Judgement::PartlyKnown;
    }
    match signed.hmac {
        Hmac::NotCheckable => Judgement::NoSecret,
        Hmac::Valid | Hmac::Invalid => Judgement::Valid,
    }
}

fn of_hmac_alone(hmac: Hmac) -> Judgement {
    match hmac {
        Hmac::Invalid => Judgement::Invalid(Fault {
            cause: Some(Cause::WrongSecretOrKeyPair),
            message: "The HMAC is not by the secret that is configured for the signature's key."
                .to_owned(),
            party: Cause::WrongSecretOrKeyPair.party(),
            findings: Vec::new(),
        }),
        Hmac::Valid | Hmac::NotCheckable => Judgement::PartlyKnown,
    }
}

/// The doctor's errors and warnings.
fn doubts(signed: &Signed<'_>) -> Vec<Finding> {
    let mut findings = signed.examine().findings;
    findings.retain(|finding| finding.severity > Severity::Info);
    findings
}

/// Whether the claims are as Usher and Zoom's sample write them and within every limit, so that the doctor has no error to find.
///
/// Nearly all signatures are, and are spared the full examination, which costs an order of magnitude more than parsing the claims
/// (`benches/audit.rs`). It may say no to what is right, never yes to what is wrong: a property test holds it against the doctor.
fn is_plainly_right(signed: &Signed<'_>) -> bool {
    let Some(claims) = signed.claims.as_object() else {
        return false;
    };
    let (mut app_key, mut sdk_key, mut mn, mut role) = (None, None, None, None);
    let (mut iat, mut exp, mut token_exp) = (None, None, None);
    for (name, value) in claims {
        match name.as_str() {
            "appKey" => app_key = value.as_str(),
            "sdkKey" => sdk_key = value.as_str(),
            "mn" => mn = value.as_str(),
            "role" => role = value.as_u64(),
            "iat" => iat = moment_s(value),
            "exp" => exp = moment_s(value),
            "tokenExp" => token_exp = moment_s(value),
            "video_webrtc_mode" => {}
            _ => return false,
        }
    }
    is_right_key(app_key, sdk_key, signed.key)
        && is_right_number(mn, signed.meeting_number)
        && is_right_role(role, signed.role)
        && signed.hmac != Hmac::Invalid
        && token_exp == exp
        && are_right_times(iat, exp, signed.at)
}

fn is_right_key(app_key: Option<&str>, sdk_key: Option<&str>, expected: Option<&str>) -> bool {
    app_key == sdk_key
        && app_key.is_some_and(|key| {
            let is_clean = !key.is_empty() && !key.contains(char::is_whitespace);
            is_clean && expected.is_none_or(|expected| expected == key)
        })
}

fn is_right_role(role: Option<u64>, expected: Option<Role>) -> bool {
    role.is_some_and(|role| {
        role <= 1 && expected.is_none_or(|expected| u64::from(expected.claim()) == role)
    })
}

fn is_right_number(mn: Option<&str>, expected: Option<MeetingNumber>) -> bool {
    mn.is_some_and(|digits| {
        let is_plain = matches!(digits.len(), 9..=12)
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        is_plain && expected.is_none_or(|number| digits.parse() == Ok(number.as_u64()))
    })
}

fn are_right_times(iat: Option<i64>, exp: Option<i64>, at: Timestamp) -> bool {
    let now_s = at.as_second();
    iat.zip(exp).is_some_and(|(iat, exp)| {
        iat <= now_s && exp > now_s && (LIFETIME_MIN_S..=LIFETIME_MAX_S).contains(&(exp - iat))
    })
}
