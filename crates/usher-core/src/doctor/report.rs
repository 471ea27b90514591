//! What the doctor says.

use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::verdict::{Cause, Party};

/// What was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Meeting SDK JWT: the signature that `join()` takes.
    MeetingSdkJwt,
    /// A Video SDK JWT: `tpc`, `app_key`, `role_type`.
    VideoSdkJwt,
    /// A token for the REST API: of a JWT app (`iss`, `exp`) or an OAuth access token.
    JwtAppToken,
    /// A Zoom Access Token (or OBF token), which acts as or for a person.
    Zak,
    /// The signature before the JWT: base64 of `key.number.ts.role.hash`.
    LegacySignature,
    /// JSON or quotes around a token.
    WrappedToken,
    /// A join link, or the encrypted passcode out of one.
    Pwd,
    /// Claims, without a token.
    Claims,
    /// An error's code or text.
    Error,
    /// A recording of a browser's traffic.
    Har,
    /// Usher's own set-up: configuration, database, clock, way out, credentials, meeting.
    Setup,
    /// Nothing that is known.
    Unknown,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// May fail a join.
    Warning,
    /// Fails the join, or is documented to.
    Error,
}

/// Which text a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The token's header.
    Header,
    /// The claims.
    Claims,
    /// The join object.
    Join,
}

/// Where the fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In which of the report's [`Shown`] texts.
    pub source: Source,
    /// Bytes of that text.
    pub span: Range<usize>,
}

/// A decoded text to point into: one key a line, as it was sent, without what must not be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub source: Source,
    /// JSON.
    pub text: String,
}

/// How much a finding explains by itself: the earlier, the more. Only errors explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It is another thing altogether.
    Kind,
    /// Its bytes can't be read, or not as HS256.
    Form,
    /// The HMAC was checked and is not of the given secret.
    Checked,
    /// The unit of the times: everything else about times follows from it.
    Unit,
    /// JSON types.
    Type,
    /// The key is missing.
    Missing,
    /// The lifetime.
    Lifetime,
    /// Another meeting or role.
    Target,
    /// `tokenExp`.
    TokenExp,
    /// The object given to `join()`.
    Join,
    /// The error and the token together show it.
    Together,
    /// Not valid yet, or no longer, at the moment that was given.
    Moment,
    /// A rule that Zoom documents and that nobody was seen to fail by.
    Documented,
    /// Applies to the newest SDK, and nobody said which SDK it is. Two of these can't be told apart.
    Supposed,
    /// Expired at the moment of asking: it says nothing about an older failure with another code.
    Age,
}

/// One thing that the doctor saw.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Stable id of the rule, in `snake_case`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it would be the cause of failure as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The claim or key concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// What is: one or two sentences.
    pub message: String,
    /// What to do: one sentence.
    pub remedy: String,
    /// Who must act.
    pub party: Party,
    /// Where to point.
    #[serde(skip)]
    pub place: Option<Place>,
    #[serde(skip)]
    pub(super) weight: Weight,
}

impl Finding {
    pub(super) fn error(
        rule: &'static str,
        cause: Cause,
        weight: Weight,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            cause: Some(cause),
            claim: None,
            message: message.into(),
            remedy: remedy.into(),
            party: cause.party(),
            place: None,
            weight,
        }
    }

    pub(super) fn warning(
        rule: &'static str,
        cause: Option<Cause>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity: Severity::Warning,
            cause,
            claim: None,
            message: message.into(),
            remedy: remedy.into(),
            party: cause.map_or(Party::Integrator, Cause::party),
            place: None,
            weight: Weight::Age,
        }
    }

    pub(super) fn info(
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Info,
            ..Self::warning(rule, None, message, remedy)
        }
    }

    /// Names the claim, and points at it where the text has it.
    pub(super) fn at(mut self, source: Source, decoded: &super::Decoded, name: &str) -> Self {
        self.claim = Some(decoded.shown_name(name));
        self.place = decoded.span(name).map(|span| Place { source, span });
        self
    }

    /// Whether it holds whatever was left unsaid: the SDK version, or the moment.
    pub(crate) fn is_firm(&self) -> bool {
        self.weight < Weight::Supposed
    }

    /// Says who must act, where it is not the cause's usual party.
    #[must_use]
    pub fn by(mut self, party: Party) -> Self {
        self.party = party;
        self
    }

    pub(super) fn weighing(mut self, weight: Weight) -> Self {
        self.weight = weight;
        self
    }
}

/// What the doctor found out. Serialises as contract section 4 says.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was handed in.
    pub kind: Kind,
    /// The cause that a finding shows by itself; `None` where none does.
    pub cause: Option<Cause>,
    /// Who must act.
    pub party: Party,
    /// What was seen, the most explaining first.
    pub findings: Vec<Finding>,
    /// What to look at next, in order: neither shown nor ruled out.
    pub next_suspects: Vec<Cause>,
    /// The decoded claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
    /// The clock in question against Zoom's: the browser's in a recording of traffic, our own in a set-up. Nothing else can tell.
    pub clock: Option<Clock>,
    /// `iat` against Zoom's clock at that moment, milliseconds; only a recording of traffic can tell.
    pub iat_offset_ms: Option<[i64; 2]>,
    /// The decoded texts that findings point into.
    #[serde(skip)]
    pub shown: Vec<Shown>,
}

/// The browser's clock, or that of a set-up, minus Zoom's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Lower and upper bound in milliseconds.
    pub offset_ms: [i64; 2],
    /// How many answers it rests on.
    pub readings: u32,
}

impl Report {
    /// The most serious finding's severity.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The decoded text that a place is in.
    pub fn shown(&self, source: Source) -> Option<&str> {
        self.shown
            .iter()
            .find(|shown| shown.source == source)
            .map(|shown| shown.text.as_str())
    }
}
