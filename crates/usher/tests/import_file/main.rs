//! Reading files of attempts, by their bytes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod zones;

use std::io::{self, Read};

use jiff::Timestamp;
use proptest::prelude::*;
use usher::import_file::{Rows, Unreadable, open, read};
use usher_core::import::{Kind, LINE_MAX_BYTES, Options, Overrides};

fn options() -> Options {
    Options {
        now: Timestamp::from_second(1_767_225_600).unwrap(),
        zone: None,
        dimensions_max: 16,
    }
}

fn try_rows(bytes: impl Into<Vec<u8>>, map: &str) -> Result<Rows, Unreadable> {
    let bytes: Vec<u8> = bytes.into();
    let overrides = Overrides::parse(map).unwrap();
    read(Box::new(io::Cursor::new(bytes)), None, overrides, options())
}

/// Every line as its number and the code of its refusal, or `ok`.
fn lines(bytes: impl Into<Vec<u8>>) -> Vec<(u64, &'static str)> {
    try_rows(bytes, "")
        .unwrap()
        .map(|line| line.unwrap())
        .map(|line| {
            (
                line.number,
                line.row.map_or_else(|refusal| refusal.code, |_| "ok"),
            )
        })
        .collect()
}

fn identities(bytes: &str) -> Vec<u128> {
    try_rows(bytes, "")
        .unwrap()
        .map(|line| line.unwrap().row.unwrap().identity)
        .collect()
}

fn reasons(bytes: &str) -> Vec<Option<String>> {
    try_rows(bytes, "")
        .unwrap()
        .map(|line| match line.unwrap().row.unwrap().row.kind {
            Kind::Single(single) => single.reason,
            Kind::Aggregated(counts) => counts.reason,
        })
        .collect()
}

#[test]
fn a_table_and_json_lines_say_the_same_with_or_without_bom_and_carriage_returns() {
    let csv = "ts,result,browser\n1696913736,ok,Chrome\n1696913737,failed,Firefox\n";
    let json = "{\"at\":1696913736,\"outcome\":\"joined\",\"browser\":\"Chrome\"}\n{\"at\":1696913737,\"outcome\":\"failed\",\"browser\":\"Firefox\"}\n";
    let expected = identities(csv);
    assert_eq!(expected.len(), 2);
    for text in [csv, json] {
        for bom in ["", "\u{feff}"] {
            for line_break in ["\n", "\r\n"] {
                let written = format!("{bom}{}", text.replace('\n', line_break));
                assert_eq!(identities(&written), expected, "{written:?}");
                assert_eq!(identities(written.trim_end()), expected, "{written:?}");
            }
        }
    }
}

#[test]
fn a_line_with_a_key_twice_is_refused_whatever_the_depth() {
    for line in [
        r#"{"at":1696913736,"at":1696913737}"#,
        r#"{"at":1696913736,"dims":{"at":1,"at":1}}"#,
        r#"{"at":1696913736,"raw":[{"at":1,"at":[]}]}"#,
    ] {
        let read = try_rows(line, "").unwrap().next().unwrap().unwrap();
        let refusal = read.row.unwrap_err();
        assert_eq!(
            (refusal.code, refusal.column.as_deref()),
            ("key_twice", Some("at")),
            "{line}"
        );
    }
    let twice_in_two_objects = r#"{"at":1696913736,"dims":{"x":1},"raw":{"x":1}}"#;
    assert_eq!(lines(twice_in_two_objects), [(1, "ok")]);
}

#[test]
fn columns_may_be_parted_by_semicolons_tabs_and_bars() {
    for delimiter in [",", ";", "\t", "|"] {
        let csv = "at,code,\"a;b\"\n1696913736,3712,x\n".replace(',', delimiter);
        assert_eq!(lines(csv), [(2, "ok")], "{delimiter:?}");
    }
}

#[test]
fn quoted_line_breaks_and_delimiters_belong_to_the_value() {
    let csv = "at,reason\n1696913736,\"one\ntwo, \"\"three\"\"\"\n\n1696913737,four\n";
    assert_eq!(
        reasons(csv),
        [
            Some("one\ntwo, \"three\"".to_owned()),
            Some("four".to_owned())
        ]
    );
    assert_eq!(lines(csv), [(2, "ok"), (5, "ok")]);
}

#[test]
fn broken_lines_are_refused_with_their_numbers_and_the_rest_is_read() {
    let json = b"{\"at\":1696913736}\nnonsense\n[1]\n{\"at\":1696913736\n{\"at\":\"\xff\"}\n\n{\"at\":1696913736}\n";
    assert_eq!(
        lines(json),
        [
            (1, "ok"),
            (2, "not_json"),
            (3, "not_json"),
            (4, "not_json"),
            (5, "not_utf8"),
            (7, "ok")
        ]
    );
    let csv = b"at,code\n1696913736\n1696913736,\xff\nsoon,1\n1696913736,1,2\n1696913736,1\n";
    assert_eq!(
        lines(csv),
        [
            (2, "wrong_number_of_cells"),
            (3, "not_utf8"),
            (4, "invalid_time"),
            (5, "wrong_number_of_cells"),
            (6, "ok"),
        ]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line_only() {
    let csv = "at,reason,code\n1696913736,\"open,1\n1696913736,a,1\n1696913736,b,1\n";
    assert_eq!(lines(csv), [(2, "unclosed_quote"), (3, "ok"), (4, "ok")]);
    let far = "1696913736,a,1\n".repeat(LINE_MAX_BYTES / 10);
    let read = lines(format!("at,reason,code\n1696913736,\"open,1\n{far}"));
    assert_eq!(read[0], (2, "line_too_long"));
    assert_eq!(read.len(), 1 + LINE_MAX_BYTES / 10);
    assert!(read[1..].iter().all(|(_, code)| *code == "ok"));
}

#[test]
fn a_huge_line_is_refused_and_the_next_is_read() {
    let reason = "x".repeat(10 * 1024 * 1024);
    let json = format!("{{\"at\":1696913736,\"reason\":\"{reason}\"}}\n{{\"at\":1696913736}}\n");
    assert_eq!(lines(json), [(1, "line_too_long"), (2, "ok")]);
    let csv = format!("at,reason\n1696913736,{reason}\n1696913736,\"{reason}\"\n1696913736,y\n");
    assert_eq!(
        lines(csv),
        [(2, "line_too_long"), (3, "line_too_long"), (4, "ok")]
    );
}

#[test]
fn what_is_no_log_is_refused_with_what_to_do() {
    for (bytes, part) in [
        (&b"\x1f\x8b\x08\x00\x00"[..], "zcat"),
        (b"PK\x03\x04\x00", "CSV UTF-8"),
        (b"\xff\xfea\x00", "iconv -f UTF-16"),
        (b"[{\"at\":1}]", "jq -c"),
        (b"a,b\n1,2\n", "--map at=COLUMN"),
        (b"at,\xff\n", "the header can't be read"),
    ] {
        let said = try_rows(bytes, "").unwrap_err().to_string();
        assert!(said.contains(part), "{said}");
    }
    assert!(
        try_rows("at,b\n", "code=c")
            .unwrap_err()
            .to_string()
            .contains("`c`")
    );
}

#[test]
fn an_empty_file_has_no_rows() {
    for text in ["", "\n\n", "\u{feff}", "at,code\n", "at,code"] {
        assert_eq!(lines(text), [], "{text:?}");
    }
}

#[test]
fn equal_rows_are_two_attempts_and_the_same_two_when_the_file_has_grown() {
    let file = "at\n1696913736\n1696913736\n1696913737\n";
    let before = identities(file);
    assert_eq!(before, identities(file));
    assert_ne!(before[0], before[1]);
    let after = identities(&format!("{file}1696913737\n"));
    assert_eq!(after[..3], before);
    assert!(!before.contains(&after[3]));
}

#[test]
fn a_column_of_map_that_no_line_has_is_known_at_the_end() {
    let mut rows = try_rows(
        "{\"at\":1696913736}\n{\"at\":1696913736,\"c\":1}\n",
        "code=c,reason=rsn",
    )
    .unwrap();
    assert_eq!(rows.unseen_columns(), ["c", "rsn"]);
    assert_eq!(rows.by_ref().count(), 2);
    assert_eq!(rows.unseen_columns(), ["rsn"]);
}

#[test]
fn progress_is_known_of_files_and_the_last_line_reaches_their_size() {
    let file = std::env::temp_dir().join(format!("usher-import-{}.csv", std::process::id()));
    std::fs::write(&file, "at\n1696913736\n1696913737").unwrap();
    let rows = open(&file, Overrides::default(), options()).unwrap();
    let total = rows.total_bytes();
    let last = rows.last().unwrap().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!((total, last.bytes_read, last.number), (Some(24), 24, 3));
    assert!(open(&file, Overrides::default(), options()).is_err());
}

/// Gives a few bytes at a time, as a pipe may.
struct Drops(io::Cursor<Vec<u8>>);

impl Read for Drops {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(3);
        self.0.read(&mut into[..length])
    }
}

/// Fails in the middle of a file.
struct Broken(bool);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(io::Error::other("the disk is gone"));
        }
        let text = b"at\n1696913736\n16969";
        into[..text.len()].copy_from_slice(text);
        Ok(text.len())
    }
}

#[test]
fn an_error_of_the_disk_ends_the_reading_and_is_no_row() {
    let rows = read(
        Box::new(Broken(false)),
        None,
        Overrides::default(),
        options(),
    )
    .unwrap();
    let results: Vec<bool> = rows.map(|line| line.is_ok()).collect();
    assert_eq!(results, [true, false]);
}

proptest! {
    #[test]
    fn any_bytes_are_rows_or_refused_and_end(
        start in prop::sample::select(vec!["", "at,reason\n", "{\"at\":1696913736}\n", "\u{feff}at;x\r\n"]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",;\n\r{}[]:0".to_vec())], 0..300),
    ) {
        let whole = [start.as_bytes(), &bytes].concat();
        let length = whole.len() as u64;
        if let Ok(rows) = try_rows(whole.clone(), "") {
            let at_once: Vec<_> = rows.map(|line| line.unwrap()).collect();
            for pair in at_once.windows(2) {
                prop_assert!(pair[0].number <= pair[1].number && pair[0].bytes_read < pair[1].bytes_read);
            }
            prop_assert!(at_once.last().is_none_or(|line| line.bytes_read <= length));
            let input = Box::new(Drops(io::Cursor::new(whole)));
            let in_drops = read(input, None, Overrides::default(), options()).unwrap();
            let in_drops: Vec<_> = in_drops.map(|line| line.unwrap().number).collect();
            prop_assert_eq!(in_drops, at_once.iter().map(|line| line.number).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_reason_comes_back_from_a_table(reasons_in in prop::collection::vec("[a-z,;\"\n\r é]{1,30}", 1..5)) {
        let mut csv = "at,reason,x\n".to_owned();
        for reason in &reasons_in {
            csv.push_str(&["1696913736,\"", &reason.replace('"', "\"\""), "\",1\n"].concat());
        }
        let expected: Vec<Option<String>> = reasons_in
            .iter()
            .map(|reason| Some(reason.trim().to_owned()).filter(|text| !text.is_empty() && text != "null"))
            .collect();
        prop_assert_eq!(reasons(&csv), expected);
    }
}
