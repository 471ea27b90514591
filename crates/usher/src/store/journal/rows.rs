//! Attempts and events as rows, and statements for many rows at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind, Source};
use usher_core::attempt::origin::PasscodeFrom;
use usher_core::attempt::story::{Confirmation, Phase, Story};

use super::super::timestamp;
use super::counts::Folded;

/// Rows of one statement: more would bring near SQLite's 32,766 and PostgreSQL's 65,535 parameters, and gains nothing.
const CHUNK_MAX: usize = 128;
const CHUNK_STEP: usize = 8;

/// An attempt as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub id: AttemptId,
    pub meeting: Option<i64>,
    pub participant: Option<String>,
    pub phase: Phase,
    pub since: Timestamp,
    /// Of the error that it ended with.
    pub code: Option<String>,
    pub reason: Option<String>,
    pub passcode_from: Option<PasscodeFrom>,
    pub confirmation: Confirmation,
    pub dims: BTreeMap<String, String>,
    /// Dimensions that are not counted by their value.
    pub(super) folded: BTreeMap<String, Folded>,
}

impl AttemptRow {
    pub fn of(id: AttemptId, story: &Story<'_>) -> Self {
        let failure = story.final_failure();
        let dims = story.dimensions().into_iter();
        Self {
            id,
            meeting: story
                .origin
                .and_then(|origin| origin.meeting_number)
                .map(|number| number.as_u64().cast_signed()),
            participant: story.participant.map(str::to_owned),
            phase: story.phase,
            since: story.since,
            code: failure.and_then(|failure| failure.code.clone()),
            reason: failure.and_then(|failure| failure.reason.clone()),
            passcode_from: story.origin.and_then(|origin| origin.passcode_from),
            confirmation: story.confirmation,
            dims: dims
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            folded: BTreeMap::new(),
        }
    }

    pub(super) fn decode(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: attempt_id(row, "id")?,
            meeting: row.try_get("meeting")?,
            participant: row.try_get("participant")?,
            phase: word(Phase::of_number, row.try_get("phase")?)?,
            since: timestamp(row.try_get("since")?)?,
            code: row.try_get("code")?,
            reason: row.try_get("reason")?,
            passcode_from: row
                .try_get::<Option<&str>, _>("passcode_from")?
                .and_then(PasscodeFrom::parse),
            confirmation: word(Confirmation::of_number, row.try_get("confirmation")?)?,
            dims: json(row.try_get("dims")?)?,
            folded: row
                .try_get::<Option<&str>, _>("folded")?
                .map_or(Ok(BTreeMap::new()), json)?,
        })
    }
}

pub(super) fn decode_event(row: &AnyRow) -> Result<Event, sqlx::Error> {
    let personal: Option<&str> = row.try_get("personal")?;
    Ok(Event {
        attempt: attempt_id(row, "attempt")?,
        source: word(Source::of_number, row.try_get("source")?)?,
        id: row.try_get("id")?,
        kind: word(Kind::of_number, row.try_get("kind")?)?,
        at: timestamp(row.try_get("at")?)?,
        received_at: timestamp(row.try_get("received_at")?)?,
        facts: json(row.try_get("facts")?)?,
        personal: personal.map(json).transpose()?.unwrap_or_default(),
    })
}

pub(in super::super) fn attempt_id(row: &AnyRow, column: &str) -> Result<AttemptId, sqlx::Error> {
    let bytes = row.try_get::<&[u8], _>(column)?;
    let bytes = bytes
        .try_into()
        .map_err(|_| broken("an attempt's id is cut"))?;
    Ok(AttemptId::from_bytes(bytes))
}

fn word<T>(of_number: fn(i64) -> Option<T>, number: i64) -> Result<T, sqlx::Error> {
    of_number(number).ok_or_else(|| broken("a number stands for no word that this version knows"))
}

fn json<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(in super::super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn broken(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

pub(super) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

/// How a statement names its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameters {
    /// `$1`, the only way of PostgreSQL.
    Numbered,
    /// `?`. To SQLite, `$1` is a name, and sqlx looks each one up by a walk over all names.
    InOrder,
}

impl Parameters {
    fn of(connection: &AnyConnection) -> Self {
        if connection.backend_name() == <sqlx::Sqlite as sqlx::Database>::NAME {
            Self::InOrder
        } else {
            Self::Numbered
        }
    }
}

/// One statement per chunk of rows: `before ($1, $2), ($3, $4) after`, or `before $1, $2 after` if `columns` is 1.
pub(in super::super) fn chunked<'r, 's, T>(
    connection: &AnyConnection,
    rows: &'r [T],
    columns: usize,
    before: &'s str,
    after: &'s str,
) -> impl Iterator<Item = (&'r [T], AssertSqlSafe<String>)> + use<'r, 's, T> {
    let parameters = Parameters::of(connection);
    let mut rest = rows;
    std::iter::from_fn(move || {
        let (chunk, others) = rest.split_at(chunk_size(rest.len()));
        rest = others;
        // Nothing but parameters is put together here.
        let sql = || AssertSqlSafe(statement(parameters, chunk.len(), columns, before, after));
        (!chunk.is_empty()).then(|| (chunk, sql()))
    })
}

/// Few statements, and few different ones, because they stay prepared: a multiple of [`CHUNK_STEP`], then what is left.
fn chunk_size(rows: usize) -> usize {
    if rows < CHUNK_STEP {
        rows
    } else {
        (rows / CHUNK_STEP * CHUNK_STEP).min(CHUNK_MAX)
    }
}

fn statement(
    parameters: Parameters,
    rows: usize,
    columns: usize,
    before: &str,
    after: &str,
) -> String {
    let mut sql = String::with_capacity(before.len() + after.len() + rows * columns * 7);
    sql.push_str(before);
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { " " } else { ", " });
        if columns > 1 {
            sql.push('(');
        }
        for column in 0..columns {
            number += 1;
            sql.push_str(if column == 0 { "" } else { ", " });
            let _ = match parameters {
                Parameters::Numbered => write!(sql, "${number}"),
                Parameters::InOrder => sql.write_char('?'),
            };
        }
        if columns > 1 {
            sql.push(')');
        }
    }
    sql.push(' ');
    sql.push_str(after);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_become_few_different_statements() {
        let mut sizes = Vec::new();
        let mut rest = 283;
        while rest > 0 {
            sizes.push(chunk_size(rest));
            rest -= chunk_size(rest);
        }
        assert_eq!(sizes, [128, 128, 24, 3]);
    }

    #[test]
    fn parameters_are_named_as_the_store_knows_them() {
        let insert = |parameters| statement(parameters, 2, 2, "VALUES", "ON CONFLICT DO NOTHING");
        assert_eq!(
            insert(Parameters::Numbered),
            "VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            insert(Parameters::InOrder),
            "VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING"
        );
        let select = statement(Parameters::Numbered, 2, 1, "WHERE id IN (", ")");
        assert_eq!(select, "WHERE id IN ( $1, $2 )");
    }
}
