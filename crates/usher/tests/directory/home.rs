//! A data folder to start a directory from.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, SqlSafeStr};
use tempfile::TempDir;
use usher::directory::{Directory, Sources, StartError};
use usher::seal::MasterKey;
use usher::store::{Address, ApiKey, IfOlder, MeetingChange, Name, Passcode, Scope, Scopes, Store};
use usher_core::meeting::MeetingNumber;

pub(crate) const NUMBER: u64 = 850_123_456;

pub(crate) fn number(number: u64) -> MeetingNumber {
    MeetingNumber::from_u64(number).unwrap()
}

pub(crate) fn epoch() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

pub(crate) fn passcode(text: &str) -> MeetingChange {
    MeetingChange {
        passcode: Some(Passcode::new(text).unwrap()),
        ..MeetingChange::default()
    }
}

/// A data folder and its master key, and a key that works.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) master_key: Arc<MasterKey>,
    pub(crate) api_key: ApiKey,
}

impl Home {
    /// With nothing in it.
    pub(crate) fn bare() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            master_key: Arc::new(MasterKey::generate().unwrap()),
            api_key: ApiKey::generate().unwrap(),
        }
    }

    /// With one API key and one meeting in the store.
    pub(crate) async fn new() -> Self {
        let home = Self::bare();
        let store = home.another_process().await;
        let (name, scopes) = (
            Name::new("name", "backend").unwrap(),
            Scopes::parse("mint,manage").unwrap(),
        );
        store
            .add_key(&home.api_key, name, scopes, epoch())
            .await
            .unwrap();
        store
            .register(number(NUMBER), &passcode("geheim"), epoch())
            .await
            .unwrap();
        store.close().await;
        home
    }

    pub(crate) fn sqlite(&self) -> PathBuf {
        self.folder.path().join("usher.sqlite")
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            store: Address::Sqlite(self.sqlite()),
            if_older: IfOlder::Refuse,
            snapshot: self.folder.path().join("snapshot"),
        }
    }

    /// The store as another process has it open.
    pub(crate) async fn another_process(&self) -> Store {
        self.sources()
            .open_store(self.master_key.clone())
            .await
            .unwrap()
    }

    /// SQL that no store would run.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let mut stranger: SqliteConnection = SqliteConnectOptions::new()
            .filename(self.sqlite())
            .connect()
            .await
            .unwrap();
        sqlx::raw_sql(sql.into_sql_str())
            .execute(&mut stranger)
            .await
            .unwrap();
    }

    pub(crate) async fn start(&self) -> Result<Directory, StartError> {
        Directory::start(self.sources(), self.master_key.clone(), epoch).await
    }

    pub(crate) async fn directory(&self) -> Directory {
        self.start().await.unwrap()
    }

    /// A snapshot was written, then the service ended.
    pub(crate) async fn with_snapshot(self) -> Self {
        let directory = self.directory().await;
        directory.save_snapshot().await.unwrap();
        directory.store().unwrap().close().await;
        self
    }

    pub(crate) fn move_store(&self, from: &str, to: &str) {
        let file = |name| self.folder.path().join(name);
        fs::rename(file(from), file(to)).unwrap();
    }

    pub(crate) fn assert_mints(&self, directory: &Directory) {
        let meeting = directory.meeting(number(NUMBER)).unwrap();
        assert_eq!(meeting.passcode.expose(), "geheim");
        let caller = directory.authenticate(self.api_key.expose()).unwrap();
        assert!(caller.may(Scope::Mint) && !caller.may(Scope::Host));
    }
}

/// The codes of what is degraded. What is said of it are sentences that tell nobody where the files are.
pub(crate) fn degraded(directory: &Directory) -> Vec<&'static str> {
    let degradations = directory.degradations();
    for degradation in &degradations {
        let message = &degradation.message;
        assert!(message.ends_with('.'), "{message}");
        assert!(
            !message.contains('/') && !message.contains("sqlite"),
            "{message}"
        );
    }
    degradations
        .iter()
        .map(|degradation| degradation.code)
        .collect()
}
