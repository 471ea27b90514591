//! Worlds of single attempts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use usher_core::localize::{Cube, Spans};

pub(crate) type Slice = BTreeSet<(usize, usize)>;

/// `SplitMix64` (Steele, Lea, Flood 2014): the same worlds in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Even in the logarithm.
    pub(crate) fn of_scale(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

/// A kind of world.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) causes: usize,
    pub(crate) conditions: usize,
    /// Attempts of the window.
    pub(crate) attempts: usize,
    /// Failures that a cause adds.
    pub(crate) added: (f64, f64),
    pub(crate) is_nested: bool,
    /// The usual rate swings by so much of itself over an hour.
    pub(crate) swing: f64,
    /// Both causes are in one value of one dimension.
    pub(crate) is_shared: bool,
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

pub(crate) const KINDS: [Kind; 14] = [
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
pub(crate) const MINUTES: i64 = 10;

pub(crate) struct World {
    pub(crate) truth: Vec<Slice>,
    pub(crate) cube: Cube,
    pub(crate) names: Vec<String>,
}

pub(crate) fn start() -> Timestamp {
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
        let overlaps = others.contains(&slice);
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

pub(crate) fn world(seed: u64, kind: Kind) -> Option<World> {
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
