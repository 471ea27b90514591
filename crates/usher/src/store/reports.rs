//! Joins that only a page tells of, and what Zoom's reports were asked about them: kept, so that a restart asks nothing twice.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;
use usher_core::attempt::AttemptId;
use usher_core::meeting::MeetingNumber;

use super::journal::attempt_id;
use super::notifications::{meeting_number, number};
use super::{Store, StoreError, timestamp};

/// What asking an account about a meeting showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedReport {
    pub account: String,
    /// It knows the meeting.
    pub is_theirs: bool,
    pub again_at: Timestamp,
}

/// What asking for reports has cost an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSpending {
    /// The last on which it was asked, since 1970.
    pub day: i64,
    /// Requests on that day.
    pub spent: u32,
    pub not_before: Timestamp,
}

impl Store {
    /// The meetings with attempts from `from` on of which only the browser says, since before `joined_before`, that they got in; and
    /// what the accounts that were asked know of them.
    pub async fn unconfirmed_meetings(
        &self,
        from: Timestamp,
        joined_before: Timestamp,
    ) -> Result<BTreeMap<MeetingNumber, Vec<AskedReport>>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = sqlx::query(
            "SELECT unconfirmed.meeting, account, is_theirs, again_at FROM \
             (SELECT DISTINCT meeting FROM attempts WHERE confirmation = 1 AND meeting IS NOT NULL AND id >= $1 AND since <= $2) AS unconfirmed \
             LEFT JOIN report_meetings ON report_meetings.meeting = unconfirmed.meeting ORDER BY unconfirmed.meeting, account",
        )
        .bind(AttemptId::first_of(from).to_bytes().to_vec())
        .bind(joined_before.as_microsecond())
        .fetch_all(&self.reader)
        .await
        .map_err(fault)?;
        let mut meetings: BTreeMap<MeetingNumber, Vec<AskedReport>> = BTreeMap::new();
        for row in &rows {
            if let Some(meeting) = meeting_number(row.try_get("meeting").map_err(fault)?) {
                let asked = decode_asked(row).map_err(fault)?;
                meetings.entry(meeting).or_default().extend(asked);
            }
        }
        Ok(meetings)
    }

    /// Those attempts on one meeting, oldest first, at most 512.
    pub async fn unconfirmed_attempts(
        &self,
        meeting: MeetingNumber,
        from: Timestamp,
        joined_before: Timestamp,
    ) -> Result<Vec<AttemptId>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = sqlx::query(
            "SELECT id FROM attempts WHERE confirmation = 1 AND meeting = $1 AND id >= $2 AND since <= $3 ORDER BY id LIMIT 512",
        )
        .bind(number(meeting))
        .bind(AttemptId::first_of(from).to_bytes().to_vec())
        .bind(joined_before.as_microsecond())
        .fetch_all(&self.reader)
        .await
        .map_err(fault)?;
        let ids = rows.iter().map(|row| attempt_id(row, "id"));
        ids.collect::<Result<_, _>>().map_err(fault)
    }

    /// Notes what asking an account about a meeting showed, and when it may be asked again.
    pub async fn note_report(
        &self,
        meeting: MeetingNumber,
        asked: &AskedReport,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO report_meetings (meeting, account, is_theirs, again_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (meeting, account) DO UPDATE SET is_theirs = excluded.is_theirs, again_at = excluded.again_at",
        )
        .bind(number(meeting))
        .bind(&asked.account)
        .bind(i64::from(asked.is_theirs))
        .bind(asked.again_at.as_microsecond())
        .execute(&self.writer)
        .await
        .map(|_| ())
        .map_err(|error| self.write_fault(&error))
    }

    /// Forgets meetings that might have been asked about since before `before`, and were not.
    pub async fn expire_reports(&self, before: Timestamp) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM report_meetings WHERE again_at < $1")
            .bind(before.as_microsecond())
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|error| self.write_fault(&error))
    }

    /// What each account that was ever asked has spent.
    pub async fn report_spending(&self) -> Result<HashMap<String, ReportSpending>, StoreError> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let rows = sqlx::query("SELECT * FROM report_accounts")
            .fetch_all(&self.reader)
            .await
            .map_err(fault)?;
        let spending = rows.iter().map(decode_spending);
        spending.collect::<Result<_, _>>().map_err(fault)
    }

    /// Takes one request from an account's budget of a day, before it is made. Says how many that makes.
    pub async fn spend_report_request(&self, account: &str, day: i64) -> Result<u32, StoreError> {
        let spent: i64 = sqlx::query_scalar(
            "INSERT INTO report_accounts (account, day, spent, not_before) VALUES ($1, $2, 1, 0) \
             ON CONFLICT (account) DO UPDATE SET day = excluded.day, \
             spent = CASE WHEN report_accounts.day = excluded.day THEN report_accounts.spent + 1 ELSE 1 END RETURNING spent",
        )
        .bind(account)
        .bind(day)
        .fetch_one(&self.writer)
        .await
        .map_err(|error| self.write_fault(&error))?;
        Ok(u32::try_from(spent).unwrap_or(u32::MAX))
    }

    /// Leaves an account alone for a while.
    pub async fn pause_reports(&self, account: &str, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO report_accounts (account, day, spent, not_before) VALUES ($1, 0, 0, $2) \
             ON CONFLICT (account) DO UPDATE SET not_before = excluded.not_before",
        )
        .bind(account)
        .bind(until.as_microsecond())
        .execute(&self.writer)
        .await
        .map(|_| ())
        .map_err(|error| self.write_fault(&error))
    }
}

/// `None` if nobody was asked.
fn decode_asked(row: &AnyRow) -> Result<Option<AskedReport>, sqlx::Error> {
    let Some(account) = row.try_get::<Option<String>, _>("account")? else {
        return Ok(None);
    };
    Ok(Some(AskedReport {
        account,
        is_theirs: row.try_get::<i64, _>("is_theirs")? != 0,
        again_at: timestamp(row.try_get("again_at")?)?,
    }))
}

fn decode_spending(row: &AnyRow) -> Result<(String, ReportSpending), sqlx::Error> {
    let spending = ReportSpending {
        day: row.try_get("day")?,
        spent: u32::try_from(row.try_get::<i64, _>("spent")?).unwrap_or(u32::MAX),
        not_before: timestamp(row.try_get("not_before")?)?,
    };
    Ok((row.try_get("account")?, spending))
}

#[cfg(test)]
mod tests {
    use usher_core::attempt::story::Confirmation;

    #[test]
    fn the_number_in_the_statements_and_migrations_is_that_of_browser_alone() {
        assert_eq!(Confirmation::BrowserAlone.number(), 1);
    }
}
