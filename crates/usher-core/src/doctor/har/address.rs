//! Whose an address is, and what is asked for at it.

/// Zoom's domains (reference 9: hosts of the SDK, firewall list).
const ZOOM_DOMAINS: &[&str] = &["zoom.us", "zoom.com", "zoomgov.com", "zoomus.cn"];
/// Where the SDK asks to join (reference 2.4, 2.5).
const JOIN_CHECK: &str = "/api/v1/wc/info";
/// Where it goes on to once that is accepted (2.5).
const PING: &str = "/wc/ping/";

/// An address, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) scheme: &'a str,
    /// Without the port.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Address<'a> {
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (before_query, query) = match rest.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (rest, None),
        };
        let at = before_query.find('/').unwrap_or(before_query.len());
        let (authority, path) = before_query.split_at(at);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => host,
        };
        Some(Self {
            scheme,
            host,
            path,
            query,
        })
    }

    pub(super) fn is_zooms(self) -> bool {
        let host = self.host.to_ascii_lowercase();
        ZOOM_DOMAINS.iter().any(|domain| {
            host.strip_suffix(domain)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }

    pub(super) fn is_secure(self) -> bool {
        matches!(self.scheme, "https" | "wss")
    }

    pub(super) fn is_join_check(self) -> bool {
        self.path.trim_end_matches('/').ends_with(JOIN_CHECK)
    }

    pub(super) fn is_ping(self) -> bool {
        self.path.contains(PING)
    }

    pub(super) fn is_web_socket(self) -> bool {
        matches!(self.scheme, "ws" | "wss")
    }

    /// The name of a file of the SDK: its scripts, and its audio and video code in WebAssembly.
    pub(super) fn sdk_file(self) -> Option<&'a str> {
        let name = self.path.rsplit('/').next()?;
        let is_script = has_ending(name, ".js")
            && ["zoom-meeting", "zoomus-websdk", "js_media", "webim"]
                .iter()
                .any(|begin| name.starts_with(begin));
        let is_code = has_ending(name, ".wasm")
            && ["audio", "video", "sharing"]
                .iter()
                .any(|what| name.contains(what));
        let is_plain = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        (is_plain && (is_script || is_code)).then_some(name)
    }

    pub(super) fn is_web_assembly(self) -> bool {
        self.sdk_file()
            .is_some_and(|name| has_ending(name, ".wasm"))
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.to_ascii_lowercase().ends_with(ending)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_zooms_own_hosts_are_zooms() {
        for (url, is_zooms) in [
            ("https://zoom.us/api/v1/wc/info", true),
            ("https://us02web.zoom.us:443/x", true),
            ("wss://rwcsj1.CLOUD.zoom.us/ws", true),
            ("https://www.zoomgov.com/", true),
            ("https://notzoom.us/", false),
            ("https://zoom.us.example/", false),
            ("https://zoom.us@evil.example/", false),
            ("https://example/?zoom.us", false),
        ] {
            assert_eq!(Address::parse(url).unwrap().is_zooms(), is_zooms, "{url}");
        }
    }

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address::parse("https://zoom.us:8443/api/v1/wc/info?a=b?c#d").unwrap();
        assert_eq!((address.host, address.path), ("zoom.us", JOIN_CHECK));
        assert_eq!(address.query, Some("a=b?c"));
        assert!(address.is_join_check() && address.is_secure());
        assert_eq!(Address::parse("about:blank"), None);
    }

    #[test]
    fn files_of_the_sdk_are_told_from_the_pages_own() {
        let file = |url| Address::parse(url).unwrap().sdk_file();
        assert_eq!(
            file("https://a/lib/av/video.simd.wasm?x"),
            Some("video.simd.wasm")
        );
        assert_eq!(
            file("https://a/zoom-meeting-6.2.0.min.js"),
            Some("zoom-meeting-6.2.0.min.js")
        );
        assert_eq!(file("https://a/app.js"), None);
        assert_eq!(
            file("https://a/av/1503_video.simd.wasm"),
            Some("1503_video.simd.wasm")
        );
        assert_eq!(file("https://a/some.wasm"), None);
    }
}
