//! What a Statuspage's `summary.json` says (reference 8), taken from bytes that anybody may have sent in its place.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Component, Indicator, StatusIncident, StatusLine};
use crate::text::is_hidden;

/// Names and words are cut to it: a title of an incident is a line, not a page.
const NAME_MAX_CHARS: usize = 200;
/// Components and incidents beyond it are left out; a page on which so much is wrong says enough.
const LISTED_MAX: usize = 100;
/// Zoom touches its page some times a week (unverified): what was not touched for so long is a copy that nobody keeps.
const KEPT_WITHIN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Words of names that have to do with joining. The names themselves are unverified (reference 8).
const OF_JOINING: [&str; 7] = [
    "meeting",
    "web client",
    "api",
    "sdk",
    "developer",
    "marketplace",
    "webinar",
];

/// What the page says.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusReading {
    /// The page's own word; where it has none that we know, the worst of what it lists.
    pub indicator: Indicator,
    /// Those that are not operational, those first that matter for joining.
    pub components: Vec<Component>,
    /// Those that are not resolved.
    pub incidents: Vec<StatusIncident>,
    /// When somebody touched the page last.
    pub updated_at: Option<Timestamp>,
}

/// Why an answer is not a status page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAStatusPage {
    /// It begins as a web page does.
    #[error(
        "it is a web page instead of JSON: a proxy, a network's login or a notice of maintenance"
    )]
    Html,
    /// Nothing came.
    #[error("it is empty")]
    Empty,
    /// It is something else, or breaks off.
    #[error("it is no JSON, or breaks off")]
    NotJson,
    /// JSON of something else.
    #[error("its JSON is not a status page's: it has neither a status nor components")]
    OtherJson,
}

impl StatusReading {
    /// Reads a `summary.json`. What it lacks is missing; what is not known is passed over.
    pub fn parse(body: &[u8]) -> Result<Self, NotAStatusPage> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match text.trim_ascii_start().first() {
            None => return Err(NotAStatusPage::Empty),
            Some(b'<') => return Err(NotAStatusPage::Html),
            Some(_) => {}
        }
        match serde_json::from_slice(text) {
            Ok(Value::Object(summary)) => Self::of(&summary).ok_or(NotAStatusPage::OtherJson),
            Ok(_) => Err(NotAStatusPage::OtherJson),
            Err(_) => Err(NotAStatusPage::NotJson),
        }
    }

    fn of(summary: &Map<String, Value>) -> Option<Self> {
        let word = summary
            .get("status")
            .and_then(|it| it["indicator"].as_str());
        let listed = summary.get("components").and_then(Value::as_array);
        if word.is_none() && listed.is_none() {
            return None;
        }
        let mut components: Vec<Component> =
            listed.into_iter().flatten().filter_map(component).collect();
        components.sort_by_key(|it| !matters_for_joining(&it.name));
        let mut incidents: Vec<StatusIncident> = list(summary.get("incidents"))
            .filter_map(incident)
            .collect();
        let indicator = word.and_then(indicator);
        let indicator = indicator.unwrap_or_else(|| worst(&components, &incidents));
        components.truncate(LISTED_MAX);
        incidents.truncate(LISTED_MAX);
        let updated_at = summary.get("page").and_then(|it| it["updated_at"].as_str());
        Some(Self {
            indicator,
            components,
            incidents,
            updated_at: updated_at.and_then(|at| at.parse().ok()),
        })
    }

    /// The line of a witness file for a page that was read at a moment.
    pub fn into_line(self, at: Timestamp) -> StatusLine {
        let problem = self
            .updated_at
            .filter(|updated_at| at.duration_since(*updated_at) > KEPT_WITHIN)
            .map(|updated_at| {
                format!("The page was last touched at {updated_at}: it may be a stale copy.")
            });
        StatusLine {
            at,
            reachable: true,
            indicator: Some(self.indicator),
            components: self.components,
            incidents: self.incidents,
            problem,
            instance: None,
        }
    }
}

/// Whether what has this name has to do with joining.
pub fn matters_for_joining(name: &str) -> bool {
    let name = name.to_lowercase();
    OF_JOINING.iter().any(|word| name.contains(word))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn component(value: &Value) -> Option<Component> {
    let status = text(&value["status"]).filter(|status| status != "operational")?;
    Some(Component {
        name: text(&value["name"])?,
        status,
    })
}

fn incident(value: &Value) -> Option<StatusIncident> {
    let status = text(&value["status"]).unwrap_or_default();
    let is_over = matches!(status.as_str(), "resolved" | "postmortem" | "completed");
    if is_over || value["resolved_at"].is_string() {
        return None;
    }
    let touched = list(value.get("components"));
    Some(StatusIncident {
        name: text(&value["name"])?,
        impact: text(&value["impact"]).unwrap_or_default(),
        status,
        components: touched
            .filter_map(|it| text(&it["name"]))
            .take(LISTED_MAX)
            .collect(),
    })
}

/// Statuspage's fifth word, `maintenance`, is none of a witness file's: what is planned impairs as much as is listed.
fn indicator(word: &str) -> Option<Indicator> {
    match word {
        "none" => Some(Indicator::None),
        "minor" => Some(Indicator::Minor),
        "major" => Some(Indicator::Major),
        "critical" => Some(Indicator::Critical),
        _ => None,
    }
}

fn worst(components: &[Component], incidents: &[StatusIncident]) -> Indicator {
    let of_components = components.iter().map(|it| match it.status.as_str() {
        "degraded_performance" => Indicator::Minor,
        "partial_outage" => Indicator::Major,
        "major_outage" => Indicator::Critical,
        _ => Indicator::None,
    });
    let of_incidents = incidents.iter().filter_map(|it| indicator(&it.impact));
    let worst = of_components.chain(of_incidents).max();
    worst.unwrap_or(Indicator::None)
}

/// A text without what does not show, cut; none if nothing is left.
fn text(value: &Value) -> Option<String> {
    let shown = value.as_str()?.chars().filter(|c| !is_hidden(*c));
    let text: String = shown.take(NAME_MAX_CHARS).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
