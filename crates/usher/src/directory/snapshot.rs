//! The directory on disk, for a start without the store: one sealed JSON document.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use usher_core::meeting::MeetingNumber;
use zeroize::Zeroizing;

use super::Contents;
use crate::seal::{self, MasterKey, SealError};
use crate::store::{KeyHash, KeyId, KeyRecord, Meeting, Passcode, Scopes, Text};

const PLACE: &str = "usher snapshot 1";

/// Why a snapshot can't be used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("there is no snapshot at {}", .0.display())]
    Missing(PathBuf),
    #[error("the snapshot {} can't be opened: {seal}", .file.display())]
    Sealed { file: PathBuf, seal: SealError },
    #[error("the snapshot {} holds something unexpected: {detail}", .file.display())]
    Garbled { file: PathBuf, detail: String },
    #[error("can't read the snapshot {}: {error}", .file.display())]
    Io { file: PathBuf, error: io::Error },
}

#[derive(Serialize, Deserialize)]
struct Document {
    keys: Vec<KeyEntry>,
    meetings: Vec<MeetingEntry>,
}

#[derive(Serialize, Deserialize)]
struct KeyEntry {
    id: String,
    name: String,
    scopes: String,
    sha256: String,
    created_at: Timestamp,
}

/// A type of its own: that of the store must not be able to serialise its passcode by accident.
#[derive(Serialize, Deserialize)]
struct MeetingEntry {
    number: u64,
    uuid: Option<String>,
    topic: Option<String>,
    host: Option<String>,
    account: Option<String>,
    app: Option<String>,
    passcode: String,
    settings: Option<Value>,
    needs_registration: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Replaces the snapshot: whoever reads the file, also after a power cut, finds the old one or the new one, whole.
pub(super) fn write(file: &Path, master_key: &MasterKey, contents: &Contents) -> io::Result<()> {
    let document = Document {
        keys: contents.keys.values().map(KeyEntry::from).collect(),
        meetings: contents
            .meetings
            .values()
            .map(|meeting| MeetingEntry::from(&**meeting))
            .collect(),
    };
    let plain = Zeroizing::new(serde_json::to_vec(&document)?);
    let sealed = master_key.seal(&plain, PLACE).map_err(io::Error::other)?;
    seal::create_private_folder_of(file)?;
    let draft = file.with_extension("new");
    let mut open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    open.write_all(&sealed)?;
    open.sync_all()?;
    fs::rename(&draft, file)?;
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Reads what [`write`] wrote.
pub(super) fn read(file: &Path, master_key: &MasterKey) -> Result<Contents, SnapshotError> {
    let sealed = fs::read(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SnapshotError::Missing(file.into()),
        _ => SnapshotError::Io {
            file: file.into(),
            error,
        },
    })?;
    let plain = master_key
        .open(&sealed, PLACE)
        .map_err(|seal| SnapshotError::Sealed {
            file: file.into(),
            seal,
        })?;
    let garbled = |detail: String| SnapshotError::Garbled {
        file: file.into(),
        detail,
    };
    let document: Document =
        serde_json::from_slice(&plain).map_err(|error| garbled(error.to_string()))?;
    let mut contents = Contents::default();
    for entry in document.keys {
        let key = entry
            .thaw()
            .ok_or_else(|| garbled("an API key".to_owned()))?;
        contents.keys.insert(key.id, key);
    }
    for entry in document.meetings {
        let meeting = entry
            .thaw()
            .ok_or_else(|| garbled("a meeting's number".to_owned()))?;
        contents.meetings.insert(meeting.number, Arc::new(meeting));
    }
    Ok(contents)
}

impl From<&KeyRecord> for KeyEntry {
    fn from(key: &KeyRecord) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.to_string(),
            scopes: key.scopes.to_string(),
            sha256: URL_SAFE_NO_PAD.encode(key.hash.0),
            created_at: key.created_at,
        }
    }
}

impl KeyEntry {
    fn thaw(self) -> Option<KeyRecord> {
        Some(KeyRecord {
            id: KeyId::parse(&self.id)?,
            name: Text::stored(&self.name),
            scopes: Scopes::parse(&self.scopes).ok()?,
            hash: KeyHash(URL_SAFE_NO_PAD.decode(&self.sha256).ok()?.try_into().ok()?),
            created_at: self.created_at,
            revoked_at: None,
        })
    }
}

impl From<&Meeting> for MeetingEntry {
    fn from(meeting: &Meeting) -> Self {
        fn text<const MAX: usize>(text: Option<&Text<MAX>>) -> Option<String> {
            text.map(ToString::to_string)
        }
        Self {
            number: meeting.number.as_u64(),
            uuid: text(meeting.uuid.as_ref()),
            topic: text(meeting.topic.as_ref()),
            host: text(meeting.host.as_ref()),
            account: text(meeting.account.as_ref()),
            app: text(meeting.app.as_ref()),
            passcode: meeting.passcode.expose().to_owned(),
            settings: meeting.settings.clone(),
            needs_registration: meeting.needs_registration,
            created_at: meeting.created_at,
            updated_at: meeting.updated_at,
        }
    }
}

impl MeetingEntry {
    fn thaw(self) -> Option<Meeting> {
        Some(Meeting {
            number: MeetingNumber::from_u64(self.number).ok()?,
            uuid: self.uuid.as_deref().map(Text::stored),
            topic: self.topic.as_deref().map(Text::stored),
            host: self.host.as_deref().map(Text::stored),
            account: self.account.as_deref().map(Text::stored),
            app: self.app.as_deref().map(Text::stored),
            passcode: Passcode::stored(self.passcode),
            settings: self.settings,
            needs_registration: self.needs_registration,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
