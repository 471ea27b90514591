//! The journal as it runs.

use std::path::Path;

use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Facts, Kind, Personal, Source};

use super::*;
use crate::directory::Sources;
use crate::seal::MasterKey;
use crate::store::{Address, IfOlder};

const STEP: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

struct Home {
    folder: tempfile::TempDir,
    directory: Arc<Directory>,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/usher.sqlite", folder.path().display());
        let sources = Sources {
            store: Address::parse(&url).unwrap(),
            if_older: IfOlder::Refuse,
            snapshot: folder.path().join("snapshot"),
        };
        let key = Arc::new(MasterKey::generate().unwrap());
        let directory = Directory::start(sources, key, now).await.unwrap();
        Self {
            folder,
            directory: Arc::new(directory),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("usher.sqlite")
    }

    fn spool(&self) -> std::path::PathBuf {
        self.folder.path().join("spools")
    }

    fn journal(&self) -> (Journal, JoinHandle<()>) {
        Journal::start(self.directory.clone(), self.spool())
    }

    /// Nothing can be written to the store until [`Self::bring_back`].
    async fn take_away(&self) {
        std::fs::rename(self.file(), self.folder.path().join("elsewhere")).unwrap();
        self.directory.refresh().await.unwrap_err();
    }

    async fn bring_back(&self) {
        std::fs::rename(self.folder.path().join("elsewhere"), self.file()).unwrap();
        self.directory.refresh().await.unwrap();
    }

    async fn is_known(&self, n: u128) -> bool {
        let store = self.directory.store().unwrap();
        !store.events(minted(n).attempt).await.unwrap().is_empty()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn minted(n: u128) -> Event {
    Event {
        attempt: AttemptId::new(now(), n),
        source: Source::Mint,
        id: "mint".into(),
        kind: Kind::Minted,
        at: now(),
        received_at: now(),
        facts: Facts::default(),
        personal: Personal::default(),
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(LONG, async {
        while !is_so().await {
            tokio::time::sleep(STEP).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

/// The store refuses this one, and no other.
async fn refused(home: &Home) -> Event {
    let url = format!("sqlite://{}", home.file().display());
    let mut stranger = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "CREATE TRIGGER refusal BEFORE INSERT ON events WHEN NEW.id = 'refused' BEGIN SELECT RAISE(ABORT, 'it is refused'); END",
    )
    .execute(&mut stranger)
    .await
    .unwrap();
    stranger.close().await.unwrap();
    let mut event = minted(666);
    event.id = "refused".into();
    event
}

#[tokio::test]
async fn a_record_that_the_store_refuses_holds_nobody_up_and_is_set_aside() {
    let home = Home::new().await;
    let (journal, _writer) = home.journal();
    let refused = refused(&home).await;
    // In one batch.
    let [refused, beside] = [vec![refused], vec![minted(1)]].map(|events| journal.record(events));
    assert_eq!(refused.await.recorded, Recorded::Spooled);
    assert_eq!(beside.await.recorded, Recorded::Spooled);
    let bad = home.spool().join("spool-0.bad");
    let mut n = 1;
    until("others are stored", async || {
        n += 1;
        journal.record(vec![minted(n)]).await.recorded == Recorded::Stored
    })
    .await;
    assert!(!bad.exists());
    until("it is set aside", async || {
        n += 1;
        journal.record(vec![minted(n)]).await;
        lines(&bad) == 1
    })
    .await;
    until("the spool is empty", async || !journal.is_behind()).await;
    assert!(journal.degradations().is_empty());
    for n in 1..=n {
        assert!(home.is_known(n).await, "{n}");
    }
    assert_eq!(lines(&bad), 1);
}

#[tokio::test]
async fn a_spool_that_is_no_spool_is_kept_aside_and_records_go_on() {
    let home = Home::new().await;
    std::fs::create_dir(home.spool()).unwrap();
    std::fs::write(home.spool().join("spool-0"), "a later version's").unwrap();
    home.take_away().await;
    let (journal, _writer) = home.journal();
    let receipt = journal.record(vec![minted(1)]).await;
    assert_eq!(receipt.recorded, Recorded::Spooled);
    let aside = std::fs::read_to_string(home.spool().join("spool-0.bad-1")).unwrap();
    assert!(aside.starts_with("a later version's"));
    home.bring_back().await;
    until("it is replayed", async || !journal.is_behind()).await;
    assert!(home.is_known(1).await);
}

#[tokio::test]
async fn a_spool_folder_that_could_not_be_used_is_used_as_soon_as_it_can_be() {
    let home = Home::new().await;
    std::fs::write(home.spool(), "a file where the folder should be").unwrap();
    let (journal, _writer) = home.journal();
    until("it is noticed", async || !journal.degradations().is_empty()).await;
    home.take_away().await;
    assert_eq!(journal.record(vec![minted(1)]).await.recorded, Recorded::No);
    std::fs::remove_file(home.spool()).unwrap();
    let receipt = journal.record(vec![minted(2)]).await;
    assert_eq!(receipt.recorded, Recorded::Spooled);
    let codes: Vec<_> = journal.degradations().iter().map(|d| d.code).collect();
    assert_eq!(codes, ["journal_spooling", "not_recorded"]);
}

#[tokio::test]
async fn of_a_batch_that_is_too_large_for_the_spool_what_fits_is_recorded() {
    let home = Home::new().await;
    home.take_away().await;
    let (queue, mut requests) = mpsc::channel(QUEUE_MAX);
    let condition = Arc::new(Condition::default());
    let mut writer = writer::Writer::new(home.directory.clone(), home.spool(), condition.clone());
    writer.spool_bytes = 1 << 16;
    tokio::spawn(async move { writer.run(&mut requests).await });
    let journal = Journal { queue, condition };
    let mut large = minted(2);
    large.facts.reason = Some("x".repeat(1 << 16));
    let batch = [vec![minted(1)], vec![large, minted(3)], vec![minted(4)]];
    let receipts = batch.map(|events| journal.record(events));
    let mut recorded = Vec::new();
    for receipt in receipts {
        recorded.push(receipt.await.recorded);
    }
    let expected = [Recorded::Spooled, Recorded::No, Recorded::Spooled];
    assert_eq!(recorded, expected);
    assert_eq!(journal.condition.not_recorded.load(Ordering::Acquire), 2);
    home.bring_back().await;
    until("it is replayed", async || !journal.is_behind()).await;
    let known = [home.is_known(1).await, home.is_known(2).await];
    assert_eq!(known, [true, false]);
    assert!(home.is_known(4).await);
}

#[tokio::test]
async fn when_a_writer_breaks_down_another_goes_on() {
    let home = Home::new().await;
    let (queue, requests) = mpsc::channel(QUEUE_MAX);
    let condition = Arc::new(Condition::default());
    let journal = Journal { queue, condition };
    let (directory, spool) = (home.directory.clone(), home.spool());
    let condition = journal.condition.clone();
    let writers = AtomicU64::new(0);
    let writing = tokio::spawn(writer::write_on(
        move || {
            assert!(
                writers.fetch_add(1, Ordering::SeqCst) > 0,
                "the first one breaks down"
            );
            Writer::new(directory.clone(), spool.clone(), condition.clone())
        },
        requests,
    ));
    let receipt = journal.record(vec![minted(1)]).await;
    assert_eq!(receipt.recorded, Recorded::Stored);
    drop(journal);
    writing.await.unwrap();
}

#[tokio::test]
async fn what_a_writer_had_that_broke_down_is_counted_as_lost() {
    let (queue, mut requests) = mpsc::channel(QUEUE_MAX);
    let condition = Arc::new(Condition::default());
    let journal = Journal { queue, condition };
    let receipt = journal.record(vec![minted(1), minted(2)]);
    drop(requests.recv().await);
    assert_eq!(receipt.await.recorded, Recorded::No);
    assert_eq!(journal.condition.not_recorded.load(Ordering::Acquire), 2);
}
