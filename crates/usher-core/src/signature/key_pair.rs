//! An app's key and secret: signing and verifying.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Claims, HEADER_BASE64URL, UnverifiedToken};
use crate::refusal::Refusal;

/// The SDK key of an app, with its secret in the shape in which it signs.
///
/// The secret itself is not kept, only the state of the keyed HMAC. Neither prints.
#[derive(Clone)]
pub struct KeyPair {
    sdk_key: String,
    keyed: Hmac<Sha256>,
}

impl KeyPair {
    /// A pair of key and secret as Zoom's Marketplace shows them (Client ID and Client Secret; older apps: SDK Key and SDK Secret).
    ///
    /// Refused: an empty key or secret, white space or control characters in either, a secret that equals its key.
    pub fn new(sdk_key: &str, sdk_secret: &str) -> Result<Self, Refusal> {
        for (field, value) in [("sdk_key", sdk_key), ("sdk_secret", sdk_secret)] {
            if value.is_empty() {
                return Err(Refusal::new(
                    "empty_credential",
                    field,
                    "It is empty.",
                    "Copy it from the app's page in Zoom's Marketplace.",
                ));
            }
            if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(Refusal::new(
                    "malformed_credential",
                    field,
                    "It holds white space or a control character.",
                    "Copy it again, without spaces, quotes or line breaks.",
                ));
            }
        }
        if sdk_key == sdk_secret {
            return Err(Refusal::new(
                "key_equals_secret",
                "sdk_secret",
                "It is the same as the SDK key.",
                "Copy the Client Secret, not the Client ID, from the app's page in Zoom's Marketplace.",
            ));
        }
        let keyed = Hmac::new_from_slice(sdk_secret.as_bytes()).map_err(|_| {
            Refusal::new(
                "malformed_credential",
                "sdk_secret",
                "It can't be used as a key.",
                "Copy it again from the app's page in Zoom's Marketplace.",
            )
        })?;
        Ok(Self {
            sdk_key: sdk_key.to_owned(),
            keyed,
        })
    }

    /// The key: public, it travels in every token.
    pub fn sdk_key(&self) -> &str {
        &self.sdk_key
    }

    /// Signs claims with HS256.
    pub fn sign(&self, claims: &Claims<'_>) -> Signature {
        // Header 36, claims of a long key about 300, HMAC 43, two dots: one allocation each in the usual case.
        let mut json = Vec::with_capacity(256);
        let mut token = String::with_capacity(512);
        // Writing numbers and strings to memory has no way to fail.
        let _ = serde_json::to_writer(&mut json, claims);
        token.push_str(HEADER_BASE64URL);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        let mut mac = self.keyed.clone();
        mac.update(token.as_bytes());
        let hmac = mac.finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(hmac, &mut token);
        Signature(token)
    }

    /// Whether the token's HMAC-SHA256 was made with this secret; compares in constant time.
    ///
    /// It says nothing of the claims, nor of the algorithm that the token's header claims.
    pub fn has_signed(&self, token: &UnverifiedToken) -> bool {
        let mut mac = self.keyed.clone();
        mac.update(token.signed_part().as_bytes());
        mac.verify_slice(token.hmac()).is_ok()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("sdk_key", &self.sdk_key)
            .finish_non_exhaustive()
    }
}

/// A signed token: `header.claims.hmac`. Whoever holds it can join, so it prints without its HMAC.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature(String);

impl Signature {
    /// The token as the SDK takes it. Not for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The token as the SDK takes it. Not for logs.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.rsplit_once('.').map_or("", |(signed, _)| signed);
        write!(f, "Signature({shown}.…)")
    }
}
