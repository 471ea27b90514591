//! What a verdict is given.

use jiff::Timestamp;

use crate::failure::FaultClass;
use crate::localize::Condition;
use crate::witness::Line;

use super::Cause;

/// An incident, and all that is known of its time. Empty lists are facts that are missing, not facts that say nothing happened.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who is affected; empty is everybody.
    pub slice: &'a [Condition],
    /// Slices that can't be told apart from it.
    pub tied: &'a [Vec<Condition>],
    /// When it began.
    pub since: Timestamp,
    /// When it was over; none while it goes on.
    pub until: Option<Timestamp>,
    /// What is known, is known as of then.
    pub as_of: Timestamp,
    /// Dimensions that attempts have, with how many values each: along one with a single value nothing can be told apart.
    pub dims: &'a [(String, usize)],
    /// Attempts, of its time and of the time before: those of the slice and the others.
    pub attempts: &'a [Attempt],
    /// Lines of witnesses, of its time and of the time before.
    pub lines: &'a [Line],
}

impl Case<'_> {
    /// Its end, as far as it is known.
    pub fn end(&self) -> Timestamp {
        self.until.unwrap_or(self.as_of)
    }

    /// Whether a slice along this dimension could be told from the others.
    pub(super) fn tells_apart(&self, dim: &str) -> bool {
        let values = self.dims.iter().find(|(name, _)| name == dim);
        values.is_some_and(|(_, values)| *values > 1)
    }
}

/// An attempt as far as a verdict looks at it; or several alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// When it began, on the recorder's clock.
    pub at: Timestamp,
    /// How many it stands for.
    pub attempts: u64,
    /// How many of them failed.
    pub failed: u64,
    /// It is of the incident's slice.
    pub is_inside: bool,
    /// The code of those that failed, as it is read.
    pub code: Option<String>,
    /// Something was said of why those failed: a code, or a text.
    pub is_told: bool,
    /// What the code is of.
    pub class: FaultClass,
    /// What its signature said.
    pub signed: Option<Signed>,
    /// The meeting that is joined.
    pub meeting: Option<String>,
}

/// Times of a signature, in milliseconds on the recorder's clock; and what is wrong with it by the doctor's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// From `iat` to the mint: positive is the usual back-dating.
    pub iat_age_ms: i64,
    /// From the mint to `exp`.
    pub exp_in_ms: i64,
    /// Our clock minus Zoom's at the mint, if the attempt itself tells it.
    pub offset_ms: Option<[i64; 2]>,
    /// By the doctor's rules as of the mint.
    pub finding: Option<Cause>,
}
