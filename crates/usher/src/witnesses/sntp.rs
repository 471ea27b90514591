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

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use tokio::net::UdpSocket;

    use super::*;

    /// From 1900, as NTP counts, to 1970.
    const ERA_S: u64 = 2_208_988_800;

    /// A server that answers one request with its clock so far ahead of ours, after `spoil` had its way with the answer.
    async fn server(ahead_s: i64, spoil: fn(&mut [u8])) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let mut packet = [0; 48];
            let (_, client) = socket.recv_from(&mut packet).await.unwrap();
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let seconds = (since.as_secs() + ERA_S)
                .checked_add_signed(ahead_s)
                .unwrap();
            let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
            let time = (seconds << 32 | fraction).to_be_bytes();
            let originate: [u8; 8] = packet[40..48].try_into().unwrap();
            packet = [0; 48];
            // No leap second, version 4, server; stratum 2.
            (packet[0], packet[1]) = (0b00_100_100, 2);
            packet[16..24].copy_from_slice(&time);
            packet[24..32].copy_from_slice(&originate);
            packet[32..40].copy_from_slice(&time);
            packet[40..48].copy_from_slice(&time);
            spoil(&mut packet);
            socket.send_to(&packet, client).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn the_offset_is_ours_minus_the_servers() {
        for ahead_s in [0, 3600, -3600] {
            let server = server(ahead_s, |_| {}).await;
            let (offset_ms, error_ms) = ask(&server).await.unwrap();
            let off_ms = offset_ms + 1e3 * f64::from(i32::try_from(ahead_s).unwrap());
            assert!(off_ms.abs() <= error_ms + 1.0, "{offset_ms} ± {error_ms}");
        }
    }

    #[tokio::test]
    async fn an_answer_to_another_question_or_of_a_server_that_lost_the_time_is_none() {
        let spoils: [fn(&mut [u8]); 4] = [
            |packet| packet[24..32].fill(7),
            |packet| packet[0] |= 0b11_000_000,
            |packet| packet[1] = 0,
            |packet| packet.fill(0xff),
        ];
        for spoil in spoils {
            let server = server(0, spoil).await;
            ask(&server).await.unwrap_err();
        }
    }
}
