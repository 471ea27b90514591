//! Of all events of an attempt, those that decide, and what they decide.

use jiff::{SignedDuration, Timestamp};

use super::event::{Event, Kind, MatchedBy, Source};
use super::origin::Origin;
use super::story::{Confirmation, Phase};
use crate::webhook::CLOCK_SKEW;

/// Later than this after an error, a call of `join()` is another one: the SDK takes one per 10 s (reference 2.1). Sooner, it is the
/// same call, told out of order by a clock that was corrected differently.
const NEXT_CALL: SignedDuration = SignedDuration::from_secs(5);

/// What was minted, with the event that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) by: &'a Event,
    pub(super) origin: &'a Origin,
}

/// The events that decide.
#[derive(Default)]
pub(super) struct Told<'a> {
    /// What was minted: as Usher itself recorded it, whatever others say of it.
    pub(super) origin: Option<Made<'a>>,
    minted: Option<&'a Event>,
    loaded: Option<&'a Event>,
    called: Option<&'a Event>,
    waiting: Option<&'a Event>,
    waited: Option<&'a Event>,
    silent: Option<&'a Event>,
    pub(super) failed: Option<&'a Event>,
    /// The browser, or whoever minted elsewhere.
    joined_by_page: Option<&'a Event>,
    joined_by_zoom: Option<&'a Event>,
    joined_by_guess: Option<&'a Event>,
    doubtful: Option<&'a Event>,
    before_mint: Option<&'a Event>,
    not_confirmed: Option<&'a Event>,
}

impl<'a> Told<'a> {
    pub(super) fn by(events: &[&'a Event]) -> Self {
        let mut told = Self {
            origin: made(events),
            ..Self::default()
        };
        for &event in events {
            if event.source == Source::Zoom {
                told.hear_zoom(event);
                continue;
            }
            match event.kind {
                Kind::Minted => _ = told.minted.get_or_insert(event),
                Kind::Loaded => _ = told.loaded.get_or_insert(event),
                Kind::Called => told.called = Some(event),
                Kind::Waiting => told.waiting = Some(event),
                Kind::Silent => told.silent = Some(event),
                Kind::Failed => told.failed = Some(event),
                Kind::Joined => _ = told.joined_by_page.get_or_insert(event),
                Kind::GaveUp | Kind::Waited | Kind::Left | Kind::NotConfirmed => {}
            }
        }
        told
    }

    fn hear_zoom(&mut self, event: &'a Event) {
        if event.kind == Kind::NotConfirmed {
            self.not_confirmed = Some(event);
            return;
        }
        let is_in = matches!(event.kind, Kind::Joined | Kind::Left);
        let is_by_key = event.facts.matched_by == Some(MatchedBy::CustomerKey);
        if is_by_key && event.attempt.at().duration_since(event.at) > CLOCK_SKEW {
            self.before_mint.get_or_insert(event);
        }
        match event.facts.matched_by {
            Some(MatchedBy::DoubtfulCustomerKey) => _ = self.doubtful.get_or_insert(event),
            Some(MatchedBy::Guess) if is_in => _ = self.joined_by_guess.get_or_insert(event),
            _ if is_in => _ = self.joined_by_zoom.get_or_insert(event),
            Some(MatchedBy::Guess) => {}
            _ if event.kind == Kind::Waiting => self.waiting = Some(event),
            _ if event.kind == Kind::Waited => _ = self.waited.get_or_insert(event),
            _ => {}
        }
    }

    pub(super) fn phase(&self, first: &Event) -> (Phase, Timestamp) {
        let is_after = |event: &Event, other: &Event| event.at.duration_since(other.at) > NEXT_CALL;
        // A guess does not stand against an error that the page saw.
        let guess = self.joined_by_guess.filter(|_| self.failed.is_none());
        let joined = [self.joined_by_page, self.joined_by_zoom, guess];
        if let Some(at) = joined.into_iter().flatten().map(|event| event.at).min() {
            return (Phase::Joined, at);
        }
        // Zoom's end of the waiting comes when Zoom notices that somebody is gone: it proves that they waited, and nothing of what came after.
        let waited = self.waited.filter(|_| self.failed.is_none());
        // Of several things that happened, the last one stands, unless it is the same call told out of order.
        let mut stands: Option<(Phase, &Event)> = None;
        let in_order_of_weight = [
            (Phase::Failed, self.failed),
            (Phase::Silent, self.silent),
            (Phase::Waiting, self.waiting.or(waited)),
            (Phase::Called, self.called),
        ];
        for (phase, event) in in_order_of_weight {
            let Some(event) = event else { continue };
            if stands.is_none_or(|(_, other)| is_after(event, other)) {
                stands = Some((phase, event));
            }
        }
        let quiet = [(Phase::Loaded, self.loaded), (Phase::Minted, self.minted)];
        let (phase, event) = stands
            .or_else(|| {
                quiet
                    .into_iter()
                    .find_map(|(phase, event)| Some((phase, event?)))
            })
            .unwrap_or((Phase::Minted, first));
        (phase, event.at)
    }

    pub(super) fn confirmation(&self) -> Confirmation {
        match (self.joined_by_zoom, self.joined_by_page, self.not_confirmed) {
            (Some(_), _, _) => Confirmation::Zoom,
            (None, Some(_), Some(_)) => Confirmation::Denied,
            (None, Some(_), None) => Confirmation::BrowserAlone,
            (None, None, _) => Confirmation::None,
        }
    }

    pub(super) fn oddities(&self) -> Vec<&'static str> {
        let in_by_zoom = self.joined_by_zoom.is_some();
        let in_by_page = self.joined_by_page.is_some();
        [
            (
                in_by_zoom && self.failed.is_some() && !in_by_page,
                "The page saw an error, yet Zoom says that the person got in.",
            ),
            (
                in_by_page && !in_by_zoom && self.not_confirmed.is_some(),
                "The page says that the person got in, yet Zoom's report of the meeting does not have them.",
            ),
            (
                self.doubtful.is_some(),
                "Zoom named this attempt for another meeting or another time: the page that joined may have used a foreign id. It does not count.",
            ),
            (
                self.before_mint.is_some(),
                "Zoom tells of this attempt from before it was minted: a clock is wrong, most likely that of whoever minted, by being ahead.",
            ),
            (
                self.joined_by_guess.is_some() && !in_by_zoom,
                "Zoom's event was matched by meeting, time and name alone: a guess.",
            ),
            (
                self.minted.is_none(),
                "The record of the mint is missing: what is known comes from reports alone.",
            ),
        ]
        .into_iter()
        .filter_map(|(is_so, text)| is_so.then_some(text))
        .collect()
    }
}

fn made<'a>(events: &[&'a Event]) -> Option<Made<'a>> {
    let told = |event: &&'a Event| {
        let by = *event;
        let origin = by.facts.origin.as_deref()?;
        Some(Made { by, origin })
    };
    let is_ours = |event: &&&Event| event.source == Source::Mint;
    let ours = events.iter().filter(is_ours).find_map(told);
    ours.or_else(|| events.iter().find_map(told))
}
