//! An app's key and secret: signing and verifying.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Claims, HEADER_BASE64URL, UnverifiedToken, Validity};
use crate::refusal::Refusal;

/// The SDK key of an app, with its secret in the shape in which it signs.
///
/// The secret itself is not kept, only the state of the keyed HMAC. Neither prints.
#[derive(Clone)]
pub struct KeyPair {
    sdk_key: String,
    keyed: Hmac<Sha256>,
    opening: Opening,
}

/// What every signature of a pair begins with: header and both keys. Encoded and hashed once, it saves a third of the work of signing.
#[derive(Clone)]
struct Opening {
    /// The first bytes of the claims' JSON, a multiple of three, so that their base64 ends at a boundary.
    json: Vec<u8>,
    /// Header, dot, and the base64 of `json`.
    token: String,
    /// The keyed HMAC after `token`.
    keyed: Hmac<Sha256>,
}

impl Opening {
    fn new(json: &[u8], keyed: &Hmac<Sha256>) -> Self {
        let json = json[..json.len() - json.len() % 3].to_vec();
        let mut token = format!("{HEADER_BASE64URL}.");
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        let mut keyed = keyed.clone();
        keyed.update(token.as_bytes());
        Self { json, token, keyed }
    }
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
            opening: Opening::new(&keys_json(sdk_key), &keyed),
            keyed,
        })
    }

    /// The key: public, it travels in every token.
    pub fn sdk_key(&self) -> &str {
        &self.sdk_key
    }

    /// Signs claims with HS256.
    pub fn sign(&self, claims: &Claims<'_>) -> Signature {
        let json = json_of(claims);
        // Claims with another key are no mistake of form; they begin differently, that is all.
        let other;
        let opening = if json.starts_with(&self.opening.json) {
            &self.opening
        } else {
            other = Opening::new(b"", &self.keyed);
            &other
        };
        // Two keys of 22 characters and an HMAC make about 330.
        let mut token = String::with_capacity(512);
        token.push_str(&opening.token);
        URL_SAFE_NO_PAD.encode_string(&json[opening.json.len()..], &mut token);
        let mut mac = opening.keyed.clone();
        mac.update(&token.as_bytes()[opening.token.len()..]);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut token);
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

fn json_of(claims: &Claims<'_>) -> Vec<u8> {
    let mut json = Vec::with_capacity(256);
    // Writing strings and numbers to memory has no way to fail.
    let _ = serde_json::to_writer(&mut json, claims);
    json
}

/// The part of the claims' JSON that is the same for every claim of the pair: up to `iat`, in the order in which claims are written.
fn keys_json(sdk_key: &str) -> Vec<u8> {
    let validity = Validity { iat_s: 0, exp_s: 0 };
    let mut json = json_of(&Claims::native(sdk_key, validity));
    let end = json
        .windows(6)
        .rposition(|bytes| bytes == b"\"iat\":")
        .unwrap_or(0);
    json.truncate(end);
    json
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
