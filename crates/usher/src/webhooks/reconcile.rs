//! Joins that only the browser tells of: Zoom's report on the meeting says whether they were.
//!
//! Asked is once the retries of Zoom's webhooks have passed, one meeting after the other, within a small part of what Zoom allows (label
//! Heavy: a free account has 1 request a second and 1,000 a day, reference 5.3). What was asked is remembered in memory alone: after a
//! restart it is asked once more, and the answers change nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use usher_core::meeting::MeetingNumber;
use usher_core::webhook::confirmation_deadline;

use super::candidate::candidate;
use super::refresh::account_of;
use super::report::{Report, Unconfirmed};
use super::settle::SettleError;
use crate::http::AppState;
use crate::journal::Recorded;
use crate::store::{Store, StoreError};
use crate::zoom::{ReportRow, ZoomError};

/// Reports reach further back, but who asks that late has lived without.
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Half of what a free account may ask.
const REQUESTS_A_DAY: u32 = 500;
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);
/// The report comes some time after the meeting's end (unverified how long), and not at all for one person alone.
const ASK_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(6);
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(10);
/// Six thousand people.
const PAGES_MAX: usize = 20;
/// Zoom's longest meeting: a notification of this instance is no further from a join than that.
const MEETING_MAX: SignedDuration = SignedDuration::from_hours(30);

pub(super) struct Reconciler {
    state: AppState,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// When to ask about a meeting again.
    meetings: HashMap<MeetingNumber, Timestamp>,
    accounts: HashMap<String, Account>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Account {
    /// Since 1970.
    day: i64,
    spent: u32,
    not_before: Timestamp,
}

impl Reconciler {
    pub(super) fn new(state: AppState) -> Self {
        Self {
            state,
            memory: Mutex::default(),
        }
    }

    /// Asks about one meeting, if there is one to ask about.
    pub(super) async fn reconcile(&self, store: &Store) -> Result<(), SettleError> {
        let now = (self.state.moment.now)();
        let from = now - ASKED_FOR;
        // Joins of before this have passed their deadline.
        let joined_before = now - confirmation_deadline(now).duration_since(now);
        let meetings = store.unconfirmed_meetings(from, joined_before).await?;
        let Some((meeting, account)) = self.next(&meetings, now) else {
            return Ok(());
        };
        let ids = store
            .unconfirmed_attempts(meeting, from, joined_before)
            .await?;
        let mut attempts = Vec::with_capacity(ids.len());
        for row in store.attempt_rows(&ids).await? {
            let events = store.events(row.id).await?;
            attempts.extend(candidate(row.id, &events).map(|candidate| Unconfirmed {
                candidate,
                joined_at: row.since,
            }));
        }
        let reports = self.reports(store, meeting, &account, &attempts).await?;
        let name_key = self.state.name_key();
        let mut events = Vec::new();
        for attempt in &attempts {
            let said = reports
                .iter()
                .filter_map(|report| report.judge(attempt, name_key, now));
            // That they were in one instance outweighs that they were not in another: `joined` comes before `not_confirmed`.
            events.extend(said.min_by_key(|event| event.kind));
        }
        if events.is_empty() {
            return Ok(());
        }
        tracing::info!(meeting = %meeting, events = events.len(), "Zoom's report told of joins that no webhook did");
        match self.state.journal.record(events).await.recorded {
            Recorded::No => Err(SettleError::NotRecorded),
            Recorded::Stored | Recorded::Spooled => Ok(()),
        }
    }

    /// The first meeting that may be asked about, and its account.
    fn next(&self, meetings: &[MeetingNumber], now: Timestamp) -> Option<(MeetingNumber, String)> {
        let mut memory = self.memory();
        memory.meetings.retain(|_, again_at| *again_at > now);
        let found = meetings
            .iter()
            .filter(|meeting| !memory.meetings.contains_key(meeting))
            .filter_map(|meeting| Some((*meeting, account_of(&self.state, *meeting)?)))
            .find(|(_, account)| memory.may_ask(account, now))?;
        memory.meetings.insert(found.0, now + ASK_AGAIN_AFTER);
        Some(found)
    }

    /// The reports on the instances that Zoom told of around the attempts, or on the latest one if it told of none.
    async fn reports(
        &self,
        store: &Store,
        meeting: MeetingNumber,
        account: &str,
        attempts: &[Unconfirmed],
    ) -> Result<Vec<Report>, StoreError> {
        let joins = || attempts.iter().map(|attempt| attempt.joined_at);
        let (Some(first), Some(last)) = (joins().min(), joins().max()) else {
            return Ok(Vec::new());
        };
        let uuids = store
            .meeting_instances(meeting, first - MEETING_MAX, last + MEETING_MAX)
            .await?;
        let mut wanted: Vec<Option<String>> = uuids.into_iter().map(Some).collect();
        if wanted.is_empty() {
            wanted.push(None);
        }
        let mut reports = Vec::new();
        for uuid in wanted {
            let id = uuid.clone().unwrap_or_else(|| meeting.to_string());
            match self.rows(account, &id).await {
                Ok(Some(rows)) => reports.push(Report {
                    meeting,
                    uuid,
                    rows,
                }),
                Ok(None) => {}
                Err(error) => {
                    let now = (self.state.moment.now)();
                    self.memory().note_failure(account, &error, now);
                    break;
                }
            }
        }
        Ok(reports)
    }

    /// All rows of a report; `None` if there is none, or too much of it.
    async fn rows(&self, account: &str, id: &str) -> Result<Option<Vec<ReportRow>>, ZoomError> {
        let mut rows = Vec::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            if !self.spend(account).await {
                return Ok(None);
            }
            let page = self
                .state
                .zoom
                .participants(account, id, page_token.as_deref())
                .await;
            match page {
                Ok(page) => {
                    rows.extend(page.participants);
                    page_token = page.next_page_token;
                }
                Err(error) if has_no_report(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
            if page_token.is_none() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// Takes one request from the day's budget, and waits before each but the first.
    async fn spend(&self, account: &str) -> bool {
        let spent = self.memory().spend(account, (self.state.moment.now)());
        if spent > 1 {
            tokio::time::sleep(BETWEEN_REQUESTS).await;
        }
        spent <= REQUESTS_A_DAY
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn may_ask(&self, account: &str, now: Timestamp) -> bool {
        self.accounts.get(account).is_none_or(|account| {
            account.not_before <= now && (account.day != day(now) || account.spent < REQUESTS_A_DAY)
        })
    }

    /// Says how many requests of the day that makes.
    fn spend(&mut self, account: &str, now: Timestamp) -> u32 {
        let account = self.accounts.entry(account.to_owned()).or_default();
        if account.day != day(now) {
            (account.day, account.spent) = (day(now), 0);
        }
        account.spent += 1;
        account.spent
    }

    fn note_failure(&mut self, account: &str, error: &ZoomError, now: Timestamp) {
        let pause = match error {
            ZoomError::Refused { .. } | ZoomError::OAuth { .. } => {
                tracing::warn!(
                    account,
                    "Zoom gives no reports to this account for now; it is asked again in a day: {error}"
                );
                AFTER_REFUSAL
            }
            _ => AFTER_FAILURE,
        };
        let account = self.accounts.entry(account.to_owned()).or_default();
        account.not_before = now + pause;
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(24 * 60 * 60)
}

/// 3001: it runs, or one person alone was in it, or there is no such meeting; 12702: it was too long ago. What refuses all reports is
/// another thing: the plan (200), a missing scope (4700, 4711), the token (401, 403). Reference sections 5.2 and 10.
fn has_no_report(error: &ZoomError) -> bool {
    match error {
        ZoomError::Refused { status: 404, .. } => true,
        ZoomError::Refused {
            status: 400, code, ..
        } => !matches!(code, Some(200 | 4700 | 4711)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: i64) -> ZoomError {
        ZoomError::Refused {
            status,
            code: Some(code),
            message: String::new(),
        }
    }

    #[test]
    fn an_account_whose_plan_has_no_reports_is_left_alone_for_a_day() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let hours = |n| start + SignedDuration::from_hours(n);
        let mut memory = Memory::default();
        memory.note_failure("a", &refused(400, 200), start);
        for (account, at, may_ask) in [
            ("a", hours(0), false),
            ("a", hours(23), false),
            ("a", hours(24), true),
            ("b", hours(0), true),
        ] {
            assert_eq!(memory.may_ask(account, at), may_ask, "{account} {at}");
        }
    }

    #[test]
    fn a_days_budget_is_spent_once_and_there_again_the_next_day() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let mut memory = Memory::default();
        for spent in 1..=REQUESTS_A_DAY {
            assert!(memory.may_ask("a", start));
            assert_eq!(memory.spend("a", start), spent);
        }
        assert!(!memory.may_ask("a", start));
        let tomorrow = start + SignedDuration::from_hours(24);
        assert!(memory.may_ask("a", tomorrow));
        assert_eq!(memory.spend("a", tomorrow), 1);
    }

    #[test]
    fn a_meeting_without_a_report_is_told_from_an_account_without_reports() {
        assert!(has_no_report(&refused(404, 3001)));
        assert!(has_no_report(&refused(400, 12702)));
        for (status, code) in [(400, 200), (400, 4700), (401, 124), (403, 0)] {
            assert!(!has_no_report(&refused(status, code)), "{status} {code}");
        }
    }
}
