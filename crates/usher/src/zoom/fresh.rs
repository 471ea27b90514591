//! Values that are good for a while, fetched once for all who ask at the same moment.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use moka::ops::compute::Op;

use super::{Clock, ZoomError};

/// Hosts of one account whose ZAK is kept; beyond that the least used go.
const KEPT_MAX: u64 = 10_000;

/// A value and until when it is handed out.
#[derive(Debug)]
pub(super) struct Fresh<V> {
    value: Arc<V>,
    until: Timestamp,
}

impl<V> Clone for Fresh<V> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            until: self.until,
        }
    }
}

impl<V> Fresh<V> {
    /// A value that stops working at `expires_at` is handed out until `margin` before that, or, if it lives only for minutes, until
    /// three quarters of its life have passed.
    pub(super) fn new(value: V, now: Timestamp, expires_at: Timestamp, margin: Duration) -> Self {
        let life = now.duration_until(expires_at);
        let margin = SignedDuration::try_from(margin)
            .unwrap_or(life)
            .min(life / 4);
        let until = expires_at.checked_sub(margin).unwrap_or(expires_at);
        Self {
            value: Arc::new(value),
            until,
        }
    }
}

/// Whether a value is still fresh is decided by the clock that is passed in; moka gives the single flight and the bound.
pub(super) struct FreshCache<K, V> {
    cache: Cache<K, Fresh<V>>,
    now: Clock,
}

impl<K, V> FreshCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(now: Clock) -> Self {
        Self {
            cache: Cache::new(KEPT_MAX),
            now,
        }
    }

    /// The kept value, or that of `load`. Concurrent callers share one `load`, its error too, which is not kept. If the caller who
    /// runs it goes away, another takes over with its own.
    pub(super) async fn get_or_load(
        &self,
        key: &K,
        load: impl Future<Output = Result<Fresh<V>, ZoomError>>,
    ) -> Result<Arc<V>, ZoomError> {
        let kept = self.cache.get(key).await;
        if let Some(stale) = kept.filter(|kept| kept.until <= (self.now)()) {
            self.discard(key, &stale.value).await;
        }
        // Boxed, because loads are rare and their future is large: a hit should not carry it.
        let loaded = self.cache.try_get_with_by_ref(key, Box::pin(load)).await;
        loaded
            .map(|fresh| fresh.value)
            .map_err(|shared| (*shared).clone())
    }

    /// Drops `seen`, unless somebody has already put another value in its place.
    pub(super) async fn discard(&self, key: &K, seen: &Arc<V>) {
        let is_seen = |kept: &Fresh<V>| Arc::ptr_eq(&kept.value, seen);
        self.cache
            .entry_by_ref(key)
            .and_compute_with(|kept| {
                let remove = kept.is_some_and(|kept| is_seen(kept.value()));
                std::future::ready(if remove { Op::Remove } else { Op::Nop })
            })
            .await;
    }

    /// Drops whatever is kept.
    pub(super) async fn forget(&self, key: &K) {
        self.cache.invalidate(key).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Barrier;
    use tokio::task::JoinSet;

    use super::*;

    thread_local! {
        /// A test and its runtime share one thread.
        static NOW_S: Cell<i64> = const { Cell::new(0) };
    }

    fn now() -> Timestamp {
        Timestamp::from_second(NOW_S.get()).unwrap()
    }

    fn lives_for(seconds: i64, value: u32) -> Fresh<u32> {
        let expires_at = now() + SignedDuration::from_secs(seconds);
        Fresh::new(value, now(), expires_at, Duration::from_mins(1))
    }

    /// Loads 1, 2, 3, …, each living for an hour.
    #[derive(Clone, Default)]
    struct Source(Arc<AtomicU32>);

    impl Source {
        async fn load(&self) -> Result<Fresh<u32>, ZoomError> {
            tokio::task::yield_now().await;
            Ok(lives_for(3600, self.0.fetch_add(1, Ordering::Relaxed) + 1))
        }

        async fn fail(&self) -> Result<Fresh<u32>, ZoomError> {
            self.load().await?;
            Err(ZoomError::InvalidUser)
        }
    }

    fn cache() -> Arc<FreshCache<&'static str, u32>> {
        Arc::new(FreshCache::new(now))
    }

    #[tokio::test]
    async fn a_value_is_kept_until_the_margin_before_its_expiry() {
        let (cache, source) = (cache(), Source::default());
        for (second, value) in [(0, 1), (3539, 1), (3540, 2), (7079, 2), (7080, 3)] {
            NOW_S.set(second);
            assert_eq!(
                *cache.get_or_load(&"k", source.load()).await.unwrap(),
                value,
                "{second}"
            );
        }
    }

    #[tokio::test]
    async fn a_short_life_is_used_for_three_quarters() {
        let cache = cache();
        for (second, value) in [(0, 1), (74, 1), (75, 2)] {
            NOW_S.set(second);
            let load = std::future::ready(Ok(lives_for(100, value)));
            assert_eq!(
                *cache.get_or_load(&"k", load).await.unwrap(),
                value,
                "{second}"
            );
        }
    }

    #[tokio::test]
    async fn an_error_reaches_everybody_who_waited_and_is_not_kept() {
        let (cache, source, start) = (cache(), Source::default(), Arc::new(Barrier::new(50)));
        let mut callers = JoinSet::new();
        for _ in 0..50 {
            let (cache, source, start) = (cache.clone(), source.clone(), start.clone());
            callers.spawn(async move {
                start.wait().await;
                cache.get_or_load(&"k", source.fail()).await
            });
        }
        for answer in callers.join_all().await {
            assert_eq!(answer, Err(ZoomError::InvalidUser));
        }
        assert_eq!(source.0.load(Ordering::Relaxed), 1);
        assert_eq!(*cache.get_or_load(&"k", source.load()).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn only_the_value_that_was_seen_to_fail_is_discarded() {
        let (cache, source) = (cache(), Source::default());
        let first = cache.get_or_load(&"k", source.load()).await.unwrap();
        cache.discard(&"k", &first).await;
        let second = cache.get_or_load(&"k", source.load()).await.unwrap();
        cache.discard(&"k", &first).await;
        assert_eq!(
            cache.get_or_load(&"k", source.load()).await.unwrap(),
            second
        );
        cache.forget(&"k").await;
        assert_eq!(*cache.get_or_load(&"k", source.load()).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn when_the_caller_who_loads_goes_away_another_takes_over() {
        let (cache, source) = (cache(), Source::default());
        let loading = Arc::new(Barrier::new(2));
        let leader = tokio::spawn({
            let (cache, loading) = (cache.clone(), loading.clone());
            async move {
                let never = async {
                    loading.wait().await;
                    std::future::pending().await
                };
                cache.get_or_load(&"k", never).await
            }
        });
        loading.wait().await;
        let waiter = tokio::spawn(async move { cache.get_or_load(&"k", source.load()).await });
        tokio::task::yield_now().await;
        leader.abort();
        assert_eq!(*waiter.await.unwrap().unwrap(), 1);
    }
}
