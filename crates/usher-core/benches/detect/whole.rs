//! The whole detector, with all its streams, while nothing changes.

use jiff::{SignedDuration, Timestamp};
use usher_core::attempt::AttemptId;
use usher_core::detect::{Change, Counts, Detector, Start};
use usher_core::failure::FaultClass;

use super::random::{Random, poisson_upper};

const BROWSERS: [&str; 4] = ["Chrome", "Edge", "Safari", "Firefox"];
const NETWORKS: [&str; 3] = ["4g", "wifi", "ethernet"];

/// What a world is like.
pub(crate) struct World {
    pub(crate) name: &'static str,
    /// Attempts a second, and which share of them fails, at a time of day (0 to 1) for the n-th browser.
    pub(crate) rate: fn(f64) -> f64,
    pub(crate) p: fn(f64, usize) -> f64,
}

const WORLDS: [World; 4] = [
    World {
        name: "steady",
        rate: |_| 0.5,
        p: |_, _| 0.01,
    },
    World {
        name: "browsers differ",
        rate: |_| 0.5,
        p: |_, browser| [0.005, 0.01, 0.03, 0.06][browser],
    },
    World {
        name: "traffic by day",
        rate: |day| 0.5 * (1.0 - (std::f64::consts::TAU * day).cos()) + 0.01,
        p: |_, _| 0.01,
    },
    World {
        name: "failures by day, 0.5 to 1.5 %",
        rate: |_| 0.5,
        p: |day, _| 0.01 - 0.005 * (std::f64::consts::TAU * day).cos(),
    },
];

fn dims<'a>(random: &mut Random, meeting: &'a str) -> (usize, [(&'static str, &'a str); 4]) {
    let pick = |random: &mut Random, of: usize| ((random.unit() * of as f64) as usize).min(of - 1);
    let browser = pick(random, BROWSERS.len());
    let network = NETWORKS[pick(random, NETWORKS.len())];
    let role = if random.is(0.1) { "host" } else { "attendee" };
    (
        browser,
        [
            ("browser", BROWSERS[browser]),
            ("network", network),
            ("role", role),
            ("meeting", meeting),
        ],
    )
}

/// Incidents within so many T of `budget`, after `learning` days without alarms being counted.
fn incidents(world: &World, budget: SignedDuration, times: usize, learning: f64) -> (usize, usize) {
    let begin = Timestamp::from_second(1_696_896_000).unwrap();
    let mut detector = Detector::new(begin, budget);
    let mut random = Random(5);
    let end = learning * 86_400.0 + budget.as_secs_f64() * times as f64;
    let (mut now, mut opened, mut early, mut attempts) = (0.0, 0, 0, 0_u64);
    let mut joining: std::collections::VecDeque<(f64, AttemptId)> =
        std::collections::VecDeque::new();
    while now < end {
        now += random.pause((world.rate)(now / 86_400.0 % 1.0));
        let at = begin + SignedDuration::from_secs_f64(now);
        while joining.front().is_some_and(|(due, _)| *due <= now) {
            let (due, id) = joining.pop_front().unwrap();
            detector.joined(begin + SignedDuration::from_secs_f64(due), id);
        }
        attempts += 1;
        let id = AttemptId::new(begin, u128::from(attempts));
        let meeting = format!("{}", attempts / 20);
        let (browser, dims) = dims(&mut random, &meeting);
        detector.started(
            at,
            &Start {
                id,
                at,
                dims: &dims,
                is_first_of_burst: true,
            },
        );
        if random.is((world.p)(now / 86_400.0 % 1.0, browser)) {
            let class = if random.is(0.7) {
                FaultClass::Unknown
            } else {
                FaultClass::Network
            };
            detector.failed(at, id, class);
        } else {
            joining.push_back((now + 4.0, id));
        }
        for change in detector.advance(at) {
            if matches!(change, Change::Opened { .. }) {
                if now < learning * 86_400.0 {
                    early += 1;
                } else {
                    opened += 1;
                }
            }
        }
    }
    (early, opened)
}

pub(crate) fn table(size: usize) {
    println!(
        "the whole detector, nothing changes: incidents within T = 12 h after two days of learning. Promised: at most 1 while p0 bounds the rate\n"
    );
    println!("| world | in the two days | simulated | incidents | within T | at most, with 95 % |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for world in WORLDS {
        let times = 60 * size;
        let (early, opened) = incidents(&world, SignedDuration::from_hours(12), times, 2.0);
        println!(
            "| {} | {early} | {times} T | {opened} | {:.2} | {:.2} |",
            world.name,
            opened as f64 / times as f64,
            poisson_upper(opened) / times as f64,
        );
    }
}

/// History of a day, for [`super::throughput`].
pub(crate) fn history(detector: &mut Detector, begin: Timestamp) {
    detector.learn((0..24).map(|hour| Counts {
        from: begin - SignedDuration::from_hours(24 - hour),
        until: begin - SignedDuration::from_hours(23 - hour),
        dims: &[],
        attempts: 10_000,
        failed: 100,
        class: FaultClass::Unknown,
    }));
}
