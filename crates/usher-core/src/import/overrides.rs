//! `--map`: what the user says of columns, instead of a guess.

use std::fmt;

use thiserror::Error;

use super::field::{Field, simplified};
use crate::text::escape_hidden;

/// What `--map` asks for: `at=min,attempts=cnt,dim.tenant=customer,ignore=comment`.
///
/// A name beside a column: a field, `dim.NAME` for a dimension, or `ignore`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    asked: Vec<(Asked, String)>,
}

/// What a column is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Field(Field),
    Dimension(String),
    Ignore,
}

/// Why `--map`, or the header of a table, can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapRefusal {
    /// Not `NAME=COLUMN`.
    #[error("--map holds {}, which is not NAME=COLUMN; write for instance at=min,attempts=cnt", quoted(.0))]
    NotAPair(String),
    /// The name is no field.
    #[error("--map knows no field {}; {}", quoted(.name), suggestion(*.meant))]
    UnknownField {
        /// As written.
        name: String,
        /// The field that was probably meant.
        meant: Option<Field>,
    },
    /// Two columns for one name.
    #[error("--map gives {} twice; one column can be it", quoted(.0))]
    NameTwice(String),
    /// Two names for one column.
    #[error("--map uses the column {} twice; a column can be one thing", quoted(.0))]
    ColumnTwice(String),
    /// The table has no such column.
    #[error("--map names the column {}, which the file does not have; its columns are {}", quoted(.column), Listed(.columns))]
    UnknownColumn {
        /// As written.
        column: String,
        /// Those there are.
        columns: Vec<String>,
    },
    /// The table has a column twice, so that nobody knows which is meant.
    #[error("the file has two columns {}; rename one", quoted(.0))]
    SameColumnTwice(String),
    /// Nothing looks like a time.
    #[error("no column looks like a time; name it with --map at=COLUMN, of {}", Listed(.0))]
    NoTime(Vec<String>),
}

impl Overrides {
    /// Reads `NAME=COLUMN[,NAME=COLUMN…]`. A column's name may hold `=`, but no comma.
    pub fn parse(text: &str) -> Result<Self, MapRefusal> {
        let mut overrides = Self::default();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let not_a_pair = || MapRefusal::NotAPair(pair.trim().to_owned());
            let (name, column) = pair.split_once('=').ok_or_else(not_a_pair)?;
            let (name, column) = (name.trim(), column.trim());
            if name.is_empty() || column.is_empty() {
                return Err(not_a_pair());
            }
            overrides.add(asked(name)?, name, column)?;
        }
        Ok(overrides)
    }

    fn add(&mut self, asked: Asked, name: &str, column: &str) -> Result<(), MapRefusal> {
        if asked != Asked::Ignore && self.asked.iter().any(|(other, _)| *other == asked) {
            return Err(MapRefusal::NameTwice(name.to_owned()));
        }
        if self.for_column(column).is_some() {
            return Err(MapRefusal::ColumnTwice(column.to_owned()));
        }
        self.asked.push((asked, column.to_owned()));
        Ok(())
    }

    /// What a column is asked to be.
    pub(super) fn for_column(&self, column: &str) -> Option<&Asked> {
        self.asked
            .iter()
            .find(|(_, name)| name == column)
            .map(|(asked, _)| asked)
    }

    /// Whether a field is spoken for, so that no column is guessed to be it.
    pub(super) fn name(&self, field: Field) -> bool {
        self.asked
            .iter()
            .any(|(asked, _)| *asked == Asked::Field(field))
    }

    /// The columns that are named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(|(_, column)| column.as_str())
    }
}

fn asked(name: &str) -> Result<Asked, MapRefusal> {
    if name == "ignore" {
        return Ok(Asked::Ignore);
    }
    if let Some(dimension) = name.strip_prefix("dim.").filter(|rest| !rest.is_empty()) {
        return Ok(Asked::Dimension(dimension.to_owned()));
    }
    Field::from_name(name)
        .map(Asked::Field)
        .ok_or_else(|| MapRefusal::UnknownField {
            name: name.to_owned(),
            meant: meant(name),
        })
}

/// The field that a wrong name probably means: another spelling of it, or one with up to two slips of the pen.
fn meant(name: &str) -> Option<Field> {
    let name = simplified(name);
    let slips = |field: &Field| edit_distance(&name, &simplified(field.name()));
    Field::ALL
        .into_iter()
        .find(|field| field.spellings().contains(&name.as_str()))
        .or_else(|| {
            Field::ALL
                .into_iter()
                .filter(|field| slips(field) <= 2 && slips(field) * 2 < name.len())
                .min_by_key(slips)
        })
}

/// Levenshtein's distance, for names of a few letters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn suggestion(meant: Option<Field>) -> String {
    match meant {
        Some(field) => format!("did you mean {}?", field.name()),
        None => format!(
            "the names are {}, dim.NAME and ignore",
            Field::ALL.map(Field::name).join(", ")
        ),
    }
}

/// A name for people, short and without characters that a terminal obeys.
pub(super) fn quoted(name: &str) -> String {
    let shown = escape_hidden(name);
    if shown.chars().count() <= 60 {
        return format!("`{shown}`");
    }
    let start: String = shown.chars().take(59).collect();
    format!("`{start}…`")
}

struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let names: Vec<String> = self.0.iter().take(SHOWN).map(|name| quoted(name)).collect();
        f.write_str(&names.join(", "))?;
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}
