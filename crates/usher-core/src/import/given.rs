//! The cells of one line, sorted by what their columns are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field::{Field, dimension_name};
use super::mapping::{Mapping, Target};
use super::overrides::quoted;
use super::refusal::{RowRefusal, holds_token, shown};
use crate::attempt::label::{self, CHARS_MAX, Fault};
use crate::meeting::Role;

/// One value of a line.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// A cell of a table.
    Text(&'a str),
    /// A value of a JSON object.
    Json(&'a Value),
}

impl<'a> Cell<'a> {
    /// The value as text, without the space around it. `None` where it says nothing; `Some(Err)` for an array or object.
    fn text(self) -> Option<Result<Cow<'a, str>, &'a Value>> {
        let text = match self {
            Cell::Text(text) => Cow::Borrowed(text.trim()),
            Cell::Json(Value::Null) => return None,
            Cell::Json(Value::String(text)) => Cow::Borrowed(text.trim()),
            Cell::Json(Value::Bool(is_true)) => {
                Cow::Borrowed(if *is_true { "true" } else { "false" })
            }
            Cell::Json(Value::Number(number)) => Cow::Owned(number.to_string()),
            Cell::Json(value) => return Some(Err(value)),
        };
        // What SQL clients write for a value that is not there.
        let is_absent = text.is_empty() || text.eq_ignore_ascii_case("null") || text == "\\N";
        (!is_absent).then_some(Ok(text))
    }
}

/// A value with the place it came from.
#[derive(Debug, Clone)]
pub(super) struct Given<'a> {
    pub(super) field: Field,
    pub(super) column: &'a str,
    pub(super) text: Cow<'a, str>,
}

impl Given<'_> {
    /// A refusal of this value; `says` follows the value.
    pub(super) fn refuse(&self, code: &'static str, says: &str) -> RowRefusal {
        let value = shown(Some(self.field), self.column, &self.text);
        RowRefusal::of_column(code, self.column, format!("{value} {says}"))
    }

    /// A short text without hidden characters and without a token in it.
    pub(super) fn label(&self) -> Result<String, RowRefusal> {
        check_label(Some(self.field), self.column, &self.text)?;
        Ok(without_zero_fraction(&self.text).to_owned())
    }
}

/// A column and the object in it.
type Object<'a> = (&'a str, Cow<'a, Map<String, Value>>);

/// All that one line gives.
#[derive(Debug)]
pub(super) struct Line<'a> {
    fields: Vec<(Field, &'a str, Cell<'a>)>,
    pub(super) dims: BTreeMap<String, String>,
}

impl<'a> Line<'a> {
    pub(super) fn read(
        cells: impl IntoIterator<Item = Cell<'a>>,
        mapping: &'a Mapping,
        dimensions_max: usize,
    ) -> Result<Self, RowRefusal> {
        let mut line = Self {
            fields: Vec::with_capacity(Field::ALL.len()),
            dims: BTreeMap::new(),
        };
        for (column, cell) in mapping.columns().iter().zip(cells) {
            match &column.target {
                Target::Field(field) => line.fields.push((*field, &column.name, cell)),
                Target::Dimension(name) => line.add_dimension(&column.name, name, cell)?,
                Target::Nothing(_) => {}
            }
        }
        line.add_dims_object()?;
        if line.dims.len() > dimensions_max {
            return Err(RowRefusal::of_line(
                "too_many_dimensions",
                format!(
                    "the row has {} dimensions, more than {dimensions_max}; leave some out with --map ignore=COLUMN",
                    line.dims.len()
                ),
            ));
        }
        Ok(line)
    }

    /// The value of a field as text.
    pub(super) fn get(&self, field: Field) -> Result<Option<Given<'a>>, RowRefusal> {
        let Some((column, cell)) = self.cell(field) else {
            return Ok(None);
        };
        let text = match cell.text() {
            None => return Ok(None),
            Some(Ok(text)) => text,
            // An error object is worth keeping as it is written.
            Some(Err(value)) if field == Field::Reason => Cow::Owned(value.to_string()),
            Some(Err(_)) => {
                return Err(RowRefusal::of_column(
                    "wrong_type",
                    column,
                    "it is an array or object where a text or number belongs",
                ));
            }
        };
        Ok(Some(Given {
            field,
            column,
            text,
        }))
    }

    /// The value of a field that is an object: as such, or as text that holds one.
    pub(super) fn object(&self, field: Field) -> Result<Option<Object<'a>>, RowRefusal> {
        let Some((column, cell)) = self.cell(field) else {
            return Ok(None);
        };
        let object = match cell.text() {
            None => return Ok(None),
            Some(Err(Value::Object(object))) => Some(Cow::Borrowed(object)),
            Some(Err(_)) => None,
            Some(Ok(text)) => serde_json::from_str(&text).ok().map(Cow::Owned),
        };
        match object {
            Some(object) => Ok(Some((column, object))),
            None => Err(RowRefusal::of_column(
                "wrong_type",
                column,
                "it is not a JSON object",
            )),
        }
    }

    /// Whether the line gives the field at all, of whatever type.
    pub(super) fn gives(&self, field: Field) -> bool {
        self.cell(field)
            .is_some_and(|(_, cell)| cell.text().is_some())
    }

    fn cell(&self, field: Field) -> Option<(&'a str, Cell<'a>)> {
        self.fields
            .iter()
            .find(|(of, _, _)| *of == field)
            .map(|(_, column, cell)| (*column, *cell))
    }

    fn add_dims_object(&mut self) -> Result<(), RowRefusal> {
        let Some((column, object)) = self.object(Field::Dims)? else {
            return Ok(());
        };
        for (key, value) in object.as_ref() {
            let column = format!("{column}.{key}");
            if value.is_array() || value.is_object() {
                return Err(RowRefusal::of_column(
                    "wrong_type",
                    &column,
                    "a dimension is a text, not an array or object",
                ));
            }
            self.add_dimension(&column, dimension_name(key), Cell::Json(value))?;
        }
        Ok(())
    }

    /// Arrays and objects of keys that nobody knows are left out: they are no dimensions.
    fn add_dimension(
        &mut self,
        column: &str,
        name: &str,
        cell: Cell<'_>,
    ) -> Result<(), RowRefusal> {
        let Some(Ok(value)) = cell.text() else {
            return Ok(());
        };
        check_name(column, name)?;
        check_label(None, column, &value)?;
        let value = match Role::parse(&value) {
            Ok(role) if name == "role" => role.as_str().to_owned(),
            _ => value.into_owned(),
        };
        match self.dims.insert(name.to_owned(), value.clone()) {
            Some(before) if before != value => Err(RowRefusal::of_column(
                "dimension_twice",
                column,
                format!("the dimension {} has two values", quoted(name)),
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses what a name or short value must not be.
fn check_label(field: Option<Field>, column: &str, text: &str) -> Result<(), RowRefusal> {
    if holds_token(text) {
        return Err(RowRefusal::of_column(
            "token_in_text",
            column,
            "it holds something like a token, which is not kept; name the column with --map token=COLUMN or ignore=COLUMN",
        ));
    }
    let (code, says) = match label::check(text) {
        Ok(()) => return Ok(()),
        Err(Fault::TooLong(chars)) => (
            "too_long",
            format!("has {chars} characters, more than {CHARS_MAX}"),
        ),
        Err(Fault::ForbiddenCharacter) => (
            "forbidden_character",
            "holds a control character or a mark of writing direction".to_owned(),
        ),
    };
    let value = shown(field, column, text);
    Err(RowRefusal::of_column(
        code,
        column,
        format!("{value} {says}"),
    ))
}

/// Refuses what can't name a dimension.
fn check_name(column: &str, name: &str) -> Result<(), RowRefusal> {
    check_label(None, column, name)?;
    if !label::is_reserved(name) {
        return Ok(());
    }
    let message = if name.is_empty() {
        "a dimension has no name; give it one with --map dim.NAME=COLUMN, or leave it out with --map ignore=COLUMN".to_owned()
    } else {
        format!(
            "`{name}` is a field and can't be a dimension; map its column with --map {name}=COLUMN, dim.OTHER=COLUMN or ignore=COLUMN"
        )
    };
    Err(RowRefusal::of_column("reserved_dimension", column, message))
}

/// `3712` of `3712.0`, and `-1` of `-1.0`, which pandas writes for whole numbers in a column with gaps.
pub(super) fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros))
            if !whole.is_empty()
                && !zeros.is_empty()
                && whole
                    .strip_prefix('-')
                    .unwrap_or(whole)
                    .bytes()
                    .all(|b| b.is_ascii_digit())
                && zeros.bytes().all(|b| b == b'0') =>
        {
            whole
        }
        _ => text,
    }
}
