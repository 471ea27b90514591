//! The HMAC, checked with the secret that was handed in, as it is and in the ways in which people get it wrong.

use ::hmac::{Hmac, KeyInit, Mac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Sha256, Sha384, Sha512};

use super::lenient::lenient_base64;
use super::report::Weight;
use super::{Exam, Finding};
use crate::attempt::origin;
use crate::verdict::Cause;

const SECRET_REMEDY: &str =
    "Sign with the Client Secret exactly as Zoom's Marketplace shows it, as text.";

const VALID: &str = "hmac_valid";
const VALID_REMEDY: &str = "If Zoom still refuses it, look elsewhere: clock, app, meeting.";

/// Seen by running it: `web/vectors` holds the tokens.
const HEX_DECODED: &str = "the hex-decoded secret: jsrsasign, the library of Zoom's sample, takes a secret of nothing but an even number of hexadecimal digits for bytes in hex";

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(token) = exam.token.filter(|_| !exam.handed.secrets.is_empty()) else {
        return Vec::new();
    };
    let Some((signed, part)) = token
        .trim()
        .rsplit_once('.')
        .filter(|(signed, _)| signed.contains('.'))
    else {
        return Vec::new();
    };
    let macs = readings(part);
    let is_made_with = |algorithm: Algorithm, secret: &[u8]| {
        macs.iter()
            .any(|mac| is_mac(algorithm, secret, signed.as_bytes(), mac))
    };
    judge(exam, &is_made_with)
}

/// What was found about it while the token was at hand.
pub(super) fn found_before(hmac: Option<origin::Hmac>) -> Option<Finding> {
    match hmac? {
        origin::Hmac::Valid => Some(Finding::info(
            VALID,
            "The HMAC is by a configured secret.",
            VALID_REMEDY,
        )),
        origin::Hmac::Invalid => Some(wrong_secret(
            "The HMAC is not by the secret that is configured for the signature's key.".to_owned(),
            SECRET_REMEDY,
        )),
        origin::Hmac::NotCheckable => None,
    }
}

/// Whether the HMAC was found to be of the given secret.
pub(super) fn is_verified(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.rule == VALID)
}

fn judge(exam: &Exam<'_>, is_made_with: &dyn Fn(Algorithm, &[u8]) -> bool) -> Vec<Finding> {
    let secrets = exam.handed.secrets;
    let given = || {
        (0..)
            .zip(secrets)
            .map(|(index, secret)| (which(index, secrets.len()), *secret))
    };
    for (which, secret) in given() {
        if is_made_with(Algorithm::Hs256, secret.trim().as_bytes()) {
            let valid = Finding::info(
                VALID,
                format!("The HMAC is of {which}: key, claims and signing fit together."),
                VALID_REMEDY,
            );
            return std::iter::once(valid)
                .chain(white_space(&which, secret))
                .collect();
        }
    }
    for (which, secret) in given() {
        for (variant, candidate) in variants(exam, secret) {
            if is_made_with(Algorithm::Hs256, &candidate) {
                let message = format!("The HMAC is not of {which}, but of {variant}.");
                return vec![wrong_secret(message, SECRET_REMEDY)];
            }
        }
        for (algorithm, name) in [(Algorithm::Hs384, "HS384"), (Algorithm::Hs512, "HS512")] {
            if is_made_with(algorithm, secret.trim().as_bytes()) {
                return vec![wrong_algorithm(&which, name)];
            }
        }
    }
    let whose = if secrets.len() == 1 {
        "the given secret, nor with it"
    } else {
        "any of the given secrets, nor with one of them"
    };
    vec![wrong_secret(
        format!(
            "The HMAC was not made with {whose} trimmed, base64-decoded or hex-decoded, nor with HS384 or HS512."
        ),
        "Take key and secret from one app in Zoom's Marketplace: the Meeting SDK app's Client ID and Client Secret, not those of a Server-to-Server OAuth app.",
    )]
}

/// One of the secrets, in words.
fn which(index: usize, count: usize) -> String {
    match index {
        _ if count == 1 => "the given secret".to_owned(),
        0 => "the first given secret".to_owned(),
        1 => "the second given secret (the successor)".to_owned(),
        _ => format!("given secret number {}", index + 1),
    }
}

fn white_space(which: &str, secret: &str) -> Option<Finding> {
    (secret != secret.trim()).then(|| {
        Finding::warning(
            "secret_with_white_space",
            Some(Cause::WrongSecretOrKeyPair),
            format!("There is white space (a line break, perhaps) around {which}, and the HMAC is of it without: where it is configured like this, it signs wrongly."),
            "Take the white space off wherever the secret is configured.",
        )
    })
}

fn wrong_algorithm(which: &str, name: &str) -> Finding {
    Finding::error(
        "hmac_algorithm",
        Cause::WrongAlgOrHeader,
        Weight::Form,
        format!("The HMAC is of {which}, but made with {name}; Zoom takes HS256 only."),
        "Sign with HS256.",
    )
}

fn wrong_secret(message: String, remedy: &str) -> Finding {
    Finding::error(
        "hmac_invalid",
        Cause::WrongSecretOrKeyPair,
        Weight::Checked,
        message,
        remedy,
    )
}

/// The bytes that the third part can stand for; a fault in its form has its own finding.
fn readings(part: &str) -> Vec<Vec<u8>> {
    let decoded = lenient_base64(part);
    let shorter = part.strip_suffix(['0', '1', '2']).and_then(lenient_base64);
    let hex = hex(part.as_bytes()).or_else(|| decoded.as_deref().and_then(hex));
    [decoded, shorter, hex].into_iter().flatten().collect()
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || text.len() % 2 != 0 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// Ways in which a secret is got wrong, in words.
fn variants(exam: &Exam<'_>, given: &str) -> Vec<(&'static str, Vec<u8>)> {
    let secret = given.trim();
    let mut variants = Vec::new();
    if given != secret {
        variants.push((
            "the secret with the white space around it",
            given.as_bytes().to_vec(),
        ));
    }
    for (ending, what) in [
        ("\n", "the secret with a line break at its end"),
        ("\r\n", "the secret with a Windows line break at its end"),
    ] {
        variants.push((what, [secret, ending].concat().into_bytes()));
    }
    variants.extend(lenient_base64(secret).map(|bytes| ("the base64-decoded secret", bytes)));
    variants.extend(hex(secret.as_bytes()).map(|bytes| (HEX_DECODED, bytes)));
    let encoded = STANDARD_NO_PAD.encode(secret);
    let padding = ["", "=", "=="][(3 - secret.len() % 3) % 3];
    variants.push((
        "the base64-encoded secret",
        [encoded.as_str(), padding].concat().into_bytes(),
    ));
    for name in ["sdkKey", "appKey"] {
        let key = exam.claims.as_ref().and_then(|claims| claims.text_of(name));
        variants.extend(key.map(|key| ("the key, not the secret", key.as_bytes().to_vec())));
    }
    variants
}

#[derive(Clone, Copy)]
enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
}

/// Compares in constant time.
fn is_mac(algorithm: Algorithm, secret: &[u8], signed: &[u8], mac: &[u8]) -> bool {
    fn check<M: Mac + KeyInit>(secret: &[u8], signed: &[u8], mac: &[u8]) -> bool {
        <M as KeyInit>::new_from_slice(secret).is_ok_and(|mut keyed| {
            keyed.update(signed);
            keyed.verify_slice(mac).is_ok()
        })
    }
    match algorithm {
        Algorithm::Hs256 => check::<Hmac<Sha256>>(secret, signed, mac),
        Algorithm::Hs384 => check::<Hmac<Sha384>>(secret, signed, mac),
        Algorithm::Hs512 => check::<Hmac<Sha512>>(secret, signed, mac),
    }
}
