//! CSV: records of a table, quoted line breaks included.
//!
//! `csv-core`, the parser inside the `csv` crate, rather than that crate's reader: a quote that is never closed would make the reader take
//! the rest of a 4 GB file for one cell, and there would be no way back to the lines after it.

use std::io;
use std::str;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use usher_core::import::{LINE_MAX_BYTES, RowRefusal};

use super::window::Window;

pub(super) struct Table {
    parser: Reader,
    /// How many cells a row has; `None` before the header.
    width: Option<usize>,
    cells: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

/// How the reading of one record went.
enum Extent {
    /// So many bytes.
    Whole(usize),
    TooLong,
    Unclosed,
}

impl Table {
    /// A table whose cells are parted as its first line shows: by comma, semicolon, tab or bar.
    pub(super) fn new(first_line: &[u8]) -> Self {
        let mut outside_quotes: Vec<u8> = Vec::with_capacity(first_line.len());
        for part in first_line.split(|byte| *byte == b'"').step_by(2) {
            outside_quotes.extend_from_slice(part);
        }
        let uses = |mark: &u8| {
            outside_quotes
                .iter()
                .map(|byte| usize::from(byte == mark))
                .sum::<usize>()
        };
        // Of equals `max_by_key` takes the last: the comma.
        let delimiter = *b"|\t;,"
            .iter()
            .max_by_key(|mark| uses(mark))
            .unwrap_or(&b',');
        Self {
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            width: None,
            cells: vec![0; 4096],
            ends: vec![0; 64],
            count: 0,
        }
    }

    /// The cells of the next record, whose number of cells all later ones must have if it is the first. `None` at the end.
    ///
    /// A record that spans lines and is wrong probably has a stray quote: only its first line is given up, and the next is read anew.
    pub(super) fn record(
        &mut self,
        window: &mut Window,
    ) -> io::Result<Option<Result<Vec<&str>, RowRefusal>>> {
        window.skip_blank()?;
        if window.unread().is_empty() {
            return Ok(None);
        }
        let refusal = match self.parse(window)? {
            Extent::Whole(length) => {
                let width = *self.width.get_or_insert(self.count);
                let spans_lines = window.unread()[..length.saturating_sub(1)].contains(&b'\n');
                if self.count == width || !spans_lines {
                    window.take(length);
                    return Ok(Some(self.whole(width)));
                }
                wrong_width(self.count, width)
            }
            Extent::TooLong => RowRefusal::of_line(
                "line_too_long",
                "the row is longer than 1 MiB; is a quote in it not closed?",
            ),
            Extent::Unclosed => RowRefusal::of_line(
                "unclosed_quote",
                "a quote is opened in this line and never closed",
            ),
        };
        window.skip_line()?;
        Ok(Some(Err(refusal)))
    }

    fn whole(&self, width: usize) -> Result<Vec<&str>, RowRefusal> {
        if self.count != width {
            return Err(wrong_width(self.count, width));
        }
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts
            .zip(&self.ends[..self.count])
            .map(|(start, end)| str::from_utf8(&self.cells[start..*end]).map_err(|_| not_utf8()))
            .collect()
    }

    /// Parses one record without using it up.
    fn parse(&mut self, window: &mut Window) -> io::Result<Extent> {
        self.parser.reset();
        let (mut used, mut written) = (0, 0);
        self.count = 0;
        let mut is_at_end = false;
        loop {
            // At the end a line break of our own ends a record whose last line has none, unless a quote is open.
            let input = if is_at_end {
                b"\n"
            } else {
                &window.unread()[used..]
            };
            let (result, read, wrote, ended) = self.parser.read_record(
                input,
                &mut self.cells[written..],
                &mut self.ends[self.count..],
            );
            if !is_at_end {
                used += read;
            }
            written += wrote;
            self.count += ended;
            match result {
                ReadRecordResult::Record if used > LINE_MAX_BYTES => return Ok(Extent::TooLong),
                ReadRecordResult::Record => return Ok(Extent::Whole(used)),
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if used > LINE_MAX_BYTES => {
                    return Ok(Extent::TooLong);
                }
                ReadRecordResult::InputEmpty if is_at_end => return Ok(Extent::Unclosed),
                ReadRecordResult::InputEmpty => is_at_end = !window.more()?,
                ReadRecordResult::End => return Ok(Extent::Unclosed),
            }
        }
    }
}

fn wrong_width(count: usize, width: usize) -> RowRefusal {
    RowRefusal::of_line(
        "wrong_number_of_cells",
        format!(
            "the row has {count} cells and the header {width}; is a quote or delimiter in it wrong?"
        ),
    )
}

pub(super) fn not_utf8() -> RowRefusal {
    RowRefusal::of_line(
        "not_utf8",
        "the line is not UTF-8; convert the file first, e.g. with iconv -f SHIFT_JIS -t UTF-8",
    )
}
