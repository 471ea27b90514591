//! Worlds of rows of counts: some thousand combinations of values, of very uneven traffic, each with a row a minute, a usual rate of its
//! own, and noise beyond that of counts. Faults are slices of the same dimensions, each with a rate of its own.

use jiff::SignedDuration;
use usher_core::localize::{Cube, Spans};

use crate::world::{Random, Slice, World, start};

/// A kind of world.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    causes: usize,
    conditions: usize,
    /// Of the rate of a row, in the logarithm.
    noise: f64,
    /// The usual rate swings by so much of itself over an hour.
    swing: f64,
    rate: (f64, f64),
}

const COUNTS: Kind = Kind {
    name: "",
    causes: 1,
    conditions: 1,
    noise: 0.3,
    swing: 0.0,
    rate: (0.005, 0.05),
};

pub(crate) const COUNTED: [Kind; 11] = [
    Kind {
        name: "counts, nothing happened",
        causes: 0,
        ..COUNTS
    },
    Kind {
        name: "counts, nothing, much noise, the rate swings by 30 %",
        causes: 0,
        noise: 0.8,
        swing: 0.3,
        ..COUNTS
    },
    Kind {
        name: "counts, one condition",
        ..COUNTS
    },
    Kind {
        name: "counts, two conditions",
        conditions: 2,
        ..COUNTS
    },
    Kind {
        name: "counts, three conditions",
        conditions: 3,
        ..COUNTS
    },
    Kind {
        name: "counts, two faults of one condition",
        causes: 2,
        ..COUNTS
    },
    Kind {
        name: "counts, two faults of two conditions",
        causes: 2,
        conditions: 2,
        ..COUNTS
    },
    Kind {
        name: "counts, two faults of three conditions",
        causes: 2,
        conditions: 3,
        ..COUNTS
    },
    Kind {
        name: "counts, three faults of two conditions",
        causes: 3,
        conditions: 2,
        ..COUNTS
    },
    Kind {
        name: "counts, two faults, much noise, swing of 30 %",
        causes: 2,
        conditions: 2,
        noise: 0.8,
        swing: 0.3,
        ..COUNTS
    },
    Kind {
        name: "counts, two faults, failures are rare",
        causes: 2,
        conditions: 2,
        rate: (0.000_1, 0.001),
        ..COUNTS
    },
];

/// About normal (sum of twelve, Irwin-Hall).
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

fn binomial(random: &mut Random, attempts: u64, rate: f64) -> u64 {
    if attempts < 60 {
        return (0..attempts).map(|_| u64::from(random.unit() < rate)).sum();
    }
    let mean = attempts as f64 * rate;
    if mean < 20.0 {
        // Poisson (Knuth), for rates that are small then.
        let (limit, mut product, mut count) = ((-mean).exp(), random.unit(), 0);
        while product > limit {
            product *= random.unit();
            count += 1;
        }
        return count.min(attempts);
    }
    let drawn = mean + (mean * (1.0 - rate)).sqrt() * normal(random);
    (drawn.round().max(0.0) as u64).min(attempts)
}

struct Leaf {
    values: Vec<usize>,
    traffic: f64,
    rate: f64,
}

fn leaves(random: &mut Random, kind: Kind) -> Vec<Leaf> {
    let dims = 3 + random.below(3);
    let sizes: Vec<usize> = (0..dims)
        .map(|_| random.of_scale(4.0, 40.0) as usize)
        .collect();
    let usual = random.of_scale(kind.rate.0, kind.rate.1);
    let uneven = random.between(0.5, 1.5);
    let traffic = random.of_scale(5.0, 60.0);
    (0..1500)
        .map(|_| Leaf {
            values: sizes.iter().map(|size| random.below(*size)).collect(),
            traffic: traffic * (uneven * normal(random)).exp(),
            rate: usual * (0.4 * normal(random)).exp(),
        })
        .collect()
}

fn is_in(slice: &Slice, leaf: &Leaf) -> bool {
    slice.iter().all(|(dim, value)| leaf.values[*dim] == *value)
}

/// Faults of the same dimensions, each of at least three leaves and some traffic, and of at most a third of all.
fn faults(random: &mut Random, kind: Kind, leaves: &[Leaf]) -> Option<Vec<(Slice, f64)>> {
    let mut dims: Vec<usize> = (0..leaves[0].values.len()).collect();
    for index in 0..dims.len() {
        let other = index + random.below(dims.len() - index);
        dims.swap(index, other);
    }
    dims.truncate(kind.conditions);
    let all: f64 = leaves.iter().map(|leaf| leaf.traffic).sum();
    let mut faults: Vec<(Slice, f64)> = Vec::new();
    for _ in 0..3000 {
        if faults.len() == kind.causes {
            return Some(faults);
        }
        let leaf = &leaves[random.below(leaves.len())];
        let slice: Slice = dims.iter().map(|dim| (*dim, leaf.values[*dim])).collect();
        let within: Vec<&Leaf> = leaves.iter().filter(|leaf| is_in(&slice, leaf)).collect();
        let traffic: f64 = within.iter().map(|leaf| leaf.traffic).sum();
        let largest = within.iter().map(|leaf| leaf.traffic).fold(0.0, f64::max);
        let is_new = faults.iter().all(|(other, _)| *other != slice);
        if is_new
            && within.len() >= 3
            && traffic > 60.0
            && traffic < all / 3.0
            && largest < 0.8 * traffic
        {
            faults.push((slice, random.between(0.1, 0.8)));
        }
    }
    (faults.len() == kind.causes).then_some(faults)
}

pub(crate) fn world(seed: u64, kind: Kind) -> Option<World> {
    let mut random = Random(seed.wrapping_mul(0x7654_3211));
    let leaves = leaves(&mut random, kind);
    let faults = faults(&mut random, kind, &leaves)?;
    let (window, baseline) = (5, 60);
    let minute = |minute: i64| start() + SignedDuration::from_mins(minute);
    let mut cube = Cube::new(Spans {
        window: minute(baseline)..minute(baseline + window),
        baseline: start()..minute(baseline),
    });
    let names: Vec<String> = (0..leaves[0].values.len())
        .map(|dim| format!("d{dim}"))
        .collect();
    let values: Vec<String> = (0..64).map(|value| format!("v{value}")).collect();
    for at in 0..baseline + window {
        let swing = 1.0 + kind.swing * (at as f64 / 60.0 * std::f64::consts::TAU).sin();
        for leaf in &leaves {
            let spread = leaf.traffic.sqrt() * normal(&mut random);
            let attempts = (leaf.traffic + spread).round().max(0.0) as u64;
            let noise = (kind.noise * normal(&mut random)).exp();
            let usual = (leaf.rate * swing * noise).min(0.9);
            let faulty = faults
                .iter()
                .filter(|(slice, _)| at >= baseline && is_in(slice, leaf));
            let rate = faulty
                .map(|(_, raised)| usual + (1.0 - usual) * raised)
                .fold(usual, f64::max);
            let failed = binomial(&mut random, attempts, rate);
            let dims = leaf.values.iter().enumerate();
            let dims = dims.map(|(dim, value)| (names[dim].as_str(), values[*value].as_str()));
            cube.add(minute(at), dims, attempts, failed);
        }
    }
    let truth = faults.into_iter().map(|(slice, _)| slice).collect();
    Some(World { truth, cube, names })
}
