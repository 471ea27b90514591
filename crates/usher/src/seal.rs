//! Encryption at rest: the master key, and what it seals.
//!
//! A sealed value is `version (1 byte) | fingerprint of the key (8) | nonce (24) | XChaCha20-Poly1305 ciphertext and tag`. The nonce is
//! random, which 192 bits allow for any number of values. The fingerprint makes "sealed with another key" a different
//! error from "damaged". The associated data binds a value to its place: a passcode copied to another meeting's row doesn't open.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const VERSION: u8 = 1;
const FINGERPRINT_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + FINGERPRINT_BYTES + NONCE_BYTES;

/// The key that seals passcodes and the snapshot. Instances that share a store share it.
pub struct MasterKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// Which key it is, without saying the key: the head of a hash of 256 random bits.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// Why there is no master key. Never holds the key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    #[error(
        "The master key is not 32 bytes in hexadecimal or base64. Make one with `usher init`, or with `openssl rand -hex 32`."
    )]
    Malformed,
    #[error("{} does not hold a master key (32 bytes in hexadecimal or base64); restore it from a backup", .0.display())]
    MalformedFile(PathBuf),
    #[error("{} exists already and is not overwritten: without the key in it, sealed passcodes are lost", .0.display())]
    Exists(PathBuf),
    #[error("{} holds the master key and can be read by others (mode {mode:03o}); run `chmod 600` on it", .file.display())]
    Exposed { file: PathBuf, mode: u32 },
    #[error("there is no master key: {} is missing; restore it, or set USHER_MASTER_KEY", .0.display())]
    Missing(PathBuf),
    #[error("can't use {}: {error}; check that the user who runs Usher may", .file.display())]
    Io { file: PathBuf, error: io::Error },
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    #[error("it was sealed with another master key")]
    OtherKey,
    #[error("it is damaged, cut short, or was moved from another place")]
    Damaged,
    #[error("it was sealed by a newer version of Usher")]
    NewerVersion,
}

impl MasterKey {
    /// A new key.
    pub fn generate() -> Result<Self, MasterKeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(MasterKeyError::NoRandomness)?;
        Ok(Self { bytes })
    }

    /// Reads 64 hexadecimal digits, or 32 bytes in either base64 alphabet, padded or not.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let decoded = if text.len() == 2 * KEY_BYTES {
            decode_hex(text)
        } else {
            decode_base64(text)
        };
        let decoded = decoded
            .map(Zeroizing::new)
            .ok_or(MasterKeyError::Malformed)?;
        let bytes = decoded
            .as_slice()
            .try_into()
            .map_err(|_| MasterKeyError::Malformed)?;
        Ok(Self {
            bytes: Zeroizing::new(bytes),
        })
    }

    /// Makes a key and writes it to a new file that only its owner may read.
    pub fn create_file(file: &Path) -> Result<Self, MasterKeyError> {
        let key = Self::generate()?;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => MasterKeyError::Exists(file.into()),
            _ => MasterKeyError::Io {
                file: file.into(),
                error,
            },
        };
        create_private_folder_of(file).map_err(failed)?;
        let mut open = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .map_err(failed)?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*key.bytes) + "\n");
        open.write_all(text.as_bytes())
            .and_then(|()| open.sync_all())
            .map_err(failed)?;
        Ok(key)
    }

    /// Reads the file that [`Self::create_file`] wrote; refuses one that others can read.
    pub fn read_file(file: &Path) -> Result<Self, MasterKeyError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => MasterKeyError::Missing(file.into()),
            io::ErrorKind::InvalidData => MasterKeyError::MalformedFile(file.into()),
            _ => MasterKeyError::Io {
                file: file.into(),
                error,
            },
        };
        let mode = std::fs::metadata(file).map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed {
                file: file.into(),
                mode,
            });
        }
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(failed)?);
        Self::parse(&text).map_err(|_| MasterKeyError::MalformedFile(file.into()))
    }

    /// Tells keys apart without telling them.
    pub fn fingerprint(&self) -> Fingerprint {
        let hash = Sha256::new()
            .chain_update(b"usher master key fingerprint")
            .chain_update(*self.bytes)
            .finalize();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&hash[..FINGERPRINT_BYTES]);
        fingerprint
    }

    /// A key for another purpose, which tells nothing of this one.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut mac = keyed(&self.bytes);
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Encrypts; `place` says where the value belongs and must be given again to open it.
    pub fn seal(&self, plaintext: &[u8], place: &str) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload {
            msg: plaintext,
            aad: place.as_bytes(),
        };
        // The cipher's one error is a plaintext above 256 GiB.
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| getrandom::Error::UNEXPECTED)?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.fingerprint());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Decrypts what [`Self::seal`] made for the same `place`.
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, ciphertext) = sealed
            .split_at_checked(HEADER_BYTES)
            .ok_or(SealError::Damaged)?;
        let (version, header) = header.split_at(1);
        let (fingerprint, nonce) = header.split_at(FINGERPRINT_BYTES);
        if version != [VERSION] {
            return Err(if version > [VERSION].as_slice() {
                SealError::NewerVersion
            } else {
                SealError::Damaged
            });
        }
        if fingerprint != self.fingerprint() {
            return Err(SealError::OtherKey);
        }
        let nonce = XNonce::try_from(nonce).map_err(|_| SealError::Damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: place.as_bytes(),
        };
        self.cipher()
            .decrypt(&nonce, payload)
            .map(Zeroizing::new)
            .map_err(|_| SealError::Damaged)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// HMAC-SHA256 by a key of 256 bits.
pub(crate) fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // Half a block of the hash: HMAC fills it up with zeros (RFC 2104, section 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_BYTES].copy_from_slice(key);
    Hmac::new((&*block).into())
}

/// Creates the folder of `file`, readable by its owner only; one that exists stays as it is.
pub(crate) fn create_private_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    Some(
        digits?
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal(b"geheim", "passcode of meeting 1").unwrap();
        assert_eq!(
            *key.open(&sealed, "passcode of meeting 1").unwrap(),
            b"geheim"
        );
        assert_eq!(
            key.open(&sealed, "passcode of meeting 2"),
            Err(SealError::Damaged)
        );
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let key = MasterKey::generate().unwrap();
        assert_ne!(key.seal(b"x", "p").unwrap(), key.seal(b"x", "p").unwrap());
    }

    #[test]
    fn another_key_and_damage_are_told_apart() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal(b"geheim", "p").unwrap();
        assert_eq!(
            MasterKey::generate().unwrap().open(&sealed, "p"),
            Err(SealError::OtherKey)
        );
        for length in [0, 1, HEADER_BYTES, sealed.len() - 1] {
            assert_eq!(
                key.open(&sealed[..length], "p"),
                Err(SealError::Damaged),
                "{length}"
            );
        }
        for at in HEADER_BYTES - NONCE_BYTES..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(key.open(&flipped, "p"), Err(SealError::Damaged), "{at}");
        }
        let newer = [&[VERSION + 1], &sealed[1..]].concat();
        assert_eq!(key.open(&newer, "p"), Err(SealError::NewerVersion));
    }

    #[test]
    fn a_key_is_read_in_every_usual_spelling() {
        let bytes = [0xfb; KEY_BYTES];
        let hex = "fb".repeat(KEY_BYTES);
        let standard = base64::engine::general_purpose::STANDARD.encode(bytes);
        let url = URL_SAFE_NO_PAD.encode(bytes);
        assert_ne!(standard.trim_end_matches('='), url);
        for text in [
            &hex,
            &hex.to_uppercase(),
            &standard,
            &url,
            &format!(" {hex}\n"),
        ] {
            assert_eq!(*MasterKey::parse(text).unwrap().bytes, bytes, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_without_being_repeated() {
        for text in [
            "",
            "geheim",
            &"fb".repeat(31),
            &"fb".repeat(33),
            &"xy".repeat(32),
            &"é".repeat(32),
        ] {
            let error = MasterKey::parse(text).unwrap_err();
            assert!(matches!(error, MasterKeyError::Malformed));
            assert!(
                text.is_empty() || !error.to_string().contains(text),
                "{error}"
            );
        }
    }

    #[test]
    fn a_key_file_is_private_reads_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/master.key");
        let key = MasterKey::create_file(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(MasterKey::read_file(&file).unwrap().bytes, key.bytes);
        assert!(matches!(
            MasterKey::create_file(&file),
            Err(MasterKeyError::Exists(_))
        ));
        assert_eq!(MasterKey::read_file(&file).unwrap().bytes, key.bytes);
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        MasterKey::create_file(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = MasterKey::read_file(&file).unwrap_err();
        assert!(error.to_string().contains("mode 640"), "{error}");
    }

    #[test]
    fn a_missing_or_garbled_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        assert!(matches!(
            MasterKey::read_file(&file),
            Err(MasterKeyError::Missing(_))
        ));
        for garbage in [b"not a key".as_slice(), &[0xff; 40]] {
            std::fs::write(&file, garbage).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            let error = MasterKey::read_file(&file).unwrap_err();
            assert!(matches!(error, MasterKeyError::MalformedFile(_)), "{error}");
            assert!(error.to_string().contains("master.key"));
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(
            format!("{:?}", MasterKey::parse(&"fb".repeat(32)).unwrap()),
            "MasterKey(…)"
        );
    }
}
