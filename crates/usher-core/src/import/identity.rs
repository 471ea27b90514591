//! Which row of a file is the same row when the file is imported again.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::outcome::Outcome;
use super::row::{Kind, Row, SignatureSeen};

/// A digest of all that a row says, however its line is written.
///
/// The mapping, the zone and the format of the file enter only by what they make of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// The digest of a row. Two rows with the same one say the same.
    pub fn of(row: &Row) -> Self {
        let mut hash = Fields(Sha256::new_with_prefix("usher import row 1"));
        hash.number(i128::from(row.at.as_microsecond()));
        hash.text(row.meeting.as_ref().map(ToString::to_string).as_deref());
        hash.text(row.participant.as_deref());
        hash.number(row.dims.len() as i128);
        for (name, value) in &row.dims {
            hash.text(Some(name));
            hash.text(Some(value));
        }
        match &row.kind {
            Kind::Single(single) => {
                hash.text(Some("single"));
                hash.text(single.outcome.map(Outcome::as_str));
                hash.text(single.code.as_deref());
                hash.text(single.reason.as_deref());
                let answered_at = single.answered_at.map(|at| at.as_microsecond().to_string());
                hash.text(answered_at.as_deref());
                hash.signature(single.signature.as_ref());
            }
            Kind::Aggregated(counts) => {
                hash.text(Some("aggregated"));
                hash.number(i128::from(counts.attempts));
                hash.number(i128::from(counts.failed));
                hash.text(counts.code.as_deref());
                hash.text(counts.reason.as_deref());
            }
        }
        Self(hash.0.finalize().into())
    }

    /// The identity of the row that is the `occurrence`-th with this content in its file, from 0.
    ///
    /// All 128 bits are as good as random, and the same whenever the file is read: for the random part of an attempt's id.
    pub fn identity(&self, occurrence: u64) -> u128 {
        let mut hash = Sha256::new_with_prefix(self.0);
        hash.update(occurrence.to_be_bytes());
        first_16_bytes(&hash.finalize().into())
    }
}

fn first_16_bytes(digest: &[u8; 32]) -> u128 {
    digest[..16]
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Fields with their lengths, so that no two rows are one string of bytes.
struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: i128) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.number(-1),
            Some(text) => {
                self.number(text.len() as i128);
                self.0.update(text);
            }
        }
    }

    fn signature(&mut self, seen: Option<&SignatureSeen>) {
        match seen {
            None => self.text(None),
            Some(SignatureSeen::Token(token)) => {
                self.text(Some("token"));
                self.text(Some(token.signed_part()));
                self.0.update(token.hmac());
            }
            Some(SignatureSeen::Unreadable(error)) => {
                self.text(Some("unreadable"));
                self.text(Some(&error.to_string()));
            }
            Some(SignatureSeen::Claims(claims)) => {
                self.text(Some("claims"));
                let mut claims: Vec<_> = claims.iter().collect();
                claims.sort_unstable_by_key(|(name, _)| *name);
                self.number(claims.len() as i128);
                for (name, value) in claims {
                    self.text(Some(name));
                    self.text(Some(&value.to_string()));
                }
            }
        }
    }
}

/// Counts rows that say the same, in bounded memory: two such rows are two attempts.
///
/// It remembers at least the last [`Occurrences::REMEMBERED`] different rows and at most twice as many. Two rows that say the same and lie
/// farther apart get one identity and so count as one; logs are sorted by time, and such rows have the same time.
#[derive(Debug)]
pub struct Occurrences {
    remembered: usize,
    recent: HashMap<ContentDigest, u64>,
    older: HashMap<ContentDigest, u64>,
}

impl Occurrences {
    /// 200,000 rows: at most 40 MB for both generations.
    pub const REMEMBERED: usize = 200_000;

    /// Remembers at least `remembered` different rows.
    pub fn remembering(remembered: usize) -> Self {
        Self {
            remembered: remembered.max(1),
            recent: HashMap::new(),
            older: HashMap::new(),
        }
    }

    /// How many rows with this content came before.
    pub fn next(&mut self, content: ContentDigest) -> u64 {
        if let Some(count) = self.recent.get_mut(&content) {
            *count += 1;
            return *count;
        }
        let count = self.older.remove(&content).map_or(0, |count| count + 1);
        if self.recent.len() >= self.remembered {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(content, count);
        count
    }
}

impl Default for Occurrences {
    fn default() -> Self {
        Self::remembering(Self::REMEMBERED)
    }
}
