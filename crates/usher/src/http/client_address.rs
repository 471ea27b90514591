//! Who is at the other end, when proxies stand between.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The client's address: the peer's, or, behind trusted proxies, the last address in `X-Forwarded-For` that is not one of them.
///
/// Read from the right, because everything to the left of a trusted proxy's own entry is what the client made up. For the same reason an
/// entry that can't be read ends the search: what stands left of it is not to be believed.
pub(super) fn of(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    // On a dual-stack socket an IPv4 peer looks like ::ffff:10.0.0.1.
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let entries: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    entries
        .into_iter()
        .rev()
        .map_while(forwarded)
        .find(|address| !is_trusted(address))
        .unwrap_or(peer)
}

/// An entry, with or without a port: `192.0.2.1`, `192.0.2.1:5123`, `2001:db8::1`, `[2001:db8::1]:443`.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = || {
        entry
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .ok()
    };
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare()
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 subscriber has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !0xffff_ffff_ffff_ffff)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network that an address is in, as attempts keep it: coarse enough not to be a person, fine enough to be a place or a provider.
pub(super) fn prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => format!(
            "{}/48",
            Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80))
        ),
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
    fn a_proxy_that_adds_a_port_or_rubbish_opens_no_way_for_made_up_addresses() {
        assert_eq!(
            client("10.0.0.1", "192.0.2.66, 198.51.100.1:5123"),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", "192.0.2.66, [2001:db8::1]:443"),
            "2001:db8::1"
        );
        assert_eq!(client("10.0.0.1", "192.0.2.66, unknown"), "10.0.0.1");
    }

    #[test]
    fn an_ipv4_proxy_is_known_on_a_dual_stack_socket() {
        assert_eq!(client("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}
