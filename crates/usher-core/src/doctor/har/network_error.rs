//! Why a request failed, as the browsers write it.
//!
//! Chromium: `net::ERR_…` of `net_error_list.h`, in `_error` (its developer tools) or `_failureText` (Playwright). Firefox: `NS_ERROR_…`. Safari: sentences
//! of the system. What a name is the cause of is our own judgement: a refused or broken connection can be a firewall's or Zoom's.

use crate::verdict::{Cause, Party};

/// A family of errors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NetworkError {
    /// Beginnings of names, and words of sentences in lower case.
    words: &'static [&'static str],
    /// The cause that it states by itself.
    pub(super) cause: Option<Cause>,
    pub(super) suspects: &'static [Cause],
    pub(super) party: Option<Party>,
    pub(super) meaning: &'static str,
    pub(super) remedy: &'static str,
}

const OPEN_NETWORK: &str = "Let the browser reach *.zoom.us on TCP 443 without a proxy that opens TLS, or try another network.";
const NETWORK_OR_ZOOM: &[Cause] = &[Cause::Network, Cause::ZoomPartialOutage, Cause::ZoomOutage];

const FAMILIES: &[NetworkError] = &[
    NetworkError {
        words: &["ERR_BLOCKED_BY_CSP", "csp", "content security policy"],
        cause: Some(Cause::Browser),
        suspects: &[],
        party: Some(Party::Integrator),
        meaning: "the page's Content-Security-Policy forbids it",
        remedy: "Allow Zoom's hosts in the page's policy (`connect-src` and `script-src`: https://zoom.us https://*.zoom.us, and wss://*.zoom.us).",
    },
    NetworkError {
        words: &[
            "ERR_BLOCKED_BY_CLIENT",
            "inspector",
            "subresource-filter",
            "content blocker",
            "NS_ERROR_TRACKING_URI",
            "NS_ERROR_BLOCKED",
        ],
        cause: Some(Cause::Browser),
        suspects: &[],
        party: None,
        meaning: "the browser itself blocked it: an extension such as an ad blocker, or the developer tools",
        remedy: "Switch extensions off for this site, or try a private window.",
    },
    NetworkError {
        words: &["ERR_BLOCKED_BY_ADMINISTRATOR"],
        cause: Some(Cause::Network),
        suspects: &[],
        party: None,
        meaning: "a policy of the browser's administrator blocks it",
        remedy: "The administrator of the browser has to allow *.zoom.us.",
    },
    NetworkError {
        words: &[
            "ERR_BLOCKED_BY_ORB",
            "ERR_BLOCKED_BY_RESPONSE",
            "corp-not-same",
            "coep-frame",
        ],
        cause: None,
        suspects: &[Cause::Network, Cause::Browser, Cause::ZoomPartialOutage],
        party: None,
        meaning: "the browser did not let the page read the answer: it was not what a script may be (a web page of a proxy or a portal, say), or the page's COEP asks for a header that it lacks",
        remedy: "Open the address of the request in a tab: what shows there is what the SDK got.",
    },
    NetworkError {
        words: &[
            "ERR_NAME_NOT_RESOLVED",
            "ERR_NAME_RESOLUTION_FAILED",
            "ERR_DNS_",
            "NS_ERROR_UNKNOWN_HOST",
            "hostname could not be found",
            "NS_ERROR_UNKNOWN_PROXY_HOST",
        ],
        cause: Some(Cause::Network),
        suspects: &[],
        party: None,
        meaning: "the host's name was not found (DNS)",
        remedy: "Look at the network's DNS: a filter may hide Zoom's names. Try another network.",
    },
    NetworkError {
        words: &[
            "ERR_INTERNET_DISCONNECTED",
            "ERR_NETWORK_CHANGED",
            "ERR_NETWORK_IO_SUSPENDED",
            "ERR_ADDRESS_UNREACHABLE",
            "ERR_NETWORK_ACCESS_DENIED",
            "NS_ERROR_OFFLINE",
            "connection appears to be offline",
        ],
        cause: Some(Cause::Network),
        suspects: &[],
        party: None,
        meaning: "the device was not connected, or its network changed or went to sleep",
        remedy: "Connect the device, and join again.",
    },
    NetworkError {
        words: &[
            "ERR_PROXY_",
            "ERR_TUNNEL_CONNECTION_FAILED",
            "ERR_MANDATORY_PROXY",
            "ERR_SOCKS_",
            "NS_ERROR_PROXY_",
        ],
        cause: Some(Cause::Network),
        suspects: &[],
        party: None,
        meaning: "the proxy did not let it through",
        remedy: OPEN_NETWORK,
    },
    NetworkError {
        words: &["ERR_CERT_DATE_INVALID", "SEC_ERROR_EXPIRED_CERTIFICATE"],
        cause: None,
        suspects: &[Cause::Device, Cause::Network],
        party: None,
        meaning: "the certificate is out of date by this device's clock: the clock is wrong, or something between opens TLS with an old certificate",
        remedy: "Set the device's clock, and look at who issued the certificate that the browser shows for zoom.us.",
    },
    NetworkError {
        words: &[
            "ERR_CERT_",
            "SEC_ERROR_",
            "MOZILLA_PKIX_ERROR",
            "certificate for this server is invalid",
            "ERR_BAD_SSL_CLIENT_AUTH",
        ],
        cause: Some(Cause::Network),
        suspects: &[],
        party: None,
        meaning: "the certificate is not one that the browser trusts for Zoom: something between opens TLS",
        remedy: OPEN_NETWORK,
    },
    NetworkError {
        words: &["ERR_ABORTED", "NS_BINDING_ABORTED", "cancelled", "canceled"],
        cause: None,
        suspects: &[Cause::Browser, Cause::Network],
        party: None,
        meaning: "it was broken off before an answer came: the page was left, or called it off",
        remedy: "Look at what the page did at that moment: a reload, a navigation, a timeout of its own.",
    },
    NetworkError {
        words: &[
            "ERR_FAILED",
            "NS_ERROR_DOM_BAD_URI",
            "access control",
            "cross-origin",
            "cors",
        ],
        cause: None,
        suspects: &[Cause::Network, Cause::Browser, Cause::ZoomPartialOutage],
        party: None,
        meaning: "the browser did not let the page read the answer (CORS): it lacked `Access-Control-Allow-Origin`, as answers of proxies, portals and failing servers do",
        remedy: "Read the browser's console: it names the header that was missing. Open the address in a tab to see what answered.",
    },
    NetworkError {
        words: &[
            "ERR_CONNECTION_",
            "ERR_TIMED_OUT",
            "ERR_EMPTY_RESPONSE",
            "ERR_HTTP2_",
            "ERR_QUIC_",
            "ERR_SSL_",
            "ERR_SOCKET_",
            "ERR_INVALID_HTTP_RESPONSE",
            "ERR_RESPONSE_HEADERS_TRUNCATED",
            "ERR_CONTENT_LENGTH_MISMATCH",
            "ERR_INCOMPLETE_CHUNKED_ENCODING",
            "ERR_ACCESS_DENIED",
            "NS_ERROR_NET_",
            "NS_ERROR_CONNECTION_REFUSED",
            "PR_CONNECT_RESET_ERROR",
            "network connection was lost",
            "could not connect to the server",
            "request timed out",
            "ssl error",
        ],
        cause: None,
        suspects: NETWORK_OR_ZOOM,
        party: None,
        meaning: "the connection was refused, broken off, or got no answer in time",
        remedy: "Look at how many are affected: one network (a firewall), or everybody (Zoom).",
    },
];

/// An error that no browser is known to write, or none at all.
pub(super) const UNKNOWN: NetworkError = NetworkError {
    words: &[],
    cause: None,
    suspects: NETWORK_OR_ZOOM,
    party: None,
    meaning: "it got no answer, and the file does not say why",
    remedy: "Look at the browser's console and at how many are affected: one browser, one network, or everybody.",
};

/// The family of an error, as a browser wrote it.
pub(super) fn of_text(text: &str) -> &'static NetworkError {
    let lower = text.to_ascii_lowercase();
    let is_named = |word: &&str| {
        if word.starts_with(|c: char| c.is_ascii_uppercase()) {
            text.contains(*word)
        } else {
            lower.contains(*word)
        }
    };
    FAMILIES
        .iter()
        .find(|family| family.words.iter().any(is_named))
        .unwrap_or(&UNKNOWN)
}

/// What of an error's text is repeated: its name. Sentences may hold anything, so the name of their family stands for them.
pub(super) fn name(text: &str) -> &str {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let family = of_text(text);
    text.split(|c: char| !is_of_name(c))
        .find(|word| {
            word.contains('_') && (8..=64).contains(&word.len()) && of_text(word) == family
        })
        .or(family.words.first().copied())
        .unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn errors_are_known_by_their_names_and_sentences() {
        for (text, cause) in [
            ("net::ERR_BLOCKED_BY_CLIENT.Inspector", Some(Cause::Browser)),
            ("net::ERR_NAME_NOT_RESOLVED", Some(Cause::Network)),
            ("net::ERR_CERT_AUTHORITY_INVALID", Some(Cause::Network)),
            ("net::ERR_CERT_DATE_INVALID", None),
            ("net::ERR_CONNECTION_RESET", None),
            ("NS_ERROR_UNKNOWN_HOST", Some(Cause::Network)),
            (
                "The Internet connection appears to be offline.",
                Some(Cause::Network),
            ),
            ("something else", None),
        ] {
            assert_eq!(of_text(text).cause, cause, "{text}");
        }
    }

    #[test]
    fn only_the_name_of_an_error_is_repeated() {
        assert_eq!(name("net::ERR_FAILED"), "ERR_FAILED");
        assert_eq!(
            name("net::ERR_BLOCKED_BY_CLIENT.Inspector"),
            "ERR_BLOCKED_BY_CLIENT"
        );
        assert_eq!(
            name("The request timed out on Ann's laptop"),
            "ERR_CONNECTION_"
        );
        assert_eq!(name("Ann's laptop"), "unknown");
    }

    #[test]
    fn no_family_is_hidden_by_one_before_it() {
        for family in FAMILIES {
            for word in family.words {
                assert_eq!(of_text(word), family, "{word}");
            }
        }
    }
}
