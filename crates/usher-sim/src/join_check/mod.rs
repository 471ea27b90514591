//! The check behind the SDK's `join()`: which of its conditions hold for one set of fields, and what Zoom answers.
//!
//! Every check is judged, also after the first that fails, so that the request log shows the whole picture; the answer is that of the
//! first. The marks (documented, observed, assumed) stand beside each check, and in `docs/simulator.md`.

mod meeting;
mod rules;
mod signature;
mod user_token;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use rules::{OauthErrors, RuleSetting, Rules, Switch};

use rules::InForce;

use crate::tokens::{Issued, TokenKind};
use crate::world::{App, Meeting, World};

/// Each check, in the order in which they are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    SignatureParses,
    KeyKnown,
    KeyEnabled,
    KeyClaim,
    AppKey,
    Algorithm,
    Hmac,
    TimeClaims,
    IssuedInPast,
    NotExpired,
    Lifetime,
    StricterLifetime,
    MeetingNumber,
    Role,
    SdkVersion,
    MeetingExists,
    HostAccount,
    ExternalAccount,
    Zak,
    Obf,
    ObfOwner,
    Authentication,
    Registration,
    Passcode,
}

impl Check {
    pub const ALL: [Self; 24] = [
        Self::SignatureParses,
        Self::KeyKnown,
        Self::KeyEnabled,
        Self::KeyClaim,
        Self::AppKey,
        Self::Algorithm,
        Self::Hmac,
        Self::TimeClaims,
        Self::IssuedInPast,
        Self::NotExpired,
        Self::Lifetime,
        Self::StricterLifetime,
        Self::MeetingNumber,
        Self::Role,
        Self::SdkVersion,
        Self::MeetingExists,
        Self::HostAccount,
        Self::ExternalAccount,
        Self::Zak,
        Self::Obf,
        Self::ObfOwner,
        Self::Authentication,
        Self::Registration,
        Self::Passcode,
    ];

    fn judge(self, facts: &Facts<'_>) -> Judgement {
        match self {
            Self::SignatureParses => signature::parses(facts),
            Self::KeyKnown => signature::key_is_known(facts),
            Self::KeyEnabled => signature::key_is_enabled(facts),
            Self::KeyClaim => signature::key_claim_is_there(facts),
            Self::AppKey => signature::app_key_is_there(facts),
            Self::Algorithm => signature::algorithm_is_hs256(facts),
            Self::Hmac => signature::hmac_is_valid(facts),
            Self::TimeClaims => signature::times_are_integers(facts),
            Self::IssuedInPast => signature::was_issued_in_the_past(facts),
            Self::NotExpired => signature::is_not_expired(facts),
            Self::Lifetime => signature::lifetime_is_within_limits(facts),
            Self::StricterLifetime => signature::lifetime_is_within_stricter_limits(facts),
            Self::MeetingNumber => signature::is_for_this_meeting(facts),
            Self::Role => signature::role_is_known(facts),
            Self::SdkVersion => meeting::sdk_version_is_supported(facts),
            Self::MeetingExists => meeting::exists(facts),
            Self::HostAccount => meeting::host_joins_own_account(facts),
            Self::ExternalAccount => meeting::external_join_is_allowed(facts),
            Self::Zak => user_token::zak_is_usable(facts),
            Self::Obf => user_token::obf_is_usable(facts),
            Self::ObfOwner => user_token::obf_owner_is_there(facts),
            Self::Authentication => meeting::user_is_signed_in(facts),
            Self::Registration => meeting::registrant_is_known(facts),
            Self::Passcode => meeting::passcode_is_right(facts),
        }
    }
}

/// How one check ended.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    pub check: Check,
    pub result: CheckOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Whether a check passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    Passed,
    Failed,
    /// There was nothing to judge, for example no ZAK, or no such meeting to have a passcode.
    NotApplicable,
    /// It fails, and will from the date on that the rules name; until then nobody is refused for it.
    FailsLater,
    /// Switched off, so not judged.
    Off,
}

/// Reference 3.1 `[doc]`.
const NOT_STARTED: i64 = 3008;

/// `errorCode` and `errorMessage` as they travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireAnswer {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl WireAnswer {
    /// The body of reference 2.5 `[run]`. Of a meeting that has not started the Client View reads `result` too: without these fields 6.2.0
    /// shows code 1 or another page `[run]`. What Zoom fills in is not known.
    pub(crate) fn body(&self) -> Value {
        let result = match self.code {
            NOT_STARTED => json!({ "wrInfo": "{}", "meetingInfo": "{}", "isNewJoinFlow": false }),
            _ => Value::Null,
        };
        json!({ "status": false, "errorCode": self.code, "errorMessage": self.message, "result": result })
    }
}

pub(super) enum Judgement {
    Passed,
    NotApplicable,
    Failed {
        code: i64,
        message: &'static str,
        because: String,
    },
}

impl Judgement {
    fn failed(code: i64, message: &'static str, because: impl Into<String>) -> Self {
        Self::Failed {
            code,
            message,
            because: because.into(),
        }
    }

    /// What the web API answers to most wrong signatures: code 200 and this sentence, which the SDK turns into 3712 (observed).
    fn invalid_signature(because: impl Into<String>) -> Self {
        Self::failed(200, "Invalid signature.", because)
    }
}

/// What one join is judged by.
pub(super) struct Facts<'a> {
    world: &'a World,
    now: Timestamp,
    fields: &'a BTreeMap<String, String>,
    token: Option<signature::Decoded>,
    app: Option<&'a App>,
    meeting: Option<&'a Meeting>,
    zak: Option<&'a Issued>,
    obf: Option<&'a Issued>,
}

impl<'a> Facts<'a> {
    fn new(world: &'a World, now: Timestamp, fields: &'a BTreeMap<String, String>) -> Self {
        let mut facts = Self {
            world,
            now,
            fields,
            token: None,
            app: None,
            meeting: None,
            zak: None,
            obf: None,
        };
        facts.token = facts.field("signature").and_then(signature::Decoded::parse);
        facts.app = facts
            .key()
            .and_then(|key| world.apps.iter().find(|app| app.key == key));
        facts.meeting = facts
            .field("meetingNumber")
            .and_then(|number| number.parse().ok())
            .and_then(|number| world.meeting(number));
        facts.zak = facts
            .zak_field()
            .and_then(|zak| world.tokens.find(TokenKind::Zak, zak, now));
        facts.obf = facts
            .field("obfToken")
            .and_then(|obf| world.tokens.find(TokenKind::Obf, obf, now));
        facts
    }

    /// A field that is there and not empty.
    fn field(&self, name: &str) -> Option<&'a str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn claim(&self, name: &str) -> Option<&Value> {
        self.token.as_ref().and_then(|token| token.claims.get(name))
    }

    /// The key of the request. The 6.2.0 Client View sends the text "undefined" for a signature without `appKey` (reference 2.5).
    fn key(&self) -> Option<&str> {
        let in_claim = |name| self.claim(name).and_then(Value::as_str);
        self.field("apiKey")
            .filter(|key| *key != "undefined")
            .or_else(|| in_claim("appKey"))
            .or_else(|| in_claim("sdkKey"))
    }

    /// Where the ZAK travels depends on view and version (reference 2.5): `ztk`, or `zsk` in the 2.16.0 Component View.
    fn zak_field(&self) -> Option<&'a str> {
        self.field("ztk").or_else(|| self.field("zsk"))
    }

    fn joins_as_host(&self) -> bool {
        self.claim("role").and_then(Value::as_i64) == Some(1)
    }

    fn meeting_is_external(&self) -> Option<bool> {
        let meeting = self.world.account_of_meeting(self.meeting?)?;
        Some(self.app?.account != meeting)
    }
}

/// What the check says of one join.
pub(crate) struct Verdict {
    pub(crate) signature: Option<Value>,
    pub(crate) checks: Vec<CheckResult>,
    pub(crate) answer: WireAnswer,
    /// Whether every check that is on passed.
    pub(crate) passed: bool,
}

pub(crate) fn judge(world: &World, now: Timestamp, fields: &BTreeMap<String, String>) -> Verdict {
    let facts = Facts::new(world, now, fields);
    let mut checks = Vec::new();
    let mut refusal = None;
    for check in Check::ALL {
        let (result, because) = match world.rules.of(check, now) {
            InForce::No => (CheckOutcome::Off, None),
            in_force => match check.judge(&facts) {
                Judgement::Passed => (CheckOutcome::Passed, None),
                Judgement::NotApplicable => (CheckOutcome::NotApplicable, None),
                Judgement::Failed { because, .. } if in_force == InForce::Later => {
                    (CheckOutcome::FailsLater, Some(because))
                }
                Judgement::Failed {
                    code,
                    message,
                    because,
                } => {
                    refusal.get_or_insert(WireAnswer {
                        code,
                        message: message.to_owned(),
                    });
                    (CheckOutcome::Failed, Some(because))
                }
            },
        };
        checks.push(CheckResult {
            check,
            result,
            because,
        });
    }
    Verdict {
        signature: facts
            .token
            .as_ref()
            .map(|token| json!({ "header": token.header, "claims": token.claims })),
        checks,
        passed: refusal.is_none(),
        answer: refusal.unwrap_or_else(|| not_started(facts.meeting)),
    }
}

/// What Zoom answers on a full success is not documented, so nobody ever gets further than this.
fn not_started(meeting: Option<&Meeting>) -> WireAnswer {
    // The Client View reads the message as JSON, and throws at a sentence (2.16.0) or shows code 1 (6.2.0) `[run]`.
    let topic = meeting.map_or("", |meeting| &meeting.topic);
    let message =
        json!({ "msg": "Meeting has not started", "scheduleTime": "", "topic": topic }).to_string();
    WireAnswer {
        code: NOT_STARTED,
        message,
    }
}
