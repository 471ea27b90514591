//! The signatures of a span of time, judged again.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Kind, Source};
use usher_core::audit::{Audit, Signed, Summary, claims_of};

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
        query.fetch_all(&self.scanner).await
    }
}

/// The audit with one page more, and the page's last event.
fn judge(mut audit: Audit, page: &[AnyRow]) -> Result<(Audit, Option<Event>), sqlx::Error> {
    let mut last = None;
    for row in page {
        let event = decode_event(row)?;
        if let Some(origin) = &event.facts.origin
            && let Some(claims) = claims_of(origin)
        {
            audit.add(&Signed::of(&event, origin, &claims));
        }
        last = Some(event);
    }
    Ok((audit, last))
}
