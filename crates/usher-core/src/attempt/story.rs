//! What the events of an attempt say together.
//!
//! Events come late, twice, in any order and in contradiction to each other; the story is the same whatever their order. Nothing in it
//! depends on the moment of looking: deadlines are applied by [`Phase::outcome`], as of a moment.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::event::{Client, Event, Source, words};
use super::origin::Origin;
use super::told::Told;
use crate::join::dialect::SdkVersion;

/// How long a join may go without an answer: Zoom's SDK gives its first request 30 s and repeats it once (reference 2.4, 2.5).
pub const ANSWER_DEADLINE: SignedDuration = SignedDuration::from_secs(60);

/// The dimensions that Usher itself gives to attempts (contract, section 6); the meeting is one, too, with a field of its own.
pub const DIMENSIONS: [&str; 12] = [
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
];

/// How far an attempt got, by what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Minted; nobody reported.
    Minted,
    /// The page has the parameters.
    Loaded,
    /// The page called `join()`.
    Called,
    /// In the waiting room, or before the host.
    Waiting,
    /// The page's own deadline passed without a callback.
    Silent,
    /// The SDK gave an error.
    Failed,
    /// In.
    Joined,
}

words!(Phase {
    Minted "minted" 1,
    Loaded "loaded" 2,
    Called "called" 3,
    Waiting "waiting" 4,
    Silent "silent" 5,
    Failed "failed" 6,
    Joined "joined" 7,
});

/// What became of an attempt, as of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// In: said by the browser, confirmed by Zoom, or both.
    Joined,
    /// An error came.
    Failed,
    /// In the waiting room, or before the host.
    Waiting,
    /// An answer may still come.
    Pending,
    /// The browser said that it called `join()`, then nothing by the deadline.
    Unanswered,
    /// Minted, and nobody reported: it says nothing about failing.
    Unobserved,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 6] = [
        Outcome::Joined,
        Outcome::Failed,
        Outcome::Waiting,
        Outcome::Pending,
        Outcome::Unanswered,
        Outcome::Unobserved,
    ];

    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Joined => "joined",
            Outcome::Failed => "failed",
            Outcome::Waiting => "waiting",
            Outcome::Pending => "pending",
            Outcome::Unanswered => "unanswered",
            Outcome::Unobserved => "unobserved",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

impl Phase {
    /// Every phase.
    pub const ALL: [Phase; 7] = [
        Phase::Minted,
        Phase::Loaded,
        Phase::Called,
        Phase::Waiting,
        Phase::Silent,
        Phase::Failed,
        Phase::Joined,
    ];

    /// The outcome as of a moment of an attempt that is in this phase since `since`.
    pub fn outcome(self, since: Timestamp, as_of: Timestamp) -> Outcome {
        let may_still_come = as_of.duration_since(since) < ANSWER_DEADLINE;
        match self {
            Phase::Joined => Outcome::Joined,
            Phase::Failed => Outcome::Failed,
            Phase::Waiting => Outcome::Waiting,
            Phase::Minted | Phase::Loaded | Phase::Called if may_still_come => Outcome::Pending,
            Phase::Called | Phase::Silent => Outcome::Unanswered,
            Phase::Minted | Phase::Loaded => Outcome::Unobserved,
        }
    }
}

/// The error that an attempt ended with, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidFailure {
    /// The code; none if the SDK gave none.
    pub code: Option<String>,
    /// The text.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Whether Zoom confirms that the person got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confirmation {
    /// Nobody says that they got in.
    None,
    /// The browser does; Zoom did not say anything yet.
    BrowserAlone,
    /// The browser does; Zoom was asked and does not know of it.
    Denied,
    /// Zoom does, by more than a guess.
    Zoom,
}

words!(Confirmation {
    None "none" 0,
    BrowserAlone "browser_alone" 1,
    Denied "denied" 2,
    Zoom "zoom" 3,
});

/// What all events say together.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// What was minted, as far as that is known.
    pub origin: Option<&'a Origin>,
    /// The event that says what was minted.
    pub made_by: Option<&'a Event>,
    /// The person's id in the embedding product.
    pub participant: Option<&'a str>,
    /// A keyed hash of the name that was joined with.
    pub name_hash: Option<&'a str>,
    /// A keyed hash of Zoom's id of the registrant.
    pub registrant_hash: Option<&'a str>,
    /// The page and its browser: the newest of each fact.
    pub client: Client,
    /// How far it got.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// The last error, whether or not the attempt went on after it.
    pub failure: Option<SaidFailure>,
    /// Who says that they got in.
    pub confirmation: Confirmation,
    /// Facts that contradict each other, or that are worth a look: sentences.
    pub oddities: Vec<&'static str>,
}

impl<'a> Story<'a> {
    /// Tells the story of one attempt; `None` without events.
    ///
    /// For the story as it was known at a moment, leave out what was received later.
    pub fn of(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events: Vec<&Event> = events.into_iter().collect();
        events.sort_by(|a, b| {
            let key = |e: &Event| (e.at, e.kind, e.source, e.received_at);
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        let first = events.first()?;
        let told = Told::by(&events);
        let (phase, since) = told.phase(first);
        let newest_personal = |of: fn(&Event) -> Option<&String>| {
            // As with the origin, what Usher itself recorded comes first.
            let ours = |event: &&&Event| event.source == Source::Mint;
            let newest_first = events.iter().rev();
            let mut by_weight = newest_first.clone().filter(ours).chain(newest_first);
            by_weight.find_map(|event| of(event).map(String::as_str))
        };
        Some(Self {
            origin: told.origin.map(|made| made.origin),
            made_by: told.origin.map(|made| made.by),
            participant: newest_personal(|event| event.personal.participant.as_ref()),
            name_hash: newest_personal(|event| event.personal.name_hash.as_ref()),
            registrant_hash: newest_personal(|event| event.personal.registrant_hash.as_ref()),
            client: merge_clients(&events),
            phase,
            since,
            failure: told.failed.map(|event| SaidFailure {
                code: event.facts.code.clone(),
                reason: event.facts.reason.clone(),
                at: event.at,
            }),
            confirmation: told.confirmation(),
            oddities: told.oddities(),
        })
    }

    /// The version of the SDK that runs, or that the parameters were made for.
    pub fn sdk_version(&self) -> Option<SdkVersion> {
        let made_for = || self.origin?.sdk_version.as_deref();
        let version = self.client.sdk_version.as_deref().or_else(made_for)?;
        SdkVersion::parse(version).ok()
    }

    /// The error that the attempt ended with: none if it went on and got in.
    pub fn final_failure(&self) -> Option<&SaidFailure> {
        self.failure
            .as_ref()
            .filter(|_| self.phase == Phase::Failed)
    }

    /// The values of the attempt's dimensions. Where the browser knows better than the mint what runs there, the browser is believed.
    pub fn dimensions(&self) -> BTreeMap<&str, &str> {
        let own = self.origin.into_iter().flat_map(|origin| &origin.dims);
        let mut dims: BTreeMap<&str, &str> = own.map(|(name, value)| (&**name, &**value)).collect();
        if let Some(origin) = self.origin {
            dims.extend(
                [
                    ("app", &origin.app),
                    ("account", &origin.account),
                    ("host", &origin.host),
                    ("role", &origin.role),
                    ("view", &origin.view),
                    ("sdk_version", &origin.sdk_version),
                    ("release", &origin.release),
                    ("environment", &origin.environment),
                    ("instance", &origin.instance),
                ]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?))),
            );
        }
        let client = &self.client;
        dims.extend(
            [
                ("view", &client.view),
                ("sdk_version", &client.sdk_version),
                ("browser", &client.browser),
                ("os", &client.os),
                ("network", &client.network),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?))),
        );
        if let Some(release) = &client.release {
            dims.entry("release").or_insert(release);
        }
        dims
    }
}

fn merge_clients(events: &[&Event]) -> Client {
    let mut merged = Client::default();
    for client in events
        .iter()
        .filter_map(|event| event.facts.client.as_deref())
    {
        macro_rules! take {
            ($($field:ident)*) => { $(if client.$field.is_some() { merged.$field.clone_from(&client.$field); })* };
        }
        take!(sdk_version view browser os release time_zone connection cross_origin_isolated clock_offset_ms network);
    }
    merged
}
