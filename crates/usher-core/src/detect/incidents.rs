//! Incidents: which alarms are one, what they explain, and when they are over.

use jiff::Timestamp;

use super::dimension::Index;
use super::numeric::{SECOND_US, moment};
use super::slot::Slot;

/// What comes back within that time after the end is the same incident.
pub(super) const CONTINUE_US: i64 = 1800 * SECOND_US;
/// Incidents that are over are remembered so long: a relapse at three attempts an hour takes hours to be seen.
const REMEMBERED_US: i64 = 24 * 3600 * SECOND_US;

/// An onset is not known better than that, nor better than by the time that it took to be found: what begins so soon after an incident was
/// known is the same incident. Our own choice: streams that are hit alike differ by chance, and the localizer tells causes apart.
const ONSET_US: i64 = 60 * SECOND_US;

/// Names an incident of one detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncidentId(pub u64);

/// What the detector found.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An incident opens.
    Opened {
        /// Which.
        incident: IncidentId,
        /// The stream that showed it first. The localizer says whom it is about.
        slot: Slot,
        /// When it began, by estimate.
        since: Timestamp,
        /// When that was known.
        at: Timestamp,
        /// The stream's usual failure probability: frozen until it is over.
        usual: f64,
    },
    /// Another stream turns out to be bad since the incident began, as nearly as that is known: no second incident.
    Widened {
        /// Which.
        incident: IncidentId,
        /// The other stream.
        slot: Slot,
        /// When that was known.
        at: Timestamp,
    },
    /// It was over, and is back within half an hour.
    Continued {
        /// Which.
        incident: IncidentId,
        /// The stream that shows it.
        slot: Slot,
        /// Since when it is back, by estimate.
        since: Timestamp,
        /// When that was known.
        at: Timestamp,
    },
    /// All streams that showed it are back at their usual rates.
    Closed {
        /// Which.
        incident: IncidentId,
        /// When it recovered, by estimate; `None` if it did not, and is what is usual from now on.
        until: Option<Timestamp>,
        /// When that was known.
        at: Timestamp,
    },
}

/// An incident that is open, or was not long ago.
#[derive(Debug, Clone)]
pub(super) struct Incident {
    id: IncidentId,
    /// The streams that show it, in the order in which they did.
    pub(super) streams: Vec<Index>,
    /// Those of them that are bad now.
    pub(super) bad: Vec<Index>,
    /// What begins before that has the same onset.
    onset_until: i64,
    until: Option<i64>,
    closed_at: Option<i64>,
    /// Whom it is about, if the localizer said so.
    pub(super) slice: Option<Vec<(String, String)>>,
}

impl Incident {
    pub(super) fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    fn show(&mut self, stream: Index) {
        if !self.streams.contains(&stream) {
            self.streams.push(stream);
        }
        self.bad.push(stream);
    }
}

/// A stream that has become bad.
#[derive(Debug)]
pub(super) struct Onset<'a> {
    pub(super) stream: Index,
    pub(super) slot: &'a Slot,
    pub(super) since: i64,
    pub(super) at: i64,
    pub(super) usual: f64,
}

/// All incidents that matter still.
#[derive(Debug, Clone, Default)]
pub(super) struct Incidents {
    all: Vec<Incident>,
    count: u64,
}

impl Incidents {
    pub(super) fn open(&self) -> impl Iterator<Item = &Incident> {
        self.all.iter().filter(|incident| incident.is_open())
    }

    /// Whether a stream shows, or lately showed, an incident.
    pub(super) fn concern(&self, stream: Index) -> bool {
        self.all
            .iter()
            .any(|incident| incident.streams.contains(&stream))
    }

    /// An open incident is about that slice.
    pub(super) fn localize(&mut self, id: IncidentId, slice: &[(&str, &str)]) {
        let is_it = |incident: &&mut Incident| incident.id == id && incident.is_open();
        if let Some(incident) = self.all.iter_mut().find(is_it) {
            let owned = slice
                .iter()
                .map(|(dim, value)| ((*dim).to_owned(), (*value).to_owned()));
            incident.slice = Some(owned.collect());
        }
    }

    /// A stream becomes bad; `is_general` tells which streams are of attempts of all kinds. Nothing if its incident is open anyway.
    pub(super) fn begin(
        &mut self,
        onset: &Onset<'_>,
        is_general: impl Fn(Index) -> bool,
    ) -> Option<Change> {
        let slot = onset.slot.clone();
        let at = moment(onset.at);
        let open = self.all.iter_mut().filter(|incident| incident.is_open());
        let mut open = open.filter(|incident| {
            incident.streams.contains(&onset.stream) || onset.since <= incident.onset_until
        });
        if let Some(incident) = open.next() {
            let is_known = incident.streams.contains(&onset.stream);
            incident.show(onset.stream);
            let incident = incident.id;
            return (!is_known).then_some(Change::Widened { incident, slot, at });
        }
        let is_back = |incident: &&mut Incident| {
            let is_soon = incident
                .closed_at
                .is_some_and(|closed| onset.since <= closed + CONTINUE_US);
            let is_alike =
                is_general(onset.stream) && incident.streams.iter().any(|i| is_general(*i));
            is_soon && (is_alike || incident.streams.contains(&onset.stream))
        };
        let since = moment(onset.since);
        if let Some(incident) = self.all.iter_mut().rev().find(is_back) {
            incident.closed_at = None;
            incident.until = None;
            incident.slice = None;
            incident.show(onset.stream);
            return Some(Change::Continued {
                incident: incident.id,
                slot,
                since,
                at,
            });
        }
        self.count += 1;
        let incident = IncidentId(self.count);
        self.all.push(Incident {
            id: incident,
            streams: vec![onset.stream],
            bad: vec![onset.stream],
            onset_until: onset.at + (onset.at - onset.since).max(ONSET_US),
            until: None,
            closed_at: None,
            slice: None,
        });
        Some(Change::Opened {
            incident,
            slot,
            since,
            at,
            usual: onset.usual,
        })
    }

    /// A stream is back at its usual rate since `until`, or has a new usual rate.
    pub(super) fn end(&mut self, stream: Index, until: Option<i64>, at: i64) -> Option<Change> {
        let incident = self
            .all
            .iter_mut()
            .find(|incident| incident.bad.contains(&stream))?;
        incident.bad.retain(|bad| *bad != stream);
        incident.until = incident.until.max(until);
        if !incident.bad.is_empty() {
            return None;
        }
        incident.closed_at = Some(at);
        Some(Change::Closed {
            incident: incident.id,
            until: incident.until.map(moment),
            at: moment(at),
        })
    }

    /// Drops what is long over.
    pub(super) fn forget(&mut self, now: i64) {
        self.all
            .retain(|incident| incident.closed_at.is_none_or(|at| at + REMEMBERED_US > now));
    }
}
