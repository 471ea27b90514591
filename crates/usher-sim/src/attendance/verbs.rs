//! What can happen to a meeting's attendance: each verb records it, and queues the webhooks that tell of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{
    Attendance, AttendanceError, Happened, Instance, Leave, MeetingEnd, MeetingStart, Participant,
};
use crate::clock::ANY_HOST;
use crate::webhooks::EventKind;
use crate::world::World;

impl World {
    pub fn start_meeting(&mut self, start: MeetingStart) -> Result<Happened, AttendanceError> {
        let MeetingStart { meeting, at, uuid } = start;
        if self.instances.running(meeting).is_some() {
            return Err(AttendanceError::Running(meeting));
        }
        let at = at.unwrap_or_else(|| self.clock.now(ANY_HOST));
        let uuid = uuid.unwrap_or_else(|| self.new_uuid(meeting));
        let index = self.open_instance(meeting, at, uuid)?;
        Ok(Happened {
            uuid: self.instances.all[index].uuid.clone(),
            participant_uuid: None,
            queued: self.announce(EventKind::MeetingStarted, index, None, at),
        })
    }

    /// Records that somebody was there. A time within an instance that has ended is recorded in that one.
    pub fn attend(&mut self, attendance: Attendance) -> Result<Happened, AttendanceError> {
        let Attendance {
            meeting,
            waited_from,
            left_at,
            without_webhooks,
            ..
        } = attendance;
        let joined_at = match (attendance.joined_at, waited_from) {
            (None, None) => Some(self.clock.now(ANY_HOST)),
            (joined_at, _) => joined_at,
        };
        in_order(("joined_at", joined_at), ("waited_from", waited_from))?;
        in_order(("left_at", left_at), ("joined_at", joined_at))?;
        in_order(("left_at", left_at), ("waited_from", waited_from))?;
        let from = waited_from
            .or(joined_at)
            .unwrap_or_else(|| self.clock.now(ANY_HOST));
        let (index, has_started) = self.instance_at(meeting, from)?;
        let mut participant = self.instances.new_participant(attendance.person);
        let instance = &mut self.instances.all[index];
        (participant.waited_from, participant.joined_at) = (waited_from, joined_at);
        participant.left_at = left_at.or(instance.ended_at);
        instance.participants.push(participant.clone());
        let uuid = instance.uuid.clone();
        let mut queued = Vec::new();
        if !without_webhooks {
            if has_started {
                queued.extend(self.announce(EventKind::MeetingStarted, index, None, from));
            }
            for (kind, at) in events_of(&participant) {
                queued.extend(self.announce(kind, index, Some(&participant), at));
            }
        }
        Ok(Happened {
            uuid,
            participant_uuid: Some(participant.participant_uuid),
            queued,
        })
    }

    pub fn leave(&mut self, leave: &Leave) -> Result<Happened, AttendanceError> {
        let index = self
            .instances
            .running(leave.meeting)
            .ok_or(AttendanceError::NotRunning(leave.meeting))?;
        let at = leave.at.unwrap_or_else(|| self.clock.now(ANY_HOST));
        let instance = &mut self.instances.all[index];
        let uuid = instance.uuid.clone();
        let participant = instance
            .participants
            .iter_mut()
            .rev()
            .filter(|each| each.left_at.is_none())
            .find(|each| each.person.customer_key.as_ref() == Some(&leave.customer_key))
            .ok_or_else(|| AttendanceError::NobodyThere(leave.customer_key.clone()))?;
        in_order(("at", Some(at)), ("joined_at", participant.joined_at))?;
        participant.left_at = Some(at);
        let participant = participant.clone();
        let kind = leaving(&participant);
        Ok(Happened {
            uuid,
            participant_uuid: Some(participant.participant_uuid.clone()),
            queued: self.announce(kind, index, Some(&participant), at),
        })
    }

    pub fn end_meeting(&mut self, end: &MeetingEnd) -> Result<Happened, AttendanceError> {
        let index = self
            .instances
            .running(end.meeting)
            .ok_or(AttendanceError::NotRunning(end.meeting))?;
        let at = end.at.unwrap_or_else(|| self.clock.now(ANY_HOST));
        let instance = &mut self.instances.all[index];
        in_order(("at", Some(at)), ("started_at", Some(instance.started_at)))?;
        for participant in &instance.participants {
            in_order(("at", Some(at)), ("joined_at", participant.joined_at))?;
        }
        instance.ended_at = Some(at);
        let uuid = instance.uuid.clone();
        let mut leavers = Vec::new();
        for participant in &mut instance.participants {
            if participant.left_at.is_none() {
                participant.left_at = Some(at);
                leavers.push(participant.clone());
            }
        }
        if let Some(meeting) = self.meeting_mut(end.meeting) {
            meeting.started = false;
        }
        let mut queued = Vec::new();
        for participant in &leavers {
            queued.extend(self.announce(leaving(participant), index, Some(participant), at));
        }
        queued.extend(self.announce(EventKind::MeetingEnded, index, None, at));
        Ok(Happened {
            uuid,
            participant_uuid: None,
            queued,
        })
    }

    /// The instance that somebody is in who came at that time, and whether it has started by that.
    fn instance_at(
        &mut self,
        meeting: u64,
        at: Timestamp,
    ) -> Result<(usize, bool), AttendanceError> {
        if let Some(index) = self.instances.ended_that_covers(meeting, at) {
            return Ok((index, false));
        }
        if let Some(index) = self.instances.running(meeting) {
            let instance = &mut self.instances.all[index];
            instance.started_at = instance.started_at.min(at);
            return Ok((index, false));
        }
        let found = self
            .meeting(meeting)
            .ok_or(AttendanceError::NoMeeting(meeting))?;
        // One that was started by hand, or in the scenario, keeps its UUID and does not start again.
        let ran_already = found.started;
        let uuid = if ran_already {
            found.uuid.clone()
        } else {
            self.new_uuid(meeting)
        };
        Ok((self.open_instance(meeting, at, uuid)?, !ran_already))
    }

    fn open_instance(
        &mut self,
        number: u64,
        at: Timestamp,
        uuid: String,
    ) -> Result<usize, AttendanceError> {
        let meeting = self
            .meeting_mut(number)
            .ok_or(AttendanceError::NoMeeting(number))?;
        meeting.started = true;
        meeting.uuid.clone_from(&uuid);
        let account = self
            .meeting(number)
            .and_then(|meeting| self.account_of_meeting(meeting))
            .unwrap_or_default()
            .to_owned();
        self.instances.all.push(Instance {
            meeting: number,
            uuid,
            account,
            started_at: at,
            ended_at: None,
            participants: Vec::new(),
        });
        Ok(self.instances.all.len() - 1)
    }

    /// Sixteen bytes in base64, as Zoom's look.
    fn new_uuid(&self, meeting: u64) -> String {
        let started = i64::try_from(self.tokens.started_at_ns()).unwrap_or_default();
        let count = i64::try_from(self.instances.all.len()).unwrap_or_default();
        let mut bytes = meeting.to_be_bytes().to_vec();
        bytes.extend(started.wrapping_add(count).to_be_bytes());
        STANDARD.encode(bytes)
    }

    fn announce(
        &mut self,
        kind: EventKind,
        index: usize,
        participant: Option<&Participant>,
        at: Timestamp,
    ) -> Vec<u64> {
        let instance = self.instances.all[index].clone();
        self.queue_event(kind, &instance, participant, at, None)
    }
}

/// Which events tell of a participant. That Zoom sends those of the waiting room in this order is assumed.
fn events_of(participant: &Participant) -> Vec<(EventKind, Timestamp)> {
    let waited = participant.waited_from;
    let joined = participant.joined_at;
    let admitted = joined.filter(|_| waited.is_some());
    [
        (EventKind::JoinedWaitingRoom, waited),
        (EventKind::Admitted, admitted),
        (EventKind::LeftWaitingRoom, admitted),
        (EventKind::ParticipantJoined, joined),
        (leaving(participant), participant.left_at),
    ]
    .into_iter()
    .filter_map(|(kind, at)| Some((kind, at?)))
    .collect()
}

fn leaving(participant: &Participant) -> EventKind {
    match participant.joined_at {
        Some(_) => EventKind::ParticipantLeft,
        None => EventKind::LeftWaitingRoom,
    }
}

fn in_order(
    (later, later_at): (&'static str, Option<Timestamp>),
    (earlier, earlier_at): (&'static str, Option<Timestamp>),
) -> Result<(), AttendanceError> {
    match (later_at, earlier_at) {
        (Some(later_at), Some(earlier_at)) if later_at < earlier_at => {
            Err(AttendanceError::OutOfOrder {
                later,
                later_at,
                earlier,
                earlier_at,
            })
        }
        _ => Ok(()),
    }
}
