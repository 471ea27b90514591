//! A log of attempts in memory: compact, so that a million of them fit, and in the order of their times.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::attempt::burst::Bursts;
use crate::audit;
use crate::failure::{Explained, FaultClass, Supplier, explain};
use crate::import::{Aggregated, Kind, Meeting, Outcome, Row, SignatureSeen, Single};
use crate::join::dialect::View;
use crate::localize::Condition;
use crate::meeting::MeetingNumber;
use crate::verdict::{Attempt, Signed};

/// When an unanswered attempt counts as failed, as long as nobody measured how long healthy ones take.
pub const UNANSWERED_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// A row of counts tells of a minute, and is known when that is over.
const ROW_SPAN: SignedDuration = SignedDuration::from_secs(60);

/// Attempts, single ones and counts.
#[derive(Debug, Default)]
pub struct Log {
    pub(super) attempts: Vec<Logged>,
    pub(super) names: Names,
    /// Rows that say nothing of an outcome: they say nothing about failing.
    pub without_outcome: u64,
}

/// One attempt, or several alike.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) at: Timestamp,
    /// When the outcome was known.
    pub(super) known_at: Timestamp,
    pub(super) attempts: u64,
    pub(super) failed: u64,
    /// Of `Names::failures`; what failed.
    pub(super) failure: Option<u32>,
    /// Of `Names::tuples`.
    pub(super) dims: u32,
    pub(super) signed: Option<Box<Signed>>,
    /// Participant and meeting, hashed: which attempts are one burst.
    burst: Option<u64>,
    pub(super) is_first_of_burst: bool,
    is_single: bool,
}

/// What many attempts have in common, once each.
#[derive(Debug, Default)]
pub(super) struct Names {
    dims: HashMap<String, u32>,
    pub(super) dim_names: Vec<String>,
    values: Vec<HashMap<String, u32>>,
    pub(super) value_names: Vec<Vec<String>>,
    tuple_numbers: HashMap<Box<[(u32, u32)]>, u32>,
    pub(super) tuples: Vec<Box<[(u32, u32)]>>,
    failure_numbers: HashMap<(Option<String>, Option<String>), u32>,
    pub(super) failures: Vec<Told>,
}

/// What is told of a failure.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// As it is read: a generic code by its text.
    pub(super) code: Option<String>,
    pub(super) is_told: bool,
    pub(super) class: FaultClass,
}

impl Log {
    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        let dims = self.names.tuple(row);
        match &row.kind {
            Kind::Single(single) => self.add_single(row, single, dims),
            Kind::Aggregated(counts) => self.add_counts(row, counts, dims),
        }
    }

    /// How many attempts there are.
    pub fn len(&self) -> u64 {
        self.attempts.iter().map(|logged| logged.attempts).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    fn add_single(&mut self, row: &Row, single: &Single, dims: u32) {
        let failed = match single.outcome {
            None => {
                self.without_outcome += 1;
                return;
            }
            Some(Outcome::Failed | Outcome::Unanswered) => 1,
            Some(Outcome::Joined | Outcome::Waiting) => 0,
        };
        let answered_at = single.answered_at.unwrap_or(row.at).max(row.at);
        let is_unanswered = single.outcome == Some(Outcome::Unanswered);
        let known_at = if is_unanswered {
            row.at + UNANSWERED_AFTER
        } else {
            answered_at
        };
        let view = row.dims.iter().find(|(name, _)| name == "view");
        let view = view.and_then(|(_, value)| View::parse(value).ok());
        let failure = (failed > 0).then(|| {
            self.names
                .failure(single.code.as_deref(), single.reason.as_deref(), view)
        });
        let number = match &row.meeting {
            Some(Meeting::Number(number)) => Some(*number),
            _ => None,
        };
        let signed = single
            .signature
            .as_ref()
            .and_then(|signature| signed(signature, row.at, number));
        let burst = row.participant.as_ref().map(|participant| {
            let meeting = row.meeting.as_ref().map(ToString::to_string);
            hash(&(participant, meeting))
        });
        self.attempts.push(Logged {
            at: row.at,
            known_at,
            attempts: 1,
            failed,
            failure,
            dims,
            signed: signed.map(Box::new),
            burst,
            is_first_of_burst: true,
            is_single: true,
        });
    }

    fn add_counts(&mut self, row: &Row, counts: &Aggregated, dims: u32) {
        if counts.attempts == 0 {
            return;
        }
        let failure = (counts.failed > 0).then(|| {
            self.names
                .failure(counts.code.as_deref(), counts.reason.as_deref(), None)
        });
        self.attempts.push(Logged {
            at: row.at,
            known_at: row.at + ROW_SPAN,
            attempts: counts.attempts,
            failed: counts.failed,
            failure,
            dims,
            signed: None,
            burst: None,
            is_first_of_burst: true,
            is_single: false,
        });
    }

    /// Brings them into the order of time, and marks the first of each burst.
    pub(super) fn sort(&mut self) {
        self.attempts.sort_by_key(|logged| logged.at);
        let mut bursts = Bursts::default();
        for logged in &mut self.attempts {
            if let Some(key) = logged.burst {
                logged.is_first_of_burst = bursts.is_first(key, logged.at, logged.failed == 0);
            }
        }
    }

    /// Attempts that began in a span, oldest first. They have been sorted.
    pub(super) fn between(&self, from: Timestamp, to: Timestamp) -> &[Logged] {
        let start = self.attempts.partition_point(|logged| logged.at < from);
        let end = self.attempts.partition_point(|logged| logged.at < to);
        &self.attempts[start..end.max(start)]
    }

    /// Each dimension with the number of its values.
    pub(super) fn dim_sizes(&self) -> Vec<(String, usize)> {
        let names = self.names.dim_names.iter().cloned();
        names
            .zip(self.names.value_names.iter().map(Vec::len))
            .collect()
    }

    /// As a verdict looks at it. A failure of another kind than the incident's is none here.
    pub(super) fn attempt(&self, logged: &Logged, slice: &[Condition], counts: bool) -> Attempt {
        let is_inside = slice.iter().all(|condition| {
            self.dims(logged)
                .any(|(dim, value)| dim == condition.dim && value == condition.value)
        });
        let told = logged
            .failure
            .map(|number| &self.names.failures[number as usize]);
        let meeting = self.dims(logged).find(|(dim, _)| *dim == "meeting");
        Attempt {
            at: logged.at,
            attempts: logged.attempts,
            failed: if counts { logged.failed } else { 0 },
            is_inside,
            code: told.and_then(|told| told.code.clone()),
            is_told: told.is_some_and(|told| told.is_told),
            class: told.map_or(FaultClass::Unknown, |told| told.class),
            signed: logged.signed.as_deref().copied(),
            meeting: meeting.map(|(_, value)| value.to_owned()),
        }
    }

    /// The dimensions of an attempt, by name.
    pub(super) fn dims<'a>(
        &'a self,
        logged: &Logged,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let names = &self.names;
        let tuple = &names.tuples[logged.dims as usize];
        tuple.iter().map(|(dim, value)| {
            let name = names.dim_names[*dim as usize].as_str();
            (
                name,
                names.value_names[*dim as usize][*value as usize].as_str(),
            )
        })
    }
}

impl Logged {
    /// One attempt, not a row of counts.
    pub(super) fn is_single(&self) -> bool {
        self.is_single
    }
}

impl Names {
    fn tuple(&mut self, row: &Row) -> u32 {
        let meeting = row.meeting.as_ref().map(ToString::to_string);
        let meeting = meeting.as_deref().map(|meeting| ("meeting", meeting));
        let own = row
            .dims
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut tuple: Vec<(u32, u32)> = own
            .chain(meeting)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| self.number(name, value))
            .collect();
        tuple.sort_unstable();
        if let Some(number) = self.tuple_numbers.get(tuple.as_slice()) {
            return *number;
        }
        let tuple: Box<[(u32, u32)]> = tuple.into();
        let number = index(self.tuples.len());
        self.tuples.push(tuple.clone());
        self.tuple_numbers.insert(tuple, number);
        number
    }

    fn number(&mut self, dim: &str, value: &str) -> (u32, u32) {
        let known = self.dims.get(dim).copied();
        let dim = known.unwrap_or_else(|| {
            let number = index(self.dim_names.len());
            self.dims.insert(dim.to_owned(), number);
            self.dim_names.push(dim.to_owned());
            self.values.push(HashMap::new());
            self.value_names.push(Vec::new());
            number
        });
        let values = &mut self.values[dim as usize];
        if let Some(number) = values.get(value) {
            return (dim, *number);
        }
        let names = &mut self.value_names[dim as usize];
        let number = index(names.len());
        names.push(value.to_owned());
        values.insert(value.to_owned(), number);
        (dim, number)
    }

    fn failure(&mut self, code: Option<&str>, reason: Option<&str>, view: Option<View>) -> u32 {
        let key = (code.map(str::to_owned), reason.map(str::to_owned));
        if let Some(number) = self.failure_numbers.get(&key) {
            return *number;
        }
        let number = index(self.failures.len());
        self.failures
            .push(Told::of(&explain(code, reason, view, Supplier::Unknown)));
        self.failure_numbers.insert(key, number);
        number
    }
}

impl Told {
    fn of(explained: &Explained) -> Self {
        let read_as = explained.read_as.map(|code| code.to_string());
        Self {
            code: read_as.or_else(|| explained.code.clone()),
            is_told: explained.code.is_some() || explained.reason.is_some(),
            class: explained.class,
        }
    }
}

/// What a verdict looks at in a signature.
fn signed(
    signature: &SignatureSeen,
    at: Timestamp,
    number: Option<MeetingNumber>,
) -> Option<Signed> {
    let claims = Value::Object(match signature {
        SignatureSeen::Token(token) => token.claims().clone(),
        SignatureSeen::Claims(claims) => claims.clone(),
        SignatureSeen::Unreadable(_) => return None,
    });
    let seconds = |name: &str| claims.get(name)?.as_i64();
    let (iat, exp) = (seconds("iat")?, seconds("exp")?);
    let at_ms = at.as_millisecond();
    Some(Signed {
        iat_age_ms: at_ms.saturating_sub(iat.saturating_mul(1000)),
        exp_in_ms: exp.saturating_mul(1000).saturating_sub(at_ms),
        offset_ms: None,
        finding: audit::Signed::of_claims(at, &claims, number).fault(),
    })
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// There are never so many.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
