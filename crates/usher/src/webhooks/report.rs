//! What a meeting's report says of an attempt whose page says that it got in. Pure.

use jiff::Timestamp;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, MatchedBy, Personal, Source};
use usher_core::meeting::MeetingNumber;
use usher_core::webhook::matching::{self, Candidate, Hashes};
use usher_core::webhook::{
    CLOCK_SKEW, MeetingNotice, Participant, ParticipantEvent, body_hash, name_hash,
};

use crate::zoom::ReportRow;

/// The whole report on one instance of a meeting.
pub(super) struct Report {
    pub(super) meeting: MeetingNumber,
    /// The instance's UUID, if the report was asked for by it.
    pub(super) uuid: Option<String>,
    pub(super) rows: Vec<ReportRow>,
}

/// An attempt that Zoom did not confirm yet.
pub(super) struct Unconfirmed {
    pub(super) candidate: Candidate,
    /// When its page got in.
    pub(super) joined_at: Timestamp,
}

impl Report {
    /// What it says of an attempt: that they were in; that they were not; or nothing.
    pub(super) fn judge(
        &self,
        attempt: &Unconfirmed,
        name_key: &[u8],
        now: Timestamp,
    ) -> Option<Event> {
        let id = attempt.candidate.attempt;
        let mut own = self.rows.iter().filter(|row| names(row) == Some(id));
        if let Some(row) = own.next() {
            // The row of the waiting room may come first.
            let row = own.fold(
                row,
                |best, row| {
                    if best.is_of_waiting_room { row } else { best }
                },
            );
            return self.appearance(row, attempt, now);
        }
        let was_running = self.covers(attempt.joined_at);
        let may_be_there = self.rows.iter().any(|row| may_be(row, attempt, name_key));
        (was_running && !may_be_there).then(|| self.event(id, Kind::NotConfirmed, None, now, now))
    }

    fn appearance(&self, row: &ReportRow, attempt: &Unconfirmed, now: Timestamp) -> Option<Event> {
        let at = row.joined_at?;
        let participant = Participant {
            event: if row.is_of_waiting_room {
                ParticipantEvent::JoinedWaitingRoom
            } else {
                ParticipantEvent::Joined
            },
            meeting: MeetingNotice {
                meeting_number: Some(self.meeting),
                meeting_uuid: self.uuid.clone(),
                at,
            },
            customer_key: row.customer_key.clone(),
            registrant_id: None,
            user_name: None,
            leave_reason: None,
            participant_uuid: None,
        };
        let found = matching::find(&participant, Hashes::default(), &[attempt.candidate])?;
        let kind = participant.event.kind();
        Some(self.event(found.attempt, kind, Some(found.by), at, now))
    }

    /// Whether it has somebody from before that moment until after it. Strictly: Zoom's clock and ours differ by less than matters
    /// within a meeting, and about its edges nothing is said.
    fn covers(&self, moment: Timestamp) -> bool {
        let first = self.rows.iter().filter_map(|row| row.joined_at).min();
        let last = self.rows.iter().filter_map(|row| row.left_at).max();
        first.is_some_and(|first| first <= moment) && last.is_some_and(|last| moment <= last)
    }

    fn event(
        &self,
        attempt: AttemptId,
        kind: Kind,
        matched_by: Option<MatchedBy>,
        at: Timestamp,
        now: Timestamp,
    ) -> Event {
        Event {
            attempt,
            source: Source::Zoom,
            id: self.event_id(kind),
            kind,
            at,
            received_at: now,
            facts: Facts {
                zoom_event: Some("report".to_owned()),
                matched_by,
                meeting_uuid: self.uuid.clone(),
                ..Facts::default()
            },
            personal: Personal::default(),
        }
    }

    /// The same instance says the same of somebody once.
    fn event_id(&self, kind: Kind) -> String {
        // The latest instance of a number is another one tomorrow; when its first person came tells them apart.
        let first = self.rows.iter().filter_map(|row| row.joined_at).min();
        let instance = self
            .uuid
            .clone()
            .unwrap_or_else(|| format!("{} {first:?}", self.meeting));
        let digits = body_hash(instance.as_bytes());
        format!("report-{digits}-{}", kind.as_str())
    }
}

fn names(row: &ReportRow) -> Option<AttemptId> {
    row.customer_key.as_deref().and_then(AttemptId::parse)
}

/// Whether it can be the attempt's row all the same: without the key (that Zoom always returns it is unverified) and with the same
/// name, or one that is withheld or can't be compared.
fn may_be(row: &ReportRow, attempt: &Unconfirmed, name_key: &[u8]) -> bool {
    let is_somebody_else = names(row).is_some();
    let was_there = row
        .joined_at
        .is_none_or(|at| at <= attempt.joined_at + CLOCK_SKEW)
        && row
            .left_at
            .is_none_or(|at| attempt.joined_at <= at + CLOCK_SKEW);
    let has_other_name = match (&row.name, attempt.candidate.name_hash) {
        (Some(name), Some(own)) => name_hash(name_key, name) != own,
        _ => false,
    };
    !is_somebody_else && was_there && !has_other_name
}
