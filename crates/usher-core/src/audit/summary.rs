//! What an audit says.

use jiff::Timestamp;
use serde::Serialize;

use super::judge::{Fault, Judgement};
use super::{Margin, Shape, Signed};
use crate::attempt::AttemptId;
use crate::doctor::Finding;
use crate::verdict::{Cause, Party};

/// How many invalid signatures are listed one by one.
pub const LISTED_INVALID_MAX: usize = 1_000;

/// Whether the signatures were valid, and what else they show.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// When the first was minted or handed in. Whoever asked for a span of time puts its beginning here.
    pub from: Option<Timestamp>,
    /// When the last was, or the end of the span that was asked for.
    pub to: Option<Timestamp>,
    /// How many.
    #[serde(flatten)]
    pub counts: Counts,
    /// Why some could not be checked.
    pub not_checkable_because: NotCheckable,
    /// What the invalid ones were invalid by, the most frequent first.
    pub causes: Vec<CauseCount>,
    /// The smallest margin to each limit, of all signatures whose times can be read.
    pub margins: Vec<Margin>,
    /// Who made them, those with the most first.
    pub by_maker: Vec<MakerCount>,
    /// All makers beyond [`super::MAKERS_MAX`] together; `None` if there are none.
    pub by_other_makers: Option<Counts>,
    /// Which shapes claims and join parameters had, the first seen first.
    pub shapes: Vec<ShapeSeen>,
    /// How many had a shape beyond [`super::SHAPES_MAX`].
    pub shapes_not_listed: u64,
    /// The first [`LISTED_INVALID_MAX`] invalid ones, as they came; `counts.invalid` is how many there are.
    pub invalid_signatures: Vec<InvalidSignature>,
}

/// How many signatures, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// The HMAC is by a configured secret, and no rule is broken.
    pub valid: u64,
    /// The HMAC is not by the secret of its key, or a rule is broken.
    pub invalid: u64,
    /// No rule is broken as far as can be seen, and that is not far enough.
    pub not_checkable: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.valid + self.invalid + self.not_checkable
    }

    pub(super) fn add(&mut self, judgement: &Judgement) {
        let count = match judgement {
            Judgement::Valid => &mut self.valid,
            Judgement::Invalid(_) => &mut self.invalid,
            Judgement::NoSecret | Judgement::PartlyKnown => &mut self.not_checkable,
        };
        *count += 1;
    }
}

/// Why signatures could not be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NotCheckable {
    /// There is no secret for its key, or only the claims were handed in.
    pub no_secret: u64,
    /// The claims are not known, or it depends on an SDK version that nobody said.
    pub partly_known: u64,
}

/// How many signatures are invalid by one cause, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CauseCount {
    /// The cause; `None` where no single one explains it.
    pub cause: Option<Cause>,
    /// How many.
    pub count: u64,
    /// From when to when.
    #[serde(flatten)]
    pub span: Span,
}

/// The signatures that one release of one app on one instance made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MakerCount {
    /// The release of the code.
    pub release: Option<String>,
    /// The app.
    pub app: Option<String>,
    /// The instance.
    pub instance: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// How many.
    #[serde(flatten)]
    pub counts: Counts,
}

impl MakerCount {
    pub(super) fn names(&self) -> [&Option<String>; 4] {
        [&self.release, &self.app, &self.instance, &self.environment]
    }
}

/// What has a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeOf {
    /// The signature's decoded body.
    Claims,
    /// The object for the SDK's `join()`.
    Join,
}

/// A shape, with who used it when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShapeSeen {
    /// Of what.
    pub of: ShapeOf,
    /// By which release.
    pub release: Option<String>,
    /// Which keys, of which types.
    pub shape: Shape,
    /// How often.
    pub count: u64,
    /// From when to when.
    #[serde(flatten)]
    pub span: Span,
}

/// From the first time that something was seen to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

impl Span {
    pub(super) fn at(at: Timestamp) -> Self {
        Self {
            first_at: at,
            last_at: at,
        }
    }

    pub(super) fn include(&mut self, at: Timestamp) {
        self.first_at = self.first_at.min(at);
        self.last_at = self.last_at.max(at);
    }

    pub(super) fn extend(span: &mut Option<Self>, at: Timestamp) {
        span.get_or_insert_with(|| Self::at(at)).include(at);
    }
}

/// A signature that is not valid.
#[derive(Debug, Clone, Serialize)]
pub struct InvalidSignature {
    /// Whose attempt it is.
    pub attempt: AttemptId,
    /// When it was minted or handed in.
    pub at: Timestamp,
    /// What explains it by itself; `None` where no single finding does.
    pub cause: Option<Cause>,
    /// What is wrong.
    pub message: String,
    /// Who must act.
    pub party: Party,
    /// The release of the code.
    pub release: Option<String>,
    /// The app.
    pub app: Option<String>,
    /// The instance.
    pub instance: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// The doctor's errors and warnings.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Default)]
pub(super) struct Invalids {
    /// At most one row a cause.
    causes: Vec<CauseCount>,
    listed: Vec<InvalidSignature>,
}

impl Invalids {
    pub(super) fn add(&mut self, signed: &Signed<'_>, fault: Fault) {
        self.count(fault.cause, signed.at);
        if self.listed.len() < LISTED_INVALID_MAX {
            self.listed.push(InvalidSignature {
                attempt: signed.attempt,
                at: signed.at,
                cause: fault.cause,
                message: fault.message,
                party: fault.party,
                release: signed.release.map(str::to_owned),
                app: signed.app.map(str::to_owned),
                instance: signed.instance.map(str::to_owned),
                environment: signed.environment.map(str::to_owned),
                findings: fault.findings,
            });
        }
    }

    fn count(&mut self, cause: Option<Cause>, at: Timestamp) {
        if let Some(known) = self.causes.iter_mut().find(|known| known.cause == cause) {
            known.count += 1;
            known.span.include(at);
        } else {
            self.causes.push(CauseCount {
                cause,
                count: 1,
                span: Span::at(at),
            });
        }
    }

    pub(super) fn finish(mut self) -> (Vec<CauseCount>, Vec<InvalidSignature>) {
        self.causes
            .sort_by_key(|cause| std::cmp::Reverse(cause.count));
        (self.causes, self.listed)
    }
}
