//! Access tokens, meetings and ZAKs.

use secrecy::ExposeSecret;
use tokio::task::JoinSet;
use usher::zoom::{AccountCredentials, ZoomClient, ZoomError, ZoomHosts};
use usher_sim::{
    DEMO_CLIENT_SECRET, DEMO_HOST_EMAIL, DEMO_HOST_ID, DEMO_PASSCODE, Fault, TokenKind,
};

use crate::{MEETING, OAUTH, ZAK, Zoom, account, json, now, number, status};

#[tokio::test]
async fn a_meeting_is_looked_up_by_number() {
    let zoom = Zoom::start().await;
    let meeting = zoom.client().meeting("default", number()).await.unwrap();
    assert_eq!(meeting.number, number());
    assert_eq!(meeting.host_id.as_deref(), Some(DEMO_HOST_ID));
    assert_eq!(
        meeting.passcode.as_ref().unwrap().expose_secret(),
        DEMO_PASSCODE
    );
    assert!(!meeting.settings.needs_registration());
}

#[tokio::test]
async fn fifty_callers_share_one_access_token() {
    let (zoom, mut callers) = (Zoom::start().await, JoinSet::new());
    let client = zoom.client();
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.meeting("default", number()).await.unwrap() });
    }
    callers.join_all().await;
    assert_eq!((zoom.asked(OAUTH), zoom.asked(MEETING)), (1, 50));
}

#[tokio::test]
async fn an_access_token_is_renewed_a_minute_early() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    for (seconds, asked) in [(0, 1), (3530, 1), (20, 2)] {
        zoom.pass(seconds);
        client.meeting("default", number()).await.unwrap();
        assert_eq!(zoom.asked(OAUTH), asked);
    }
}

#[tokio::test]
async fn an_access_token_that_zoom_calls_invalid_is_renewed_once_for_all() {
    let (zoom, mut callers) = (Zoom::start().await, JoinSet::new());
    let client = zoom.client();
    client.meeting("default", number()).await.unwrap();
    zoom.0.expire_tokens(TokenKind::Access);
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.meeting("default", number()).await.unwrap() });
    }
    callers.join_all().await;
    assert_eq!(zoom.asked(OAUTH), 2);
}

#[tokio::test]
async fn a_late_word_about_an_old_access_token_costs_no_second_renewal() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    client.meeting("default", number()).await.unwrap();
    zoom.0.expire_tokens(TokenKind::Access);
    let slow = Fault {
        path: MEETING.to_owned(),
        times: Some(1),
        delay_ms: 300,
        ..Fault::default()
    };
    zoom.0.steer(|zoom| zoom.faults.add(slow));
    let late = tokio::spawn({
        let client = client.clone();
        async move { client.meeting("default", number()).await }
    });
    while zoom.asked(MEETING) < 2 {
        tokio::task::yield_now().await;
    }
    client.meeting("default", number()).await.unwrap();
    late.await.unwrap().unwrap();
    assert_eq!(zoom.asked(OAUTH), 2);
}

#[tokio::test]
async fn a_new_access_token_that_is_invalid_too_is_a_refusal() {
    let zoom = Zoom::start().await;
    let invalid = serde_json::json!({"code": 124, "message": "Invalid access token."});
    zoom.answers(MEETING, json(401, invalid));
    let error = zoom
        .client()
        .meeting("default", number())
        .await
        .unwrap_err();
    let message = "Invalid access token.".to_owned();
    assert_eq!(
        error,
        ZoomError::Refused {
            status: 401,
            code: Some(124),
            message
        }
    );
    assert_eq!((zoom.asked(OAUTH), zoom.asked(MEETING)), (2, 2));
}

#[tokio::test]
async fn fifty_callers_share_one_zak() {
    let (zoom, mut callers) = (Zoom::start().await, JoinSet::new());
    let client = zoom.client();
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.zak("default", DEMO_HOST_ID, None).await.unwrap() });
    }
    let zaks = callers.join_all().await;
    assert!(zaks.iter().all(|zak| zak.expose() == zaks[0].expose()));
    assert_eq!((zoom.asked(OAUTH), zoom.asked(ZAK)), (1, 1));
}

#[tokio::test]
async fn a_zak_is_kept_until_shortly_before_its_own_expiry() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    for (seconds, asked) in [(0, 1), (6590, 1), (20, 2)] {
        zoom.pass(seconds);
        client.zak("default", DEMO_HOST_ID, None).await.unwrap();
        assert_eq!(zoom.asked(ZAK), asked);
    }
}

#[tokio::test]
async fn what_can_be_no_zak_is_neither_handed_out_nor_kept() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    for token in ["a b".to_owned(), "a\n".to_owned(), "a".repeat(4097)] {
        let fault = Fault {
            path: ZAK.to_owned(),
            times: Some(1),
            answer: Some(json(200, serde_json::json!({ "token": token }))),
            ..Fault::default()
        };
        zoom.0.steer(|zoom| zoom.faults.add(fault));
        let error = client.zak("default", DEMO_HOST_ID, None).await.unwrap_err();
        assert!(
            matches!(error, ZoomError::Garbage { status: 200, .. }),
            "{error}"
        );
        assert!(!error.to_string().contains(&token), "{error}");
    }
    let zak = client.zak("default", DEMO_HOST_ID, None).await.unwrap();
    assert_eq!(zak.expose().split('.').count(), 3);
}

#[tokio::test]
async fn a_forgotten_zak_is_fetched_anew() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    let first = client.zak("default", DEMO_HOST_ID, None).await.unwrap();
    client.forget_zak("default", DEMO_HOST_ID).await;
    let second = client.zak("default", DEMO_HOST_ID, None).await.unwrap();
    assert_ne!(first.expose(), second.expose());
}

#[tokio::test]
async fn without_the_scope_for_tokens_the_zak_comes_from_the_start_url() {
    let zoom = Zoom::start().await;
    zoom.loses_scope("user:read:token:admin");
    for host in [DEMO_HOST_ID, DEMO_HOST_EMAIL] {
        let zak = zoom
            .client()
            .zak("default", host, Some(number()))
            .await
            .unwrap();
        assert_eq!(zak.expose().split('.').count(), 3);
    }
}

#[tokio::test]
async fn a_start_url_is_of_no_use_without_a_meeting_or_for_another_host() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    zoom.loses_scope("user:read:token:admin");
    for (host, meeting) in [(DEMO_HOST_ID, None), ("guest@example.com", Some(number()))] {
        let error = client.zak("default", host, meeting).await.unwrap_err();
        assert!(
            matches!(
                error,
                ZoomError::Refused {
                    code: Some(4700),
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn when_both_ways_to_a_zak_are_refused_the_first_refusal_is_told() {
    let zoom = Zoom::start().await;
    zoom.loses_scope("user:read:token:admin");
    zoom.loses_scope("meeting:read:meeting:admin");
    let error = zoom
        .client()
        .zak("default", DEMO_HOST_ID, Some(number()))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("user:read:token:admin"),
        "{error}"
    );
}

#[tokio::test]
async fn the_start_url_is_no_way_around_an_outage() {
    let zoom = Zoom::start().await;
    zoom.answers(ZAK, status(503));
    let error = zoom
        .client()
        .zak("default", DEMO_HOST_ID, Some(number()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ZoomError::Failed { status: 503, .. }),
        "{error}"
    );
    assert_eq!(zoom.asked(MEETING), 0);
}

#[tokio::test]
async fn a_user_id_can_not_lead_to_another_path() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    client
        .zak("default", "a/../b?x=1#y%2e", None)
        .await
        .unwrap_err();
    assert_eq!(
        zoom.last_request().path,
        "/v2/users/a%2F..%2Fb%3Fx=1%23y%252e/token"
    );
    let asked = zoom.last_request().number;
    for host in ["", ".", "..", "a\nb"] {
        let error = client.zak("default", host, None).await.unwrap_err();
        assert_eq!(error, ZoomError::InvalidUser, "{host:?}");
    }
    assert_eq!(zoom.last_request().number, asked);
}

#[tokio::test]
async fn a_host_is_found_by_e_mail_address() {
    let zoom = Zoom::start().await;
    zoom.client()
        .zak("default", DEMO_HOST_EMAIL, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_account_that_is_not_configured_is_named() {
    let zoom = Zoom::start().await;
    let error = zoom.client().meeting("nobody", number()).await.unwrap_err();
    assert_eq!(
        error,
        ZoomError::NotConfigured {
            account: "nobody".to_owned()
        }
    );
}

#[tokio::test]
async fn wrong_credentials_are_told_with_the_account_and_without_the_secret() {
    let zoom = Zoom::start().await;
    let wrong = AccountCredentials {
        client_secret: "not-the-secret".to_owned().into(),
        ..account("tokyo")
    };
    let client = ZoomClient::new(&Zoom::hosts(&zoom.0.http_url()), vec![wrong], now).unwrap();
    let error = client.meeting("tokyo", number()).await.unwrap_err();
    assert!(
        matches!(error, ZoomError::OAuth { status: 400, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("`tokyo`") && error.to_string().contains("invalid_client"));
    assert!(!format!("{error} {error:?}").contains("not-the-secret"));
}

#[tokio::test]
async fn secrets_are_in_no_debug_output() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    let meeting = client.meeting("default", number()).await.unwrap();
    let zak = client.zak("default", DEMO_HOST_ID, None).await.unwrap();
    let debug = format!("{client:?} {meeting:?} {zak:?} {:?}", account("default"));
    for secret in [
        DEMO_CLIENT_SECRET,
        DEMO_PASSCODE,
        "sim-access",
        "zak=",
        zak.expose(),
    ] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}

#[tokio::test]
async fn https_needs_a_root_that_vouches_for_the_host() {
    let zoom = Zoom::start().await;
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&ca_file, zoom.0.ca_pem().unwrap()).unwrap();
    let hosts = Zoom::hosts(&zoom.0.https_url().unwrap());
    let error = ZoomClient::new(&hosts, vec![account("default")], now)
        .unwrap()
        .meeting("default", number())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let hosts = ZoomHosts {
        ca_file: Some(ca_file.path().to_owned()),
        ..hosts
    };
    let client = ZoomClient::new(&hosts, vec![account("default")], now).unwrap();
    client.meeting("default", number()).await.unwrap();
}
