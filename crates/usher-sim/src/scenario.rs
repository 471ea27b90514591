//! The state that a simulator starts with, as a TOML or JSON file.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::faults::Fault;
use crate::join_check::Rules;
use crate::status_page::StatusPage;
use crate::webhooks::{Subscription, WebhookFault};
use crate::world::{Account, App, Meeting, Registrant, User};

/// Thousands of meetings fit in; a device or a log does not.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// What a simulator starts with. `docs/simulator.md` describes each field.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    pub accounts: Vec<Account>,
    pub apps: Vec<App>,
    pub users: Vec<User>,
    pub meetings: Vec<Meeting>,
    pub rules: Rules,
    pub clock: Clock,
    pub faults: Vec<Fault>,
    pub status: StatusPage,
    pub webhooks: Vec<Subscription>,
    pub webhook_faults: Vec<WebhookFault>,
}

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("{}: can't be read: {source}", file.display())]
    Unreadable {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: {message}", file.display())]
    Malformed { file: PathBuf, message: String },
    #[error("{}: {key}: {message}", file.display())]
    Invalid {
        file: PathBuf,
        key: String,
        message: String,
    },
}

/// Not the error's own picture of the line: that line may hold a secret.
fn where_and_what(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", without_value(error.message()))
}

/// `invalid type: string "…", expected …` without the value: it may be a secret in a wrong place.
fn without_value(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if message.contains("invalid ") && first < last => {
            format!("{}\"…\"{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

impl Scenario {
    /// Reads a file: JSON if it is called `.json`, else TOML.
    pub fn read(file: &Path) -> Result<Self, ScenarioError> {
        let unreadable = |source| ScenarioError::Unreadable {
            file: file.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        std::fs::File::open(file)
            .and_then(|opened| opened.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        let malformed = |message: &str| ScenarioError::Malformed {
            file: file.to_owned(),
            message: message.to_owned(),
        };
        if bytes.len() as u64 > FILE_MAX_BYTES {
            return Err(malformed("it is larger than 1 MiB; no scenario is"));
        }
        let text = str::from_utf8(&bytes).map_err(|_| malformed("it is not UTF-8 text"))?;
        Self::parse(file, text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, ScenarioError> {
        let malformed = |message: String| ScenarioError::Malformed {
            file: file.to_owned(),
            message: message.trim_end().to_owned(),
        };
        let scenario: Self = if file
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        {
            let mut json = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize(&mut json)
                .map_err(|error| malformed(without_value(&error.to_string())))?
        } else {
            toml::from_str(text).map_err(|error| malformed(where_and_what(text, &error)))?
        };
        scenario
            .check()
            .map_err(|(key, message)| ScenarioError::Invalid {
                file: file.to_owned(),
                key,
                message,
            })?;
        Ok(scenario)
    }

    /// That everything which is named is there, as (key, what is wrong).
    fn check(&self) -> Result<(), (String, String)> {
        self.rules
            .check()
            .map_err(|problem| ("rules".to_owned(), problem.to_owned()))?;
        let account_exists = |id: &str| self.accounts.iter().any(|account| account.id == id);
        for (index, app) in self.apps.iter().enumerate() {
            if !account_exists(&app.account) {
                return Err((
                    format!("apps[{index}].account"),
                    format!("there is no account {:?}", app.account),
                ));
            }
            if app.secrets.is_empty() {
                return Err((
                    format!("apps[{index}].secrets"),
                    "an app needs at least one secret".to_owned(),
                ));
            }
        }
        for (index, user) in self.users.iter().enumerate() {
            if !account_exists(&user.account) {
                return Err((
                    format!("users[{index}].account"),
                    format!("there is no account {:?}", user.account),
                ));
            }
        }
        for (index, meeting) in self.meetings.iter().enumerate() {
            if !self.users.iter().any(|user| user.id == meeting.host) {
                return Err((
                    format!("meetings[{index}].host"),
                    format!("there is no user {:?}", meeting.host),
                ));
            }
        }
        Ok(())
    }

    /// One account with one app, two users and three meetings, for `usher demo` and tests. Nothing in it is anybody's.
    pub fn demo() -> Self {
        Self {
            accounts: vec![Account::new(
                DEMO_ACCOUNT_ID,
                DEMO_CLIENT_ID,
                DEMO_CLIENT_SECRET,
            )],
            apps: vec![App {
                key: DEMO_SDK_KEY.into(),
                secrets: vec![DEMO_SDK_SECRET.into()],
                account: DEMO_ACCOUNT_ID.into(),
                disabled: false,
                published: false,
            }],
            users: vec![
                demo_user(DEMO_HOST_ID, DEMO_HOST_EMAIL, "Demo Host"),
                demo_user("demo-user-2", "guest@example.com", "Demo Guest"),
            ],
            meetings: vec![
                Meeting {
                    topic: "Demo: plain meeting".into(),
                    passcode: DEMO_PASSCODE.into(),
                    ..Meeting::new(DEMO_MEETING, DEMO_HOST_ID)
                },
                Meeting {
                    topic: "Demo: waiting room".into(),
                    passcode: DEMO_PASSCODE.into(),
                    waiting_room: true,
                    ..Meeting::new(DEMO_WAITING_ROOM_MEETING, DEMO_HOST_ID)
                },
                Meeting {
                    topic: "Demo: registration".into(),
                    passcode: DEMO_PASSCODE.into(),
                    registration_required: true,
                    registrants: vec![Registrant {
                        tk: DEMO_REGISTRANT_TK.into(),
                        expired: false,
                    }],
                    ..Meeting::new(DEMO_REGISTRATION_MEETING, DEMO_HOST_ID)
                },
            ],
            ..Self::default()
        }
    }
}

pub const DEMO_ACCOUNT_ID: &str = "demo-account";
pub const DEMO_CLIENT_ID: &str = "demo-oauth-client";
pub const DEMO_CLIENT_SECRET: &str = "demo-oauth-client-secret-not-real";
pub const DEMO_SDK_KEY: &str = "demo-sdk-key";
pub const DEMO_SDK_SECRET: &str = "demo-sdk-secret-not-real-0123456789";
pub const DEMO_HOST_ID: &str = "demo-user-1";
pub const DEMO_HOST_EMAIL: &str = "host@example.com";
pub const DEMO_PASSCODE: &str = "123456";
pub const DEMO_MEETING: u64 = 85_000_000_001;
pub const DEMO_WAITING_ROOM_MEETING: u64 = 85_000_000_002;
pub const DEMO_REGISTRATION_MEETING: u64 = 85_000_000_003;
pub const DEMO_REGISTRANT_TK: &str = "demo-registrant-tk";

fn demo_user(id: &str, email: &str, display_name: &str) -> User {
    User {
        id: id.into(),
        email: email.into(),
        display_name: display_name.into(),
        account: DEMO_ACCOUNT_ID.into(),
    }
}
