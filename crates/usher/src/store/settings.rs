//! With which settings instances started.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Store, StoreError};

impl Store {
    /// Forgets the settings of instances that started last before a moment: containers that are no more. The newest stay.
    pub async fn expire_settings(&self, before: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM settings_seen WHERE at < $1 AND at < (SELECT max(at) FROM settings_seen)",
        )
        .bind(before.as_microsecond())
        .execute(&self.writer)
        .await
        .map(|_| ())
        .map_err(|error| self.write_fault(&error))
    }

    /// Keeps the settings that an instance starts with; returns those of its last start or, for a name that never started, of the last
    /// start of any: a container has a new name each time.
    pub async fn swap_settings(
        &self,
        instance: &str,
        settings: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let text = serde_json::to_string(settings)
            .map_err(|error| self.fault(&sqlx::Error::Encode(error.into())))?;
        let mut write = self.write().await?;
        let sql = |error: sqlx::Error| self.write_fault(&error);
        let before: Option<String> = sqlx::query_scalar(
            "SELECT settings FROM settings_seen ORDER BY CASE WHEN instance = $1 THEN 0 ELSE 1 END, at DESC LIMIT 1",
        )
        .bind(instance)
        .fetch_optional(&mut *write.transaction)
        .await
        .map_err(sql)?;
        sqlx::query(
            "INSERT INTO settings_seen (instance, at, settings) VALUES ($1, $2, $3) \
             ON CONFLICT (instance) DO UPDATE SET at = excluded.at, settings = excluded.settings",
        )
        .bind(instance)
        .bind(now.as_microsecond())
        .bind(text)
        .execute(&mut *write.transaction)
        .await
        .map_err(sql)?;
        self.commit(write).await?;
        // What an older version wrote, and this one can't read, is no news.
        Ok(before.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
