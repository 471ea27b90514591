//! What the page gets to see of an answer: reference 2.5, and the recordings among the tests (10000).

use super::answer::{Outcome, Wire};
use super::attempt::Attempt;
use crate::failure;
use crate::join::dialect::View;

/// A sentence about what the SDK made of it.
pub(super) fn sentence(attempt: &Attempt) -> String {
    let Some(view) = attempt.view() else {
        return "What was sent is not in this recording, and so neither is the view.".to_owned();
    };
    match &attempt.outcome {
        Outcome::Accepted => "The SDK goes on to the meeting.".to_owned(),
        Outcome::Refused(wire) => of_wire(wire, view),
        Outcome::Unanswered => "The page has been told nothing so far.".to_owned(),
        Outcome::WithoutBody => "What the page was told depends on it.".to_owned(),
        // The script's `onerror` tells the SDK of a failed request, but nothing of an answer that is no call of its function.
        Outcome::Unreadable { is_page: false, .. } if attempt.asks_for_call() => {
            "The SDK asked for a call of its function (JSONP) and got something else: it never calls back, the page just hangs.".to_owned()
        }
        _ => told(view, "1 \"Fail to join the meeting.\"", "-3000 \"connection error\""),
    }
}

fn told(view: View, client: &str, component: &str) -> String {
    match view {
        View::Client => format!("Client View tells the page {client}."),
        View::Component => format!("Component View tells the page {component}."),
    }
}

fn of_wire(wire: &Wire, view: View) -> String {
    const AS_IT_IS: &str = "200 with Zoom's own sentence";
    if wire.code == 200 {
        // The sentences of the signature become 37xx in both views.
        let known = failure::of_sentence(&wire.text)
            .map(|(_, failure)| failure.code)
            .filter(|code| (3700..3800).contains(code));
        return match known {
            Some(code) => told(view, &code.to_string(), &code.to_string()),
            None if wire.text == "Token error" => told(view, "no `errorCode` at all", "200"),
            None => told(view, "1, and Zoom's sentence in `result`", "200"),
        };
    }
    let same = format!("{}", wire.code);
    match wire.code {
        3001 => told(view, "3610 \"Meeting does not exist.\"", AS_IT_IS),
        124 => told(view, "3610 \"Token has expired.\"", AS_IT_IS),
        3004 if view == View::Client => {
            "Client View calls nobody back: it asks the person for the passcode.".to_owned()
        }
        3008 if view == View::Client => {
            "Client View shows a waiting page, and calls nobody back.".to_owned()
        }
        3099 if view == View::Client => {
            "Client View calls nobody back: it shows a registration page.".to_owned()
        }
        3110 if view == View::Client => {
            "Client View calls nobody back: it asks for a captcha.".to_owned()
        }
        3004 | 3008 | 3099 => told(view, &same, &same),
        3003 | 3005 | 3009 | 3100 | 10000 => told(view, &same, AS_IT_IS),
        _ => told(view, "1, and Zoom's sentence in `result`", AS_IT_IS),
    }
}
