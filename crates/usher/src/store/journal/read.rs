//! Looking attempts up.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::attempt::story::{ANSWER_DEADLINE, Outcome, Phase};

use super::super::{Store, StoreError, postgres, sqlite};
use super::rows::{AnyQuery, AttemptRow, attempt_id, chunked, decode_event};

/// The most attempts of one page.
pub const LIMIT_MAX: u32 = 500;
/// The most attempts that are looked at for one page, because no index leads to those of a dimension's value or an outcome: a tenth of
/// a second's work.
const SCAN_MAX: u32 = 50_000;

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
    /// Newer than this attempt; the page is then oldest first.
    pub after: Option<AttemptId>,
}

/// Attempts, newest first.
#[derive(Debug)]
pub struct AttemptPage {
    pub attempts: Vec<AttemptRow>,
    /// Where the next page begins; `None` if there is none. There may be one after a page that is not full, and even after an empty one:
    /// as many attempts were looked at as one page may cost.
    pub next: Option<AttemptId>,
}

/// Conditions on rows, with what is bound to the `?` of each.
#[derive(Debug, Default)]
struct Conditions(Vec<(String, Option<Bound>)>);

#[derive(Debug, Clone)]
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
        self.read_page(filter, limit.clamp(1, LIMIT_MAX), now)
            .await
            .map_err(|error| self.fault(&error))
    }

    async fn read_page(
        &self,
        filter: &AttemptFilter,
        limit: u32,
        now: Timestamp,
    ) -> Result<AttemptPage, sqlx::Error> {
        let (order, until) = match filter.after {
            None => ("DESC", "id >= ?"),
            Some(_) => ("ASC", "id <= ?"),
        };
        let (mut conditions, others) = self.conditions(filter, now);
        let begin = self.place.either(sqlite::BEGIN_READ, postgres::BEGIN_READ);
        let mut moment = self.scanner.begin_with(begin).await?;
        let mut scanned_to = None;
        if !others.0.is_empty() {
            let sql = conditions.select("id", order, 1, SCAN_MAX - 1);
            let last = conditions.bind(sqlx::query(AssertSqlSafe(sql)));
            let last = last.fetch_optional(&mut *moment).await?;
            scanned_to = last.map(|row| attempt_id(&row, "id")).transpose()?;
        }
        conditions.0.extend(others.0);
        conditions
            .0
            .extend(scanned_to.map(|last| (until.to_owned(), Some(Bound::of(last)))));
        conditions.0.push(("phase <> 0".to_owned(), None));
        let sql = conditions.select("*", order, limit + 1, 0);
        let rows = conditions.bind(sqlx::query(AssertSqlSafe(sql)));
        let rows = rows.fetch_all(&mut *moment).await?;
        let attempts = rows.iter().map(AttemptRow::decode);
        let mut attempts = attempts.collect::<Result<Vec<_>, _>>()?;
        let has_more = attempts.len() > limit as usize;
        attempts.truncate(limit as usize);
        let last = attempts.last().map(|row| row.id);
        Ok(AttemptPage {
            next: if has_more { last } else { scanned_to },
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

    /// The conditions that one index answers, and those that are checked on each attempt it leads to.
    fn conditions(&self, filter: &AttemptFilter, now: Timestamp) -> (Conditions, Conditions) {
        let (mut indexed, mut checked) = (Conditions::default(), Conditions::default());
        let start_of = |at| Bound::of(AttemptId::first_of(at));
        indexed.add("id >= ?", filter.from.map(start_of));
        indexed.add("id < ?", filter.to.map(start_of));
        indexed.add("id < ?", filter.before.map(Bound::of));
        indexed.add("id > ?", filter.after.map(Bound::of));
        let text = |text: &Option<String>| text.clone().map(Bound::Text);
        // Of several, the index that leads to the fewest attempts; the others' can't be used for what is no column.
        let keys = [
            (
                "participant",
                "participant || ''",
                text(&filter.participant),
            ),
            ("meeting", "meeting + 0", filter.meeting.map(Bound::Number)),
            ("code", "code || ''", text(&filter.code)),
        ];
        let mut has_index = false;
        for (column, no_column, bound) in keys.into_iter().filter(|(_, _, bound)| bound.is_some()) {
            if std::mem::replace(&mut has_index, true) {
                checked.add(&format!("{no_column} = ?"), bound);
            } else {
                indexed.add(&format!("{column} = ?"), bound);
            }
        }
        // A dimension's value is looked for as it stands in the row's JSON: `{"a":"x","b":"y"}`.
        for (name, value) in &filter.dims {
            let entry = serde_json::json!({ name: value }).to_string();
            let entry = entry.trim_start_matches('{').trim_end_matches('}');
            let contains = self
                .place
                .either("instr(dims, ?) > 0", "position(? in dims) > 0");
            checked.add(contains, Some(Bound::Text(entry.to_owned())));
        }
        if let Some(outcome) = filter.outcome {
            checked.0.push((of_outcome(outcome, now), None));
        }
        (indexed, checked)
    }
}

impl Bound {
    fn of(id: AttemptId) -> Self {
        Self::Bytes(id.to_bytes().to_vec())
    }
}

impl Conditions {
    /// One more, if there is something to bind to it.
    fn add(&mut self, condition: &str, bound: Option<Bound>) {
        if bound.is_some() {
            self.0.push((condition.to_owned(), bound));
        }
    }

    /// Made of the conditions, which hold no value, and of numbers.
    fn select(&self, columns: &str, order: &str, limit: u32, offset: u32) -> String {
        let mut parameters = 0;
        let conditions = self.0.iter().map(|(condition, bound)| {
            parameters += u32::from(bound.is_some());
            condition.replace('?', &format!("${parameters}"))
        });
        let conditions: Vec<String> = conditions.collect();
        let all = if conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            conditions.join(" AND ")
        };
        format!(
            "SELECT {columns} FROM attempts WHERE {all} ORDER BY id {order} LIMIT {limit} OFFSET {offset}"
        )
    }

    fn bind<'q>(&self, mut query: AnyQuery<'q>) -> AnyQuery<'q> {
        for bound in self.0.iter().filter_map(|(_, bound)| bound.clone()) {
            query = match bound {
                Bound::Bytes(bytes) => query.bind(bytes),
                Bound::Number(number) => query.bind(number),
                Bound::Text(text) => query.bind(text),
            };
        }
        query
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
