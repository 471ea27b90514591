//! An endpoint for webhooks that keeps what it gets and answers as it is told.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use usher_sim::{LoopbackUrl, Subscription};

use crate::zoom::Zoom;

pub(crate) const SECRET: &str = "webhook-secret-not-real";

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) timestamp: String,
    pub(crate) signature: Option<String>,
    pub(crate) raw: String,
}

impl Received {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap()
    }

    pub(crate) fn event(&self) -> String {
        self.body()["event"].as_str().unwrap().to_owned()
    }

    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let message = format!("v0:{}:{}", self.timestamp, self.raw);
        self.signature.as_deref() == Some(&format!("v0={}", hex_hmac(secret, &message)))
    }
}

/// HMAC-SHA256 by way of what makes an HS256 signature.
pub(crate) fn hex_hmac(secret: &str, message: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signed).unwrap();
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// What to answer: a status and a body; without a status, nothing, and the connection stays open.
type Answer = (Option<u16>, String);

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    address: Option<std::net::SocketAddr>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: Some(listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self) -> LoopbackUrl {
        format!("http://{}/webhooks/zoom", self.address.unwrap())
            .parse()
            .unwrap()
    }

    pub(crate) fn subscription(&self) -> Subscription {
        Subscription::new(self.url(), SECRET)
    }

    /// The next requests are answered so; once these are used up, with 200.
    pub(crate) fn answers(&self, statuses: &[u16]) {
        let mut answers = self.answers.lock().unwrap();
        answers.extend(statuses.iter().map(|status| (Some(*status), String::new())));
    }

    pub(crate) fn answers_with(&self, status: Option<u16>, body: &str) {
        self.answers
            .lock()
            .unwrap()
            .push_back((status, body.to_owned()));
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.received().iter().map(Received::event).collect()
    }

    pub(crate) fn last(&self) -> Received {
        self.received().pop().unwrap()
    }
}

/// A simulator and a receiver that is subscribed to all its webhooks.
pub(crate) async fn subscribed() -> (Zoom, Receiver) {
    let receiver = Receiver::start().await;
    let zoom = Zoom::start().await;
    zoom.simulator
        .steer(|world| world.webhooks.subscribe(receiver.subscription()));
    (zoom, receiver)
}

async fn take(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    receiver.received.lock().unwrap().push(Received {
        timestamp: text("x-zm-request-timestamp").unwrap(),
        signature: text("x-zm-signature"),
        raw: String::from_utf8(body.to_vec()).unwrap(),
    });
    let answer = receiver.answers.lock().unwrap().pop_front();
    let (status, body) = answer.unwrap_or((Some(200), String::new()));
    match status {
        Some(status) => (StatusCode::from_u16(status).unwrap(), body),
        None => std::future::pending().await,
    }
}
