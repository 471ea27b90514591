//! What Zoom's webhooks say: the events, and which fields each carries (reference 7.3 `[src]`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::attendance::{Instance, Participant};
use crate::rest::iso_seconds;
use crate::world::Meeting;

/// What a meeting's webhook tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum EventKind {
    MeetingStarted,
    MeetingEnded,
    MeetingUpdated,
    ParticipantJoined,
    ParticipantLeft,
    JbhWaiting,
    JbhWaitingLeft,
    JbhJoined,
    JoinedWaitingRoom,
    LeftWaitingRoom,
    PutInWaitingRoom,
    Admitted,
}

impl EventKind {
    pub const ALL: [Self; 12] = [
        Self::MeetingStarted,
        Self::MeetingEnded,
        Self::MeetingUpdated,
        Self::ParticipantJoined,
        Self::ParticipantLeft,
        Self::JbhWaiting,
        Self::JbhWaitingLeft,
        Self::JbhJoined,
        Self::JoinedWaitingRoom,
        Self::LeftWaitingRoom,
        Self::PutInWaitingRoom,
        Self::Admitted,
    ];

    /// Zoom's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MeetingStarted => "meeting.started",
            Self::MeetingEnded => "meeting.ended",
            Self::MeetingUpdated => "meeting.updated",
            Self::ParticipantJoined => "meeting.participant_joined",
            Self::ParticipantLeft => "meeting.participant_left",
            Self::JbhWaiting => "meeting.participant_jbh_waiting",
            Self::JbhWaitingLeft => "meeting.participant_jbh_waiting_left",
            Self::JbhJoined => "meeting.participant_jbh_joined",
            Self::JoinedWaitingRoom => "meeting.participant_joined_waiting_room",
            Self::LeftWaitingRoom => "meeting.participant_left_waiting_room",
            Self::PutInWaitingRoom => "meeting.participant_put_in_waiting_room",
            Self::Admitted => "meeting.participant_admitted",
        }
    }

    /// The fields of `participant`; none for events about the meeting itself.
    fn participant_fields(self) -> &'static str {
        match self {
            Self::MeetingStarted | Self::MeetingEnded | Self::MeetingUpdated => "",
            Self::ParticipantJoined => {
                "user_id user_name id participant_uuid participant_user_id join_time email registrant_id customer_key phone_number"
            }
            Self::ParticipantLeft => {
                "user_id user_name id participant_uuid participant_user_id leave_time leave_reason email registrant_id customer_key phone_number"
            }
            Self::JbhWaiting => "id user_name customer_key",
            Self::JbhWaitingLeft | Self::JbhJoined => "id user_name customer_key registrant_id",
            Self::JoinedWaitingRoom | Self::LeftWaitingRoom => {
                "user_id user_name id participant_uuid date_time email phone_number participant_user_id customer_key registrant_id"
            }
            Self::PutInWaitingRoom => {
                "user_id user_name id participant_uuid date_time email participant_user_id customer_key registrant_id"
            }
            Self::Admitted => {
                "user_id user_name id participant_uuid date_time email customer_key registrant_id"
            }
        }
    }

    pub(crate) fn tells_of_somebody(self) -> bool {
        !self.participant_fields().is_empty()
    }
}

impl TryFrom<String> for EventKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name:?} is no event that the simulator can send"))
    }
}

impl From<EventKind> for &'static str {
    fn from(kind: EventKind) -> Self {
        kind.name()
    }
}

/// `{event, event_ts, payload: {account_id, object}}`. That `event_ts` is when it happened, and not when it is sent, is assumed.
pub(crate) fn envelope(
    kind: EventKind,
    meeting: &Meeting,
    instance: &Instance,
    participant: Option<&Participant>,
    at: Timestamp,
    changes: Option<&Value>,
) -> Value {
    let mut object = object(kind, meeting, instance, at);
    if let Some(participant) = participant {
        object["participant"] = about(kind, participant, at);
    }
    if let Some(changes) = changes {
        merge(&mut object, changes);
    }
    let mut payload = json!({ "account_id": instance.account, "object": object });
    if kind == EventKind::MeetingUpdated {
        // The shape of this event is not in the reference: assumed.
        payload["operator_id"] = meeting.host.as_str().into();
        payload["time_stamp"] = at.as_millisecond().into();
        payload["old_object"] = json!({ "id": meeting.number, "uuid": instance.uuid });
    }
    json!({ "event": kind.name(), "event_ts": at.as_millisecond(), "payload": payload })
}

/// The fields that all share. `duration` is the scheduled length in minutes, which a simulated meeting does not have: an hour.
fn object(kind: EventKind, meeting: &Meeting, instance: &Instance, at: Timestamp) -> Value {
    // In these two the id is a number; everywhere else it is a string. For `meeting.updated` that is assumed.
    let id: Value = match kind {
        EventKind::JbhWaitingLeft | EventKind::MeetingUpdated => meeting.number.into(),
        _ => meeting.number.to_string().into(),
    };
    let mut object = json!({
        "id": id, "uuid": instance.uuid, "host_id": meeting.host, "topic": meeting.topic, "type": 2,
        "start_time": iso_seconds(instance.started_at), "timezone": "UTC", "duration": 60,
    });
    if kind == EventKind::MeetingEnded {
        object["end_time"] = iso_seconds(at).into();
    }
    object
}

fn about(kind: EventKind, participant: &Participant, at: Timestamp) -> Value {
    let person = &participant.person;
    let or_empty = |text: &Option<String>| Some(text.clone().unwrap_or_default());
    let name = person.user_name.as_deref().unwrap_or("Somebody");
    let field = |field: &str| match field {
        "user_id" => Some(participant.user_id.clone()),
        "user_name" => person.user_name.clone(),
        "id" | "participant_user_id" => or_empty(&person.user),
        "participant_uuid" => Some(participant.participant_uuid.clone()),
        "email" => or_empty(&person.email),
        "registrant_id" => person.registrant_id.clone(),
        "customer_key" => person.customer_key.clone(),
        "phone_number" => person.phone_number.clone(),
        "join_time" | "leave_time" | "date_time" => Some(iso_seconds(at)),
        "leave_reason" => Some(format!("{name} left the meeting.")),
        _ => None,
    };
    let fields: Map<String, Value> = kind
        .participant_fields()
        .split(' ')
        .filter_map(|name| Some((name.to_owned(), field(name)?.into())))
        .collect();
    fields.into()
}

/// RFC 7396: `null` takes a field away.
fn merge(target: &mut Value, changes: &Value) {
    let Value::Object(changes) = changes else {
        target.clone_from(changes);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), change);
        }
    }
}
