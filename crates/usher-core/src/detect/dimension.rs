//! Which values of a dimension have streams of their own: those with the most traffic.
//!
//! Space-Saving (Metwally, Agrawal, El Abbadi 2005) over a fixed number of counters that forget, of which the highest have streams. A value
//! takes a stream over only from one with half its traffic, or streams would begin anew all the time.

use std::collections::BTreeMap;

/// Values with a stream of their own, for each dimension.
pub(super) const NAMED_MAX: usize = 15;
/// Values counted, for each dimension.
const COUNTED_MAX: usize = 64;
/// How much more traffic than a value with a stream another one needs to take it over.
const TAKE_OVER: f64 = 2.0;

/// Where a stream stands among the detector's.
pub(super) type Index = usize;

/// The values of one dimension.
#[derive(Debug, Clone, Default)]
pub(super) struct Dimension {
    // Ordered, so that ties are broken alike in every run.
    counters: BTreeMap<Box<str>, Counter>,
    named: usize,
    /// The stream of the values without one.
    pub(super) others: Option<Index>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    attempts: f64,
    stream: Option<Index>,
}

/// Where a value's attempts belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In its stream.
    Named(Index),
    /// In a stream that is to be made; [`Dimension::name`] takes it.
    New,
    /// In the stream of another value, which has none from now on.
    TakenOver(Index),
    /// Among the others.
    Other,
}

impl Dimension {
    /// Counts a value's attempts, and says where they belong. Streams that `is_pinned` are not taken over.
    pub(super) fn place(
        &mut self,
        value: &str,
        attempts: f64,
        is_pinned: impl Fn(Index) -> bool,
    ) -> Place {
        if let Some(counter) = self.counters.get_mut(value) {
            counter.attempts += attempts;
            if let Some(stream) = counter.stream {
                return Place::Named(stream);
            }
        } else {
            let inherited = self.make_room();
            let counter = Counter {
                attempts: inherited + attempts,
                stream: None,
            };
            self.counters.insert(value.into(), counter);
        }
        if self.named < NAMED_MAX {
            return Place::New;
        }
        self.take_over(value, is_pinned)
            .map_or(Place::Other, Place::TakenOver)
    }

    /// The stream that was made for a value.
    pub(super) fn name(&mut self, value: &str, stream: Index) {
        if let Some(counter) = self.counters.get_mut(value) {
            counter.stream = Some(stream);
            self.named += 1;
        }
    }

    /// Half of the traffic is forgotten.
    pub(super) fn halve(&mut self) {
        self.counters
            .values_mut()
            .for_each(|counter| counter.attempts /= 2.0);
    }

    /// Drops the smallest counter without a stream if there are too many; its count is the newcomer's error.
    fn make_room(&mut self) -> f64 {
        if self.counters.len() < COUNTED_MAX {
            return 0.0;
        }
        let nameless = self
            .counters
            .iter()
            .filter(|(_, counter)| counter.stream.is_none());
        let smallest = nameless.min_by(|(_, a), (_, b)| a.attempts.total_cmp(&b.attempts));
        let Some((value, counter)) = smallest.map(|(value, counter)| (value.clone(), *counter))
        else {
            return 0.0;
        };
        self.counters.remove(&value);
        counter.attempts
    }

    fn take_over(&mut self, value: &str, is_pinned: impl Fn(Index) -> bool) -> Option<Index> {
        let own = self.counters.get(value)?.attempts;
        let free = |counter: &&mut Counter| counter.stream.is_some_and(|index| !is_pinned(index));
        let smallest = self.counters.values_mut().filter(free);
        let smallest = smallest.min_by(|a, b| a.attempts.total_cmp(&b.attempts))?;
        if own < TAKE_OVER * smallest.attempts + 1.0 {
            return None;
        }
        let stream = smallest.stream.take();
        self.counters.get_mut(value)?.stream = stream;
        stream
    }
}
