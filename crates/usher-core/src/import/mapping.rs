//! Which column is what.

use std::collections::HashSet;
use std::fmt;

use super::field::{Field, Sensitive, dimension_name, sensitive, simplified};
use super::overrides::{Asked, MapRefusal, Overrides, quoted};

/// What every column of a table, or every key of an object, is taken for.
///
/// Guessed from the names, overridden by [`Overrides`], and shown (`Display`) before anything is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<Column>,
}

/// One column and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// What it is taken for.
    pub target: Target,
    /// Who says so.
    pub origin: Origin,
}

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A field of the schema.
    Field(Field),
    /// A dimension of that name.
    Dimension(String),
    /// It is not read.
    Nothing(Why),
}

/// Why a column is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// `--map ignore=COLUMN`.
    Asked,
    /// By its name it holds a secret.
    Secret,
    /// By its name it holds somebody's name or address.
    Personal,
    /// It has no name.
    Nameless,
}

/// Who says what a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It bears the schema's own name, or is a dimension because it is nothing else.
    Named,
    /// Its name is a known spelling.
    Guessed,
    /// `--map`.
    Asked,
}

impl Mapping {
    /// For a table with these columns. Refused: a column twice, an override of a column that is not there, and a table without a time.
    pub fn of_table(columns: &[&str], overrides: &Overrides) -> Result<Self, MapRefusal> {
        let owned = || columns.iter().map(|name| (*name).to_owned()).collect();
        let mut names = HashSet::new();
        for column in columns.iter().filter(|name| !name.is_empty()) {
            if !names.insert(*column) {
                return Err(MapRefusal::SameColumnTwice((*column).to_owned()));
            }
        }
        if let Some(column) = overrides.columns().find(|name| !names.contains(name)) {
            return Err(MapRefusal::UnknownColumn {
                column: column.to_owned(),
                columns: owned(),
            });
        }
        let mapping = Self::of_object(columns.iter().copied(), overrides);
        if mapping.has(Field::At) {
            Ok(mapping)
        } else {
            Err(MapRefusal::NoTime(owned()))
        }
    }

    /// For an object with these keys. Objects of one file differ in their keys, so what is missing is each row's to say.
    pub fn of_object<'a>(keys: impl IntoIterator<Item = &'a str>, overrides: &Overrides) -> Self {
        let mut columns: Vec<Column> = keys
            .into_iter()
            .map(|name| Column::unguessed(name, overrides))
            .collect();
        let spellings: Vec<String> = columns.iter().map(|c| simplified(&c.name)).collect();
        for field in Field::ALL {
            if overrides.name(field) {
                continue;
            }
            let is_free = |index: &usize| columns[*index].origin != Origin::Asked;
            let guess = field.spellings().iter().find_map(|spelling| {
                let is_it = |index: &usize| spellings[*index] == *spelling && is_free(index);
                (0..columns.len()).find(is_it)
            });
            if let Some(index) = guess {
                columns[index].guess(field);
            }
        }
        Self { columns }
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether it is the mapping of exactly these columns.
    pub fn is_of<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> bool {
        self.columns.iter().map(|c| c.name.as_str()).eq(columns)
    }

    /// Whether a column is that field.
    pub fn has(&self, field: Field) -> bool {
        self.columns
            .iter()
            .any(|column| column.target == Target::Field(field))
    }
}

impl Column {
    fn unguessed(name: &str, overrides: &Overrides) -> Self {
        let (target, origin) = match overrides.for_column(name) {
            Some(Asked::Field(field)) => (Target::Field(*field), Origin::Asked),
            Some(Asked::Dimension(to)) => (Target::Dimension(to.clone()), Origin::Asked),
            Some(Asked::Ignore) => (Target::Nothing(Why::Asked), Origin::Asked),
            None => (without_override(name), Origin::Named),
        };
        Self {
            name: name.to_owned(),
            target,
            origin,
        }
    }

    fn guess(&mut self, field: Field) {
        self.target = Target::Field(field);
        if self.name != field.name() {
            self.origin = Origin::Guessed;
        }
    }
}

fn without_override(name: &str) -> Target {
    if name.trim().is_empty() {
        return Target::Nothing(Why::Nameless);
    }
    match sensitive(name) {
        Some(Sensitive::Secret) => Target::Nothing(Why::Secret),
        Some(Sensitive::Personal) => Target::Nothing(Why::Personal),
        None => Target::Dimension(dimension_name(name).to_owned()),
    }
}

/// A line for each column: `min -> at (guessed)`.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for column in &self.columns {
            writeln!(f, "{column}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> ", quoted(&self.name))?;
        match &self.target {
            Target::Field(field) => f.write_str(field.name())?,
            Target::Dimension(name) => write!(f, "dimension {}", quoted(name))?,
            Target::Nothing(Why::Asked) => f.write_str("not read")?,
            Target::Nothing(Why::Secret) => f.write_str("not read: its name says a secret")?,
            Target::Nothing(Why::Personal) => {
                f.write_str("not read: its name says somebody's name or address")?;
            }
            Target::Nothing(Why::Nameless) => f.write_str("not read: it has no name")?,
        }
        f.write_str(match self.origin {
            Origin::Named => "",
            Origin::Guessed => " (guessed)",
            Origin::Asked => " (--map)",
        })
    }
}
