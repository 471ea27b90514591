//! `GET /meetings/{id}` (reference section 6).

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use usher_core::meeting::MeetingNumber;

/// A meeting as Zoom knows it. All fields but the number are optional in Zoom's own types.
#[derive(Debug, Deserialize)]
pub struct ZoomMeeting {
    /// JSON number, 64 bits.
    #[serde(rename = "id", deserialize_with = "number")]
    pub number: MeetingNumber,
    /// Of the instance: a new one at each start.
    pub uuid: Option<String>,
    /// The user whose ZAK starts it.
    pub host_id: Option<String>,
    pub host_email: Option<String>,
    pub topic: Option<String>,
    /// `waiting` or `started`.
    pub status: Option<String>,
    /// Plain; goes into the SDK's `passWord` or `password`.
    #[serde(rename = "password")]
    pub passcode: Option<SecretString>,
    /// Holds a ZAK.
    pub start_url: Option<SecretString>,
    #[serde(default)]
    pub settings: MeetingSettings,
}

/// Who may join. Read leniently: a setting of another type counts as not given, because no join depends on it.
#[derive(Default)]
pub struct MeetingSettings {
    pub waiting_room: Option<bool>,
    /// If not, attendees get 3008 until the host is there.
    pub join_before_host: Option<bool>,
    /// Registration: 0 automatic, 1 by hand, 2 none (numbers unverified).
    pub approval_type: Option<i64>,
    pub registration_type: Option<i64>,
    /// Only signed-in users: else 3100.
    pub meeting_authentication: Option<bool>,
    /// All of it, as received. May name people.
    pub raw: Value,
}

impl MeetingSettings {
    /// Whether a join needs a registrant's `tk` (else 3099). The meaning of the numbers is unverified (reference section 6).
    pub fn needs_registration(&self) -> bool {
        matches!(self.approval_type, Some(0 | 1))
    }
}

impl<'de> Deserialize<'de> for MeetingSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Value::deserialize(deserializer)?;
        Ok(Self {
            waiting_room: raw["waiting_room"].as_bool(),
            join_before_host: raw["join_before_host"].as_bool(),
            approval_type: raw["approval_type"].as_i64(),
            registration_type: raw["registration_type"].as_i64(),
            meeting_authentication: raw["meeting_authentication"].as_bool(),
            raw,
        })
    }
}

impl fmt::Debug for MeetingSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeetingSettings")
            .field("waiting_room", &self.waiting_room)
            .field("join_before_host", &self.join_before_host)
            .field("approval_type", &self.approval_type)
            .field("registration_type", &self.registration_type)
            .field("meeting_authentication", &self.meeting_authentication)
            .finish_non_exhaustive()
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MeetingNumber, D::Error> {
    MeetingNumber::from_u64(u64::deserialize(deserializer)?).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_meeting_is_read_and_its_secrets_stay_out_of_debug() {
        let meeting: ZoomMeeting = serde_json::from_value(json!({
            "id": 850_123_456_789_u64, "uuid": "/a//b==", "host_id": "h", "password": "geheim", "status": "waiting",
            "start_url": "https://zoom.us/s/1?zak=zakzak",
            "settings": {"waiting_room": true, "approval_type": 0, "alternative_hosts": "ann@example.com"},
        }))
        .unwrap();
        assert_eq!(meeting.number.as_u64(), 850_123_456_789);
        assert_eq!(meeting.passcode.as_ref().unwrap().expose_secret(), "geheim");
        assert!(meeting.settings.needs_registration());
        assert_eq!(meeting.settings.raw["alternative_hosts"], "ann@example.com");
        let debug = format!("{meeting:?}");
        for secret in ["geheim", "zakzak", "ann@"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }

    #[test]
    fn only_the_number_is_needed_and_odd_settings_are_no_obstacle() {
        for json in [
            json!({"id": 123_456_789}),
            json!({"id": 123_456_789, "topic": null, "settings": {"approval_type": "two"}}),
            json!({"id": 123_456_789, "settings": []}),
        ] {
            assert!(
                serde_json::from_value::<ZoomMeeting>(json.clone()).is_ok(),
                "{json}"
            );
        }
        for json in [
            json!({}),
            json!({"id": "123456789"}),
            json!({"id": -1}),
            json!({"id": 1}),
        ] {
            assert!(
                serde_json::from_value::<ZoomMeeting>(json.clone()).is_err(),
                "{json}"
            );
        }
    }
}
