//! What the embedding product says of an attempt: checked where it comes in.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use usher_core::attempt::event::Personal;
use usher_core::attempt::label::{self, CHARS_MAX, DIMENSIONS_MAX, Fault};
use usher_core::attempt::origin::Origin;

use super::AppState;
use super::error::ApiError;

/// Labels of a request.
pub(super) struct Labels {
    pub(super) participant: Option<String>,
    pub(super) registrant_id: Option<String>,
    pub(super) release: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) dims: Option<Dims>,
}

/// Dimensions of the product's own, each once: which of two values is meant, nobody knows.
#[derive(Debug, Default)]
pub(super) struct Dims(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Dims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DimsVisitor)
    }
}

impl Dims {
    pub(super) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

struct DimsVisitor;

impl<'de> Visitor<'de> for DimsVisitor {
    type Value = Dims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts, each name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dims, A::Error> {
        let mut dims = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if dims.insert(name, value).is_some() {
                let twice = Unexpected::Other("a name that is there twice");
                return Err(A::Error::invalid_value(twice, &self));
            }
        }
        Ok(Dims(dims))
    }
}

impl Labels {
    /// 422 for what is too long, too many, or not for a label.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let dims = self.dims.iter().flat_map(|dims| &dims.0);
        if dims.clone().count() > DIMENSIONS_MAX {
            return Err(ApiError::unprocessable(
                "too_many",
                "dims",
                format!("More than {DIMENSIONS_MAX} dimensions."),
            )
            .hint("Send fewer."));
        }
        let fixed = [
            ("participant", &self.participant),
            ("registrant_id", &self.registrant_id),
            ("release", &self.release),
            ("environment", &self.environment),
        ];
        for (field, value) in fixed {
            check_label(field, value.as_deref().unwrap_or_default())?;
        }
        for (name, value) in dims {
            let shown: String = name.chars().take(40).collect();
            let field = format!("dims.{}", shown.escape_debug());
            if label::is_reserved(name) || label::is_ushers_own(name) {
                return Err(ApiError::unprocessable(
                    "reserved_dimension",
                    field,
                    "This name is empty or stands for something of Usher's own.",
                )
                .hint("Choose another name; release, environment and participant are fields."));
            }
            check_label(&field, name)?;
            check_label(&field, value)?;
        }
        Ok(())
    }

    /// Hands them to the journal.
    pub(super) fn put_on(self, state: &AppState, origin: &mut Origin, personal: &mut Personal) {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        origin.release = some(self.release);
        origin.environment = some(self.environment);
        origin.dims = self.dims.unwrap_or_default().0;
        personal.participant = some(self.participant);
        personal.registrant_hash = some(self.registrant_id).map(|id| state.registrant_hash(&id));
    }
}

/// 422 for a text that can be on no attempt, whether it is to be put there or looked for.
pub(super) fn check_label(field: &str, text: &str) -> Result<(), ApiError> {
    let (message, hint) = match label::check(text) {
        Ok(()) => return Ok(()),
        Err(Fault::TooLong(chars)) => (
            format!("It has {chars} characters; at most {CHARS_MAX} are kept."),
            "Shorten it.",
        ),
        Err(Fault::ForbiddenCharacter) => (
            "It holds a control character, or a mark that turns the direction of text.".to_owned(),
            "Remove it.",
        ),
    };
    Err(ApiError::unprocessable("invalid_label", field, message).hint(hint))
}
