//! Fields of a body that may be missing, empty, or of another JSON type than its documentation says.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::moment;

/// A text longer than this, in bytes, is taken as missing. Zoom's longest (a name, a leave reason with it) are below 500.
const TEXT_BYTES_MAX: usize = 2048;

/// The fields of an object; none where there is no object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name)
    }

    pub(super) fn inner(self, name: &str) -> Self {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// A text that is not empty; a whole number that is not negative counts as its digits (`object.id` is a number in some events).
    pub(super) fn text(self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) if !text.is_empty() && text.len() <= TEXT_BYTES_MAX => {
                Some(text.clone())
            }
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// A text that is one, as it was sent: what is signed is nothing that was made of something else.
    pub(super) fn verbatim(self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// RFC 3339, or a number since 1970 (`event_ts` is in milliseconds).
    pub(super) fn moment(self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        text.parse()
            .ok()
            .or_else(|| text.parse().ok().and_then(moment))
    }
}

/// The names of an object's fields, those of `settings` with a prefix; without the ones that say which meeting it is.
pub(super) fn changed_fields(object: Fields<'_>) -> Vec<String> {
    const NAMES_MAX: usize = 64;
    const NAME_BYTES_MAX: usize = 64;
    let names = |fields: Fields<'_>, prefix: &'static str| {
        fields
            .0
            .into_iter()
            .flat_map(Map::keys)
            .filter(|name| name.len() <= NAME_BYTES_MAX)
            .map(move |name| format!("{prefix}{name}"))
            .collect::<Vec<_>>()
    };
    let own = names(object, "");
    own.into_iter()
        .filter(|name| !matches!(name.as_str(), "id" | "uuid" | "host_id" | "settings"))
        .chain(names(object.inner("settings"), "settings."))
        .take(NAMES_MAX)
        .collect()
}

/// Zoom's leave reason without the name: it reads `NAME left the meeting.<br>Reason: …`.
///
/// What has another form, or still holds the name, is dropped: a name must not be kept.
pub(super) fn reason_of(told: &str, user_name: Option<&str>) -> Option<String> {
    const REASON_CHARS_MAX: usize = 300;
    let start = told
        .rfind("left the meeting")
        .or_else(|| told.rfind("Reason:"))?;
    let reason = &told[start..];
    let holds_name = user_name.is_some_and(|name| reason.contains(name.trim()));
    (!holds_name).then(|| reason.chars().take(REASON_CHARS_MAX).collect())
}
