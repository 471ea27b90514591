//! Who is at the other end, when proxies stand between.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The client's address: the peer's, or, behind trusted proxies, the last address in `X-Forwarded-For` that is not one of them.
///
/// Read from the right, because everything to the left of a trusted proxy's own entry is what the client made up.
pub(super) fn of(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|entry| entry.trim().parse().ok())
        .collect::<Vec<IpAddr>>()
        .into_iter()
        .rfind(|address| !is_trusted(address))
        .unwrap_or(peer)
}

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 subscriber has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !0xffff_ffff_ffff_ffff)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded_for: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded_for.parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        of(&headers, peer.parse().unwrap(), &trusted).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_only_from_a_trusted_proxy() {
        assert_eq!(client("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn what_a_client_made_up_in_front_of_the_proxys_own_entry_is_not_believed() {
        assert_eq!(
            client("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2"),
            "198.51.100.1"
        );
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}
