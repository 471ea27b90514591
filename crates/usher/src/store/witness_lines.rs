//! What the witnesses said, line by line.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;
use usher_core::witness::Line;

use super::journal::FIRST_ID_PREFIX;
use super::{Store, StoreError, Write, timestamp};

/// Lines of one page.
pub const LINES_MAX: u32 = 1000;
/// Rows that one statement deletes, so that no other write waits long.
const EXPIRED_AT_ONCE: i64 = 1000;

/// A line with its name. One that is there already is not written twice, unless it tells how long something went on.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredLine {
    pub id: String,
    pub line: Line,
}

/// Where a page of lines ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlace {
    pub at: Timestamp,
    pub id: String,
}

/// Some lines, and where the next ones begin.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePage {
    pub lines: Vec<StoredLine>,
    pub next: Option<LinePlace>,
}

impl Store {
    /// Keeps lines; says how many were new.
    pub async fn keep_lines(&self, lines: &[StoredLine]) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let kept = self.insert_lines(&mut write, lines).await?;
        self.commit(write).await?;
        Ok(kept)
    }

    pub(super) async fn insert_lines(
        &self,
        write: &mut Write,
        lines: &[StoredLine],
    ) -> Result<u64, StoreError> {
        let mut kept = 0;
        for StoredLine { id, line } in lines {
            let on_conflict = match line {
                Line::Watching(_) => "UPDATE SET line = excluded.line",
                _ => "NOTHING",
            };
            let text = serde_json::to_string(line)
                .map_err(|error| self.fault(&sqlx::Error::Encode(error.into())))?;
            let sql = format!(
                "INSERT INTO witness_lines (id, at, kind, line) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO {on_conflict}"
            );
            let done = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(id)
                .bind(line.at().as_microsecond())
                .bind(line.kind())
                .bind(text)
                .execute(&mut *write.transaction)
                .await
                .map_err(|error| self.write_fault(&error))?;
            kept += done.rows_affected();
        }
        Ok(kept)
    }

    /// Lines of a span, oldest first, of all kinds or of one.
    pub async fn lines(
        &self,
        kind: Option<&str>,
        from: Timestamp,
        to: Timestamp,
        after: Option<&LinePlace>,
        limit: u32,
    ) -> Result<LinePage, StoreError> {
        let of_kind = kind.map_or("", |_| "kind = $5 AND ");
        let sql = format!(
            "SELECT id, at, line FROM witness_lines WHERE {of_kind}at >= $1 AND at < $2 AND (at, id) > ($1, $3) ORDER BY at, id LIMIT $4"
        );
        let start = after.map_or(from, |place| place.at);
        let limit = limit.min(LINES_MAX);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(start.as_microsecond())
            .bind(to.as_microsecond())
            .bind(after.map_or("", |place| place.id.as_str()))
            .bind(i64::from(limit));
        if let Some(kind) = kind {
            query = query.bind(kind);
        }
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = query.fetch_all(&self.scanner).await.map_err(fault)?;
        let lines = rows.iter().map(decode).collect::<Result<Vec<_>, _>>();
        let lines = lines.map_err(fault)?;
        let is_full = lines.len() == limit as usize;
        let last = lines.last().filter(|_| is_full);
        let next = last.map(|(place, _)| place.clone());
        let lines = lines
            .into_iter()
            .map(|(place, line)| StoredLine { id: place.id, line });
        Ok(LinePage {
            lines: lines.collect(),
            next,
        })
    }

    /// The times of watching that had begun before a moment, and had not ended: they are told by the hour.
    pub async fn watching_at(&self, moment: Timestamp) -> Result<Vec<Line>, StoreError> {
        const HOUR: SignedDuration = SignedDuration::from_hours(1);
        let from = moment.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
        let page = self
            .lines(Some("watching"), from, moment, None, LINES_MAX)
            .await?;
        let mut lines: Vec<Line> = page.lines.into_iter().map(|stored| stored.line).collect();
        lines.retain(|line| matches!(line, Line::Watching(watching) if watching.to > moment));
        Ok(lines)
    }

    /// A line by its name.
    pub async fn line(&self, id: &str) -> Result<Option<Line>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let row = sqlx::query("SELECT id, at, line FROM witness_lines WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.reader)
            .await
            .map_err(fault)?;
        let line = row.as_ref().map(decode).transpose().map_err(fault)?;
        Ok(line.map(|(_, line)| line))
    }

    /// The last line of a kind before a moment: what held then.
    pub async fn last_line(
        &self,
        kind: &str,
        before: Timestamp,
    ) -> Result<Option<Line>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let row = sqlx::query(
            "SELECT id, at, line FROM witness_lines WHERE kind = $1 AND at < $2 ORDER BY at DESC, id DESC LIMIT 1",
        )
        .bind(kind)
        .bind(before.as_microsecond())
        .fetch_optional(&self.reader)
        .await
        .map_err(fault)?;
        let line = row.as_ref().map(decode).transpose().map_err(fault)?;
        Ok(line.map(|(_, line)| line))
    }

    /// How many lines there are.
    pub async fn line_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM witness_lines")
            .fetch_one(&self.scanner)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(count.cast_unsigned())
    }

    /// Deletes lines from before a moment; says how many.
    pub async fn expire_witness_lines(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            let done = sqlx::query(
                "DELETE FROM witness_lines WHERE id IN \
                 (SELECT id FROM witness_lines WHERE at < $1 AND id NOT LIKE $3 ORDER BY at LIMIT $2)",
            )
            .bind(before.as_microsecond())
            .bind(EXPIRED_AT_ONCE)
            .bind(format!("{FIRST_ID_PREFIX}%"))
            .execute(&self.writer)
            .await
            .map_err(|error| self.write_fault(&error))?;
            expired += done.rows_affected();
            if done.rows_affected() == 0 {
                return Ok(expired);
            }
        }
    }
}

fn decode(row: &AnyRow) -> Result<(LinePlace, Line), sqlx::Error> {
    let place = LinePlace {
        at: timestamp(row.try_get("at")?)?,
        id: row.try_get("id")?,
    };
    let line = serde_json::from_str(row.try_get("line")?)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok((place, line))
}
