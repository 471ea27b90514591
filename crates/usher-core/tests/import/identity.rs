use usher_core::import::{ContentDigest, Occurrences};

use crate::{line, table};

fn digest(json: &str) -> ContentDigest {
    ContentDigest::of(&line(json).unwrap())
}

#[test]
fn the_same_row_is_the_same_however_it_is_written() {
    let json = digest(
        r#"{"at":"2023-10-10T04:55:36Z","outcome":"joined","dims":{"os":"mac","tenant":"a"}}"#,
    );
    let csv = table("tenant,result,ts,OS", "a,ok,1696913736000,mac").unwrap();
    assert_eq!(json, ContentDigest::of(&csv));
}

#[test]
fn rows_that_differ_in_anything_differ() {
    let mut seen = std::collections::HashSet::new();
    for json in [
        r#"{"at":1696913736}"#,
        r#"{"at":1696913737}"#,
        r#"{"at":1696913736,"outcome":"joined"}"#,
        r#"{"at":1696913736,"outcome":"failed"}"#,
        r#"{"at":1696913736,"outcome":"failed","code":"1"}"#,
        r#"{"at":1696913736,"outcome":"failed","reason":"1"}"#,
        r#"{"at":1696913736,"meeting":"1"}"#,
        r#"{"at":1696913736,"participant":"1"}"#,
        r#"{"at":1696913736,"answered_at":1696913736}"#,
        r#"{"at":1696913736,"a":"bc"}"#,
        r#"{"at":1696913736,"ab":"c"}"#,
        r#"{"at":1696913736,"claims":{}}"#,
        r#"{"at":1696913736,"claims":{"a":1}}"#,
        r#"{"at":1696913736,"token":"x"}"#,
        r#"{"at":1696913736,"token":"e30.e30.AA"}"#,
        r#"{"at":1696913736,"token":"e30.e30.AB"}"#,
        r#"{"at":1696913736,"attempts":1,"failed":0}"#,
        r#"{"at":1696913736,"attempts":1,"failed":1}"#,
    ] {
        match line(json) {
            Ok(row) => assert!(seen.insert(ContentDigest::of(&row)), "{json}"),
            Err(refusal) => panic!("{json}: {refusal}"),
        }
    }
}

#[test]
fn an_identity_does_not_change_between_releases() {
    // Written down once: another number means that every file that was imported before would be imported again.
    let identity = digest(r#"{"at":1696913736,"outcome":"failed","code":"3712"}"#).identity(0);
    assert_eq!(
        format!("{identity:032x}"),
        "21d972b3b41707bdeb3fcdcf9a169cc1"
    );
}

#[test]
fn equal_rows_are_told_apart_by_their_number() {
    let mut occurrences = Occurrences::default();
    let (a, b) = (
        digest(r#"{"at":1696913736}"#),
        digest(r#"{"at":1696913737}"#),
    );
    let counts: Vec<u64> = [a, a, b, a, b]
        .map(|digest| occurrences.next(digest))
        .to_vec();
    assert_eq!(counts, [0, 1, 0, 2, 1]);
    assert_ne!(a.identity(0), a.identity(1));
    assert_ne!(a.identity(0), b.identity(0));
}

#[test]
fn equal_rows_are_remembered_over_a_bounded_number_of_others() {
    let row = |n: u64| digest(&format!(r#"{{"at":{}}}"#, 1_696_913_736 + n));
    let mut occurrences = Occurrences::remembering(10);
    occurrences.next(row(0));
    for n in 1..10 {
        occurrences.next(row(n));
    }
    assert_eq!(occurrences.next(row(0)), 1);
    for n in 10..50 {
        occurrences.next(row(n));
    }
    assert_eq!(occurrences.next(row(0)), 0);
}
