//! Codes and sentences in the text of an error: as pasted, from a console, a log or a report.
//!
//! Web SDK sentences and codes are the failure catalogue's; other words stand in [`super::phrases`]. Native numbers below 1000 mean different things on different platforms (4 is "client incompatible" on Android and
//! "wrong passcode" on desktops), so only words are read there.

use super::phrases::{
    APP_DISABLED, HOST_WAITS, KEY_OF_REST, KEY_OR_SECRET, NETWORK_NUMBER, OAUTH_CREDENTIALS,
    PHRASES, Phrase, ROLE_DECIDES, TOKEN_EXPIRED_OR_INVALID,
};
use crate::failure::{self, Failure};

/// What an error's text says.
#[derive(Clone, Copy)]
pub(super) enum Said {
    Failure(&'static Failure),
    Phrase(&'static Phrase),
}

/// The first thing that the text says.
pub(super) fn first_said(text: &str) -> Option<Said> {
    let lower = text.to_ascii_lowercase();
    let phrases = PHRASES.iter().filter_map(|phrase| {
        Some((
            phrase
                .words
                .iter()
                .filter_map(|words| lower.find(words))
                .min()?,
            Said::Phrase(phrase),
        ))
    });
    // Some sentences count only where they are the whole text: here that is a line, as an error's object has several texts.
    let sentence = failure::of_sentence(text)
        .or_else(|| text.lines().find_map(failure::of_sentence))
        .map(|(at, failure)| (at, Said::Failure(failure)));
    let number = numbers(&lower)
        .find_map(|(at, number, is_labelled)| Some((at, of_number(number, is_labelled)?)));
    phrases
        .chain(sentence)
        .chain(number)
        .min_by_key(|(at, _)| *at)
        .map(|(_, said)| said)
}

/// What a text says by telling what works and what does not: words that by themselves say less.
pub(super) fn of_contrast(text: &str) -> Option<Said> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let works = has(&["works", "joins", "succeeds", " ok"]);
    let fails = has(&[
        "fail", "error", "refused", "rejected", "doesn't", "does not", "can't",
    ]);
    let fails = fails || numbers(&lower).any(|(_, number, _)| of_number(number, false).is_some());
    let of_role = |role: &str| {
        [" ", "=", ": "]
            .iter()
            .any(|sign| lower.contains(&format!("role{sign}{role}")))
    };
    if of_role("0") && of_role("1") && works && fails {
        return Some(Said::Phrase(&ROLE_DECIDES));
    }
    let is_hosts_wait = has(&["waiting for the host", "waiting for host"])
        && has(&[
            "host sees",
            "host joins",
            "host id",
            "as host",
            "as the host",
            "i am the host",
            "role 1",
        ]);
    if is_hosts_wait {
        return Some(Said::Phrase(&HOST_WAITS));
    }
    let is_key_of_rest =
        has(&["key or secret is", "illegalappkey", "3023"]) && works_over_rest(&lower);
    is_key_of_rest.then_some(Said::Phrase(&KEY_OF_REST))
}

fn works_over_rest(lower: &str) -> bool {
    let names_rest = ["rest", "api"].iter().any(|word| {
        lower
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|other| other == *word)
    });
    names_rest
        && ["works", "creates", "same key", "can create"]
            .iter()
            .any(|word| lower.contains(word))
}

/// What a number means that stands in a text or is the code itself, outside the Web SDK's table.
pub(super) fn of_native_number(number: &str) -> Option<Said> {
    if let Some(failure) = failure::of_gateway_number(number) {
        return Some(Said::Failure(failure));
    }
    match number {
        "5000" | "5003" | "5004" => Some(Said::Phrase(&NETWORK_NUMBER)),
        "3023" => Some(Said::Phrase(&KEY_OR_SECRET)),
        "4702" | "4704" | "4705" | "4706" => Some(Said::Phrase(&OAUTH_CREDENTIALS)),
        "4717" | "4738" => Some(Said::Phrase(&APP_DISABLED)),
        "124" => Some(Said::Phrase(&TOKEN_EXPIRED_OR_INVALID)),
        _ if number.len() == 6 && number.starts_with("1041") => Some(Said::Phrase(&NETWORK_NUMBER)),
        _ => None,
    }
}

fn of_number(number: &str, is_labelled: bool) -> Option<Said> {
    let is_small = number.trim_start_matches('-').len() < 4;
    if is_small && !is_labelled {
        return None;
    }
    failure::of_code(number)
        .filter(|failure| !failure.is_generic() && failure.code.unsigned_abs() >= 200)
        .map(Said::Failure)
        .or_else(|| of_native_number(number))
}

/// The whole numbers in a text, with their place and whether the words before say that it is an error's code.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !bytes[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            // A version, a decimal or a part of a word is no code.
            let is_part = start > 0
                && (matches!(bytes[start - 1], b'.' | b'_')
                    || bytes[start - 1].is_ascii_alphabetic())
                || at < bytes.len()
                    && (bytes[at].is_ascii_alphabetic()
                        || (bytes[at] == b'.'
                            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)));
            if is_part {
                continue;
            }
            let is_negative = start > 0
                && bytes[start - 1] == b'-'
                && (start < 2 || !bytes[start - 2].is_ascii_alphanumeric());
            let from = if is_negative { start - 1 } else { start };
            return Some((from, &text[from..at], is_labelled(&text[..from])));
        }
        None
    })
}

fn is_labelled(before: &str) -> bool {
    let word = before.trim_end_matches([' ', ':', '=', '"', '\'', '(', '#']);
    ["code", "error", "err", "internal", "http"]
        .iter()
        .any(|label| word.ends_with(label))
}

/// Whether a text says that the signature was fresh, so that it can't have expired in a cache.
pub(super) fn says_fresh(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "fresh",
        "just generated",
        "newly generated",
        "just created",
        "just minted",
        "on arrival",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a text says that the failure comes and goes, which no fault that is in every signature explains.
pub(super) fn says_intermittent(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "random",
        "intermittent",
        "sporadic",
        "sometimes",
        "occasional",
        "from time to time",
        "now and then",
        "after some retries",
        "after a retry",
        "after retry",
        "some attempts",
        "not always",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}
