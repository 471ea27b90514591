//! Why something is not signed: what can be known to be wrong is refused before Zoom sees it.

use std::fmt;

/// One field that can be known to be wrong, before anything is signed.
///
/// `field` is the name that the caller used (a key of the join request in the API), so that a person finds it at once.
/// Neither text ever holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code for programs, in `snake_case`.
    pub code: &'static str,
    /// The field at fault.
    pub field: &'static str,
    /// One sentence: what is wrong.
    pub message: String,
    /// One sentence: what to do.
    pub hint: &'static str,
}

impl Refusal {
    /// A refusal of `field`.
    pub fn new(
        code: &'static str,
        field: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            code,
            field,
            message: message.into(),
            hint,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.field, self.message, self.hint)
    }
}

impl std::error::Error for Refusal {}

/// Something that will not fail the join by itself, but that its caller should know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// Stable code for programs, in `snake_case`.
    pub code: &'static str,
    /// One sentence for people.
    pub message: String,
}
