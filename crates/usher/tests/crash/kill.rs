//! `kill -9` at random moments while clients mint and Zoom delivers: nothing that was answered is missing, nothing is there twice.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::deliveries::{Deliveries, kept_in};
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
    let rounds = setting("CRASH_ROUNDS", 20);
    let (mut joins, mut webhooks) = (Vec::new(), Vec::new());
    let (mut spooled, mut sent_again) = (0, 0);
    let mut unanswered = Vec::new();
    for round in 0..rounds {
        service.start();
        let stop = CancellationToken::new();
        let clients = service.mint_until(&stop, Duration::ZERO);
        sent_again += unanswered.len();
        let zoom = Deliveries::begin(&service, &clients.last, unanswered, &stop);
        clients.have_begun().await;
        zoom.have_begun().await;
        // The moment is what the test is about: any.
        let moment = Duration::from_millis(u64::from(rand::random::<u16>() % 400));
        tokio::time::sleep(moment).await;
        service.kill();
        let (told, delivered) = (clients.told().await, zoom.delivered().await);
        assert_eq!(told.refused, Vec::<String>::new(), "round {round}");
        assert_eq!(told.not_recorded, 0, "round {round}");
        assert_eq!(delivered.refused, Vec::<String>::new(), "round {round}");
        spooled += told.spooled + delivered.spooled;
        joins.extend(told.recorded);
        webhooks.extend(delivered.kept);
        unanswered = delivered.unanswered;
    }
    service.start();
    service.wait_until_caught_up().await;
    println!("{rounds} kills, {spooled} answers from the spool, {sent_again} webhooks sent again");
    all_once("joins", &joins, service.known().await, &service);
    let kept = kept_in(&service.store_url).await;
    all_once("webhooks", &webhooks, kept, &service);
}

/// What was answered is in the store, and nothing is there twice.
fn all_once<T: Eq + Hash>(what: &str, answered: &[T], stored: Vec<T>, service: &Service) {
    let mut times: HashMap<T, usize> = HashMap::new();
    for one in stored {
        *times.entry(one).or_default() += 1;
    }
    let missing = answered.iter().filter(|one| !times.contains_key(one));
    let missing = missing.count();
    let twice = times.values().filter(|times| **times > 1).count();
    println!(
        "{} {what} answered, {} in the store, {missing} missing, {twice} twice",
        answered.len(),
        times.len()
    );
    assert!(!answered.is_empty());
    assert_eq!((missing, twice), (0, 0), "{what}: {}", service.log());
}
