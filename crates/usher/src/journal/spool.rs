//! Where records wait while the store can't take them: a file that has its space before it is needed.
//!
//! After a mark of 16 bytes follow records: `length of the payload (4 bytes, little-endian) | the first 8 bytes of its SHA-256 | payload`. A
//! length of zero ends them; so does a record whose hash is not that of its payload, which is what a power cut leaves.
//! The payload is JSON. Each process has a file of its own, held by a lock, and takes over those whose process is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use sha2::{Digest, Sha256};

use super::Entries;

const MARK: &[u8; 16] = b"usher spool v1\r\n";
const HEADER_BYTES: usize = 4 + HASH_BYTES;
const HASH_BYTES: usize = 8;
/// Room for about 60,000 mints: an hour of 15 joins a second.
pub(super) const SIZE_BYTES: u64 = 64 << 20;
/// Processes that share a data folder.
const FILES_MAX: u32 = 16;
/// The end of the records is looked for in pieces of this size at least.
const NOTHING: [u8; 4] = [0; 4];

/// A spool file that this process holds.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    /// Where the next record goes.
    end: u64,
}

/// Why a batch was not spooled.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    #[error("it is full")]
    Full,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Spool {
    /// Takes every spool file in the folder that no other process holds: the first one to write to, the others because they may hold
    /// what a process that is gone has left.
    pub(super) fn take_all(folder: &Path, size_bytes: u64) -> io::Result<(Self, Vec<Self>)> {
        std::fs::create_dir_all(folder)?;
        let mut own = None;
        let mut inherited = Vec::new();
        for n in 0..FILES_MAX {
            let path = folder.join(format!("spool-{n}"));
            if own.is_some() && !path.exists() {
                continue;
            }
            let Some(spool) = Self::take(path, size_bytes)? else {
                continue;
            };
            if own.is_none() {
                own = Some(spool);
            } else if !spool.is_empty() {
                inherited.push(spool);
            }
        }
        let own = own.ok_or_else(|| io::Error::other("other processes hold all spool files"))?;
        Ok((own, inherited))
    }

    /// `None` if another process holds it.
    fn take(path: PathBuf, size_bytes: u64) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let length = file.metadata()?.len();
        if length < size_bytes {
            reserve(&file, length, size_bytes)?;
        }
        let mut spool = Self {
            path,
            file,
            size_bytes: size_bytes.max(length),
            end: MARK.len() as u64,
        };
        let mut mark = [0; MARK.len()];
        spool.file.read_exact_at(&mut mark, 0)?;
        if mark == *MARK {
            spool.find_end()?;
        } else {
            spool.file.write_all_at(MARK, 0)?;
            spool.clear()?;
        }
        Ok(Some(spool))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn start() -> u64 {
        MARK.len() as u64
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn is_empty(&self) -> bool {
        self.end == Self::start()
    }

    /// Adds a batch; when it returns, the batch is on disk.
    pub(super) fn append(&mut self, entries: &Entries) -> Result<(), SpoolError> {
        let payload = serde_json::to_vec(entries).map_err(io::Error::other)?;
        let length = u32::try_from(payload.len()).map_err(|_| SpoolError::Full)?;
        let mut record = Vec::with_capacity(HEADER_BYTES + payload.len() + NOTHING.len());
        record.extend(length.to_le_bytes());
        record.extend(&Sha256::digest(&payload)[..HASH_BYTES]);
        record.extend(payload);
        let after = self.end + record.len() as u64;
        // What comes after is a record that was replayed before: it must not be read again.
        record.extend(NOTHING);
        if self.end + record.len() as u64 > self.size_bytes {
            return Err(SpoolError::Full);
        }
        self.file.write_all_at(&record, self.end)?;
        self.file.sync_data()?;
        self.end = after;
        Ok(())
    }

    /// The batch at an offset, and where the next one begins; `None` at the end.
    pub(super) fn read(&self, offset: u64) -> io::Result<Option<(Entries, u64)>> {
        let Some((payload, next)) = self.record(offset)? else {
            return Ok(None);
        };
        let entries = serde_json::from_slice(&payload).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the record at byte {offset} is not one of this version: {error}"),
            )
        })?;
        Ok(Some((entries, next)))
    }

    /// The batches from an offset on, together: as many as it takes to have `count` entries.
    pub(super) fn read_many(
        &self,
        offset: u64,
        count: usize,
    ) -> io::Result<Option<(Entries, u64)>> {
        let Some((mut entries, mut end)) = self.read(offset)? else {
            return Ok(None);
        };
        while entries.len() < count
            && let Some((more, next)) = self.read(end)?
        {
            entries.append(more);
            end = next;
        }
        Ok(Some((entries, end)))
    }

    /// Forgets everything: it is in the store.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.write_all_at(&NOTHING, Self::start())?;
        self.file.sync_data()?;
        self.end = Self::start();
        Ok(())
    }

    fn find_end(&mut self) -> io::Result<()> {
        while let Some((_, next)) = self.record(self.end)? {
            self.end = next;
        }
        Ok(())
    }

    fn record(&self, offset: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        let start = offset + HEADER_BYTES as u64;
        if start + NOTHING.len() as u64 > self.size_bytes {
            return Ok(None);
        }
        let mut header = [0; HEADER_BYTES];
        self.file.read_exact_at(&mut header, offset)?;
        let (length, hash) = header.split_at(NOTHING.len());
        let length = length
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        if length == 0 || start + length > self.size_bytes {
            return Ok(None);
        }
        let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut payload, start)?;
        let is_whole = Sha256::digest(&payload)[..HASH_BYTES] == *hash;
        Ok(is_whole.then_some((payload, start + length)))
    }
}

/// Takes the space now: when it is needed, the disk may be full.
fn reserve(file: &File, from: u64, to: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), from, to - from) {
        Ok(()) => Ok(()),
        // Not every file system can; writing always does.
        Err(rustix::io::Errno::OPNOTSUPP) => {
            let zeros = vec![0; 1 << 20];
            let mut at = from;
            while at < to {
                let piece = (to - at).min(zeros.len() as u64);
                file.write_all_at(&zeros[..usize::try_from(piece).unwrap_or(0)], at)?;
                at += piece;
            }
            file.sync_data()
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use usher_core::attempt::AttemptId;
    use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};

    use crate::store::{NoticeFacts, NoticeHashes};

    use super::super::Notice;

    const SIZE: u64 = 1 << 16;

    fn events(n: u128) -> Entries {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let minted = Event {
            attempt: AttemptId::new(at, n),
            source: Source::Mint,
            id: "mint".into(),
            kind: Kind::Minted,
            at,
            received_at: at,
            facts: Facts::default(),
            personal: Personal::default(),
        };
        Entries {
            events: vec![minted],
            notices: Vec::new(),
        }
    }

    fn take(folder: &Path) -> Spool {
        Spool::take_all(folder, SIZE).unwrap().0
    }

    fn kept(spool: &Spool) -> Vec<AttemptId> {
        let mut offset = Spool::start();
        let mut ids = Vec::new();
        while let Some((entries, next)) = spool.read(offset).unwrap() {
            ids.extend(entries.events.iter().map(|event| event.attempt));
            offset = next;
        }
        ids
    }

    fn ids(numbers: &[u128]) -> Vec<AttemptId> {
        numbers
            .iter()
            .map(|n| events(*n).events[0].attempt)
            .collect()
    }

    #[test]
    fn what_was_appended_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = take(folder.path());
        for n in 1..=3 {
            spool.append(&events(n)).unwrap();
        }
        drop(spool);
        let mut spool = take(folder.path());
        spool.append(&events(4)).unwrap();
        assert_eq!(kept(&spool), ids(&[1, 2, 3, 4]));
    }

    #[test]
    fn events_and_notifications_read_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = take(folder.path());
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let mut entries = events(1);
        entries.events[0].personal.raw = serde_json::value::to_raw_value(&[1]).ok();
        entries.notices.push(Notice {
            hash: "00".repeat(16),
            received_at: at,
            at,
            event: "meeting.participant_joined".into(),
            meeting: None,
            meeting_uuid: Some("/a==".into()),
            facts: NoticeFacts::default(),
            hashes: NoticeHashes {
                name: Some("11".repeat(16)),
                registrant: None,
            },
            is_settled: false,
        });
        spool.append(&entries).unwrap();
        drop(spool);
        let (read, _) = take(folder.path()).read(Spool::start()).unwrap().unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::to_value(&entries).unwrap()
        );
    }

    #[test]
    fn what_was_cleared_does_not_come_back_behind_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = take(folder.path());
        for n in 1..=3 {
            spool.append(&events(n)).unwrap();
        }
        spool.clear().unwrap();
        // Of the same length as the first of before: the second of before stands right behind it.
        spool.append(&events(4)).unwrap();
        drop(spool);
        assert_eq!(kept(&take(folder.path())), ids(&[4]));
    }

    #[test]
    fn a_record_that_was_cut_ends_the_file_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = take(folder.path());
        spool.append(&events(1)).unwrap();
        let whole = spool.end();
        spool.append(&events(2)).unwrap();
        spool.file.write_all_at(b"??", whole + 40).unwrap();
        drop(spool);
        let mut spool = take(folder.path());
        assert_eq!(kept(&spool), ids(&[1]));
        spool.append(&events(3)).unwrap();
        assert_eq!(kept(&spool), ids(&[1, 3]));
    }

    #[test]
    fn its_space_is_taken_before_it_is_needed_and_never_exceeded() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = take(folder.path());
        let length = spool.file.metadata().unwrap().len();
        assert_eq!(length, SIZE);
        let mut n = 0;
        let error = loop {
            n += 1;
            if let Err(error) = spool.append(&events(n)) {
                break error;
            }
        };
        assert!(matches!(error, SpoolError::Full));
        assert_eq!(spool.file.metadata().unwrap().len(), SIZE);
        drop(spool);
        assert_eq!(kept(&take(folder.path())).len() as u128, n - 1);
    }

    #[test]
    fn a_second_process_has_its_own_and_what_a_dead_one_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path());
        let mut second = take(folder.path());
        assert_ne!(first.path(), second.path());
        second.append(&events(7)).unwrap();
        drop((first, second));
        let (own, inherited) = Spool::take_all(folder.path(), SIZE).unwrap();
        assert!(own.is_empty());
        assert_eq!(inherited.len(), 1);
        assert_eq!(kept(&inherited[0]), ids(&[7]));
    }

    #[test]
    fn a_file_of_noise_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("spool-0"), vec![0xa5; 4096]).unwrap();
        let mut spool = take(folder.path());
        assert!(spool.is_empty());
        spool.append(&events(1)).unwrap();
        assert_eq!(kept(&spool), ids(&[1]));
    }
}
