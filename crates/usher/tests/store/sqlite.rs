//! How a SQLite file can fail.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use usher::seal::MasterKey;
use usher::store::{Address, IfMissing, IfOlder, MeetingChange, Store, StoreError};

use crate::stores::sample::{at, number, passcode, topic};

/// A folder with one SQLite file, and the key that seals it.
struct Home {
    folder: TempDir,
    key: Arc<MasterKey>,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            key: Arc::new(MasterKey::generate().unwrap()),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("data/usher.sqlite")
    }

    async fn open(&self) -> Result<Store, StoreError> {
        self.open_with(IfMissing::Create, self.key.clone()).await
    }

    async fn open_with(
        &self,
        if_missing: IfMissing,
        key: Arc<MasterKey>,
    ) -> Result<Store, StoreError> {
        let address = Address::Sqlite(self.file());
        Store::open(&address, if_missing, IfOlder::Refuse, key).await
    }

    async fn store(&self) -> Store {
        self.open().await.unwrap()
    }

    /// A closed store with one meeting.
    async fn with_a_meeting(self) -> Self {
        let store = self.store().await;
        store
            .register(number(850_123_456), &passcode("geheim"), at(1))
            .await
            .unwrap();
        store.close().await;
        self
    }

    /// Another program that uses the file.
    async fn stranger(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.file())
            .connect()
            .await
            .unwrap()
    }
}

fn assert_names_file(error: &StoreError, code: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains("usher.sqlite"), "{error}");
}

#[tokio::test]
async fn a_first_start_creates_folder_and_files_for_their_owner_only() {
    let home = Home::new();
    let store = home.store().await;
    store
        .register(number(850_123_456), &topic("x"), at(1))
        .await
        .unwrap();
    let data = home.folder.path().join("data");
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let mut files = 0;
    for file in fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
        files += 1;
    }
    assert_eq!(files, 3, "database, write-ahead log, its index");
}

#[tokio::test]
async fn a_missing_file_is_not_created_unless_asked_for() {
    let home = Home::new();
    let error = home
        .open_with(IfMissing::Fail, home.key.clone())
        .await
        .unwrap_err();
    assert_names_file(&error, "store_missing");
    assert!(!home.file().exists());
}

#[tokio::test]
async fn an_empty_file_is_a_missing_one() {
    let home = Home::new();
    fs::create_dir(home.folder.path().join("data")).unwrap();
    fs::write(home.file(), "").unwrap();
    let error = home
        .open_with(IfMissing::Fail, home.key.clone())
        .await
        .unwrap_err();
    assert_names_file(&error, "store_missing");
    assert_eq!(fs::metadata(home.file()).unwrap().len(), 0);
    home.open().await.unwrap();
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_out_of_lists_and_pages_go_on_behind_it() {
    let home = Home::new();
    let store = home.store().await;
    for n in 1..=4 {
        store
            .register(number(850_000_000 + n), &topic("x"), at(1))
            .await
            .unwrap();
    }
    let mut stranger = home.stranger().await;
    sqlx::query("UPDATE meetings SET passcode = x'00' WHERE number = 850000002")
        .execute(&mut stranger)
        .await
        .unwrap();
    let page = store.meetings(None, None, 2).await.unwrap();
    assert_eq!(page.meetings[0].number, number(850_000_001));
    assert_eq!(page.meetings.len(), 1);
    let page = store.meetings(None, page.next, 2).await.unwrap();
    let left: Vec<_> = page.meetings.iter().map(|meeting| meeting.number).collect();
    assert_eq!(left, [number(850_000_003), number(850_000_004)]);
    assert!(store.delete(number(850_000_002)).await.unwrap());
    store
        .register(number(850_000_002), &topic("x"), at(2))
        .await
        .unwrap();
}

#[tokio::test]
async fn passcodes_are_not_in_the_file_and_open_in_their_own_row_only() {
    let home = Home::new().with_a_meeting().await;
    let bytes = fs::read(home.file()).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"geheim"));
    let store = home.store().await;
    store
        .register(number(850_999_999), &passcode("other"), at(1))
        .await
        .unwrap();
    let mut stranger = home.stranger().await;
    sqlx::query(
        "UPDATE meetings SET passcode = (SELECT passcode FROM meetings WHERE number = 850123456)",
    )
    .execute(&mut stranger)
    .await
    .unwrap();
    let error = store.meeting(number(850_999_999)).await.unwrap_err();
    assert_names_file(&error, "meeting_unreadable");
    assert!(error.to_string().contains("850999999"), "{error}");
    assert!(store.meeting(number(850_123_456)).await.unwrap().is_some());
}

#[tokio::test]
async fn while_another_program_writes_reading_goes_on_and_a_write_gives_up_in_time() {
    let home = Home::new().with_a_meeting().await;
    let store = home.store().await;
    let mut stranger = home.stranger().await;
    let lock = stranger.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let error = store.delete(number(850_123_456)).await.unwrap_err();
    assert_names_file(&error, "store_locked");
    assert!(store.meeting(number(850_123_456)).await.unwrap().is_some());
    assert!(
        home.open().await.is_ok(),
        "opening a store that is up to date writes nothing"
    );
    lock.rollback().await.unwrap();
    assert!(store.delete(number(850_123_456)).await.unwrap());
}

#[tokio::test]
async fn a_file_that_another_program_keeps_to_itself_is_locked() {
    let home = Home::new().with_a_meeting().await;
    let mut stranger = home.stranger().await;
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
        .execute(&mut stranger)
        .await
        .unwrap();
    assert_names_file(&home.open().await.unwrap_err(), "store_locked");
    stranger.close().await.unwrap();
    home.open().await.unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let home = Home::new().with_a_meeting().await;
    let mut stranger = home.stranger().await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9000, 'from the future', '2030-01-01', TRUE, x'00', 0)")
        .execute(&mut stranger)
        .await
        .unwrap();
    let error = home.open().await.unwrap_err();
    assert_names_file(&error, "store_newer_than_binary");
    assert!(error.to_string().contains("9000"), "{error}");
}

#[tokio::test]
async fn a_file_with_an_overwritten_head_is_corrupt() {
    let home = Home::new().with_a_meeting().await;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(home.file())
        .unwrap();
    file.write_all(&[0x5a; 100]).unwrap();
    assert_names_file(&home.open().await.unwrap_err(), "store_corrupt");
}

#[tokio::test]
async fn a_file_with_an_overwritten_body_is_corrupt() {
    let home = Home::new().with_a_meeting().await;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(home.file())
        .unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(length).unwrap() - 4096])
        .unwrap();
    assert_names_file(&home.open().await.unwrap_err(), "store_corrupt");
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_named() {
    let home = Home::new();
    fs::create_dir_all(home.file()).unwrap();
    assert_names_file(&home.open().await.unwrap_err(), "store_unavailable");
}

#[tokio::test]
async fn a_file_that_vanished_or_was_replaced_is_noticed() {
    let home = Home::new();
    let store = home.store().await;
    store.check_in_place().await.unwrap();
    let aside = home.folder.path().join("aside");
    fs::rename(home.file(), &aside).unwrap();
    assert_names_file(&store.check_in_place().await.unwrap_err(), "store_missing");
    fs::copy(&aside, home.file()).unwrap();
    assert_names_file(
        &store.check_in_place().await.unwrap_err(),
        "store_unavailable",
    );
}

/// Permission bits don't bind root: there, this test starts itself again as nobody.
fn runs_as_an_ordinary_user(test: &str) -> bool {
    const NOBODY: u32 = 65534;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("sqlite::{test}"), "--nocapture"])
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    false
}

#[tokio::test]
async fn a_file_without_write_permission_is_read_and_refuses_writes() {
    if !runs_as_an_ordinary_user("a_file_without_write_permission_is_read_and_refuses_writes") {
        return;
    }
    let home = Home::new().with_a_meeting().await;
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o400)).unwrap();
    let store = home.store().await;
    assert!(store.meeting(number(850_123_456)).await.unwrap().is_some());
    let error = store
        .register(number(850_999_999), &MeetingChange::default(), at(1))
        .await
        .unwrap_err();
    assert_names_file(&error, "store_read_only");
}

#[tokio::test]
async fn a_folder_without_write_permission_is_named() {
    if !runs_as_an_ordinary_user("a_folder_without_write_permission_is_named") {
        return;
    }
    let home = Home::new().with_a_meeting().await;
    let data = home.folder.path().join("data");
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    let error = home.open().await.unwrap_err();
    fs::remove_file(home.file()).unwrap_err();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    assert_names_file(&error, "store_read_only");
}
