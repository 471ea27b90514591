//! A running API in a temporary folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use usher::config::{Config, Overrides};
use usher::directory::Directory;
use usher::http::{AppState, Moment, router};
use usher::journal::Journal;
use usher::seal::MasterKey;
use usher::store::{ApiKey, Edit, MeetingChange, Name, Passcode, Scopes};
use usher::witnesses::{Log, Timepiece, Witnesses};
use usher::zoom::ZoomClient;
use usher_core::meeting::MeetingNumber;

pub(crate) const SDK_KEY: &str = "aSdkKeyForTests0000001";
pub(crate) const SDK_SECRET: &str = "aSecretForTestsThatIsNobodys0001";
pub(crate) const NOW: &str = "2023-10-10T04:00:00.9Z";
pub(crate) const NUMBER: &str = "85012345678";

pub(crate) struct App {
    router: Router,
    pub(crate) directory: Arc<Directory>,
    pub(crate) witnesses: Arc<Witnesses>,
    pub(crate) folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Value,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// With lines of configuration before the app's.
    pub(crate) async fn with(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("usher.toml");
        let app =
            format!("{toml}\n[[apps]]\nsdk_key = \"{SDK_KEY}\"\nsdk_secret = \"{SDK_SECRET}\"\n");
        std::fs::write(&file, app).unwrap();
        let overrides = Overrides {
            config: Some(file),
            data: Some(folder.path().join("data")),
        };
        let config = Config::load_from(&overrides, []).unwrap();
        let master_key = Arc::new(MasterKey::generate().unwrap());
        let directory = Arc::new(
            Directory::start(config.sources(), master_key.clone(), now)
                .await
                .unwrap(),
        );
        let zoom = ZoomClient::new(&config.zoom, config.accounts.clone(), now).unwrap();
        let moment = Moment { now, random: || 7 };
        let (journal, _writer) = Journal::start(directory.clone(), config.data.clone());
        let (log, _log_writer) = Log::start(directory.clone(), &config.instance);
        let timepiece = Timepiece {
            wall: now,
            since_boot: || SignedDuration::ZERO,
        };
        let witnesses = Arc::new(Witnesses::new(timepiece, log));
        let zoom = zoom.watched_by(Arc::clone(&witnesses));
        let stop = CancellationToken::new();
        let state = AppState::new(
            config,
            Arc::clone(&directory),
            zoom,
            Arc::clone(&witnesses),
            moment,
            journal,
            stop,
        );
        Self {
            router: router(state),
            directory,
            witnesses,
            folder,
        }
    }

    /// A key of these scopes.
    pub(crate) async fn key(&self, scopes: &str) -> String {
        let key = ApiKey::generate().unwrap();
        let store = self.directory.store().unwrap();
        store
            .add_key(
                &key,
                Name::new("name", "test").unwrap(),
                Scopes::parse(scopes).unwrap(),
                now(),
            )
            .await
            .unwrap();
        self.directory.refresh().await.unwrap();
        key.expose().to_owned()
    }

    pub(crate) async fn register(&self, number: &str, passcode: &str) {
        let change = MeetingChange {
            topic: Edit::parse("topic", Some("Standup")).unwrap(),
            passcode: Some(Passcode::new(passcode).unwrap()),
            ..MeetingChange::default()
        };
        let number = MeetingNumber::parse(number).unwrap();
        self.directory
            .store()
            .unwrap()
            .register(number, &change, now())
            .await
            .unwrap();
        self.directory.refresh().await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// An answer that goes on.
    pub(crate) async fn stream(&self, path: &str, key: &str, last: Option<&str>) -> BodyDataStream {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        let request = match last {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().into_data_stream()
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(key), body.to_string()).await
    }

    pub(crate) fn store_file(&self) -> PathBuf {
        self.folder.path().join("data/usher.sqlite")
    }
}

impl Answer {
    /// Status, code and field of an error.
    pub(crate) fn error(&self) -> (u16, &str, Option<&str>) {
        let error = &self.body["error"];
        (
            self.status.as_u16(),
            error["code"].as_str().unwrap_or("no error"),
            error["field"].as_str(),
        )
    }
}
