//! What the simulator was asked, so that a test can say "exactly one token call".

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::join_check::CheckResult;

/// The oldest requests make room beyond this.
const KEPT: usize = 2000;

/// One request, with the answer once there is one.
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    pub number: u64,
    /// By the clock of `host` as it is set here.
    pub at: Timestamp,
    pub scheme: &'static str,
    pub host: String,
    pub method: String,
    pub path: String,
    /// The scheme of `Authorization`; never what follows it.
    pub authorization: Option<String>,
    pub origin: Option<String>,
    pub query: BTreeMap<String, String>,
    /// A form body, field by field.
    pub form: BTreeMap<String, String>,
    /// A JSON body.
    pub json: Option<Value>,
    /// `None` while it is unanswered, and for ever when a fault swallowed it.
    pub status: Option<u16>,
    /// The fault that answered instead of the simulator.
    pub fault: Option<u64>,
    /// Of a join: the signature's header and claims, as sent.
    pub signature: Option<Value>,
    /// Of a join: every check, in order.
    pub checks: Vec<CheckResult>,
}

/// The latest requests.
#[derive(Debug, Default)]
pub struct RequestLog {
    records: VecDeque<RequestRecord>,
    seen: u64,
}

impl RequestLog {
    pub fn iter(&self) -> impl Iterator<Item = &RequestRecord> {
        self.records.iter()
    }

    /// How many requests for a path were seen.
    pub fn count(&self, path: &str) -> usize {
        self.iter().filter(|record| record.path == path).count()
    }

    pub fn clear(&mut self) {
        self.records.clear();
    }

    pub(crate) fn open(&mut self, mut record: RequestRecord) -> u64 {
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.seen += 1;
        record.number = self.seen;
        self.records.push_back(record);
        self.seen
    }

    pub(crate) fn answered(&mut self, number: u64, status: u16, judged: Option<Judged>) {
        let Some(record) = self
            .records
            .iter_mut()
            .rev()
            .find(|record| record.number == number)
        else {
            return;
        };
        record.status = Some(status);
        if let Some(judged) = judged {
            record.signature = judged.signature;
            record.checks = judged.checks;
        }
    }
}

/// What the join check found, on its way from the handler to the log.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) signature: Option<Value>,
    pub(crate) checks: Vec<CheckResult>,
}
