//! What is kept of a recording: the tries to join, what else Zoom answered, and what the browser's clock was.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::address::Address;
use super::answer::{self, Outcome};
use super::attempt::{Attempt, times};
use super::entry::{self, Ending, Entry};
use super::network_error::{self, NetworkError};
use crate::clock::{ClockWitness, NoReading, Reading};
use crate::join::dialect::{SdkVersion, View};

/// Tries that are kept: the last ones.
const ATTEMPTS_MAX: usize = 20;
/// Other failures that are kept.
const FAILURES_MAX: usize = 20;
/// More than any page's policy needs, in bytes.
const POLICY_MAX_BYTES: usize = 16 * 1024;

/// A recording of a browser's traffic (HAR), of which only what concerns a join is kept.
#[derive(Debug, Default)]
pub struct Recording {
    pub(super) ending: Ending,
    pub(super) entries: usize,
    /// Those of the SDK's own files.
    pub(super) sdk_files: usize,
    pub(super) attempts: Vec<Attempt>,
    /// All tries, also those that are not kept.
    pub(super) attempts_count: usize,
    pub(super) side_failures: Vec<SideFailure>,
    /// The signature that the page was given last, and when, on the browser's clock.
    pub(super) delivered: Option<(String, Option<Timestamp>)>,
    /// The SDK in the page, by the name of its file.
    pub(super) sdk: Option<(SdkVersion, View)>,
    /// The page's Content-Security-Policy, of the last page before a try.
    pub(super) policy: Option<String>,
    /// Whether a ping or a connection to a meeting went well.
    pub(super) is_followed_up: bool,
    clock: ClockWitness,
    pub(super) clock_heard_at: Option<Timestamp>,
    /// Why answers of Zoom's say nothing about the clock, with how many.
    pub(super) no_readings: Vec<(NoReading, u32)>,
}

/// A request beside the join check that went wrong.
#[derive(Debug)]
pub(super) struct SideFailure {
    pub(super) what: Side,
    /// The HTTP status; 0 where there was no answer.
    pub(super) status: i32,
    pub(super) error: &'static NetworkError,
    pub(super) error_name: Option<String>,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// A file of the SDK's.
    SdkFile { name: String, is_web_assembly: bool },
    /// The browser's question before a request to another origin.
    Preflight,
    /// What follows an accepted join.
    Ping,
    /// ... the connection to the meeting.
    WebSocket,
}

impl Recording {
    /// Reads a recording, entry by entry. An error is the source's; whatever is wrong with the recording, [`super::super::examine_recording`] says.
    pub fn read(source: impl BufRead) -> io::Result<Self> {
        let mut recording = Self::default();
        let ending = entry::each(source, &mut |entry| recording.take(&entry))?;
        recording.ending = ending;
        Ok(recording)
    }

    /// The SDK keys that joins were tried with.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(Attempt::key)
    }

    /// Whether it is a recording at all.
    pub(in crate::doctor) fn is_archive(&self) -> bool {
        self.ending.is_archive
    }

    fn take(&mut self, entry: &Entry) {
        self.entries += 1;
        let Some(address) = Address::parse(entry.request.url.as_str()) else {
            return;
        };
        let is_question = entry
            .request
            .method
            .as_str()
            .eq_ignore_ascii_case("OPTIONS");
        let is_check = address.is_join_check();
        let attempt = (is_check && !is_question).then(|| Attempt::new(entry, address));
        let is_own = attempt.as_ref().map_or_else(
            || is_answered(entry) && !answer::is_page(&entry.response),
            |attempt| attempt.outcome.is_zooms_own(),
        );
        let date = self.hear(entry, address, is_own);
        if let Some(mut attempt) = attempt {
            attempt.date = date;
            self.push(attempt);
        } else {
            self.notice(entry, address, is_check);
        }
    }

    fn push(&mut self, mut attempt: Attempt) {
        if let Some(before) = self.attempts.last_mut()
            && attempt.continues(before)
        {
            attempt.requests = before.requests.saturating_add(1);
            *before = attempt;
            return;
        }
        self.attempts_count += 1;
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }

    /// What an answer of Zoom's tells of the browser's clock: its `Date`, if it is one to go by.
    fn hear(&mut self, entry: &Entry, address: Address<'_>, is_own: bool) -> Option<Timestamp> {
        if !address.is_zooms() || !is_answered(entry) {
            return None;
        }
        match reading(entry, address, is_own)? {
            Ok(reading) => {
                self.clock.add(&reading);
                self.clock_heard_at = Some(reading.received_at);
                Some(reading.date)
            }
            Err(why) => {
                match self.no_readings.iter_mut().find(|(other, _)| *other == why) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => self.no_readings.push((why, 1)),
                }
                None
            }
        }
    }

    /// The browser's clock minus Zoom's, and how many answers say so.
    pub(super) fn clock(&self) -> Option<(crate::clock::Interval, u32)> {
        let estimate = self.clock.estimate(self.clock_heard_at?);
        let count = if estimate.agreeing > 0 {
            estimate.agreeing
        } else {
            estimate.statements.len()
        };
        let readings = estimate
            .statements
            .iter()
            .take(count)
            .map(|statement| statement.readings)
            .sum();
        Some((estimate.offset?, readings))
    }

    /// Whether hosts of Zoom's contradict each other about the time.
    pub(super) fn clocks_disagree(&self) -> bool {
        self.clock_heard_at.is_some_and(|at| {
            let estimate = self.clock.estimate(at);
            !estimate.dissenting().is_empty()
        })
    }

    fn notice(&mut self, entry: &Entry, address: Address<'_>, is_check: bool) {
        let what = if is_check {
            Side::Preflight
        } else if let Some(name) = address.sdk_file() {
            self.sdk_files += 1;
            self.sdk = sdk(name).or(self.sdk);
            Side::SdkFile {
                name: name.to_owned(),
                is_web_assembly: address.is_web_assembly(),
            }
        } else if address.is_zooms() && address.is_ping() {
            Side::Ping
        } else if address.is_zooms() && address.is_web_socket() {
            Side::WebSocket
        } else {
            self.notice_page(entry);
            return;
        };
        let response = &entry.response;
        let text = answer::error_text(response);
        let is_failed = response.status >= 400 || (response.status <= 0 && text.is_some());
        if !is_failed {
            self.is_followed_up |=
                matches!(what, Side::Ping | Side::WebSocket) && response.status > 0;
        } else if self.side_failures.len() < FAILURES_MAX {
            self.side_failures.push(SideFailure {
                what,
                status: response.status.max(0),
                error: text.map_or(&network_error::UNKNOWN, network_error::of_text),
                error_name: text.map(|text| network_error::name(text).to_owned()),
            });
        }
    }

    fn notice_page(&mut self, entry: &Entry) {
        if let Some(signature) = answer::delivered_signature(&entry.response) {
            let at = times(entry).map(|(_, received_at)| received_at);
            self.delivered = Some((signature, at));
        }
        let policy = answer::header(&entry.response, "content-security-policy");
        if self.attempts.is_empty() && answer::is_page(&entry.response) && is_answered(entry) {
            self.policy = policy
                .filter(|policy| policy.len() <= POLICY_MAX_BYTES)
                .map(str::to_owned);
        }
    }

    /// The last try that failed; else the last one of which the file does not say what became of it; else the last one.
    pub(super) fn judged(&self) -> Option<&Attempt> {
        let last = |is_it: &dyn Fn(&Attempt) -> bool| {
            self.attempts.iter().rev().find(|attempt| is_it(attempt))
        };
        last(&|attempt| attempt.outcome.is_failure())
            .or_else(|| last(&|attempt| matches!(attempt.outcome, Outcome::WithoutBody)))
            .or_else(|| self.attempts.last())
    }
}

/// `zoom-meeting-6.2.0.min.js`, `zoom-meeting-embedded-6.2.0.min.js`; not all names hold a version.
fn sdk(file: &str) -> Option<(SdkVersion, View)> {
    let name = file.strip_prefix("zoom-meeting-")?;
    let (name, view) = match name.strip_prefix("embedded-") {
        Some(name) => (name, View::Component),
        None => (name, View::Client),
    };
    Some((SdkVersion::find(name)?, view))
}

fn is_answered(entry: &Entry) -> bool {
    entry.response.status > 0
}

/// `None` for answers that are not even asked: from the browser's own cache, or not by TLS.
fn reading(
    entry: &Entry,
    address: Address<'_>,
    is_own: bool,
) -> Option<Result<Reading, NoReading>> {
    let is_of_network = entry.from_cache.is_empty()
        && entry.via_service_worker.is_empty()
        && matches!(entry.fetch_type.as_str(), "" | "Network Load");
    if !is_of_network || !address.is_secure() || entry.response.status == 304 {
        return None;
    }
    let header = |name| answer::header(&entry.response, name);
    let is_through_proxy = header("via").is_some() || matches!(entry.response.status, 407 | 511);
    if header("age").is_none() && (!is_own || is_through_proxy) {
        return Some(Err(NoReading::NotItsOwn));
    }
    // A page of a name that TLS proved: a browser sends nothing to one that it did not, unless it was told to.
    let is_verified = true;
    Some(Reading::of_answer(
        address.host,
        is_verified,
        times(entry)?,
        header("date"),
        header("age"),
    ))
}
