//! What is found.

use usher_core::localize::{Cube, Role, localize};

use crate::{BROWSERS, TENANTS, claimed, each_minute, shown, spans, usual_traffic};

fn with_usual_traffic() -> Cube {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..30);
    cube
}

#[test]
fn usual_traffic_is_nothing_to_speak_of() {
    let found = localize(&with_usual_traffic());
    assert!(found.slices.is_empty());
    assert_eq!((found.attempts, found.failed), (24_000, 600));
    assert!((found.expected_failed - 600.0).abs() < 2.0);
}

#[test]
fn one_tenant_with_one_browser_is_found_without_a_condition_too_many() {
    let mut cube = with_usual_traffic();
    each_minute(
        &mut cube,
        0..30,
        &[("tenant", "hooli"), ("browser", "Safari"), ("os", "iOS")],
        40,
        30,
    );
    let found = localize(&cube);
    assert_eq!(claimed(&found), ["os=iOS"]);

    let mut cube = with_usual_traffic();
    each_minute(
        &mut cube,
        0..30,
        &[("tenant", "hooli"), ("browser", "Safari")],
        40,
        30,
    );
    let found = localize(&cube);
    assert_eq!(claimed(&found), ["browser=Safari, tenant=hooli"]);
    assert_eq!(
        (found.slices[0].attempts, found.slices[0].failed),
        (2_400, 930)
    );
    assert!((found.slices[0].expected_failed - 60.0).abs() < 1.0);
}

#[test]
fn everybody_is_an_answer_and_says_when_nothing_recorded_tells_who_fails() {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..0);
    for tenant in TENANTS {
        for browser in BROWSERS {
            each_minute(
                &mut cube,
                0..30,
                &[("tenant", tenant), ("browser", browser)],
                40,
                12,
            );
        }
    }
    let found = localize(&cube);
    assert_eq!(claimed(&found), ["everybody"]);
    assert!(found.is_spread_evenly);
}

#[test]
fn a_second_cause_is_found_after_the_first_is_taken_away() {
    let mut cube = with_usual_traffic();
    each_minute(
        &mut cube,
        0..30,
        &[("tenant", "hooli"), ("browser", "Edge")],
        40,
        38,
    );
    each_minute(
        &mut cube,
        0..30,
        &[("tenant", "acme"), ("browser", "Firefox")],
        40,
        10,
    );
    let found = localize(&cube);
    assert_eq!(
        claimed(&found),
        ["browser=Edge, tenant=hooli", "browser=Firefox, tenant=acme"]
    );
    assert_eq!(found.slices.last().unwrap().role, Role::After(0));
}

#[test]
fn two_causes_in_one_tenant_are_two_though_the_tenant_stands_out_more_than_each() {
    let mut cube = Cube::new(spans());
    for browser in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        each_minute(
            &mut cube,
            -240..0,
            &[("tenant", "hooli"), ("browser", browser)],
            1_000,
            0,
        );
        each_minute(
            &mut cube,
            -240..30,
            &[("tenant", "acme"), ("browser", browser)],
            1_000,
            0,
        );
        let failed = if matches!(browser, "B" | "E") { 990 } else { 0 };
        each_minute(
            &mut cube,
            0..30,
            &[("tenant", "hooli"), ("browser", browser)],
            1_000,
            failed,
        );
    }
    let mut found = claimed(&localize(&cube));
    found.sort();
    assert_eq!(
        found,
        ["browser=B, tenant=hooli", "browser=E, tenant=hooli"]
    );
}

#[test]
fn what_cannot_be_told_apart_yet_is_listed_as_a_tie() {
    let mut cube = with_usual_traffic();
    // One attempt with another browser is too little to tell whether it is the network or the two together.
    for browser in ["Edge", "Safari"] {
        each_minute(
            &mut cube,
            -240..30,
            &[("network", "office"), ("browser", browser)],
            40,
            1,
        );
    }
    each_minute(
        &mut cube,
        0..4,
        &[("network", "hotel"), ("browser", "Edge")],
        10,
        7,
    );
    each_minute(
        &mut cube,
        0..1,
        &[("network", "hotel"), ("browser", "Safari")],
        1,
        0,
    );
    let found = localize(&cube);
    assert_eq!(shown(&found.slices[0]), "network=hotel");
    let ties: Vec<String> = found.slices[1..].iter().map(shown).collect();
    assert_eq!(ties, ["browser=Edge, network=hotel"]);
    assert_eq!(found.slices[1].role, Role::TieOf(0));
}

#[test]
fn a_handful_of_failures_is_enough_where_none_are_usual() {
    let mut cube = Cube::new(spans());
    each_minute(&mut cube, -240..30, &[("tenant", "acme")], 2, 0);
    each_minute(&mut cube, -240..0, &[("tenant", "hooli")], 1, 0);
    each_minute(&mut cube, 0..5, &[("tenant", "hooli")], 1, 1);
    assert_eq!(claimed(&localize(&cube)), ["tenant=hooli"]);
}
