//! Webhooks that the simulator sends (reference 7). A verb queues a delivery; it is attempted when it is asked for and due by the
//! simulator's clock. Nothing here waits for time to pass: a test sets the clock, or asks for the retry now.

mod control;
mod delivery;
mod event;
mod subscription;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::attendance::{Instance, Participant, Person};
use crate::clock::ANY_HOST;
use crate::world::World;

pub(crate) use control::routes;
pub(crate) use delivery::client;
pub use delivery::{Deliver, Delivery, DeliveryAttempt, DeliveryState};
pub use event::EventKind;
pub use subscription::{
    ActiveWebhookFault, LoopbackUrl, RetriedFailures, Subscription, TimestampUnit, WebhookFault,
    WebhookFaults, WrongSignature,
};

/// The oldest finished deliveries make room beyond this.
const KEPT: usize = 2000;

pub(crate) const URL_VALIDATION: &str = "endpoint.url_validation";

/// An event to send without recording that anything happened: right or wrong, as a test needs it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEvent {
    pub event: EventKind,
    pub meeting: u64,
    /// Whom it is about. Somebody with the `customer_key` who is in the latest instance keeps the ids that they have there.
    #[serde(default)]
    pub person: Person,
    /// When it happened: now, unless it is said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Changes to `payload.object`, as a JSON merge patch: `{"participant": {"customer_key": null}}` takes a field away.
    #[serde(default)]
    pub object: Option<Value>,
}

impl WebhookEvent {
    pub fn new(event: EventKind, meeting: u64, person: Person) -> Self {
        Self {
            event,
            meeting,
            person,
            at: None,
            object: None,
        }
    }
}

/// Why a webhook can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("meeting: there is no meeting {0}")]
    NoMeeting(u64),
    #[error("url: there is no subscription with it; put one first")]
    NoSubscription,
}

/// Subscriptions, what goes wrong with their deliveries, and all deliveries so far.
#[derive(Debug, Default)]
pub struct Webhooks {
    pub subscriptions: Vec<Subscription>,
    pub faults: WebhookFaults,
    /// In the order in which they are made.
    deliveries: VecDeque<Delivery>,
    last_id: u64,
}

impl Webhooks {
    pub(crate) fn new(subscriptions: Vec<Subscription>, faults: Vec<WebhookFault>) -> Self {
        let mut webhooks = Self {
            subscriptions,
            ..Self::default()
        };
        for fault in faults {
            webhooks.faults.add(fault);
        }
        webhooks
    }

    /// Adds a subscription, or replaces the one with its URL.
    pub fn subscribe(&mut self, subscription: Subscription) {
        self.subscriptions
            .retain(|other| other.url != subscription.url);
        self.subscriptions.push(subscription);
    }

    /// All deliveries, waiting and made, in the order in which they are made.
    pub fn deliveries(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.deliveries.iter()
    }

    /// Forgets all deliveries, also those that wait.
    pub fn clear_deliveries(&mut self) {
        self.deliveries.clear();
    }

    /// The deliveries with these ids, in their order.
    pub(crate) fn with_ids(&self, ids: &[u64]) -> Vec<Delivery> {
        self.deliveries()
            .filter(|delivery| ids.contains(&delivery.id))
            .cloned()
            .collect()
    }

    pub(crate) fn subscription(&self, url: &LoopbackUrl) -> Option<&Subscription> {
        self.subscriptions.iter().find(|other| other.url == *url)
    }

    fn queue(&mut self, url: &LoopbackUrl, event: &str, body: &str, now: Timestamp) -> Vec<u64> {
        let fault = self.faults.strike(event);
        let delay = i64::try_from(fault.delay_ms).unwrap_or(i64::MAX);
        let due_at = now
            .checked_add(SignedDuration::from_millis(delay))
            .unwrap_or(Timestamp::MAX);
        let mut ids = Vec::new();
        for _ in 0..=fault.duplicates {
            self.make_room();
            self.last_id += 1;
            ids.push(self.last_id);
            let state = if fault.dropped {
                DeliveryState::Dropped
            } else {
                DeliveryState::Waiting { due_at }
            };
            let delivery = Delivery {
                id: self.last_id,
                url: url.clone(),
                event: event.to_owned(),
                body: body.to_owned(),
                queued_at: now,
                state,
                attempts: Vec::new(),
                fault: fault.clone(),
            };
            let place = self.deliveries.iter().position(Delivery::waits);
            match place.filter(|_| fault.overtakes) {
                Some(place) => self.deliveries.insert(place, delivery),
                None => self.deliveries.push_back(delivery),
            }
        }
        ids
    }

    fn make_room(&mut self) {
        if self.deliveries.len() >= KEPT {
            let oldest = self.deliveries.iter().position(Delivery::is_over);
            oldest.and_then(|index| self.deliveries.remove(index));
        }
    }
}

impl World {
    /// Queues an event for everybody who subscribed to it, and gives the ids of its deliveries.
    pub fn queue_webhook(&mut self, event: &WebhookEvent) -> Result<Vec<u64>, WebhookError> {
        let meeting = self
            .meeting(event.meeting)
            .ok_or(WebhookError::NoMeeting(event.meeting))?;
        let at = event.at.unwrap_or_else(|| self.clock.now(ANY_HOST));
        let instance = match self.instances.latest(event.meeting) {
            Some(instance) => instance.clone(),
            None => Instance {
                meeting: event.meeting,
                uuid: meeting.uuid.clone(),
                account: self
                    .account_of_meeting(meeting)
                    .unwrap_or_default()
                    .to_owned(),
                started_at: at,
                ended_at: None,
                participants: Vec::new(),
            },
        };
        let participant = event
            .event
            .tells_of_somebody()
            .then(|| self.participant_for(&instance, &event.person));
        let changes = event.object.as_ref();
        Ok(self.queue_event(event.event, &instance, participant.as_ref(), at, changes))
    }

    fn participant_for(&mut self, instance: &Instance, person: &Person) -> Participant {
        let known = instance.participants.iter().rev().find(|each| {
            each.person.customer_key.is_some() && each.person.customer_key == person.customer_key
        });
        match known {
            Some(known) => Participant {
                person: person.clone(),
                ..known.clone()
            },
            None => self.instances.new_participant(person.clone()),
        }
    }

    pub(crate) fn queue_event(
        &mut self,
        kind: EventKind,
        instance: &Instance,
        participant: Option<&Participant>,
        at: Timestamp,
        changes: Option<&Value>,
    ) -> Vec<u64> {
        let Some(meeting) = self.meeting(instance.meeting) else {
            return Vec::new();
        };
        let body = event::envelope(kind, meeting, instance, participant, at, changes).to_string();
        let now = self.clock.now(ANY_HOST);
        let urls: Vec<LoopbackUrl> = self
            .webhooks
            .subscriptions
            .iter()
            .filter(|subscription| subscription.wants(kind.name(), &instance.account))
            .map(|subscription| subscription.url.clone())
            .collect();
        urls.iter()
            .flat_map(|url| self.webhooks.queue(url, kind.name(), &body, now))
            .collect()
    }

    /// Queues the challenge by which Zoom asks whether an endpoint knows the secret token.
    pub fn queue_validation(
        &mut self,
        url: &LoopbackUrl,
        plain_token: Option<&str>,
    ) -> Result<Vec<u64>, WebhookError> {
        self.webhooks
            .subscription(url)
            .ok_or(WebhookError::NoSubscription)?;
        let now = self.clock.now(ANY_HOST);
        // Twenty-two letters and digits, as the one in Zoom's sample looks.
        let made = format!("sim{:019}", self.webhooks.last_id + 1);
        let body = json!({
            "payload": { "plainToken": plain_token.unwrap_or(&made) },
            "event_ts": now.as_millisecond(), "event": URL_VALIDATION,
        });
        Ok(self
            .webhooks
            .queue(url, URL_VALIDATION, &body.to_string(), now))
    }
}
