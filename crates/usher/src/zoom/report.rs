//! `GET /report/meetings/{id}/participants` (reference section 10): who was in a meeting that has ended.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A page of the report.
#[derive(Debug, Deserialize)]
pub struct ReportPage {
    pub participants: Vec<ReportRow>,
    /// Where the next page begins; empty on the last one.
    #[serde(default, rename = "next_page_token", deserialize_with = "text")]
    pub next_page_token: Option<String>,
}

/// One time that somebody was there. Read leniently: a field of another type counts as not given.
#[derive(Default)]
pub struct ReportRow {
    /// What the page gave as `customerKey`.
    pub customer_key: Option<String>,
    /// For comparing; never kept.
    pub name: Option<String>,
    pub joined_at: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
    /// In the waiting room, not in the meeting.
    pub is_of_waiting_room: bool,
}

impl<'de> Deserialize<'de> for ReportRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        let text = |name: &str| {
            let text = row[name].as_str().filter(|text| !text.is_empty())?;
            Some(text.to_owned())
        };
        let moment = |name: &str| row[name].as_str()?.parse().ok();
        Ok(Self {
            customer_key: text("customer_key"),
            name: text("name"),
            joined_at: moment("join_time"),
            left_at: moment("leave_time"),
            is_of_waiting_room: row["status"] == "in_waiting_room",
        })
    }
}

/// Shows nothing that tells who it is.
impl fmt::Debug for ReportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportRow")
            .field("joined_at", &self.joined_at)
            .field("left_at", &self.left_at)
            .field("is_of_waiting_room", &self.is_of_waiting_room)
            .finish_non_exhaustive()
    }
}

/// A UUID that begins with `/` or contains `//` has to be encoded twice (reference section 6); the second time is the client's.
pub(super) fn path_segment(meeting: &str) -> Cow<'_, str> {
    if meeting.starts_with('/') || meeting.contains("//") {
        utf8_percent_encode(meeting, NON_ALPHANUMERIC).into()
    } else {
        meeting.into()
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_read_and_shows_nobody() {
        let page: ReportPage = serde_json::from_value(json!({
            "next_page_token": "", "page_size": 300, "total_records": 2,
            "participants": [
                {"customer_key": "k1", "name": "Ann Secret", "user_email": "ann@example.com", "status": "in_meeting",
                 "join_time": "2026-11-24T13:00:00Z", "leave_time": "2026-11-24T13:45:00Z"},
                {"name": "", "status": "in_waiting_room", "join_time": 7},
            ],
        }))
        .unwrap();
        assert_eq!(page.next_page_token, None);
        let [ann, other] = page.participants.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(ann.customer_key.as_deref(), Some("k1"));
        assert_eq!(ann.left_at.unwrap().to_string(), "2026-11-24T13:45:00Z");
        assert_eq!((other.joined_at, other.name.as_deref()), (None, None));
        assert!(other.is_of_waiting_room && !ann.is_of_waiting_room);
        assert!(!format!("{page:?}").contains("Ann") && !format!("{page:?}").contains("k1"));
    }

    #[test]
    fn only_a_uuid_that_needs_it_is_encoded_twice() {
        assert_eq!(path_segment("/a+b=="), "%2Fa%2Bb%3D%3D");
        assert_eq!(path_segment("a//b"), "a%2F%2Fb");
        assert_eq!(path_segment("a/b+c=="), "a/b+c==");
    }
}
