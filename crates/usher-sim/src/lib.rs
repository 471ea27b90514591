//! A local Zoom to test against: OAuth, users, meetings, ZAK and OBF tokens, the check behind the Web SDK's `join()`,
//! webhooks, the report of who was there, and the status page.
//!
//! It verifies signatures with the `jsonwebtoken` crate and shares no code with Usher, or a bug of both would cancel itself out. What is
//! documented of Zoom, what was observed and what is assumed stands in `docs/simulator.md`, and beside the code.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let zoom = usher_sim::Simulator::start(usher_sim::Options::default()).await?;
//! zoom.steer(|world| world.rules.iat_tolerance_s = 5);
//! println!("{}", zoom.http_url());
//! zoom.shutdown().await;
//! # Ok(()) }
//! ```

mod altered_headers;
mod attendance;
mod clock;
mod control;
mod faults;
mod join_check;
mod meetings;
mod oauth;
mod observe;
mod paging;
mod report;
mod requests;
mod rest;
mod scenario;
mod status_page;
mod tls;
mod tokens;
mod users;
mod wc_info;
mod webhooks;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tokio::task::JoinHandle;

pub use altered_headers::{AlteredDate, AlteredHeaders, HeaderText};
pub use attendance::{
    Attendance, AttendanceError, Attended, Happened, Instance, Instances, Leave, MeetingEnd,
    MeetingStart, Participant, Person,
};
pub use clock::{ANY_HOST, Clock, OffsetMs};
pub use faults::{ActiveFault, Fault, FaultAnswer, Faults, RetryAfter, RetryAfterForm, Status};
pub use join_check::{Check, CheckOutcome, CheckResult, OauthErrors, RuleSetting, Rules, Switch};
pub use report::Reports;
pub use requests::{RequestLog, RequestRecord};
pub use scenario::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_HOST_EMAIL, DEMO_HOST_ID,
    DEMO_MEETING, DEMO_PASSCODE, DEMO_REGISTRANT_TK, DEMO_REGISTRATION_MEETING, DEMO_SDK_KEY,
    DEMO_SDK_SECRET, DEMO_WAITING_ROOM_MEETING, Scenario, ScenarioError,
};
pub use status_page::{
    ComponentStatus, IncidentStatus, Indicator, StatusComponent, StatusIncident, StatusPage,
};
pub use tokens::TokenKind;
pub use webhooks::{
    ActiveWebhookFault, Deliver, Delivery, DeliveryAttempt, DeliveryState, EventKind, LoopbackUrl,
    RetriedFailures, Subscription, TimestampUnit, WebhookError, WebhookEvent, WebhookFault,
    WebhookFaults, Webhooks, WrongSignature,
};
pub use world::{Account, App, Meeting, Registrant, User, World};

/// Where to listen, and what to start with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Without it there is no https.
    pub tls_listen: Option<SocketAddr>,
    pub scenario: Scenario,
}

impl Default for Options {
    /// A free loopback port for http, another for https, and the demo's scenario.
    fn default() -> Self {
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free_port,
            tls_listen: Some(free_port),
            scenario: Scenario::demo(),
        }
    }
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("can't listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("can't make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("can't use the certificate: {0}")]
    Tls(#[from] rustls::Error),
    #[error("can't make a client to send webhooks with: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running simulator. It stops when it is shut down or dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Shared,
    http: Server,
    https: Option<Server>,
}

impl Simulator {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let identity = options
            .tls_listen
            .map(|_| tls::Identity::make())
            .transpose()?;
        let shared = Shared {
            world: Arc::new(Mutex::new(World::new(options.scenario.clone()))),
            scenario: Arc::new(options.scenario),
            client: webhooks::client()?,
            ca_pem: identity
                .as_ref()
                .map(|identity| identity.ca_pem.as_str().into()),
        };
        let http = Server::start(options.listen, None, router(&shared, "http")).await?;
        let https = match (options.tls_listen, identity) {
            (Some(address), Some(identity)) => {
                let config = RustlsConfig::from_config(Arc::new(identity.into_server_config()?));
                Some(Server::start(address, Some(config), router(&shared, "https")).await?)
            }
            _ => None,
        };
        Ok(Self {
            shared,
            http,
            https,
        })
    }

    pub fn http_address(&self) -> SocketAddr {
        self.http.address
    }

    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https.as_ref().map(|server| server.address)
    }

    /// Without a slash at the end.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http.address)
    }

    /// By the name `localhost`, which the certificate is for.
    pub fn https_url(&self) -> Option<String> {
        self.https_address()
            .map(|address| format!("https://localhost:{}", address.port()))
    }

    /// The root of the https certificate, made at start.
    pub fn ca_pem(&self) -> Option<&str> {
        self.shared.ca_pem.as_deref()
    }

    /// Looks at the state or changes it, as the control API does.
    pub fn steer<T>(&self, verb: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with_world(verb)
    }

    /// Makes every token of a kind invalid; says how many there were.
    pub fn expire_tokens(&self, kind: TokenKind) -> usize {
        self.steer(|world| world.tokens.expire(kind))
    }

    /// Somebody waits for a meeting, is in it, and leaves it; webhooks tell of it, and so does the report once the meeting has ended.
    pub async fn attend(&self, attendance: Attendance) -> Result<Attended, AttendanceError> {
        let happened = self.steer(|world| world.attend(attendance))?;
        Ok(self.shared.tell(happened).await)
    }

    pub async fn leave(&self, leave: Leave) -> Result<Attended, AttendanceError> {
        let happened = self.steer(|world| world.leave(&leave))?;
        Ok(self.shared.tell(happened).await)
    }

    pub async fn start_meeting(&self, start: MeetingStart) -> Result<Attended, AttendanceError> {
        let happened = self.steer(|world| world.start_meeting(start))?;
        Ok(self.shared.tell(happened).await)
    }

    pub async fn end_meeting(&self, end: MeetingEnd) -> Result<Attended, AttendanceError> {
        let happened = self.steer(|world| world.end_meeting(&end))?;
        Ok(self.shared.tell(happened).await)
    }

    /// Sends an event to everybody who subscribed to it, whether it happened or not.
    pub async fn send_webhook(&self, event: WebhookEvent) -> Result<Vec<Delivery>, WebhookError> {
        let queued = self.steer(|world| world.queue_webhook(&event))?;
        Ok(self.shared.deliver_queued(queued).await)
    }

    /// Asks an endpoint whether it knows the secret token; `plain_token` is made up unless it is given.
    pub async fn validate_webhook(
        &self,
        url: &LoopbackUrl,
        plain_token: Option<&str>,
    ) -> Result<Vec<Delivery>, WebhookError> {
        let queued = self.steer(|world| world.queue_validation(url, plain_token))?;
        Ok(self.shared.deliver_queued(queued).await)
    }

    /// Attempts the deliveries that wait: those which are due by the simulator's clock, or all.
    pub async fn deliver_webhooks(&self, wanted: Deliver) -> Vec<Delivery> {
        self.shared.deliver(&wanted).await
    }

    /// Waits until every connection is closed; it closes them at once.
    pub async fn shutdown(mut self) {
        for server in [Some(&mut self.http), self.https.as_mut()]
            .into_iter()
            .flatten()
        {
            server.handle.shutdown();
            // A server that ended by an error has nothing left to close.
            let _ = (&mut server.task).await;
        }
    }
}

/// What every handler works on.
#[derive(Debug, Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    /// What a reset goes back to.
    scenario: Arc<Scenario>,
    /// Sends the webhooks.
    client: reqwest::Client,
    ca_pem: Option<Arc<str>>,
}

impl Shared {
    /// No handler holds the lock across an await. A panic while it was held leaves a state that is still good to look at.
    fn with_world<T>(&self, verb: impl FnOnce(&mut World) -> T) -> T {
        verb(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn router(shared: &Shared, scheme: &'static str) -> Router {
    let observe = axum::middleware::from_fn_with_state((shared.clone(), scheme), observe::observe);
    Router::new()
        .merge(oauth::routes())
        .merge(users::routes())
        .merge(meetings::routes())
        .merge(wc_info::routes())
        .merge(report::routes())
        .merge(status_page::routes())
        .merge(control::routes())
        .merge(attendance::routes())
        .merge(webhooks::routes())
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::unknown_path)
        .layer(observe)
        .with_state(shared.clone())
}

/// One listening socket and the task that serves it.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    async fn start(
        address: SocketAddr,
        tls: Option<RustlsConfig>,
        router: Router,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address, source };
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let handle = Handle::new();
        let mut server = axum_server::Server::from_listener(listener)
            .http1_only()
            .handle(handle.clone());
        // Every answer is dated by its host's clock; one that shall have no date must not get the real one.
        server.http_builder().http1().auto_date_header(false);
        let service = router.into_make_service();
        let task = match tls {
            None => tokio::spawn(server.serve(service)),
            Some(config) => {
                let acceptor = axum_server::tls_rustls::RustlsAcceptor::new(config);
                tokio::spawn(server.acceptor(acceptor).serve(service))
            }
        };
        Ok(Self {
            address: bound,
            handle,
            task,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
