//! `iat`, `exp` and `tokenExp` as values: present, whole numbers, in seconds (reference 1.1: "integer not string").
//!
//! RFC 7519 calls such a value a `NumericDate` and would allow a fraction; Zoom does not.

use super::claims::{is_native, missing, wrong_type};
use super::decoded::Decoded;
use super::report::{Source, Weight};
use super::{Exam, Finding};
use crate::verdict::Cause;
use serde_json::Value;

/// From here on a number is taken for milliseconds: as seconds it is the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// Below this a number is no moment but a duration: as a moment it is in 1973.
const DURATION_BELOW: i64 = 100_000_000;

pub(super) fn findings(exam: &Exam<'_>) -> Vec<Finding> {
    let Some(claims) = &exam.claims else {
        return Vec::new();
    };
    ["iat", "exp", "tokenExp"]
        .into_iter()
        .filter_map(|name| time(exam, claims, name))
        .collect()
}

/// A time that is a whole number of seconds; anything else has a finding of its own.
pub(super) fn seconds(claims: &Decoded, name: &str) -> Option<i64> {
    claims.get(name).and_then(moment_s)
}

/// The moment in whole seconds since 1970; `None` for a value that is none: another type, milliseconds, a duration.
pub(crate) fn moment_s(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .filter(|seconds| (DURATION_BELOW..MILLISECONDS_FROM).contains(seconds))
}

const REMEDY: &str =
    "Write it as a whole number of seconds since 1970: floor(milliseconds / 1000).";

fn time(exam: &Exam<'_>, claims: &Decoded, name: &str) -> Option<Finding> {
    let Some(value) = claims.get(name) else {
        return missing_time(exam, claims, name);
    };
    let written = claims.quote(name);
    let message = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) if seconds >= MILLISECONDS_FROM => {
            return Some(milliseconds(claims, name, seconds));
        }
        (Some(seconds), _) if seconds < DURATION_BELOW => {
            format!("`{name}` is {written}: a duration, not a moment.")
        }
        (Some(_), _) => return None,
        (None, Some(number)) if number.fract() == 0.0 => format!(
            "`{name}` is {written}, in exponent or decimal form, not a whole number of seconds."
        ),
        (None, Some(_)) => {
            format!("`{name}` is {written}, a fraction, not a whole number of seconds.")
        }
        (None, None) => format!("`{name}` is {written}, not a number."),
    };
    Some(wrong_type(claims, name, message, REMEDY))
}

fn milliseconds(claims: &Decoded, name: &str, value: i64) -> Finding {
    Finding::error(
        "milliseconds",
        Cause::IatInMilliseconds,
        Weight::Unit,
        format!("`{name}` is {value}: milliseconds, not seconds."),
        REMEDY,
    )
    .at(Source::Claims, claims, name)
}

fn missing_time(exam: &Exam<'_>, claims: &Decoded, name: &str) -> Option<Finding> {
    let is_native = is_native(exam, claims);
    match name {
        "iat" => Some(missing(
            Weight::Documented,
            claims,
            name,
            "There is no `iat`. Zoom documents it as required; whether its absence alone is refused is unverified.",
            "Add `iat`, in seconds, some 30 s back.",
        )),
        "exp" if !is_native => Some(missing(
            Weight::Missing,
            claims,
            name,
            "There is no `exp`.",
            "Add `exp`: more than 1800 s and at most 48 h after `iat`.",
        )),
        "tokenExp" if is_native => Some(missing(
            Weight::Documented,
            claims,
            name,
            "There is no `tokenExp`, which native SDKs need.",
            "Add `tokenExp`, equal to `exp`.",
        )),
        "tokenExp" => Some(Finding::info(
            "token_exp",
            "There is no `tokenExp`. The Web SDK's claim table calls it optional; every official sample has it.",
            "Add `tokenExp`, equal to `exp`.",
        )),
        _ => None,
    }
}
