use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use usher_core::attempt::AttemptId;
use usher_core::doctor::{Handed, Report, examine};
use usher_core::join::dialect::{PUBLISHED_VERSIONS, View};
use usher_core::join::{JoinRequest, mint};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::KeyPair;

use crate::patient::*;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from(SECRET)),
        Just(Value::from(format!("in {SECRET} it"))),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any_name(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "appKey",
        "sdkKey",
        "mn",
        "role",
        "iat",
        "exp",
        "tokenExp",
        "tpc",
        "iss",
        "aud",
        "alg",
        "typ",
        "signature",
        "meetingNumber",
        "userName",
        "passWord",
        "password",
        "zak",
        "obfToken",
        "tk",
        "errorCode",
        "reason",
        "sessionName",
        SECRET,
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::hash_map(any_name(), any_json(), 0..9)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// Everything that can leave the process: the JSON, the texts to point into, `Debug`.
fn all_of(report: &Report) -> String {
    let json = serde_json::to_string(report).unwrap();
    let shown: Vec<&str> = report
        .shown
        .iter()
        .map(|shown| shown.text.as_str())
        .collect();
    format!("{json}\n{}\n{report:?}", shown.join("\n"))
}

fn check_places(report: &Report) {
    for place in report
        .findings
        .iter()
        .filter_map(|finding| finding.place.as_ref())
    {
        assert!(
            report
                .shown(place.source)
                .unwrap()
                .get(place.span.clone())
                .is_some()
        );
    }
}

proptest! {
    #[test]
    fn it_never_panics_whatever_it_is_handed(
        text in prop::option::of(".{0,200}"), claims in prop::option::of(".{0,80}"), join in prop::option::of(".{0,80}"),
        code in prop::option::of(".{0,8}"), reason in prop::option::of(".{0,80}"), now_s in -100_000_000_000_i64..100_000_000_000,
    ) {
        let report = examine(&Handed {
            text: text.as_deref(), claims: claims.as_deref(), join: join.as_deref(), error_code: code.as_deref(), reason: reason.as_deref(),
            secrets: &[SECRET], now: Timestamp::from_second(now_s).unwrap(), now_is_given: true, ..Handed::default()
        });
        check_places(&report);
    }

    #[test]
    fn it_never_panics_on_what_looks_like_a_token(
        text in "(Bearer |'|\"|\\{\"signature\":\")?(eyJ|ewo)?[A-Za-z0-9+/=_. é-]{0,90}[012]?",
    ) {
        let report = examine(&Handed { text: Some(&text), secrets: &[SECRET], ..at_the_join() });
        check_places(&report);
    }

    #[test]
    fn it_never_shows_a_secret_or_the_third_part_of_a_token(
        header in any_object(), claims in any_object(), join in any_object(), wrap in 0..5, now_is_given: bool,
    ) {
        let token = token_of(&header.to_string(), &claims.to_string(), SECRET.as_bytes());
        let third = token.rsplit_once('.').unwrap().1.to_owned();
        let mut join = join;
        join["signature"] = Value::from(token.as_str());
        join["zak"] = Value::from("zak-0123456789");
        join["passWord"] = Value::from("pass-0123456789");
        let text = match wrap {
            0 => token.clone(),
            1 => json!({"signature": token}).to_string(),
            2 => format!("Bearer {token}"),
            3 => format!("it said {token} and then 3712"),
            _ => join.to_string(),
        };
        let (join, claims) = (join.to_string(), claims.to_string());
        for (text, claims, join) in [(Some(text.as_str()), None, None), (None, None, Some(join.as_str())), (None, Some(claims.as_str()), Some(join.as_str()))] {
            let report = examine(&Handed {
                text, claims, join, secrets: &[SECRET], reason: Some(&token), error_code: Some(SECRET), now: now(), now_is_given, ..Handed::default()
            });
            check_places(&report);
            let all = all_of(&report);
            for forbidden in [SECRET, &third, "zak-0123456789", "pass-0123456789"] {
                prop_assert!(!all.contains(forbidden), "{forbidden} in {all}");
            }
        }
    }

    #[test]
    fn what_is_minted_has_no_error(
        version in prop::sample::select(PUBLISHED_VERSIONS), is_client: bool, is_host: bool, expires_in_s in 1_801_u32..=172_800,
        now_s in 1_600_000_000_i64..2_000_000_000, backdate_s in 0_u32..400, number in 100_000_000_u64..=999_999_999_999,
    ) {
        let pair = KeyPair::new(KEY, SECRET).unwrap();
        let view = if is_client { View::Client } else { View::Component };
        let now = Timestamp::from_second(now_s).unwrap();
        let request = JoinRequest {
            attempt: AttemptId::new(now, 7),
            meeting_number: MeetingNumber::from_u64(number).unwrap(),
            user_name: "Ann",
            role: if is_host { Role::Host } else { Role::Attendee },
            view,
            sdk_version: version,
            passcode: "123456",
            user_email: None,
            registrant_token: None,
            zak: is_host.then_some("eyJ.zak.z"),
            obf_token: None,
            video_webrtc_mode: None,
            expires_in_s,
        };
        let minted = mint(&pair, &request, now, backdate_s).unwrap();
        let join = serde_json::to_string(&minted.parameters).unwrap();
        let number = number.to_string();
        let report = examine(&Handed {
            join: Some(&join), secrets: &[SECRET], key: Some(KEY), meeting: Some(&number), sdk_version: Some(version), view: Some(view),
            now, now_is_given: true, ..Handed::default()
        });
        prop_assert_eq!(errors(&report), Vec::<&str>::new(), "{:#?}", report);
        prop_assert_eq!(report.cause, None);
    }
}
