//! The times: the distance to every limit.
//!
//! Documented: `exp` and `tokenExp` lie 1800 s to 48 h after `iat` (reference 1.1; whether the ends count is unverified). Observed: an `iat`
//! ahead of Zoom's clock is refused, and users needed 30 to 400 s of back-dating (reference 1.2); the tolerance is unverified.

use super::decoded::Decoded;
use super::numeric_date::seconds;
use super::report::{Source, Weight};
use super::{Exam, Finding};
use crate::signature::EXPIRES_IN_S_MAX;
use crate::verdict::Cause;

/// Shortest documented lifetime, in seconds.
pub(crate) const LIFETIME_MIN_S: i64 = 1_800;
/// Longest documented lifetime, in seconds: 48 h.
pub(crate) const LIFETIME_MAX_S: i64 = EXPIRES_IN_S_MAX as i64;
/// What Zoom's own agent documentation back-dates `iat` by, in seconds (reference 0.9).
const USUAL_BACKDATE_S: i64 = 30;
/// A token that lives no longer than this may be expired when a slow page, a waiting room or a breakout room meets it. Ours, in seconds.
const ABOUT_TO_EXPIRE_S: i64 = 60;
/// Time zones are whole half-hours apart, save three; back-dating and latency blur it. Seconds.
const HALF_HOUR_S: i64 = 1_800;
const ZONE_BLUR_S: i64 = 60;
const WIDEST_ZONE_S: i64 = 14 * 3_600;

const LIFETIME_REMEDY: &str =
    "Set `exp` = `tokenExp` = `iat` + 7200, as Zoom's sample does; the limits are 1800 s and 48 h.";

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(claims) = &exam.claims else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if let (Some(iat), Some(exp)) = (seconds(claims, "iat"), seconds(claims, "exp")) {
        findings.extend(lifetime(claims, exp.saturating_sub(iat)));
    }
    findings.extend(token_exp(exam, claims));
    findings.extend(seconds(claims, "iat").and_then(|iat| start(exam, claims, iat)));
    findings.extend(seconds(claims, "exp").and_then(|exp| end(exam, claims, exp)));
    findings.extend(distances(exam, claims));
    findings
}

/// The distance to every limit, also where all is well.
fn distances(exam: &Exam<'_>, claims: &Decoded) -> Option<Finding> {
    let (iat, exp) = (seconds(claims, "iat"), seconds(claims, "exp"));
    let whose = exam.now_name();
    let from_now = |name: &str, at: i64| {
        let order = if at > exam.now_s() { "after" } else { "before" };
        format!(
            "`{name}` is {} {order} {whose}",
            length(at.abs_diff(exam.now_s()))
        )
    };
    let moments: Vec<String> = [("iat", iat), ("exp", exp)]
        .into_iter()
        .filter_map(|(name, at)| Some(from_now(name, at?)))
        .collect();
    if moments.is_empty() {
        return None;
    }
    let lifetime = iat.zip(exp).map_or(String::new(), |(iat, exp)| {
        let order = if exp < iat { "before" } else { "after" };
        let lifetime_s = exp - iat;
        format!(
            "`exp` is {} {order} `iat`: {} the least of 1800 s, {} the most of 48 h. ",
            length(lifetime_s.unsigned_abs()),
            beside(lifetime_s - LIFETIME_MIN_S),
            beside(lifetime_s - LIFETIME_MAX_S),
        )
    });
    Some(Finding::info(
        "times",
        format!("{lifetime}{}.", moments.join(", and ")),
        "Keep `exp` 1800 s to 48 h after `iat`, `iat` behind Zoom's clock and `exp` well ahead of it.",
    ))
}

/// A distance to a limit.
fn beside(distance_s: i64) -> String {
    let side = if distance_s < 0 { "under" } else { "over" };
    format!("{} {side}", length(distance_s.unsigned_abs()))
}

/// `6600 s (1 h 50 min)`.
fn length(length_s: u64) -> String {
    let parts = [
        (length_s / 86_400, "d"),
        (length_s / 3_600 % 24, "h"),
        (length_s / 60 % 60, "min"),
        (length_s % 60, "s"),
    ];
    // Seconds do not matter beside days.
    let human: Vec<String> = parts
        .into_iter()
        .skip_while(|(count, _)| *count == 0)
        .take(3)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if length_s < 60 {
        format!("{length_s} s")
    } else {
        format!("{length_s} s ({})", human.join(" "))
    }
}

fn lifetime(claims: &Decoded, lifetime_s: i64) -> Option<Finding> {
    let error = |rule, cause, message: String| {
        Finding::error(rule, cause, Weight::Lifetime, message, LIFETIME_REMEDY).at(
            Source::Claims,
            claims,
            "exp",
        )
    };
    if lifetime_s < LIFETIME_MIN_S {
        return Some(error(
            "exp_too_short",
            Cause::ExpTooShort,
            format!(
                "`exp` is {lifetime_s} s after `iat`: {} s short of the 1800 s that Zoom documents as the least.",
                LIFETIME_MIN_S - lifetime_s
            ),
        ));
    }
    if lifetime_s > LIFETIME_MAX_S {
        return Some(error(
            "exp_too_long",
            Cause::ExpTooLong,
            format!(
                "`exp` is {lifetime_s} s after `iat`: {} s over the 48 h (172800 s) that Zoom documents as the most.",
                lifetime_s - LIFETIME_MAX_S
            ),
        ));
    }
    (lifetime_s == LIFETIME_MIN_S || lifetime_s == LIFETIME_MAX_S).then(|| {
        Finding::info(
            "exp_at_the_edge",
            format!("`exp` is exactly {lifetime_s} s after `iat`: on the limit. Zoom's sample counts it in; whether Zoom does is unverified."),
            LIFETIME_REMEDY,
        )
        .at(Source::Claims, claims, "exp")
    })
}

fn token_exp(exam: &Exam<'_>, claims: &Decoded) -> Option<Finding> {
    let token_exp = seconds(claims, "tokenExp")?;
    let error = |message: String| {
        Finding::error(
            "token_exp",
            Cause::TokenExpOutOfRange,
            Weight::TokenExp,
            message,
            LIFETIME_REMEDY,
        )
        .at(Source::Claims, claims, "tokenExp")
    };
    let (iat, exp) = (seconds(claims, "iat"), seconds(claims, "exp"));
    if let Some(iat) = iat
        && token_exp - iat < LIFETIME_MIN_S
    {
        let zone = exp.map_or(String::new(), |exp| zone_note(token_exp - exp));
        return Some(error(format!(
            "`tokenExp` is {} s after `iat`; Zoom documents at least 1800 s.{zone}",
            token_exp - iat
        )));
    }
    let is_over_while_exp_is_not =
        token_exp <= exam.now_s() && exp.is_some_and(|exp| exp > exam.now_s());
    if is_over_while_exp_is_not {
        return Some(error(format!(
            "`tokenExp` was {} s ago, while `exp` is still to come.",
            exam.now_s() - token_exp
        )));
    }
    let is_long = iat.is_some_and(|iat| token_exp - iat > LIFETIME_MAX_S);
    unusual_token_exp(claims, token_exp, exp, is_long)
}

fn unusual_token_exp(
    claims: &Decoded,
    token_exp: i64,
    exp: Option<i64>,
    is_long: bool,
) -> Option<Finding> {
    let differs = exp.filter(|exp| *exp != token_exp);
    if !is_long && differs.is_none() {
        return None;
    }
    let difference = differs.map_or(String::new(), |exp| {
        format!(
            " It is {} s {} `exp`.{}",
            (token_exp - exp).abs(),
            if token_exp > exp { "after" } else { "before" },
            zone_note(token_exp - exp)
        )
    });
    let length = if is_long {
        " It is more than 48 h after `iat`, which Zoom does not recommend."
    } else {
        ""
    };
    Some(
        Finding::warning(
            "token_exp",
            Some(Cause::TokenExpOutOfRange),
            format!("`tokenExp` is unusual.{length}{difference} Zoom's texts contradict each other on the order; equal to `exp` is safe."),
            LIFETIME_REMEDY,
        )
        .at(Source::Claims, claims, "tokenExp"),
    )
}

/// What an offset of whole half-hours suggests.
fn zone_note(offset_s: i64) -> String {
    let halves = (offset_s.abs() + HALF_HOUR_S / 2) / HALF_HOUR_S;
    let blur_s = offset_s.abs() - halves * HALF_HOUR_S;
    if halves == 0 || offset_s.abs() > WIDEST_ZONE_S + ZONE_BLUR_S || blur_s.abs() > ZONE_BLUR_S {
        return String::new();
    }
    let hours = if halves % 2 == 0 {
        format!("{} h", halves / 2)
    } else {
        format!("{}.5 h", halves / 2)
    };
    format!(" That is {hours} almost to the second: local time taken for UTC looks like this.")
}

fn start(exam: &Exam<'_>, claims: &Decoded, iat: i64) -> Option<Finding> {
    const REMEDY: &str = "Set `iat` some 30 s back, and synchronise the clock that signs (NTP).";
    let ahead_s = iat - exam.now_s();
    let whose = exam.now_name();
    if ahead_s > 0 {
        return Some(
            Finding::error(
                "iat_in_future",
                Cause::IatInFutureClockSkew,
                Weight::Moment,
                format!("`iat` is {ahead_s} s after {whose}: the signature is not valid yet. Zoom answers 3712, at random where it is close.{}", zone_note(ahead_s)),
                REMEDY,
            )
            .at(Source::Claims, claims, "iat"),
        );
    }
    let has_little_margin = exam.handed.now_is_given && -ahead_s < USUAL_BACKDATE_S;
    has_little_margin.then(|| {
        Finding::warning(
            "iat_without_margin",
            Some(Cause::IatInFutureClockSkew),
            format!("`iat` is only {} s before {whose}. If the clock that signs is ahead of Zoom's by more, Zoom refuses it with 3712, at random where it is close.", -ahead_s),
            REMEDY,
        )
        .at(Source::Claims, claims, "iat")
    })
}

/// How far `iat` was in the past at the moment that was given, seconds.
pub(super) fn margin_s(exam: &Exam<'_>) -> Option<i64> {
    let iat = seconds(exam.claims.as_ref()?, "iat")?;
    exam.handed.now_is_given.then(|| exam.now_s() - iat)
}

fn end(exam: &Exam<'_>, claims: &Decoded, exp: i64) -> Option<Finding> {
    const REMEDY: &str =
        "Mint a fresh signature for every join, on the server; do not cache or hard-code it.";
    let left_s = exp - exam.now_s();
    if left_s > ABOUT_TO_EXPIRE_S {
        return None;
    }
    if left_s > 0 {
        return Some(
            Finding::warning(
                "about_to_expire",
                Some(Cause::ExpInPast),
                format!("`exp` is {left_s} s away: a slow page, a waiting room or a breakout room meets an expired signature."),
                "Leave at least half an hour between now and `exp`, whatever `iat` is.",
            )
            .weighing(Weight::Supposed)
            .at(Source::Claims, claims, "exp"),
        );
    }
    let (weight, whose, note) = if exam.handed.now_is_given {
        let age_s = seconds(claims, "iat").map_or(0, |iat| exam.now_s() - iat);
        (Weight::Moment, exam.now_name(), zone_note(age_s))
    } else {
        (
            Weight::Age,
            "now",
            " It may have been valid when it was used: give --now with the moment of the join."
                .to_owned(),
        )
    };
    Some(
        Finding::error(
            "exp_in_past",
            Cause::ExpInPast,
            weight,
            format!(
                "`exp` is {} s before {whose}: the signature has expired (3705).{note}",
                -left_s
            ),
            REMEDY,
        )
        .at(Source::Claims, claims, "exp"),
    )
}
