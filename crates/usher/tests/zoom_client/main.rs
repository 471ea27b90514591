//! The Zoom client against the simulator: real sockets, and a clock that both follow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod failures;
mod witnesses;

use std::cell::Cell;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use usher::zoom::{AccountCredentials, ZoomClient, ZoomHosts};
use usher_core::meeting::MeetingNumber;
use usher_sim::{
    ANY_HOST, DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_MEETING, Fault,
    FaultAnswer, OffsetMs, Simulator,
};

const OAUTH: &str = "/oauth/token";
const ZAK: &str = "/v2/users/demo-user-1/token";
const MEETING: &str = "/v2/meetings/85000000001";

thread_local! {
    /// A test, its client and its simulator share one thread.
    static PASSED_S: Cell<i64> = const { Cell::new(0) };
}

fn now() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(PASSED_S.get())
}

fn number() -> MeetingNumber {
    MeetingNumber::from_u64(DEMO_MEETING).unwrap()
}

fn account(name: &str) -> AccountCredentials {
    AccountCredentials {
        name: name.to_owned(),
        account_id: DEMO_ACCOUNT_ID.to_owned(),
        client_id: DEMO_CLIENT_ID.to_owned(),
        client_secret: DEMO_CLIENT_SECRET.to_owned().into(),
    }
}

/// A simulated Zoom, and clients of it.
struct Zoom(Simulator);

impl Zoom {
    async fn start() -> Self {
        Self(
            Simulator::start(usher_sim::Options::default())
                .await
                .unwrap(),
        )
    }

    fn hosts(base: &str) -> ZoomHosts {
        ZoomHosts {
            api_url: format!("{base}/v2"),
            oauth_url: format!("{base}{OAUTH}"),
            ca_file: None,
        }
    }

    fn client(&self) -> Arc<ZoomClient> {
        let accounts = vec![account("default"), account("other")];
        Arc::new(ZoomClient::new(&Self::hosts(&self.0.http_url()), accounts, now).unwrap())
    }

    /// Time goes on, for the client and for Zoom.
    fn pass(&self, seconds: i64) {
        PASSED_S.set(PASSED_S.get() + seconds);
        let offset = OffsetMs::try_from(PASSED_S.get() * 1000).unwrap();
        self.0.steer(|zoom| zoom.clock.set(ANY_HOST, offset));
    }

    /// Every request to `path` is answered so.
    fn answers(&self, path: &str, answer: FaultAnswer) {
        let fault = Fault {
            path: path.to_owned(),
            answer: Some(answer),
            ..Fault::default()
        };
        self.0.steer(|zoom| zoom.faults.add(fault));
    }

    fn recovers(&self) {
        self.0.steer(|zoom| zoom.faults.clear());
    }

    fn asked(&self, path: &str) -> usize {
        self.0.steer(|zoom| zoom.requests.count(path))
    }

    fn last_request(&self) -> usher_sim::RequestRecord {
        self.0
            .steer(|zoom| zoom.requests.iter().last().cloned())
            .unwrap()
    }

    fn loses_scope(&self, scope: &str) {
        self.0
            .steer(|zoom| zoom.accounts[0].scopes.retain(|granted| granted != scope));
    }
}

/// An answer in JSON.
fn json(status: u16, body: serde_json::Value) -> FaultAnswer {
    FaultAnswer::Json {
        status: status.try_into().unwrap(),
        body,
        retry_after: None,
    }
}

/// An answer as Zoom words its errors.
fn status(status: u16) -> FaultAnswer {
    json(status, json!({"code": 7, "message": "As told."}))
}
