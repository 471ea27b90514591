//! How often a caller without a key may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::client_address;
use super::error::ApiError;

/// A whole office may sit behind one address and join at nine o'clock: 120 at once, then two a second.
const BURST: NonZeroU32 = NonZeroU32::new(120).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(2).unwrap();
/// Every so many requests, addresses that have been quiet are forgotten, so that the table stays small.
const FORGET_EVERY: u32 = 1024;

/// Counts callers without a key, by address.
#[derive(Debug)]
pub(super) struct Strangers {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    seen: AtomicU32,
}

impl Strangers {
    pub(super) fn new() -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_second(PER_SECOND).allow_burst(BURST)),
            seen: AtomicU32::new(0),
        }
    }

    /// 429 for an address that asks too often.
    pub(super) fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        if self
            .seen
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(FORGET_EVERY)
        {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(&client_address::network(address))
            .map_err(|not_until| {
                let wait = not_until.wait_time_from(self.limiter.clock().now());
                ApiError {
                    retry_after_s: Some(wait.as_secs() + 1),
                    ..ApiError::new(
                        StatusCode::TOO_MANY_REQUESTS,
                        "too_many_requests",
                        "Too many requests without an API key from this address.",
                    )
                    .hint("Wait as long as Retry-After says, or send an API key from your backend.")
                }
            })
    }
}
