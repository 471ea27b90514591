//! Why a call to Zoom gave nothing. Knows nothing of what Usher answers its own callers.

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use usher_core::text::is_hidden;
use usher_core::witness::{CallOutcome, Phase};

/// Longer texts of Zoom's are cut: they go into log lines and answers.
const MESSAGE_MAX_CHARS: usize = 300;
/// A run of token characters at least this long is taken for a secret: Zoom's client secrets have 32, its tokens hundreds.
const SECRET_MIN_CHARS: usize = 32;

/// Why a call to Zoom gave nothing. No text of it holds a token, a secret or a `start_url`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ZoomError {
    /// 4xx from the REST API.
    #[error("Zoom refused with HTTP {status}{}: {message}", code_text(*.code))]
    Refused {
        status: u16,
        code: Option<i64>,
        message: String,
    },
    /// 4xx from the token endpoint of the account's credentials.
    #[error(
        "check account id, client id and client secret of account `{account}`, and that its app is activated: Zoom gave no access token, HTTP {status}{}: {message}",
        code_text(*.code)
    )]
    OAuth {
        account: String,
        status: u16,
        code: Option<i64>,
        message: String,
    },
    /// 429, and what Zoom asks to wait is longer than the call may take.
    #[error("Zoom limits the rate of calls{}: {message}", wait_text(*.retry_after))]
    Limited {
        retry_after: Option<Duration>,
        code: Option<i64>,
        message: String,
    },
    /// 5xx.
    #[error("Zoom failed with HTTP {status}{}: {message}", code_text(*.code))]
    Failed {
        status: u16,
        code: Option<i64>,
        message: String,
    },
    /// An answer that is none: HTML, half a body, another shape, a redirect.
    #[error("Zoom's answer (HTTP {status}) can't be used: {what}")]
    Garbage { status: u16, what: String },
    /// No answer: name, connection or TLS, or it broke off.
    #[error("Zoom's host {host} can't be reached: {}: {what}", phase_text(*.phase))]
    Unreachable {
        host: String,
        phase: Phase,
        what: String,
    },
    /// No answer in time. Without a phase, our own time was up.
    #[error("Zoom's host {host} did not answer in time{}", phase.map(|phase| format!(": {}", phase_text(phase))).unwrap_or_default())]
    Timeout { host: String, phase: Option<Phase> },
    /// Not asked, because it has lately not been answering or asked for a pause.
    #[error(
        "Zoom's host {host} is not asked before {until}, because its last answers failed or it asked for a pause"
    )]
    BreakerOpen { host: String, until: Timestamp },
    /// No credentials of this name.
    #[error("no Zoom account `{account}` is configured")]
    NotConfigured { account: String },
    /// A user id that can't be part of an address.
    #[error("the host is no Zoom user id or e-mail address")]
    InvalidUser,
}

impl ZoomError {
    /// As the API witness tells it. What was not asked at all counts as not reached.
    pub fn outcome(&self) -> (CallOutcome, Option<Phase>) {
        match self {
            Self::Refused { .. }
            | Self::OAuth { .. }
            | Self::NotConfigured { .. }
            | Self::InvalidUser => (CallOutcome::Refused, None),
            Self::Limited { .. } => (CallOutcome::Limited, None),
            Self::Failed { .. } | Self::Garbage { .. } => (CallOutcome::Error, None),
            Self::Timeout { phase, .. } => (CallOutcome::Timeout, *phase),
            Self::Unreachable { phase, .. } => (CallOutcome::Unreachable, Some(*phase)),
            Self::BreakerOpen { .. } => (CallOutcome::Unreachable, None),
        }
    }

    /// The HTTP status of Zoom's answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::OAuth { status, .. }
            | Self::Failed { status, .. }
            | Self::Garbage { status, .. } => Some(*status),
            Self::Limited { .. } => Some(429),
            _ => None,
        }
    }

    /// Zoom's own code in its answer.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. }
            | Self::OAuth { code, .. }
            | Self::Limited { code, .. }
            | Self::Failed { code, .. } => *code,
            _ => None,
        }
    }
}

fn code_text(code: Option<i64>) -> String {
    code.map(|code| format!(", code {code}"))
        .unwrap_or_default()
}

fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "looking up its name failed",
        Phase::Tcp => "there is no connection",
        Phase::Tls => "the connection is not secure (TLS)",
        Phase::Http => "the connection broke after the request was sent",
    }
}

/// How far a request got. What goes before TLS has a type of its own in no library, so it is told by hyper-util's words.
pub(crate) fn phase(error: &reqwest::Error) -> Phase {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let says = |words: &str| {
        std::iter::successors(error.source(), |&cause| cause.source())
            .any(|cause| cause.to_string().contains(words))
    };
    if causes.any(is_tls) {
        return Phase::Tls;
    }
    if !error.is_connect() {
        return Phase::Http;
    }
    if says("dns error") {
        Phase::Dns
    } else {
        Phase::Tcp
    }
}

/// An I/O error holds what rustls says inside, perhaps in another I/O error, where `source` does not lead.
fn is_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    let inner = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || inner.is_some_and(|inner| is_tls(inner))
}

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|wait| format!(" and asks to wait {} s", wait.as_secs()))
        .unwrap_or_default()
}

/// The innermost error says what happened; the outer ones repeat the address, which holds a user's id.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.last().map_or_else(
        || "no connection".to_owned(),
        |cause| clean(&cause.to_string()),
    )
}

/// Somebody else's text, fit for a log line: no control or direction characters, no long secret, not too long.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::new();
    for run in text.split_inclusive(|c: char| !is_token_char(c)) {
        let token = run.trim_end_matches(|c: char| !is_token_char(c));
        if token.len() >= SECRET_MIN_CHARS {
            cleaned.push('…');
        } else {
            cleaned.push_str(token);
        }
        cleaned.extend(
            run[token.len()..]
                .chars()
                .map(|c| if is_hidden(c) { ' ' } else { c }),
        );
    }
    let cleaned = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    match cleaned.char_indices().nth(MESSAGE_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned,
    }
}

/// Characters of JWTs, base64 and percent-encoding.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooms_words_are_kept() {
        for text in [
            "Meeting does not exist: 85012345678.",
            "Invalid access token, does not contain scopes:[user:read:token:admin, user:read:token].",
            "利用者 jchill@example.com が見つかりません。",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn control_and_direction_characters_are_removed() {
        assert_eq!(
            clean("one\r\ntwo\u{1b}[31m\u{202e}three\u{2028}four\u{61c}\u{9b}five\0"),
            "one two [31m three four five"
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let cleaned = clean(&"kurz ".repeat(1000));
        assert_eq!(cleaned.chars().count(), MESSAGE_MAX_CHARS + 1);
        assert!(cleaned.ends_with('…'));
    }

    #[test]
    fn what_looks_like_a_token_or_secret_is_not_repeated() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl";
        let secret = "abcdefghijklmnopqrstuvwxyz012345";
        for text in [
            format!("Invalid access token: {token}"),
            format!("\"{secret}\" is wrong"),
            format!("see https://zoom.us/s/85012345678?zak={token}"),
        ] {
            let cleaned = clean(&text);
            assert!(
                !cleaned.contains(token) && !cleaned.contains(secret),
                "{cleaned}"
            );
        }
    }
}
