//! How near to each limit the signatures came.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Signed;
use crate::attempt::AttemptId;
use crate::doctor::{LIFETIME_MAX_S, LIFETIME_MIN_S, moment_s};

/// A limit of the claims' times (reference 1.1, 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// `iat` lies in the past: moment − `iat`.
    IatNotInFuture,
    /// `exp` is still to come: `exp` − moment, the life that is left.
    ExpNotPast,
    /// The lifetime, `exp` − `iat`, is at least 1800 s.
    LifetimeMin,
    /// The lifetime is at most 48 h.
    LifetimeMax,
    /// `tokenExp` is still to come.
    TokenExpNotPast,
    /// `tokenExp` − `iat` is at least 1800 s.
    TokenLifetimeMin,
    /// `tokenExp` − `iat` is at most 48 h, which Zoom only recommends.
    TokenLifetimeMax,
}

impl Limit {
    /// Every limit.
    pub const ALL: [Limit; 7] = [
        Limit::IatNotInFuture,
        Limit::ExpNotPast,
        Limit::LifetimeMin,
        Limit::LifetimeMax,
        Limit::TokenExpNotPast,
        Limit::TokenLifetimeMin,
        Limit::TokenLifetimeMax,
    ];

    /// The distance to the limit in milliseconds, negative beyond it; `None` where a time is missing or unreadable.
    fn margin_ms(self, times: &Times) -> Option<i64> {
        let after_iat_s = |end: Option<i64>| Some(end? - times.iat_s?);
        Some(match self {
            Limit::IatNotInFuture => times.at_ms - times.iat_s? * 1000,
            Limit::ExpNotPast => times.exp_s? * 1000 - times.at_ms,
            Limit::TokenExpNotPast => times.token_exp_s? * 1000 - times.at_ms,
            Limit::LifetimeMin => (after_iat_s(times.exp_s)? - LIFETIME_MIN_S) * 1000,
            Limit::LifetimeMax => (LIFETIME_MAX_S - after_iat_s(times.exp_s)?) * 1000,
            Limit::TokenLifetimeMin => (after_iat_s(times.token_exp_s)? - LIFETIME_MIN_S) * 1000,
            Limit::TokenLifetimeMax => (LIFETIME_MAX_S - after_iat_s(times.token_exp_s)?) * 1000,
        })
    }

    /// Whether a margin is beyond the limit. At the moment of `exp` a signature has expired; the other limits count themselves in.
    fn is_beyond(self, margin_ms: i64) -> bool {
        match self {
            Limit::ExpNotPast | Limit::TokenExpNotPast => margin_ms <= 0,
            _ => margin_ms < 0,
        }
    }
}

struct Times {
    at_ms: i64,
    iat_s: Option<i64>,
    exp_s: Option<i64>,
    token_exp_s: Option<i64>,
}

/// The smallest margin to a limit, and which signature has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Margin {
    /// The limit.
    pub limit: Limit,
    /// Negative beyond the limit. In JSON `smallest_s`, seconds.
    #[serde(rename = "smallest_s", serialize_with = "as_seconds")]
    pub smallest_ms: i64,
    /// Whose signature it is.
    pub attempt: AttemptId,
    /// When it was minted or handed in.
    pub at: Timestamp,
    /// How many signatures were beyond the limit.
    pub beyond: u64,
}

#[allow(clippy::cast_precision_loss)] // milliseconds of some thousand years are exact in 52 bits
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn as_seconds<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*ms as f64 / 1000.0)
}

#[derive(Debug, Default)]
pub(super) struct Margins([Option<Margin>; Limit::ALL.len()]);

impl Margins {
    pub(super) fn add(&mut self, signed: &Signed<'_>) {
        let claim = |name| signed.claims.get(name).and_then(moment_s);
        let times = Times {
            at_ms: signed.at.as_millisecond(),
            iat_s: claim("iat"),
            exp_s: claim("exp"),
            token_exp_s: claim("tokenExp"),
        };
        for (limit, smallest) in Limit::ALL.into_iter().zip(&mut self.0) {
            let Some(margin_ms) = limit.margin_ms(&times) else {
                continue;
            };
            let margin = smallest.get_or_insert(Margin {
                limit,
                smallest_ms: i64::MAX,
                attempt: signed.attempt,
                at: signed.at,
                beyond: 0,
            });
            margin.beyond += u64::from(limit.is_beyond(margin_ms));
            if margin_ms < margin.smallest_ms {
                margin.smallest_ms = margin_ms;
                margin.attempt = signed.attempt;
                margin.at = signed.at;
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Margin> {
        self.0.into_iter().flatten().collect()
    }
}
