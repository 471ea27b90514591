use jiff::Timestamp;
use jiff::tz::{self, TimeZone};
use usher_core::import::{Cell, Mapping, Options, Overrides, Row, RowRefusal, row};

use crate::{in_zone, new_york, options};

fn read(text: &str, options: &Options) -> Result<Row, RowRefusal> {
    let mapping = Mapping::of_table(&["at"], &Overrides::default()).unwrap();
    row([Cell::Text(text)], &mapping, options)
}

fn at(text: &str, options: &Options) -> Timestamp {
    read(text, options)
        .unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
        .at
}

fn refusal(text: &str, options: &Options) -> String {
    read(text, options).unwrap_err().to_string()
}

#[test]
fn a_moment_is_read_however_it_is_written() {
    let moment: Timestamp = "2023-10-10T04:55:36Z".parse().unwrap();
    for text in [
        "2023-10-10T04:55:36Z",
        "2023-10-10T13:55:36+09:00",
        "2023-10-10t04:55:36z",
        "2023-10-10 13:55:36+09",
        "2023-10-10 13:55:36 +0900",
        "2023-10-10 13:55:36 +09:00",
        "2023-10-10 04:55:36 UTC",
        "2023/10/10 13:55:36 +0900",
        "20231010T045536Z",
        "2023-10-10T13:55:36+09:00[Asia/Tokyo]",
        "10/Oct/2023:13:55:36 +0900",
        "[10/Oct/2023:13:55:36 +0900]",
        "Tue, 10 Oct 2023 13:55:36 +0900",
        "1696913736",
        "1696913736.0",
        "1696913736000",
        "1696913736000000",
        "1696913736000000000",
        " 1696913736 ",
    ] {
        assert_eq!(at(text, &options()), moment, "{text}");
    }
}

#[test]
fn fractions_and_minutes_are_read() {
    let expected = |text: &str| text.parse::<Timestamp>().unwrap();
    for (text, moment) in [
        ("1696913736.123", "2023-10-10T04:55:36.123Z"),
        ("1696913736123.5", "2023-10-10T04:55:36.1235Z"),
        ("2023-10-10 04:55:36.123456Z", "2023-10-10T04:55:36.123456Z"),
        ("2023-10-10 04:55:36,5Z", "2023-10-10T04:55:36.5Z"),
        ("2023-10-10T04:55Z", "2023-10-10T04:55:00Z"),
        ("28281895", "2023-10-10T04:55:00Z"),
    ] {
        assert_eq!(at(text, &options()), expected(moment), "{text}");
    }
}

#[test]
fn a_time_without_a_zone_takes_the_one_that_is_given_and_is_refused_without() {
    let tokyo = in_zone(TimeZone::fixed(tz::offset(9)));
    let moment: Timestamp = "2023-10-10T04:55:00Z".parse().unwrap();
    for text in [
        "2023-10-10 13:55",
        "2023-10-10T13:55:00",
        "2023/10/10 13:55:00.000",
    ] {
        assert_eq!(at(text, &tokyo), moment, "{text}");
        assert_eq!(
            refusal(text, &options()),
            format!(
                "`at`: \"{text}\" has no zone; say which one the file is in with --tz, e.g. --tz Asia/Tokyo"
            )
        );
    }
    // What names its zone keeps it.
    assert_eq!(at("2023-10-10T04:55:00Z", &tokyo), moment);
}

#[test]
fn an_hour_that_never_was_is_refused_and_one_that_was_twice_is_the_first() {
    let zone = in_zone(new_york());
    assert!(refusal("2023-03-12 02:30:00", &zone).contains("never was in that zone"));
    let twice = read("2023-11-05 01:30:00", &zone).unwrap();
    assert_eq!(twice.at, "2023-11-05T05:30:00Z".parse().unwrap());
    assert!(twice.is_earlier_of_two);
    assert!(
        !read("2023-11-05 03:30:00", &zone)
            .unwrap()
            .is_earlier_of_two
    );
}

#[test]
fn what_is_no_moment_is_refused_with_a_hint() {
    for (text, part) in [
        (
            "10/11/2023 13:00",
            "does not say whether day or month comes first",
        ),
        (
            "10.11.2023 13:00",
            "does not say whether day or month comes first",
        ),
        (
            "31/12/2023",
            "does not say whether day or month comes first",
        ),
        ("2023-10-10", "is a day without a time of day"),
        ("20231010", "is no number of seconds"),
        (
            "2023-10-10 13:55:36 JST",
            "ends in the name of a zone that is not UTC",
        ),
        (
            "2023-10-10T13:55:36[Asia/Tokyo]",
            "names a zone without an offset",
        ),
        ("1.69691E+12", "is in exponent form"),
        ("2010-12-31T23:59:59Z", "is before 2011"),
        ("2026-01-02T00:00:01Z", "is more than a day in the future"),
        ("13:55", "is no time that import knows"),
        ("yesterday", "is no time that import knows"),
        ("-1", "is no number of seconds"),
        (
            "99999999999999999999999999999999999999999",
            "is no time that import knows",
        ),
        ("1696913736999999999999", "is too large for a time"),
        ("２０２３", "is no time that import knows"),
    ] {
        let sentence = refusal(text, &options());
        assert!(sentence.contains(part), "{text}: {sentence}");
    }
}

#[test]
fn a_day_ahead_is_read_because_zones_differ() {
    assert!(read("2026-01-02T00:00:00Z", &options()).is_ok());
}
