//! Who may join: hosts, registrants, signed-in users, other accounts.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sim::{
    Account, App, DEMO_HOST_ID, DEMO_MEETING, DEMO_REGISTRANT_TK, DEMO_REGISTRATION_MEETING,
    Meeting, Registrant, User,
};

use crate::zoom::{Join, NOT_STARTED, Zoom, is};

#[tokio::test]
async fn a_host_needs_the_zak_of_a_host_of_the_meeting() {
    let zoom = Zoom::start().await;
    let zak = zoom.user_token("type=zak").await;
    for field in ["ztk", "zsk"] {
        is(
            &zoom
                .join(&Join::good().with_host_role().with_field(field, &zak))
                .await,
            NOT_STARTED,
        );
    }
    zoom.simulator
        .steer(|world| world.meetings[0].host = "demo-user-2".to_owned());
    let join = Join::good().with_host_role().with_field("ztk", &zak);
    is(
        &zoom.join(&join).await,
        (3136, "Not support start meeting via tokens"),
    );
    zoom.simulator
        .steer(|world| world.meetings[0].alternative_hosts = vec![DEMO_HOST_ID.to_owned()]);
    is(&zoom.join(&join).await, NOT_STARTED);
}

#[tokio::test]
async fn a_zak_dies_when_it_expires_or_is_revoked() {
    let zoom = Zoom::start().await;
    let zak = zoom.user_token("type=zak&ttl=60").await;
    let join = Join::good().with_field("ztk", &zak);
    is(&zoom.join(&join).await, NOT_STARTED);
    zoom.control(Method::PUT, "clock", json!({ "offset_ms": 61_000 }))
        .await;
    is(&zoom.join(&join).await, (3136, "Token error"));
    zoom.control(Method::DELETE, "clock", Value::Null).await;
    is(&zoom.join(&join).await, NOT_STARTED);
    zoom.control(Method::POST, "tokens/expire", json!({ "kind": "zak" }))
        .await;
    is(&zoom.join(&join).await, (3136, "Token error"));
}

#[tokio::test]
async fn a_meeting_for_signed_in_users_needs_a_zak() {
    let zoom = Zoom::start().await;
    zoom.simulator
        .steer(|world| world.meetings[0].authentication_required = true);
    is(&zoom.join(&Join::good()).await, (3100, "Login required."));
    let zak = zoom.user_token("type=zak").await;
    is(
        &zoom.join(&Join::good().with_field("ztk", &zak)).await,
        NOT_STARTED,
    );
}

#[tokio::test]
async fn an_obf_token_is_good_once_for_its_meeting_while_its_owner_is_there() {
    let zoom = Zoom::start().await;
    let obf = zoom
        .user_token(&format!("type=onbehalf&meeting_id={DEMO_MEETING}"))
        .await;
    let join = Join::good().with_field("obfToken", &obf);
    is(
        &zoom.join(&join).await,
        (4017, "Authorized user not in meeting."),
    );
    zoom.simulator
        .steer(|world| world.meetings[0].present = vec![DEMO_HOST_ID.to_owned()]);
    let elsewhere = Join::good()
        .for_meeting(85_000_000_002)
        .with_field("obfToken", &obf);
    is(
        &zoom.join(&elsewhere).await,
        (4015, "OBF token is for another meeting."),
    );
    is(&zoom.join(&join).await, NOT_STARTED);
    is(&zoom.join(&join).await, (4014, "OBF token invalid."));
}

#[tokio::test]
async fn a_registrant_joins_with_a_tk_until_it_expires() {
    let zoom = Zoom::start().await;
    let join = Join::good()
        .for_meeting(DEMO_REGISTRATION_MEETING)
        .with_field("tk", DEMO_REGISTRANT_TK);
    is(&zoom.join(&join).await, NOT_STARTED);
    zoom.simulator.steer(|world| {
        world.meetings[2].registrants = vec![Registrant {
            tk: DEMO_REGISTRANT_TK.to_owned(),
            expired: true,
        }];
    });
    is(&zoom.join(&join).await, (124, "Token has expired."));
}

/// Another account with one host and one meeting.
fn open_another_account(zoom: &Zoom) -> u64 {
    let number = 87_000_000_001;
    zoom.simulator.steer(|world| {
        world
            .accounts
            .push(Account::new("other", "other-client", "other-secret"));
        world.users.push(User {
            id: "other-host".into(),
            email: "x@example.org".into(),
            display_name: "X".into(),
            account: "other".into(),
        });
        world.put_meeting(Meeting::new(number, "other-host"));
    });
    number
}

#[tokio::test]
async fn another_accounts_meeting_asks_for_a_published_app_and_a_user_only_if_that_check_is_on() {
    let zoom = Zoom::start().await;
    let join = Join::good().for_meeting(open_another_account(&zoom));
    is(&zoom.join(&join).await, NOT_STARTED);
    zoom.control(
        Method::PATCH,
        "rules",
        json!({ "checks": { "external_account": true } }),
    )
    .await;
    is(
        &zoom.join(&join).await,
        (4011, "Not allow cross account join."),
    );
    zoom.control(
        Method::PUT,
        "apps",
        serde_json::to_value(App {
            published: true,
            ..zoom.simulator.steer(|world| world.apps[0].clone())
        })
        .unwrap(),
    )
    .await;
    is(&zoom.join(&join).await, (4012, "Not allow anonymous join."));
    let zak = zoom.user_token("type=zak").await;
    is(&zoom.join(&join.with_field("ztk", &zak)).await, NOT_STARTED);
}

#[tokio::test]
async fn nobody_hosts_another_accounts_meeting() {
    let zoom = Zoom::start().await;
    let join = Join::good()
        .for_meeting(open_another_account(&zoom))
        .with_host_role();
    is(
        &zoom.join(&join).await,
        (200, "Can not be host in other account's meeting."),
    );
}
