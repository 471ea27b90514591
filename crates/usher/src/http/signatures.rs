//! `GET /v1/signatures`: were the signatures of that hour valid?

use axum::Json as JsonAnswer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use usher_core::audit::Summary;
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use super::authentication::Caller;
use super::error::{ApiError, ErrorAnswer};
use super::span::{span, unknown_parameter};
use crate::store::{OutcomeCounts, Scope, Steps, Store};

/// A span longer than a month answers another question, and its lists have room for a month's releases.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
const DAY_S: i64 = 86_400;
/// Each signature is read and judged again, which must be done before an answer's deadline.
const ATTEMPTS_MAX: i64 = 500_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SignaturesQuery {
    /// From this moment on, RFC 3339; an hour before `to` by default.
    from: Option<String>,
    /// Before this moment, RFC 3339; now by default. At most 31 days and 500,000 attempts.
    to: Option<String>,
}

/// `from`, `to`; `valid`, `invalid` and `not_checkable` count signatures, with `not_checkable_because`; `causes` of the invalid ones;
/// `margins`: the smallest distance to each limit in seconds (`smallest_s`, negative beyond it) and whose signature it is; `by_maker`:
/// counts by release, app, instance and environment; `shapes`: which keys of which JSON types claims and join parameters had, by
/// release; `invalid_signatures`: the first 1000 of them, with attempt, cause, message and findings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct SignaturesAnswer(Summary);

/// Every signature of a span, minted here or handed in, judged again.
#[utoipa::path(get, path = "/v1/signatures", params(SignaturesQuery), security(("key" = [])),
    responses((status = 200, body = SignaturesAnswer), (status = "4XX", body = ErrorAnswer), (status = "5XX", body = ErrorAnswer)))]
pub(super) async fn get_signatures(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<SignaturesQuery>, QueryRejection>,
) -> Result<JsonAnswer<SignaturesAnswer>, ApiError> {
    caller.must_have(&[Scope::Read])?;
    let Query(query) = query.map_err(|_| unknown_parameter("from and to"))?;
    let now = (state.moment.now)();
    let (from, to) = span(query.from.as_deref(), query.to.as_deref(), now)?;
    let store = state.directory.store()?;
    check_size(&store, from, to, now, ATTEMPTS_MAX).await?;
    Ok(JsonAnswer(SignaturesAnswer(store.audit(from, to).await?)))
}

async fn check_size(
    store: &Store,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    attempts_max: i64,
) -> Result<(), ApiError> {
    const HINT: &str =
        "Ask for parts of it, or run `usher doctor --from T --to T`, which takes any span.";
    if to.duration_since(from) > SPAN_MAX {
        return Err(ApiError::unprocessable(
            "span_too_long",
            "from",
            "The span is longer than 31 days, and every signature in it would be judged again.",
        )
        .hint(HINT));
    }
    let stats = store.stats(Steps::new(from, to, DAY_S)?, None, now).await?;
    let attempts = stats
        .totals
        .first()
        .map_or(0, |(_, counts)| OutcomeCounts::attempts(counts));
    if attempts > attempts_max {
        return Err(ApiError::unprocessable(
            "too_many_signatures",
            "from",
            format!(
                "The span has {attempts} attempts; at most {attempts_max} are judged in one answer."
            ),
        )
        .hint(HINT));
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use usher_core::attempt::AttemptId;
    use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};

    use super::*;

    fn minted(at: Timestamp, random: u128) -> Event {
        Event {
            attempt: AttemptId::new(at, random),
            source: Source::Mint,
            id: "mint".to_owned(),
            kind: Kind::Minted,
            at,
            received_at: at,
            facts: Facts::default(),
            personal: Personal::default(),
        }
    }

    #[tokio::test]
    async fn more_signatures_than_one_answer_can_judge_are_refused_with_what_to_do() {
        let (_folder, store) = Store::temporary().await;
        let at = Timestamp::from_second(1_696_910_400).unwrap();
        let mints: Vec<Event> = (0..3).map(|random| minted(at, random)).collect();
        store.append(&mints).await.unwrap();
        let hour = at + SignedDuration::from_hours(1);
        let check = async |max| check_size(&store, at, hour, hour, max).await;
        assert!(check(3).await.is_ok());
        let error = check(2).await.unwrap_err();
        assert_eq!(error.code, "too_many_signatures");
        assert_eq!(error.field.as_deref(), Some("from"));
        assert!(
            error.message.contains("3 attempts; at most 2"),
            "{}",
            error.message
        );
        assert!(error.hint.unwrap().contains("usher doctor --from"));
    }
}
