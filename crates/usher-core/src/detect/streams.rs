//! The detector's streams: a fixed number of slots, each with its fixed share of the false-alarm budget.

use std::collections::BTreeMap;

use super::dimension::{Dimension, Index, NAMED_MAX, Place};
use super::numeric::real;
use super::recovery::End;
use super::slot::{CLASSES, Slot};
use super::stream::Stream;
use crate::failure::FaultClass;

/// Dimensions that Usher itself fills in, and that always find a place (contract, section 6).
const KNOWN: [&str; 13] = [
    "app",
    "account",
    "host",
    "role",
    "view",
    "sdk_version",
    "browser",
    "os",
    "network",
    "environment",
    "release",
    "instance",
    "meeting",
];
/// Dimensions of the embedding product's own that get streams: the first ones that are seen.
const OWN_MAX: usize = 7;
/// Streams for values: [`NAMED_MAX`] and the others, for each dimension.
const VALUE_SLOTS: usize = (KNOWN.len() + OWN_MAX) * (NAMED_MAX + 1);
/// Everybody and the fault classes.
const GENERAL: usize = 1 + CLASSES.len();
/// How many streams there can be at once.
pub const SLOTS_MAX: usize = GENERAL + VALUE_SLOTS;
/// Shares of the false-alarm budget. Everybody's is the largest: it is the stream that must be fast. A share costs little: half of it
/// delays an alarm by ln 2 of evidence, less than one failure of an outage.
const EVERYBODY_SHARE: f64 = 0.25;
const CLASSES_SHARE: f64 = 0.25;
const VALUES_SHARE: f64 = 0.5;

/// One stream in its slot. The generation tells whether it is still the same one.
#[derive(Debug, Clone)]
struct Held {
    slot: Slot,
    generation: u32,
    stream: Stream,
}

/// The streams that an attempt belongs to.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    members: Vec<(u32, u32)>,
    /// Whether it counts for the parent of meetings and hosts, too.
    is_general: bool,
}

/// All streams.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    held: Vec<Held>,
    /// Every failure of everybody. It has no alarm: it is the parent of meetings and hosts.
    everything: Stream,
    dimensions: BTreeMap<Box<str>, Dimension>,
    own_dimensions: usize,
    false_alarms_us: f64,
}

impl Streams {
    pub(super) fn new(from: i64, false_alarms_us: f64) -> Self {
        let everybody = Stream::new(from, false_alarms_us / EVERYBODY_SHARE, None);
        let parent = Some(everybody.usual());
        let budget = false_alarms_us / CLASSES_SHARE * real(CLASSES.len());
        let classes = CLASSES.map(|class| (Slot::Class(class), Stream::new(from, budget, parent)));
        let held = [(Slot::Everybody, everybody)].into_iter().chain(classes);
        Self {
            held: held
                .map(|(slot, stream)| Held {
                    slot,
                    generation: 0,
                    stream,
                })
                .collect(),
            everything: Stream::new(from, f64::INFINITY, None),
            dimensions: BTreeMap::new(),
            own_dimensions: 0,
            false_alarms_us,
        }
    }

    pub(super) fn slot(&self, index: Index) -> &Slot {
        &self.held[index].slot
    }

    pub(super) fn stream(&self, index: Index) -> &Stream {
        &self.held[index].stream
    }

    pub(super) fn stream_mut(&mut self, index: Index) -> &mut Stream {
        &mut self.held[index].stream
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let held = self.held.iter();
        held.map(|held| size_of::<Held>() + held.stream.heap_bytes())
            .sum()
    }

    pub(super) fn find(&self, slot: &Slot) -> Option<&Stream> {
        let held = self.held.iter().find(|held| held.slot == *slot)?;
        Some(&held.stream)
    }

    /// Where attempts with these conditions belong. Counts them for the values' places, which those that are pinned keep.
    pub(super) fn route(
        &mut self,
        now: i64,
        dims: &[(&str, &str)],
        attempts: u64,
        is_pinned: impl Fn(Index) -> bool,
    ) -> Route {
        let mut route = Route {
            members: Vec::with_capacity(GENERAL + dims.len()),
            is_general: true,
        };
        (0..GENERAL).for_each(|index| route.add(index, 0));
        for (dim, value) in dims {
            if value.is_empty() || !self.has_room_for(dim) {
                continue;
            }
            let index = self.place(now, dim, value, attempts, &is_pinned);
            route.add(index, self.held[index].generation);
        }
        route
    }

    /// The streams of a route that are still what they were, in order.
    pub(super) fn of<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = Index> + 'a {
        let members = route
            .members
            .iter()
            .map(|(index, generation)| (*index as usize, *generation));
        members
            .filter(|(index, generation)| self.held[*index].generation == *generation)
            .map(|(index, _)| index)
    }

    pub(super) fn enter(&mut self, route: &Route, at: i64, first_at: i64, attempts: u64) {
        for (index, generation) in &route.members {
            let held = &mut self.held[*index as usize];
            if held.generation == *generation {
                held.stream.enter(at, first_at, attempts);
            }
        }
        if route.is_general {
            self.everything.enter(at, first_at, attempts);
        }
    }

    /// Failures of the parent of meetings and hosts.
    pub(super) fn correct_everything(&mut self, route: &Route, at: i64, failed: u64) {
        if route.is_general {
            self.everything.correct(at, failed);
        }
    }

    pub(super) fn learn(
        &mut self,
        route: &Route,
        at: i64,
        attempts: u64,
        failed: u64,
        class: FaultClass,
    ) {
        for (index, _) in &route.members {
            let held = &mut self.held[*index as usize];
            let failed = if held.slot.counts(class) { failed } else { 0 };
            held.stream.learn(at, attempts, failed);
        }
        self.everything.learn(at, attempts, failed);
    }

    /// All but the one and those that share no failure with it start anew: its incident explains what they saw.
    pub(super) fn explain_beside(&mut self, index: Index, since: i64, now: i64) {
        self.beside(index)
            .for_each(|stream| stream.explain(since, now));
        self.everything.explain(since, now);
    }

    /// Its incident is over: what the others remember from before is explained by it.
    pub(super) fn forgive_beside(&mut self, index: Index) {
        self.beside(index).for_each(Stream::forgive);
    }

    /// What its incident was is usual now, and the others have not seen it: they begin with what their parents say.
    pub(super) fn unlearn_beside(&mut self, index: Index) {
        self.beside(index).for_each(Stream::unlearn);
        self.everything.unlearn();
    }

    /// The other streams in which a failure of this one can count.
    fn beside(&mut self, index: Index) -> impl Iterator<Item = &mut Stream> {
        let slot = self.held[index].slot.clone();
        let others = self
            .held
            .iter_mut()
            .filter(move |held| held.slot != slot && !held.slot.is_disjoint(&slot));
        others.map(|held| &mut held.stream)
    }

    /// Takes in what is decided. The streams whose incident ended.
    pub(super) fn settle(&mut self, now: i64, age_us: i64) -> Vec<(Index, i64, End)> {
        self.everything.settle(now, age_us);
        let ended = self
            .held
            .iter_mut()
            .enumerate()
            .filter_map(|(index, held)| {
                let (decided_at, end) = held.stream.settle(now, age_us)?;
                Some((index, decided_at, end))
            });
        ended.collect()
    }

    /// Every p0 follows its stream's past.
    pub(super) fn follow(&mut self, now: i64) {
        self.everything.follow(now, None);
        for index in 0..self.held.len() {
            let parent = self.parent(&self.held[index].slot);
            self.held[index].stream.follow(now, parent);
        }
    }

    /// The traffic of values is forgotten by half.
    pub(super) fn halve(&mut self) {
        self.dimensions.values_mut().for_each(Dimension::halve);
    }

    fn parent(&self, slot: &Slot) -> Option<f64> {
        match slot {
            Slot::Everybody => None,
            Slot::Value { dim, .. } if dim == "meeting" || dim == "host" => {
                Some(self.everything.usual())
            }
            _ => Some(self.held[0].stream.usual()),
        }
    }

    fn has_room_for(&mut self, dim: &str) -> bool {
        if self.dimensions.contains_key(dim) {
            return true;
        }
        if !KNOWN.contains(&dim) {
            if self.own_dimensions == OWN_MAX {
                return false;
            }
            self.own_dimensions += 1;
        }
        self.dimensions.insert(dim.into(), Dimension::default());
        true
    }

    fn place(
        &mut self,
        now: i64,
        dim: &str,
        value: &str,
        attempts: u64,
        is_pinned: impl Fn(Index) -> bool,
    ) -> Index {
        let Some(dimension) = self.dimensions.get_mut(dim) else {
            return 0;
        };
        let others = dimension.others;
        match dimension.place(value, real(attempts), is_pinned) {
            Place::Named(index) => index,
            Place::TakenOver(index) => {
                self.held[index] =
                    self.hold(now, named(dim, value), self.held[index].generation + 1);
                index
            }
            Place::New => {
                let index = self.make(now, named(dim, value));
                if let Some(dimension) = self.dimensions.get_mut(dim) {
                    dimension.name(value, index);
                }
                index
            }
            Place::Other => others.unwrap_or_else(|| {
                let index = self.make(
                    now,
                    Slot::OtherValues {
                        dim: dim.to_owned(),
                    },
                );
                if let Some(dimension) = self.dimensions.get_mut(dim) {
                    dimension.others = Some(index);
                }
                index
            }),
        }
    }

    fn make(&mut self, now: i64, slot: Slot) -> Index {
        let held = self.hold(now, slot, 0);
        self.held.push(held);
        self.held.len() - 1
    }

    fn hold(&self, now: i64, slot: Slot, generation: u32) -> Held {
        let budget = self.false_alarms_us / VALUES_SHARE * real(VALUE_SLOTS);
        let stream = Stream::new(now, budget, self.parent(&slot));
        Held {
            slot,
            generation,
            stream,
        }
    }
}

impl Route {
    fn add(&mut self, index: Index, generation: u32) {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if !self.members.iter().any(|(member, _)| *member == index) {
            self.members.push((index, generation));
        }
    }

    /// Leaves only streams of which that is true, and the parent of meetings and hosts out.
    pub(super) fn keep(&mut self, keeps: impl Fn(Index) -> bool) {
        self.members.retain(|(index, _)| keeps(*index as usize));
        self.is_general = false;
    }
}

fn named(dim: &str, value: &str) -> Slot {
    Slot::Value {
        dim: dim.to_owned(),
        value: value.to_owned(),
    }
}
