//! The signatures of a span of time, judged again.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind, Source};
use usher_core::attempt::origin::{Hmac, Origin};
use usher_core::audit::{Audit, Signed, Summary};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::Role;

use super::super::{Store, StoreError, blocking};
use super::rows::decode_event;

/// Events that are in memory at once.
const PAGE: i64 = 2_000;

/// What was minted here, or handed in by whoever minted: kind, sources and order stand in [`Store::audit`].
const FIRST_PAGE: &str = "SELECT * FROM events WHERE attempt >= $1 AND attempt < $2 AND kind = $3 AND source IN ($4, $5) \
    ORDER BY attempt, source, id LIMIT $6";
const NEXT_PAGE: &str = "SELECT * FROM events WHERE attempt >= $1 AND attempt < $2 AND kind = $3 AND source IN ($4, $5) \
    AND (attempt, source, id) > ($1, $7, $8) ORDER BY attempt, source, id LIMIT $6";

impl Store {
    /// Judges every signature of the attempts from `from` on and before `to`. It reads page after page, so that a long span takes long
    /// and not much memory; what is dropped half-way stops at the next page.
    pub async fn audit(&self, from: Timestamp, to: Timestamp) -> Result<Summary, StoreError> {
        let mut audit = Audit::new();
        let mut last = None;
        loop {
            let page = self
                .page_of_signatures(from, to, last.as_ref())
                .await
                .map_err(|error| self.fault(&error))?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            let judged = blocking(move || Ok(judge(audit, &page))).await;
            (audit, last) = judged
                .map_err(|error| self.fault(&error.into()))?
                .map_err(|error| self.fault(&error))?;
            if is_last {
                break;
            }
        }
        Ok(Summary {
            from: Some(from),
            to: Some(to),
            ..audit.finish()
        })
    }

    async fn page_of_signatures(
        &self,
        from: Timestamp,
        to: Timestamp,
        last: Option<&Event>,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        let start = last.map_or(AttemptId::first_of(from), |event| event.attempt);
        let mut query = sqlx::query(if last.is_some() {
            NEXT_PAGE
        } else {
            FIRST_PAGE
        })
        .bind(start.to_bytes().to_vec())
        .bind(AttemptId::first_of(to).to_bytes().to_vec())
        .bind(Kind::Minted.number())
        .bind(Source::Mint.number())
        .bind(Source::Import.number())
        .bind(PAGE);
        if let Some(last) = last {
            query = query.bind(last.source.number()).bind(last.id.clone());
        }
        query.fetch_all(&self.reader).await
    }
}

/// The audit with one page more, and the page's last event.
fn judge(mut audit: Audit, page: &[AnyRow]) -> Result<(Audit, Option<Event>), sqlx::Error> {
    let mut last = None;
    for row in page {
        let event = decode_event(row)?;
        if let Some(origin) = &event.facts.origin {
            add(&mut audit, &event, origin)?;
        }
        last = Some(event);
    }
    Ok((audit, last))
}

fn add(audit: &mut Audit, event: &Event, origin: &Origin) -> Result<(), sqlx::Error> {
    let unreadable = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    // An attempt that was handed in without its signature has none that could be judged.
    if origin.claims.is_none() && origin.hmac.is_none() {
        return Ok(());
    }
    let claims: Value = match &origin.claims {
        Some(claims) => serde_json::from_str(claims.get()).map_err(unreadable)?,
        None => Value::Null,
    };
    audit.add(&Signed {
        attempt: event.attempt,
        at: event.at,
        claims: &claims,
        hmac: origin.hmac.unwrap_or(Hmac::NotCheckable),
        // The keys that are configured today say nothing about those of that day; by which secret it was signed, the HMAC says.
        key: None,
        meeting_number: origin.meeting_number,
        role: origin
            .role
            .as_deref()
            .and_then(|role| Role::parse(role).ok()),
        sdk_version: origin.sdk_version.as_deref().and_then(SdkVersion::find),
        view: origin
            .view
            .as_deref()
            .and_then(|view| View::parse(view).ok()),
        join_shape: origin.join_shape.as_ref(),
        release: origin.release.as_deref(),
        app: origin.app.as_deref(),
        instance: origin.instance.as_deref(),
        environment: origin.environment.as_deref(),
    });
    Ok(())
}
