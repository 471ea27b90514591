//! Zoom's status page: an Atlassian Statuspage (reference 8). What it says is set by `/_sim/status`, and is nobody's judgement of how the
//! rest of the simulator fares: a clean page during an outage is the case that matters most.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shared;
use crate::clock::http_date;
use crate::control::{JsonBody, with_body};
use crate::world::World;

/// The page's own host. `14qjgk812kgk.statuspage.io` is the same page; here any host answers by the path.
pub(crate) const HOST: &str = "www.zoomstatus.com";
/// Answers every path by a redirect to [`HOST`] (reference 8 `[3rd]`; that the path is kept is assumed).
pub(crate) const REDIRECTED_HOST: &str = "status.zoom.us";
const PAGE_ID: &str = "14qjgk812kgk";

/// What is always there. The names of Zoom's components are unverified (reference 8): these hold the words that consumers look for.
const COMPONENTS: [&str; 8] = [
    "Zoom Meetings",
    "Zoom Web Client",
    "Zoom Webinars",
    "Zoom Phone",
    "Zoom Contact Center",
    "Zoom Developer Platform",
    "Zoom App Marketplace",
    "Zoom Website",
];

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v2/summary.json", get(summary))
        .route("/api/v2/status.json", get(status))
        .route("/api/v2/components.json", get(components))
        .route("/api/v2/incidents.json", get(incidents))
        .route("/api/v2/incidents/unresolved.json", get(unresolved))
        .route("/_sim/status", get(told).put(tell).delete(reset))
}

/// What the page says. All that is not named is operational.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusPage {
    /// Without it, the worst of the components and of the unresolved incidents.
    pub indicator: Option<Indicator>,
    /// Those with another status than operational; a new name is one more component.
    pub components: Vec<StatusComponent>,
    pub incidents: Vec<StatusIncident>,
    /// When somebody touched the page last; without it, when it was set here. An old one plays a page that nobody keeps.
    pub updated_at: Option<Timestamp>,
}

/// Statuspage's word for the whole page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    #[default]
    None,
    /// In no list of Zoom's that we know, but Statuspage has it `[3rd]`.
    Maintenance,
    Minor,
    Major,
    Critical,
}

/// Statuspage's word for a component.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentStatus {
    #[default]
    Operational,
    UnderMaintenance,
    DegradedPerformance,
    PartialOutage,
    MajorOutage,
}

/// One part of Zoom's service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusComponent {
    pub name: String,
    pub status: ComponentStatus,
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    #[default]
    Investigating,
    Identified,
    Monitoring,
    Resolved,
    Postmortem,
}

/// One incident, with the names of the components that it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusIncident {
    pub name: String,
    #[serde(default)]
    pub impact: Indicator,
    #[serde(default)]
    pub status: IncidentStatus,
    #[serde(default)]
    pub components: Vec<String>,
}

impl ComponentStatus {
    /// Statuspage blends all components; its exact rule is not known for a page with many, so here the worst decides (assumed).
    fn indicator(self) -> Indicator {
        match self {
            Self::Operational => Indicator::None,
            Self::UnderMaintenance => Indicator::Maintenance,
            Self::DegradedPerformance => Indicator::Minor,
            Self::PartialOutage => Indicator::Major,
            Self::MajorOutage => Indicator::Critical,
        }
    }
}

impl Indicator {
    /// Some of Statuspage's sentences `[doc]`; which goes with which word is assumed.
    fn description(self) -> &'static str {
        match self {
            Self::None => "All Systems Operational",
            Self::Maintenance => "Service Under Maintenance",
            Self::Minor => "Minor Service Outage",
            Self::Major => "Partial System Outage",
            Self::Critical => "Major System Outage",
        }
    }
}

impl StatusIncident {
    fn is_resolved(&self) -> bool {
        matches!(
            self.status,
            IncidentStatus::Resolved | IncidentStatus::Postmortem
        )
    }

    fn json(&self, page: &StatusPage) -> Value {
        let at = page.touched_at();
        let components: Vec<Value> = page
            .all_components()
            .filter(|(_, component)| self.components.contains(&component.name))
            .map(|(position, component)| component.json(position, &at))
            .collect();
        json!({
            "id": id(&self.name), "page_id": PAGE_ID, "name": self.name, "status": self.status, "impact": self.impact,
            "created_at": at, "started_at": at, "updated_at": at,
            "monitoring_at": (self.status != IncidentStatus::Investigating).then_some(&at),
            "resolved_at": self.is_resolved().then_some(&at),
            "shortlink": format!("https://stspg.io/{}", id(&self.name)),
            "incident_updates": [{
                "id": id(&format!("{} update", self.name)), "incident_id": id(&self.name), "status": self.status, "body": self.name,
                "created_at": at, "updated_at": at, "display_at": at, "affected_components": null,
            }],
            "components": components,
        })
    }
}

impl StatusComponent {
    fn json(&self, position: usize, at: &str) -> Value {
        json!({
            "id": id(&self.name), "page_id": PAGE_ID, "name": self.name, "status": self.status, "description": null,
            "position": position, "group_id": null, "group": false, "showcase": false, "only_show_if_degraded": false,
            "start_date": null, "created_at": at, "updated_at": at,
        })
    }
}

impl StatusPage {
    fn indicator(&self) -> Indicator {
        let of_components = self.components.iter().map(|it| it.status.indicator());
        let open = self.incidents.iter().filter(|it| !it.is_resolved());
        let derived = of_components.chain(open.map(|it| it.impact)).max();
        self.indicator.or(derived).unwrap_or_default()
    }

    /// With their positions, from 1 as Statuspage counts.
    fn all_components(&self) -> impl Iterator<Item = (usize, StatusComponent)> {
        let mut seen = BTreeSet::new();
        let named = self.components.iter().map(|it| it.name.as_str());
        let names: Vec<&str> = COMPONENTS
            .into_iter()
            .chain(named)
            .filter(|name| seen.insert(*name))
            .collect();
        let status = |name: &str| {
            let told = self.components.iter().find(|it| it.name == name);
            told.map_or_else(ComponentStatus::default, |it| it.status)
        };
        let components = names.into_iter().map(move |name| StatusComponent {
            name: name.to_owned(),
            status: status(name),
        });
        (1..).zip(components)
    }

    /// As Statuspage writes times: with milliseconds.
    fn touched_at(&self) -> String {
        let at = self.updated_at.unwrap_or_default();
        at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    fn page_json(&self) -> Value {
        json!({
            "id": PAGE_ID, "name": "Zoom", "url": format!("https://{HOST}"), "time_zone": "Etc/UTC", "updated_at": self.touched_at(),
        })
    }

    fn status_json(&self) -> Value {
        let indicator = self.indicator();
        json!({ "indicator": indicator, "description": indicator.description() })
    }

    fn components_json(&self) -> Vec<Value> {
        let at = self.touched_at();
        self.all_components()
            .map(|(position, component)| component.json(position, &at))
            .collect()
    }

    fn incidents_json(&self, wanted: impl Fn(&StatusIncident) -> bool) -> Vec<Value> {
        let incidents = self.incidents.iter().filter(|it| wanted(it));
        incidents.map(|it| it.json(self)).collect()
    }
}

/// Twelve characters, as Statuspage's ids have, the same for the same name.
fn id(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{:016x}", hasher.finish()).split_off(4)
}

impl World {
    /// Lets the page say something else. Without an `updated_at` of its own it was touched now, by the clock of its host.
    pub fn put_status(&mut self, mut page: StatusPage) {
        let now = self.clock.now(HOST);
        page.updated_at.get_or_insert(now);
        self.status = page;
    }

    pub fn status(&self) -> &StatusPage {
        &self.status
    }
}

async fn summary(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    answer(&shared, &headers, |page| {
        json!({
            "page": page.page_json(), "components": page.components_json(), "incidents": page.incidents_json(|it| !it.is_resolved()),
            "scheduled_maintenances": [], "status": page.status_json(),
        })
    })
}

async fn status(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    answer(
        &shared,
        &headers,
        |page| json!({ "page": page.page_json(), "status": page.status_json() }),
    )
}

async fn components(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    answer(
        &shared,
        &headers,
        |page| json!({ "page": page.page_json(), "components": page.components_json() }),
    )
}

async fn incidents(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    answer(
        &shared,
        &headers,
        |page| json!({ "page": page.page_json(), "incidents": page.incidents_json(|_| true) }),
    )
}

async fn unresolved(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    answer(
        &shared,
        &headers,
        |page| json!({ "page": page.page_json(), "incidents": page.incidents_json(|it| !it.is_resolved()) }),
    )
}

/// The body, or 304 to whoever has it. That Statuspage answers with `ETag` and `Last-Modified` is assumed.
fn answer(shared: &Shared, asked: &HeaderMap, body: impl FnOnce(&StatusPage) -> Value) -> Response {
    let (body, touched_at) = shared.with_world(|world| {
        let touched_at = world.status.updated_at.unwrap_or_default();
        (body(&world.status).to_string(), touched_at)
    });
    let etag = format!("W/\"{}\"", id(&body));
    let is_known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim(), known if known == etag || known == "*"));
    let headers = [
        (header::ETAG, etag),
        (header::LAST_MODIFIED, http_date(touched_at)),
        (
            header::CACHE_CONTROL,
            "max-age=0, private, must-revalidate".to_owned(),
        ),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (headers, content_type, body).into_response()
}

/// What [`REDIRECTED_HOST`] answers.
pub(crate) fn redirect(path: &str) -> Response {
    let to = HeaderValue::from_str(&format!("https://{HOST}{path}"));
    let to = to.unwrap_or(HeaderValue::from_static("https://www.zoomstatus.com/"));
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn told(State(shared): State<Shared>) -> Response {
    shared.with_world(|world| {
        let page = &world.status;
        let indicator = Some(page.indicator());
        Json(StatusPage {
            indicator,
            ..page.clone()
        })
        .into_response()
    })
}

async fn tell(State(shared): State<Shared>, body: JsonBody<StatusPage>) -> Response {
    with_body(&shared, body, |world, page| {
        world.put_status(page);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn reset(State(shared): State<Shared>) -> StatusCode {
    shared.with_world(|world| world.put_status(StatusPage::default()));
    StatusCode::NO_CONTENT
}
