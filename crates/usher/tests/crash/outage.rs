//! The store is away for a while, and Usher is restarted meanwhile: no join is refused, and what was answered is there afterwards.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;
use usher_core::attempt::AttemptId;

use crate::service::{Service, Told};
use crate::setting;
use crate::stores::postgres::{Cluster, Fsync};

/// As many joins as the spool has room for in the time: full speed would fill it within seconds, and what comes then is not recorded.
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_that_another_program_locks() {
    let mut service = Service::new(None);
    service.start();
    let before = mint_while_it_is_there(&service).await;
    let url = format!("sqlite://{}", service.sqlite_file().display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();
    let (away, restarted) = through_the_outage(&mut service).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let [first, before] = before;
    all_is_there(&service, [first, before, away, restarted]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_server_that_is_stopped() {
    let cluster = Cluster::start_new(Fsync::On).await;
    let mut service = Service::new(Some(cluster.new_database().await));
    service.start();
    let before = mint_while_it_is_there(&service).await;
    service.wait_for_snapshot().await;
    cluster.stop();
    let (away, restarted) = through_the_outage(&mut service).await;
    cluster.start().await;
    let [first, before] = before;
    all_is_there(&service, [first, before, away, restarted]).await;
}

/// The very first record may go to the spool, while a new database makes room for the day.
async fn mint_while_it_is_there(service: &Service) -> [Told; 2] {
    let first = mint_for(service, Duration::ZERO).await;
    service.wait_until_caught_up().await;
    [first, mint_for(service, Duration::from_millis(300)).await]
}

pub(crate) async fn mint_for(service: &Service, time: Duration) -> Told {
    let stop = CancellationToken::new();
    let clients = service.mint_until(&stop, PAUSE);
    clients.have_begun().await;
    tokio::time::sleep(time).await;
    stop.cancel();
    clients.told().await
}

/// Half of it before a restart, half after.
async fn through_the_outage(service: &mut Service) -> (Told, Told) {
    let half = Duration::from_millis(setting("CRASH_OUTAGE_S", 6) * 500);
    let clients = service.mint_until(&CancellationToken::new(), PAUSE);
    clients.have_begun().await;
    tokio::time::sleep(half).await;
    service.kill();
    let away = clients.told().await;
    service.start();
    (away, mint_for(service, half).await)
}

async fn all_is_there(service: &Service, told: [Told; 4]) {
    service.wait_until_caught_up().await;
    let [_, before, away, restarted] = &told;
    assert_eq!(before.spooled, 0, "{}", service.log());
    assert!(away.spooled > 0, "{}", service.log());
    assert!(restarted.spooled > 0, "{}", service.log());
    let known = service.known().await;
    let distinct: HashSet<AttemptId> = known.iter().copied().collect();
    assert_eq!(distinct.len(), known.len(), "none twice");
    for told in &told {
        assert_eq!(told.refused, Vec::<String>::new());
        assert_eq!(told.not_recorded, 0, "{}", service.log());
        let missing = told.recorded.iter().filter(|id| !distinct.contains(id));
        assert_eq!(missing.count(), 0, "{}", service.log());
    }
    println!(
        "{} stored before, {} answered while it was away, {} after a restart, all there",
        before.recorded.len(),
        away.recorded.len(),
        restarted.recorded.len()
    );
}
