//! API keys: 256 random bits, of which only the SHA-256 is kept.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use usher_core::refusal::Refusal;
use zeroize::Zeroizing;

use super::Name;

const PREFIX: &str = "usher_";
const ID_BYTES: usize = 6;
const ID_DIGITS: usize = 2 * ID_BYTES;
const SECRET_BYTES: usize = 32;
/// 32 bytes in base64 without padding.
const SECRET_CHARS: usize = 43;

/// A new key, the one time that its text is known: `usher_<12 hex digits: id>_<43 characters base64url: secret>`.
pub struct ApiKey {
    id: KeyId,
    text: SecretString,
}

/// What is kept of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRecord {
    pub id: KeyId,
    pub name: Name,
    pub scopes: Scopes,
    pub hash: KeyHash,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// The public half of a key: names it in lists and finds it in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID_BYTES]);

/// SHA-256 of a key's whole text. No slow hash: there is nothing to guess in 256 random bits.
#[derive(Clone, Copy, PartialEq)]
pub struct KeyHash(pub(crate) [u8; 32]);

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Join parameters for attendees.
    Mint,
    /// Join parameters for hosts, and for anybody with a ZAK or an OBF token.
    Host,
    /// Register, change and delete meetings.
    Manage,
    Read,
    /// Report what became of attempts.
    Report,
    /// Everything.
    Admin,
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl ApiKey {
    /// A key of random bits.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut id = [0; ID_BYTES];
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(&mut id)?;
        getrandom::fill(&mut *secret)?;
        let id = KeyId(id);
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
        Ok(Self {
            id,
            text: format!("{PREFIX}{id}_{}", *secret).into(),
        })
    }

    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What its holder sends.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// What is kept of it.
    pub fn record(&self, name: Name, scopes: Scopes, at: Timestamp) -> KeyRecord {
        KeyRecord {
            id: self.id,
            name,
            scopes,
            hash: KeyHash::of(self.expose()),
            created_at: at,
            revoked_at: None,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.id)
    }
}

impl KeyId {
    /// The id in the text of a key; `None` if the text has not the form of a key.
    pub fn of_key(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_secret = secret.len() == SECRET_CHARS
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        Self::parse(id).filter(|_| is_secret)
    }

    /// Reads the 12 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex =
            text.len() == ID_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
        let [_, _, id @ ..] = number.to_be_bytes();
        Some(Self(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl KeyHash {
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether `text` is the key, in a time that doesn't tell how much of it is right.
    pub fn is_of(&self, text: &str) -> bool {
        self.0.ct_eq(&Self::of(text).0).into()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

impl Scope {
    pub const ALL: [Self; 6] = [
        Self::Mint,
        Self::Host,
        Self::Manage,
        Self::Read,
        Self::Report,
        Self::Admin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Host => "host",
            Self::Manage => "manage",
            Self::Read => "read",
            Self::Report => "report",
            Self::Admin => "admin",
        }
    }

    fn parse(word: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or_else(|| {
                let message = format!("{word:?} is no scope.");
                Refusal::new(
                    "unknown_scope",
                    "scope",
                    message,
                    "Give one or more of mint, host, manage, read, report, admin.",
                )
            })
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Scopes {
    /// Reads `mint,host`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        text.split(',')
            .map(|word| Scope::parse(word.trim()))
            .collect()
    }

    /// Whether they let their holder do what `scope` is for; `admin` lets everything.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(","))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

/// A list of words.
impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_written_form_and_is_never_the_same() {
        let key = ApiKey::generate().unwrap();
        assert_eq!(key.expose().len(), 62);
        assert_eq!(KeyId::of_key(key.expose()), Some(key.id()));
        assert_eq!(key.expose()[6..18], key.id().to_string());
        assert_ne!(key.expose(), ApiKey::generate().unwrap().expose());
    }

    #[test]
    fn a_text_without_the_form_of_a_key_has_no_id() {
        let good = ApiKey::generate().unwrap().expose().to_owned();
        for text in [
            "",
            "usher_",
            &good[..61],
            &format!("{good}x"),
            &good.replacen("usher", "Usher", 1),
            &format!("usher_{}_{}", "ABCDEF012345", &good[19..]),
            &format!("usher_{}_{}", "+bcdef012345", &good[19..]),
            &format!("{}é", &good[..60]),
        ] {
            assert_eq!(KeyId::of_key(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_whole_text_matches_the_hash() {
        let key = ApiKey::generate().unwrap();
        let hash = KeyHash::of(key.expose());
        assert!(hash.is_of(key.expose()));
        assert!(!hash.is_of(&key.expose()[..61]));
        assert!(!hash.is_of(&key.expose().to_uppercase()));
    }

    #[test]
    fn scopes_are_words_and_admin_allows_all() {
        let scopes: Scopes = [Scope::Host, Scope::Mint, Scope::Mint]
            .into_iter()
            .collect();
        assert_eq!(scopes.to_string(), "mint,host");
        assert_eq!(Scopes::parse("mint, host"), Ok(scopes));
        assert!(
            scopes.allow(Scope::Mint) && scopes.allow(Scope::Host) && !scopes.allow(Scope::Manage)
        );
        let admin = Scopes::parse("admin").unwrap();
        assert!(Scope::ALL.into_iter().all(|scope| admin.allow(scope)));
        for text in ["", "root", "mint,", "Mint"] {
            assert_eq!(
                Scopes::parse(text).unwrap_err().code,
                "unknown_scope",
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_neither_text_nor_hash() {
        let key = ApiKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("ApiKey({})", key.id()));
        let record = key.record(
            Name::new("name", "backend").unwrap(),
            Scopes::parse("mint").unwrap(),
            Timestamp::UNIX_EPOCH,
        );
        assert!(format!("{record:?}").contains("KeyHash(…)"));
    }
}
