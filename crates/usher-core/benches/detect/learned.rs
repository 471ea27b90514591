//! p0 is learned: what that costs in delay, and in false alarms.

use jiff::{SignedDuration, Timestamp};
use usher_core::detect::{Counts, Detector, FALSE_ALARMS, Slot};
use usher_core::failure::FaultClass;

use super::given::{Watch, world};
use super::optimum::Cusum;
use super::random::{Random, mean, poisson_upper};
use super::{FALSE_ALARM_S, JUMPS};

/// p0 after so many days at a rate and a failure probability, as the detector learns it.
fn learned(random: &mut Random, days: u32, rate: f64, p0: f64) -> f64 {
    let begin = Timestamp::from_second(1_696_896_000).unwrap();
    let mut detector = Detector::new(
        begin + SignedDuration::from_hours(24 * i64::from(days)),
        FALSE_ALARMS,
    );
    let rows: Vec<Counts<'_>> = (0..24 * days)
        .map(|hour| {
            let from = begin + SignedDuration::from_hours(i64::from(hour));
            let failed = random.poisson(3600.0 * rate * p0);
            Counts {
                from,
                until: from + SignedDuration::from_hours(1),
                dims: &[],
                attempts: failed + random.poisson(3600.0 * rate * (1.0 - p0)),
                failed,
                class: FaultClass::Unknown,
            }
        })
        .collect();
    detector.learn(rows);
    detector.usual(&Slot::Everybody).unwrap()
}

/// False alarms within T, and how many T were simulated: in each, p0 is learned anew.
fn alarms(days: u32, rate: f64, p0: f64, times: usize) -> usize {
    let mut alarms = 0;
    for seed in 0..times as u64 {
        let mut random = Random(1000 + seed);
        let budget_s = 20_000.0 / rate;
        let mut watch = Watch::new(budget_s, learned(&mut random, days, rate, p0), 0.0);
        let mut now = 0.0;
        while now < budget_s {
            now += random.pause(rate);
            if watch.take(now, random.is(p0)) {
                alarms += 1;
                watch.reset(now);
            }
        }
    }
    alarms
}

pub(crate) fn table(size: usize) {
    println!(
        "p0 learned: mean delay in attempts beside the optimum that knows it, and false alarms within T (20,000 attempts)\n"
    );
    println!(
        "| days | rate/s | jump % | p0 learned % | attempts | optimum | ratio | false alarms within T | at most, with 95 % |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for days in [0, 1, 7, 30] {
        for rate in [0.05, 1.0, 100.0] {
            for (p0, p1) in JUMPS {
                let mut optimum = Cusum::new(p0, p1, FALSE_ALARM_S * rate);
                let mut usual = Vec::new();
                let (mut ours, mut best) = (Vec::new(), Vec::new());
                for seed in 0..100 * size as u64 {
                    let told = learned(&mut Random(seed), days, rate, p0);
                    usual.push(told);
                    // Not to be told apart from p0 by any number of attempts.
                    if told < p1 {
                        let delays = world(seed, rate, (p0, p1), told, &mut optimum);
                        ours.push(delays[0].0);
                        best.push(delays[1].0);
                    }
                }
                let times = 200 * size;
                let alarms = alarms(days, rate, p0, times);
                print!(
                    "| {days} | {rate} | {} → {} | {:.3} ",
                    p0 * 100.0,
                    p1 * 100.0,
                    mean(&usual) * 100.0
                );
                if ours.is_empty() {
                    print!("| not found | | ");
                } else {
                    print!(
                        "| {:.1} | {:.1} | {:.2} ",
                        mean(&ours),
                        mean(&best),
                        mean(&ours) / mean(&best)
                    );
                }
                println!(
                    "| {:.2} | {:.2} |",
                    alarms as f64 / times as f64,
                    poisson_upper(alarms) / times as f64
                );
            }
        }
    }
}
