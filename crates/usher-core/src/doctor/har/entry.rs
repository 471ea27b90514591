//! The HTTP Archive format, as far as it is read: <http://www.softwareishard.com/blog/har-12-spec/>, and what browsers add to it.
//!
//! These types are also the list of what a redacted copy may hold: what has no field here is neither read nor written.

use std::fmt;
use std::io::{self, BufRead, BufReader};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::short_strings::ShortStrings;

/// A request and its answer.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub(super) started_date_time: Text,
    /// Milliseconds from `startedDateTime` to the end of the answer; negative or none where there was no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<f64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) request: Request,
    #[serde(deserialize_with = "or_default")]
    pub(super) response: Response,
    /// Chromium: `memory` or `disk`.
    #[serde(rename = "_fromCache", skip_serializing_if = "Text::is_empty")]
    pub(super) from_cache: Text,
    /// Chromium: a script of the page answered.
    #[serde(
        rename = "_fetchedViaServiceWorker",
        skip_serializing_if = "Text::is_empty"
    )]
    pub(super) via_service_worker: Text,
    /// Safari: `Network Load`, `Memory Cache`, `Disk Cache`, `Service Worker`.
    #[serde(rename = "_fetchType", skip_serializing_if = "Text::is_empty")]
    pub(super) fetch_type: Text,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    pub(super) method: Text,
    pub(super) url: Text,
    #[serde(deserialize_with = "first_pairs")]
    pub(super) headers: Vec<Pair>,
    #[serde(deserialize_with = "first_pairs")]
    pub(super) query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) post_data: Option<PostData>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PostData {
    pub(super) mime_type: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Body>,
    #[serde(deserialize_with = "first_pairs")]
    pub(super) params: Vec<Pair>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Response {
    /// 0 or −1 where there was no answer.
    #[serde(deserialize_with = "or_default")]
    pub(super) status: i32,
    #[serde(deserialize_with = "first_pairs")]
    pub(super) headers: Vec<Pair>,
    #[serde(deserialize_with = "or_default")]
    pub(super) content: Content,
    #[serde(rename = "redirectURL")]
    pub(super) redirect_url: Text,
    /// Chromium and Safari: why it failed.
    #[serde(rename = "_error", skip_serializing_if = "Text::is_empty")]
    pub(super) error: Text,
    /// Playwright's word for it.
    #[serde(rename = "_failureText", skip_serializing_if = "Text::is_empty")]
    pub(super) failure_text: Text,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Content {
    pub(super) mime_type: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Body>,
    /// `base64`, or nothing.
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub(super) encoding: Text,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Pair {
    pub(super) name: Text,
    pub(super) value: Text,
}

/// The program that wrote the file, or the browser.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Tool {
    pub(super) name: Text,
    pub(super) version: Text,
}

/// A text; a number or a truth written instead of one; empty for anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyText).map(Self)
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_bool<E>(self, is: bool) -> Result<String, E> {
        Ok(if is { "true" } else { "" }.to_owned())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<String, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }
}

/// A body: bytes that were written as text, and may be no Unicode (half a surrogate pair).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Body(pub(super) String);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a body")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Body, E> {
                Ok(Body(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// `null` is the default, too.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The first pairs of a list; `null` is none. A list that goes on and on takes no more memory than a long one.
fn first_pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pair>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<Pair>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of names and values")
        }

        fn visit_unit<E>(self) -> Result<Vec<Pair>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Pair>, A::Error> {
            /// More than any server sends.
            const PAIRS_MAX: usize = 500;
            let mut pairs = Vec::new();
            while pairs.len() < PAIRS_MAX
                && let Some(pair) = seq.next_element()?
            {
                pairs.push(pair);
            }
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(pairs)
        }
    }
    deserializer.deserialize_any(Pairs)
}

/// How the reading of a file ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    /// Whether it has `log.entries`.
    pub(super) is_archive: bool,
    pub(super) creator: Tool,
    pub(super) browser: Tool,
    pub(super) fault: Option<Fault>,
}

/// Why not all of a file could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    Truncated,
    /// What is written in that line is not as it should be.
    Broken {
        /// From 1.
        line: usize,
    },
}

/// Reads the entries one by one, and keeps none.
pub(super) fn each(source: impl BufRead, on_entry: &mut dyn FnMut(Entry)) -> io::Result<Ending> {
    /// The parser takes a byte at a time.
    const BUFFER_BYTES: usize = 64 * 1024;
    let mut ending = Ending::default();
    let source = BufReader::with_capacity(BUFFER_BYTES, ShortStrings::new(source));
    let mut json = serde_json::Deserializer::from_reader(source);
    let read = Root {
        ending: &mut ending,
        on_entry,
    }
    .deserialize(&mut json);
    if let Err(error) = read {
        ending.fault = Some(match error.classify() {
            serde_json::error::Category::Io => return Err(error.into()),
            serde_json::error::Category::Eof => Fault::Truncated,
            _ => Fault::Broken { line: error.line() },
        });
    }
    Ok(ending)
}

/// `{"log": …}`.
struct Root<'a> {
    ending: &'a mut Ending,
    on_entry: &'a mut dyn FnMut(Entry),
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HTTP archive")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text>()? {
            if name.as_str() == "log" {
                map.next_value_seed(Log {
                    ending: &mut *self.ending,
                    on_entry: &mut *self.on_entry,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// `{"version", "creator", "browser", "pages", "entries"}`.
struct Log<'a> {
    ending: &'a mut Ending,
    on_entry: &'a mut dyn FnMut(Entry),
}

impl<'de> DeserializeSeed<'de> for Log<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the log of an HTTP archive")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text>()? {
            match name.as_str() {
                "entries" => {
                    self.ending.is_archive = true;
                    map.next_value_seed(Entries(&mut *self.on_entry))?;
                }
                "creator" => {
                    self.ending.creator = map.next_value::<Option<Tool>>()?.unwrap_or_default();
                }
                "browser" => {
                    self.ending.browser = map.next_value::<Option<Tool>>()?.unwrap_or_default();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Entries<'a>(&'a mut dyn FnMut(Entry));

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of an HTTP archive")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element()? {
            (self.0)(entry);
        }
        Ok(())
    }
}
