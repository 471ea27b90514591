use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use usher_core::doctor::{Handed, Kind, examine};

use crate::patient::*;

#[test]
fn it_says_what_was_handed_in() {
    let good = token_with(json!({}));
    let video = token_of(
        HEADER,
        r#"{"app_key":"K","tpc":"standup","role_type":1,"version":1,"iat":1,"exp":2}"#,
        b"s",
    );
    let rest = token_of(HEADER, r#"{"iss":"API_KEY","exp":1700003600}"#, b"s");
    let oauth = token_of(
        r#"{"alg":"HS512","v":"2.0"}"#,
        r#"{"ver":9,"auid":"a","iss":"zm:cid:x","aud":"https://oauth.zoom.us","exp":1700003600}"#,
        b"s",
    );
    let zak = token_of(
        r#"{"typ":"JWT","zm_skm":"zm_o2m","alg":"HS256"}"#,
        r#"{"aud":"clientsm","uid":"u","iss":"web","sty":1,"exp":1700003600}"#,
        b"s",
    );
    let old = STANDARD.encode(format!("{KEY}.85012345678.1595636394000.0.2HYSclDqk0GmA="));
    for (text, kind) in [
        (good.as_str(), Kind::MeetingSdkJwt),
        (&video, Kind::VideoSdkJwt),
        (&rest, Kind::JwtAppToken),
        (&oauth, Kind::JwtAppToken),
        (&zak, Kind::Zak),
        (&old, Kind::LegacySignature),
        (old.trim_end_matches('='), Kind::LegacySignature),
        (
            &format!(r#"{{"signature":"{good}","sdkKey":"{KEY}"}}"#),
            Kind::WrappedToken,
        ),
        (
            &format!(r#"{{"signature":"{}"#, &good[..60]),
            Kind::WrappedToken,
        ),
        (&format!("\"{good}\""), Kind::WrappedToken),
        (&format!("'{good}'"), Kind::WrappedToken),
        (&format!("Bearer {good}"), Kind::WrappedToken),
        (
            &format!("joining with signature={good} mn=85012345678"),
            Kind::MeetingSdkJwt,
        ),
        (
            "https://us05web.zoom.us/j/85012345678?pwd=V2xXyz0AbCdEfGhIjKlMnOpQrStUvW.1",
            Kind::Pwd,
        ),
        ("V2xXyz0AbCdEfGhIjKlMnOpQrStUvW.1", Kind::Pwd),
        (r#"{"appKey":"K","mn":"85012345678"}"#, Kind::Claims),
        (
            r#"{"type":"JOIN_MEETING_FAILED","reason":"Signature is invalid.","errorCode":3712}"#,
            Kind::Error,
        ),
        (
            "{type: 'JOIN_MEETING_FAILED', reason: 'Fail to join the meeting.', errorCode: 200}",
            Kind::Error,
        ),
        ("3712", Kind::Error),
        ("what is this", Kind::Unknown),
        ("", Kind::Unknown),
    ] {
        assert_eq!(examine_token(text).kind, kind, "{text}");
    }
}

#[test]
fn claims_and_errors_by_themselves_are_named_too() {
    let claims = claims_with(json!({})).to_string();
    let report = examine(&Handed {
        claims: Some(&claims),
        ..at_the_join()
    });
    assert_eq!(report.kind, Kind::Claims);
    let report = examine(&Handed {
        error_code: Some("3712"),
        ..at_the_join()
    });
    assert_eq!(report.kind, Kind::Error);
    let report = examine(&Handed {
        claims: Some("[1]"),
        ..at_the_join()
    });
    assert_eq!((report.kind, cause(&report)), (Kind::Claims, None));
}

#[test]
fn another_apps_token_is_the_cause_whatever_else_is_wrong_with_it() {
    for claims in [
        r#"{"iss":"API_KEY","exp":1}"#,
        r#"{"app_key":"K","tpc":"standup","role_type":1,"iat":1,"exp":2}"#,
        r#"{"aud":"clientsm","uid":"u","sty":1,"exp":1}"#,
    ] {
        let report = examine_token(&token_of(HEADER, claims, b"s"));
        assert_eq!(cause(&report), Some("wrong_app_type"), "{claims}");
        let report = examine(&Handed {
            claims: Some(claims),
            ..at_the_join()
        });
        assert_eq!(cause(&report), Some("wrong_app_type"), "{claims}");
    }
}

#[test]
fn a_zak_says_that_it_has_expired_and_its_content_stays_out() {
    let zak = token_of(
        r#"{"zm_skm":"zm_o2m","alg":"HS256"}"#,
        r#"{"aud":"clientsm","uid":"somebody","exp":1699990000}"#,
        b"s",
    );
    let report = examine_token(&zak);
    assert_eq!(message(&report, "zak_expired"), "It expired 10000 s ago.");
    assert_eq!(report.claims, None);
    assert!(!format!("{report:?}").contains("somebody"));
}

#[test]
fn what_stands_around_a_token_is_the_cause_and_the_token_inside_is_examined() {
    let token = token_with(json!({}));
    for text in [
        format!(r#"{{"signature":"{token}"}}"#),
        format!(r#""{token}""#),
        format!("Bearer {token}"),
        serde_json::to_string(&format!(r#"{{"signature":"{token}"}}"#)).unwrap(),
    ] {
        let report = examine_token(&text);
        assert_eq!(cause(&report), Some("wrapped_signature"), "{text}");
        assert!(report.claims.is_some());
        assert_eq!(errors(&report), ["wrapped_token"]);
    }
}

#[test]
fn an_old_signature_is_the_cause_unless_it_was_right_when_it_was_made() {
    let made_in_2020 = STANDARD.encode("KEY.85012345678.1595636394000.1.2HYSclDqk0GmA=");
    let examine_with = |version: Option<&str>| {
        let sdk_version =
            version.map(|version| usher_core::join::dialect::SdkVersion::parse(version).unwrap());
        examine(&Handed {
            text: Some(&made_in_2020),
            sdk_version,
            ..at_the_join()
        })
    };
    assert_eq!(cause(&examine_with(None)), Some("legacy_signature_format"));
    assert_eq!(
        cause(&examine_with(Some("2.10.1"))),
        Some("legacy_signature_format")
    );
    let then = examine_with(Some("1.7.9"));
    assert_eq!(cause(&then), None);
    assert_eq!(suspects(&then), ["legacy_signature_format"]);
    assert!(message(&then, "legacy_signature").contains("role 1 and was made at 2020-07-25"));
}

#[test]
fn a_link_with_a_registrant_token_and_a_join_without_it_show_the_cause() {
    let report = examine(&Handed {
        text: Some("https://zoom.us/w/85012345678?tk=abc.def&uuid=WN_x"),
        join: Some(r#"{"meetingNumber":"85012345678","userName":"Ann"}"#),
        ..at_the_join()
    });
    assert_eq!(cause(&report), Some("registration_token_missing"));
}

#[test]
fn a_recording_of_traffic_is_named_and_not_judged_as_claims() {
    let har = r#"{"log":{"version":"1.2","creator":{"name":"x"},"entries":[{"request":{"url":"https://zoom.us/api/v1/wc/info"}}]}}"#;
    let report = examine_token(har);
    assert_eq!((report.kind, cause(&report)), (Kind::Har, None));
    assert_eq!(errors(&report), ["har_unanswered"]);
}

#[test]
fn an_object_without_any_claim_is_unknown_and_lacks_no_claims() {
    for text in [
        "{}",
        r#"{"a":1}"#,
        r#"{"log":{"level":"info"}}"#,
        r#"{"name":"usher","version":"1"}"#,
    ] {
        let report = examine_token(text);
        assert_eq!(
            (report.kind, cause(&report)),
            (Kind::Unknown, None),
            "{text}"
        );
        assert_eq!(errors(&report), [""; 0], "{text}");
    }
    for text in [
        r#"{"exp":1700000000}"#,
        r#"{"app-key":"K"}"#,
        r#"{"tokenExp":1}"#,
    ] {
        assert_eq!(examine_token(text).kind, Kind::Claims, "{text}");
    }
}
