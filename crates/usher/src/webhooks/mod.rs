//! What becomes of Zoom's notifications once they are kept, and of joins that Zoom told nothing of.
//!
//! A notification is kept first (`notice`) and its attempt found afterwards (`settle`): at once by the instance that got it, and
//! again by whoever leads, so that it outlives a restart in between. `refresh` fetches meetings that were changed. `reconcile` asks Zoom's report
//! about joins that no notification confirmed.

mod candidate;
mod inquiry;
mod notice;
mod reconcile;
mod refresh;
mod report;
mod settle;

use std::time::Duration;

use jiff::SignedDuration;

use crate::duties::Duty;
use crate::http::AppState;
use crate::store::StoreError;

pub(crate) use candidate::digits;
pub(crate) use notice::{notice_of, unreadable};
pub use settle::{SettleError, Settler};

/// Those whose attempt was not known yet are looked at again no sooner than this.
const SETTLE_EVERY: Duration = Duration::from_secs(5);
/// A meeting that is edited is announced several times within seconds: it is fetched once.
const REFRESH_EVERY: Duration = Duration::from_secs(10);
/// One meeting each time.
const RECONCILE_EVERY: Duration = Duration::from_secs(10);
/// Beyond the time that one may not be asked again.
const REPORTS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
const EXPIRE_EVERY: Duration = Duration::from_hours(1);

/// The periodic work that Zoom's notifications need.
pub fn duties(state: &AppState) -> Vec<Duty> {
    let settler = state.settler.clone();
    let settle = Duty::new("settle notifications", SETTLE_EVERY, move |_| {
        let settler = settler.clone();
        async move { settler.settle().await }
    });
    let refreshing = state.clone();
    let refresh = Duty::new("refresh changed meetings", REFRESH_EVERY, move |store| {
        let state = refreshing.clone();
        async move { refresh::refresh(&state, &store).await }
    });
    let reconciling = state.clone();
    let reconcile = Duty::new("ask Zoom's reports", RECONCILE_EVERY, move |store| {
        let state = reconciling.clone();
        async move { reconcile::reconcile(&state, &store).await }
    });
    let (retention, now) = (state.config.retention, state.moment.now);
    let expire = Duty::new(
        "expire notifications",
        EXPIRE_EVERY,
        move |store| async move {
            store.expire_notices(retention.facts_from(now())).await?;
            store.expire_reports(now() - REPORTS_KEPT_FOR).await?;
            Ok::<_, StoreError>(())
        },
    );
    vec![settle, refresh, reconcile, expire]
}
