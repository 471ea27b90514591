//! The search against every slice there is, counted one by one.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::cube::{Cube, Spans};
use super::expectation::Frame;
use super::plan::Plan;
use super::score::{RATE_MIN, bound_by_failures, bound_by_rate, surprise};
use super::search::{Scope, TIE_NATS, search};
use super::slice::{CONDITIONS_MAX, Candidate, Slice, sums};

/// Values of four dimensions (0: none), when, how many, and how many parts in a hundred failed.
type Row = ([u8; 4], u8, u8, u8);

fn row() -> impl Strategy<Value = Row> {
    let failing = prop_oneof![4 => 0..3_u8, 1 => 0..101_u8];
    (prop::array::uniform4(0..4_u8), 0..60_u8, 1..60_u8, failing)
}

fn cube(rows: &[Row], broken: [u8; 4]) -> Cube {
    let start = Timestamp::from_second(1_700_000_000).unwrap();
    let minutes = |count: i64| start + SignedDuration::from_mins(count);
    let window = minutes(40)..minutes(60);
    let mut cube = Cube::new(Spans {
        window: window.clone(),
        baseline: start..minutes(40),
    });
    for (values, minute, attempts, failing) in rows {
        let at = minutes(i64::from(*minute));
        // What is broken differs from nothing where it has a value.
        let is_broken = values
            .iter()
            .zip(broken)
            .all(|(value, broken)| broken == 0 || *value == broken);
        let failing = if window.contains(&at) && is_broken {
            70
        } else {
            *failing
        };
        let failed = u64::from(*attempts) * u64::from(failing) / 100;
        let values: Vec<String> = values.iter().map(u8::to_string).collect();
        let dims = ["a", "b", "c", "d"]
            .into_iter()
            .zip(values.iter().map(String::as_str));
        cube.add(
            at,
            dims.filter(|(_, value)| *value != "0"),
            u64::from(*attempts),
            failed,
        );
    }
    cube
}

fn framed(cube: &Cube) -> (Frame, Plan) {
    let frame = Frame::new(cube.window(), cube.usual());
    let names: Vec<&str> = cube
        .dimensions
        .iter()
        .map(|dimension| dimension.name.as_str())
        .collect();
    let plan = Plan::of(&frame, &names);
    (frame, plan)
}

/// Slices with up to so many more conditions, on later dimensions.
fn all_slices(slice: Slice, dimensions: &[usize], values: u32, more: usize) -> Vec<Slice> {
    let mut slices = vec![slice];
    if more == 0 {
        return slices;
    }
    for (index, dimension) in dimensions.iter().enumerate() {
        for value in 1..=values {
            let longer = slice.and(*dimension, value);
            slices.extend(all_slices(
                longer,
                &dimensions[index + 1..],
                values,
                more - 1,
            ));
        }
    }
    slices
}

fn by_brute_force(frame: &Frame, plan: &Plan) -> Vec<Candidate> {
    let slices = all_slices(Slice::default(), &plan.alone, 4, CONDITIONS_MAX);
    let mut found: Vec<Candidate> = slices
        .into_iter()
        .filter_map(|slice| {
            let dimensions: Vec<usize> = slice.dimensions().collect();
            let candidate = sums(frame, &slice)?.candidate(slice);
            let stands_out = candidate.calibrated >= plan.threshold(&dimensions);
            (stands_out && plan.is_combination(&dimensions)).then_some(candidate)
        })
        .collect();
    let best = found
        .iter()
        .map(|candidate| candidate.score)
        .fold(f64::NEG_INFINITY, f64::max);
    found.retain(|candidate| candidate.score >= best - TIE_NATS);
    found
}

fn scores(found: &[Candidate]) -> BTreeMap<Vec<(u32, u32)>, i64> {
    let score = |candidate: &Candidate| (candidate.score * 1e6).round() as i64;
    found
        .iter()
        .map(|candidate| (candidate.slice.conditions().to_vec(), score(candidate)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_search_finds_what_counting_every_slice_finds(
        rows in prop::collection::vec(row(), 1..120),
        broken in prop::array::uniform4(prop_oneof![2 => Just(0_u8), 1 => 1..4_u8]),
    ) {
        let cube = cube(&rows, broken);
        let (frame, plan) = framed(&cube);
        let within = Slice::default();
        let found = search(Scope {
            frame: &frame,
            plan: &plan,
            within: &within,
            is_whole_asked: true,
            score_min: f64::NEG_INFINITY,
        });
        prop_assert_eq!(scores(&found), scores(&by_brute_force(&frame, &plan)));
    }

    #[test]
    fn no_slice_within_another_passes_the_bound_of_that_other(
        rows in prop::collection::vec(row(), 1..80),
        broken in prop::array::uniform4(0..4_u8),
    ) {
        let cube = cube(&rows, broken);
        let (frame, plan) = framed(&cube);
        for slice in all_slices(Slice::default(), &plan.alone, 4, CONDITIONS_MAX) {
            let Some(counted) = sums(&frame, &slice) else { continue };
            let (attempts, failed) = (counted.attempts as f64, counted.failed as f64);
            prop_assert!(counted.rate() >= RATE_MIN);
            prop_assert!(surprise(attempts, failed, counted.rate()) <= bound_by_rate(attempts, failed) + 1e-9);
            for shorter in slice.shorter() {
                let around = sums(&frame, &shorter).unwrap();
                prop_assert!(counted.surprise() <= bound_by_failures(around.failed as f64) + 1e-9);
            }
        }
    }
}
