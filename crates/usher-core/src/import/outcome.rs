//! How logs say how an attempt ended.

use super::field::simplified;

/// How an attempt ended, as a log may say it (contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The person is in the meeting.
    Joined,
    /// The join ended with an error.
    Failed,
    /// In the waiting room, or the host is not there.
    Waiting,
    /// `join()` was called, and no answer came.
    Unanswered,
}

impl Outcome {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Joined => "joined",
            Outcome::Failed => "failed",
            Outcome::Waiting => "waiting",
            Outcome::Unanswered => "unanswered",
        }
    }
}

const UNKNOWN: &str = "is none of joined, failed, waiting, unanswered nor a common word for one; name another column with --map outcome=COLUMN";

/// What a cell of `column` says: `Ok(None)` is a word for "nobody knows". The error follows the value in a sentence.
pub(super) fn parse(text: &str, column: &str) -> Result<Option<Outcome>, &'static str> {
    Ok(match simplified(text).as_str() {
        "joined" | "join" | "ok" | "success" | "successful" | "succeeded" | "connected"
        | "inmeeting" | "passed" => Some(Outcome::Joined),
        "failed" | "fail" | "failure" | "error" | "errored" | "rejected" | "refused" | "denied"
        | "ng" => Some(Outcome::Failed),
        "waiting" | "waitingroom" | "inwaitingroom" | "lobby" | "waitingforhost" => {
            Some(Outcome::Waiting)
        }
        "unanswered" | "noanswer" | "silent" | "timeout" | "timedout" => Some(Outcome::Unanswered),
        // The journal's other two words, and logs' own: they say nothing of the end.
        "pending" | "unobserved" | "unknown" => None,
        yes_or_no => Some(truth(yes_or_no, column).ok_or(UNKNOWN)?),
    })
}

/// `true` says what its column asks. Only a column that asks for success is read: taking `failed=true` for a success would be worse than
/// a refused row.
fn truth(text: &str, column: &str) -> Option<Outcome> {
    let asks_success = matches!(
        simplified(column).as_str(),
        "success" | "succeeded" | "issuccess" | "joined" | "ok"
    );
    match text {
        "true" | "1" | "yes" if asks_success => Some(Outcome::Joined),
        "false" | "0" | "no" if asks_success => Some(Outcome::Failed),
        _ => None,
    }
}
