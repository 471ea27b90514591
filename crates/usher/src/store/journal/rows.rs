//! Attempts and events as rows, and statements for many rows at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind, Source};
use usher_core::attempt::origin::PasscodeFrom;
use usher_core::attempt::story::{Confirmation, Phase, Story};

use super::super::timestamp;

/// Rows of one statement. Powers of two from here down, so that few different statements are prepared.
const CHUNK_MAX: usize = 128;

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
    /// Dimensions whose value is counted as "(other)".
    pub(super) folded: Vec<String>,
}

impl AttemptRow {
    pub(super) fn of(id: AttemptId, story: &Story<'_>) -> Self {
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
            folded: Vec::new(),
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
                .map_or(Ok(Vec::new()), json)?,
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

/// One statement per chunk of rows: `before ($1, $2), ($3, $4) after`, or `before ($1, $2) after` if `columns` is 1.
pub(in super::super) fn chunked<'a, T>(
    rows: &'a [T],
    columns: usize,
    before: &str,
    after: &str,
) -> impl Iterator<Item = (&'a [T], AssertSqlSafe<String>)> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut size = CHUNK_MAX;
        while size > rest.len() {
            size /= 2;
        }
        let (chunk, others) = rest.split_at(size);
        rest = others;
        // Nothing but numbers of parameters is put together here.
        Some((
            chunk,
            AssertSqlSafe(statement(size, columns, before, after)),
        ))
    })
}

fn statement(rows: usize, columns: usize, before: &str, after: &str) -> String {
    let mut sql = String::with_capacity(before.len() + after.len() + rows * columns * 5);
    sql.push_str(before);
    let mut parameter = 0;
    for row in 0..rows {
        let separator = if row == 0 { " " } else { ", " };
        sql.push_str(separator);
        if columns > 1 {
            sql.push('(');
        }
        for column in 0..columns {
            parameter += 1;
            let separator = if column == 0 { "" } else { ", " };
            let _ = write!(sql, "{separator}${parameter}");
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
        let rows = [0; 131];
        let statements: Vec<_> = chunked(&rows, 1, "WHERE id IN (", ")")
            .map(|(chunk, sql)| (chunk.len(), sql.0))
            .collect();
        let sizes: Vec<usize> = statements.iter().map(|(size, _)| *size).collect();
        assert_eq!(sizes, [128, 2, 1]);
        assert_eq!(statements[1].1, "WHERE id IN ( $1, $2 )");
        let (_, pairs) = chunked(&rows[..2], 2, "VALUES", "ON CONFLICT DO NOTHING")
            .next()
            .unwrap();
        assert_eq!(pairs.0, "VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
    }
}
