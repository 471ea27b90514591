//! What is known of a meeting.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use usher_core::join::limits;
use usher_core::meeting::MeetingNumber;
use usher_core::refusal::Refusal;

use super::{Host, Name, Text, Topic};
use crate::zoom::ZoomMeeting;

/// A registered meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    pub number: MeetingNumber,
    /// Of the instance that Zoom named at the last import: each start has a new one.
    pub uuid: Option<Name>,
    pub topic: Option<Topic>,
    /// The user whose ZAK starts the meeting.
    pub host: Option<Host>,
    /// Name of the configured account that the host belongs to; `None` is the first.
    pub account: Option<Name>,
    /// Name of the configured app that signs for it; `None` is the first.
    pub app: Option<Name>,
    pub passcode: Passcode,
    /// The settings that decide who may join, as Zoom gave them at the last import.
    pub settings: Option<Value>,
    /// Whether a join needs a registrant's token, as of the last import.
    pub needs_registration: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A passcode, `""` for none. It is shown nowhere and leaves only inside join parameters.
#[derive(Clone)]
pub struct Passcode(SecretString);

/// What a person says of a meeting. Registering lays it over a meeting of which only the number is known.
#[derive(Debug, Clone, Default)]
pub struct MeetingChange {
    pub topic: Edit<Topic>,
    pub host: Edit<Host>,
    pub account: Edit<Name>,
    pub app: Edit<Name>,
    pub passcode: Option<Passcode>,
}

/// What happens to an optional field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

/// What is kept of a meeting's settings. The others don't decide who may join, and some name people (alternative hosts, contacts).
const SETTINGS_KEPT: &[&str] = &[
    "allow_multiple_devices",
    "approval_type",
    "approved_or_denied_countries_or_regions",
    "authentication_domains",
    "authentication_option",
    "close_registration",
    "enforce_login",
    "internal_meeting",
    "jbh_time",
    "join_before_host",
    "meeting_authentication",
    "private_meeting",
    "registration_type",
    "waiting_room",
];

impl Meeting {
    pub(super) fn new(number: MeetingNumber, at: Timestamp) -> Self {
        Self {
            number,
            uuid: None,
            topic: None,
            host: None,
            account: None,
            app: None,
            passcode: Passcode::none(),
            settings: None,
            needs_registration: false,
            created_at: at,
            updated_at: at,
        }
    }

    pub(super) fn change(&mut self, change: &MeetingChange, at: Timestamp) {
        change.topic.apply(&mut self.topic);
        change.host.apply(&mut self.host);
        change.account.apply(&mut self.account);
        change.app.apply(&mut self.app);
        if let Some(passcode) = &change.passcode {
            self.passcode = passcode.clone();
        }
        self.updated_at = at;
    }

    /// Takes what Zoom said; where Zoom said nothing, what was known stays.
    pub(super) fn learn(&mut self, zoom: &ZoomMeeting, account: &Name, at: Timestamp) {
        learn(&mut self.uuid, zoom.uuid.as_deref());
        learn(&mut self.topic, zoom.topic.as_deref());
        learn(
            &mut self.host,
            zoom.host_id.as_deref().or(zoom.host_email.as_deref()),
        );
        self.account = Some(account.clone());
        if let Some(passcode) = &zoom.passcode {
            self.passcode = Passcode(passcode.clone());
        }
        if let Value::Object(settings) = &zoom.settings.raw {
            self.settings = Some(kept(settings));
            self.needs_registration = zoom.settings.needs_registration();
        }
        self.updated_at = at;
    }
}

fn learn<const MAX: usize>(known: &mut Option<Text<MAX>>, said: Option<&str>) {
    if let Some(said) = said.and_then(Text::of_zoom) {
        *known = Some(said);
    }
}

fn kept(settings: &Map<String, Value>) -> Value {
    let kept = SETTINGS_KEPT
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), settings.get(*name)?.clone())));
    Value::Object(kept.collect())
}

impl Passcode {
    /// A meeting without a passcode.
    pub fn none() -> Self {
        Self::stored(String::new())
    }

    /// Checks it against what the SDK takes.
    pub fn new(passcode: impl Into<String>) -> Result<Self, Refusal> {
        let passcode = passcode.into();
        limits::passcode(&passcode)?;
        Ok(Self::stored(passcode))
    }

    pub(crate) fn stored(passcode: String) -> Self {
        Self(passcode.into())
    }

    /// The passcode itself, for join parameters.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for Passcode {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "Passcode(none)"
        } else {
            "Passcode(…)"
        })
    }
}

impl<T: Clone> Edit<T> {
    fn apply(&self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }
}

impl<const MAX: usize> Edit<Text<MAX>> {
    /// An absent text keeps what is there, an empty one clears it.
    pub fn parse(field: &'static str, text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None => Ok(Self::Keep),
            Some(text) if text.trim().is_empty() => Ok(Self::Clear),
            Some(text) => Text::new(field, text).map(Self::Set),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn known() -> Meeting {
        let mut meeting = Meeting::new(MeetingNumber::from_u64(85_012_345_678).unwrap(), at(1));
        let change = MeetingChange {
            topic: Edit::parse("topic", Some("Weekly")).unwrap(),
            app: Edit::parse("app", Some("shop")).unwrap(),
            passcode: Some(Passcode::new("geheim").unwrap()),
            ..MeetingChange::default()
        };
        meeting.change(&change, at(2));
        meeting
    }

    #[test]
    fn an_absent_field_stays_and_an_empty_one_is_cleared() {
        let mut meeting = known();
        let change = MeetingChange {
            topic: Edit::parse("topic", Some(" ")).unwrap(),
            ..MeetingChange::default()
        };
        meeting.change(&change, at(3));
        assert_eq!(meeting.topic, None);
        assert_eq!(meeting.app.as_deref(), Some("shop"));
        assert_eq!(meeting.passcode.expose(), "geheim");
        assert_eq!((meeting.created_at, meeting.updated_at), (at(1), at(3)));
    }

    #[test]
    fn what_zoom_does_not_say_stays_known() {
        let mut meeting = known();
        let zoom =
            serde_json::from_value(json!({"id": 85_012_345_678_u64, "topic": "Daily"})).unwrap();
        meeting.learn(&zoom, &Name::new("account", "eu").unwrap(), at(3));
        assert_eq!(meeting.topic.as_deref(), Some("Daily"));
        assert_eq!(meeting.passcode.expose(), "geheim");
        assert_eq!(meeting.app.as_deref(), Some("shop"));
        assert_eq!(meeting.account.as_deref(), Some("eu"));
    }

    #[test]
    fn of_the_settings_only_those_that_decide_who_may_join_are_kept() {
        let mut meeting = known();
        let zoom = serde_json::from_value(json!({"id": 85_012_345_678_u64, "password": "", "host_id": "abc", "settings": {
            "approval_type": 0, "waiting_room": true, "alternative_hosts": "ann@example.com", "contact_name": "Ann"}}))
        .unwrap();
        meeting.learn(&zoom, &Name::new("account", "eu").unwrap(), at(3));
        assert_eq!(
            meeting.settings,
            Some(json!({"approval_type": 0, "waiting_room": true}))
        );
        assert!(meeting.needs_registration);
        assert!(meeting.passcode.is_empty());
        assert_eq!(meeting.host.as_deref(), Some("abc"));
    }

    #[test]
    fn debug_hides_the_passcode() {
        assert!(!format!("{:?}", known()).contains("geheim"));
    }
}
