//! `GET /v2/report/meetings/{id}/participants`: who was in a meeting that has ended (reference 10).

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shared;
use crate::attendance::{Instance, Instances, Participant};
use crate::observe::Seen;
use crate::paging::Paging;
use crate::rest::{self, Answer, REPORT_PARTICIPANTS, Refusal};

/// Zoom's own error 12702 says "a year"; how many days that is, is assumed.
const KEPT: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What an account gets to see of its reports.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reports {
    /// Without it every report is refused, as on a plan below Pro.
    pub allowed: bool,
    /// Zoom reports on no meeting with fewer people in it, the host included `[doc]`.
    pub minimum_participants: usize,
    /// How long after a meeting's end its report is there. Zoom's delay is unverified.
    pub ready_after_s: u32,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            allowed: true,
            minimum_participants: 2,
            ready_after_s: 0,
        }
    }
}

impl Reports {
    fn tell_of(self, instance: &Instance, now: Timestamp) -> bool {
        let were_in = instance
            .participants
            .iter()
            .filter(|each| each.joined_at.is_some());
        let ready_after = SignedDuration::from_secs(i64::from(self.ready_after_s));
        were_in.count() >= self.minimum_participants
            && instance
                .ended_at
                .is_some_and(|ended_at| now.duration_since(ended_at) >= ready_after)
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/v2/report/meetings/{id}/participants", get(participants))
}

async fn participants(
    State(shared): State<Shared>,
    Extension(seen): Extension<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let with_registrant_id = match seen.query.get("include_fields").map(String::as_str) {
        None => false,
        Some("registrant_id") => true,
        Some(_) => {
            return Err(Refusal::invalid_field(
                "include_fields",
                "include_fields must be registrant_id",
            ));
        }
    };
    shared.with_world(|world| {
        let now = world.clock.now(&seen.host);
        let paging = Paging::asked(&seen, now)?;
        let account = rest::authorize(world, &seen.host, &headers, REPORT_PARTICIPANTS)?;
        let reports = world
            .accounts
            .iter()
            .find(|each| each.id == account)
            .map_or_else(Reports::default, |each| each.reports);
        if !reports.allowed {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, 200, "No permission."));
        }
        let instance = find(&world.instances, &account, &id)
            .filter(|instance| reports.tell_of(instance, now))
            .ok_or_else(|| not_found(&id))?;
        let age = instance.ended_at.map_or(SignedDuration::ZERO, |ended_at| {
            now.duration_since(ended_at)
        });
        if age > KEPT {
            let message = "Can not access meeting a year ago.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, 12702, message));
        }
        let rows = instance
            .participants
            .iter()
            .flat_map(|participant| rows(participant, with_registrant_id))
            .collect();
        Ok(Json(paging.page("participants", rows)))
    })
}

/// A meeting that runs is answered as one that is not there: assumed.
fn not_found(id: &str) -> Refusal {
    let message = format!("Meeting {id} not found or has expired.");
    Refusal::new(StatusCode::NOT_FOUND, 3001, &message)
}

/// The latest ended instance of a number, or the ended instance with a UUID. The router has decoded `id` once; a UUID that begins with
/// `/` or contains `//` must have been encoded twice (reference 6).
fn find<'a>(instances: &'a Instances, account: &str, id: &str) -> Option<&'a Instance> {
    let ended = |instance: &&Instance| instance.account == account && instance.ended_at.is_some();
    if let Ok(number) = id.parse::<u64>() {
        return instances
            .iter()
            .filter(ended)
            .filter(|instance| instance.meeting == number)
            .max_by_key(|instance| instance.ended_at);
    }
    if id.starts_with('/') || id.contains("//") {
        return None;
    }
    let uuid = percent_decode_str(id).decode_utf8().ok()?;
    instances
        .iter()
        .filter(ended)
        .find(|instance| instance.uuid == uuid)
}

/// One row for the meeting, and one for the waiting room before it. That waiting makes a row of its own is assumed; the two values of
/// `status` are documented.
fn rows(participant: &Participant, with_registrant_id: bool) -> Vec<Value> {
    let Participant {
        waited_from,
        joined_at,
        left_at,
        ..
    } = participant;
    [
        ("in_waiting_room", waited_from, &joined_at.or(*left_at)),
        ("in_meeting", joined_at, left_at),
    ]
    .into_iter()
    .filter_map(|(status, from, until)| {
        let (from, until) = ((*from)?, (*until)?);
        Some(row(participant, status, from, until, with_registrant_id))
    })
    .collect()
}

fn row(
    participant: &Participant,
    status: &str,
    from: Timestamp,
    until: Timestamp,
    with_registrant_id: bool,
) -> Value {
    let person = &participant.person;
    let user = person.user.as_deref().unwrap_or_default();
    let mut row = json!({
        "id": user, "participant_user_id": user, "user_id": participant.user_id,
        "name": person.user_name.as_deref().unwrap_or_default(),
        "user_email": person.email.as_deref().unwrap_or_default(),
        "join_time": rest::iso_seconds(from), "leave_time": rest::iso_seconds(until),
        "duration": until.duration_since(from).as_secs(), "failover": false, "status": status,
    });
    if let Some(customer_key) = &person.customer_key {
        row["customer_key"] = customer_key.as_str().into();
    }
    if let Some(registrant_id) = person.registrant_id.as_ref().filter(|_| with_registrant_id) {
        row["registrant_id"] = registrant_id.as_str().into();
    }
    row
}
