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

use crate::duties::Duty;
use crate::http::AppState;

pub(crate) use candidate::digits;
pub(crate) use notice::{notice_of, unreadable};
pub use settle::{SettleError, Settler};

/// Those whose attempt was not known yet are looked at again no sooner than this.
const SETTLE_EVERY: Duration = Duration::from_secs(5);
/// A meeting that is edited is announced several times within seconds: it is fetched once.
const REFRESH_EVERY: Duration = Duration::from_secs(10);
/// One meeting each time.
const RECONCILE_EVERY: Duration = Duration::from_secs(10);

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
    vec![settle, refresh, reconcile]
}
