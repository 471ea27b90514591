//! `endpoint.url_validation`: Zoom asks, when the endpoint is set up and every 72 hours, whether it knows the secret
//! (<https://developers.zoom.us/changelog/platform/webhook-url-validation.md>).

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::hex;
use crate::refusal::Refusal;

/// The answer's body: 200, within three seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeAnswer {
    /// As it was asked.
    pub plain_token: String,
    /// HMAC-SHA256 of it with the secret, in hexadecimal.
    pub encrypted_token: String,
}

/// Answers a challenge with the secret that verified the request.
///
/// The answer is a signature over whatever was asked, and a notification's is one over `v0:{timestamp}:{body}`: who may have any text
/// signed can forge any notification. So a token is at most 128 ASCII letters, digits, `_` and `-`: no colon, no brace. (Tokens in
/// Zoom's documentation are 22 such characters; that it sends no others is unverified.)
pub fn challenge_answer(plain_token: &str, secret: &str) -> Result<ChallengeAnswer, Refusal> {
    const TOKEN_BYTES_MAX: usize = 128;
    let is_plain = !plain_token.is_empty()
        && plain_token.len() <= TOKEN_BYTES_MAX
        && plain_token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if !is_plain {
        return Err(Refusal::new(
            "invalid_plain_token",
            "plainToken",
            "It is not 1 to 128 letters, digits, `_` and `-`.",
            "Nothing is signed for it; Zoom's own tokens are of that form.",
        ));
    }
    let mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) if !secret.is_empty() => mac.chain_update(plain_token),
        _ => {
            return Err(Refusal::new(
                "empty_credential",
                "webhook_secret",
                "It is empty.",
                "Copy the Secret Token from the app's page in Zoom's Marketplace.",
            ));
        }
    };
    Ok(ChallengeAnswer {
        plain_token: plain_token.to_owned(),
        encrypted_token: hex(&mac.finalize().into_bytes()),
    })
}
