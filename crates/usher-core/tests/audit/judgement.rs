use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::{Hmac, Origin};
use usher_core::audit::{Signed, claims_of};
use usher_core::doctor::{Handed, Severity, examine};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, Validity};

use crate::signatures::*;

fn cause_of(signed: Signed<'_>) -> Option<String> {
    let summary = audit([signed]);
    assert_eq!(counts(&summary), [0, 1, 0], "{}", signed.claims);
    let invalid = &summary.invalid_signatures[0];
    assert!(!invalid.message.is_empty());
    invalid.cause.map(|cause| cause.id().to_owned())
}

#[test]
fn what_is_minted_is_valid_when_its_hmac_is() {
    let number = MeetingNumber::parse("85012345678").unwrap();
    for ms in [0, 1, 499, 500, 999] {
        for expires_in_s in [1_801, 7_200, 172_800] {
            let validity = Validity::new(at_ms(ms), 30, expires_in_s).unwrap();
            let minted = Claims::web(KEY, number, Role::Host, validity, Some(1)).unwrap();
            let claims = serde_json::to_value(minted).unwrap();
            let summary = audit([Signed {
                at: at_ms(ms),
                role: Some(Role::Host),
                ..signed(&claims)
            }]);
            assert_eq!(
                counts(&summary),
                [1, 0, 0],
                "{:?}",
                summary.invalid_signatures
            );
        }
    }
}

#[test]
fn a_native_signature_has_neither_number_nor_role_and_is_valid() {
    let claims = claims_with(json!({"mn": null, "role": null}));
    let summary = audit([Signed {
        meeting_number: None,
        role: None,
        view: None,
        sdk_version: None,
        ..signed(&claims)
    }]);
    assert_eq!(counts(&summary), [1, 0, 0]);
}

#[test]
fn one_wrong_thing_is_the_cause() {
    for (changes, cause) in [
        (json!({"iat": AT_S + 1}), "iat_in_future_clock_skew"),
        (json!({"iat": (AT_S - 30) * 1000}), "iat_in_milliseconds"),
        (json!({"iat": (AT_S - 30).to_string()}), "wrong_claim_type"),
        (json!({"iat": 1_696_910_370.5}), "wrong_claim_type"),
        (
            json!({"iat": AT_S - 7200, "exp": AT_S, "tokenExp": AT_S}),
            "exp_in_past",
        ),
        (
            json!({"exp": AT_S + 1769, "tokenExp": AT_S + 1769}),
            "exp_too_short",
        ),
        (
            json!({"exp": AT_S + 172_771, "tokenExp": AT_S + 172_771}),
            "exp_too_long",
        ),
        (json!({"tokenExp": AT_S + 1769}), "token_exp_out_of_range"),
        (json!({"mn": "85012345679"}), "mn_mismatch_or_format"),
        (json!({"mn": "850-1234-5678"}), "mn_mismatch_or_format"),
        (json!({"mn": null}), "missing_claim"),
        (json!({"exp": null}), "missing_claim"),
        (json!({"role": 1}), "role_mismatch"),
        (json!({"role": 2}), "role_mismatch"),
        (json!({"role": "0"}), "wrong_claim_type"),
        (
            json!({"appKey": "another", "sdkKey": "another"}),
            "wrong_secret_or_key_pair",
        ),
        (json!({"sdkKey": "another"}), "wrong_secret_or_key_pair"),
        (json!({"sdkKey": null}), "missing_claim"),
        (
            json!({"tpc": "a session", "app_key": KEY, "role_type": 1}),
            "wrong_app_type",
        ),
    ] {
        let claims = claims_with(changes.clone());
        assert_eq!(
            cause_of(signed(&claims)).as_deref(),
            Some(cause),
            "{changes}"
        );
    }
}

#[test]
fn an_hmac_of_another_secret_comes_before_whatever_else_is_wrong() {
    for changes in [json!({}), json!({"iat": AT_S + 60})] {
        let claims = claims_with(changes);
        let signed = Signed {
            hmac: Hmac::Invalid,
            ..signed(&claims)
        };
        assert_eq!(
            cause_of(signed).as_deref(),
            Some("wrong_secret_or_key_pair")
        );
    }
}

#[test]
fn without_a_secret_right_claims_are_not_checkable_and_wrong_ones_are_wrong() {
    let (right, wrong) = (
        claims_with(json!({})),
        claims_with(json!({"iat": AT_S + 5})),
    );
    let summary = audit([&right, &wrong].map(|claims| Signed {
        hmac: Hmac::NotCheckable,
        ..signed(claims)
    }));
    assert_eq!(counts(&summary), [0, 1, 1]);
    assert_eq!(summary.not_checkable_because.no_secret, 1);
}

#[test]
fn what_is_only_partly_known_is_not_called_wrong() {
    let old = claims_with(json!({"appKey": null}));
    let unsaid_version = Signed {
        sdk_version: None,
        ..signed(&old)
    };
    let (null, empty) = (Value::Null, json!({}));
    let summary = audit([unsaid_version, signed(&null), signed(&empty)]);
    assert_eq!(counts(&summary), [0, 0, 3]);
    assert_eq!(summary.not_checkable_because.partly_known, 3);
    assert_eq!(
        counts(&audit([signed(&old)])),
        [1, 0, 0],
        "2.16.0 does without"
    );
    let today = Signed {
        sdk_version: Some(SdkVersion(6, 2, 0)),
        ..signed(&old)
    };
    assert_eq!(cause_of(today).as_deref(), Some("missing_claim"));
}

#[test]
fn claims_that_cannot_be_read_are_partly_known_and_no_claims_at_all_are_no_signature() {
    let of = |claims: Option<&str>, hmac| Origin {
        claims: claims.map(|text| RawValue::from_string(text.to_owned()).unwrap()),
        hmac,
        ..Origin::default()
    };
    let event = Event {
        attempt: attempt(1),
        source: Source::Import,
        id: "origin".to_owned(),
        kind: Kind::Minted,
        at: at_ms(0),
        received_at: at_ms(0),
        facts: Facts::default(),
        personal: Personal::default(),
    };
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"iat":{deep}}}"#);
    for text in [r#"{"iat":1e999}"#, r#"{"mn":"\ud800"}"#, &deep] {
        let origin = of(Some(text), Some(Hmac::NotCheckable));
        let claims = claims_of(&origin).unwrap();
        let summary = audit([Signed::of(&event, &origin, &claims)]);
        assert_eq!(counts(&summary), [0, 0, 1], "{text}");
        assert_eq!(summary.not_checkable_because.partly_known, 1);
    }
    assert_eq!(claims_of(&of(None, None)), None);
}

#[test]
fn a_role_that_nobody_said_is_compared_with_nothing() {
    let claims = claims_with(json!({"role": 1}));
    let unsaid = Signed {
        role: None,
        ..signed(&claims)
    };
    assert_eq!(counts(&audit([unsaid])), [1, 0, 0]);
}

#[test]
fn each_signature_is_judged_for_its_own_moment() {
    let claims = claims_with(json!({}));
    let at = |ms| Signed {
        at: at_ms(ms),
        ..signed(&claims)
    };
    let summary = audit([at(-31_000), at(-30_000), at(7_169_999), at(7_170_000)]);
    assert_eq!(counts(&summary), [2, 2, 0]);
    let causes: Vec<_> = summary
        .invalid_signatures
        .iter()
        .map(|invalid| invalid.cause.unwrap().id())
        .collect();
    assert_eq!(causes, ["iat_in_future_clock_skew", "exp_in_past"]);
}

#[test]
fn an_invalid_signature_carries_the_doctors_findings_and_who_made_it() {
    let claims = claims_with(json!({"iat": AT_S + 5}));
    let summary = audit([Signed {
        release: Some("2023.10.2"),
        app: Some("tokyo"),
        instance: Some("usher-1"),
        environment: Some("production"),
        ..signed(&claims)
    }]);
    let invalid = &json_of(&summary)["invalid_signatures"][0];
    assert_eq!(invalid["cause"], "iat_in_future_clock_skew");
    assert_eq!(invalid["party"], "integrator");
    assert_eq!(invalid["findings"][0]["rule"], "iat_in_future");
    assert_eq!(invalid["release"], "2023.10.2");
    assert_eq!(invalid["app"], "tokyo");
    assert_eq!(invalid["instance"], "usher-1");
    assert_eq!(invalid["environment"], "production");
    assert_eq!(invalid["at"], "2023-10-10T04:00:00Z");
    assert_eq!(invalid["attempt"], attempt(1).to_string());
}

/// A value that a claim may have: right ones, ones at an edge, and of other types.
fn claim() -> impl Strategy<Value = Value> {
    let distance_s = prop_oneof![
        -40..40_i64,
        1_700..1_900_i64,
        172_700..172_900_i64,
        -200_000..200_000_i64
    ];
    prop_oneof![
        6 => distance_s.prop_map(|s| json!(AT_S + s)),
        1 => Just(json!("85012345678")),
        1 => Just(json!("085012345678")),
        1 => Just(json!("850 1234 5678")),
        1 => Just(json!(85_012_345_678_u64)),
        1 => Just(json!(KEY)),
        1 => Just(json!(format!("{KEY} "))),
        1 => Just(json!("")),
        1 => (-1..3_i64).prop_map(|role| json!(role)),
        1 => Just(json!(1.696_910_370e9)),
        1 => Just(json!(AT_S * 1000)),
        1 => Just(Value::Null),
        1 => Just(json!(["x"])),
        1 => any::<bool>().prop_map(|flag| json!(flag)),
    ]
}

const NAMES: [&str; 10] = [
    "appKey",
    "sdkKey",
    "mn",
    "role",
    "iat",
    "exp",
    "tokenExp",
    "video_webrtc_mode",
    "tpc",
    "iss",
];

/// Claims that hang together: made some time earlier or later, for some lifetime, key and number.
fn coherent_claims() -> impl Strategy<Value = Value> {
    let late_s = prop_oneof![-40..40_i64, 7_130..7_210_i64, -300_000..300_000_i64];
    let lifetime_s =
        prop_oneof![6 => Just(7_200_i64), 1 => 1_798..1_803_i64, 1 => 172_798..172_803_i64];
    let one_of = |right: &str, others: &[&str]| {
        let others: Vec<String> = others.iter().map(|&other| other.to_owned()).collect();
        prop_oneof![6 => Just(right.to_owned()), 1 => proptest::sample::select(others)]
    };
    let key = one_of(KEY, &["anotherKey", "", " aKey", "a key"]);
    let number = one_of(
        "85012345678",
        &["85012345679", "012345678901", "12345678", "1234567890123"],
    );
    (late_s, lifetime_s, key, number).prop_map(|(late_s, lifetime_s, key, number)| {
        let iat_s = AT_S - 30 - late_s;
        let exp_s = iat_s + lifetime_s;
        claims_with(json!({"iat": iat_s, "exp": exp_s, "tokenExp": exp_s, "appKey": key, "sdkKey": key, "mn": number}))
    })
}

/// The same, of which up to three are something else or gone.
fn claims() -> impl Strategy<Value = Value> {
    let change = (0..NAMES.len(), proptest::option::of(claim()));
    let changes = proptest::collection::vec(change, 0..=3);
    (coherent_claims(), changes).prop_map(|(mut claims, changes)| {
        let map = claims.as_object_mut().unwrap();
        for (name, value) in changes {
            match value {
                Some(value) => {
                    map.insert(NAMES[name].to_owned(), value);
                }
                None => {
                    map.shift_remove(NAMES[name]);
                }
            }
        }
        claims
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_audit_calls_valid_exactly_what_the_doctor_finds_no_error_in(
        claims in claims(),
        ms in -60_000..60_000_i64,
        is_known in any::<[bool; 5]>(),
        hmac in proptest::sample::select(vec![Hmac::Valid, Hmac::Invalid]),
    ) {
        let [has_key, has_number, has_version, has_view, has_role] = is_known;
        let at: Timestamp = at_ms(ms);
        let number = MeetingNumber::parse("85012345678").unwrap();
        let version = has_version.then_some(SdkVersion(6, 2, 0));
        let view = has_view.then_some(View::Component);
        let signed = Signed {
            at,
            key: has_key.then_some(KEY),
            meeting_number: has_number.then_some(number),
            role: has_role.then_some(Role::Attendee),
            hmac,
            sdk_version: version,
            view,
            ..signed(&claims)
        };
        let text = claims.to_string();
        let report = examine(&Handed {
            claims: Some(&text),
            key: signed.key,
            hmac: Some(hmac),
            role: signed.role,
            meeting: has_number.then_some("85012345678"),
            sdk_version: version,
            view,
            now: at,
            now_is_given: true,
            ..Handed::default()
        });
        let summary = audit([signed]);
        let has_error = report.worst() == Some(Severity::Error);
        prop_assert_eq!(summary.counts.valid == 1, !has_error, "{}", text);
        if let Some(invalid) = summary.invalid_signatures.first() {
            prop_assert_eq!(invalid.cause, report.cause);
        }
    }
}
