use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use usher_core::import::{Cell, Kind, Mapping, Overrides, row};

use crate::{in_zone, line, new_york, options};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[0-9/:. TZ+-]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "at",
            "outcome",
            "code",
            "reason",
            "meeting",
            "participant",
            "claims",
            "token",
            "answered_at",
            "attempts",
            "failed",
            "dims",
            "time",
            "success",
        ])
        .prop_map(str::to_owned),
        ".*",
    ]
}

proptest! {
    #[test]
    fn any_object_is_read_or_refused_in_a_sentence(
        pairs in prop::collection::vec((any_key(), any_json()), 0..10),
        is_zoned in any::<bool>(),
    ) {
        let object: Map<String, Value> = pairs.into_iter().collect();
        let mapping = Mapping::of_object(object.keys().map(String::as_str), &Overrides::default());
        let options = if is_zoned { in_zone(new_york()) } else { options() };
        match row(object.values().map(Cell::Json), &mapping, &options) {
            Ok(row) => prop_assert!(row.dims.len() <= 16),
            Err(refusal) => prop_assert!(!refusal.to_string().contains('\n')),
        }
    }

    #[test]
    fn any_text_is_a_map_or_refused(text in ".*") {
        let _ = Overrides::parse(&text);
    }

    #[test]
    fn any_text_is_a_moment_or_refused(text in "[0-9a-zA-Z/:.,+ \\[\\]TZ-]{0,40}") {
        let _ = line(&json!({"at": text}).to_string());
    }

    #[test]
    fn moments_come_back_from_every_way_to_write_them(us in 1_300_000_000_000_000i64..1_767_000_000_000_000) {
        let at = Timestamp::from_microsecond(us).unwrap();
        let written = [
            json!(at.to_string()),
            json!(us),
            json!(us.to_string()),
            json!(format!("{}.{:06}", us / 1_000_000, us % 1_000_000)),
            json!(at.to_string().replace('T', " ").replace('Z', " UTC")),
        ];
        for text in written {
            prop_assert_eq!(line(&json!({"at": text}).to_string()).unwrap().at, at, "{}", text);
        }
    }

    #[test]
    fn counts_come_back(attempts in 0u64..1_000_000_000, failed in 0u64..1_000_000_000) {
        let row = line(&json!({"at": 1_696_913_736, "attempts": attempts, "failed": failed}).to_string());
        match row {
            Ok(row) => {
                let Kind::Aggregated(counts) = row.kind else { panic!("one attempt") };
                prop_assert_eq!((counts.attempts, counts.failed), (attempts, failed));
            }
            Err(refusal) => {
                prop_assert_eq!(refusal.code, "more_failed_than_attempts");
                prop_assert!(failed > attempts);
            }
        }
    }
}
