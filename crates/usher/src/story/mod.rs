//! Attempts as they are shown: the API, the stream and the terminal show the same.

mod burst;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts};
use usher_core::attempt::origin::{Hmac, PasscodeFrom};
use usher_core::attempt::story::{Outcome, Story};
use usher_core::audit::{Audit, Limit, Signed, claims_of};
use usher_core::doctor;
use usher_core::failure::{self, Explained};
use usher_core::join::dialect::View;
use utoipa::ToSchema;

use crate::store::{AttemptPage, AttemptRow, Store, StoreError};

pub(crate) use burst::Burst;

/// An attempt, as of the moment of the answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ShownAttempt {
    #[schema(value_type = String)]
    pub(crate) id: AttemptId,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meeting_number: Option<String>,
    #[schema(value_type = String)]
    pub(crate) outcome: Outcome,
    /// Since when the outcome is what it is, or what it waits for began.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub(crate) failure: Option<Explained>,
    /// Who says that they got in: `none`, `browser_alone`, `denied` (Zoom's report does not have them), `zoom`.
    pub(crate) confirmation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participant: Option<String>,
    pub(crate) dims: BTreeMap<String, String>,
}

impl ShownAttempt {
    pub(crate) fn of(row: AttemptRow, now: Timestamp) -> Self {
        let outcome = row.phase.outcome(row.since, now);
        let view = row.dims.get("view").and_then(|view| View::parse(view).ok());
        let failure = (outcome == Outcome::Failed).then(|| {
            failure::explain(
                row.code.as_deref(),
                row.reason.as_deref(),
                view,
                PasscodeFrom::supplier(row.passcode_from),
            )
        });
        Self {
            id: row.id,
            at: row.id.at(),
            meeting_number: row.meeting.map(|number| number.to_string()),
            outcome,
            since: row.since,
            failure,
            confirmation: row.confirmation.as_str(),
            participant: row.participant,
            dims: row.dims,
        }
    }
}

/// A page of attempts, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptsAnswer {
    pub(crate) attempts: Vec<ShownAttempt>,
    /// `cursor` of the next page; null at the end.
    pub(crate) next: Option<String>,
}

/// One attempt's whole story.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptAnswer {
    pub(crate) attempt: WholeAttempt,
    /// In the order in which they were heard of.
    pub(crate) events: Vec<ShownEvent>,
    pub(crate) burst: Burst,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WholeAttempt {
    #[serde(flatten)]
    pub(crate) shown: ShownAttempt,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<ShownSignature>,
    /// Facts that contradict each other, or that are worth a look.
    pub(crate) oddities: Vec<&'static str>,
}

/// What is known of the signature; it is not kept itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownSignature {
    #[schema(value_type = Object)]
    pub(crate) claims: Value,
    /// `valid`, `invalid` or `not_checkable` with the configured secrets.
    #[schema(value_type = String)]
    pub(crate) hmac: Hmac,
    /// The doctor's findings, as of the mint.
    #[schema(value_type = Object)]
    pub(crate) verdict: doctor::Report,
    /// How far each time in it was from its limit, as of the mint; negative is beyond.
    pub(crate) margins: Vec<ShownMargin>,
}

/// The distance to one limit.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownMargin {
    #[schema(value_type = String)]
    pub(crate) limit: Limit,
    pub(crate) margin_ms: i64,
}

/// One fact, from one source.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownEvent {
    pub(crate) id: String,
    /// `mint`, `browser`, `zoom` or `import`.
    pub(crate) source: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// When it happened, on our clock.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) received_at: Timestamp,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) facts: Facts,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub(crate) raw: Option<Box<RawValue>>,
}

impl AttemptsAnswer {
    pub(crate) fn of(page: AttemptPage, now: Timestamp) -> Self {
        let attempts = page.attempts.into_iter();
        Self {
            attempts: attempts.map(|row| ShownAttempt::of(row, now)).collect(),
            next: page.next.map(|id| id.to_string()),
        }
    }
}

impl AttemptAnswer {
    /// All that the store has of an attempt, as of `now`; `None` if it has nothing.
    pub(crate) async fn of(
        store: &Store,
        id: AttemptId,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        // Not the row that is stored: an event may come between two readings, and what is shown would contradict itself.
        let events = store.events(id).await?;
        let Some(story) = Story::of(&events) else {
            return Ok(None);
        };
        let row = AttemptRow::of(id, &story);
        let burst = Burst::of(store, &row, now).await?;
        Ok(Some(Self {
            attempt: WholeAttempt {
                shown: ShownAttempt::of(row, now),
                signature: signature(&story),
                oddities: story.oddities,
            },
            events: events.into_iter().map(ShownEvent::of).collect(),
            burst,
        }))
    }
}

/// The same judgement as that of a span's signatures; none of claims that can't be read.
fn signature(story: &Story<'_>) -> Option<ShownSignature> {
    let (event, origin) = (story.made_by?, story.origin?);
    let claims = claims_of(origin).filter(Value::is_object)?;
    let signed = Signed::of(event, origin, &claims);
    Some(ShownSignature {
        hmac: signed.hmac,
        margins: margins(&signed),
        verdict: signed.examine(),
        claims,
    })
}

/// How far the times of one signature are from their limits: an audit of it alone.
fn margins(signed: &Signed<'_>) -> Vec<ShownMargin> {
    let mut audit = Audit::new();
    audit.add(signed);
    let margins = audit.finish().margins.into_iter();
    margins
        .map(|margin| ShownMargin {
            limit: margin.limit,
            margin_ms: margin.smallest_ms,
        })
        .collect()
}

impl ShownEvent {
    fn of(event: Event) -> Self {
        Self {
            id: event.id,
            source: event.source.as_str(),
            kind: event.kind.as_str(),
            at: event.at,
            received_at: event.received_at,
            facts: event.facts,
            raw: event.personal.raw,
        }
    }
}
