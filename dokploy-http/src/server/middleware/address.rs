//! Where a request comes from. What a proxy says is believed only of proxies that the operator named.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap};
use dokploy_core::source::AddressRange;

use crate::server::listen::Peer;

/// Most proxies that one header is read through.
const HOPS_MAX: usize = 32;

/// The address of the client, or `None` within the process.
pub(crate) fn of(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[AddressRange],
) -> Option<IpAddr> {
    let Peer(peer) = extensions.get::<Peer>()?;
    Some(behind_proxies(peer.ip().to_canonical(), headers, trusted))
}

/// Goes from proxy to proxy, the nearest one first, until one is not trusted: what it says is its own invention.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> IpAddr {
    let believed = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let lines: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut address = peer;
    for hop in hops.take(HOPS_MAX) {
        if !believed(address) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let cases: &[(&str, &[&str], &str)] = &[
            ("203.0.113.9", &[], "203.0.113.9"),
            // A client that forges the header gains nothing.
            ("203.0.113.9", &["1.2.3.4"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // The forged one stands further left than what the proxy added.
            ("10.0.0.1", &["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            (
                "10.0.0.1",
                &["1.2.3.4", "203.0.113.9, 10.0.0.2"],
                "203.0.113.9",
            ),
            ("10.0.0.1", &["not an address"], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4, nonsense, 10.0.0.2"], "10.0.0.2"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        ];
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
            }
            let peer: IpAddr = peer.parse().unwrap();
            let address = behind_proxies(peer.to_canonical(), &headers, &trusted);
            assert_eq!(address.to_string(), *expected, "{peer} {lines:?}");
        }
    }
}
