//! `usher doctor --from --to`: were the signatures of that hour valid?

use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use usher::seal::MasterKey;
use usher::store::{Address, IfMissing, IfOlder, Store};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};
use usher_core::attempt::origin::{Hmac, Origin};
use usher_core::audit::Shape;
use usher_core::meeting::MeetingNumber;

use crate::process::{Place, Ran};

const HOUR: [&str; 7] = [
    "doctor",
    "--from",
    "2023-10-10T13:00",
    "--to",
    "2023-10-10T14:00",
    "--tz",
    "Asia/Tokyo",
];

/// 13:00 in Tokyo.
fn at(second: i64) -> Timestamp {
    "2023-10-10T04:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

fn claims(second: i64, backdate_s: i64) -> Value {
    let iat_s = at(second).as_second() - backdate_s;
    let exp_s = iat_s + 7_200;
    json!({
        "appKey": "aKey", "sdkKey": "aKey", "mn": "85012345678", "role": 0, "iat": iat_s, "exp": exp_s, "tokenExp": exp_s,
    })
}

fn minted(second: i64, release: &str, claims: &Value, hmac: Hmac) -> Event {
    let at = at(second);
    let join = json!({ "sdkKey": "", "signature": "", "meetingNumber": "", "passWord": "", "userName": "" });
    Event {
        attempt: AttemptId::new(at, u128::from(second.unsigned_abs())),
        source: Source::Mint,
        id: "mint".into(),
        kind: Kind::Minted,
        at,
        received_at: at,
        facts: Facts {
            origin: Some(Box::new(Origin {
                meeting_number: Some(MeetingNumber::from_u64(85_012_345_678).unwrap()),
                role: Some("attendee".into()),
                app: Some("tokyo".into()),
                release: Some(release.into()),
                instance: Some("usher-1".into()),
                environment: Some("production".into()),
                claims: serde_json::value::to_raw_value(claims).ok(),
                hmac: Some(hmac),
                join_shape: Some(Shape::of(&join)),
                ..Origin::default()
            })),
            ..Facts::default()
        },
        personal: Personal::default(),
    }
}

fn good(second: i64) -> Event {
    minted(second, "2023.10.2", &claims(second, 30), Hmac::Valid)
}

async fn place_with(events: &[Event]) -> Place {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    let data = place.path().join("usher-data");
    let key = MasterKey::read_file(&data.join("master.key")).unwrap();
    let address = Address::Sqlite(data.join("usher.sqlite"));
    let store = Store::open(&address, IfMissing::Fail, IfOlder::Refuse, Arc::new(key))
        .await
        .unwrap();
    store.append(events).await.unwrap();
    store.close().await;
    place
}

fn shown(ran: &Ran) -> String {
    format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    )
}

#[tokio::test]
async fn an_hour_of_valid_signatures_is_called_valid_in_its_first_sentence() {
    let hour: Vec<Event> = (0..1_234).map(good).collect();
    let place = place_with(&hour).await;
    assert_snapshot!(shown(&place.run(&HOUR)));
}

#[tokio::test]
async fn invalid_ones_are_named_and_what_another_release_made_differently() {
    let mut as_text = claims(900, 30);
    as_text["role"] = json!("0");
    as_text["app"] = json!("tokyo");
    as_text.as_object_mut().unwrap().remove("tokenExp");
    let place = place_with(&[
        good(0),
        good(60),
        minted(600, "2023.10.2", &claims(600, -2), Hmac::Valid),
        minted(900, "2023.10.3", &as_text, Hmac::Valid),
        minted(901, "2023.10.3", &claims(901, 30), Hmac::Invalid),
        minted(902, "2023.10.3", &claims(902, 30), Hmac::NotCheckable),
    ])
    .await;
    let ran = place.run(&HOUR);
    assert_eq!(ran.code, 1);
    assert_snapshot!(shown(&ran));
}

#[tokio::test]
async fn what_could_not_be_checked_is_not_called_valid() {
    let unchecked = minted(1, "r1", &claims(1, 30), Hmac::NotCheckable);
    let place = place_with(&[good(0), unchecked]).await;
    let ran = place.run(&HOUR);
    assert_eq!(ran.code, 0);
    let first = ran.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("Nothing is known to be wrong with the 2 signatures"),
        "{first}"
    );
    assert!(
        first.ends_with("1 was valid, 1 could not be checked."),
        "{first}"
    );
}

#[tokio::test]
async fn an_hour_without_signatures_says_so_and_is_no_finding() {
    let place = place_with(&[good(3_600)]).await;
    let ran = place.run(&HOUR);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "The journal has no signature of 2023-10-10 13:00-14:00 Asia/Tokyo (2023-10-10T04:00:00Z to 2023-10-10T05:00:00Z).\n"
        )
    );
}

#[tokio::test]
async fn programs_get_one_json_value() {
    let place = place_with(&[good(0)]).await;
    let ran = place.run(&[&HOUR[..], &["--json"]].concat());
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&summary["valid"], &summary["invalid"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(summary["from"], "2023-10-10T04:00:00Z");
    assert_eq!(summary["margins"][0]["smallest_s"], json!(30.0));
}

#[test]
fn a_span_that_can_not_be_read_is_said_by_its_flag() {
    let place = Place::new();
    for (args, named) in [
        (&["--from", "yesterday", "--to", "2023-10-10"][..], "--from"),
        (&["--from", "2023-10-10", "--to", "2023-10-09"], "--from"),
        (&["--from", "2023-10-10"], "--to"),
        (
            &[
                "--from",
                "2023-10-10",
                "--to",
                "2023-10-11",
                "--tz",
                "Asia/Edo",
            ],
            "Asia/Edo",
        ),
        (
            &[
                "--from",
                "2023-10-10",
                "--to",
                "2023-10-11",
                "--error",
                "3712",
            ],
            "--error",
        ),
    ] {
        let ran = place.run(&[&["doctor"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
}
