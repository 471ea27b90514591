//! This machine's clock against Zoom's, and what a mint makes of the difference.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use tokio::time::{Instant, sleep};
use usher_core::clock::{ClockWitness, Estimate, Interval, NoReading, Reading, send_at};
use usher_core::doctor::{Clock, Finding};
use usher_core::verdict::Cause;

use super::Looked;
use super::network::{self, Host, Role, ask};
use crate::config::Config;
use crate::mint::DEFAULT_EXPIRES_IN_S;
use crate::witnesses::{SystemClock, system_clock};

/// Of each host. The first bounds the offset to a second and a round trip, each further one halves it.
const READINGS: usize = 4;
/// Enough for all four, which wait for a second's turn each. A host that is slower gives fewer.
const READING_TIME: Duration = Duration::from_secs(5);
/// A clock further off than this is worth a word, whether or not a mint can make up for it: a synchronised one is within milliseconds.
const OFF: SignedDuration = SignedDuration::from_secs(5);
const FIX: &str = "Let chrony or systemd-timesyncd keep this machine's clock (in a virtual machine or container: the host's).";

pub(super) async fn look(config: &Config, hosts: &[Host]) -> Looked<Option<Clock>> {
    let mut findings = vec![system()];
    // That there is none is said by the look at the way out.
    let Ok(client) = network::client(config) else {
        return (findings, None);
    };
    let asked: Vec<&Host> = hosts.iter().filter(|host| host.role != Role::Web).collect();
    let heard = join_all(asked.iter().map(|host| readings(&client, host))).await;
    let (mut readings, mut reasons) = (Vec::new(), Vec::new());
    for (host, result) in asked.iter().zip(heard) {
        match result {
            Ok(of_host) => readings.extend(of_host),
            Err(reason) => reasons.push(format!("{}: {reason}", host.name())),
        }
    }
    readings.sort_by_key(|reading: &Reading| reading.received_at);
    let mut witness = ClockWitness::default();
    for reading in &readings {
        witness.add(reading);
    }
    let estimate = witness.estimate(Timestamp::now());
    let Some(offset) = estimate.offset else {
        findings.push(unknown(&reasons));
        return (findings, None);
    };
    findings.push(judge(&estimate, offset, config.backdate_s, readings.len()));
    findings.extend(dissent(&estimate));
    let clock = Clock {
        offset_ms: offset.as_millis(),
        readings: u32::try_from(readings.len()).unwrap_or(u32::MAX),
    };
    (findings, Some(clock))
}

/// Several readings of one host, each sent when it tells most. An error if there is none.
async fn readings(client: &Client, host: &Host) -> Result<Vec<Reading>, String> {
    let mut witness = ClockWitness::default();
    let mut readings: Vec<Reading> = Vec::new();
    let began = Instant::now();
    // As many again until one shows that the host's clock goes: all may have come within one second of it.
    let goes = |readings: &[Reading]| readings.iter().any(|one| one.date != readings[0].date);
    while (readings.len() < READINGS || !goes(&readings)) && began.elapsed() < READING_TIME {
        if readings.len() >= READINGS {
            sleep(Duration::from_secs(1)).await;
        }
        let before = Timestamp::now();
        if let Some(last) = readings.last()
            && let Some(offset) = witness.estimate(before).offset
        {
            let round_trip = last.received_at.duration_since(last.sent_at);
            let wait = send_at(before, offset, round_trip).duration_since(before);
            sleep(wait.unsigned_abs()).await;
        }
        match read(client, host).await {
            Ok(reading) => {
                witness.add(&reading);
                readings.push(reading);
            }
            Err(reason) if readings.is_empty() => return Err(reason),
            Err(_) => break,
        }
    }
    Ok(readings)
}

async fn read(client: &Client, host: &Host) -> Result<Reading, String> {
    let answer = ask(client, &host.url).await.map_err(|lost| lost.what)?;
    if !answer.is_its_own {
        return Err(NoReading::NotItsOwn.to_string());
    }
    Reading::of_answer(
        host.name(),
        host.url.scheme() == "https",
        (answer.sent_at, answer.received_at),
        answer.date.as_deref(),
        answer.age.as_deref(),
    )
    .map_err(|error| error.to_string())
}

fn unknown(reasons: &[String]) -> Finding {
    Finding::of_setup_warning(
        "clock_not_compared",
        None,
        format!(
            "This machine's clock could not be compared with Zoom's: {}.",
            reasons.join("; ")
        ),
        "Put the way to Zoom right and check again.",
    )
}

/// What the offset means for the signatures that are minted with it.
fn judge(estimate: &Estimate, offset: Interval, backdate_s: u32, readings: usize) -> Finding {
    let correction = estimate.bearing().correction();
    let backdate = SignedDuration::from_secs(backdate_s.into());
    let lifetime = SignedDuration::from_secs(DEFAULT_EXPIRES_IN_S.into());
    let says = format!(
        "This machine's clock is {} ({readings} readings). {}",
        words(offset),
        mint(correction, backdate_s, estimate.bearing().is_corroborated)
    );
    // What is left of the difference in `iat`, if the clock is as far ahead, or behind, as it must at least be.
    let ahead = offset.lo - correction - backdate;
    let behind = correction - offset.hi;
    if ahead > SignedDuration::ZERO {
        let message = format!(
            "{says} Signatures are still from {} in Zoom's future: joins end in 3712.",
            rounded(ahead)
        );
        let cause = Some(Cause::IatInFutureClockSkew);
        return Finding::of_setup_error("clock_ahead", cause, message, FIX);
    }
    if behind + backdate >= lifetime {
        let message = format!(
            "{says} Signatures of the usual {DEFAULT_EXPIRES_IN_S} s have expired when they get to Zoom: joins end in 3705."
        );
        return Finding::of_setup_error("clock_behind", Some(Cause::ClockBehind), message, FIX);
    }
    if offset.lo > OFF || offset.hi < -OFF {
        let cause = if offset.lo > OFF {
            Cause::IatInFutureClockSkew
        } else {
            Cause::ClockBehind
        };
        let message = format!(
            "{says} Joins with signatures of the usual {DEFAULT_EXPIRES_IN_S} s still pass; it takes from every signature's life, and shorter ones may have expired on arrival."
        );
        return Finding::of_setup_warning("clock_off", Some(cause), message, FIX);
    }
    Finding::of_setup_info("clock_well", says, "")
}

fn mint(correction: SignedDuration, backdate_s: u32, is_corroborated: bool) -> String {
    let zero = SignedDuration::ZERO;
    let takes = match correction {
        _ if correction == zero => "A mint that knows no more takes nothing off it".to_owned(),
        _ if correction > zero => {
            format!(
                "A mint that knows no more takes {} off it",
                rounded(correction)
            )
        }
        _ => format!(
            "A mint that knows no more adds {} to it",
            rounded(correction.abs())
        ),
    };
    let word = if is_corroborated {
        "two hosts agree"
    } else {
        "on the word of one host, a minute at most"
    };
    format!("{takes} ({word}), and {backdate_s} s for safety.")
}

/// `1.2 to 1.3 s ahead of Zoom's`.
fn words(offset: Interval) -> String {
    let [lo, hi] = [offset.lo, offset.hi];
    let zero = SignedDuration::ZERO;
    if lo > zero {
        format!("{} to {} ahead of Zoom's", rounded(lo), rounded(hi))
    } else if hi < zero {
        format!(
            "{} to {} behind Zoom's",
            rounded(hi.abs()),
            rounded(lo.abs())
        )
    } else {
        format!(
            "at most {} behind and at most {} ahead of Zoom's",
            rounded(lo.abs()),
            rounded(hi)
        )
    }
}

/// To milliseconds: `9m 59s 823ms`.
fn rounded(duration: SignedDuration) -> String {
    let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_millis(ms))
}

/// Hosts of Zoom that contradict each other, or themselves.
fn dissent(estimate: &Estimate) -> Option<Finding> {
    let odd = estimate
        .statements
        .iter()
        .find(|statement| statement.is_contradicted);
    let odd = odd.or_else(|| estimate.dissenting().first())?;
    Some(Finding::of_setup_warning(
        "zoom_clocks_differ",
        None,
        format!(
            "{} says otherwise: this machine's clock is {}.",
            odd.server,
            words(odd.offset)
        ),
        "A proxy may answer in its place. Check again; if it stays, tell Zoom.",
    ))
}

/// What this system says of its own clock.
fn system() -> Finding {
    match system_clock() {
        SystemClock::Synchronised { error_max } => Finding::of_setup_info(
            "system_clock",
            format!(
                "The system says that its clock is synchronised, to within {} ms.",
                error_max.as_millis()
            ),
            "",
        ),
        SystemClock::Unsynchronised => Finding::of_setup_warning(
            "system_clock_unsynchronised",
            None,
            "The system says that nobody keeps its clock.",
            FIX,
        ),
        SystemClock::Unknown => Finding::of_setup_info(
            "system_clock",
            "The system does not say whether somebody keeps its clock.",
            "",
        ),
    }
}
