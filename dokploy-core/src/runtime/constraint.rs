//! Placement constraints, as Swarm reads them: `key==value` or `key!=value`, without regard to case.

use std::net::IpAddr;

/// Whether a node meets a constraint. `attribute` looks up what is known of the node; an attribute that it does not
/// have is the empty text.
pub(super) fn meets<'a>(constraint: &str, attribute: impl Fn(&str) -> Option<&'a str>) -> bool {
    let (key, value, is_equal) = if let Some((key, value)) = constraint.split_once("!=") {
        (key, value, false)
    } else if let Some((key, value)) = constraint.split_once("==") {
        (key, value, true)
    } else {
        return false;
    };
    let (key, value) = (key.trim(), value.trim());
    let actual = attribute(key).unwrap_or_default();
    let is_same = match value.split_once('/') {
        Some((network, bits)) if key == "node.ip" => is_within(actual, network, bits),
        _ => actual.eq_ignore_ascii_case(value),
    };
    is_same == is_equal
}

/// Whether an address is in a network: of all keys, `node.ip` alone may name one.
fn is_within(address: &str, network: &str, bits: &str) -> bool {
    let number = |text: &str| match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some((32, u128::from(u32::from(address)))),
        IpAddr::V6(address) => Some((128, u128::from(address))),
    };
    let (Some((length, address)), Some((other_length, network)), Ok(bits)) =
        (number(address), number(network), bits.parse::<u32>())
    else {
        return false;
    };
    if length != other_length || bits > length {
        return false;
    }
    // All bits of an IPv6 address are more than a shift can take.
    let head = |value: u128| value.checked_shr(length - bits).unwrap_or_default();
    head(address) == head(network)
}
