//! The periodic part: asks each host of Zoom's for the time when nothing else did, and says that the witnesses are watching.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use usher_core::clock;
use usher_core::witness::{Line, Watching, Witness};

use super::Witnesses;
use super::changes::{Rotations, tell_start};
use super::status::StatusPages;
use crate::http::AppState;
use crate::panics::caught;
use crate::zoom::{ZoomClient, http_client};

/// A host that was heard within this time is not asked: its offset is known to 0.06 s more than it was (500 ppm).
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// So often it is looked whether a host is to be asked: also how soon after an answer that contradicts.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of a host that goes on contradicting itself there is nothing to learn by asking more often.
const ASKED_AGAIN_MAX: u32 = 5;
/// Requests at the start, each timed to halve the interval: ten would narrow a second to a millisecond.
const REQUESTS_AT_START: u32 = 10;
/// An interval as narrow as this is of no use to anybody who could narrow it further: the times in a signature are whole seconds.
const NARROW: SignedDuration = SignedDuration::from_millis(50);
const TICK: Duration = Duration::from_secs(5);
const TICKS_OF_A_MINUTE: u32 = 12;
/// Times of watching are told by the hour, so that those of a span are found.
const WATCH_S: i64 = 3600;

/// Watches until told to stop; then says what is not said yet.
pub async fn watch(state: AppState, stop: CancellationToken) {
    let (zoom, witnesses, now) = (&state.zoom, &state.witnesses, state.moment.now);
    let hosts = zoom.probed();
    let probing = hosts
        .iter()
        .map(|host| probe_on(zoom, witnesses, host, now));
    let controlling = async {
        let Some(control) = &state.config.control_url else {
            return;
        };
        loop {
            // The witness hears of it.
            let _ = zoom.probe_control(control).await;
            sleep(ASKED_EVERY.unsigned_abs()).await;
        }
    };
    let asking = async {
        if let Some(server) = &state.config.ntp_server {
            witnesses.sntp.ask_on(server, &witnesses.log, now).await;
        }
    };
    let reading = async {
        let addresses = &state.config.status_urls;
        match http_client(&state.config.zoom) {
            Ok(http) if !addresses.is_empty() => {
                let pages = StatusPages::new(http, addresses);
                pages.ask_on(&witnesses.log, now).await;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("Zoom's status page is not asked: {error}"),
        }
    };
    let mut watching = vec![Witness::Change, Witness::Clock, Witness::Api];
    if !state.config.status_urls.is_empty() {
        watching.push(Witness::Status);
    }
    let starting = tell_start(&state.config, &state.directory, &witnesses.log, now());
    let mut told_before = now();
    let mut watched = 0_u32;
    let telling = async {
        let mut rotations = Rotations::default();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = now();
            witnesses.api.keep_minutes_before(now);
            if watched.is_multiple_of(TICKS_OF_A_MINUTE) {
                witnesses.tell_watching(&watching, &mut told_before, now);
            }
            watched = watched.wrapping_add(1);
            rotations.tell(&state.config.apps, &witnesses.log, now);
        }
    };
    let all = async {
        tokio::join!(
            join_all(probing),
            controlling,
            asking,
            reading,
            starting,
            telling
        )
    };
    if let Some(Err(panic)) = stop.run_until_cancelled(Box::pin(caught(all))).await {
        tracing::error!("the witnesses watch no more: {panic}");
    }
    witnesses.api.keep_minutes_before(Timestamp::MAX);
    witnesses.tell_watching(&watching, &mut told_before, now());
}

async fn probe_on(
    zoom: &ZoomClient,
    witnesses: &Witnesses,
    host: &Url,
    now: fn() -> Timestamp,
) -> std::convert::Infallible {
    // The first connects, so it takes longer than those that follow.
    let mut round_trip = Duration::ZERO;
    for _ in 0..REQUESTS_AT_START {
        let Ok(took) = zoom.probe(host).await else {
            break;
        };
        round_trip = took;
        let Some(pause) = until_the_second_turns(witnesses, host, round_trip, now()) else {
            break;
        };
        sleep(pause).await;
    }
    // However it answers: one whose answers tell no time is asked no more often than others.
    let mut asked_at = Instant::now();
    let mut asked_again = 0;
    loop {
        sleep(LOOK_EVERY).await;
        let (is_silent, is_contradicted) = witnesses.silent_or_contradicted(host, now());
        if !is_contradicted {
            asked_again = 0;
        }
        let is_soon = is_contradicted && asked_again < ASKED_AGAIN_MAX;
        let is_due = is_silent && asked_at.elapsed() >= ASKED_EVERY.unsigned_abs();
        if !is_soon && !is_due {
            continue;
        }
        asked_again += u32::from(is_soon);
        if let Some(pause) = until_the_second_turns(witnesses, host, round_trip, now()) {
            sleep(pause).await;
        }
        if let Ok(took) = zoom.probe(host).await {
            round_trip = took;
        }
        asked_at = Instant::now();
    }
}

/// How long to wait so that the answer tells most; none if there is nothing to gain.
fn until_the_second_turns(
    witnesses: &Witnesses,
    host: &Url,
    round_trip: Duration,
    now: Timestamp,
) -> Option<Duration> {
    let estimate = witnesses.clock.estimate();
    let mut statements = estimate.statements.iter();
    let statement = statements.find(|statement| statement.server == host.authority())?;
    if statement.offset.width() <= NARROW {
        // Nobody leans on a clock that was never seen to go.
        return (!statement.goes).then_some(Duration::from_secs(1));
    }
    let send_at = clock::send_at(
        now,
        statement.offset,
        SignedDuration::try_from(round_trip).unwrap_or_default(),
    );
    Some(send_at.duration_since(now).unsigned_abs())
}

impl Witnesses {
    /// Whether a host was silent for so long that it is asked; and whether its last answer contradicts those before, so that it is asked
    /// soon: either that answer was wrong, or what was known is.
    fn silent_or_contradicted(&self, host: &Url, now: Timestamp) -> (bool, bool) {
        let estimate = self.clock.estimate();
        let mut statements = estimate.statements.iter();
        let heard = statements.find(|statement| statement.server == host.authority());
        let silent_for = heard.map_or(ASKED_EVERY, |statement| {
            now.duration_since(statement.heard_at).abs()
        });
        let is_contradicted = heard.is_some_and(|statement| statement.is_contradicted);
        (silent_for >= ASKED_EVERY, is_contradicted)
    }

    /// Says that the witnesses are on, and at the turn of an hour that they were on to its end.
    fn tell_watching(&self, watching: &[Witness], told_before: &mut Timestamp, now: Timestamp) {
        let hour_of = |at: Timestamp| {
            let second = at.as_second().div_euclid(WATCH_S) * WATCH_S;
            Timestamp::from_second(second).unwrap_or(at)
        };
        let (hour, hour_before) = (hour_of(now), hour_of(*told_before));
        for &witness in watching {
            if hour_before < hour {
                self.tell_watch(witness, hour_before, hour);
            }
            self.tell_watch(witness, hour, now);
        }
        *told_before = now;
    }

    fn tell_watch(&self, witness: Witness, hour: Timestamp, to: Timestamp) {
        let from = hour.max(self.since);
        let id = format!(
            "{:016x}-{}-{}",
            from.as_microsecond(),
            witness.as_str(),
            self.log.instance()
        );
        let watching = Watching {
            witness,
            from,
            to: to.max(from),
            instance: None,
        };
        self.log.keep_as(id, Line::Watching(watching));
    }
}
