//! Reading a token without trusting it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

/// A token whose parts were read and whose HMAC nobody checked.
///
/// Its own type, so that nobody takes what it says for true. Strict about form: three parts, base64url without padding, JSON objects.
/// The doctor looks at what is not even that.
#[derive(Clone)]
pub struct UnverifiedToken {
    text: String,
    signed_len: usize,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    claims_json: String,
    hmac: Vec<u8>,
}

/// Why a string can't be read as a JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A JWT has three parts.
    #[error("the token has {0} parts separated by dots, not 3")]
    Parts(usize),
    /// A part is not base64url without padding (RFC 7515, section 2).
    #[error("the {0} is not base64url without padding")]
    Base64(Part),
    /// Header and claims are JSON objects.
    #[error("the {0} is not a JSON object")]
    Json(Part),
}

/// A part of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before the first dot.
    Header,
    /// Between the dots.
    Claims,
    /// After the last dot.
    Hmac,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header (first part)",
            Part::Claims => "claims (second part)",
            Part::Hmac => "HMAC (third part)",
        })
    }
}

impl UnverifiedToken {
    /// Reads the three parts.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, hmac] = parts[..] else {
            return Err(DecodeError::Parts(parts.len()));
        };
        let header_json = base64url(header, Part::Header)?;
        let claims_json = base64url(claims, Part::Claims)?;
        Ok(Self {
            text: text.to_owned(),
            signed_len: header.len() + 1 + claims.len(),
            header: object(&header_json, Part::Header)?,
            claims: object(&claims_json, Part::Claims)?,
            claims_json: String::from_utf8(claims_json)
                .map_err(|_| DecodeError::Json(Part::Claims))?,
            hmac: base64url(hmac, Part::Hmac)?,
        })
    }

    /// The JOSE header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims, in their order.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims as they were written, byte for byte.
    pub fn claims_json(&self) -> &str {
        &self.claims_json
    }

    /// What the HMAC is over: header, dot, claims.
    pub fn signed_part(&self) -> &str {
        &self.text[..self.signed_len]
    }

    /// The bytes of the third part.
    pub fn hmac(&self) -> &[u8] {
        &self.hmac
    }
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("header", &self.header)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

fn base64url(text: &str, part: Part) -> Result<Vec<u8>, DecodeError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| DecodeError::Base64(part))
}

fn object(json: &[u8], part: Part) -> Result<Map<String, Value>, DecodeError> {
    serde_json::from_slice(json).map_err(|_| DecodeError::Json(part))
}
