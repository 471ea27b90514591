//! The API witness: how our own calls to Zoom end. Failures are kept one by one, what went well by the minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use usher_core::witness::{ApiLine, Call, CallOutcome, Line, Phase};

use super::log::Log;

/// Failures alike that are kept one by one in a minute; more are counted.
const KEPT_OF_A_MINUTE: u64 = 20;

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    pub call: Call,
    /// Host, with its port if it is not the usual one.
    pub host: String,
    pub account: Option<String>,
    pub outcome: CallOutcome,
    pub http: Option<u16>,
    pub code: Option<String>,
    pub phase: Option<Phase>,
}

/// Counts calls.
#[derive(Debug)]
pub struct Api {
    log: Log,
    counted: Mutex<BTreeMap<(i64, Ending), Count>>,
    last: Mutex<BTreeMap<(Call, String), (Timestamp, Ending)>>,
}

#[derive(Debug, Default)]
struct Count {
    /// Of those that are kept by the minute.
    calls: u64,
    latency: Duration,
    kept: u64,
}

impl Api {
    pub fn new(log: Log) -> Self {
        Self {
            log,
            counted: Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// Takes in how a call ended at a moment.
    pub fn saw(&self, at: Timestamp, ending: Ending, latency: Duration) {
        let minute = at.as_second().div_euclid(60);
        let what = (ending.call, ending.host.clone());
        locked(&self.last).insert(what, (at, ending.clone()));
        let mut counted = locked(&self.counted);
        let count = counted.entry((minute, ending.clone())).or_default();
        if ending.outcome != CallOutcome::Ok && count.kept < KEPT_OF_A_MINUTE {
            count.kept += 1;
            self.log.keep(Line::Api(line(at, ending, 1, latency)));
            return;
        }
        count.calls += 1;
        count.latency += latency;
    }

    /// Keeps what was counted in minutes that are over; at the end, in all.
    pub fn keep_minutes_before(&self, now: Timestamp) {
        let minute = now.as_second().div_euclid(60);
        let mut counted = locked(&self.counted);
        counted.retain(|(of_minute, ending), count| {
            // Our clock may have been set back: what lies ahead would never be over.
            let is_over = *of_minute < minute || *of_minute > minute + 1;
            if is_over && count.calls > 0 {
                let at = Timestamp::from_second(of_minute * 60).unwrap_or(now);
                let mean = count.latency / u32::try_from(count.calls).unwrap_or(u32::MAX);
                self.log
                    .keep(Line::Api(line(at, ending.clone(), count.calls, mean)));
            }
            !is_over
        });
    }

    /// How the last call of each kind to each host ended, and when.
    pub fn last(&self) -> Vec<(Timestamp, Ending)> {
        locked(&self.last).values().cloned().collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line(at: Timestamp, ending: Ending, count: u64, latency: Duration) -> ApiLine {
    let Ending {
        call,
        host,
        account,
        outcome,
        http,
        code,
        phase,
    } = ending;
    ApiLine {
        at,
        call,
        host,
        outcome,
        http,
        code,
        phase,
        // Tenths: nobody needs more.
        latency_ms: Some((latency.as_secs_f64() * 1e4).round() / 10.0),
        count,
        account,
        instance: None,
    }
}
