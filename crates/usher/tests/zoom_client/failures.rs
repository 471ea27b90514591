//! Limits, broken answers, outages and the breaker.

use std::time::Duration;

use serde_json::json;
use usher::zoom::{ZoomClient, ZoomError};
use usher_core::meeting::MeetingNumber;
use usher_sim::{Fault, FaultAnswer, RetryAfter, RetryAfterForm};

use crate::{MEETING, OAUTH, Zoom, account, now, number, status};

fn limited(after_s: u32, form: RetryAfterForm) -> FaultAnswer {
    let retry_after = Some(RetryAfter { after_s, form });
    FaultAnswer::Json {
        status: 429.try_into().unwrap(),
        body: json!({"code": 429, "message": "Too many."}),
        retry_after,
    }
}

const FORMS: [RetryAfterForm; 3] = [
    RetryAfterForm::Seconds,
    RetryAfterForm::HttpDate,
    RetryAfterForm::Iso8601,
];

#[tokio::test]
async fn a_pause_that_fits_into_the_deadline_is_waited_for() {
    for form in FORMS {
        let zoom = Zoom::start().await;
        let fault = Fault {
            path: MEETING.to_owned(),
            times: Some(1),
            answer: Some(limited(1, form)),
            ..Fault::default()
        };
        zoom.0.steer(|zoom| zoom.faults.add(fault));
        let began = tokio::time::Instant::now();
        zoom.client().meeting("default", number()).await.unwrap();
        assert!(began.elapsed() >= Duration::from_secs(1), "{form:?}");
        assert_eq!(zoom.asked(MEETING), 2, "{form:?}");
    }
}

#[tokio::test]
async fn a_longer_pause_ends_the_call_at_once_and_nobody_asks_before_it_is_over() {
    for form in FORMS {
        let zoom = Zoom::start().await;
        let client = zoom.client();
        zoom.answers(MEETING, limited(60, form));
        let error = client.meeting("default", number()).await.unwrap_err();
        let ZoomError::Limited {
            retry_after: Some(wait),
            code: Some(429),
            ..
        } = error
        else {
            panic!("{form:?}: {error}");
        };
        assert_eq!(wait, Duration::from_mins(1), "{form:?}");
        zoom.recovers();
        zoom.pass(55);
        let error = client.meeting("default", number()).await.unwrap_err();
        assert!(
            matches!(error, ZoomError::BreakerOpen { .. }),
            "{form:?}: {error}"
        );
        assert_eq!(zoom.asked(MEETING), 1, "{form:?}");
        zoom.pass(6);
        client.meeting("default", number()).await.unwrap();
    }
}

#[tokio::test]
async fn a_broken_answer_is_a_clear_error_and_the_next_call_works() {
    let cases = [
        (
            FaultAnswer::Garbage {
                status: 200.try_into().unwrap(),
            },
            "(HTTP 200) can't be used: it is no JSON",
            1,
        ),
        (
            FaultAnswer::Html {
                status: 200.try_into().unwrap(),
            },
            "(HTTP 200) can't be used: it is HTML instead of JSON",
            1,
        ),
        (
            FaultAnswer::Half {
                status: 200.try_into().unwrap(),
            },
            "(HTTP 200) can't be used: it broke off",
            3,
        ),
        (
            status(302),
            "(HTTP 302) can't be used: a redirect, which is not followed",
            1,
        ),
        (
            status(200),
            "its JSON is of another shape than documented",
            1,
        ),
        (status(400), "HTTP 400, code 7: As told.", 1),
        (status(404), "HTTP 404, code 7: As told.", 1),
        (
            FaultAnswer::Html {
                status: 404.try_into().unwrap(),
            },
            "HTTP 404: (without Zoom's error object: it is HTML",
            1,
        ),
        (status(500), "HTTP 500, code 7: As told.", 1),
        (
            FaultAnswer::Html {
                status: 503.try_into().unwrap(),
            },
            "HTTP 503: (without Zoom's error object: it is HTML",
            3,
        ),
        (FaultAnswer::Close, "can't be reached: ", 3),
    ];
    let zoom = Zoom::start().await;
    for path in [OAUTH, MEETING] {
        for (answer, told, attempts) in cases.clone() {
            let (client, before) = (zoom.client(), zoom.asked(path));
            zoom.answers(path, answer.clone());
            let error = client.meeting("default", number()).await.unwrap_err();
            assert!(
                error.to_string().contains(told),
                "{answer:?} at {path}: {error}"
            );
            assert_eq!(zoom.asked(path) - before, attempts, "{answer:?} at {path}");
            zoom.recovers();
            client.meeting("default", number()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let zoom = Zoom::start().await;
    let elsewhere = axum::response::Redirect::temporary(&format!("{}{OAUTH}", zoom.0.http_url()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let redirects = axum::Router::new().fallback(move || async { elsewhere });
    tokio::spawn(async move { axum::serve(listener, redirects).await });
    let client = ZoomClient::new(&Zoom::hosts(&base), vec![account("default")], now).unwrap();
    let error = client.meeting("default", number()).await.unwrap_err();
    assert!(
        matches!(error, ZoomError::Garbage { status: 307, .. }),
        "{error}"
    );
    assert_eq!(zoom.asked(OAUTH), 0);
}

#[tokio::test]
async fn a_zoom_that_never_answers_is_given_up_at_the_deadline() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    client.meeting("default", number()).await.unwrap();
    zoom.answers(MEETING, FaultAnswer::Hang);
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.meeting("default", number()).await }
    });
    while zoom.asked(MEETING) < 2 {
        tokio::task::yield_now().await;
    }
    let began = tokio::time::Instant::now();
    tokio::time::pause();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, ZoomError::Timeout { .. }), "{error}");
    assert!(
        began.elapsed() <= Duration::from_millis(5100),
        "{:?}",
        began.elapsed()
    );
    tokio::time::resume();
    zoom.recovers();
    client.meeting("default", number()).await.unwrap();
}

#[tokio::test]
async fn the_breaker_opens_after_failures_in_a_row_and_closes_after_one_good_probe() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    zoom.answers(MEETING, status(503));
    for attempts in [3, 5, 5] {
        client.meeting("default", number()).await.unwrap_err();
        assert_eq!(zoom.asked(MEETING), attempts);
    }
    let error = client.meeting("default", number()).await.unwrap_err();
    assert!(
        matches!(error, ZoomError::BreakerOpen { until, .. } if until > now()),
        "{error}"
    );
    zoom.pass(5);
    let error = client.meeting("default", number()).await.unwrap_err();
    assert!(
        matches!(error, ZoomError::Failed { .. }),
        "the probe: {error}"
    );
    assert_eq!(zoom.asked(MEETING), 6, "one probe only");
    zoom.recovers();
    zoom.pass(10);
    for _ in 0..3 {
        client.meeting("default", number()).await.unwrap();
    }
}

#[tokio::test]
async fn the_breaker_of_one_account_leaves_another_alone() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    zoom.answers(MEETING, limited(60, RetryAfterForm::Seconds));
    client.meeting("default", number()).await.unwrap_err();
    zoom.recovers();
    client.meeting("default", number()).await.unwrap_err();
    client.meeting("other", number()).await.unwrap();
}

#[tokio::test]
async fn refusals_never_open_the_breaker() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    let unknown = MeetingNumber::from_u64(999_999_999).unwrap();
    for _ in 0..20 {
        let error = client.meeting("default", unknown).await.unwrap_err();
        assert!(
            matches!(
                error,
                ZoomError::Refused {
                    status: 404,
                    code: Some(3001),
                    ..
                }
            ),
            "{error}"
        );
    }
    client.meeting("default", number()).await.unwrap();
}

#[tokio::test]
async fn a_zoom_that_is_gone_is_unreachable() {
    let zoom = Zoom::start().await;
    let client = zoom.client();
    zoom.0.shutdown().await;
    let error = client.meeting("default", number()).await.unwrap_err();
    assert!(matches!(error, ZoomError::Unreachable { .. }), "{error}");
}
