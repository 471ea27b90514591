//! A row of a file, as the events that the journal keeps of it.

use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Client, Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::{Hmac, Origin};
use usher_core::import::{self, Meeting, Outcome, RowRefusal, SignatureSeen};
use usher_core::join::dialect::View;
use usher_core::meeting::{MeetingNumber, Role};

use crate::config::Config;
use crate::import_file::Imported;

/// The event of which every attempt has one.
pub(super) const ORIGIN: &str = "origin";
const OUTCOME: &str = "outcome";

/// The code of the refusal of a row of counts.
pub(super) const COUNTS: &str = "counts";
/// That of an attempt older than facts are kept. A running service would delete it within the hour, and on PostgreSQL each day of
/// attempts is a set of tables: thousands of them are too many for a query to lock.
pub(super) const BEYOND_RETENTION: &str = "beyond_retention";

/// What the journal keeps of one attempt. Its id is made of the row's time and identity, so that the same row is the same attempt.
pub(super) fn events(
    imported: Imported,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Event>, RowRefusal> {
    let Imported { row, identity } = imported;
    let import::Kind::Single(single) = row.kind else {
        return Err(RowRefusal::of_line(
            COUNTS,
            "the row counts attempts; the journal keeps single ones",
        ));
    };
    if row.at < config.retention.facts_from(now) {
        return Err(beyond_retention(config.retention.facts_days));
    }
    let attempt = AttemptId::new(row.at, identity);
    let event = |id: &str, kind, at| Event {
        attempt,
        source: Source::Import,
        id: id.to_owned(),
        kind,
        at,
        received_at: now,
        facts: Facts::default(),
        personal: Personal::default(),
    };
    let mut origin = Origin::default();
    match row.meeting {
        Some(Meeting::Number(number)) => origin.meeting_number = Some(number),
        Some(Meeting::Other(name)) => _ = origin.dims.insert("meeting".to_owned(), name),
        None => {}
    }
    (origin.claims, origin.hmac) = signature(single.signature, config);
    let mut client = Client::default();
    for (name, value) in row.dims {
        put(&mut origin, &mut client, name, value);
    }
    let mut minted = event(ORIGIN, Kind::Minted, row.at);
    minted.facts.origin = Some(Box::new(origin));
    minted.facts.client = (client != Client::default()).then(|| Box::new(client));
    minted.personal.participant = row.participant;
    let mut events = vec![minted];
    if let Some(outcome) = single.outcome {
        let at = single.answered_at.unwrap_or(row.at);
        let mut ended = event(OUTCOME, kind(outcome), at);
        ended.facts.code = single.code;
        ended.facts.reason = single.reason;
        events.push(ended);
    }
    Ok(events)
}

fn beyond_retention(facts_days: u32) -> RowRefusal {
    RowRefusal::of_line(
        BEYOND_RETENTION,
        format!(
            "the attempt is older than {facts_days} days, `retention.facts_days`, so that a running service would delete it again"
        ),
    )
}

fn kind(outcome: Outcome) -> Kind {
    match outcome {
        Outcome::Joined => Kind::Joined,
        Outcome::Failed => Kind::Failed,
        Outcome::Waiting => Kind::Waiting,
        Outcome::Unanswered => Kind::Silent,
    }
}

/// The claims, and whether the signature is by a configured secret.
fn signature(
    seen: Option<SignatureSeen>,
    config: &Config,
) -> (Option<Box<RawValue>>, Option<Hmac>) {
    match seen {
        None => (None, None),
        Some(SignatureSeen::Token(token)) => (
            RawValue::from_string(token.claims_json().to_owned()).ok(),
            Some(config.hmac(&token)),
        ),
        Some(SignatureSeen::Claims(claims)) => {
            (to_raw_value(&claims).ok(), Some(Hmac::NotCheckable))
        }
        Some(SignatureSeen::Unreadable(_)) => (None, Some(Hmac::NotCheckable)),
    }
}

/// Puts a dimension where the journal has it: every attempt's own ones are fields, the product's are a map.
fn put(origin: &mut Origin, client: &mut Client, name: String, value: String) {
    let field = match name.as_str() {
        "app" => &mut origin.app,
        "account" => &mut origin.account,
        "host" => &mut origin.host,
        "environment" => &mut origin.environment,
        "release" => &mut origin.release,
        "instance" => &mut origin.instance,
        "sdk_version" => &mut origin.sdk_version,
        "browser" => &mut client.browser,
        "os" => &mut client.os,
        "network" => &mut client.network,
        "role" => {
            let word = Role::parse(&value).map(|role| role.as_str().to_owned());
            origin.role = Some(word.unwrap_or(value));
            return;
        }
        "view" => {
            let word = View::parse(&value).map(|view| view.as_str().to_owned());
            origin.view = Some(word.unwrap_or(value));
            return;
        }
        // A field that came among the dimensions; the field itself goes first.
        "meeting" => {
            match MeetingNumber::parse(&value) {
                Ok(number) => _ = origin.meeting_number.get_or_insert(number),
                Err(_) => _ = origin.dims.entry(name).or_insert(value),
            }
            return;
        }
        _ => {
            origin.dims.insert(name, value);
            return;
        }
    };
    *field = Some(value);
}
