//! `kill -9` at random moments under load: nothing that was answered is missing, nothing is there twice.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use usher_core::attempt::AttemptId;

use crate::service::Service;
use crate::setting;
use crate::stores::postgres::{Cluster, Fsync};

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    kill_often(Service::new(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql() {
    let cluster = Cluster::start_new(Fsync::On).await;
    let url = cluster.new_database().await;
    kill_often(Service::new(Some(url))).await;
}

async fn kill_often(mut service: Service) {
    let rounds = setting("CRASH_ROUNDS", 10);
    let mut answered: Vec<AttemptId> = Vec::new();
    let mut spooled = 0;
    for round in 0..rounds {
        service.start();
        let clients = service.mint_until(&CancellationToken::new(), Duration::ZERO);
        clients.have_begun().await;
        // The moment is what the test is about: any.
        let moment = Duration::from_millis(u64::from(rand::random::<u16>() % 400));
        tokio::time::sleep(moment).await;
        service.kill();
        let told = clients.told().await;
        assert_eq!(told.refused, Vec::<String>::new(), "round {round}");
        assert_eq!(told.not_recorded, 0, "round {round}");
        answered.extend(told.recorded);
        spooled += told.spooled;
    }
    service.start();
    service.wait_until_caught_up().await;
    let mut times: HashMap<AttemptId, usize> = HashMap::new();
    for id in service.known().await {
        *times.entry(id).or_default() += 1;
    }
    let missing = answered.iter().filter(|id| !times.contains_key(id)).count();
    let twice = times.values().filter(|times| **times > 1).count();
    println!(
        "{rounds} kills, {} answered ({spooled} spooled), {} in the store, {missing} missing, {twice} twice",
        answered.len(),
        times.len()
    );
    assert!(!answered.is_empty());
    assert_eq!((missing, twice), (0, 0), "{}", service.log());
}
