//! One call to Zoom: its deadline, its attempts, its breaker.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Elapsed};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, Response, Url, header};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use usher_core::witness::{self, CallOutcome};

use super::breaker::{Breaker, Health};
use super::error::{clean, phase, root_cause};
use super::judge::{ATTEMPT_MIN, Failure, judge, pause};
use super::{Clock, ZoomError, retry_after};
use crate::witnesses::{Ending, Heard, Witnesses};

/// A host waits for the answer in front of a page; what takes longer has failed for them. Covers everything that one question needs:
/// token, retries, fallback.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// Of one attempt, so that one hanging connection leaves time for another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// A meeting is some 10 kB.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Names the request in Zoom's own logs; its support asks for it (reference 5.2).
const TRACKING_ID: &str = "x-zm-trackingid";

/// What is asked, for whom, and by when.
pub(super) struct Call<'a> {
    pub(super) question: witness::Call,
    pub(super) account: &'a str,
    pub(super) url: &'a Url,
    /// A new request for each attempt.
    pub(super) request: &'a (dyn Fn(&Client) -> RequestBuilder + Send + Sync),
    pub(super) deadline: Instant,
}

impl Call<'_> {
    /// Host and port.
    fn host(&self) -> String {
        self.url.authority().to_owned()
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// The way out: the connections and the breakers.
pub(super) struct Wire {
    pub(super) http: Client,
    pub(super) now: Clock,
    /// Who hears of every call.
    pub(super) witnesses: Option<Arc<Witnesses>>,
    /// By account and host: an account has its own limits, a host its own outages.
    breakers: Mutex<HashMap<(String, String), Breaker>>,
}

impl Wire {
    pub(super) fn new(http: Client, now: Clock) -> Self {
        Self {
            http,
            now,
            witnesses: None,
            breakers: Mutex::default(),
        }
    }

    /// Asks until there is an answer or no use in asking. What Zoom did last says more than that it is not asked again.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ZoomError> {
        let mut attempts_made = 0;
        let mut last = None;
        loop {
            if let Err(refusal) = self.admit(call) {
                return Err(last.unwrap_or(refusal));
            }
            let failure = match self.attempt(call).await {
                Ok(answer) => {
                    self.record(call, Health::Well);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            attempts_made += 1;
            let pause = pause(&failure, attempts_made, call.remaining(), jitter());
            self.record(call, health(&failure, pause, (self.now)()));
            match pause {
                Some(pause) => sleep(pause).await,
                None => return Err(failure.error),
            }
            last = Some(failure.error);
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Failure> {
        let began = Instant::now();
        let limit = ATTEMPT_TIMEOUT.min(call.remaining());
        let answer = timeout(limit, self.exchange(call)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(Failure::passing(ZoomError::Timeout {
                host: call.host(),
                phase: None,
            }))
        });
        let failure = answer.as_ref().err();
        log(call, began.elapsed(), failure);
        if let Some(witnesses) = &self.witnesses {
            let ending = ending(call, failure.map(|failure| &failure.error));
            witnesses.api.saw((self.now)(), ending, began.elapsed());
        }
        answer
    }

    async fn exchange<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Failure> {
        let began = Elapsed::now();
        let response = (call.request)(&self.http)
            .send()
            .await
            .map_err(|error| Failure::passing(no_answer(call.host(), &error)))?;
        self.hear(call.url, began, &response);
        let status = response.status().as_u16();
        let wait = asked_wait(&response, (self.now)());
        let tracking_id = response
            .headers()
            .get(TRACKING_ID)
            .and_then(|id| id.to_str().ok())
            .map(clean);
        tracing::debug!(
            call = call.question.as_str(),
            http = status,
            tracking_id,
            "Zoom answered"
        );
        judge(status, wait, &body(response).await?)
    }

    /// Every answer tells the time of its host.
    ///
    /// How long it took is measured by a clock that can't be set: if ours was meanwhile, it is the later one that counts.
    pub(super) fn hear(&self, url: &Url, began: Elapsed, response: &Response) {
        let Some(witnesses) = &self.witnesses else {
            return;
        };
        let text = |name| response.headers().get(name)?.to_str().ok();
        let received_at = (self.now)();
        let took = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
        witnesses.clock.hear(&Heard {
            server: url.authority(),
            is_verified: url.scheme() == "https",
            sent_at: received_at.checked_sub(took).unwrap_or(received_at),
            received_at,
            is_its_own: is_its_own(response),
            date: text(header::DATE),
            age: text(header::AGE),
        });
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), ZoomError> {
        if call.remaining() < ATTEMPT_MIN {
            return Err(ZoomError::Timeout {
                host: call.host(),
                phase: None,
            });
        }
        self.with_breaker(call, Breaker::admit)
            .map_err(|until| ZoomError::BreakerOpen {
                host: call.host(),
                until,
            })
    }

    fn record(&self, call: &Call<'_>, health: Health) {
        self.with_breaker(call, |breaker, now| breaker.record(now, health));
    }

    /// The hosts that are not asked, or were not well when they were last asked.
    pub(super) fn failing_hosts(&self) -> BTreeSet<String> {
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = breakers.iter().filter(|(_, breaker)| !breaker.is_closed());
        failing.map(|((_, host), _)| host.clone()).collect()
    }

    fn with_breaker<R>(
        &self,
        call: &Call<'_>,
        act: impl FnOnce(&mut Breaker, Timestamp) -> R,
    ) -> R {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        act(
            breakers
                .entry((call.account.to_owned(), call.host()))
                .or_default(),
            (self.now)(),
        )
    }
}

/// Zoom's wish for a pause is met by pausing; if the caller can't, by not asking again until then.
fn health(failure: &Failure, pause: Option<Duration>, now: Timestamp) -> Health {
    match (pause, failure.wait) {
        (None, Some(wait)) if !wait.is_zero() => Health::AskedToWait {
            until: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
        },
        _ if failure.zoom_is_well => Health::Well,
        _ => Health::Ill,
    }
}

/// Whether the host itself answered, as far as can be told. Where TLS is opened on the way (a company's proxy with a certificate of its
/// own), the proxy's pages are dated by the proxy's clock, for all hosts alike: redirects to a login, "bad gateway", HTML where none is.
pub(crate) fn is_its_own(response: &Response) -> bool {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_html =
        media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/html"));
    let is_json =
        media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"application/json"));
    match status.as_u16() {
        300..=399 | 407 | 511 => false,
        500.. => is_json,
        // A proxy that refuses says 403 and the like in HTML. Only the host itself says that there is no such thing there; what Zoom's hosts
        // answer to `HEAD` is unverified.
        404 | 405 => true,
        _ => !is_html,
    }
}

fn asked_wait(response: &Response, now: Timestamp) -> Option<Duration> {
    let text = |name| response.headers().get(name)?.to_str().ok();
    let answered_at = text(header::DATE).and_then(retry_after::parse_http_date);
    retry_after::parse(text(header::RETRY_AFTER)?, answered_at.unwrap_or(now))
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let status = response.status().as_u16();
    let garbage = |what: &str| ZoomError::Garbage {
        status,
        what: what.to_owned(),
    };
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_MAX_BYTES => {
                return Err(Failure::lasting(garbage("it is longer than 1 MiB"), false));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(_) => return Err(Failure::passing(garbage("it broke off"))),
        }
    }
}

pub(super) fn no_answer(host: String, error: &reqwest::Error) -> ZoomError {
    let phase = phase(error);
    if error.is_timeout() {
        let phase = Some(phase);
        return ZoomError::Timeout { host, phase };
    }
    ZoomError::Unreachable {
        host,
        phase,
        what: root_cause(error),
    }
}

/// As the API witness tells it.
fn ending(call: &Call<'_>, error: Option<&ZoomError>) -> Ending {
    let (outcome, phase) = error.map_or((CallOutcome::Ok, None), ZoomError::outcome);
    Ending {
        call: call.question,
        host: call.host(),
        account: Some(call.account.to_owned()),
        outcome,
        http: error.and_then(ZoomError::status),
        code: error.and_then(ZoomError::code).map(|code| code.to_string()),
        phase,
    }
}

/// Uniform in 0..1. Without randomness there is no jitter, and still a retry.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

fn log(call: &Call<'_>, latency: Duration, failure: Option<&Failure>) {
    let (question, account, host) = (call.question.as_str(), call.account, call.host());
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    match failure {
        None => tracing::debug!(call = question, account, host, latency_ms, "Zoom was asked"),
        Some(failure) => {
            tracing::warn!(call = question, account, host, latency_ms, error = %failure.error, "Zoom was asked in vain");
        }
    }
}
