//! Periodic work: by one of those who share a store, for as long as it leads.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use usher::config::Retention;
use usher::directory::{Directory, Sources};
use usher::duties::{Duty, of_the_store, perform};
use usher::store::{IfOlder, StoreError};

use crate::journal::{at, id, minted};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    one_instance_does_the_work_and_when_it_stops_another_does
    what_the_retention_says_is_deleted
    a_duty_that_fails_keeps_no_other_from_being_done
    a_duty_that_panics_keeps_no_other_from_being_done
    a_duty_that_takes_long_keeps_no_other_from_being_done
}

struct Instance {
    directory: Arc<Directory>,
    performed: Arc<AtomicU32>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

fn counting(performed: &Arc<AtomicU32>) -> Duty {
    let performed = performed.clone();
    Duty::new("count", Duration::from_hours(1), move |_| {
        performed.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, StoreError>(()) }
    })
}

async fn instance(home: &Home, name: &str, others: Vec<Duty>) -> Instance {
    let sources = Sources {
        store: home.address.clone(),
        if_older: IfOlder::Refuse,
        snapshot: home.folder.path().join(name),
    };
    let directory = Directory::start(sources, home.key.clone(), || Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let directory = Arc::new(directory);
    let performed = Arc::new(AtomicU32::new(0));
    let stop = CancellationToken::new();
    let mut duties = others;
    duties.push(counting(&performed));
    let task = tokio::spawn(perform(directory.clone(), duties, stop.clone()));
    Instance {
        directory,
        performed,
        stop,
        task,
    }
}

impl Instance {
    fn count(&self) -> u32 {
        self.performed.load(Ordering::SeqCst)
    }

    async fn until_performed(&self, times: u32) {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while self.count() < times {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.expect("the duty was not performed");
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn one_instance_does_the_work_and_when_it_stops_another_does(home: Home) {
    let one = instance(&home, "one", vec![]).await;
    one.until_performed(1).await;
    let other = instance(&home, "other", vec![]).await;
    assert!(
        other
            .directory
            .store()
            .unwrap()
            .try_lead()
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!((one.count(), other.count()), (1, 0));
    one.end().await;
    other.until_performed(1).await;
    other.end().await;
}

async fn what_the_retention_says_is_deleted(home: Home) {
    fn now() -> Timestamp {
        at(10 * 86_400)
    }
    let store = home.store().await;
    let [facts_are_old, whose_is_old, young] = [id(0, 1), id(7 * 86_400, 1), id(9 * 86_400, 1)];
    for id in [facts_are_old, whose_is_old, young] {
        store.append(&[minted(id)]).await.unwrap();
    }
    let retention = Retention {
        facts_days: 5,
        personal_days: 2,
    };
    let one = instance(&home, "one", of_the_store(retention, now)).await;
    let expected = [(whose_is_old, None), (young, Some("p-1".to_owned()))];
    let left = async || {
        let ids = [facts_are_old, whose_is_old, young];
        let rows = store.attempt_rows(&ids).await.unwrap().into_iter();
        let mut left: Vec<_> = rows.map(|row| (row.id, row.participant)).collect();
        left.sort();
        left
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while left().await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("it was not deleted");
    one.end().await;
}

async fn a_duty_that_fails_keeps_no_other_from_being_done(home: Home) {
    let failing = Duty::new("fail", Duration::from_hours(1), |_| async {
        Err::<(), _>("for a reason")
    });
    let one = instance(&home, "one", vec![failing]).await;
    one.until_performed(1).await;
    one.end().await;
}

async fn a_duty_that_panics_keeps_no_other_from_being_done(home: Home) {
    let panicking = Duty::new("panic", Duration::from_hours(1), |_| async {
        panic!("for a reason");
        #[allow(unreachable_code)]
        Ok::<_, StoreError>(())
    });
    let one = instance(&home, "one", vec![panicking]).await;
    one.until_performed(1).await;
    one.end().await;
}

async fn a_duty_that_takes_long_keeps_no_other_from_being_done(home: Home) {
    let long = Duty::new("wait", Duration::from_hours(1), |_| {
        std::future::pending::<Result<(), StoreError>>()
    });
    let one = instance(&home, "one", vec![long]).await;
    one.until_performed(1).await;
    one.end().await;
}

#[tokio::test]
async fn what_failed_is_tried_again_before_it_is_due() {
    let home = Home::new(Kind::Sqlite).await;
    home.store().await.close().await;
    let (tries, counted) = (Arc::new(AtomicU32::new(0)), Duration::from_hours(1));
    let counting = tries.clone();
    let failing = Duty::new("fail", counted, move |_| {
        let n = counting.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(n > 0, "the first time it panics");
            if n == 1 {
                Err("and then it fails")
            } else {
                Ok(())
            }
        }
    });
    let one = instance(&home, "one", vec![failing]).await;
    one.until_performed(1).await;
    for n in 1..=3 {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while tries.load(Ordering::SeqCst) < n {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("it is not tried again");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(61)).await;
        tokio::time::resume();
    }
    assert_eq!((tries.load(Ordering::SeqCst), one.count()), (3, 1));
    one.end().await;
}

#[tokio::test]
async fn when_a_store_that_went_away_is_back_the_work_goes_on() {
    let home = Home::new(Kind::Sqlite).await;
    home.store().await.close().await;
    let one = instance(&home, "one", vec![]).await;
    one.until_performed(1).await;
    let (file, elsewhere) = (
        home.address.file().unwrap(),
        home.folder.path().join("elsewhere"),
    );
    fs::rename(file, &elsewhere).unwrap();
    one.directory.refresh().await.unwrap_err();
    // It leads no more, so another may take the lock.
    let lock = fs::File::open(file.with_extension("sqlite.leader")).unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while lock.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("it still leads");
    lock.unlock().unwrap();
    fs::rename(&elsewhere, file).unwrap();
    one.directory.refresh().await.unwrap();
    one.until_performed(2).await;
    one.end().await;
}
