//! Joins that only the browser tells of: Zoom's report on the meeting says whether they were.
//!
//! Asked is once the retries of Zoom's webhooks have passed, one meeting after the other, within a small part of what Zoom allows. What
//! was asked, and what it cost, is in the store: neither a restart nor another leader asks it again.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use usher_core::meeting::MeetingNumber;
use usher_core::webhook::confirmation_deadline;

use super::candidate::candidate;
use super::inquiry::{Inquiry, Unanswered};
use super::report::{Report, Unconfirmed};
use super::settle::SettleError;
use crate::http::AppState;
use crate::journal::Recorded;
use crate::store::{AskedReport, ReportSpending, Store, StoreError};
use crate::zoom::ZoomError;

/// Reports reach further back, but who asks that late has lived without.
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Half of what a free account may ask (label Heavy: 1,000 a day, reference 5.3).
pub(super) const REQUESTS_A_DAY: u32 = 500;
/// Other people's meetings may be many: they leave as much for those that are known to be the account's.
const REQUESTS_A_DAY_IN_DOUBT: u32 = REQUESTS_A_DAY / 2;
/// The report comes some time after the meeting's end (unverified how long), and not at all for one person alone.
const ASK_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(6);
/// Whose meeting it is does not change; that Zoom forgets the number of a meeting that is over may.
const OF_OTHERS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(10);
/// Zoom's longest meeting: a notification of this instance is no further from a join than that.
const MEETING_MAX: SignedDuration = SignedDuration::from_hours(30);

/// Which account to ask about which meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    meeting: MeetingNumber,
    account: String,
    /// It was imported from this account, or the account has shown it before.
    is_theirs: bool,
}

/// Asks about one meeting, if there is one to ask about.
pub(super) async fn reconcile(state: &AppState, store: &Store) -> Result<(), SettleError> {
    let now = (state.moment.now)();
    let from = now - ASKED_FOR;
    // Joins of before this have passed their deadline.
    let joined_before = now - confirmation_deadline(now).duration_since(now);
    let meetings = store.unconfirmed_meetings(from, joined_before).await?;
    if meetings.is_empty() {
        return Ok(());
    }
    let questions = questions(state, &meetings, now);
    let spending = store.report_spending().await?;
    let Some(question) = first_to_ask(questions, &spending, now) else {
        return Ok(());
    };
    let ids = store
        .unconfirmed_attempts(question.meeting, from, joined_before)
        .await?;
    let mut attempts = Vec::with_capacity(ids.len());
    for row in store.attempt_rows(&ids).await? {
        let events = store.events(row.id).await?;
        attempts.extend(candidate(row.id, &events).map(|candidate| Unconfirmed {
            candidate,
            joined_at: row.since,
        }));
    }
    let reports = ask(state, store, &question, &attempts, now).await?;
    record(state, &question, &reports, &attempts, now).await
}

/// Of each meeting, the accounts that may be asked now: its own, or all of them while that is not known.
fn questions(
    state: &AppState,
    meetings: &BTreeMap<MeetingNumber, Vec<AskedReport>>,
    now: Timestamp,
) -> Vec<Question> {
    let mut questions = Vec::new();
    for (meeting, asked) in meetings {
        let registered = state.directory.meeting(*meeting);
        let imported_from = registered.as_ref().and_then(|it| it.account.as_deref());
        let shown_by = asked.iter().find(|asked| asked.is_theirs);
        let owner = imported_from.or(shown_by.map(|asked| asked.account.as_str()));
        let of_them = state.config.accounts.iter().filter(|account| {
            owner.is_none_or(|owner| account.name == owner)
                && !asked.iter().any(|asked| {
                    // What was in doubt then may be known by now.
                    asked.account == account.name
                        && asked.is_theirs == owner.is_some()
                        && asked.again_at > now
                })
        });
        questions.extend(of_them.map(|account| Question {
            meeting: *meeting,
            account: account.name.clone(),
            is_theirs: owner.is_some(),
        }));
    }
    questions
}

/// Those that are known to be the account's come first.
fn first_to_ask(
    questions: Vec<Question>,
    spending: &HashMap<String, ReportSpending>,
    now: Timestamp,
) -> Option<Question> {
    let affordable = questions.into_iter().filter(|question| {
        let limit = if question.is_theirs {
            REQUESTS_A_DAY
        } else {
            REQUESTS_A_DAY_IN_DOUBT
        };
        spending.get(&question.account).is_none_or(|account| {
            account.not_before <= now && (account.day != day(now) || account.spent < limit)
        })
    });
    affordable.min_by_key(|question| !question.is_theirs)
}

/// Days since 1970.
pub(super) fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(24 * 60 * 60)
}

/// The reports; and notes what came of asking for them.
async fn ask(
    state: &AppState,
    store: &Store,
    question: &Question,
    attempts: &[Unconfirmed],
    now: Timestamp,
) -> Result<Vec<Report>, StoreError> {
    let instances = instances(store, question.meeting, attempts).await?;
    let inquiry = Inquiry::new(state, store, &question.account, question.meeting);
    let (reports, is_theirs, pause) = match inquiry.ask(instances, question.is_theirs).await {
        Ok(answer) if answer.is_theirs => (answer.reports, true, ASK_AGAIN_AFTER),
        Ok(answer) => (answer.reports, false, OF_OTHERS_FOR),
        Err(Unanswered::OutOfBudget) => return Ok(Vec::new()),
        Err(Unanswered::Store(error)) => return Err(error),
        Err(Unanswered::Zoom(error)) => {
            let pause = pause_after(&question.account, &error);
            store.pause_reports(&question.account, now + pause).await?;
            // Other meetings have their turn first.
            (Vec::new(), question.is_theirs, ASK_AGAIN_AFTER)
        }
    };
    let asked = AskedReport {
        account: question.account.clone(),
        is_theirs,
        again_at: now + pause,
    };
    store.note_report(question.meeting, &asked).await?;
    Ok(reports)
}

/// The instances that Zoom told of around the attempts.
async fn instances(
    store: &Store,
    meeting: MeetingNumber,
    attempts: &[Unconfirmed],
) -> Result<Vec<String>, StoreError> {
    let joins = || attempts.iter().map(|attempt| attempt.joined_at);
    let (Some(first), Some(last)) = (joins().min(), joins().max()) else {
        return Ok(Vec::new());
    };
    store
        .meeting_instances(meeting, first - MEETING_MAX, last + MEETING_MAX)
        .await
}

fn pause_after(account: &str, error: &ZoomError) -> SignedDuration {
    match error {
        ZoomError::Refused { .. } | ZoomError::OAuth { .. } => {
            tracing::warn!(
                account,
                "Zoom gives no reports to this account for now; it is asked again in a day: {error}"
            );
            AFTER_REFUSAL
        }
        _ => AFTER_FAILURE,
    }
}

/// Hands what the reports say to the journal.
async fn record(
    state: &AppState,
    question: &Question,
    reports: &[Report],
    attempts: &[Unconfirmed],
    now: Timestamp,
) -> Result<(), SettleError> {
    let name_key = state.name_key();
    let mut events = Vec::new();
    for attempt in attempts {
        let said = reports
            .iter()
            .filter_map(|report| report.judge(attempt, name_key, now));
        // That they were in one instance outweighs that they were not in another: `joined` comes before `not_confirmed`.
        events.extend(said.min_by_key(|event| event.kind));
    }
    if events.is_empty() {
        return Ok(());
    }
    tracing::info!(meeting = %question.meeting, events = events.len(), "Zoom's report told of joins that no webhook did");
    match state.journal.record(events).await.recorded {
        Recorded::No => Err(SettleError::NotRecorded),
        Recorded::Stored | Recorded::Spooled => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn question(account: &str, number: u64, is_theirs: bool) -> Question {
        Question {
            meeting: MeetingNumber::from_u64(number).unwrap(),
            account: account.to_owned(),
            is_theirs,
        }
    }

    fn asked(spending: ReportSpending, at: Timestamp, is_theirs: bool) -> bool {
        let spending = HashMap::from([("a".to_owned(), spending)]);
        first_to_ask(vec![question("a", 850_000_001, is_theirs)], &spending, at).is_some()
    }

    #[test]
    fn a_days_budget_is_there_again_the_next_day_and_half_of_it_is_not_for_meetings_in_doubt() {
        let spending = |spent| ReportSpending {
            day: day(now()),
            spent,
            not_before: Timestamp::UNIX_EPOCH,
        };
        let tomorrow = now() + SignedDuration::from_hours(24);
        for (spent, at, in_doubt, theirs) in [
            (249, now(), true, true),
            (250, now(), false, true),
            (499, now(), false, true),
            (500, now(), false, false),
            (500, tomorrow, true, true),
        ] {
            assert_eq!(asked(spending(spent), at, false), in_doubt, "{spent} {at}");
            assert_eq!(asked(spending(spent), at, true), theirs, "{spent} {at}");
        }
    }

    #[test]
    fn an_account_that_is_left_alone_keeps_no_other_from_being_asked() {
        let hours = |n| now() + SignedDuration::from_hours(n);
        let spending = ReportSpending {
            day: 0,
            spent: 0,
            not_before: hours(24),
        };
        assert!(!asked(spending, hours(23), true) && asked(spending, hours(24), true));
        let spending = HashMap::from([("a".to_owned(), spending)]);
        let questions = vec![
            question("a", 850_000_001, true),
            question("b", 850_000_002, false),
            question("b", 850_000_003, true),
        ];
        let first = first_to_ask(questions.clone(), &spending, now());
        assert_eq!(first.as_ref(), Some(&questions[2]));
    }
}
