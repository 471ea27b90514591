use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use usher_core::webhook::{self, Forged, Verified, body_hash, challenge_answer, verify};

use crate::signed::{signature, time};

const SECRET: &str = "the-app's-secret-token";
const BODY: &[u8] = br#"{"event":"meeting.started"}"#;
const SENT_S: i64 = 1_696_910_400;

fn sent_at() -> Timestamp {
    Timestamp::from_second(SENT_S).unwrap()
}

fn verify_at(timestamp: &str, now: Timestamp) -> Result<Verified, Forged> {
    let signature = signature(SECRET, timestamp, BODY);
    verify(BODY, Some(&signature), Some(timestamp), &[SECRET], now)
}

#[test]
fn a_request_is_taken_from_two_hours_old_to_five_minutes_ahead() {
    for (age_s, expected) in [
        (0, None),
        (85 * 60 + 12, None),
        (7_200, None),
        (7_201, Some(Forged::TooOld)),
        (-300, None),
        (-301, Some(Forged::InFuture)),
        (10 * 365 * 86_400, Some(Forged::TooOld)),
    ] {
        let now = sent_at() + SignedDuration::from_secs(age_s);
        for timestamp in [SENT_S.to_string(), format!("{SENT_S}000")] {
            let verified = verify_at(&timestamp, now);
            assert_eq!(verified.err(), expected, "{timestamp} aged {age_s} s");
            assert!(verified.is_err() || verified.unwrap().sent_at == sent_at());
        }
    }
}

#[test]
fn a_request_without_both_headers_has_no_signature() {
    let signature = signature(SECRET, "1696910400", BODY);
    for (signature, timestamp) in [
        (None, Some("1696910400")),
        (Some(signature.as_str()), None),
        (None, None),
    ] {
        let refused = verify(BODY, signature, timestamp, &[SECRET], sent_at());
        assert_eq!(refused, Err(Forged::MissingSignature));
    }
}

#[test]
fn a_signature_of_another_form_is_malformed() {
    let good = signature(SECRET, "1696910400", BODY);
    for malformed in [
        String::new(),
        "v0=".to_owned(),
        good.replace("v0=", "v1="),
        good.replace("v0=", ""),
        good.to_uppercase().replace("V0=", "v0="),
        format!("{good}0"),
        good[..66].to_owned(),
        format!("{}é", &good[..65]),
        format!(" {good}"),
    ] {
        let refused = verify(
            BODY,
            Some(&malformed),
            Some("1696910400"),
            &[SECRET],
            sent_at(),
        );
        assert_eq!(refused, Err(Forged::Malformed), "{malformed:?}");
    }
}

#[test]
fn a_signed_timestamp_that_is_no_moment_is_malformed() {
    for timestamp in [
        "",
        "now",
        "-1696910400",
        "+1696910400",
        "1696910400.5",
        " 1696910400",
        "99999999999999999",
        "123456789012345678901",
    ] {
        assert_eq!(
            verify_at(timestamp, sent_at()),
            Err(Forged::Malformed),
            "{timestamp:?}"
        );
    }
}

#[test]
fn a_stranger_learns_nothing_but_that_the_signature_is_bad() {
    let strangers = signature("not-the-secret", "1696910400", BODY);
    for timestamp in ["1696910400", "1", "9999999999", "no time at all", ""] {
        let refused = verify(
            BODY,
            Some(&strangers),
            Some(timestamp),
            &[SECRET],
            sent_at(),
        );
        assert_eq!(refused, Err(Forged::BadSignature), "{timestamp:?}");
    }
}

#[test]
fn the_secret_that_verified_is_named_so_that_it_answers_the_challenge() {
    let secrets = ["old-secret".to_owned(), SECRET.to_owned()];
    for (index, secret) in secrets.iter().enumerate() {
        let signature = signature(secret, "1696910400", BODY);
        let verified = verify(
            BODY,
            Some(&signature),
            Some("1696910400"),
            &secrets,
            sent_at(),
        );
        assert_eq!(verified.unwrap().secret_index, index);
    }
}

#[test]
fn an_empty_or_absent_secret_verifies_nothing() {
    let signature = signature("", "1696910400", BODY);
    for secrets in [&[][..], &[""], &["", SECRET]] {
        let refused = verify(
            BODY,
            Some(&signature),
            Some("1696910400"),
            secrets,
            sent_at(),
        );
        assert_eq!(refused, Err(Forged::BadSignature));
    }
    assert_eq!(
        challenge_answer("abc", "").unwrap_err().field,
        "webhook_secret"
    );
}

#[test]
fn each_refusal_has_a_code_of_its_own() {
    let codes = [
        Forged::MissingSignature,
        Forged::Malformed,
        Forged::BadSignature,
        Forged::TooOld,
        Forged::InFuture,
    ]
    .map(Forged::code);
    assert_eq!(
        codes,
        [
            "missing_signature",
            "malformed",
            "bad_signature",
            "too_old",
            "in_future"
        ]
    );
}

#[test]
fn a_challenge_that_could_be_a_notification_is_not_signed() {
    let long = "a".repeat(129);
    for token in [
        "",
        "v0:1696910400:{}",
        "a:b",
        "a b",
        "{}",
        "a.b",
        "a\n",
        "é",
        "\0",
        long.as_str(),
    ] {
        let refusal = challenge_answer(token, SECRET).unwrap_err();
        assert_eq!(refusal.code, "invalid_plain_token", "{token:?}");
        assert!(!refusal.to_string().contains(SECRET));
    }
    for token in ["a", "qgg8vlvZRS6UYooatFL8Aw", "A-_9", &"a".repeat(128)] {
        assert_eq!(challenge_answer(token, SECRET).unwrap().plain_token, token);
    }
}

#[test]
fn the_same_body_has_the_same_hash_and_another_has_another() {
    // sha256sum of the empty text begins so.
    assert_eq!(body_hash(b""), "e3b0c44298fc1c149afbf4c8996fb924");
    assert_ne!(body_hash(b"{}"), body_hash(b"{ }"));
}

proptest! {
    #[test]
    fn any_flipped_bit_of_the_body_fails(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let signature = signature(SECRET, "1696910400", &body);
        let check = |body: &[u8]| verify(body, Some(&signature), Some("1696910400"), &[SECRET], sent_at());
        prop_assert!(check(&body).is_ok());
        let mut flipped = body.clone();
        flipped[at.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(check(&flipped), Err(Forged::BadSignature));
    }

    #[test]
    fn any_flipped_bit_of_the_headers_fails(in_signature in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let mut signature = signature(SECRET, "1696910400", BODY).into_bytes();
        let mut timestamp = b"1696910400".to_vec();
        let flipped = if in_signature { &mut signature } else { &mut timestamp };
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        let (signature, timestamp) = (String::from_utf8(signature).unwrap(), String::from_utf8(timestamp).unwrap());
        let refused = verify(BODY, Some(&signature), Some(&timestamp), &[SECRET], sent_at());
        prop_assert!(matches!(refused, Err(Forged::BadSignature | Forged::Malformed)));
    }

    #[test]
    fn any_headers_are_refused_without_a_panic(signature in ".{0,80}", timestamp in ".{0,30}", body in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(verify(&body, Some(&signature), Some(&timestamp), &[SECRET], time("2023-10-10T04:00:00Z")).is_err());
    }
}

#[test]
fn what_is_signed_here_is_what_zoom_would_sign_and_an_empty_secret_signs_nothing() {
    let timestamp = SENT_S.to_string();
    let ours = webhook::signature(SECRET, &timestamp, BODY);
    assert_eq!(ours, Some(signature(SECRET, &timestamp, BODY)));
    assert_eq!(webhook::signature("", &timestamp, BODY), None);
}
