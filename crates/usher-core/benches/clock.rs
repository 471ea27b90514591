//! How narrow the clock witness's interval is after some readings, beside the best that any method could reach from the same readings.
//!
//! The best is the exact intersection of what the answers say, for a clock that is known not to drift; the witness can't know that, and
//! allows for drift: 60 ms in the minute between two readings. One answer can't tell more than its round trip; several, whose ways there
//! and back took differently long, can. `cargo bench -p usher-core --bench clock`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use usher_core::clock::{ClockWitness, Interval, Reading, send_at};

const WORLDS: u64 = 1000;
const AFTER: [usize; 5] = [1, 3, 10, 30, 100];
/// As the service asks: ten times within the first seconds, then once a minute.
const AT_START: usize = 10;
const PAUSE_AT_START: SignedDuration = SignedDuration::from_millis(1000);
const PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// `SplitMix64` (Steele, Lea, Flood 2014): the same worlds in every run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

#[derive(Clone, Copy)]
enum Phase {
    /// Whenever there is something to ask.
    Random,
    /// As the second should turn.
    Chosen,
}

struct Widths {
    witness: Vec<f64>,
    best: Vec<f64>,
    shortest: Vec<f64>,
}

/// A server without drift, `round_trip` milliseconds away at least; half as much again at times, and split unevenly.
fn world(seed: u64, round_trip_ms: f64, phase: Phase) -> Widths {
    let mut random = Random(seed);
    let offset = SignedDuration::from_secs_f64(random.unit() * 20.0 - 10.0);
    let mut witness = ClockWitness::default();
    let mut exact: Option<Interval> = None;
    let mut shortest = SignedDuration::MAX;
    let mut widths = Widths {
        witness: Vec::new(),
        best: Vec::new(),
        shortest: Vec::new(),
    };
    let mut now = Timestamp::from_second(1_700_000_000).unwrap();
    for index in 0..*AFTER.last().unwrap() {
        now += SignedDuration::from_secs_f64(random.unit());
        if let (Phase::Chosen, Some(known)) = (phase, witness.estimate(now).offset) {
            now = send_at(
                now,
                known,
                SignedDuration::from_secs_f64(round_trip_ms / 1e3),
            );
        }
        let trip = SignedDuration::from_secs_f64(
            round_trip_ms / 1e3 * (1.0 + 0.5 * random.unit().powi(3)),
        );
        let there = SignedDuration::from_secs_f64(trip.as_secs_f64() * (0.2 + 0.6 * random.unit()));
        let date = Timestamp::from_second((now + there - offset).as_second()).unwrap();
        let reading = Reading {
            server: "zoom.us".to_owned(),
            is_verified: true,
            sent_at: now,
            received_at: now + trip,
            date,
        };
        witness.add(&reading);
        shortest = shortest.min(trip);
        let said = reading.offset();
        exact = Some(exact.map_or(said, |exact| exact.intersection(said).unwrap()));
        let estimate = witness.estimate(reading.received_at).offset.unwrap();
        assert!(
            estimate.contains(offset),
            "the true offset is not in the interval"
        );
        if AFTER.contains(&(index + 1)) {
            let ms = |duration: SignedDuration| duration.as_secs_f64() * 1e3;
            widths.witness.push(ms(estimate.width()));
            widths.best.push(ms(exact.unwrap().width()));
            widths.shortest.push(ms(shortest));
        }
        now = reading.received_at
            + if index < AT_START {
                PAUSE_AT_START
            } else {
                PAUSE
            };
    }
    widths
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!(
        "width of the interval in ms, median of {WORLDS} worlds; best: any method, from the same readings\n"
    );
    for round_trip_ms in [2.0, 20.0, 80.0, 250.0] {
        println!("round trip from {round_trip_ms} ms");
        println!("| readings | random phase | best | chosen phase | best | shortest round trip |");
        println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
        let worlds = |phase| -> Vec<Widths> {
            (0..WORLDS)
                .map(|seed| world(seed, round_trip_ms, phase))
                .collect()
        };
        let (random, chosen) = (worlds(Phase::Random), worlds(Phase::Chosen));
        for (index, readings) in AFTER.iter().enumerate() {
            let of = |worlds: &[Widths], column: fn(&Widths) -> &Vec<f64>| {
                median(worlds.iter().map(|world| column(world)[index]).collect())
            };
            println!(
                "| {readings} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
                of(&random, |world| &world.witness),
                of(&random, |world| &world.best),
                of(&chosen, |world| &world.witness),
                of(&chosen, |world| &world.best),
                of(&chosen, |world| &world.shortest),
            );
        }
        println!();
    }
}
