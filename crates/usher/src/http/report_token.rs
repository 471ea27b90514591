//! Report tokens: whoever holds one may report on one attempt, and nothing else.
//!
//! A token is a MAC over the attempt's id by a key derived from the master key, so that no store is asked, and instances that share
//! the master key take each other's. It ends with the age of the attempt, which is in the id.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use usher_core::attempt::AttemptId;
use zeroize::Zeroizing;

use crate::seal::{MasterKey, keyed};

/// How long a page may report on an attempt: a signature lives at most two days, a meeting goes on, an offline page comes back.
pub(super) const VALID_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// 128 bits of the MAC: nobody guesses them, and they keep the answer short.
const TOKEN_BYTES: usize = 16;

pub(super) struct ReportTokens {
    key: Zeroizing<[u8; 32]>,
}

/// Why a token does not let its holder report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenError {
    /// It is of another attempt, or of nobody.
    Wrong,
    Expired,
}

impl ReportTokens {
    pub(super) fn new(master_key: &MasterKey) -> Self {
        Self {
            key: master_key.derive("usher report token 1"),
        }
    }

    pub(super) fn token(&self, attempt: AttemptId) -> String {
        let mac = self.mac(attempt).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(&mac[..TOKEN_BYTES])
    }

    /// Checks a token in constant time.
    pub(super) fn check(
        &self,
        attempt: AttemptId,
        token: &str,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let given = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        if given.len() != TOKEN_BYTES || self.mac(attempt).verify_truncated_left(&given).is_err() {
            return Err(TokenError::Wrong);
        }
        if now.duration_since(attempt.at()) > VALID_FOR {
            return Err(TokenError::Expired);
        }
        Ok(())
    }

    fn mac(&self, attempt: AttemptId) -> Hmac<Sha256> {
        let mut mac = keyed(&self.key);
        mac.update(&attempt.to_bytes());
        mac
    }
}

impl fmt::Debug for ReportTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReportTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_attempt_for_a_week() {
        let tokens = ReportTokens::new(&MasterKey::generate().unwrap());
        let minted = Timestamp::from_second(1_700_000_000).unwrap();
        let attempt = AttemptId::new(minted, 1);
        let token = tokens.token(attempt);
        assert_eq!(token.len(), 22);
        assert_eq!(tokens.check(attempt, &token, minted), Ok(()));
        let other = AttemptId::new(minted, 2);
        for (attempt, token) in [
            (other, token.as_str()),
            (attempt, ""),
            (attempt, &token[..21]),
            (attempt, "AAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            assert_eq!(tokens.check(attempt, token, minted), Err(TokenError::Wrong));
        }
        let late = minted + VALID_FOR + SignedDuration::from_secs(1);
        assert_eq!(
            tokens.check(attempt, &token, late),
            Err(TokenError::Expired)
        );
        let others = ReportTokens::new(&MasterKey::generate().unwrap());
        assert_eq!(
            others.check(attempt, &token, minted),
            Err(TokenError::Wrong)
        );
    }
}
