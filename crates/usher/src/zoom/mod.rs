//! The client of Zoom's REST API: looks meetings up, fetches the ZAK that makes somebody the host, and asks who was there.
//!
//! Every call has a deadline, is retried where that can help, and passes a circuit breaker (`call`). The access token and the ZAKs
//! are shared by all who ask at the same moment (`fresh`). An OBF token is the caller's own and never comes here.

mod breaker;
mod call;
mod error;
mod fresh;
mod hosts;
mod judge;
mod meeting;
mod oauth;
mod probe;
mod report;
mod retry_after;
mod zak;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;
use usher_core::meeting::MeetingNumber;
use usher_core::witness;

pub(crate) use call::is_its_own;
pub use error::ZoomError;
pub(crate) use error::{phase, root_cause};
pub(crate) use hosts::client as http_client;
pub use hosts::{SetupError, ZoomHosts, checked_address};
pub use meeting::{MeetingSettings, ZoomMeeting};
pub use report::{ReportPage, ReportRow};
pub use zak::Zak;

use call::{DEADLINE, Wire};
use fresh::{Fresh, FreshCache};
use hosts::Addresses;
use oauth::{Get, Rest};
use zak::ZakAnswer;

use crate::witnesses::Witnesses;

/// Wall time, from the machine or from a test. Deadlines are measured by tokio's clock instead, which is not set back and forth.
pub type Clock = fn() -> Timestamp;

/// Server-to-Server OAuth credentials of one Zoom account.
#[derive(Debug, Clone)]
pub struct AccountCredentials {
    /// What the configuration calls it.
    pub name: String,
    pub account_id: String,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// The client, for all configured accounts.
pub struct ZoomClient {
    rest: Rest,
    /// By account and host.
    zaks: FreshCache<(String, String), Zak>,
    now: Clock,
}

impl ZoomClient {
    pub fn new(
        hosts: &ZoomHosts,
        accounts: Vec<AccountCredentials>,
        now: Clock,
    ) -> Result<Self, SetupError> {
        let addresses = Addresses::check(hosts)?;
        let wire = Wire::new(hosts::client(hosts)?, now);
        Ok(Self {
            rest: Rest::new(addresses, accounts, wire, now),
            zaks: FreshCache::new(now),
            now,
        })
    }

    /// Has the witnesses hear of every call.
    #[must_use]
    pub fn watched_by(mut self, witnesses: Arc<Witnesses>) -> Self {
        self.rest.wire.witnesses = Some(witnesses);
        self
    }

    /// The meeting of this number, as it is now.
    pub async fn meeting(
        &self,
        account: &str,
        number: MeetingNumber,
    ) -> Result<ZoomMeeting, ZoomError> {
        self.meeting_by(account, number, Instant::now() + DEADLINE)
            .await
    }

    /// The ZAK of `host`, a user id or e-mail address. `meeting` opens a second way to it.
    pub async fn zak(
        &self,
        account: &str,
        host: &str,
        meeting: Option<MeetingNumber>,
    ) -> Result<Arc<Zak>, ZoomError> {
        let key = (account.to_owned(), host.to_owned());
        let deadline = Instant::now() + DEADLINE;
        self.zaks
            .get_or_load(&key, self.fetch_zak(account, host, meeting, deadline))
            .await
    }

    /// The scopes that the account's access token has, separated by spaces; none if Zoom's answer did not say.
    pub async fn token_scopes(&self, account: &str) -> Result<Option<String>, ZoomError> {
        self.rest.scope(account, Instant::now() + DEADLINE).await
    }

    /// A page of the report on the participants of a meeting that has ended. `meeting` is the UUID of an instance; a number stands for
    /// the latest one (reference section 10).
    pub async fn participants(
        &self,
        account: &str,
        meeting: &str,
        page_token: Option<&str>,
    ) -> Result<ReportPage, ZoomError> {
        let meeting = report::path_segment(meeting);
        let mut query = vec![("page_size", "300")];
        query.extend(page_token.map(|token| ("next_page_token", token)));
        let get = Get {
            question: witness::Call::Report,
            segments: &["report", "meetings", &meeting, "participants"],
            query: &query,
            deadline: Instant::now() + DEADLINE,
        };
        self.rest.get(account, &get).await
    }

    /// The hosts of Zoom that are not asked at the moment, or were not well when they were last asked: for `/readyz`.
    pub fn failing_hosts(&self) -> BTreeSet<String> {
        self.rest.wire.failing_hosts()
    }

    /// Zoom has called this host's ZAK invalid (3265, 3623): the next caller gets a new one.
    pub async fn forget_zak(&self, account: &str, host: &str) {
        self.zaks
            .forget(&(account.to_owned(), host.to_owned()))
            .await;
    }

    async fn fetch_zak(
        &self,
        account: &str,
        host: &str,
        meeting: Option<MeetingNumber>,
        deadline: Instant,
    ) -> Result<Fresh<Zak>, ZoomError> {
        let zak = match (self.zak_by_token(account, host, deadline).await, meeting) {
            (Err(refusal), Some(number)) if zak::may_have_another_way(&refusal) => self
                .zak_by_start_url(account, host, number, deadline)
                .await
                .ok_or(refusal),
            (answer, _) => answer,
        };
        Ok(zak::fresh(zak?, (self.now)()))
    }

    async fn zak_by_token(
        &self,
        account: &str,
        host: &str,
        deadline: Instant,
    ) -> Result<Zak, ZoomError> {
        // As a part of a path these would be dropped, and another question asked.
        if matches!(host, "" | "." | "..") || host.contains(char::is_control) {
            return Err(ZoomError::InvalidUser);
        }
        let get = Get {
            question: witness::Call::Zak,
            segments: &["users", host, "token"],
            query: &[("type", "zak")],
            deadline,
        };
        self.rest.get::<ZakAnswer>(account, &get).await?.zak()
    }

    /// If this way fails too, the first way's refusal stands: its cause is the one to put right.
    async fn zak_by_start_url(
        &self,
        account: &str,
        host: &str,
        number: MeetingNumber,
        deadline: Instant,
    ) -> Option<Zak> {
        match self.meeting_by(account, number, deadline).await {
            Ok(meeting) => zak::of_start_url(&meeting, host),
            Err(error) => {
                tracing::warn!(account, %error, "the start_url way to a ZAK failed as well");
                None
            }
        }
    }

    async fn meeting_by(
        &self,
        account: &str,
        number: MeetingNumber,
        deadline: Instant,
    ) -> Result<ZoomMeeting, ZoomError> {
        let number = number.to_string();
        let get = Get {
            question: witness::Call::Meeting,
            segments: &["meetings", &number],
            query: &[],
            deadline,
        };
        self.rest.get(account, &get).await
    }
}

impl fmt::Debug for ZoomClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoomClient").finish_non_exhaustive()
    }
}
