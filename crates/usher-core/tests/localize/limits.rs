//! Little, much, and wrong.

use usher_core::localize::{Cube, DIMENSIONS_MAX, localize};

use crate::{claimed, each_minute, minute, shown, spans, usual_traffic};

#[test]
fn nothing_at_all_and_a_single_attempt_say_nothing() {
    let found = localize(&Cube::new(spans()));
    assert_eq!((found.attempts, found.slices.len()), (0, 0));
    let mut cube = Cube::new(spans());
    cube.add(minute(0), [("tenant", "acme")], 1, 1);
    let found = localize(&cube);
    assert_eq!(
        (found.attempts, found.failed, found.slices.len()),
        (1, 1, 0)
    );
}

#[test]
fn no_more_than_all_can_fail() {
    let mut cube = Cube::new(spans());
    cube.add(minute(0), [("tenant", "acme")], 10, 11);
    let found = localize(&cube);
    assert_eq!((found.attempts, found.failed), (10, 10));
}

#[test]
fn without_dimensions_everybody_is_all_there_is() {
    let mut cube = Cube::new(spans());
    each_minute(&mut cube, -240..0, &[], 50, 1);
    each_minute(&mut cube, 0..30, &[], 50, 20);
    assert_eq!(claimed(&localize(&cube)), ["everybody"]);
}

#[test]
fn a_missing_value_is_no_value() {
    let mut cube = Cube::new(spans());
    usual_traffic(&mut cube, -240..30);
    // Fails where the tenant is not recorded: no condition can say that.
    for browser in ["Chrome", "Safari"] {
        each_minute(
            &mut cube,
            -240..0,
            &[("browser", browser), ("tenant", "")],
            40,
            1,
        );
        each_minute(&mut cube, 0..30, &[("browser", browser)], 40, 20);
    }
    let found = localize(&cube);
    assert!(!found.slices.is_empty());
    for slice in &found.slices {
        assert!(!shown(slice).contains("tenant="), "{}", shown(slice));
    }
}

#[test]
fn a_thousand_dimensions_are_searched_and_what_is_not_combined_is_named() {
    let names: Vec<String> = (0..DIMENSIONS_MAX + 6)
        .map(|index| format!("dim{index:04}"))
        .collect();
    let mut cube = Cube::new(spans());
    for row in 0..2_000_usize {
        let values: Vec<String> = (0..names.len())
            .map(|dim| value(row, dim).to_string())
            .collect();
        let is_broken = row >= 1_000 && values[500] == "2";
        let dims = names
            .iter()
            .map(String::as_str)
            .zip(values.iter().map(String::as_str));
        cube.add(
            minute(if row < 1_000 { -60 } else { 5 }),
            dims,
            10,
            if is_broken { 8 } else { 0 },
        );
    }
    assert_eq!(cube.left_out().collect::<Vec<_>>(), names[DIMENSIONS_MAX..]);
    let found = localize(&cube);
    let first: Vec<String> = found
        .slices
        .iter()
        .flat_map(|slice| {
            let equals = slice.equals.iter().filter(|equal| equal.len() == 1);
            equals
                .map(|equal| format!("{}={}", equal[0].dim, equal[0].value))
                .chain([shown(slice)])
        })
        .collect();
    assert!(first.contains(&"dim0500=2".to_owned()), "{first:?}");
    assert!(!found.alone.is_empty());
}

#[test]
fn a_dimension_of_a_hundred_thousand_values_hides_no_other() {
    let mut cube = Cube::new(spans());
    for index in 0..100_000_u32 {
        let meeting = format!("m{index}");
        let browser = if index % 10 == 0 { "Safari" } else { "Chrome" };
        let is_window = index % 4 == 0;
        let is_failed = is_window && browser == "Safari" && index % 3 != 0;
        let at = minute(if is_window { 3 } else { -100 });
        cube.add(
            at,
            [("meeting", meeting.as_str()), ("browser", browser)],
            1,
            u64::from(is_failed),
        );
    }
    assert_eq!(claimed(&localize(&cube)), ["browser=Safari"]);
}

/// One of four, as good as by chance.
fn value(row: usize, dim: usize) -> usize {
    let mixed = (row * 1_031 + dim).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 62
}
