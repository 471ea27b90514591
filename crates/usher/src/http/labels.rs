//! What the embedding product says of an attempt: checked where it comes in.

use std::collections::BTreeMap;

use usher_core::attempt::event::Personal;
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::DIMENSIONS;
use usher_core::text;

use super::AppState;
use super::error::ApiError;
use crate::store::CODE;

/// These limits are ours, so that nobody stores a book in a label.
pub(super) const LABEL_MAX: usize = 200;
const DIMS_MAX: usize = 16;
/// Fields of their own, and the dimension of failures' codes.
const RESERVED: [&str; 3] = ["meeting", "participant", CODE];

/// Labels of a request.
pub(super) struct Labels {
    pub(super) participant: Option<String>,
    pub(super) registrant_id: Option<String>,
    pub(super) release: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) dims: Option<BTreeMap<String, String>>,
}

impl Labels {
    /// 422 for what is too long, too many, or not for a label.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let dims = self.dims.iter().flatten();
        if dims.clone().count() > DIMS_MAX {
            return Err(ApiError::unprocessable(
                "too_many",
                "dims",
                format!("More than {DIMS_MAX} dimensions."),
            )
            .hint("Send fewer."));
        }
        let fixed = [
            ("participant", &self.participant),
            ("registrant_id", &self.registrant_id),
            ("release", &self.release),
            ("environment", &self.environment),
        ];
        for (field, value) in fixed {
            check_label(field, value.as_deref().unwrap_or_default())?;
        }
        for (name, value) in dims {
            let shown: String = name.chars().take(40).collect();
            let field = format!("dims.{}", shown.escape_debug());
            if name.is_empty()
                || DIMENSIONS.contains(&name.as_str())
                || RESERVED.contains(&name.as_str())
            {
                return Err(ApiError::unprocessable(
                    "reserved_dimension",
                    field,
                    "This name is empty or stands for something of Usher's own.",
                )
                .hint("Choose another name; release, environment and participant are fields."));
            }
            check_label(&field, name)?;
            check_label(&field, value)?;
        }
        Ok(())
    }

    /// Hands them to the journal.
    pub(super) fn put_on(self, state: &AppState, origin: &mut Origin, personal: &mut Personal) {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        origin.release = some(self.release);
        origin.environment = some(self.environment);
        origin.dims = self.dims.unwrap_or_default();
        personal.participant = some(self.participant);
        personal.registrant_hash = some(self.registrant_id).map(|id| state.registrant_hash(&id));
    }
}

fn check_label(field: &str, text: &str) -> Result<(), ApiError> {
    if text.chars().count() <= LABEL_MAX && !text.chars().any(text::is_forbidden) {
        return Ok(());
    }
    Err(ApiError::unprocessable(
        "invalid_label",
        field,
        format!("It is longer than {LABEL_MAX} characters or holds control characters or marks that turn its direction."),
    )
    .hint("Shorten it."))
}
