//! What holds for any rows.

use proptest::prelude::*;
use usher_core::localize::{Cube, Found, Localization, Role, localize};

use crate::{minute, spans};

/// Values of three dimensions, when, how many, how many failed.
type Row = ([u8; 3], i64, u64, u64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let failed = prop_oneof![3 => 0..3_u64, 1 => 0..60_u64];
    prop::collection::vec(
        (
            prop::array::uniform3(0..4_u8),
            -240..30_i64,
            1..60_u64,
            failed,
        ),
        1..150,
    )
}

fn localized(rows: &[Row]) -> Localization {
    let mut cube = Cube::new(spans());
    for (values, at, attempts, failed) in rows {
        let values: Vec<String> = values.iter().map(u8::to_string).collect();
        let dims = ["a", "b", "c"]
            .into_iter()
            .zip(values.iter().map(String::as_str));
        cube.add(minute(*at), dims, *attempts, *failed);
    }
    localize(&cube)
}

fn summary(found: &Localization) -> Vec<(String, u64, u64, i64, Role)> {
    let summary = |slice: &Found| {
        let score = (slice.score * 1e3).round() as i64;
        (
            format!("{:?}", slice.slice),
            slice.attempts,
            slice.failed,
            score,
            slice.role,
        )
    };
    found.slices.iter().map(summary).collect()
}

/// `n·KL(p‖p0) − 2·|conditions|`.
fn score(found: &Found) -> f64 {
    let (n, failed) = (found.attempts as f64, found.failed as f64);
    let (p, p0) = (failed / n, found.expected_failed / n);
    let term = |share: f64, of: f64| {
        if share > 0.0 {
            share * (share / of).ln()
        } else {
            0.0
        }
    };
    n * (term(p, p0) + term(1.0 - p, 1.0 - p0)) - 2.0 * found.slice.len() as f64
}

proptest! {
    #[test]
    fn the_order_of_rows_and_how_they_are_counted_up_do_not_matter(rows in rows().prop_shuffle(), parts in 1..4_u64) {
        let mut other: Vec<Row> = Vec::new();
        for (values, at, attempts, failed) in rows.iter().rev() {
            let failed = *failed.min(attempts);
            for part in 0..parts {
                let share = |count: u64| count / parts + u64::from(part < count % parts);
                // Failures are attempts: the parts with one more of either are the same ones.
                other.push((*values, *at, share(*attempts), share(failed)));
            }
        }
        let other: Vec<Row> = other.into_iter().filter(|row| row.2 > 0).collect();
        prop_assert_eq!(summary(&localized(&rows)), summary(&localized(&other)));
    }

    #[test]
    fn scores_can_be_recomputed_and_the_best_and_its_ties_are_sorted(rows in rows()) {
        let found = localized(&rows);
        for slice in &found.slices {
            prop_assert!((slice.score - score(slice)).abs() < 1e-6);
            prop_assert!(slice.failed as f64 > slice.expected_failed);
            prop_assert!(slice.failed <= slice.attempts);
        }
        let alike = found.slices.iter().take_while(|slice| !matches!(slice.role, Role::After(_)));
        let scores: Vec<f64> = alike.map(|slice| slice.score).collect();
        prop_assert!(scores.is_sorted_by(|a, b| *a >= *b - 1e-6));
        prop_assert!(scores.iter().all(|score| *score >= scores[0] - 3.0));
        prop_assert!(found.slices.len() <= 10);
    }

    #[test]
    fn successes_alone_are_never_a_cause(rows in rows()) {
        let joined: Vec<Row> = rows.into_iter().map(|(values, at, attempts, failed)| {
            (values, at, attempts, if at < 0 { failed } else { 0 })
        }).collect();
        prop_assert!(localized(&joined).slices.is_empty());
    }
}
