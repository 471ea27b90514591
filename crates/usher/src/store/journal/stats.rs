//! Attempts over time by what became of them, from the counts by minute alone: it costs by the span, not by the attempts in it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;
use usher_core::attempt::story::{ANSWER_DEADLINE, Outcome, Phase};
use usher_core::refusal::Refusal;

use super::super::{Store, StoreError};
use super::counts::{EVERYBODY, OTHER, PHASES, minute};

/// The most steps of one answer: a day by the minute, with room for one that is longer.
const STEPS_MAX: i64 = 1_500;
/// The most rows of one answer, some 3 MB of JSON: this many, less than one step's, are shared out to values.
const ROWS_MAX: i64 = 20_000;
/// The longest span: a year and a month, so that two years' same weeks can be compared. Each minute in it is read.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The lengths of a step: a minute, five, an hour, a day.
const STEPS_S: [i64; 4] = [60, 300, 3_600, 86_400];

/// A span of whole minutes, in steps that begin at its start: whoever wants the days of a time zone starts at its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Minutes since 1970; the second one is not in it.
    from_minute: i64,
    to_minute: i64,
    step_minutes: i64,
}

/// How many attempts, by their outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutcomeCounts {
    pub joined: i64,
    pub failed: i64,
    pub waiting: i64,
    pub pending: i64,
    pub unanswered: i64,
    pub unobserved: i64,
}

/// The attempts of one step that have one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The start of the step.
    pub at: Timestamp,
    /// Empty if the attempts of everybody are counted.
    pub value: String,
    pub counts: OutcomeCounts,
}

/// Attempts over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// In the order of time, then of values. What had no attempts is left out.
    pub series: Vec<Point>,
    /// The whole span by value, the one with the most attempts first.
    pub totals: Vec<(String, OutcomeCounts)>,
}

impl Steps {
    /// The span from `from` to `to`, widened to whole minutes.
    pub fn new(from: Timestamp, to: Timestamp, step_s: i64) -> Result<Self, Refusal> {
        if !STEPS_S.contains(&step_s) {
            return Err(Refusal::new(
                "invalid_step",
                "step_s",
                "There are no steps of this length.",
                "Give 60, 300, 3600 or 86400.",
            ));
        }
        if from >= to {
            return Err(Refusal::new(
                "empty_span",
                "from",
                "The span ends before it begins, or has no length.",
                "Give a `from` before `to`; without `to` the span ends now.",
            ));
        }
        if to.duration_since(from) > SPAN_MAX {
            return Err(Refusal::new(
                "span_too_long",
                "from",
                "The span is longer than 400 days, and each minute in it would be read.",
                "Ask for parts of it.",
            ));
        }
        let last = to - SignedDuration::from_nanos(1);
        let steps = Self {
            from_minute: minute(from),
            to_minute: minute(last) + 1,
            step_minutes: step_s / 60,
        };
        if steps.count() > STEPS_MAX {
            return Err(Refusal::new(
                "too_many_steps",
                "step_s",
                format!("The span has more than {STEPS_MAX} steps."),
                "Give a longer step_s: 300 s fit five days, 3600 s two months, 86400 s four hundred days.",
            ));
        }
        Ok(steps)
    }

    pub fn from(self) -> Timestamp {
        start_of(self.from_minute)
    }

    pub fn to(self) -> Timestamp {
        start_of(self.to_minute)
    }

    pub fn step_s(self) -> i64 {
        self.step_minutes * 60
    }

    /// The last one may be cut short by the end of the span.
    fn count(self) -> i64 {
        (self.to_minute - self.from_minute + self.step_minutes - 1) / self.step_minutes
    }

    /// How many values are told apart, so that the answer stays within [`ROWS_MAX`].
    fn values_max(self) -> i64 {
        ROWS_MAX / self.count()
    }
}

impl OutcomeCounts {
    pub fn attempts(&self) -> i64 {
        let answered = self.joined + self.failed + self.waiting;
        answered + self.pending + self.unanswered + self.unobserved
    }

    fn add(&mut self, other: &Self) {
        self.joined += other.joined;
        self.failed += other.failed;
        self.waiting += other.waiting;
        self.pending += other.pending;
        self.unanswered += other.unanswered;
        self.unobserved += other.unobserved;
    }

    fn of_outcome(&mut self, outcome: Outcome) -> &mut i64 {
        match outcome {
            Outcome::Joined => &mut self.joined,
            Outcome::Failed => &mut self.failed,
            Outcome::Waiting => &mut self.waiting,
            Outcome::Pending => &mut self.pending,
            Outcome::Unanswered => &mut self.unanswered,
            Outcome::Unobserved => &mut self.unobserved,
        }
    }
}

/// Per step, value and whether the minutes are settled. Values beyond $6, those with the fewest attempts, are counted as one.
const SELECT: &str = "\
    WITH shown AS (SELECT value FROM minute_counts WHERE dim = $1 AND minute >= $2 AND minute < $3 GROUP BY value \
        ORDER BY SUM(minted + loaded + called + waiting + silent + failed + joined) DESC, value LIMIT $6) \
    SELECT CAST((minute - $2) / $4 AS BIGINT) AS step, \
        CASE WHEN value IN (SELECT value FROM shown) THEN value ELSE $7 END AS shown_as, \
        CAST(CASE WHEN minute < $5 THEN 1 ELSE 0 END AS BIGINT) AS is_settled, \
        CAST(SUM(minted) AS BIGINT) AS minted, CAST(SUM(loaded) AS BIGINT) AS loaded, \
        CAST(SUM(called) AS BIGINT) AS called, CAST(SUM(waiting) AS BIGINT) AS waiting, \
        CAST(SUM(silent) AS BIGINT) AS silent, CAST(SUM(failed) AS BIGINT) AS failed, \
        CAST(SUM(joined) AS BIGINT) AS joined \
    FROM minute_counts WHERE dim = $1 AND minute >= $2 AND minute < $3 GROUP BY 1, 2, 3";

impl Store {
    /// Attempts over time with their outcomes as of `now`, by the values of the dimension `by`, or of everybody. Attempts that have no
    /// value of it are not in the answer; of [`CODE`](super::CODE), all that have not failed.
    ///
    /// The deadline is applied to whole minutes of mints, so the newest are not exact: an attempt that nobody answers is pending up to a
    /// minute too long, and one whose page calls `join()` long after its mint is unanswered, not pending, until its answer comes.
    pub async fn stats(
        &self,
        steps: Steps,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<Stats, StoreError> {
        let rows = sqlx::query(SELECT)
            .bind(by.unwrap_or(EVERYBODY))
            .bind(steps.from_minute)
            .bind(steps.to_minute)
            .bind(steps.step_minutes)
            .bind(minute(now - ANSWER_DEADLINE))
            .bind(steps.values_max())
            .bind(OTHER)
            .fetch_all(&self.scanner)
            .await
            .map_err(|error| self.fault(&error))?;
        summed(steps, &rows).map_err(|error| self.fault(&error))
    }
}

fn summed(steps: Steps, rows: &[AnyRow]) -> Result<Stats, sqlx::Error> {
    let mut series: BTreeMap<(i64, &str), OutcomeCounts> = BTreeMap::new();
    let mut totals: BTreeMap<&str, OutcomeCounts> = BTreeMap::new();
    for row in rows {
        let value: &str = row.try_get("shown_as")?;
        let counts = outcomes(row)?;
        let step = row.try_get("step")?;
        series.entry((step, value)).or_default().add(&counts);
        totals.entry(value).or_default().add(&counts);
    }
    let mut totals: Vec<_> = totals
        .into_iter()
        .filter(|(_, counts)| *counts != OutcomeCounts::default())
        .map(|(value, counts)| (value.to_owned(), counts))
        .collect();
    totals.sort_by_key(|(_, counts)| -counts.attempts());
    let series = series
        .into_iter()
        // What moved on to another value leaves a row of zeros.
        .filter(|(_, counts)| *counts != OutcomeCounts::default())
        .map(|((step, value), counts)| Point {
            at: start_of(steps.from_minute + step * steps.step_minutes),
            value: value.to_owned(),
            counts,
        })
        .collect();
    Ok(Stats { series, totals })
}

/// What became of the attempts in each phase: those of settled minutes are all past the deadline.
fn outcomes(row: &AnyRow) -> Result<OutcomeCounts, sqlx::Error> {
    let minted_at = Timestamp::UNIX_EPOCH;
    let as_of = match row.try_get("is_settled")? {
        1_i64 => minted_at + ANSWER_DEADLINE,
        _ => minted_at,
    };
    let mut counts = OutcomeCounts::default();
    for phase in PHASES {
        let outcome = Phase::outcome(phase, minted_at, as_of);
        *counts.of_outcome(outcome) += row.try_get::<i64, _>(phase.as_str())?;
    }
    Ok(counts)
}

fn start_of(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_span_is_widened_to_whole_minutes() {
        let steps = Steps::new(at(61), at(181), 60).unwrap();
        assert_eq!((steps.from(), steps.to()), (at(60), at(240)));
        let steps = Steps::new(at(60), at(240), 60).unwrap();
        assert_eq!((steps.from(), steps.to()), (at(60), at(240)));
    }

    #[test]
    fn spans_and_steps_that_would_be_too_much_are_refused_by_name() {
        const DAY_S: i64 = 86_400;
        let code = |from, to, step| Steps::new(at(from), at(to), step).map_err(|e| e.code);
        assert_eq!(code(0, 3_600, 61), Err("invalid_step"));
        assert_eq!(code(3_600, 3_600, 60), Err("empty_span"));
        assert_eq!(code(0, 401 * DAY_S, DAY_S), Err("span_too_long"));
        assert_eq!(code(0, 2 * DAY_S, 60), Err("too_many_steps"));
        for (to, step) in [
            (DAY_S, 60),
            (5 * DAY_S, 300),
            (62 * DAY_S, 3_600),
            (400 * DAY_S, DAY_S),
        ] {
            assert!(code(0, to, step).is_ok(), "{to} in steps of {step}");
        }
    }

    #[test]
    fn the_fewer_steps_the_more_values_are_told_apart() {
        assert_eq!(
            Steps::new(at(0), at(86_400), 60).unwrap().values_max(),
            ROWS_MAX / 1_440
        );
        assert_eq!(
            Steps::new(at(0), at(3_600), 60).unwrap().values_max(),
            ROWS_MAX / 60
        );
    }
}
