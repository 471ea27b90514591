//! Asking one account for the reports on one meeting, within its budget.

use std::time::Duration;

use usher_core::meeting::MeetingNumber;

use super::reconcile::{REQUESTS_A_DAY, day};
use super::report::Report;
use crate::http::AppState;
use crate::store::{Store, StoreError};
use crate::zoom::{ReportRow, ZoomError};

/// A free account has one request a second (label Heavy, reference 5.3).
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);
/// Six thousand people.
const PAGES_MAX: usize = 20;

/// One account is asked about one meeting.
pub(super) struct Inquiry<'a> {
    state: &'a AppState,
    store: &'a Store,
    account: &'a str,
    meeting: MeetingNumber,
    requests: u32,
}

pub(super) struct Answer {
    pub(super) reports: Vec<Report>,
    /// The account knows the meeting.
    pub(super) is_theirs: bool,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    OutOfBudget,
    Store(StoreError),
    Zoom(ZoomError),
}

/// The rows of a report.
enum Rows {
    All(Vec<ReportRow>),
    TooMany,
    NoReport,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(
        state: &'a AppState,
        store: &'a Store,
        account: &'a str,
        meeting: MeetingNumber,
    ) -> Self {
        Self {
            state,
            store,
            account,
            meeting,
            requests: 0,
        }
    }

    /// The reports on these instances, or on the latest one if there are none.
    pub(super) async fn ask(
        mut self,
        instances: Vec<String>,
        is_theirs: bool,
    ) -> Result<Answer, Unanswered> {
        let mut wanted: Vec<Option<String>> = instances.into_iter().map(Some).collect();
        if wanted.is_empty() {
            wanted.push(None);
        }
        let (mut reports, mut is_theirs) = (Vec::new(), is_theirs);
        for uuid in wanted {
            let id = uuid.clone().unwrap_or_else(|| self.meeting.to_string());
            match self.rows(&id).await? {
                Rows::All(rows) => {
                    is_theirs = true;
                    reports.push(Report {
                        meeting: self.meeting,
                        uuid,
                        rows,
                    });
                }
                Rows::TooMany => is_theirs = true,
                Rows::NoReport => {}
            }
        }
        if !is_theirs {
            is_theirs = self.shows_meeting().await?;
        }
        Ok(Answer { reports, is_theirs })
    }

    async fn rows(&mut self, id: &str) -> Result<Rows, Unanswered> {
        let mut rows = Vec::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            self.spend().await?;
            let page_token_before = page_token.take();
            let zoom = &self.state.zoom;
            let page = zoom.participants(self.account, id, page_token_before.as_deref());
            match page.await {
                Ok(page) => {
                    rows.extend(page.participants);
                    page_token = page.next_page_token;
                }
                Err(error) if has_no_report(&error) => return Ok(Rows::NoReport),
                Err(error) => return Err(Unanswered::Zoom(error)),
            }
            if page_token.is_none() {
                return Ok(Rows::All(rows));
            }
        }
        Ok(Rows::TooMany)
    }

    /// Whether a meeting without a report is the account's all the same: it runs, or its report is not there yet. What is over may be
    /// forgotten.
    async fn shows_meeting(&mut self) -> Result<bool, Unanswered> {
        self.spend().await?;
        match self.state.zoom.meeting(self.account, self.meeting).await {
            Ok(_) => Ok(true),
            Err(ZoomError::Refused { .. }) => Ok(false),
            Err(error) => Err(Unanswered::Zoom(error)),
        }
    }

    /// Takes one request from the day's budget, and waits before each but the first.
    async fn spend(&mut self) -> Result<(), Unanswered> {
        let day = day((self.state.moment.now)());
        let spent = self.store.spend_report_request(self.account, day).await;
        if spent.map_err(Unanswered::Store)? > REQUESTS_A_DAY {
            return Err(Unanswered::OutOfBudget);
        }
        if self.requests > 0 {
            tokio::time::sleep(BETWEEN_REQUESTS).await;
        }
        self.requests += 1;
        Ok(())
    }
}

/// 3001: it runs, or one person alone was in it, or there is no such meeting; 2306: it is somebody else's; 12702: it was too long ago.
/// Which of them Zoom answers for the meeting of another account is unverified. What refuses all reports is another thing: the plan
/// (200), a missing scope (4700, 4711), the token (401, 403). Reference sections 5.2 and 10.
fn has_no_report(error: &ZoomError) -> bool {
    match error {
        ZoomError::Refused { status: 404, .. }
        | ZoomError::Refused {
            status: 403,
            code: Some(2306),
            ..
        } => true,
        ZoomError::Refused {
            status: 400, code, ..
        } => !matches!(code, Some(200 | 4700 | 4711)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_without_a_report_is_told_from_an_account_without_reports() {
        let refused = |status, code| ZoomError::Refused {
            status,
            code: Some(code),
            message: String::new(),
        };
        for (status, code) in [(404, 3001), (403, 2306), (400, 12702)] {
            assert!(has_no_report(&refused(status, code)), "{status} {code}");
        }
        for (status, code) in [(400, 200), (400, 4700), (401, 124), (403, 0)] {
            assert!(!has_no_report(&refused(status, code)), "{status} {code}");
        }
    }
}
