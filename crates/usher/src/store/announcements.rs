//! What instances tell each other. An announcement is a hint to look: what counts is in the tables.
//!
//! The latest announcements are kept in memory, so that a listener may be slow, or go away and come again: it goes on after the last one
//! that it heard, and hears of a gap only if that one is not kept any more.

use std::collections::VecDeque;
use std::fmt;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Backend, Store, StoreError, Write};

/// Keys or meetings changed.
pub const DIRECTORY: &str = "directory";

pub(super) const CHANNEL: &str = "usher";
/// PostgreSQL takes less than 8000 bytes.
const MAX_BYTES: usize = 7900;
/// At most 8 MB; some seconds of as many writes as there can be.
const KEPT: usize = 1024;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Announcement {
        topic: String,
        payload: String,
    },
    /// Something may have been missed: look at everything.
    Gap,
}

/// After which announcement a listener is. All instances that share a database hear the same ones in the same order: that in which their
/// writes were committed (<https://www.postgresql.org/docs/17/sql-notify.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position(u64);

/// Hears announcements, its own instance's too.
#[derive(Debug)]
pub struct Listener {
    log: watch::Receiver<Log>,
    /// The number of the entry that it hears next.
    next: u64,
    position: Position,
    closed: CancellationToken,
}

/// Those who listen in this process, and what feeds them.
#[derive(Debug)]
pub(super) struct Announcements {
    log: watch::Sender<Log>,
    relay: std::sync::Once,
    pub(super) closed: CancellationToken,
}

/// An announcement under its name.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    position: Position,
    heard: Heard,
}

/// The latest announcements.
#[derive(Debug)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The number of the first of them, counted from the beginning.
    first: u64,
    /// Of the one before the first.
    before: Position,
}

impl Position {
    fn new() -> Self {
        Self(rand::random())
    }

    /// Reads its 16 hexadecimal digits.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_whole = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let number = is_whole.then(|| u64::from_str_radix(digits, 16).ok());
        number.flatten().map(Self)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Heard {
    /// Whether a listener to this topic has something to look at.
    pub fn concerns(&self, wanted: &str) -> bool {
        match self {
            Self::Announcement { topic, .. } => topic == wanted,
            Self::Gap => true,
        }
    }
}

impl Entry {
    fn gap() -> Self {
        Self {
            position: Position::new(),
            heard: Heard::Gap,
        }
    }

    /// Reads `POSITION TOPIC PAYLOAD`. A position alone is that of a gap, and so is what can't be read.
    fn read(text: &str) -> Self {
        let mut words = text.splitn(3, ' ');
        let position = words.next().and_then(Position::parse);
        let heard = match (words.next(), words.next()) {
            (Some(topic), Some(payload)) if position.is_some() => Heard::Announcement {
                topic: topic.to_owned(),
                payload: payload.to_owned(),
            },
            _ => Heard::Gap,
        };
        Self {
            position: position.unwrap_or_else(Position::new),
            heard,
        }
    }
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            before: Position::new(),
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == KEPT
            && let Some(dropped) = self.entries.pop_front()
        {
            self.before = dropped.position;
            self.first += 1;
        }
        self.entries.push_back(entry);
    }

    fn get(&self, number: u64) -> Option<&Entry> {
        let index = number.checked_sub(self.first)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The number of the entry to come, and the position before it.
    fn end(&self) -> (u64, Position) {
        let last = self.entries.back();
        let position = last.map_or(self.before, |entry| entry.position);
        (self.first + self.entries.len() as u64, position)
    }

    /// The number of the entry after a position.
    fn after(&self, position: Position) -> Option<u64> {
        if position == self.before {
            return Some(self.first);
        }
        let mut positions = self.entries.iter().map(|entry| entry.position);
        let index = positions.rposition(|known| known == position)?;
        Some(self.first + index as u64 + 1)
    }
}

impl Listener {
    /// The next announcement; `None` when the store was closed.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.hear() {
                return Some(heard);
            }
            tokio::select! {
                () = self.closed.cancelled() => return None,
                changed = self.log.changed() => changed.ok()?,
            }
        }
    }

    /// Where it is: after what it heard last.
    pub fn position(&self) -> Position {
        self.position
    }

    fn hear(&mut self) -> Option<Heard> {
        let log = self.log.borrow_and_update();
        if self.next < log.first {
            (self.next, self.position) = log.end();
            return Some(Heard::Gap);
        }
        let entry = log.get(self.next)?;
        self.next += 1;
        self.position = entry.position;
        Some(entry.heard.clone())
    }
}

impl Announcements {
    pub(super) fn new() -> Self {
        Self {
            log: watch::Sender::new(Log::new()),
            relay: std::sync::Once::new(),
            closed: CancellationToken::new(),
        }
    }
}

/// The relay ends with the last clone of a store that nobody closed.
impl Drop for Announcements {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Store {
    /// Listens to all instances that share the database. On SQLite those are this process only: what others write to the file is found by
    /// polling. What was announced before is not heard, so read afterwards what there is.
    pub fn listen(&self) -> Listener {
        let log = self.announced();
        let (next, position) = log.borrow().end();
        self.listener(log, next, position)
    }

    /// Listens from where a listener was, to this store or to another instance's; `None` if that is not known here, or not any more.
    pub fn listen_after(&self, position: Position) -> Option<Listener> {
        let log = self.announced();
        let next = log.borrow().after(position)?;
        Some(self.listener(log, next, position))
    }

    fn listener(&self, log: watch::Receiver<Log>, next: u64, position: Position) -> Listener {
        Listener {
            log,
            next,
            position,
            closed: self.announcements.closed.clone(),
        }
    }

    /// From now on, at the latest, PostgreSQL's announcements are kept.
    fn announced(&self) -> watch::Receiver<Log> {
        let Announcements { log, relay, closed } = &*self.announcements;
        if let Backend::Postgres(database) = &*self.backend {
            relay.call_once(|| {
                let relaying = closed
                    .clone()
                    .run_until_cancelled_owned(database.relay(Relay(log.clone())));
                tokio::spawn(relaying);
            });
        }
        log.subscribe()
    }

    /// Tells all listeners once the write is committed. What is too long to be said is heard as a gap.
    ///
    /// In PostgreSQL, transactions that announce commit one after another: announce once for many rows. `topic` holds no space.
    pub(super) async fn announce(
        &self,
        write: &mut Write,
        topic: &str,
        payload: &str,
    ) -> Result<(), StoreError> {
        let position = Position::new();
        let mut text = format!("{position} {topic} {payload}");
        if text.len() > MAX_BYTES {
            text = position.to_string();
        }
        match &*self.backend {
            Backend::Sqlite(_) => write.announced.push(Entry::read(&text)),
            Backend::Postgres(_) => {
                sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(CHANNEL)
                    .bind(text)
                    .execute(&mut *write.transaction)
                    .await
                    .map_err(|error| self.write_fault(&error))?;
            }
        }
        Ok(())
    }

    /// What PostgreSQL does by itself at a commit.
    pub(super) fn tell_listeners(&self, announced: Vec<Entry>) {
        if !announced.is_empty() {
            let log = &self.announcements.log;
            log.send_modify(|log| announced.into_iter().for_each(|entry| log.push(entry)));
        }
    }
}

/// Brings what PostgreSQL announces to the listeners.
pub(super) struct Relay(watch::Sender<Log>);

impl Relay {
    pub(super) fn tell(&self, text: &str) {
        self.0.send_modify(|log| log.push(Entry::read(text)));
    }

    pub(super) fn tell_gap(&self) {
        self.0.send_modify(|log| log.push(Entry::gap()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(number: usize) -> Position {
        Position(number as u64)
    }

    /// With this many entries, numbered from 0.
    fn log(entries: usize) -> Log {
        let mut log = Log::new();
        for number in 0..entries {
            log.push(Entry {
                position: position(number),
                heard: Heard::Gap,
            });
        }
        log
    }

    #[test]
    fn a_position_is_known_as_long_as_nothing_after_it_was_dropped() {
        let log = log(KEPT + 2);
        assert_eq!(log.after(position(0)), None);
        assert_eq!(log.after(position(1)), Some(2));
        assert_eq!(log.after(position(2)), Some(3));
        assert_eq!(log.after(position(KEPT + 1)), Some(KEPT as u64 + 2));
        assert_eq!(log.after(position(KEPT + 2)), None);
        assert_eq!(log.end(), (KEPT as u64 + 2, position(KEPT + 1)));
        assert!(log.get(1).is_none() && log.get(2).is_some() && log.get(log.end().0).is_none());
    }

    #[tokio::test]
    async fn who_is_too_slow_hears_of_a_gap_and_goes_on_behind_it() {
        let sender = watch::Sender::new(log(0));
        let mut listener = Listener {
            log: sender.subscribe(),
            next: 0,
            position: sender.borrow().before,
            closed: CancellationToken::new(),
        };
        for number in 0..=KEPT {
            let text = format!("{} topic {number}", position(number));
            Relay(sender.clone()).tell(&text);
        }
        assert_eq!(listener.next().await, Some(Heard::Gap));
        assert_eq!(listener.position(), position(KEPT));
        Relay(sender).tell("0000000000000abc topic one more");
        let heard = Heard::Announcement {
            topic: "topic".to_owned(),
            payload: "one more".to_owned(),
        };
        assert_eq!(listener.next().await, Some(heard));
        assert_eq!(listener.position().to_string(), "0000000000000abc");
    }

    #[test]
    fn what_is_no_announcement_of_ours_is_a_gap() {
        for text in [
            "",
            "gap",
            "topic payload",
            "0000000000000abc",
            "+000000000000abc a b",
        ] {
            assert_eq!(Entry::read(text).heard, Heard::Gap, "{text}");
        }
        assert_eq!(Entry::read("0000000000000abc").position, Position(0xabc));
    }
}
