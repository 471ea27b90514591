//! Something of ours that changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An entry of the change log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of which kind it is.
    pub what: What,
    /// What changed, in words.
    pub text: String,
    /// The embedding product's release since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Staging is not production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Which attempts it concerns, by their dimensions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dims: BTreeMap<String, String>,
    /// Which Usher's it is, or saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A release of the embedding product.
    Release,
    /// Configuration.
    Config,
    /// A secret or an API key.
    Secret,
    /// A start of Usher.
    Start,
    /// Anything else.
    Other,
}

impl What {
    /// All of them.
    pub const ALL: [What; 5] = [
        What::Release,
        What::Config,
        What::Secret,
        What::Start,
        What::Other,
    ];

    /// The word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Release => "release",
            What::Config => "config",
            What::Secret => "secret",
            What::Start => "start",
            What::Other => "other",
        }
    }
}
