//! An attempt as it is shown: the API, the stream and the terminal show the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use usher_core::attempt::AttemptId;
use usher_core::attempt::origin::PasscodeFrom;
use usher_core::attempt::story::Outcome;
use usher_core::failure::{self, Explained};
use usher_core::join::dialect::View;
use utoipa::ToSchema;

use crate::store::AttemptRow;

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
