//! What the service does by itself as time passes.

use std::time::Duration;

use usher::witnesses::watch;
use usher_sim::Simulator;

use crate::service::state;

/// Time passes as fast as nobody has anything to do.
async fn probes_within(minutes: u64, headers: serde_json::Value) -> usize {
    let zoom = Simulator::start(usher_sim::Options::default())
        .await
        .unwrap();
    let fault = serde_json::json!({ "path": "*", "headers": headers });
    let fault = serde_json::from_value(fault).unwrap();
    zoom.steer(|zoom| zoom.faults.add(fault));
    let folder = tempfile::tempdir().unwrap();
    let state = state(&zoom, &folder).await;
    tokio::time::pause();
    let watched = watch(state.clone(), state.stop.clone());
    let _ = tokio::time::timeout(Duration::from_secs(60 * minutes), watched).await;
    tokio::time::resume();
    zoom.steer(|zoom| {
        let requests = zoom.requests.iter();
        requests.filter(|seen| seen.method == "HEAD").count()
    })
}

#[tokio::test]
async fn a_host_whose_answers_tell_no_time_is_asked_no_more_often_than_others() {
    for headers in [
        serde_json::json!({"age_s": 7}),
        serde_json::json!({"date": "missing"}),
        serde_json::json!({"date": "malformed"}),
    ] {
        let probes = probes_within(10, headers.clone()).await;
        assert!((1..=12).contains(&probes), "{headers}: {probes}");
    }
}
