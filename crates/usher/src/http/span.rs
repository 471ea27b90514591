//! `from` and `to` of a question about a span of time.

use jiff::{SignedDuration, Timestamp};

use super::error::ApiError;

/// The span from `from` on and before `to`: the last hour, unless they say otherwise.
pub(super) fn span(
    from: Option<&str>,
    to: Option<&str>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let read = |field, text: Option<&str>| text.map(|text| moment(field, text)).transpose();
    let to = read("to", to)?.unwrap_or(now);
    let hour_before = to
        .checked_sub(SignedDuration::from_hours(1))
        .unwrap_or(Timestamp::MIN);
    let from = read("from", from)?.unwrap_or(hour_before);
    if from >= to {
        return Err(empty_span().hint("Give a `from` before `to`; without `to` the span ends now."));
    }
    Ok((from, to))
}

/// Nothing lies between `from` and `to`.
pub(super) fn empty_span() -> ApiError {
    ApiError::unprocessable(
        "empty_span",
        "from",
        "The span ends before it begins, or has no length.",
    )
}

/// A moment that a parameter says.
pub(super) fn moment(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        ApiError::unprocessable("invalid_value", field, "It is not a time in RFC 3339.")
            .hint("For instance 2023-10-10T04:00:00Z; a `+` in a URL is written %2B.")
    })
}

/// What is wrong with a query whose parameters are all optional text.
pub(super) fn unknown_parameter(known: &str) -> ApiError {
    ApiError::unprocessable(
        "invalid_query",
        "query",
        "A parameter is unknown, or is there twice.",
    )
    .hint(format!("The parameters are {known}."))
}
