//! Looking attempts up.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::attempt::story::{ANSWER_DEADLINE, Outcome, Phase};

use super::super::{Store, StoreError};
use super::rows::{AttemptRow, chunked, decode_event};

/// The most attempts of one page.
pub const LIMIT_MAX: u32 = 500;

/// Which attempts are wanted: those that all of it holds for.
#[derive(Debug, Clone, Default)]
pub struct AttemptFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    pub meeting: Option<i64>,
    pub outcome: Option<Outcome>,
    pub code: Option<String>,
    pub participant: Option<String>,
    /// Names and values of dimensions.
    pub dims: Vec<(String, String)>,
    /// Older than this attempt: where the page before ended.
    pub before: Option<AttemptId>,
}

/// Attempts, newest first.
#[derive(Debug)]
pub struct AttemptPage {
    pub attempts: Vec<AttemptRow>,
    /// Where the next page begins; `None` if there is none.
    pub next: Option<AttemptId>,
}

enum Bound {
    Bytes(Vec<u8>),
    Number(i64),
    Text(String),
}

impl Store {
    /// A page of attempts, newest first, with their outcomes as of `now`.
    pub async fn attempts(
        &self,
        filter: &AttemptFilter,
        limit: u32,
        now: Timestamp,
    ) -> Result<AttemptPage, StoreError> {
        let limit = limit.clamp(1, LIMIT_MAX);
        let (conditions, bounds) = self.conditions(filter, now);
        let sql = format!(
            "SELECT * FROM attempts WHERE {} ORDER BY id DESC LIMIT {}",
            conditions.join(" AND "),
            limit + 1
        );
        // Made of the conditions below, which hold no value, and of a number.
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for bound in bounds {
            query = match bound {
                Bound::Bytes(bytes) => query.bind(bytes),
                Bound::Number(number) => query.bind(number),
                Bound::Text(text) => query.bind(text),
            };
        }
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = query.fetch_all(&self.reader).await.map_err(fault)?;
        let mut attempts = rows
            .iter()
            .map(AttemptRow::decode)
            .collect::<Result<Vec<_>, _>>()
            .map_err(fault)?;
        let has_more = attempts.len() > limit as usize;
        attempts.truncate(limit as usize);
        Ok(AttemptPage {
            next: attempts.last().filter(|_| has_more).map(|row| row.id),
            attempts,
        })
    }

    /// All that is known of an attempt; no events if it is unknown.
    pub async fn events(&self, id: AttemptId) -> Result<Vec<Event>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM events WHERE attempt = $1 ORDER BY received_at, source, id")
                .bind(id.to_bytes().to_vec())
                .fetch_all(&self.reader)
                .await
                .map_err(|error| self.fault(&error))?;
        rows.iter()
            .map(decode_event)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(&error))
    }

    /// The rows of these attempts, as far as they are known.
    pub async fn attempt_rows(&self, ids: &[AttemptId]) -> Result<Vec<AttemptRow>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let mut found = Vec::new();
        let mut connection = self.reader.acquire().await.map_err(fault)?;
        let select = "SELECT * FROM attempts WHERE id IN (";
        for (chunk, sql) in chunked(&connection, ids, 1, select, ")") {
            let mut query = sqlx::query(sql);
            for id in chunk {
                query = query.bind(id.to_bytes().to_vec());
            }
            for row in query.fetch_all(&mut *connection).await.map_err(fault)? {
                found.push(AttemptRow::decode(&row).map_err(fault)?);
            }
        }
        Ok(found)
    }

    fn conditions(&self, filter: &AttemptFilter, now: Timestamp) -> (Vec<String>, Vec<Bound>) {
        let mut conditions = vec!["phase <> 0".to_owned()];
        let mut bounds = Vec::new();
        let mut must = |condition: &str, bound: Bound| {
            bounds.push(bound);
            conditions.push(condition.replace('?', &format!("${}", bounds.len())));
        };
        let start_of = |at| Bound::Bytes(AttemptId::first_of(at).to_bytes().to_vec());
        if let Some(from) = filter.from {
            must("id >= ?", start_of(from));
        }
        if let Some(to) = filter.to {
            must("id < ?", start_of(to));
        }
        if let Some(before) = filter.before {
            must("id < ?", Bound::Bytes(before.to_bytes().to_vec()));
        }
        if let Some(meeting) = filter.meeting {
            must("meeting = ?", Bound::Number(meeting));
        }
        if let Some(code) = &filter.code {
            must("code = ?", Bound::Text(code.clone()));
        }
        if let Some(participant) = &filter.participant {
            must("participant = ?", Bound::Text(participant.clone()));
        }
        // A dimension's value is looked for as it stands in the row's JSON: `{"a":"x","b":"y"}`.
        for (name, value) in &filter.dims {
            let entry = serde_json::json!({ name: value }).to_string();
            let entry = entry
                .trim_start_matches('{')
                .trim_end_matches('}')
                .to_owned();
            let contains = self
                .place
                .either("instr(dims, ?) > 0", "position(? in dims) > 0");
            must(contains, Bound::Text(entry));
        }
        if let Some(outcome) = filter.outcome {
            conditions.push(of_outcome(outcome, now));
        }
        (conditions, bounds)
    }
}

/// The condition on a row for its outcome as of `now`: [`Phase::outcome`] in SQL.
fn of_outcome(outcome: Outcome, now: Timestamp) -> String {
    let deadline = (now - ANSWER_DEADLINE).as_microsecond();
    let [minted, loaded, called] = [Phase::Minted, Phase::Loaded, Phase::Called].map(Phase::number);
    match outcome {
        Outcome::Joined => format!("phase = {}", Phase::Joined.number()),
        Outcome::Failed => format!("phase = {}", Phase::Failed.number()),
        Outcome::Waiting => format!("phase = {}", Phase::Waiting.number()),
        Outcome::Pending => {
            format!("phase IN ({minted}, {loaded}, {called}) AND since > {deadline}")
        }
        Outcome::Unanswered => format!(
            "(phase = {} OR phase = {called} AND since <= {deadline})",
            Phase::Silent.number()
        ),
        Outcome::Unobserved => {
            format!("phase IN ({minted}, {loaded}) AND since <= {deadline}")
        }
    }
}
