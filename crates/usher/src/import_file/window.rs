//! What was read of a stream and not yet used: a bounded view that moves over any number of bytes.

use std::io::{self, Read};

use usher_core::import::LINE_MAX_BYTES;

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

pub(super) struct Window {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    is_at_end: bool,
    /// Bytes that were used up.
    taken: u64,
    /// The number of the line that begins at the start, from 1.
    line: u64,
}

/// The next line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextLine {
    /// So many bytes of text, so many with the line break.
    Text { text: usize, whole: usize },
    /// More than [`LINE_MAX_BYTES`].
    TooLong,
}

impl Window {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            bytes: Vec::new(),
            start: 0,
            is_at_end: false,
            taken: 0,
            line: 1,
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads some more; whether there was any. Callers stop asking at [`LINE_MAX_BYTES`], which is what bounds the memory.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        let before = self.bytes.len();
        self.bytes.resize(before + CHUNK_BYTES, 0);
        let read = loop {
            match self.input.read(&mut self.bytes[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.bytes
            .truncate(before + read.as_ref().copied().unwrap_or(0));
        let read = read?;
        self.is_at_end = read == 0;
        Ok(read > 0)
    }

    /// Uses up the first bytes.
    pub(super) fn take(&mut self, length: usize) {
        let taken = &self.bytes[self.start..self.start + length];
        self.line += taken
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
        self.taken += length as u64;
        self.start += length;
    }

    /// The next line, which stays unread; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<NextLine>> {
        let mut searched = 0;
        loop {
            let unread = self.unread();
            let found = unread[searched..].iter().position(|byte| *byte == b'\n');
            let (text, whole) = match found {
                Some(index) => (searched + index, searched + index + 1),
                None => (unread.len(), unread.len()),
            };
            if text > LINE_MAX_BYTES {
                return Ok(Some(NextLine::TooLong));
            }
            if found.is_some() {
                return Ok(Some(NextLine::Text { text, whole }));
            }
            searched = text;
            if !self.more()? {
                return Ok((text > 0).then_some(NextLine::Text { text, whole }));
            }
        }
    }

    /// Uses up the next line, however long it is.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let unread = self.unread();
            if let Some(index) = unread.iter().position(|byte| *byte == b'\n') {
                self.take(index + 1);
                return Ok(());
            }
            self.take(unread.len());
            if !self.more()? {
                return Ok(());
            }
        }
    }

    /// Uses up line breaks, so that empty lines are no rows.
    pub(super) fn skip_blank(&mut self) -> io::Result<()> {
        loop {
            while let Some(b'\n' | b'\r') = self.unread().first() {
                self.take(1);
            }
            if !self.unread().is_empty() || !self.more()? {
                return Ok(());
            }
        }
    }
}
