//! The second witness of time: an NTP server, asked by SNTP (RFC 4330). It tells whether our clock or Zoom's is the odd one; minting never
//! leans on it, so one that lies changes nothing but what is shown.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rsntp::{AsyncSntpClient, Config, LeapIndicator};
use tokio::time::sleep;
use usher_core::witness::{ClockLine, Line, Measured, SntpSource};

use super::log::Log;

const TIMEOUT: Duration = Duration::from_secs(3);
/// Public servers ask for no more than one request in some minutes.
const ASKED_EVERY: Duration = Duration::from_mins(10);
/// Where UDP is blocked there is no use in asking often.
const AFTER_FAILURES: Duration = Duration::from_hours(1);
const FAILURES_MAX: u32 = 3;

/// What the server said last, or why it did not.
#[derive(Debug, Clone)]
pub struct SntpAnswer {
    pub at: Timestamp,
    pub server: String,
    /// Our clock minus the server's and how wrong that can be, in milliseconds.
    pub offset_and_error_ms: Result<(f64, f64), String>,
}

/// The last answer.
#[derive(Debug, Default)]
pub struct Sntp(Mutex<Option<SntpAnswer>>);

impl Sntp {
    pub fn last(&self) -> Option<SntpAnswer> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks on and on.
    pub(super) async fn ask_on(&self, server: &str, log: &Log, now: fn() -> Timestamp) {
        let mut failures = 0;
        loop {
            let answer = ask(server).await;
            let at = now();
            if let Ok((offset_ms, error_ms)) = answer {
                failures = 0;
                log.keep(Line::Clock(ClockLine {
                    at,
                    server: server.to_owned(),
                    measured: Measured::Sntp {
                        source: SntpSource::Sntp,
                        offset_ms,
                        error_ms,
                    },
                    instance: None,
                }));
            } else {
                failures += 1;
            }
            if let Err(reason) = &answer
                && failures == FAILURES_MAX
            {
                tracing::warn!(
                    "{server} does not answer by SNTP, and is asked once an hour: {reason}"
                );
            }
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(SntpAnswer {
                at,
                server: server.to_owned(),
                offset_and_error_ms: answer,
            });
            sleep(if failures >= FAILURES_MAX {
                AFTER_FAILURES
            } else {
                ASKED_EVERY
            })
            .await;
        }
    }
}

/// Our clock minus the server's, and how wrong that can be if the server is right: half the round trip.
async fn ask(server: &str) -> Result<(f64, f64), String> {
    let client = AsyncSntpClient::with_config(Config::default().timeout(TIMEOUT));
    let answer = client.synchronize(server).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.leap_indicator() == LeapIndicator::AlarmCondition {
        return Err("the server itself is not synchronised".to_owned());
    }
    let tenths = |seconds: f64| (seconds * 1e4).round() / 10.0;
    let offset_ms = tenths(-answer.clock_offset().as_secs_f64());
    let error_ms = tenths(answer.round_trip_delay().as_secs_f64() / 2.0) + 0.1;
    if !offset_ms.is_finite() || error_ms < 0.0 {
        return Err("the answer makes no sense".to_owned());
    }
    Ok((offset_ms, error_ms))
}
