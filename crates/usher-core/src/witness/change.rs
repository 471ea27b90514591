//! Something of ours that changed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::attempt::label;
use crate::refusal::Refusal;
use crate::text::is_forbidden;

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

/// The longest text of a change, in characters: a sentence or two.
pub const TEXT_MAX_CHARS: usize = 1000;
/// How far ahead of our clock a change may be said to be.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// A change as somebody tells it; the rest can be known from what they say.
#[derive(Debug, Clone, Default)]
pub struct ToldChange {
    /// Now, if it is not said.
    pub at: Option<Timestamp>,
    /// One of [`What`]'s words; a release's if there is one.
    pub what: Option<String>,
    /// May be left out of a release.
    pub text: Option<String>,
    /// Empty is none, as is an empty environment.
    pub release: Option<String>,
    /// Where.
    pub environment: Option<String>,
    /// Of attempts: Usher's own dimensions, too.
    pub dims: BTreeMap<String, String>,
}

impl ToldChange {
    /// The entry that it makes as of `now`, or what is wrong with it.
    pub fn checked(self, now: Timestamp) -> Result<Change, Refusal> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (release, environment) = (some(self.release), some(self.environment));
        check_label("release", release.as_deref().unwrap_or_default())?;
        check_label("environment", environment.as_deref().unwrap_or_default())?;
        if self.dims.len() > label::DIMENSIONS_MAX {
            let message = format!("More than {} dimensions.", label::DIMENSIONS_MAX);
            return Err(Refusal::new("too_many", "dims", message, "Give fewer."));
        }
        for (name, value) in &self.dims {
            check_label("dims", name)?;
            check_label("dims", value)?;
        }
        let at = self.at.unwrap_or(now);
        if at.duration_since(now) > AHEAD_MAX {
            return Err(Refusal::new(
                "in_the_future",
                "at",
                "It is more than five minutes ahead of Usher's clock.",
                "Tell a change when it has happened, and compare the clocks.",
            ));
        }
        Ok(Change {
            at,
            what: what(self.what.as_deref(), release.is_some())?,
            text: text(
                some(self.text).filter(|text| !text.trim().is_empty()),
                release.as_deref(),
            )?,
            release,
            environment,
            dims: self.dims,
            instance: None,
        })
    }
}

fn what(word: Option<&str>, is_release: bool) -> Result<What, Refusal> {
    let default = if is_release {
        What::Release
    } else {
        What::Other
    };
    let Some(word) = word else {
        return Ok(default);
    };
    let known = What::ALL.into_iter().find(|what| what.as_str() == word);
    known.ok_or_else(|| {
        Refusal::new(
            "invalid_value",
            "what",
            "It is no kind of change.",
            "One of release, config, secret, start, other.",
        )
    })
}

fn text(text: Option<String>, release: Option<&str>) -> Result<String, Refusal> {
    let Some(text) = text.or_else(|| Some(format!("Release {}.", release?))) else {
        return Err(Refusal::new(
            "missing",
            "text",
            "Nothing says what changed.",
            "Give a text, or the release of a deploy.",
        ));
    };
    let chars = text.chars().count();
    if chars > TEXT_MAX_CHARS {
        let message = format!("It has {chars} characters; at most {TEXT_MAX_CHARS} are kept.");
        return Err(Refusal::new(
            "invalid_label",
            "text",
            message,
            "Shorten it.",
        ));
    }
    if text.chars().any(is_forbidden) {
        return Err(forbidden("text"));
    }
    Ok(text)
}

fn check_label(field: &'static str, text: &str) -> Result<(), Refusal> {
    label::check(text).map_err(|fault| match fault {
        label::Fault::TooLong(chars) => {
            let message = format!(
                "It has {chars} characters; at most {} are kept.",
                label::CHARS_MAX
            );
            Refusal::new("invalid_label", field, message, "Shorten it.")
        }
        label::Fault::ForbiddenCharacter => forbidden(field),
    })
}

fn forbidden(field: &'static str) -> Refusal {
    Refusal::new(
        "invalid_label",
        field,
        "It holds a control character, or a mark that turns the direction of text.",
        "Remove it.",
    )
}
