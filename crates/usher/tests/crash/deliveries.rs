//! Zoom, as far as it delivers webhooks: it signs them, and sends again what was not answered.

use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{AnyConnection, Connection};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_core::attempt::AttemptId;
use usher_core::webhook::body_hash;

use crate::service::Service;

pub(crate) const SECRET: &str = "aSecretTokenForTests01";

const DELIVERERS: usize = 8;

/// Deliveries under way.
pub(crate) struct Deliveries {
    delivering: JoinSet<Delivered>,
    answered: Arc<Notify>,
}

/// What Zoom was told.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// Hashes of the bodies that got a 200.
    pub(crate) kept: Vec<String>,
    /// How many of them in the spool.
    pub(crate) spooled: usize,
    pub(crate) refused: Vec<String>,
    /// What got no answer: it was killed.
    pub(crate) unanswered: Vec<String>,
}

struct Deliverer {
    http: reqwest::Client,
    url: String,
    answered: Arc<Notify>,
    /// The last attempt that was answered: somebody who joins.
    joining: watch::Receiver<Option<AttemptId>>,
    again: Vec<String>,
}

impl Deliveries {
    /// Delivers what was not answered before, and then new ones about the attempts that are minted meanwhile.
    pub(crate) fn begin(
        service: &Service,
        joining: &watch::Receiver<Option<AttemptId>>,
        mut unanswered: Vec<String>,
        stop: &CancellationToken,
    ) -> Self {
        let http = reqwest::Client::new();
        let answered = Arc::new(Notify::new());
        let mut delivering = JoinSet::new();
        for n in 0..DELIVERERS {
            let share = unanswered.len() / (DELIVERERS - n);
            let deliverer = Deliverer {
                http: http.clone(),
                url: format!("{}/webhooks/zoom", service.address()),
                answered: answered.clone(),
                joining: joining.clone(),
                again: unanswered.split_off(unanswered.len() - share),
            };
            delivering.spawn(deliverer.deliver(stop.clone()));
        }
        Self {
            delivering,
            answered,
        }
    }

    /// Ends when one of them has an answer.
    pub(crate) async fn have_begun(&self) {
        self.answered.notified().await;
    }

    pub(crate) async fn delivered(self) -> Delivered {
        let mut delivered = Delivered::default();
        for one in self.delivering.join_all().await {
            delivered.kept.extend(one.kept);
            delivered.spooled += one.spooled;
            delivered.refused.extend(one.refused);
            delivered.unanswered.extend(one.unanswered);
        }
        delivered
    }
}

impl Deliverer {
    async fn deliver(mut self, stop: CancellationToken) -> Delivered {
        let mut delivered = Delivered::default();
        while !stop.is_cancelled() {
            let body = self.again.pop().unwrap_or_else(|| self.somebody_joined());
            let Some((is_kept, answer)) = self.send(&body).await else {
                delivered.unanswered.push(body);
                break;
            };
            self.answered.notify_one();
            if is_kept {
                delivered.kept.push(body_hash(body.as_bytes()));
                delivered.spooled += usize::from(answer["recorded"] == "spooled");
            } else {
                delivered.refused.push(answer.to_string());
            }
        }
        delivered.unanswered.append(&mut self.again);
        delivered
    }

    /// Whether it got a 200, and the answer; `None` if there was none.
    async fn send(&self, body: &str) -> Option<(bool, Value)> {
        let timestamp = Timestamp::now().as_second().to_string();
        let request = self
            .http
            .post(&self.url)
            .header("x-zm-request-timestamp", &timestamp)
            .header("x-zm-signature", signature(&timestamp, body))
            .body(body.to_owned());
        let response = request.send().await.ok()?;
        let is_kept = response.status() == reqwest::StatusCode::OK;
        Some((is_kept, response.json().await.ok()?))
    }

    fn somebody_joined(&self) -> String {
        let now = Timestamp::now();
        let key = self.joining.borrow().map(|attempt| attempt.to_string());
        json!({
            "event": "meeting.participant_joined", "event_ts": now.as_millisecond(),
            "payload": { "account_id": "a", "object": { "id": "85012345678", "uuid": "u+1==", "participant": {
                "customer_key": key, "user_name": "Aiko", "join_time": now.to_string(),
                "participant_uuid": format!("{:032x}", rand::random::<u128>()),
            }}},
        })
        .to_string()
    }
}

fn signature(timestamp: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("v0:{timestamp}:{body}"));
    let mut signature = "v0=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}").unwrap();
    }
    signature
}

/// The hashes of all notifications in the store, each as often as it is there.
pub(crate) async fn kept_in(url: &str) -> Vec<String> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let hashes = sqlx::query_scalar("SELECT hash FROM notifications")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    hashes
}
