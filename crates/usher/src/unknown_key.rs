//! What to say of a key that nobody knows: in a configuration file, in the environment, in a request.

/// The known name nearest to `name`, if one is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // 0.7 tells `sdk_sceret` from `sdk_secret` (0.98) and not `colour` from anything of ours.
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// A key that a `deny_unknown_fields` type did not expect, with the nearest one that it did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownKey {
    pub(crate) name: String,
    pub(crate) nearest: Option<String>,
}

impl UnknownKey {
    /// Reads serde's own sentence: ``unknown field `a`, expected one of `b`, `c` ``. Serde offers no other way to learn the names.
    pub(crate) fn from_serde(message: &str) -> Option<Self> {
        let mut names = message
            .split_once("unknown field")?
            .1
            .split('`')
            .skip(1)
            .step_by(2);
        let name = names.next()?.to_owned();
        let nearest = nearest(&name, names).map(str::to_owned);
        Some(Self { name, nearest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[serde(rename = "sdk_secret")]
        _sdk_secret: Option<String>,
        #[serde(rename = "sdk_key")]
        _sdk_key: Option<String>,
    }

    #[test]
    fn serdes_sentence_names_the_key_and_the_nearest_known_one() {
        let error = serde_json::from_str::<Shape>(r#"{"sdk_sceret":"x"}"#).unwrap_err();
        assert_eq!(
            UnknownKey::from_serde(&error.to_string()),
            Some(UnknownKey {
                name: "sdk_sceret".to_owned(),
                nearest: Some("sdk_secret".to_owned())
            })
        );
    }

    #[test]
    fn nothing_near_is_no_suggestion() {
        assert_eq!(nearest("colour", ["sdk_secret", "listen"]), None);
    }
}
