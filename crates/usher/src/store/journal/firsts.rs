//! What is seen for the first time: a release of the embedding product, and a shape of what it signs and joins with. Each is an entry of
//! the change log, made together with the attempt that showed it.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::audit::Shape;
use usher_core::witness::{Change, Line, What};

use super::AttemptRow;
use crate::store::StoredLine;
use crate::webhooks::digits;

/// Of what was seen, so much is remembered without asking the store.
const REMEMBERED_MAX: usize = 4096;
/// How the lines' names begin. They are never too old: without them, all would be new again.
pub(in crate::store) const ID_PREFIX: &str = "first-";

/// A page can claim to be of any release: so many firsts that come on one day are told.
const TOLD_OF_A_DAY_MAX: u32 = 50;

const RELEASE: &str = "release";

/// What this process has seen.
#[derive(Debug, Default)]
pub(in crate::store) struct Firsts(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    hashes: HashSet<u64>,
    /// Since 1970.
    day: i64,
    /// Of releases, and of shapes.
    told_of_day: [u32; 2],
}

/// Something that can be new.
#[derive(Hash)]
struct Sight<'a> {
    what: &'static str,
    environment: Option<&'a str>,
    value: &'a str,
}

impl Firsts {
    /// The lines about what was not seen before, as far as this process knows: the store knows more.
    pub(super) fn of<'a>(
        &self,
        rows: impl Iterator<Item = &'a AttemptRow>,
        added: &[&Event],
    ) -> Vec<StoredLine> {
        let day = added
            .iter()
            .map(|event| event.received_at.as_second().div_euclid(24 * 60 * 60))
            .max()
            .unwrap_or(0);
        let mut lines = Vec::new();
        for row in rows {
            let dim = |name: &str| row.dims.get(name).map(String::as_str);
            let Some(release) = dim("release") else {
                continue;
            };
            let sight = Sight {
                what: RELEASE,
                environment: dim("environment"),
                value: release,
            };
            if self.is_new(&sight, day) {
                lines.push(sight.line(row.id, What::Release, Some(release)));
            }
        }
        for event in added {
            let Some(origin) = &event.facts.origin else {
                continue;
            };
            let environment = origin.environment.as_deref();
            // What was minted here is of the shape that this version makes; its start is told.
            let claims = origin.claims.as_ref().filter(|_| origin.instance.is_none());
            let claims = claims.and_then(|claims| serde_json::from_str::<Value>(claims.get()).ok());
            let shapes = [
                ("claims", claims.map(|claims| Shape::of(&claims))),
                ("join parameters", origin.join_shape.clone()),
            ];
            for (what, shape) in shapes {
                let Some(shape) = shape.map(|shape| shape.to_string()) else {
                    continue;
                };
                let sight = Sight {
                    what,
                    environment,
                    value: &shape,
                };
                if self.is_new(&sight, day) {
                    let release = origin.release.as_deref();
                    lines.push(sight.line(event.attempt, What::Other, release));
                }
            }
        }
        lines
    }

    fn is_new(&self, sight: &Sight<'_>, day: i64) -> bool {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(sight);
        let mut seen = self.seen();
        if seen.hashes.contains(&hash) {
            return false;
        }
        if seen.day < day {
            (seen.day, seen.told_of_day) = (day, [0; 2]);
        }
        let told = &mut seen.told_of_day[usize::from(sight.what != RELEASE)];
        if *told >= TOLD_OF_A_DAY_MAX {
            return false;
        }
        *told += 1;
        if *told == TOLD_OF_A_DAY_MAX {
            let what = sight.what;
            tracing::warn!(
                "no more firsts of this kind are told today ({what}): there were {TOLD_OF_A_DAY_MAX}"
            );
        }
        if seen.hashes.len() >= REMEMBERED_MAX {
            seen.hashes.clear();
        }
        seen.hashes.insert(hash)
    }

    /// Some of them the store knew: those don't count towards what is told of a day.
    pub(super) fn were_known(&self, count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut seen = self.seen();
        for told in &mut seen.told_of_day {
            *told = told.saturating_sub(count);
        }
    }

    /// Their lines were not written.
    pub(super) fn forget(&self) {
        self.seen().hashes.clear();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sight<'_> {
    fn line(&self, attempt: AttemptId, what: What, release: Option<&str>) -> StoredLine {
        let text = match what {
            What::Release => format!("Release {} was seen for the first time.", self.value),
            _ => format!("{} of a new shape: {}.", capitalised(self.what), self.value),
        };
        let environment = self.environment.unwrap_or_default();
        let name = format!("{}\0{environment}\0{}", self.what, self.value);
        let digest = Sha256::digest(name.as_bytes());
        let digits = digits(digest.first_chunk::<16>().copied().unwrap_or_default());
        StoredLine {
            id: format!("{ID_PREFIX}{digits}"),
            line: Line::Change(Change {
                at: attempt.at(),
                what,
                text,
                release: release.map(str::to_owned),
                environment: self.environment.map(str::to_owned),
                dims: std::collections::BTreeMap::new(),
                instance: None,
            }),
        }
    }
}

fn capitalised(what: &str) -> String {
    let (first, rest) = what.split_at(1);
    first.to_uppercase() + rest
}
