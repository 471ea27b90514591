//! What Zoom's report says of joins that no webhook told of.

use jiff::{SignedDuration, Timestamp};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Kind, MatchedBy};
use usher_core::attempt::story::Confirmation;
use usher_sim::{Attendance, DEMO_MEETING, DEMO_REGISTRATION_MEETING, MeetingEnd, Reports};

use crate::service::{Service, attendance, now, set_clock};

const REPORT: &str = "/v2/report/";
/// Nobody has registered it with Usher.
const UNREGISTERED: u64 = DEMO_REGISTRATION_MEETING;
const SOMEBODY_ELSES: u64 = 86_000_000_009;

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

/// A page said that it got in, two hours ago.
async fn joined_two_hours_ago(service: &Service, name: &str) -> AttemptId {
    joined_two_hours_ago_in(service, DEMO_MEETING, name).await
}

async fn joined_two_hours_ago_in(service: &Service, meeting: u64, name: &str) -> AttemptId {
    set_clock(-hours(2));
    let attempt = service.mint_for(meeting, name).await;
    service.page_joins(attempt).await;
    set_clock(SignedDuration::ZERO);
    attempt
}

async fn was_there(service: &Service, customer_key: Option<AttemptId>, name: &str) {
    was_there_in(service, DEMO_MEETING, customer_key, name).await;
}

async fn was_there_in(
    service: &Service,
    meeting: u64,
    customer_key: Option<AttemptId>,
    name: &str,
) {
    let attendance = Attendance {
        meeting,
        joined_at: Some(now() - hours(2) - SignedDuration::from_mins(1)),
        without_webhooks: true,
        ..attendance(customer_key, name)
    };
    service.zoom.attend(attendance).await.unwrap();
}

async fn end(service: &Service, at: Timestamp) {
    end_of(service, DEMO_MEETING, at).await;
}

async fn end_of(service: &Service, meeting: u64, at: Timestamp) {
    service
        .zoom
        .steer(|world| world.webhooks.subscriptions.clear());
    let end = MeetingEnd {
        meeting,
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

#[tokio::test]
async fn a_meeting_that_is_not_registered_is_asked_about_by_its_number() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago_in(&service, UNREGISTERED, "Ann").await;
    was_there_in(&service, UNREGISTERED, None, "Host").await;
    was_there_in(&service, UNREGISTERED, Some(ann), "Ann").await;
    // While it runs, there is no report; that it is the account's is seen all the same.
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
    assert_eq!(service.said(ann).await.len(), 0);
    end_of(&service, UNREGISTERED, now() - hours(1)).await;
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1, "a restart asks nothing again");
    set_clock(hours(7));
    service.lead_once().await;
    assert_eq!(service.said(ann).await[0].kind, Kind::Joined);
    assert_eq!(service.row(ann).await.confirmation, Confirmation::Zoom);
}

#[tokio::test]
async fn a_meeting_of_somebody_else_is_asked_about_once_and_nobody_is_denied() {
    let service = Service::start().await;
    let ann = joined_two_hours_ago_in(&service, SOMEBODY_ELSES, "Ann").await;
    for ahead in [0, 7, 30] {
        set_clock(hours(ahead));
        service.lead_once().await;
        let shown = format!("/v2/meetings/{SOMEBODY_ELSES}");
        assert_eq!((service.asked(REPORT), service.asked(&shown)), (1, 1));
    }
    // Another who joins there is no reason either.
    let ben = joined_two_hours_ago_in(&service, SOMEBODY_ELSES, "Ben").await;
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
    for attempt in [ann, ben] {
        let row = service.row(attempt).await;
        assert_eq!(row.confirmation, Confirmation::BrowserAlone);
    }
}

#[tokio::test]
async fn what_was_spent_before_a_restart_is_not_spent_again() {
    let service = Service::start().await;
    joined_two_hours_ago(&service, "Ann").await;
    let today = now().as_second().div_euclid(24 * 60 * 60);
    for _ in 0..500 {
        let spending = service.store().spend_report_request("default", today).await;
        spending.unwrap();
    }
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 0);
    set_clock(hours(24));
    service.lead_once().await;
    assert_eq!(service.asked(REPORT), 1);
}
