use serde_json::{Value, json};
use usher_core::audit::{Shape, Signed};

use crate::signatures::*;

#[test]
fn a_shape_is_the_sorted_keys_with_their_json_types_and_no_value() {
    let shape = Shape::of(&json!({
        "userName": "Aiko", "passWord": "", "meetingNumber": 85_012_345_678_u64, "zak": null, "helper": true, "a": [], "o": {}, "n": 1.5,
    }));
    let json = r#"{"a":"array","helper":"boolean","meetingNumber":"number","n":"number","o":"object","passWord":"string","userName":"string","zak":"null"}"#;
    assert_eq!(serde_json::to_string(&shape).unwrap(), json);
    assert_eq!(serde_json::from_str::<Shape>(json).unwrap(), shape);
    assert_eq!(
        shape.to_string(),
        "a:array helper:boolean meetingNumber:number n:number o:object passWord:string userName:string zak:null"
    );
}

#[test]
fn the_order_of_keys_makes_no_other_shape_and_a_type_does() {
    let shape = |json| Shape::of(&json);
    assert_eq!(
        shape(json!({"a": 1, "b": ""})),
        shape(json!({"b": "x", "a": 2}))
    );
    assert_ne!(shape(json!({"a": 1})), shape(json!({"a": "1"})));
    assert_eq!(shape(Value::Null), Shape::default());
    assert_eq!(
        shape(json!({"\u{1b}[2J": 1})).to_string(),
        r"\u001b[2J:number"
    );
}

#[test]
fn a_shape_of_another_word_is_refused() {
    assert!(serde_json::from_str::<Shape>(r#"{"exp":"integer"}"#).is_err());
}

#[test]
fn shapes_show_whether_the_code_was_another() {
    let before = claims_with(json!({}));
    let after = claims_with(json!({"mn": 85_012_345_678_u64}));
    let join = Shape::of(&json!({"signature": "s", "passWord": "p"}));
    let by = |release, ms, claims| Signed {
        at: at_ms(ms),
        release: Some(release),
        join_shape: Some(&join),
        ..signed(claims)
    };
    let summary = audit([
        by("1.0", 5_000, &before),
        by("1.1", 2_000, &after),
        by("1.0", 0, &before),
        by("1.1", 9_000, &after),
    ]);
    let of_claims = |mn| json!({"appKey": "string", "exp": "number", "iat": "number", "mn": mn, "role": "number", "sdkKey": "string", "tokenExp": "number"});
    let of_join = json!({"passWord": "string", "signature": "string"});
    let row = |of, release, shape: &Value, first, last| {
        json!({"of": of, "release": release, "shape": shape, "count": 2,
            "first_at": format!("2023-10-10T04:00:0{first}Z"), "last_at": format!("2023-10-10T04:00:0{last}Z")})
    };
    assert_eq!(
        json_of(&summary)["shapes"],
        json!([
            row("claims", "1.0", &of_claims("string"), "0", "5"),
            row("claims", "1.1", &of_claims("number"), "2", "9"),
            row("join", "1.0", &of_join, "0", "5"),
            row("join", "1.1", &of_join, "2", "9"),
        ])
    );
}
