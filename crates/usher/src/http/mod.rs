//! The HTTP API: router, handler, store; nothing in between.

mod attempts;
mod authentication;
mod body;
mod changes;
mod client_address;
mod client_files;
mod compat;
mod error;
mod health;
mod joins;
mod labels;
mod meetings;
mod report_token;
mod request_id;
mod signatures;
mod span;
mod stats;
mod strangers;
mod stream;
mod text_or_number;
mod webhooks;
mod witnesses;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::timeout::TimeoutLayer;
use usher_core::webhook;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::directory::Directory;
use crate::journal::Journal;
use crate::webhooks::{Settler, digits};
use crate::witnesses::Witnesses;
use crate::zoom::ZoomClient;
use report_token::ReportTokens;
use request_id::RequestIds;
use strangers::Strangers;

/// A join request is 1 kB; what is larger than this is a mistake.
const BODY_MAX_BYTES: usize = 64 * 1024;
/// A host's mint may wait for Zoom, whose own deadline is shorter than this.
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);

/// Where time and randomness come from: the machine in production, fixed in tests.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub now: fn() -> Timestamp,
    pub random: fn() -> u128,
}

/// What every handler may use. Cheap to clone: every layer clones it for every request.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of an [`AppState`].
#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub directory: Arc<Directory>,
    pub zoom: ZoomClient,
    pub witnesses: Arc<Witnesses>,
    pub moment: Moment,
    pub journal: Journal,
    pub settler: Settler,
    /// Ends what would never end by itself.
    pub stop: CancellationToken,
    report_tokens: ReportTokens,
    name_key: Zeroizing<[u8; 32]>,
    strangers: Strangers,
    request_ids: RequestIds,
}

impl AppState {
    /// What names are hashed with.
    pub(crate) fn name_key(&self) -> &[u8] {
        &*self.name_key
    }

    /// A name as it is kept: enough to recognise it in Zoom's events, and no name.
    fn name_hash(&self, name: &str) -> String {
        digits(webhook::name_hash(&*self.name_key, name))
    }

    /// Zoom's id of a registrant, likewise.
    fn registrant_hash(&self, registrant_id: &str) -> String {
        digits(webhook::registrant_hash(&*self.name_key, registrant_id))
    }

    pub fn new(
        config: Config,
        directory: Arc<Directory>,
        zoom: ZoomClient,
        witnesses: Arc<Witnesses>,
        moment: Moment,
        journal: Journal,
        stop: CancellationToken,
    ) -> Self {
        let request_ids = RequestIds::new((moment.random)());
        let master_key = directory.master_key();
        let report_tokens = ReportTokens::new(master_key);
        let name_key = master_key.derive("usher name hash 1");
        let settler = Settler::new(Arc::clone(&directory), journal.clone(), moment.now);
        Self(Arc::new(Parts {
            config,
            directory,
            zoom,
            witnesses,
            moment,
            journal,
            settler,
            stop,
            report_tokens,
            name_key,
            strangers: Strangers::new(),
            request_ids,
        }))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "Mints the join parameters that a page hands to the Zoom Web SDK's join(). Errors have one shape; docs/errors.md lists the codes.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&BearerKey)
)]
struct ApiDoc;

struct BearerKey;

impl utoipa::Modify for BearerKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key of `usher key add`."))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("key", SecurityScheme::Http(key));
    }
}

/// All endpoints.
pub fn router(state: AppState) -> Router {
    let (routes, openapi) = described_routes(&state);
    let openapi = Arc::new(openapi);
    routes
        .route("/client/{name}", get(client_files::get_client_file))
        .route(
            "/openapi.json",
            get(move || async move { Json((*openapi).clone()) }),
        )
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn_with_state(
                    state.clone(),
                    request_id::name_request,
                ))
                .layer(CatchPanicLayer::new())
                .layer(TimeoutLayer::with_status_code(
                    axum::http::StatusCode::GATEWAY_TIMEOUT,
                    ANSWER_DEADLINE,
                ))
                .layer(DefaultBodyLimit::max(BODY_MAX_BYTES)),
        )
        .with_state(state)
}

fn described_routes(state: &AppState) -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let mut routes = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(joins::post_join))
        .routes(routes!(meetings::get_meetings, meetings::post_meeting))
        .routes(routes!(meetings::post_import))
        .routes(routes!(
            meetings::get_meeting,
            meetings::patch_meeting,
            meetings::delete_meeting
        ))
        .routes(routes!(attempts::get_attempts, attempts::post_attempt))
        .routes(routes!(attempts::get_attempt))
        .routes(routes!(stream::get_stream))
        .routes(routes!(webhooks::post_webhook))
        .routes(routes!(stats::get_stats))
        .routes(routes!(changes::post_change))
        .routes(routes!(witnesses::get_witnesses))
        .routes(routes!(witnesses::get_readings))
        .routes(routes!(signatures::get_signatures))
        .routes(routes!(health::get_livez))
        .routes(routes!(health::get_readyz));
    let reports = OpenApiRouter::new()
        .routes(routes!(attempts::post_events))
        .layer(cors(&state.config.allowed_origins));
    routes = routes.merge(reports);
    if state.config.compat_is_enabled {
        let compat = OpenApiRouter::new()
            .routes(routes!(compat::post_compat))
            .layer(cors(&state.config.allowed_origins));
        routes = routes.merge(compat);
    }
    routes.split_for_parts()
}

/// Browsers of the listed origins may call; the list is never "everybody".
fn cors(allowed_origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = allowed_origins
        .iter()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .expose_headers([
            HeaderName::from_static("x-usher-attempt"),
            HeaderName::from_static("x-request-id"),
        ])
        // Browsers cut it to their own limit.
        .max_age(Duration::from_hours(24))
}
