//! Which keys `join()` takes, by view and SDK version.
//!
//! Source: the type definitions in Zoom's published packages, `index.d.ts` (Client View, `ZoomMtg.join`) and `embedded.d.ts`
//! (Component View, `client.join`), of `@zoomus/websdk` 2.7.0 to 2.18.3 and `@zoom/meetingsdk` 3.1.0 to 6.2.0
//! (<https://github.com/zoom/meetingsdk-web>, tags v2.7.0 to v6.0.0; npm for 6.2.0).

use crate::refusal::{Refusal, Warning};

pub use super::sdk_version::{PUBLISHED_VERSIONS, SdkVersion};

/// Which of the Web SDK's two faces the page uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// Full page: `ZoomMtg`.
    Client,
    /// Embedded: `ZoomMtgEmbedded`.
    Component,
}

impl View {
    /// The word that Usher's API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            View::Client => "client",
            View::Component => "component",
        }
    }

    /// Reads `client` or `component`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "client" => Ok(View::Client),
            "component" => Ok(View::Component),
            _ => Err(Refusal::new(
                "invalid_view",
                "view",
                "The view is neither client nor component.",
                "Give \"client\" for ZoomMtg or \"component\" for ZoomMtgEmbedded.",
            )),
        }
    }
}

/// The oldest version that takes a Meeting SDK JWT of an SDK app and nothing else: 2.7.0 dropped `apiKey`.
/// Source: <https://developers.zoom.us/blog/meeting-sdk-versioning.md>.
pub const OLDEST_VERSION: SdkVersion = SdkVersion(2, 7, 0);

/// From here on the JWT must hold `appKey`. Source: type definitions of `@zoom/meetingsdk` 5.0.0 (2025-11-26).
pub const APP_KEY_REQUIRED_SINCE: SdkVersion = SdkVersion(5, 0, 0);

/// From here on `sdkKey` in `join()` is ignored with a console warning; before, it goes to Zoom as the key to check the signature with
/// (reference 2.5). Source: type definitions of `@zoom/meetingsdk` 4.0.0.
pub const SDK_KEY_OBSOLETE_SINCE: SdkVersion = SdkVersion(4, 0, 0);

/// A key of `join()`, and who takes it since when.
#[derive(Debug, Clone, Copy)]
struct JoinKey {
    name: &'static str,
    client_since: Option<SdkVersion>,
    component_since: Option<SdkVersion>,
    /// From here on the key is ignored with a console warning: it is still accepted, and no longer sent by Usher.
    obsolete_since: Option<SdkVersion>,
}

const fn key(
    name: &'static str,
    client_since: Option<SdkVersion>,
    component_since: Option<SdkVersion>,
) -> JoinKey {
    JoinKey {
        name,
        client_since,
        component_since,
        obsolete_since: None,
    }
}

const ALWAYS: Option<SdkVersion> = Some(OLDEST_VERSION);

/// One row a key: the version in whose type definitions it first stands.
const JOIN_KEYS: &[JoinKey] = &[
    key("signature", ALWAYS, ALWAYS),
    key("meetingNumber", ALWAYS, ALWAYS),
    key("userName", ALWAYS, ALWAYS),
    key("passWord", ALWAYS, None),
    key("password", None, ALWAYS),
    key("userEmail", ALWAYS, ALWAYS),
    key("customerKey", ALWAYS, ALWAYS),
    key("tk", ALWAYS, ALWAYS),
    key("zak", ALWAYS, ALWAYS),
    JoinKey {
        obsolete_since: Some(SDK_KEY_OBSOLETE_SINCE),
        ..key("sdkKey", ALWAYS, ALWAYS)
    },
    key(
        "recordingToken",
        Some(SdkVersion(2, 15, 0)),
        Some(SdkVersion(2, 15, 0)),
    ),
    key("childToken", Some(SdkVersion(3, 8, 5)), None),
    key(
        "obfToken",
        Some(SdkVersion(4, 1, 0)),
        Some(SdkVersion(4, 1, 0)),
    ),
    key("success", ALWAYS, ALWAYS),
    key("error", ALWAYS, ALWAYS),
];

/// The keys of `join()` for one view and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    view: View,
    /// The listed version whose rules apply.
    rules_of: SdkVersion,
}

impl Dialect {
    /// The dialect of a view and version.
    ///
    /// A version that is not listed takes the rules of the nearest older one, with a warning. One below 2.7.0 is refused: it wants
    /// the key of a JWT app, which Zoom has switched off.
    pub fn of(view: View, version: SdkVersion) -> Result<(Self, Option<Warning>), Refusal> {
        let rules_of = PUBLISHED_VERSIONS
            .iter()
            .copied()
            .rfind(|published| *published <= version)
            .ok_or_else(|| {
                Refusal::new(
                    "sdk_version_too_old",
                    "sdk_version",
                    format!(
                        "Web SDK {version} is older than {OLDEST_VERSION}, the first that joins with an SDK app's signature alone."
                    ),
                    "Upgrade the SDK in the page.",
                )
            })?;
        let warning = (rules_of != version).then(|| Warning {
            code: "sdk_version_not_listed",
            message: format!("Web SDK {version} is not in the table of known versions; the rules of {rules_of} are used."),
        });
        Ok((Self { view, rules_of }, warning))
    }

    /// The view.
    pub fn view(self) -> View {
        self.view
    }

    /// Whether `join()` knows the key: anything else fails or hangs the join.
    pub fn knows(self, name: &str) -> bool {
        self.row(name).is_some()
    }

    /// Whether the key still has an effect.
    pub fn uses(self, name: &str) -> bool {
        self.row(name).is_some_and(|row| {
            row.obsolete_since
                .is_none_or(|obsolete| self.rules_of < obsolete)
        })
    }

    /// The names of all keys that `join()` knows.
    pub fn known_keys(self) -> impl Iterator<Item = &'static str> {
        JOIN_KEYS
            .iter()
            .map(|row| row.name)
            .filter(move |name| self.knows(name))
    }

    /// The name of the passcode's key: the two views spell it differently.
    pub fn passcode_key(self) -> &'static str {
        match self.view {
            View::Client => "passWord",
            View::Component => "password",
        }
    }

    fn row(self, name: &str) -> Option<&'static JoinKey> {
        JOIN_KEYS.iter().find(|row| {
            let since = match self.view {
                View::Client => row.client_since,
                View::Component => row.component_since,
            };
            row.name == name && since.is_some_and(|since| since <= self.rules_of)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(view: View, version: &str) -> Vec<&'static str> {
        let (dialect, _) = Dialect::of(view, SdkVersion::parse(version).unwrap()).unwrap();
        dialect
            .known_keys()
            .filter(|key| dialect.uses(key))
            .collect()
    }

    #[test]
    fn the_keys_are_those_of_the_type_definitions() {
        let base = ["signature", "meetingNumber", "userName"];
        let person = ["userEmail", "customerKey", "tk", "zak"];
        let callbacks = ["success", "error"];
        for (view, version, passcode, extra) in [
            (View::Client, "2.7.0", "passWord", &["sdkKey"][..]),
            (View::Component, "2.7.0", "password", &["sdkKey"]),
            (
                View::Client,
                "2.16.0",
                "passWord",
                &["sdkKey", "recordingToken"],
            ),
            (
                View::Component,
                "2.16.0",
                "password",
                &["sdkKey", "recordingToken"],
            ),
            (
                View::Client,
                "3.13.2",
                "passWord",
                &["sdkKey", "recordingToken", "childToken"],
            ),
            (
                View::Client,
                "4.0.7",
                "passWord",
                &["recordingToken", "childToken"],
            ),
            (
                View::Client,
                "6.2.0",
                "passWord",
                &["recordingToken", "childToken", "obfToken"],
            ),
            (
                View::Component,
                "6.2.0",
                "password",
                &["recordingToken", "obfToken"],
            ),
        ] {
            let expected: Vec<_> = [&base[..], &[passcode], &person, extra, &callbacks].concat();
            assert_eq!(keys(view, version), expected, "{view:?} {version}");
        }
    }

    #[test]
    fn an_unlisted_version_takes_the_rules_of_the_nearest_older_one_with_a_warning() {
        let (dialect, warning) = Dialect::of(View::Client, SdkVersion(6, 10, 0)).unwrap();
        assert_eq!(dialect.rules_of, SdkVersion(6, 2, 0));
        assert_eq!(warning.unwrap().code, "sdk_version_not_listed");
        let (_, warning) = Dialect::of(View::Client, SdkVersion(2, 16, 0)).unwrap();
        assert_eq!(warning, None);
    }

    #[test]
    fn versions_below_2_7_0_are_refused() {
        let refusal = Dialect::of(View::Client, SdkVersion(2, 6, 0)).unwrap_err();
        assert_eq!(refusal.field, "sdk_version");
    }
}
