use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::patient::*;

/// A token whose three parts are encoded by `encode`.
fn encoded(encode: impl Fn(&[u8]) -> String, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        encode(HEADER.as_bytes()),
        encode(claims.as_bytes())
    );
    let mac = hmac_sha256(SECRET.as_bytes(), &signed);
    format!("{signed}.{}", encode(&mac))
}

/// .NET's `HttpServerUtility.UrlTokenEncode`.
fn url_token_encode(bytes: &[u8]) -> String {
    let text = URL_SAFE.encode(bytes);
    let padding = text.matches('=').count();
    format!("{}{padding}", text.trim_end_matches('='))
}

#[test]
fn standard_base64_and_its_padding_are_named() {
    let claims = claims_with(json!({})).to_string();
    let token = encoded(|bytes| STANDARD.encode(bytes), &claims);
    assert_eq!(cause(&examine_token(&token)), Some("wrong_base64"));
    let padded = encoded(|bytes| URL_SAFE.encode(bytes), &claims);
    let report = examine_token(&padded);
    assert_eq!(cause(&report), Some("wrong_base64"));
    assert!(message(&report, "not_base64url").contains("`=`"));
    assert!(report.claims.is_some(), "they are decoded all the same");
}

#[test]
fn dot_nets_padding_count_is_named_for_every_length_of_claims() {
    for name in ["", "a", "ab"] {
        let claims = claims_with(json!({ "x": name })).to_string();
        let report = examine_token(&encoded(url_token_encode, &claims));
        assert_eq!(cause(&report), Some("wrong_base64"), "{name}");
        assert!(
            errors(&report).contains(&"padding_count"),
            "{:?}",
            errors(&report)
        );
        assert!(report.claims.is_some());
    }
}

#[test]
fn a_hexadecimal_hmac_is_named_in_both_of_its_forms() {
    let good = token_with(json!({}));
    let signed = good.rsplit_once('.').unwrap().0;
    let hex = hex(&hmac_sha256(SECRET.as_bytes(), signed));
    for hmac in [hex.clone(), URL_SAFE_NO_PAD.encode(&hex)] {
        let report = examine_token(&format!("{signed}.{hmac}"));
        assert_eq!(cause(&report), Some("wrong_base64"));
        assert_eq!(errors(&report), ["hex_hmac"]);
    }
}

#[test]
fn an_hmac_of_another_length_is_named_by_what_it_is() {
    let good = token_with(json!({}));
    let signed = good.rsplit_once('.').unwrap().0;
    for (length, expected) in [
        (64, "wrong_alg_or_header"),
        (48, "wrong_alg_or_header"),
        (20, "wrong_base64"),
        (31, "wrong_base64"),
    ] {
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(vec![0xa5; length]));
        assert_eq!(cause(&examine_token(&token)), Some(expected), "{length}");
    }
}

#[test]
fn a_token_has_three_parts() {
    let good = token_with(json!({}));
    let (signed, hmac) = good.rsplit_once('.').unwrap();
    let claims = signed.split_once('.').unwrap().1;
    for token in [
        signed.to_owned(),
        format!("{signed}."),
        format!("{claims}.{hmac}"),
        format!("{good}.x"),
    ] {
        let report = examine_token(&token);
        assert_eq!(cause(&report), Some("wrong_alg_or_header"), "{token}");
        assert!(errors(&report).contains(&"token_parts"));
    }
}

#[test]
fn only_hs256_is_taken_and_a_missing_typ_is_no_fault() {
    let claims = claims_with(json!({})).to_string();
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"RS256","typ":"JWT"}"#,
    ] {
        let report = examine_token(&token_of(header, &claims, SECRET.as_bytes()));
        assert_eq!(cause(&report), Some("wrong_alg_or_header"), "{header}");
    }
    let report = examine_token(&token_of(r#"{"alg":"HS256"}"#, &claims, SECRET.as_bytes()));
    assert_eq!((cause(&report), errors(&report)), (None, vec![]));
    assert!(message(&report, "typ").contains("missing"));
}

#[test]
fn white_space_inside_breaks_a_token_and_a_line_break_at_its_end_does_not() {
    let good = token_with(json!({}));
    let broken = format!("{}\n{}", &good[..50], &good[50..]);
    assert_eq!(cause(&examine_token(&broken)), Some("wrong_base64"));
    assert_eq!(errors(&examine_token(&format!("{good}\n"))), [""; 0]);
    assert!(
        examine_token(&format!(" {good}"))
            .findings
            .iter()
            .any(|finding| finding.rule == "white_space_around_token")
    );
}

#[test]
fn parts_that_hold_no_object_are_named() {
    let claims = claims_with(json!({})).to_string();
    let twice = serde_json::to_string(&claims).unwrap();
    let report = examine_token(&token_of(HEADER, &twice, SECRET.as_bytes()));
    assert_eq!(cause(&report), Some("wrong_claim_type"));
    let garbage = token_of(HEADER, "no json", SECRET.as_bytes());
    assert_eq!(cause(&examine_token(&garbage)), Some("wrong_base64"));
    let garbled_header = token_of("alg=HS256", &claims, SECRET.as_bytes());
    assert_eq!(cause(&examine_token(&garbled_header)), Some("wrong_base64"));
}
