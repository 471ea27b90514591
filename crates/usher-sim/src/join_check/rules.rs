//! Which checks are in force and since when, and what they are measured by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Check;

/// Which checks are on, and what they are measured by.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Checks that are switched otherwise than they stand by default.
    checks: BTreeMap<Check, Switch>,
    /// How far `iat` may lie ahead of the clock. Zoom's tolerance is unverified (reference 12.1).
    pub iat_tolerance_s: i64,
    /// Versions below it fail `sdk_version`.
    pub minimum_sdk_version: Option<String>,
    /// A shorter life of a signature fails `stricter_lifetime`.
    pub stricter_lifetime_min_s: i64,
    /// A longer life of a signature fails `stricter_lifetime`.
    pub stricter_lifetime_max_s: i64,
    /// The form of errors of `/oauth/token`.
    pub oauth_errors: OauthErrors,
}

impl Default for Rules {
    /// The limits of reference 1.1 `[doc]`: `stricter_lifetime` is stricter only once one of its own is set.
    fn default() -> Self {
        Self {
            checks: BTreeMap::new(),
            iat_tolerance_s: 0,
            minimum_sdk_version: None,
            stricter_lifetime_min_s: 1800,
            stricter_lifetime_max_s: 172_800,
            oauth_errors: OauthErrors::default(),
        }
    }
}

/// The JSON of the token endpoint's errors is unverified (reference 5.1), so there are several forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthErrors {
    /// `{reason, error}`, as commonly quoted.
    #[default]
    Reason,
    /// `{error, error_description}`, as RFC 6749 has it.
    ErrorDescription,
    /// `{code, reason, error}` with Zoom's documented numbers, which tell a wrong Client ID from a wrong Client Secret.
    Code,
}

/// A day: nobody grants more.
const IAT_TOLERANCE_MAX_S: i64 = 86_400;

/// Whether a check is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
    /// By the clock of the host that judges.
    From(Timestamp),
}

/// Whether a check counts at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InForce {
    Yes,
    No,
    /// Not yet.
    Later,
}

impl Rules {
    /// Switches one check on or off, or on from a moment.
    pub fn switch(&mut self, check: Check, switch: impl Into<Switch>) {
        self.checks.insert(check, switch.into());
    }

    /// Rules to come are off unless switched on, and so is `external_account`: most tests run within one account.
    pub fn switch_of(&self, check: Check) -> Switch {
        let is_on = !matches!(
            check,
            Check::ExternalAccount | Check::AppKey | Check::StricterLifetime
        );
        self.checks.get(&check).copied().unwrap_or(is_on.into())
    }

    pub(super) fn of(&self, check: Check, now: Timestamp) -> InForce {
        match self.switch_of(check) {
            Switch::On => InForce::Yes,
            Switch::Off => InForce::No,
            Switch::From(from) if from <= now => InForce::Yes,
            Switch::From(_) => InForce::Later,
        }
    }

    /// These rules with one set as `usher sim --rule` names it.
    pub fn with(&self, setting: RuleSetting) -> serde_json::Result<Self> {
        self.changed(setting.0)
    }

    /// These rules with some fields set anew; `checks` is merged check by check.
    pub(crate) fn changed(&self, mut changes: Map<String, Value>) -> serde_json::Result<Self> {
        let mut fields = match serde_json::to_value(self)? {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if let Some(Value::Object(checks)) = changes.get_mut("checks")
            && let Some(Value::Object(mut merged)) = fields.remove("checks")
        {
            merged.append(checks);
            *checks = merged;
        }
        fields.extend(changes);
        let changed: Self = serde_json::from_value(Value::Object(fields))?;
        changed.check().map_err(serde_json::Error::custom)?;
        Ok(changed)
    }

    /// What can't be meant: a rehearsal with it would rehearse nothing.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_version = |version: &String| {
            let parts = version.split('.').map(str::parse::<u32>);
            let parts: Result<Vec<u32>, _> = parts.collect();
            parts.is_ok_and(|parts| (2..=3).contains(&parts.len()))
        };
        if !self.minimum_sdk_version.iter().all(is_version) {
            return Err("minimum_sdk_version takes a version such as 6.2.0");
        }
        if self.stricter_lifetime_min_s < 0
            || self.stricter_lifetime_max_s < self.stricter_lifetime_min_s
        {
            return Err(
                "stricter_lifetime_min_s and stricter_lifetime_max_s are seconds, the first not above the second",
            );
        }
        if !(0..=IAT_TOLERANCE_MAX_S).contains(&self.iat_tolerance_s) {
            return Err("iat_tolerance_s takes 0 to 86400");
        }
        Ok(())
    }
}

/// One rule in the form `NAME[=VALUE]`: a check with `true` (if left out), `false` or a date, or a field of the rules.
#[derive(Debug, Clone)]
pub struct RuleSetting(Map<String, Value>);

impl FromStr for RuleSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        let field = match name {
            "minimum_sdk_version" | "oauth_errors" => json!({ name: value }),
            _ if name.ends_with("_s") => {
                let seconds: i64 = value
                    .parse()
                    .map_err(|_| format!("{name} takes a whole number of seconds"))?;
                json!({ name: seconds })
            }
            _ => {
                let switch: Switch = value.parse()?;
                json!({ "checks": { name: switch } })
            }
        };
        let Value::Object(field) = field else {
            return Err(format!("{name} is no rule"));
        };
        match Rules::default().changed(field.clone()) {
            Ok(_) => Ok(Self(field)),
            Err(error) => Err(error.to_string()),
        }
    }
}

const SWITCH_FORM: &str = "true, false or a date in quotes, as in \"2026-03-02T00:00:00Z\" or \"2026-03-02\" (midnight UTC)";

impl From<bool> for Switch {
    fn from(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = |text: &str| text.parse().ok().map(Self::From);
        match text {
            "true" => Some(Self::On),
            "false" => Some(Self::Off),
            _ if text.len() == "2026-03-02".len() => moment(&format!("{text}T00:00:00Z")),
            _ => moment(text),
        }
        .ok_or_else(|| format!("a check takes {SWITCH_FORM}"))
    }
}

impl Serialize for Switch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::On => serializer.serialize_bool(true),
            Self::Off => serializer.serialize_bool(false),
            Self::From(from) => from.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchVisitor)
    }
}

struct SwitchVisitor;

impl Visitor<'_> for SwitchVisitor {
    type Value = Switch;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SWITCH_FORM)
    }

    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Switch, E> {
        Ok(is_on.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Switch, E> {
        text.parse().map_err(E::custom)
    }
}
