//! Everything the simulator knows, in one place and behind one lock: Zoom's accounts, apps, users and meetings, and how it misbehaves.

use serde::{Deserialize, Serialize};

use crate::attendance::Instances;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::join_check::Rules;
use crate::report::Reports;
use crate::requests::RequestLog;
use crate::scenario::Scenario;
use crate::status_page::StatusPage;
use crate::tokens::Tokens;
use crate::webhooks::Webhooks;

/// One Zoom account with its Server-to-Server OAuth app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub id: String,
    pub client_id: String,
    pub client_secret: String,
    /// What its access tokens may do; by default, everything that is asked for here.
    #[serde(default = "Account::all_scopes")]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub disabled: bool,
    /// The regional base address that newer token answers carry (reference 5.1 `[3rd]`).
    #[serde(default)]
    pub api_url: Option<String>,
    #[serde(default)]
    pub reports: Reports,
}

impl Account {
    pub fn new(id: &str, client_id: &str, client_secret: &str) -> Self {
        Self {
            id: id.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scopes: Self::all_scopes(),
            disabled: false,
            api_url: None,
            reports: Reports::default(),
        }
    }

    fn all_scopes() -> Vec<String> {
        crate::rest::SCOPES.map(String::from).to_vec()
    }
}

/// One Meeting SDK app. While a secret is rotated, both the old and the new one are valid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub key: String,
    pub secrets: Vec<String>,
    pub account: String,
    #[serde(default)]
    pub disabled: bool,
    /// Only a published app may join meetings of other accounts (reference 4.3).
    #[serde(default)]
    pub published: bool,
}

/// One person of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub id: String,
    pub email: String,
    pub display_name: String,
    pub account: String,
}

/// One meeting. Its account is its host's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of Zoom's own"
)]
pub struct Meeting {
    pub number: u64,
    pub host: String,
    #[serde(default)]
    pub topic: String,
    #[serde(default)]
    pub passcode: String,
    #[serde(default)]
    pub uuid: String,
    #[serde(default)]
    pub started: bool,
    #[serde(default)]
    pub waiting_room: bool,
    #[serde(default)]
    pub join_before_host: bool,
    /// Only signed-in users may join.
    #[serde(default)]
    pub authentication_required: bool,
    #[serde(default)]
    pub registration_required: bool,
    /// The `tk` values of the registrants.
    #[serde(default)]
    pub registrants: Vec<Registrant>,
    #[serde(default)]
    pub alternative_hosts: Vec<String>,
    /// Ids of the users who are in the meeting right now (what an OBF token asks of its owner).
    #[serde(default)]
    pub present: Vec<String>,
}

impl Meeting {
    pub fn new(number: u64, host: &str) -> Self {
        Self {
            number,
            host: host.into(),
            ..Self::default()
        }
    }
}

/// One registrant of a meeting.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registrant {
    pub tk: String,
    #[serde(default)]
    pub expired: bool,
}

/// The whole state.
#[derive(Debug)]
pub struct World {
    pub accounts: Vec<Account>,
    pub apps: Vec<App>,
    pub users: Vec<User>,
    pub meetings: Vec<Meeting>,
    pub clock: Clock,
    pub rules: Rules,
    pub faults: Faults,
    pub requests: RequestLog,
    pub webhooks: Webhooks,
    pub instances: Instances,
    pub(crate) status: StatusPage,
    pub(crate) tokens: Tokens,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut faults = Faults::default();
        for fault in scenario.faults {
            faults.add(fault);
        }
        let mut world = Self {
            accounts: scenario.accounts,
            apps: scenario.apps,
            users: scenario.users,
            meetings: Vec::new(),
            clock: scenario.clock,
            rules: scenario.rules,
            faults,
            requests: RequestLog::default(),
            webhooks: Webhooks::new(scenario.webhooks, scenario.webhook_faults),
            instances: Instances::default(),
            status: StatusPage::default(),
            tokens: Tokens::default(),
        };
        for meeting in scenario.meetings {
            world.put_meeting(meeting);
        }
        world.put_status(scenario.status);
        world
    }

    /// Adds a meeting, or replaces the one with its number. A meeting without a UUID gets one.
    pub fn put_meeting(&mut self, mut meeting: Meeting) -> &Meeting {
        if meeting.uuid.is_empty() {
            meeting.uuid = format!("sim+{}==", meeting.number);
        }
        self.remove_meeting(meeting.number);
        self.meetings.push_mut(meeting)
    }

    /// Removes a meeting; says whether there was one.
    pub fn remove_meeting(&mut self, number: u64) -> bool {
        let before = self.meetings.len();
        self.meetings.retain(|meeting| meeting.number != number);
        self.meetings.len() < before
    }

    pub(crate) fn meeting(&self, number: u64) -> Option<&Meeting> {
        self.meetings
            .iter()
            .find(|meeting| meeting.number == number)
    }

    /// A user of an account by id or e-mail. `me` is the account's first user (assumed: who owns a server-to-server app is not documented).
    pub(crate) fn user(&self, account: &str, id_or_email: &str) -> Option<&User> {
        self.users
            .iter()
            .filter(|user| user.account == account)
            .find(|user| {
                id_or_email == "me"
                    || user.id == id_or_email
                    || user.email.eq_ignore_ascii_case(id_or_email)
            })
    }

    pub(crate) fn meeting_mut(&mut self, number: u64) -> Option<&mut Meeting> {
        self.meetings
            .iter_mut()
            .find(|meeting| meeting.number == number)
    }

    pub(crate) fn account_of_meeting(&self, meeting: &Meeting) -> Option<&str> {
        self.users
            .iter()
            .find(|user| user.id == meeting.host)
            .map(|user| user.account.as_str())
    }
}
