//! What is expected.

use usher_core::localize::{Cube, Usual, localize};

use crate::{claimed, each_minute, spans, usual_traffic};

#[test]
fn what_always_fails_is_no_news() {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..30);
    each_minute(
        &mut cube,
        -240..30,
        &[("tenant", "legacy"), ("browser", "IE")],
        10,
        10,
    );
    assert!(localize(&cube).slices.is_empty());
}

#[test]
fn more_traffic_of_a_tenant_that_fails_more_is_expected_to_fail_more() {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..30);
    each_minute(
        &mut cube,
        -240..0,
        &[("tenant", "flaky"), ("browser", "Edge")],
        10,
        3,
    );
    each_minute(
        &mut cube,
        0..30,
        &[("tenant", "flaky"), ("browser", "Edge")],
        1_000,
        300,
    );
    let found = localize(&cube);
    assert!(found.slices.is_empty(), "{:?}", claimed(&found));
    assert!((found.failed as f64 / found.expected_failed - 1.0).abs() < 0.05);
}

#[test]
fn a_release_without_a_past_is_expected_to_fail_as_its_traffic_did() {
    let mut cube = Cube::new(spans());
    each_minute(
        &mut cube,
        -240..0,
        &[("release", "41"), ("tenant", "acme")],
        100,
        2,
    );
    each_minute(
        &mut cube,
        0..30,
        &[("release", "42"), ("tenant", "acme")],
        100,
        2,
    );
    assert!(localize(&cube).slices.is_empty());
    each_minute(
        &mut cube,
        0..30,
        &[("release", "43"), ("tenant", "acme")],
        20,
        9,
    );
    let found = localize(&cube);
    assert_eq!(claimed(&found), ["release=43"]);
    assert!((found.slices[0].expected_failed - 12.0).abs() < 1.0);
}

#[test]
fn a_rate_that_wanders_anyway_is_not_called_a_cause() {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..30);
    for hour in [-240, -180, -120, -60] {
        each_minute(&mut cube, hour..hour + 30, &[("tenant", "flaky")], 100, 2);
        each_minute(
            &mut cube,
            hour + 30..hour + 60,
            &[("tenant", "flaky")],
            100,
            24,
        );
    }
    each_minute(&mut cube, 0..30, &[("tenant", "flaky")], 100, 28);
    assert!(localize(&cube).slices.is_empty());
}

#[test]
fn without_a_baseline_the_rest_of_the_file_says_what_is_usual_and_without_that_one_in_a_hundred_is_assumed()
 {
    let mut cube = Cube::new(spans());
    each_minute(&mut cube, -600..-500, &[("tenant", "acme")], 100, 20);
    each_minute(&mut cube, 0..30, &[("tenant", "acme")], 100, 21);
    let found = localize(&cube);
    assert_eq!(found.usual, Usual::Elsewhere);
    assert!(found.slices.is_empty());

    let mut cube = Cube::new(spans());
    each_minute(&mut cube, 0..30, &[("tenant", "acme")], 100, 100);
    each_minute(&mut cube, 0..30, &[("tenant", "hooli")], 100, 100);
    let found = localize(&cube);
    assert_eq!(found.usual, Usual::Assumed);
    assert_eq!(claimed(&found), ["everybody"]);
    assert!((found.expected_failed - 60.0).abs() < 1e-6);
}

#[test]
fn where_window_and_baseline_overlap_it_is_the_window() {
    let mut spans = spans();
    spans.baseline.end = spans.window.end;
    let mut cube = Cube::new(spans);
    usual_traffic(&mut cube, -240..30);
    let found = localize(&cube);
    assert_eq!((found.attempts, found.usual_attempts), (24_000, 192_000));
}
