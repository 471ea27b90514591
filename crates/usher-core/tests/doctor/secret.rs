use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha512;
use usher_core::doctor::{Handed, Report, Severity, examine};

use crate::patient::*;

fn with_secret(token: &str, secret: &str) -> Report {
    examine(&Handed {
        text: Some(token),
        secrets: &[secret],
        ..at_the_join()
    })
}

fn signed_with(secret: &[u8]) -> String {
    token_of(HEADER, &claims_with(json!({})).to_string(), secret)
}

#[test]
fn a_good_token_is_called_good_and_the_next_suspects_are_named() {
    let report = with_secret(&signed_with(SECRET.as_bytes()), SECRET);
    assert_eq!((cause(&report), errors(&report)), (None, vec![]));
    assert!(message(&report, "signature_is_good").contains("HMAC"));
    assert_eq!(report.party.as_str(), "undetermined");
    assert!(
        !suspects(&report).contains(&"wrong_secret_or_key_pair"),
        "it was ruled out"
    );
    assert_eq!(
        suspects(&report)[..2],
        [
            "mn_mismatch_or_format",
            "external_account_not_allowed_or_unpublished_app"
        ]
    );
}

#[test]
fn without_a_secret_the_secret_is_the_first_suspect() {
    let report = examine_token(&signed_with(SECRET.as_bytes()));
    assert_eq!(suspects(&report)[0], "wrong_secret_or_key_pair");
    assert!(message(&report, "signature_is_good").contains("no secret was given"));
}

#[test]
fn the_way_in_which_the_secret_was_got_wrong_is_named() {
    let encoded = STANDARD.encode(SECRET);
    let decoded = STANDARD.decode("bm90LXRoZS1zZWNyZXQtYnV0LWJ5dGVz").unwrap();
    for (signing, given, words) in [
        (
            format!("{SECRET}\n").into_bytes(),
            SECRET,
            "line break at its end",
        ),
        (
            format!(" {SECRET} ").into_bytes(),
            &*format!(" {SECRET} "),
            "white space around it",
        ),
        (
            decoded,
            "bm90LXRoZS1zZWNyZXQtYnV0LWJ5dGVz",
            "base64-decoded",
        ),
        (encoded.into_bytes(), SECRET, "base64-encoded"),
        (KEY.as_bytes().to_vec(), SECRET, "the key, not the secret"),
        (
            vec![0x0a, 0x1b, 0x2c, 0x3d],
            "0a1b2c3d",
            "hex-decoded secret: jsrsasign, the library of Zoom's sample",
        ),
        (
            b"another secret".to_vec(),
            SECRET,
            "not made with the given secret",
        ),
    ] {
        let report = with_secret(&signed_with(&signing), given);
        assert_eq!(cause(&report), Some("wrong_secret_or_key_pair"), "{words}");
        assert!(message(&report, "hmac_invalid").contains(words), "{words}");
    }
}

#[test]
fn white_space_around_the_given_secret_is_not_held_against_the_token() {
    let token = signed_with(SECRET.as_bytes());
    let report = with_secret(&token, &format!("{SECRET}\n"));
    assert_eq!(errors(&report), [""; 0]);
    assert_eq!(report.worst(), Some(Severity::Warning));
    assert!(message(&report, "secret_with_white_space").contains("signs wrongly"));
    assert!(suspects(&report).contains(&"wrong_secret_or_key_pair"));
    assert_eq!(with_secret(&token, SECRET).worst(), Some(Severity::Info));
}

#[test]
fn of_several_secrets_the_one_that_matches_is_named() {
    let examine_with = |token: &str, secrets: &[&str]| {
        examine(&Handed {
            text: Some(token),
            secrets,
            ..at_the_join()
        })
    };
    let token = signed_with(SECRET.as_bytes());
    let valid = |secrets: &[&str]| message(&examine_with(&token, secrets), "hmac_valid").to_owned();
    assert!(valid(&[SECRET]).contains("of the given secret:"));
    assert!(valid(&[SECRET, "another"]).contains("the first given secret"));
    assert!(valid(&["another", SECRET]).contains("the second given secret (the successor)"));
    let neither = examine_with(&token, &["one", "another"]);
    assert_eq!(cause(&neither), Some("wrong_secret_or_key_pair"));
    assert!(message(&neither, "hmac_invalid").contains("any of the given secrets"));
    let broken = signed_with(format!("{SECRET}\n").as_bytes());
    let successor = examine_with(&broken, &["another", SECRET]);
    assert!(message(&successor, "hmac_invalid").contains(
        "not of the second given secret (the successor), but of the secret with a line break"
    ));
    let holds_it = token_with(json!({"appKey": SECRET, "sdkKey": SECRET}));
    let report = examine_with(&holds_it, &["another", SECRET]);
    assert!(errors(&report).contains(&"key_equals_secret"));
    assert!(!format!("{report:?}").contains(SECRET));
}

#[test]
fn another_hash_is_named() {
    let good = signed_with(SECRET.as_bytes());
    let signed = good.rsplit_once('.').unwrap().0;
    let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let token = format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    );
    let report = with_secret(&token, SECRET);
    assert_eq!(cause(&report), Some("wrong_alg_or_header"));
    assert!(message(&report, "hmac_algorithm").contains("HS512"));
}

#[test]
fn a_hexadecimal_hmac_of_the_right_secret_leaves_the_secret_out_of_it() {
    let good = signed_with(SECRET.as_bytes());
    let signed = good.rsplit_once('.').unwrap().0;
    let hex = hex(&hmac_sha256(SECRET.as_bytes(), signed));
    let report = with_secret(&format!("{signed}.{hex}"), SECRET);
    assert_eq!(
        (cause(&report), errors(&report)),
        (Some("wrong_base64"), vec!["hex_hmac"])
    );
}

#[test]
fn a_key_that_is_the_secret_is_named_and_not_shown() {
    let token = token_with(json!({"appKey": SECRET, "sdkKey": SECRET}));
    let report = with_secret(&token, SECRET);
    assert_eq!(cause(&report), Some("wrong_secret_or_key_pair"));
    assert!(errors(&report).contains(&"key_equals_secret"));
    assert!(!format!("{report:?}").contains(SECRET));
    assert!(!serde_json::to_string(&report).unwrap().contains(SECRET));
}
