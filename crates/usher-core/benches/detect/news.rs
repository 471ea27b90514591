//! Outcomes that come late: failures after 0.3 s, successes after 8 s.

use std::collections::VecDeque;

use usher_core::detect::Process;

use super::FALSE_ALARM_S;
use super::optimum::Cusum;
use super::random::{Random, mean, span};

const FAILS_AFTER_S: f64 = 0.3;
const AGE_S: i64 = 30;

/// Seconds from the change to the alarm.
fn world(seed: u64, rate: f64, p0: f64, p1: f64, optimum: &mut Cusum) -> [f64; 2] {
    let mut random = Random(seed);
    let mut process = Process::new(0, FALSE_ALARM_S * 1e6, p0);
    optimum.reset();
    let changes = (5000.0 / rate).max(5.0);
    let (mut now, mut best) = (0.0, None);
    let mut failing: VecDeque<f64> = VecDeque::new();
    loop {
        now += random.pause(rate);
        while failing
            .front()
            .is_some_and(|start| start + FAILS_AFTER_S <= now)
        {
            let start = failing.pop_front().unwrap();
            process.correct((start * 1e6) as i64, 1);
            if process.evidence().is_some() {
                if start + FAILS_AFTER_S < changes {
                    process.reset((now * 1e6) as i64);
                    continue;
                }
                return [start + FAILS_AFTER_S - changes, best.unwrap_or(f64::NAN)];
            }
        }
        let at = (now * 1e6) as i64;
        while process.settle(now as i64 - AGE_S).is_some() {}
        process.enter(at, at, 1);
        let failed = random.is(if now < changes { p0 } else { p1 });
        if failed {
            failing.push_back(now);
        }
        if optimum.take(failed) {
            if now < changes {
                optimum.reset();
            } else if best.is_none() {
                best = Some(now + FAILS_AFTER_S - changes);
            }
        }
    }
}

pub(crate) fn delays(size: usize) {
    println!(
        "failures known after 0.3 s, successes after 8 s: mean delay; the optimum is told each outcome 0.3 s after the start, in the order of starts\n"
    );
    println!("| rate/s | jump % | ours | optimum |");
    println!("| ---: | ---: | ---: | ---: |");
    for rate in [0.05, 1.0, 10.0, 100.0, 1000.0] {
        for (p0, p1) in [(0.01, 0.05), (0.01, 0.30), (0.01, 0.99)] {
            let mut optimum = Cusum::new(p0, p1, FALSE_ALARM_S * rate);
            let worlds = (50 * size) as u64;
            let delays: Vec<_> = (0..worlds)
                .map(|seed| world(seed, rate, p0, p1, &mut optimum))
                .collect();
            let of = |who: usize| {
                let known = delays
                    .iter()
                    .map(|delays| delays[who])
                    .filter(|delay| delay.is_finite());
                span(mean(&known.collect::<Vec<_>>()))
            };
            println!(
                "| {rate} | {} → {} | {} | {} |",
                p0 * 100.0,
                p1 * 100.0,
                of(0),
                of(1)
            );
        }
    }
}

/// Crowds of 300 that start within two seconds, each hour for half a day, of which one percent fail: what counting outcomes as they arrive
/// takes for an outage each time.
pub(crate) fn crowds(size: usize) {
    let half_days = 60 * size;
    let mut alarms = 0;
    for seed in 0..half_days as u64 {
        let mut random = Random(seed);
        let mut process = Process::new(0, FALSE_ALARM_S * 1e6, 0.01);
        for hour in 0..12 {
            let begin = f64::from(hour) * 3600.0;
            let mut starts: Vec<f64> = (0..300).map(|_| begin + 2.0 * random.unit()).collect();
            starts.sort_by(f64::total_cmp);
            let mut failing = VecDeque::new();
            let mut is_alarmed = false;
            for start in starts.iter().copied().chain([begin + 60.0]) {
                while failing
                    .front()
                    .is_some_and(|failing| failing + FAILS_AFTER_S <= start)
                {
                    process.correct((failing.pop_front().unwrap() * 1e6) as i64, 1);
                    is_alarmed |= process.evidence().is_some();
                }
                if start < begin + 60.0 {
                    process.enter((start * 1e6) as i64, (start * 1e6) as i64, 1);
                    if random.is(0.01) {
                        failing.push_back(start);
                    }
                }
            }
            while process.settle((begin + 60.0) as i64).is_some() {}
            alarms += usize::from(is_alarmed);
        }
    }
    println!(
        "crowds of 300 within 2 s each hour, 1 % fail: {alarms} alarms in {half_days} half-days (promised: {:.1} at most)",
        half_days as f64 / 60.0
    );
}
