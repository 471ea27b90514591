//! What Zoom's report says of joins that no webhook told of.

use jiff::{SignedDuration, Timestamp};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Kind, MatchedBy};
use usher_core::attempt::story::Confirmation;
use usher_sim::{Attendance, DEMO_MEETING, MeetingEnd, Reports};

use crate::service::{Service, attendance, now, set_clock};

const REPORT: &str = "/v2/report/";

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

/// A page said that it got in, two hours ago.
async fn joined_two_hours_ago(service: &Service, name: &str) -> AttemptId {
    set_clock(-hours(2));
    let attempt = service.mint(name).await;
    service.page_joins(attempt).await;
    set_clock(SignedDuration::ZERO);
    attempt
}

async fn was_there(service: &Service, customer_key: Option<AttemptId>, name: &str) {
    let attendance = Attendance {
        joined_at: Some(now() - hours(2) - SignedDuration::from_mins(1)),
        without_webhooks: true,
        ..attendance(customer_key, name)
    };
    service.zoom.attend(attendance).await.unwrap();
}

async fn end(service: &Service, at: Timestamp) {
    service
        .zoom
        .steer(|world| world.webhooks.subscriptions.clear());
    let end = MeetingEnd {
        meeting: DEMO_MEETING,
        at: Some(at),
    };
    service.zoom.end_meeting(end).await.unwrap();
}

#[tokio::test]
async fn who_is_in_the_report_was_there_and_who_is_not_was_not() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago(&service, "Ann").await;
    let ben = joined_two_hours_ago(&service, "Ben").await;
    was_there(&service, None, "Host").await;
    was_there(&service, Some(ann), "Ann").await;
    end(&service, now() - hours(1)).await;
    service.lead_once().await;
    let said = service.said(ann).await;
    assert_eq!((said.len(), said[0].kind), (1, Kind::Joined));
    assert_eq!(said[0].facts.matched_by, Some(MatchedBy::CustomerKey));
    assert_eq!(service.row(ann).await.confirmation, Confirmation::Zoom);
    assert_eq!(service.said(ben).await[0].kind, Kind::NotConfirmed);
    assert_eq!(service.row(ben).await.confirmation, Confirmation::Denied);
    assert_eq!(service.asked(REPORT), 1);
    // All is said.
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
}

#[tokio::test]
async fn nobody_is_denied_who_may_be_there_without_a_key() {
    let service = Service::start().await;
    let (ann, ben) = (
        joined_two_hours_ago(&service, "Ann").await,
        joined_two_hours_ago(&service, "Ben").await,
    );
    was_there(&service, None, "Host").await;
    was_there(&service, None, "ANN ").await;
    end(&service, now() - hours(1)).await;
    service.lead_once().await;
    assert!(service.said(ann).await.is_empty());
    assert_eq!(service.said(ben).await[0].kind, Kind::NotConfirmed);
}

#[tokio::test]
async fn a_meeting_that_was_over_before_the_join_says_nothing_of_it() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago(&service, "Ann").await;
    for name in ["Host", "Ben"] {
        let earlier = Attendance {
            joined_at: Some(now() - hours(5)),
            without_webhooks: true,
            ..attendance(None, name)
        };
        service.zoom.attend(earlier).await.unwrap();
    }
    end(&service, now() - hours(4)).await;
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
    assert!(service.said(ann).await.is_empty());
}

#[tokio::test]
async fn before_zooms_retries_have_passed_nobody_is_asked_about() {
    let service = Service::start().await;
    set_clock(-SignedDuration::from_mins(89));
    let ann = service.mint("Ann").await;
    service.page_joins(ann).await;
    set_clock(SignedDuration::ZERO);
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 0);
    set_clock(SignedDuration::from_mins(2));
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
}

#[tokio::test]
async fn an_account_without_reports_is_told_nothing_and_nobody_is_denied() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago(&service, "Ann").await;
    service.zoom.steer(|world| {
        world.accounts[0].reports = Reports {
            allowed: false,
            ..Reports::default()
        };
    });
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
    assert_eq!(
        service.row(ann).await.confirmation,
        Confirmation::BrowserAlone
    );
}

#[tokio::test]
async fn a_report_of_several_pages_is_read_to_its_end() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago(&service, "Ann").await;
    for n in 0..300 {
        was_there(&service, None, &format!("Guest {n}")).await;
    }
    was_there(&service, Some(ann), "Ann").await;
    end(&service, now() - hours(1)).await;
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 2);
    assert_eq!(service.said(ann).await[0].kind, Kind::Joined);
}
