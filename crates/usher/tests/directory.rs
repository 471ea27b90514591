//! Keys and meetings in memory: what counts when, and what is left when the store is not there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use usher::directory::{Directory, Files, StartError, StoreState, keep_fresh};
use usher::seal::MasterKey;
use usher::store::{ApiKey, MeetingChange, Name, Passcode, Scope, Scopes, Store};
use usher_core::meeting::MeetingNumber;

const NUMBER: u64 = 850_123_456;

fn number(number: u64) -> MeetingNumber {
    MeetingNumber::from_u64(number).unwrap()
}

fn epoch() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn passcode(text: &str) -> MeetingChange {
    MeetingChange {
        passcode: Some(Passcode::new(text).unwrap()),
        ..MeetingChange::default()
    }
}

/// A data folder and its master key, and a key that works.
struct Home {
    folder: TempDir,
    master_key: Arc<MasterKey>,
    api_key: ApiKey,
}

impl Home {
    /// With one API key and one meeting in the store.
    async fn new() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            master_key: Arc::new(MasterKey::generate().unwrap()),
            api_key: ApiKey::generate().unwrap(),
        };
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

    fn files(&self) -> Files {
        let file = |name| self.folder.path().join(name);
        Files {
            sqlite: file("usher.sqlite"),
            snapshot: file("snapshot"),
        }
    }

    /// The store as another process has it open.
    async fn another_process(&self) -> Store {
        self.files()
            .open_store(self.master_key.clone())
            .await
            .unwrap()
    }

    async fn start(&self) -> Result<Directory, StartError> {
        Directory::start(self.files(), self.master_key.clone(), epoch).await
    }

    async fn directory(&self) -> Directory {
        self.start().await.unwrap()
    }

    /// A snapshot was written, then the service ended.
    async fn with_snapshot(self) -> Self {
        let directory = self.directory().await;
        directory.save_snapshot().await.unwrap();
        directory.store().unwrap().close().await;
        self
    }

    fn move_store(&self, from: &str, to: &str) {
        let file = |name| self.folder.path().join(name);
        fs::rename(file(from), file(to)).unwrap();
    }

    fn assert_mints(&self, directory: &Directory) {
        let meeting = directory.meeting(number(NUMBER)).unwrap();
        assert_eq!(meeting.passcode.expose(), "geheim");
        let caller = directory.authenticate(self.api_key.expose()).unwrap();
        assert!(caller.may(Scope::Mint) && !caller.may(Scope::Host));
    }
}

fn away_code(directory: &Directory) -> &'static str {
    match directory.store_state() {
        StoreState::Away { code, .. } => code,
        StoreState::Present => panic!("the store is present"),
    }
}

#[tokio::test]
async fn a_start_loads_keys_and_meetings() {
    let home = Home::new().await;
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(directory.store_state(), StoreState::Present);
    let caller = directory.authenticate(home.api_key.expose()).unwrap();
    assert_eq!((caller.key, &*caller.name), (home.api_key.id(), "backend"));
}

#[tokio::test]
async fn a_key_that_is_not_exactly_right_belongs_to_nobody() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let good = home.api_key.expose();
    let other_secret = format!(
        "{}{}",
        &good[..19],
        &ApiKey::generate().unwrap().expose()[19..]
    );
    let unknown = ApiKey::generate().unwrap();
    for key in [
        "",
        &good[..61],
        &good[1..],
        &format!("{good} "),
        &other_secret,
        unknown.expose(),
    ] {
        assert!(directory.authenticate(key).is_none(), "{key}");
    }
}

#[tokio::test]
async fn what_another_process_writes_counts_after_a_refresh() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let other = home.another_process().await;
    other.revoke_key(home.api_key.id(), epoch()).await.unwrap();
    other
        .change(number(NUMBER), &passcode("anders"), epoch())
        .await
        .unwrap();
    other
        .register(number(850_999_999), &passcode(""), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.authenticate(home.api_key.expose()).is_none());
    assert_eq!(
        directory.meeting(number(NUMBER)).unwrap().passcode.expose(),
        "anders"
    );
    assert!(directory.meeting(number(850_999_999)).is_some());
    other.delete(number(NUMBER)).await.unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(NUMBER)).is_none());
    assert!(directory.meeting(number(850_999_999)).is_some());
}

#[tokio::test]
async fn a_deleted_meeting_that_was_registered_again_is_there() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let store = directory.store().unwrap();
    store.delete(number(NUMBER)).await.unwrap();
    store
        .register(number(NUMBER), &passcode("anders"), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert_eq!(
        directory.meeting(number(NUMBER)).unwrap().passcode.expose(),
        "anders"
    );
}

#[tokio::test]
async fn without_the_store_a_start_takes_the_snapshot_and_creates_no_empty_store() {
    let home = Home::new().await.with_snapshot().await;
    home.move_store("usher.sqlite", "aside");
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(away_code(&directory), "store_missing");
    assert_eq!(directory.store().unwrap_err().code(), "store_missing");
    directory.refresh().await.unwrap_err();
    home.assert_mints(&directory);
    assert!(!home.files().sqlite.exists());
}

#[tokio::test]
async fn a_corrupt_store_is_stood_in_for_too() {
    let home = Home::new().await.with_snapshot().await;
    fs::write(home.files().sqlite, [0x5a; 8192]).unwrap();
    let directory = home.directory().await;
    home.assert_mints(&directory);
    assert_eq!(away_code(&directory), "store_corrupt");
}

#[tokio::test]
async fn the_snapshot_is_private_and_holds_nothing_in_clear() {
    let home = Home::new().await.with_snapshot().await;
    let snapshot = home.files().snapshot;
    assert_eq!(
        fs::metadata(&snapshot).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let bytes = fs::read(&snapshot).unwrap();
    for word in ["geheim", "backend", "850123456"] {
        assert!(
            !bytes
                .windows(word.len())
                .any(|window| window == word.as_bytes()),
            "{word}"
        );
    }
    let names: Vec<_> = fs::read_dir(home.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains("new")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_revoked_key_is_not_in_the_snapshot() {
    let home = Home::new().await;
    home.another_process()
        .await
        .revoke_key(home.api_key.id(), epoch())
        .await
        .unwrap();
    let home = home.with_snapshot().await;
    home.move_store("usher.sqlite", "aside");
    let directory = home.directory().await;
    assert!(directory.authenticate(home.api_key.expose()).is_none());
    assert!(directory.meeting(number(NUMBER)).is_some());
}

#[tokio::test]
async fn with_neither_store_nor_usable_snapshot_the_error_names_both() {
    let home = Home::new().await;
    fs::write(home.files().sqlite, [0x5a; 8192]).unwrap();
    let error = home.start().await.unwrap_err();
    assert_eq!(error.store.code(), "store_corrupt");
    let text = error.to_string();
    assert!(
        text.contains("usher.sqlite") && text.contains("no snapshot"),
        "{text}"
    );
}

#[tokio::test]
async fn a_damaged_snapshot_and_one_of_another_master_key_are_told_apart() {
    let home = Home::new().await.with_snapshot().await;
    home.move_store("usher.sqlite", "aside");
    let whole = fs::read(home.files().snapshot).unwrap();
    for length in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(home.files().snapshot, &whole[..length]).unwrap();
        let text = home.start().await.unwrap_err().to_string();
        assert!(
            text.contains("snapshot") && text.contains("damaged"),
            "{text}"
        );
    }
    fs::write(home.files().snapshot, &whole).unwrap();
    let other = Arc::new(MasterKey::generate().unwrap());
    let error = Directory::start(home.files(), other, epoch)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another master key"), "{error}");
}

static CLOCK_S: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_second(CLOCK_S.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn a_store_lost_while_serving_is_away_since_then_and_catches_up_when_it_is_back() {
    let home = Home::new().await;
    let directory = Directory::start(home.files(), home.master_key.clone(), clock)
        .await
        .unwrap();
    directory.save_snapshot().await.unwrap();
    home.move_store("usher.sqlite", "aside");
    for second in [100, 200] {
        CLOCK_S.store(second, Ordering::SeqCst);
        directory.refresh().await.unwrap_err();
        let StoreState::Away {
            since,
            code,
            message,
        } = directory.store_state()
        else {
            panic!("the store is present");
        };
        assert_eq!((since.as_second(), code), (100, "store_missing"));
        assert!(message.contains("usher.sqlite"), "{message}");
        home.assert_mints(&directory);
    }
    home.move_store("aside", "usher.sqlite");
    home.another_process()
        .await
        .delete(number(NUMBER))
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert_eq!(directory.store_state(), StoreState::Present);
    assert!(directory.meeting(number(NUMBER)).is_none());
}

#[tokio::test]
async fn a_store_restored_from_a_backup_is_the_truth() {
    let home = Home::new().await;
    fs::copy(home.files().sqlite, home.folder.path().join("backup")).unwrap();
    let directory = home.directory().await;
    let store = directory.store().unwrap();
    store
        .register(number(850_999_999), &passcode(""), epoch())
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(850_999_999)).is_some());
    store.close().await;
    home.move_store("backup", "usher.sqlite");
    directory.refresh().await.unwrap_err();
    directory.refresh().await.unwrap();
    assert!(directory.meeting(number(850_999_999)).is_none());
    home.assert_mints(&directory);
}

#[tokio::test]
async fn an_unchanged_directory_does_not_write_its_snapshot_again() {
    let home = Home::new().await;
    let directory = home.directory().await;
    directory.save_snapshot().await.unwrap();
    fs::remove_file(home.files().snapshot).unwrap();
    directory.refresh().await.unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(!home.files().snapshot.exists());
    directory
        .store()
        .unwrap()
        .delete(number(NUMBER))
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(home.files().snapshot.exists());
}

#[tokio::test]
async fn a_snapshot_that_could_not_be_written_is_tried_again() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let obstacle = home.files().snapshot;
    fs::create_dir(&obstacle).unwrap();
    directory.save_snapshot().await.unwrap_err();
    fs::remove_dir(&obstacle).unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(obstacle.is_file());
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it never came true");
}

#[tokio::test]
async fn the_loop_notices_other_processes_and_ends_when_told_to() {
    let home = Home::new().await;
    let directory = Arc::new(home.directory().await);
    let stop = CancellationToken::new();
    let running = tokio::spawn(keep_fresh(directory.clone(), stop.clone()));
    until(|| home.files().snapshot.exists()).await;
    home.another_process()
        .await
        .revoke_key(home.api_key.id(), epoch())
        .await
        .unwrap();
    until(|| directory.authenticate(home.api_key.expose()).is_none()).await;
    home.another_process()
        .await
        .delete(number(NUMBER))
        .await
        .unwrap();
    stop.cancel();
    running.await.unwrap();
    assert!(
        directory.meeting(number(NUMBER)).is_none(),
        "the last round is after the stop"
    );
    home.move_store("usher.sqlite", "aside");
    let next = home.directory().await;
    assert!(
        next.meeting(number(NUMBER)).is_none(),
        "the snapshot is of the last round"
    );
}
