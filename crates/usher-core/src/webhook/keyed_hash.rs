//! Names and registrants as keyed hashes: they are matched and never kept.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Half of an HMAC-SHA256: without the key a list of likely names finds nothing.
pub type KeyedHash = [u8; 16];

/// The hash of a name, however it is spaced and whichever case it has.
///
/// White space at the ends is dropped, any run of it inside counts as one space, and letters are lower-case. Unicode's
/// composed and decomposed forms stay different names.
pub fn name_hash(key: &[u8], name: &str) -> KeyedHash {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    keyed_hash(key, "name", &words.join(" "))
}

/// The hash of a registrant's id, as it stands.
pub fn registrant_hash(key: &[u8], registrant_id: &str) -> KeyedHash {
    keyed_hash(key, "registrant", registrant_id)
}

/// What a secret is called where it must not be shown: 8 hexadecimal digits that differ when the secret does, and say nothing else to
/// whoever lacks the key.
pub fn fingerprint(key: &[u8], secret: &str) -> String {
    let hash = keyed_hash(key, "secret", secret);
    let digits = hash[..4].iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// `what` keeps a name from matching a registrant of the same letters.
fn keyed_hash(key: &[u8], what: &str, text: &str) -> KeyedHash {
    let mut hash = [0; 16];
    // HMAC takes keys of any length; if it did not, all would hash alike and a guess would be ambiguous, so none is made.
    if let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) {
        let mac = mac.chain_update(what).chain_update(":").chain_update(text);
        hash.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    hash
}
