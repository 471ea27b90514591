//! What the directory leaves on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use usher::directory::Directory;
use usher::seal::MasterKey;

use crate::home::{Home, NUMBER, degraded, epoch, number};

#[tokio::test]
async fn the_snapshot_is_private_and_holds_nothing_in_clear() {
    let home = Home::new().await.with_snapshot().await;
    let snapshot = home.sources().snapshot;
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
async fn a_damaged_snapshot_and_one_of_another_master_key_are_told_apart() {
    let home = Home::new().await.with_snapshot().await;
    home.move_store("usher.sqlite", "aside");
    let whole = fs::read(home.sources().snapshot).unwrap();
    for length in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(home.sources().snapshot, &whole[..length]).unwrap();
        let text = home.start().await.unwrap_err().to_string();
        assert!(
            text.contains("snapshot") && text.contains("damaged"),
            "{text}"
        );
    }
    fs::write(home.sources().snapshot, &whole).unwrap();
    let other = Arc::new(MasterKey::generate().unwrap());
    let error = Directory::start(home.sources(), other, epoch)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another master key"), "{error}");
}

#[tokio::test]
async fn an_unchanged_directory_does_not_write_its_snapshot_again() {
    let home = Home::new().await;
    let directory = home.directory().await;
    directory.save_snapshot().await.unwrap();
    fs::remove_file(home.sources().snapshot).unwrap();
    directory.refresh().await.unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(!home.sources().snapshot.exists());
    directory
        .store()
        .unwrap()
        .delete(number(NUMBER))
        .await
        .unwrap();
    directory.refresh().await.unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(home.sources().snapshot.exists());
}

#[tokio::test]
async fn a_snapshot_that_could_not_be_written_is_tried_again() {
    let home = Home::new().await;
    let directory = home.directory().await;
    let obstacle = home.sources().snapshot;
    fs::create_dir(&obstacle).unwrap();
    directory.save_snapshot().await.unwrap_err();
    assert_eq!(degraded(&directory), ["snapshot_unwritable"]);
    fs::remove_dir(&obstacle).unwrap();
    directory.save_snapshot().await.unwrap();
    assert!(obstacle.is_file());
    assert_eq!(degraded(&directory), [""; 0]);
}
