//! What is said on stderr while a file is read: what its columns are taken for, and which lines are not taken.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;
use usher_core::import::{Mapping, RowRefusal};
use usher_core::text::escape_hidden;

use super::super::{Failure, talk};
use super::events::{BEYOND_RETENTION, COUNTS};

/// Lines that are shown; `--rejected` has them all.
const SHOWN_MAX: u64 = 20;
/// Keys of JSON lines whose mapping is shown; a file in which every line has new ones is no log.
const COLUMNS_MAX: usize = 100;

/// Shows each column once. Objects differ in their keys, so new ones may come at any line.
#[derive(Debug, Default)]
pub(in crate::cli) struct ShownColumns(HashSet<String>);

impl ShownColumns {
    pub(in crate::cli) fn show(&mut self, mapping: &Mapping) {
        for column in mapping.columns() {
            if self.0.len() < COLUMNS_MAX && !self.0.contains(&column.name) {
                if self.0.is_empty() {
                    talk("columns:");
                }
                talk(&format!("  {column}"));
                self.0.insert(column.name.clone());
            }
        }
    }
}

/// The lines that are not taken: shown, counted by their reason, and written to a file.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) by_code: BTreeMap<&'static str, u64>,
    file: Option<BufWriter<File>>,
}

impl Rejected {
    /// With the file of `--rejected`, which must not be the one that is read.
    pub(super) fn new(file: Option<&Path>, input: &Path) -> Result<Self, Failure> {
        let file = file.map(|path| create(path, input)).transpose()?;
        Ok(Self {
            by_code: BTreeMap::new(),
            file: file.map(BufWriter::new),
        })
    }

    pub(super) fn add(&mut self, line: u64, refusal: &RowRefusal) -> io::Result<()> {
        *self.by_code.entry(refusal.code).or_default() += 1;
        // Rows of counts and old ones come by the thousand and all say the same: once, at the end.
        let is_broken = !matches!(refusal.code, COUNTS | BEYOND_RETENTION);
        if is_broken && self.broken() <= SHOWN_MAX {
            talk(&format!("line {line}: {refusal}"));
        }
        if let Some(file) = &mut self.file {
            let reason = refusal.to_string();
            let entry = json!({ "line": line, "code": refusal.code, "reason": reason });
            writeln!(file, "{entry}")?;
        }
        Ok(())
    }

    /// Lines that are not taken, whatever the reason.
    pub(super) fn total(&self) -> u64 {
        self.by_code.values().sum()
    }

    /// Attempts older than facts are kept.
    pub(super) fn beyond_retention(&self) -> u64 {
        self.count(BEYOND_RETENTION)
    }

    fn count(&self, code: &str) -> u64 {
        self.by_code.get(code).copied().unwrap_or(0)
    }

    fn broken(&self) -> u64 {
        self.total() - self.count(COUNTS) - self.beyond_retention()
    }

    /// Says what was not shown, and completes the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let is_file = self.file.is_some();
        let more = self.broken().saturating_sub(SHOWN_MAX);
        if more > 0 {
            let hint = if is_file {
                ""
            } else {
                "; --rejected FILE writes them all"
            };
            talk(&format!("more lines that are not taken: {more}{hint}"));
        }
        let counts = self.count(COUNTS);
        if counts > 0 {
            talk(&format!(
                "rows of counts, not imported: {counts}; the journal keeps single attempts"
            ));
        }
        match &mut self.file {
            Some(file) => file.flush(),
            None => Ok(()),
        }
    }
}

fn create(path: &Path, input: &Path) -> Result<File, Failure> {
    let same = |a: &Path, b: &Path| {
        let identity = |path: &Path| {
            let metadata = path.metadata().ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        identity(a).is_some_and(|a| identity(b) == Some(a))
    };
    if same(path, input) {
        return Err(
            Failure::new("--rejected: this is the file that is imported")
                .hint("choose another file"),
        );
    }
    File::create(path).map_err(|error| {
        let shown = escape_hidden(&path.display().to_string());
        Failure::new(format!("--rejected: can't write {shown}: {error}"))
    })
}
