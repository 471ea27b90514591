//! Dimensions that follow from each other.

use usher_core::localize::{Cube, localize};

use crate::{claimed, each_minute, shown, spans};

/// Three SDK versions of each view, and a build that goes with each version.
fn nested(failing: &[&str]) -> Cube {
    let mut cube = Cube::new(spans());
    let versions = [
        ("2.1", "client"),
        ("2.2", "client"),
        ("2.3", "client"),
        ("3.1", "component"),
        ("3.2", "component"),
        ("3.3", "component"),
    ];
    for (version, view) in versions {
        let build = format!("b{version}");
        for browser in ["Chrome", "Safari"] {
            let dims = [
                ("sdk_version", version),
                ("view", view),
                ("build", build.as_str()),
                ("browser", browser),
            ];
            each_minute(&mut cube, -240..0, &dims, 50, 1);
            let failed = if failing.contains(&version) { 25 } else { 1 };
            each_minute(&mut cube, 0..30, &dims, 50, failed);
        }
    }
    cube
}

#[test]
fn what_implies_each_other_is_said_and_the_equal_is_named() {
    let found = localize(&nested(&["3.2"]));
    let implications: Vec<String> = found.implications.iter().map(ToString::to_string).collect();
    assert_eq!(
        implications,
        [
            "build and sdk_version imply each other",
            "build implies view",
            "sdk_version implies view"
        ]
    );
    assert_eq!(claimed(&found), ["build=b3.2"]);
    let equals = &found.slices[0].equals;
    assert_eq!(equals.len(), 1);
    assert_eq!(
        (equals[0][0].dim.as_str(), equals[0][0].value.as_str()),
        ("sdk_version", "3.2")
    );
}

#[test]
fn of_nested_dimensions_the_general_one_is_the_answer_where_all_of_it_fails() {
    let found = localize(&nested(&["3.1", "3.2", "3.3"]));
    assert_eq!(claimed(&found), ["view=component"]);
}

#[test]
fn what_has_the_same_attempts_in_this_window_is_an_equal() {
    let mut cube = Cube::new(spans());
    for (tenant, host) in [("acme", "h1"), ("globex", "h2"), ("hooli", "h3")] {
        each_minute(
            &mut cube,
            -240..0,
            &[("tenant", tenant), ("host", host)],
            50,
            1,
        );
        each_minute(
            &mut cube,
            -240..0,
            &[("tenant", tenant), ("host", "spare")],
            50,
            1,
        );
        let failed = if tenant == "hooli" { 40 } else { 1 };
        each_minute(
            &mut cube,
            0..30,
            &[("tenant", tenant), ("host", host)],
            50,
            failed,
        );
    }
    let found = localize(&cube);
    assert_eq!(claimed(&found).len(), 1);
    let mut all: Vec<String> = found.slices.iter().map(shown).collect();
    all.sort();
    assert_eq!(all, ["host=h3", "tenant=hooli"]);
    assert_eq!(found.slices[0].equals.len(), 1);
}

#[test]
fn values_that_came_once_imply_nothing() {
    let mut cube = Cube::new(spans());
    for (index, tenant) in ["acme", "globex"].into_iter().cycle().take(400).enumerate() {
        let meeting = format!("m{index}");
        cube.add(
            crate::minute(index as i64 - 200),
            [("meeting", meeting.as_str()), ("tenant", tenant)],
            1,
            0,
        );
    }
    assert!(localize(&cube).implications.is_empty());
}
