//! Which of the instances that share a store does the periodic work.

use std::fs::File;

use sqlx::postgres::PgConnection;

use super::{Backend, Store, StoreError, postgres};

/// Being the one that leads, until it is dropped or its holder ends.
#[derive(Debug)]
pub struct Leadership(Lock);

#[derive(Debug)]
enum Lock {
    File(#[expect(dead_code, reason = "it is locked while it is open")] File),
    Session(PgConnection),
}

impl Store {
    /// Leads, if nobody else does.
    pub async fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        let lock = match &*self.backend {
            Backend::Sqlite(file) => file.try_lead().await?.map(Lock::File),
            Backend::Postgres(database) => database
                .try_lead()
                .await
                .map_err(|error| self.fault(&error))?
                .map(Lock::Session),
        };
        Ok(lock.map(Leadership))
    }
}

impl Leadership {
    /// Whether it still leads: with its connection, PostgreSQL takes the lock away. Cheap enough to ask before each piece of work.
    pub async fn holds(&mut self) -> bool {
        match &mut self.0 {
            Lock::File(_) => true,
            Lock::Session(session) => postgres::answers(session).await,
        }
    }
}
