//! The verbs of API keys.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

use super::{ApiKey, KeyHash, KeyId, KeyRecord, Name, Scopes, Store, StoreError, Text, timestamp};

impl Store {
    /// Keeps what is kept of a new key.
    pub async fn add_key(
        &self,
        key: &ApiKey,
        name: Name,
        scopes: Scopes,
        at: Timestamp,
    ) -> Result<KeyRecord, StoreError> {
        let sql = |error| self.write_fault(&error);
        let record = key.record(name, scopes, at);
        let (mut write, _) = self.revise().await?;
        sqlx::query("INSERT INTO api_keys (id, name, scopes, sha256, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(record.id.to_string())
            .bind(&*record.name)
            .bind(record.scopes.to_string())
            .bind(record.hash.0.as_slice())
            .bind(at.as_microsecond())
            .execute(&mut *write.transaction)
            .await
            .map_err(sql)?;
        self.commit(write).await?;
        Ok(record)
    }

    /// All keys, oldest first, the revoked ones too.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        sqlx::query_as("SELECT * FROM api_keys ORDER BY created_at, id")
            .fetch_all(&self.reader)
            .await
            .map_err(|error| self.fault(&error))
    }

    /// Ends a key; one that was ended before stays ended since then. `None` if the id is unknown.
    pub async fn revoke_key(
        &self,
        id: KeyId,
        at: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let sql = |error| self.write_fault(&error);
        let (mut write, _) = self.revise().await?;
        let revoked = sqlx::query_as(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING *",
        )
        .bind(id.to_string())
        .bind(at.as_microsecond())
        .fetch_optional(&mut *write.transaction)
        .await
        .map_err(sql)?;
        self.commit(write).await?;
        Ok(revoked)
    }
}

impl FromRow<'_, AnyRow> for KeyRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let broken = |what: &str| sqlx::Error::Decode(what.into());
        Ok(Self {
            id: KeyId::parse(row.try_get("id")?)
                .ok_or_else(|| broken("an API key's id is garbled"))?,
            name: Text::stored(row.try_get("name")?),
            scopes: Scopes::parse(row.try_get("scopes")?)
                .map_err(|refusal| sqlx::Error::Decode(refusal.into()))?,
            hash: KeyHash(
                row.try_get::<&[u8], _>("sha256")?
                    .try_into()
                    .map_err(|_| broken("an API key's hash is cut"))?,
            ),
            created_at: timestamp(row.try_get("created_at")?)?,
            revoked_at: row
                .try_get::<Option<i64>, _>("revoked_at")?
                .map(timestamp)
                .transpose()?,
        })
    }
}
