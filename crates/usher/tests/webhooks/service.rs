//! Usher with the simulator as its Zoom, each on a port of its own.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use usher::config::{Config, Overrides};
use usher::directory::Directory;
use usher::http::{AppState, Moment, router};
use usher::journal::Journal;
use usher::seal::MasterKey;
use usher::store::{ApiKey, AttemptRow, Name, Scopes, Store};
use usher::webhooks;
use usher::witnesses::{Log, Timepiece, Witnesses};
use usher::zoom::ZoomClient;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Source};
use usher_sim::{
    Attendance, DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_MEETING, Options, Person,
    Simulator, Subscription,
};

pub(crate) const SECRET: &str = "webhook-secret-not-real";

thread_local! {
    /// Usher's clock minus the machine's. A test and all that it starts have one thread.
    static AHEAD: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

pub(crate) fn now() -> Timestamp {
    Timestamp::now() + AHEAD.get()
}

pub(crate) fn set_clock(ahead: SignedDuration) {
    AHEAD.set(ahead);
}

pub(crate) struct Service {
    pub(crate) zoom: Simulator,
    pub(crate) address: SocketAddr,
    state: AppState,
    key: String,
    _folder: TempDir,
}

impl Service {
    /// With the demo meeting imported and Zoom's webhooks subscribed to.
    pub(crate) async fn start() -> Self {
        let options = Options {
            tls_listen: None,
            ..Options::default()
        };
        let zoom = Simulator::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let state = state(&zoom, &folder).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let url = format!("http://{address}/webhooks/zoom").parse().unwrap();
        zoom.steer(|world| world.webhooks.subscribe(Subscription::new(url, SECRET)));
        let mut service = Self {
            zoom,
            address,
            state,
            key: String::new(),
            _folder: folder,
        };
        service.add_key().await;
        let number = json!({ "number": DEMO_MEETING });
        service.post("/v1/meetings/import", &number).await;
        service
    }

    async fn add_key(&mut self) {
        let key = ApiKey::generate().unwrap();
        let name = Name::new("name", "test").unwrap();
        let scopes = Scopes::parse("mint,manage,read,report").unwrap();
        let store = self.store();
        store.add_key(&key, name, scopes, now()).await.unwrap();
        self.state.directory.refresh().await.unwrap();
        key.expose().clone_into(&mut self.key);
    }

    pub(crate) fn store(&self) -> Store {
        self.state.directory.store().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let get = reqwest::Client::new().get(format!("http://{}{path}", self.address));
        let answer = get.bearer_auth(&self.key).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let post = reqwest::Client::new().post(format!("http://{}{path}", self.address));
        let post = post
            .bearer_auth(&self.key)
            .header("content-type", "application/json");
        let answer = post.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{answer}");
        answer
    }

    pub(crate) async fn mint(&self, name: &str) -> AttemptId {
        self.mint_for(DEMO_MEETING, name).await
    }

    pub(crate) async fn mint_for(&self, meeting: u64, name: &str) -> AttemptId {
        let join = json!({ "meeting_number": meeting, "passcode": "x", "user_name": name });
        self.mint_by(&join).await
    }

    pub(crate) async fn mint_by(&self, join: &Value) -> AttemptId {
        let answer = self.post("/v1/joins", join).await;
        AttemptId::parse(answer["attempt"].as_str().unwrap()).unwrap()
    }

    /// The page says that it got in.
    pub(crate) async fn page_joins(&self, attempt: AttemptId) {
        let events = json!({ "events": [{ "id": "j", "type": "joined" }] });
        let path = format!("/v1/attempts/{attempt}/events");
        self.post(&path, &events).await;
    }

    pub(crate) async fn row(&self, attempt: AttemptId) -> AttemptRow {
        self.store()
            .attempt_rows(&[attempt])
            .await
            .unwrap()
            .remove(0)
    }

    /// What Zoom said of an attempt.
    pub(crate) async fn said(&self, attempt: AttemptId) -> Vec<Event> {
        let mut events = self.store().events(attempt).await.unwrap();
        events.retain(|event| event.source == Source::Zoom);
        events
    }

    /// The same, once it said so much.
    pub(crate) async fn said_at_last(&self, attempt: AttemptId, count: usize) -> Vec<Event> {
        for _ in 0..1000 {
            let said = self.said(attempt).await;
            if said.len() >= count {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("Zoom said less than {count} things of {attempt}");
    }

    /// Performs each duty of the leader once.
    pub(crate) async fn lead_once(&self) {
        for duty in webhooks::duties(&self.state) {
            let store = self.state.directory.store().unwrap();
            duty.perform_once(store).await.unwrap();
        }
    }

    /// How often Zoom was asked for a path that begins so.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.zoom.steer(|world| {
            let requests = world.requests.iter();
            requests.filter(|seen| seen.path.starts_with(path)).count()
        })
    }
}

pub(crate) async fn state(zoom: &Simulator, folder: &TempDir) -> AppState {
    let file = folder.path().join("usher.toml");
    let url = zoom.http_url();
    let toml = format!(
        "webhook_secrets = [\"{SECRET}\"]\n\
         zoom = {{ api_url = \"{url}/v2\", oauth_url = \"{url}/oauth/token\" }}\n\
         [[apps]]\nsdk_key = \"aSdkKeyForTests0000001\"\nsdk_secret = \"aSecretForTestsThatIsNobodys0001\"\n\
         [[accounts]]\naccount_id = \"{DEMO_ACCOUNT_ID}\"\nclient_id = \"{DEMO_CLIENT_ID}\"\nclient_secret = \"{DEMO_CLIENT_SECRET}\"\n"
    );
    std::fs::write(&file, toml).unwrap();
    let overrides = Overrides {
        config: Some(file),
        data: Some(folder.path().join("data")),
    };
    let config = Config::load_from(&overrides, []).unwrap();
    let key = Arc::new(MasterKey::generate().unwrap());
    let directory = Directory::start(config.sources(), key.clone(), now).await;
    let directory = Arc::new(directory.unwrap());
    let zoom = ZoomClient::new(&config.zoom, config.accounts.clone(), now).unwrap();
    let (journal, _writer) = Journal::start(directory.clone(), config.data.clone());
    let (log, _log_writer) = Log::start(directory.clone(), &config.instance);
    let timepiece = Timepiece {
        wall: now,
        since_boot: || SignedDuration::ZERO,
    };
    let witnesses = Arc::new(Witnesses::new(timepiece, log));
    let zoom = zoom.watched_by(Arc::clone(&witnesses));
    let moment = Moment {
        now,
        random: rand::random,
    };
    let stop = CancellationToken::new();
    AppState::new(config, directory, zoom, witnesses, moment, journal, stop)
}

/// Somebody who joined the demo meeting by an attempt's parameters.
pub(crate) fn attendance(customer_key: Option<AttemptId>, name: &str) -> Attendance {
    Attendance {
        meeting: DEMO_MEETING,
        person: Person {
            customer_key: customer_key.map(|attempt| attempt.to_string()),
            user_name: Some(name.into()),
            ..Person::default()
        },
        ..Attendance::default()
    }
}
