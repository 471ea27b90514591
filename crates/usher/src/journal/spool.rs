//! Where records wait while the store can't take them: a file that has its space before it is needed.
//!
//! After a mark of 16 bytes follow records, one for each request: `length of the payload (4 bytes, little-endian) | the first 8 bytes of its
//! SHA-256 | payload`, and zeros. A length of zero ends them; so does a record whose hash is not that of its payload and that no whole one
//! follows, which is what a power cut leaves. The payload is JSON. Each process has a file of its own, held by a lock, and takes over those
//! whose process is gone.
//!
//! What can't be replayed is kept beside it, for people: a record as a line of `spool-N.bad`, a file as `spool-N.bad-K`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use sha2::{Digest, Sha256};

use super::Entries;

const MARK: &[u8; 16] = b"usher spool v1\r\n";
/// Where the first record is.
pub(super) const START: u64 = MARK.len() as u64;
const HEADER_BYTES: usize = 4 + HASH_BYTES;
const HASH_BYTES: usize = 8;
/// Room for about 60,000 mints: an hour of 15 joins a second.
pub(super) const SIZE_BYTES: u64 = 64 << 20;
/// Processes that share a data folder.
const FILES_MAX: u32 = 16;
/// The length that ends the records.
const NOTHING: [u8; 4] = [0; 4];

/// A spool file that this process holds.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    /// What is before it is in the store.
    replayed_to: u64,
    /// Where the next record goes.
    end: u64,
}

/// Why the next batch can't be replayed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// One record; those behind it can be read.
    #[error("the record at byte {at} is not one of this version, or damaged: {detail}")]
    Record { at: u64, detail: String },
    #[error("the record at byte {0} is damaged, and so is what follows")]
    File(u64),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is at an offset.
enum Found {
    End,
    /// A payload, and where the next record begins.
    Whole(Vec<u8>, u64),
    /// Likewise; the payload is not what was written.
    Damaged(Vec<u8>, u64),
}

impl Spool {
    /// Takes every spool file in the folder that nobody holds: the first one to write to, the others because they may hold
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

    /// `None` if somebody holds it.
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
            replayed_to: START,
            end: START,
        };
        let mut mark = [0; MARK.len()];
        spool.file.read_exact_at(&mut mark, 0)?;
        if mark == [0; MARK.len()] {
            spool.file.write_all_at(MARK, 0)?;
        } else if mark != *MARK {
            let aside = spool.set_aside()?;
            tracing::error!(
                "{} was no spool of this version, it is kept as {}",
                spool.path.display(),
                aside.display()
            );
            let path = spool.path.clone();
            drop(spool);
            return Self::take(path, size_bytes);
        }
        spool.find_end()?;
        // A record that was cut, or what was being cleared.
        spool.wipe(spool.end, spool.size_bytes)?;
        Ok(Some(spool))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How much of it waits for the store.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.end - self.replayed_to
    }

    pub(super) fn is_empty(&self) -> bool {
        self.end == START
    }

    /// Adds what each request told, where there is room for it; says for each whether there was. When it returns, they are on disk.
    pub(super) fn append(&mut self, requests: &[Entries]) -> io::Result<Vec<bool>> {
        let mut records = Vec::new();
        let mut is_kept = Vec::with_capacity(requests.len());
        let room = self.size_bytes.saturating_sub(self.end);
        for entries in requests {
            let payload = serde_json::to_vec(entries).map_err(io::Error::other)?;
            let after = records.len() + HEADER_BYTES + payload.len() + NOTHING.len();
            let length = u32::try_from(payload.len()).ok();
            let length = length.filter(|_| after as u64 <= room);
            is_kept.push(length.is_some());
            if let Some(length) = length {
                records.extend(length.to_le_bytes());
                records.extend(&Sha256::digest(&payload)[..HASH_BYTES]);
                records.extend(payload);
            }
        }
        if records.is_empty() {
            return Ok(is_kept);
        }
        let after = self.end + records.len() as u64;
        // An earlier write that failed may have left something.
        records.extend(NOTHING);
        self.file.write_all_at(&records, self.end)?;
        self.file.sync_data()?;
        self.end = after;
        Ok(is_kept)
    }

    /// The next records to replay, together, and where those after them begin: as many as it takes to have `count` entries. `None` if all
    /// are replayed.
    pub(super) fn batch(&self, count: usize) -> Result<Option<(Entries, u64)>, ReadError> {
        let (mut batch, mut at) = (Entries::default(), self.replayed_to);
        while at < self.end && batch.len() < count.max(1) {
            match self.entries(at) {
                Ok((entries, next)) => {
                    batch.append(entries);
                    at = next;
                }
                // What is before it goes first.
                Err(_) if at > self.replayed_to => break,
                Err(error) => return Err(error),
            }
        }
        Ok((at > self.replayed_to).then_some((batch, at)))
    }

    /// What is before this offset is in the store.
    pub(super) fn note_replayed(&mut self, to: u64) {
        self.replayed_to = to;
    }

    /// Forgets everything, if all of it is in the store.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if self.replayed_to == self.end {
            self.wipe(START, self.end)?;
            (self.replayed_to, self.end) = (START, START);
        }
        Ok(())
    }

    /// Keeps the next record to replay elsewhere, and goes on behind it. Says where.
    pub(super) fn set_record_aside(&mut self) -> io::Result<PathBuf> {
        let path = self.path.with_extension("bad");
        if let Found::Whole(payload, next) | Found::Damaged(payload, next) =
            self.find(self.replayed_to)?
        {
            let mut file = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(&[&payload, &b"\n"[..]].concat())?;
            file.sync_data()?;
            self.replayed_to = next;
        }
        Ok(path)
    }

    /// Gives the file another name, under which nobody looks for records. Says which.
    pub(super) fn set_aside(&self) -> io::Result<PathBuf> {
        let free = (1..u32::MAX)
            .map(|n| self.path.with_extension(format!("bad-{n}")))
            .find(|path| !path.exists())
            .ok_or(io::ErrorKind::AlreadyExists)?;
        std::fs::rename(&self.path, &free)?;
        Ok(free)
    }

    fn find_end(&mut self) -> io::Result<()> {
        while let Found::Whole(_, next) | Found::Damaged(_, next) = self.find(self.end)? {
            self.end = next;
        }
        Ok(())
    }

    fn entries(&self, at: u64) -> Result<(Entries, u64), ReadError> {
        match self.find(at)? {
            Found::Whole(payload, next) => match serde_json::from_slice(&payload) {
                Ok(entries) => Ok((entries, next)),
                Err(error) => {
                    let detail = error.to_string();
                    Err(ReadError::Record { at, detail })
                }
            },
            Found::Damaged(..) => {
                let detail = "its hash is wrong".to_owned();
                Err(ReadError::Record { at, detail })
            }
            Found::End => Err(ReadError::File(at)),
        }
    }

    fn find(&self, offset: u64) -> io::Result<Found> {
        match self.record(offset)? {
            None => Ok(Found::End),
            Some((payload, next, true)) => Ok(Found::Whole(payload, next)),
            Some((payload, next, false)) => {
                let is_followed = matches!(self.record(next)?, Some((_, _, true)));
                Ok(if is_followed || next == self.end {
                    Found::Damaged(payload, next)
                } else {
                    Found::End
                })
            }
        }
    }

    /// A payload, where the next record begins, and whether the hash is that of the payload.
    fn record(&self, offset: u64) -> io::Result<Option<(Vec<u8>, u64, bool)>> {
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
        Ok(Some((payload, start + length, is_whole)))
    }

    /// Zeros, for good: records tell who it was.
    fn wipe(&self, from: u64, to: u64) -> io::Result<()> {
        if from < to {
            match fallocate(&self.file, FallocateFlags::ZERO_RANGE, from, to - from) {
                Ok(()) => {}
                Err(rustix::io::Errno::OPNOTSUPP) => write_zeros(&self.file, from, to)?,
                Err(error) => return Err(error.into()),
            }
        }
        self.file.sync_data()
    }
}

/// Takes the space now: when it is needed, the disk may be full.
fn reserve(file: &File, from: u64, to: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), from, to - from) {
        Ok(()) => Ok(()),
        // Not every file system can; writing always does.
        Err(rustix::io::Errno::OPNOTSUPP) => {
            write_zeros(file, from, to)?;
            file.sync_data()
        }
        Err(error) => Err(error.into()),
    }
}

fn write_zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut at = from;
    while at < to {
        let piece = (to - at).min(zeros.len() as u64);
        file.write_all_at(&zeros[..usize::try_from(piece).unwrap_or(0)], at)?;
        at += piece;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
