//! A store of each kind, for tests that have to hold on both: `mod stores;` by `#[path]`, then
//!
//! ```text
//! on_both_stores! { a_sentence_about_behaviour another_one }      async fn a_sentence_about_behaviour(home: Home) { … }
//! ```

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub(crate) mod postgres;
pub(crate) mod sample;

use std::sync::Arc;

use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;
use usher::seal::MasterKey;
use usher::store::{Address, IfMissing, IfOlder, Store, StoreError};

use postgres::{Cluster, Fsync};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Where a store of its own can be, and the key that seals it.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) address: Address,
    pub(crate) key: Arc<MasterKey>,
    pub(crate) kind: Kind,
    pub(crate) url: String,
}

impl Home {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}/data/usher.sqlite", folder.path().display()),
            Kind::Postgres => Cluster::shared(Fsync::Off).await.new_database().await,
        };
        Self {
            address: Address::parse(&url).unwrap(),
            folder,
            key: Arc::new(MasterKey::generate().unwrap()),
            kind,
            url,
        }
    }

    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        Store::open(
            &self.address,
            IfMissing::Create,
            IfOlder::Refuse,
            self.key.clone(),
        )
        .await
    }

    /// SQL that no store would run; it must be the same for both.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let mut stranger = self.stranger().await;
        sqlx::raw_sql(sql).execute(&mut stranger).await.unwrap();
        stranger.close().await.unwrap();
    }

    /// A connection past the store.
    pub(crate) async fn stranger(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url).await.unwrap()
    }

    /// An open store; each call is another instance of Usher.
    pub(crate) async fn store(&self) -> Store {
        self.open().await.unwrap()
    }
}

/// Runs each function on both, as `sqlite::NAME` and `postgres::NAME`.
macro_rules! on_both_stores {
    ($($test:ident)*) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $test() {
                super::$test(super::Home::new(super::Kind::Sqlite).await).await;
            }
        )* }
        mod postgres { $(
            #[tokio::test]
            async fn $test() {
                super::$test(super::Home::new(super::Kind::Postgres).await).await;
            }
        )* }
    };
}
pub(crate) use on_both_stores;
