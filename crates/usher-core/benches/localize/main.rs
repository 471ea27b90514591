//! How often the localizer names exactly the slices in which failures were made, and how long it takes for a million attempts.
//!
//! Cubes are generated: dimensions of 2 to 30 values of uneven weight, a rate of failure that differs from value to value, then one or two
//! slices in which more attempts fail. Precision: of the causes claimed, those that were made, exactly. Recall: of those made, the claimed
//! ones. First: the first slice listed is one of those made. In brackets 95 % intervals (Wilson 1927).
//! `cargo bench -p usher-core --bench localize`; a number after `--` is the number of worlds a row.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use usher_core::localize::{Cube, Localization, Role, Spans, localize};

type Slice = BTreeSet<(usize, usize)>;

/// `SplitMix64` (Steele, Lea, Flood 2014): the same worlds in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Even in the logarithm.
    fn of_scale(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

/// A kind of world.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    causes: usize,
    conditions: usize,
    /// Attempts of the window.
    attempts: usize,
    /// Failures that a cause adds.
    added: (f64, f64),
    is_nested: bool,
    /// The usual rate swings by so much of itself over an hour.
    swing: f64,
    /// Both causes are in one value of one dimension.
    is_shared: bool,
}

const PLAIN: Kind = Kind {
    name: "",
    causes: 1,
    conditions: 1,
    attempts: 20_000,
    added: (40.0, 2000.0),
    is_nested: false,
    swing: 0.0,
    is_shared: false,
};

const KINDS: [Kind; 14] = [
    Kind {
        name: "nothing happened",
        causes: 0,
        ..PLAIN
    },
    Kind {
        name: "nothing, the rate swings by 30 %",
        causes: 0,
        swing: 0.3,
        ..PLAIN
    },
    Kind {
        name: "everybody",
        conditions: 0,
        added: (100.0, 6000.0),
        ..PLAIN
    },
    Kind {
        name: "one condition",
        ..PLAIN
    },
    Kind {
        name: "two conditions",
        conditions: 2,
        ..PLAIN
    },
    Kind {
        name: "three conditions",
        conditions: 3,
        ..PLAIN
    },
    Kind {
        name: "two causes of one condition",
        causes: 2,
        ..PLAIN
    },
    Kind {
        name: "two causes of two conditions",
        causes: 2,
        conditions: 2,
        ..PLAIN
    },
    Kind {
        name: "two causes of three conditions",
        causes: 2,
        conditions: 3,
        ..PLAIN
    },
    Kind {
        name: "two causes that share a value",
        causes: 2,
        conditions: 2,
        is_shared: true,
        ..PLAIN
    },
    Kind {
        name: "nested, one condition",
        is_nested: true,
        ..PLAIN
    },
    Kind {
        name: "nested, two conditions",
        is_nested: true,
        conditions: 2,
        ..PLAIN
    },
    Kind {
        name: "small counts, one condition",
        attempts: 800,
        added: (10.0, 40.0),
        ..PLAIN
    },
    Kind {
        name: "small counts, two conditions",
        attempts: 800,
        added: (10.0, 40.0),
        conditions: 2,
        ..PLAIN
    },
];

const BASELINE_WINDOWS: i64 = 6;
const MINUTES: i64 = 10;

struct World {
    truth: Vec<Slice>,
    cube: Cube,
    names: Vec<String>,
}

fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

struct Traffic {
    /// Shares of values, summed up.
    shares: Vec<Vec<f64>>,
    factors: Vec<Vec<f64>>,
    rate: f64,
}

impl Traffic {
    fn new(random: &mut Random, is_nested: bool) -> Self {
        let count = 4 + random.below(5);
        let mut shares = Vec::new();
        let mut factors = Vec::new();
        for dim in 0..count {
            let is_version = is_nested && dim + 1 == count;
            let values = random.of_scale(if is_version { 6.0 } else { 2.0 }, 30.0) as usize;
            let slope = random.between(0.0, 1.2);
            let weights: Vec<f64> = (1..=values)
                .map(|rank| (rank as f64).powf(-slope))
                .collect();
            let total: f64 = weights.iter().sum();
            let mut sum = 0.0;
            shares.push(
                weights
                    .iter()
                    .map(|weight| {
                        sum += weight / total;
                        sum
                    })
                    .collect::<Vec<f64>>(),
            );
            let spread = random.between(0.0, 0.5);
            factors.push(
                (0..values)
                    .map(|_| (spread * (random.unit() * 3.4 - 1.7)).exp())
                    .collect(),
            );
        }
        if is_nested {
            // The last but one dimension follows from the last: three versions each have one view.
            let last: &Vec<f64> = shares.last().unwrap();
            let parents = last.len().div_ceil(3);
            let index = shares.len() - 2;
            factors[index] = vec![1.0; parents];
        }
        Self {
            shares,
            factors,
            rate: random.of_scale(0.002, 0.04),
        }
    }

    fn tuple(&self, random: &mut Random, is_nested: bool) -> Vec<usize> {
        let mut tuple: Vec<usize> = self
            .shares
            .iter()
            .map(|shares| {
                let at = random.unit();
                shares
                    .partition_point(|share| *share < at)
                    .min(shares.len() - 1)
            })
            .collect();
        if is_nested {
            let index = tuple.len() - 2;
            tuple[index] = tuple[index + 1] / 3;
        }
        tuple
    }

    fn rate(&self, tuple: &[usize]) -> f64 {
        let factors = tuple
            .iter()
            .enumerate()
            .map(|(dim, value)| self.factors[dim][*value]);
        (self.rate * factors.product::<f64>()).min(0.9)
    }
}

fn has(slice: &Slice, tuple: &[usize]) -> bool {
    slice.iter().all(|(dim, value)| tuple[*dim] == *value)
}

/// A cause that is large enough to add so many failures, and the rate that it raises its attempts to.
fn cause(
    random: &mut Random,
    kind: Kind,
    tuples: &[Vec<usize>],
    others: &[Slice],
) -> Option<(Slice, f64)> {
    for _ in 0..2000 {
        let tuple = &tuples[random.below(tuples.len())];
        let mut dims: Vec<usize> = (0..tuple.len()).collect();
        for index in 0..dims.len() {
            let other = index + random.below(dims.len() - index);
            dims.swap(index, other);
        }
        let mut slice: Slice = dims
            .iter()
            .take(kind.conditions)
            .map(|dim| (*dim, tuple[*dim]))
            .collect();
        if kind.is_shared
            && let Some(other) = others.first()
        {
            let shared = *other.iter().next().unwrap();
            let second = *other.iter().nth(1).unwrap();
            slice = [shared, (second.0, tuple[second.0])].into();
        }
        if kind.is_nested {
            let (version, view) = (tuple.len() - 1, tuple.len() - 2);
            if slice.iter().any(|(dim, _)| *dim == version)
                && slice.iter().any(|(dim, _)| *dim == view)
            {
                continue;
            }
        }
        let count = tuples.iter().filter(|tuple| has(&slice, tuple)).count() as f64;
        let added = random.of_scale(kind.added.0, kind.added.1);
        let raise = added / count;
        let is_most = kind.conditions > 0 && count > 0.7 * tuples.len() as f64;
        let overlaps = others.iter().any(|other| *other == slice);
        // Two values of three that cover nearly all of what they share are that.
        if kind.is_shared
            && let Some(other) = others.first()
        {
            let shared: Slice = [*other.iter().next().unwrap()].into();
            let count = |of: &Slice| tuples.iter().filter(|tuple| has(of, tuple)).count() as f64;
            if count(other) + count(&slice) > 0.7 * count(&shared) {
                continue;
            }
        }
        if raise > 0.05 && raise < 0.97 && !is_most && !overlaps {
            return Some((slice, raise));
        }
    }
    None
}

fn world(seed: u64, kind: Kind) -> Option<World> {
    let mut random = Random(seed.wrapping_mul(0x1234_5677));
    let traffic = Traffic::new(&mut random, kind.is_nested);
    let window: Vec<Vec<usize>> = (0..kind.attempts)
        .map(|_| traffic.tuple(&mut random, kind.is_nested))
        .collect();
    let mut causes: Vec<(Slice, f64)> = Vec::new();
    for _ in 0..kind.causes {
        let truth: Vec<Slice> = causes.iter().map(|(slice, _)| slice.clone()).collect();
        causes.push(cause(&mut random, kind, &window, &truth)?);
    }
    let length = SignedDuration::from_mins(MINUTES);
    let begin = start();
    let baseline = begin - length * i32::try_from(BASELINE_WINDOWS).unwrap();
    let mut cube = Cube::new(Spans {
        window: begin..begin + length,
        baseline: baseline..begin,
    });
    let names: Vec<String> = (0..traffic.shares.len())
        .map(|dim| format!("d{dim}"))
        .collect();
    let values: Vec<String> = (0..64).map(|value| format!("v{value}")).collect();
    let mut add = |random: &mut Random, tuple: &[usize], at: Timestamp, raise: f64| {
        let phase = at.duration_since(baseline).as_secs_f64() / 3600.0 * std::f64::consts::TAU;
        let usual = traffic.rate(tuple) * (1.0 + kind.swing * phase.sin());
        let is_failed = random.unit() < usual + (1.0 - usual) * raise;
        let dims = tuple
            .iter()
            .enumerate()
            .map(|(dim, value)| (names[dim].as_str(), values[*value].as_str()));
        cube.add(at, dims, 1, u64::from(is_failed));
    };
    for tuple in &window {
        let at = begin + SignedDuration::from_secs_f64(random.unit() * 599.0);
        let raises = causes
            .iter()
            .filter(|(slice, _)| has(slice, tuple))
            .map(|(_, raise)| *raise);
        let raise = raises.fold(0.0, f64::max);
        add(&mut random, tuple, at, raise);
    }
    for _ in 0..kind.attempts * 6 {
        let tuple = traffic.tuple(&mut random, kind.is_nested);
        let at = baseline + SignedDuration::from_secs_f64(random.unit() * 3599.0);
        add(&mut random, &tuple, at, 0.0);
    }
    Some(World {
        truth: causes.into_iter().map(|(slice, _)| slice).collect(),
        cube,
        names,
    })
}

/// Whether a found slice, or one that is known to be the same, is that one.
fn is(found: &Localization, index: usize, truth: &Slice, names: &[String]) -> bool {
    let wanted: BTreeSet<(String, String)> = truth
        .iter()
        .map(|(dim, value)| (names[*dim].clone(), format!("v{value}")))
        .collect();
    let found = &found.slices[index];
    [&found.slice]
        .into_iter()
        .chain(&found.equals)
        .any(|slice| {
            slice
                .iter()
                .map(|c| (c.dim.clone(), c.value.clone()))
                .collect::<BTreeSet<_>>()
                == wanted
        })
}

#[derive(Default)]
struct Tally {
    worlds: usize,
    first: usize,
    claimed: usize,
    right: usize,
    made: usize,
    in_ties: usize,
    quiet: usize,
    ms: f64,
}

fn wilson(hits: usize, of: usize) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    let (n, z) = (of as f64, 1.96_f64);
    let p = hits as f64 / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    format!("{:.3} [{:.3}, {:.3}]", p, middle - half, middle + half)
}

fn row(kind: Kind, worlds: u64, is_told: bool) {
    let mut tally = Tally::default();
    for seed in 0..worlds {
        let Some(world) = world(seed + 1, kind) else {
            continue;
        };
        let started = Instant::now();
        let found = localize(&world.cube);
        tally.ms += started.elapsed().as_secs_f64() * 1e3;
        tally.worlds += 1;
        tally.made += world.truth.len();
        tally.quiet += usize::from(found.slices.is_empty());
        let mut wrong = false;
        for (index, slice) in found.slices.iter().enumerate() {
            let is_made = world
                .truth
                .iter()
                .any(|truth| is(&found, index, truth, &world.names));
            match slice.role {
                Role::TieOf(_) => tally.in_ties += usize::from(is_made),
                Role::Best | Role::After(_) => {
                    tally.claimed += 1;
                    tally.right += usize::from(is_made);
                    tally.first += usize::from(is_made && index == 0);
                    wrong |= !is_made;
                }
            }
        }
        if is_told && (wrong || found.slices.is_empty()) && kind.causes > 0 {
            println!("seed {seed}: made {:?}", world.truth);
            for slice in &found.slices {
                let shown: Vec<String> = slice
                    .slice
                    .iter()
                    .map(|c| format!("{}={}", c.dim, c.value))
                    .collect();
                println!(
                    "   {:?} {shown:?} score {:.1} {}/{} expected {:.1}",
                    slice.role, slice.score, slice.failed, slice.attempts, slice.expected_failed
                );
            }
        }
    }
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        kind.name,
        tally.worlds,
        wilson(tally.first, if kind.causes > 0 { tally.worlds } else { 0 }),
        wilson(tally.right, tally.claimed),
        wilson(tally.right, tally.made),
        tally.in_ties,
        wilson(tally.quiet, tally.worlds),
        tally.ms / tally.worlds as f64,
    );
}

/// A million attempts of 12 dimensions with 20 values each, all different: the worst case of grouping.
fn speed(name: &str, attempts: usize, raise: f64, skew: f64) {
    let mut random = Random(7);
    let length = SignedDuration::from_mins(MINUTES);
    let begin = start();
    let spans = Spans {
        window: begin..begin + length,
        baseline: begin - length * 6..begin,
    };
    let names: Vec<String> = (0..12).map(|dim| format!("d{dim}")).collect();
    let values: Vec<String> = (0..20).map(|value| format!("v{value}")).collect();
    let rows: Vec<(Timestamp, [u8; 12], bool)> = (0..attempts)
        .map(|index| {
            let mut tuple = [0; 12];
            for value in &mut tuple {
                *value = (20.0 * random.unit().powf(skew)) as u8;
            }
            let is_window = index % 2 == 0;
            let at = if is_window {
                begin
            } else {
                begin - length * (1 + random.below(5) as i32)
            };
            let rate = if is_window && tuple[3] == 4 && tuple[7] == 1 {
                raise
            } else {
                0.01
            };
            (at, tuple, random.unit() < rate)
        })
        .collect();
    let started = Instant::now();
    let mut cube = Cube::new(spans);
    for (at, tuple, is_failed) in &rows {
        let dims = tuple
            .iter()
            .enumerate()
            .map(|(dim, value)| (names[dim].as_str(), values[usize::from(*value)].as_str()));
        cube.add(*at, dims, 1, u64::from(*is_failed));
    }
    let built = started.elapsed();
    let found = localize(&cube);
    let all = started.elapsed();
    println!(
        "| {name} | {attempts} | {:.0} | {:.0} | {:.0} | {} |",
        built.as_secs_f64() * 1e3,
        (all - built).as_secs_f64() * 1e3,
        all.as_secs_f64() * 1e3,
        found.slices.len(),
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let worlds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(200);
    let is_told = args.iter().any(|arg| arg == "told");
    let only = args.iter().find_map(|arg| arg.strip_prefix("only="));
    println!(
        "| world | worlds | first | precision | recall | made, but a tie | nothing claimed | ms |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for kind in KINDS
        .into_iter()
        .filter(|kind| only.is_none_or(|only| kind.name.contains(only)))
    {
        row(kind, worlds, is_told);
    }
    println!(
        "\n| 12 dimensions of 20 values | attempts | ms to count | ms to search | ms in all | slices |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, raise, skew) in [
        ("even, nothing happened", 0.01, 1.0),
        ("even, a slice of two conditions", 0.5, 1.0),
        ("uneven, nothing happened", 0.01, 3.0),
        ("uneven, a slice of two conditions", 0.5, 3.0),
    ] {
        speed(name, 1_000_000, raise, skew);
    }
}
