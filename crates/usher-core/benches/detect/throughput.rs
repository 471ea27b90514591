//! How much it takes in, and how much memory that takes.

use std::collections::VecDeque;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use usher_core::attempt::AttemptId;
use usher_core::detect::{Counts, Detector, FALSE_ALARMS, Start};
use usher_core::failure::FaultClass;

use super::random::Random;
use super::whole::history;

const DIMS: [&str; 13] = [
    "app",
    "account",
    "host",
    "role",
    "view",
    "sdk_version",
    "browser",
    "os",
    "network",
    "environment",
    "release",
    "instance",
    "meeting",
];

/// Thirteen dimensions, of which each attempt has a value of fifteen.
fn values() -> Vec<Vec<(&'static str, String)>> {
    let mut random = Random(3);
    (0..1000)
        .map(|_| {
            DIMS.map(|dim| (dim, format!("{dim}-{}", (random.unit() * 15.0) as usize)))
                .to_vec()
        })
        .collect()
}

#[allow(clippy::disallowed_methods)] // A benchmark measures time.
fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn attempts(detector: &mut Detector, begin: Timestamp, count: u64, rate: f64, p: f64) {
    let mut random = Random(9);
    let values = values();
    let values: Vec<Vec<(&str, &str)>> = values
        .iter()
        .map(|row| {
            row.iter()
                .map(|(dim, value)| (*dim, value.as_str()))
                .collect()
        })
        .collect();
    let mut joining: VecDeque<(Timestamp, AttemptId)> = VecDeque::new();
    let mut now = begin;
    for n in 0..count {
        now += SignedDuration::from_secs_f64(random.pause(rate));
        while joining.front().is_some_and(|(due, _)| *due <= now) {
            let (due, id) = joining.pop_front().unwrap();
            detector.joined(due, id);
        }
        let id = AttemptId::new(begin, u128::from(n));
        let dims = &values[n as usize % values.len()];
        detector.started(
            now,
            &Start {
                id,
                at: now,
                dims,
                is_first_of_burst: true,
            },
        );
        if random.is(p) {
            detector.failed(now, id, FaultClass::Unknown);
        } else {
            joining.push_back((now + SignedDuration::from_secs(8), id));
        }
        detector.advance(now);
    }
}

pub(crate) fn table(size: usize) {
    let begin = Timestamp::from_second(1_696_896_000).unwrap();
    println!("throughput on one core; every attempt has 13 dimensions and feeds 22 streams\n");
    println!("| what | streams | a second | memory of a stream |");
    println!("| --- | ---: | ---: | ---: |");
    for (rate, p) in [(1.0, 0.01), (100.0, 0.01), (1000.0, 0.01), (1000.0, 0.3)] {
        let mut detector = Detector::new(begin, FALSE_ALARMS);
        history(&mut detector, begin);
        let count = 200_000 * size as u64;
        let took = seconds(|| attempts(&mut detector, begin, count, rate, p));
        println!(
            "| attempts, {rate}/s, {} % fail | {} | {:.0} | {} bytes |",
            p * 100.0,
            detector.streams(),
            count as f64 / took,
            detector.stream_bytes() / detector.streams(),
        );
    }
    let mut detector = Detector::new(begin, FALSE_ALARMS);
    let rows = 200_000 * size as u64;
    let values = values();
    let values: Vec<Vec<(&str, &str)>> = values
        .iter()
        .map(|row| {
            row.iter()
                .map(|(dim, value)| (*dim, value.as_str()))
                .collect()
        })
        .collect();
    let took = seconds(|| {
        for n in 0..rows {
            let from = begin + SignedDuration::from_mins(i64::try_from(n / 100).unwrap());
            let until = from + SignedDuration::from_mins(1);
            detector.counted(&Counts {
                from,
                until,
                dims: &values[n as usize % values.len()],
                attempts: 10_000,
                failed: 100,
                class: FaultClass::Unknown,
            });
        }
    });
    println!(
        "| rows of 10,000 attempts | {} | {:.0} | |",
        detector.streams(),
        rows as f64 / took
    );
}
