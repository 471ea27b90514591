//! Files of attempts: CSV or JSON lines, of any size, in constant memory.
//!
//! What a line means is [`usher_core::import`]'s to say; here files are told apart and split into lines, and every line that can't be used
//! is reported with its number and reason while the rest goes on.

mod object;
mod table;
mod window;
mod zone;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};
use usher_core::import::{
    Cell, ContentDigest, MapRefusal, Mapping, Occurrences, Options, Overrides, Row, RowRefusal, row,
};

pub use zone::{UnknownZone, zone};

use object::object;
use table::Table;
use window::{NextLine, Window};

/// The rows of a file, one after the other.
///
/// An error of the iterator is the reading's own, and the last item.
pub struct Rows {
    window: Window,
    format: Format,
    mapping: Option<Mapping>,
    overrides: Overrides,
    unseen: Vec<String>,
    options: Options,
    occurrences: Occurrences,
    total_bytes: Option<u64>,
    is_over: bool,
}

enum Format {
    JsonLines,
    Table(Box<Table>),
}

/// One line, or record of a table.
#[derive(Debug)]
pub struct Line {
    /// The number of its first line in the file, from 1.
    pub number: u64,
    /// How much of the file was read with it.
    pub bytes_read: u64,
    /// What it says, or why it can't be used.
    pub row: Result<Imported, RowRefusal>,
}

/// A row and the identity by which it is known when the file is imported again.
#[derive(Debug)]
pub struct Imported {
    /// What the line says.
    pub row: Row,
    /// [`ContentDigest::identity`], rows that say the same being counted.
    pub identity: u128,
}

/// Why a file can't be read as attempts at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system says so.
    #[error("can't read it: {0}")]
    Io(#[from] io::Error),
    /// By its first bytes it is something else.
    #[error("{0}")]
    Other(&'static str),
    /// The header can't be read.
    #[error("the header can't be read: {0}")]
    Header(RowRefusal),
    /// The columns can't be mapped.
    #[error(transparent)]
    Map(#[from] MapRefusal),
}

/// Opens a file, or standard input for `-`.
pub fn open(path: &Path, overrides: Overrides, options: Options) -> Result<Rows, Unreadable> {
    if path == Path::new("-") {
        return read(Box::new(io::stdin()), None, overrides, options);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let total_bytes = metadata.is_file().then_some(metadata.len());
    read(Box::new(file), total_bytes, overrides, options)
}

/// Reads a stream: finds out its format, and of a table the columns.
pub fn read(
    input: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
    overrides: Overrides,
    options: Options,
) -> Result<Rows, Unreadable> {
    let mut window = Window::new(input);
    // Pipes give little at a time: a few bytes to know what it is, and the first line to know the delimiter.
    while window.unread().len() < 4 && window.more()? {}
    if let Some(what) = foreign(window.unread()) {
        return Err(Unreadable::Other(what));
    }
    if window.unread().starts_with(b"\xef\xbb\xbf") {
        window.take(3);
    }
    window.skip_blank()?;
    let mut rows = Rows {
        window,
        format: Format::JsonLines,
        mapping: None,
        unseen: overrides.columns().map(str::to_owned).collect(),
        overrides,
        options,
        occurrences: Occurrences::default(),
        total_bytes,
        is_over: false,
    };
    let first = rows.window.next_line()?;
    let line = match first {
        Some(NextLine::Text { text, .. }) => &rows.window.unread()[..text],
        _ => rows.window.unread(),
    };
    match line.trim_ascii_start().first() {
        None | Some(b'{') => {}
        Some(b'[') => {
            return Err(Unreadable::Other(
                "it is a JSON array, not JSON lines; convert it first, e.g. with jq -c '.[]'",
            ));
        }
        Some(_) => {
            let table = Table::new(line);
            rows.begin_table(table)?;
        }
    }
    Ok(rows)
}

/// What a file is that can't be attempts, by its first bytes.
fn foreign(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x1f, 0x8b, ..] => {
            Some("it is compressed; unpack it on the way: zcat FILE | usher import -")
        }
        [b'P', b'K', 3, 4, ..] => {
            Some("it is a zip file or an Excel workbook; save the sheet as CSV UTF-8")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            Some("it is UTF-16; convert it first, e.g. with iconv -f UTF-16 -t UTF-8")
        }
        _ => None,
    }
}

impl Rows {
    /// What the columns are taken for: of a table at once, of JSON lines after the first, for the line that was read last.
    pub fn mapping(&self) -> Option<&Mapping> {
        self.mapping.as_ref()
    }

    /// The size of the file, where it is one.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Columns that `--map` names and no line has had yet: at the end, probably a slip of the pen.
    pub fn unseen_columns(&self) -> &[String] {
        &self.unseen
    }

    fn begin_table(&mut self, mut table: Table) -> Result<(), Unreadable> {
        if let Some(header) = table.record(&mut self.window)? {
            let header = header.map_err(Unreadable::Header)?;
            let columns: Vec<&str> = header.iter().map(|name| name.trim()).collect();
            self.mapping = Some(Mapping::of_table(&columns, &self.overrides)?);
            self.unseen.clear();
        }
        self.format = Format::Table(Box::new(table));
        Ok(())
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        self.window.skip_blank()?;
        let number = self.window.line();
        let row = match &mut self.format {
            Format::JsonLines => self.json_line()?,
            Format::Table(table) => table.record(&mut self.window)?.map(|cells| {
                let cells = cells?;
                let mapping = self.mapping.as_ref().ok_or_else(no_columns)?;
                row(cells.into_iter().map(Cell::Text), mapping, &self.options)
            }),
        };
        Ok(row.map(|row| Line {
            number,
            bytes_read: self.window.taken(),
            row: row.map(|row| self.identified(row)),
        }))
    }

    fn identified(&mut self, row: Row) -> Imported {
        let content = ContentDigest::of(&row);
        let identity = content.identity(self.occurrences.next(content));
        Imported { row, identity }
    }

    fn json_line(&mut self) -> io::Result<Option<Result<Row, RowRefusal>>> {
        let (text, whole) = match self.window.next_line()? {
            None => return Ok(None),
            Some(NextLine::Text { text, whole }) => (text, whole),
            Some(NextLine::TooLong) => {
                self.window.skip_line()?;
                let message = "the line is longer than 1 MiB";
                return Ok(Some(Err(RowRefusal::of_line("line_too_long", message))));
            }
        };
        let object = object(&self.window.unread()[..text]);
        self.window.take(whole);
        Ok(Some(object.and_then(|object| self.object_row(&object))))
    }

    fn object_row(&mut self, object: &Map<String, Value>) -> Result<Row, RowRefusal> {
        let keys = || object.keys().map(String::as_str);
        if !self.mapping.as_ref().is_some_and(|last| last.is_of(keys())) {
            self.unseen.retain(|column| !object.contains_key(column));
            self.mapping = Some(Mapping::of_object(keys(), &self.overrides));
        }
        let mapping = self.mapping.as_ref().ok_or_else(no_columns)?;
        row(object.values().map(Cell::Json), mapping, &self.options)
    }
}

impl Iterator for Rows {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.next_line().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("mapping", &self.mapping)
            .field("line", &self.window.line())
            .finish_non_exhaustive()
    }
}

fn no_columns() -> RowRefusal {
    RowRefusal::of_line("no_columns", "the file has no columns")
}
