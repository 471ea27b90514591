//! Zoom's status page, as seen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the page said. It holds until the next line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusLine {
    /// When we saw it.
    pub at: Timestamp,
    /// It answered, and as a status page does.
    pub reachable: bool,
    /// The worst there is; none if it is not reachable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Indicator>,
    /// Those that are not operational.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Those that are not resolved.
    #[serde(default)]
    pub incidents: Vec<StatusIncident>,
    /// Why it is not reachable, or what speaks against what it says, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Which Usher saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Statuspage's word for the whole page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// All is well.
    None,
    /// Something is impaired.
    Minor,
    /// Something is down.
    Major,
    /// Most is down.
    Critical,
}

/// A part of Zoom's service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// As the page calls it.
    pub name: String,
    /// Statuspage's word: `degraded_performance`, `partial_outage`, `major_outage`, `under_maintenance`.
    pub status: String,
}

/// An incident that Zoom has announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusIncident {
    /// Its title.
    pub name: String,
    /// Statuspage's word: `none`, `minor`, `major`, `critical`.
    #[serde(default)]
    pub impact: String,
    /// Statuspage's word: `investigating`, `identified`, `monitoring`.
    #[serde(default)]
    pub status: String,
    /// The names of what it touches.
    #[serde(default)]
    pub components: Vec<String>,
}
