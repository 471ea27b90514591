//! One piece of evidence.

use serde::Serialize;

use super::Cause;

/// What a fact says for or against a cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Which cause.
    pub for_cause: Cause,
    /// Natural logarithm of how much likelier the fact is under this cause than under one that nobody thought of. Negative: against it.
    pub log_lr: f64,
    /// The fact, with its counts.
    pub text: String,
    /// Of so many attempts, if it is one about attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
    /// So many failed, or failed so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
}

impl Term {
    /// A fact that is not about attempts.
    pub(super) fn new(for_cause: Cause, log_lr: f64, text: impl Into<String>) -> Self {
        Self {
            for_cause,
            log_lr,
            text: text.into(),
            attempts: None,
            failed: None,
        }
    }

    /// With its counts.
    pub(super) fn of(self, attempts: u64, failed: u64) -> Self {
        Self {
            attempts: Some(attempts),
            failed: Some(failed),
            ..self
        }
    }
}

/// How much likelier, as a logarithm: the chance under the cause over the chance under another.
pub(super) fn log_lr(under_cause: f64, otherwise: f64) -> f64 {
    (under_cause / otherwise).ln()
}
