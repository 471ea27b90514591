//! The disk is full for a while: no join is refused, and what was answered as recorded is there afterwards.

use std::collections::HashSet;
use std::time::Duration;

use usher_core::attempt::AttemptId;

use crate::outage::mint_for;
use crate::service::{Service, Told};

const BURST: Duration = Duration::from_millis(300);
/// Of every file: the store's log is full after some commits, and the part of the spool that can be written to soon after.
const ROOM_BYTES: &str = "262144";

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_the_store_and_then_for_the_spool() {
    let mut service = Service::new(None);
    service.start();
    let mut all = vec![mint_for(&service, Duration::ZERO).await];
    service.limit_files(ROOM_BYTES);
    mint_until(&service, &mut all, |told| told.not_recorded > 0).await;
    service.limit_files("unlimited");
    // Without a restart, and without waiting for what was spooled.
    let is_stored = |told: &Told| told.recorded.len() > told.spooled && told.not_recorded == 0;
    mint_until(&service, &mut all, is_stored).await;
    service.wait_until_caught_up().await;
    let known: HashSet<AttemptId> = service.known().await.into_iter().collect();
    let sum = |count: fn(&Told) -> usize| all.iter().map(count).sum::<usize>();
    let (spooled, lost) = (sum(|told| told.spooled), sum(|told| told.not_recorded));
    println!(
        "{} joins known, {spooled} answers from the spool, {lost} not recorded",
        known.len()
    );
    assert!(spooled > 0);
    for told in &all {
        assert_eq!(told.refused, Vec::<String>::new());
        let missing = told.recorded.iter().filter(|id| !known.contains(id));
        assert_eq!(missing.count(), 0, "{}", service.log());
    }
}

async fn mint_until(service: &Service, all: &mut Vec<Told>, is_so: impl Fn(&Told) -> bool) {
    let minting = async {
        loop {
            let told = mint_for(service, BURST).await;
            let is_so = is_so(&told);
            all.push(told);
            if is_so {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), minting)
        .await
        .unwrap_or_else(|_| panic!("it does not come to that: {}", service.log()));
}
