//! Whether a request is Zoom's: HMAC-SHA256 of `v0:{timestamp}:{raw body}` with the app's Secret Token.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::{CLOCK_SKEW, hex, moment};

/// The oldest request that is taken. Zoom specifies no limit; its last retry comes after 85 minutes, and whether that carries a
/// fresh timestamp is unverified.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(2);

/// A request that knows one of the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Which of the secrets, from 0: it also answers a challenge.
    pub secret_index: usize,
    /// The signed timestamp.
    pub sent_at: Timestamp,
}

/// Why a request is not taken for Zoom's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forged {
    /// One of the two headers is not there.
    #[error("x-zm-signature or x-zm-request-timestamp is missing.")]
    MissingSignature,
    /// The signature is not `v0=` with 64 hexadecimal digits; or it is by a secret of ours, over a timestamp that is none.
    #[error("x-zm-signature or x-zm-request-timestamp is malformed.")]
    Malformed,
    /// By none of the secrets, or over something else.
    #[error("x-zm-signature is not by a configured webhook secret.")]
    BadSignature,
    /// Older than Zoom's retries are.
    #[error("The request is more than two hours old: a replay, or our clock is ahead.")]
    TooOld,
    /// Later than clocks differ.
    #[error("The request is from more than five minutes ahead: our clock is behind.")]
    InFuture,
}

impl Forged {
    /// Stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Forged::MissingSignature => "missing_signature",
            Forged::Malformed => "malformed",
            Forged::BadSignature => "bad_signature",
            Forged::TooOld => "too_old",
            Forged::InFuture => "in_future",
        }
    }
}

/// Checks a request by its raw body and the headers `x-zm-signature` and `x-zm-request-timestamp` as they were sent.
///
/// The signature comes first, so that a stranger learns nothing of the clock; the comparison takes the same time wherever the
/// difference is. An empty secret verifies nothing: anybody could sign with it.
pub fn verify(
    body: &[u8],
    signature_header: Option<&str>,
    timestamp_header: Option<&str>,
    secrets: &[impl AsRef<str>],
    now: Timestamp,
) -> Result<Verified, Forged> {
    let (Some(signature), Some(timestamp)) = (signature_header, timestamp_header) else {
        return Err(Forged::MissingSignature);
    };
    let tag = tag_of(signature).ok_or(Forged::Malformed)?;
    let secret_index = secrets
        .iter()
        .position(|secret| has_signed(secret.as_ref(), timestamp, body, &tag))
        .ok_or(Forged::BadSignature)?;
    let sent_at = sent_at(timestamp).ok_or(Forged::Malformed)?;
    let age = now.duration_since(sent_at);
    if age > AGE_MAX {
        Err(Forged::TooOld)
    } else if age < -CLOCK_SKEW {
        Err(Forged::InFuture)
    } else {
        Ok(Verified {
            secret_index,
            sent_at,
        })
    }
}

/// What stands in `x-zm-signature` of a request that knows the secret: for whoever asks an endpoint as Zoom does. None for an empty
/// secret, which signs nothing.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let mac = keyed(secret, timestamp, body)?;
    Some(format!("v0={}", hex(&mac.finalize().into_bytes())))
}

fn has_signed(secret: &str, timestamp: &str, body: &[u8], tag: &[u8; 32]) -> bool {
    keyed(secret, timestamp, body).is_some_and(|mac| mac.verify_slice(tag).is_ok())
}

fn keyed(secret: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    Some(mac)
}

/// The 32 bytes of `v0=` and 64 lower-case hexadecimal digits, as node's `digest('hex')` in Zoom's sample writes them.
fn tag_of(signature: &str) -> Option<[u8; 32]> {
    let digits = signature.strip_prefix("v0=")?.as_bytes();
    let mut tag = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(tag)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn sent_at(timestamp: &str) -> Option<Timestamp> {
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    moment(is_number.then(|| timestamp.parse().ok())??)
}
