//! Which addresses the engine may connect to on a user's behalf, and which local files may be sources.

mod range;

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

pub use self::range::AddressRange;
use self::range::Class;
use crate::error::{Error, ErrorKind, Result};

/// Which addresses the engine may connect to on a user's behalf, and which local files may be sources.
///
/// The default is strict, as a server with several users needs it: only public addresses, no local files. An
/// embedder that deploys for itself relaxes it.
///
/// An address is checked when a connection is made to it, after names were resolved, and again after each redirect:
/// a name that resolves differently the second time gains nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Whether loopback, private, unique-local and carrier-grade NAT addresses may be reached. Link-local addresses and
    /// the metadata services of clouds stay refused; `ranges` can allow them one by one.
    pub allow_private: bool,
    /// Ranges that may be reached whatever they are.
    pub ranges: Vec<AddressRange>,
    /// Hosts that may be reached whatever they resolve to: `git.internal`, or `*.internal` for every name below it.
    pub hosts: Vec<String>,
    /// Whether directories of the engine's machine, archives outside its data directory and `file://` repositories may
    /// be sources.
    pub file_sources: bool,
}

impl NetworkPolicy {
    /// Only public addresses and no local files; the same as `default()`.
    pub fn strict() -> Self {
        Self::default()
    }

    /// Private addresses and local files too: for a program that deploys for the person who runs it.
    pub fn trusting() -> Self {
        Self {
            allow_private: true,
            file_sources: true,
            ..Self::default()
        }
    }

    /// Whether an address may be connected to, whatever name led to it.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.refusal(address).is_none()
    }

    /// Checks one address that is about to be connected to.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the address is refused.
    pub fn check_addr(&self, address: IpAddr) -> Result<()> {
        match self.refusal(address) {
            None => Ok(()),
            Some(what) => Err(refused(&format!("the address {address} is {what}"))),
        }
    }

    /// Checks one address that a host name resolved to.
    ///
    /// The error does not name the address: what an internal name resolves to is not the user's to know.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the address is refused and the host is not allowed by name.
    pub fn check_host_addr(&self, host: &str, address: IpAddr) -> Result<()> {
        if self.names_host(host) {
            return Ok(());
        }
        match self.refusal(address) {
            None => Ok(()),
            Some(what) => Err(refused(&format!(
                "the address of the host {host} is {what}"
            ))),
        }
    }

    /// Checks a host before its name is resolved: an address written as a host, also in brackets, is refused at once.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the host is an address that is refused.
    pub fn check_host(&self, host: &str) -> Result<()> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        match IpAddr::from_str(bare) {
            Ok(address) => self.check_host_addr(host, address),
            Err(_) => Ok(()),
        }
    }

    /// Checks that a local path may be a source.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when local files may not.
    pub fn check_file_source(&self, what: &str) -> Result<()> {
        if self.file_sources {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidSpec,
            format!("{what} cannot be a source: files of the engine's machine are not allowed"),
        )
        .with_hint(
            "use a git repository or upload an archive, or let the operator allow file sources",
        ))
    }

    /// What is wrong with an address, or `None` when it may be reached.
    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        if self.ranges.iter().any(|range| range.contains(address)) {
            return None;
        }
        match range::classify(address) {
            Class::Public => None,
            Class::Private(_) if self.allow_private => None,
            Class::Private(what) | Class::Never(what) => Some(what),
        }
    }

    fn names_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|allowed| {
            allowed.strip_prefix('*').map_or_else(
                || allowed.eq_ignore_ascii_case(host),
                |suffix| {
                    suffix.starts_with('.')
                        && host.len() > suffix.len()
                        && host
                            .get(host.len() - suffix.len()..)
                            .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
                },
            )
        })
    }
}

fn refused(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSpec,
        format!("{what}, which the network policy refuses"),
    )
    .with_hint("use a public address, or let the operator allow this host in the network policy")
}

/// Addresses of cloud metadata services that lie in otherwise private or public ranges.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(std::net::Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(std::net::Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const PRIVATE: [&str; 10] = [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fc00::1",
        "fdff::1",
    ];

    const NEVER: [&str; 30] = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "100::1",
        "3fff::1",
        "5f00::1",
        "64:ff9b:1::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
    ];

    const PUBLIC: [&str; 8] = [
        "1.1.1.1",
        "140.82.121.4",
        "172.32.0.1",
        "192.169.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "64:ff9b::140.82.121.4",
    ];

    #[test]
    fn the_default_policy_reaches_public_addresses_only() {
        let policy = NetworkPolicy::default();
        for text in PUBLIC {
            assert!(policy.allows(ip(text)), "{text} is public");
        }
        for text in PRIVATE.into_iter().chain(NEVER) {
            let error = policy.check_addr(ip(text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{text}");
            assert!(error.hint().is_some(), "{text}");
        }
    }

    #[test]
    fn a_private_address_hidden_in_an_ipv6_form_is_refused() {
        let policy = NetworkPolicy::default();
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:c0a8:101::5",
        ] {
            assert!(!policy.allows(ip(text)), "{text}");
        }
    }

    #[test]
    fn allowing_private_addresses_keeps_metadata_services_refused() {
        let policy = NetworkPolicy::trusting();
        for text in PUBLIC.into_iter().chain(PRIVATE) {
            assert!(policy.allows(ip(text)), "{text}");
        }
        for text in NEVER {
            assert!(!policy.allows(ip(text)), "{text}");
        }
    }

    #[test]
    fn an_allowed_range_opens_itself_and_nothing_else() {
        let policy = NetworkPolicy {
            ranges: vec![
                "10.20.0.0/16".parse().unwrap(),
                "fe80::/10".parse().unwrap(),
            ],
            ..NetworkPolicy::default()
        };
        assert!(policy.allows(ip("10.20.255.1")));
        assert!(policy.allows(ip("::ffff:10.20.0.1")));
        assert!(policy.allows(ip("fe80::1")));
        assert!(!policy.allows(ip("10.21.0.1")));
        assert!(!policy.allows(ip("::1")));
    }

    #[test]
    fn an_allowed_host_may_resolve_to_anything_and_its_look_alikes_may_not() {
        let policy = NetworkPolicy {
            hosts: vec!["git.example".to_owned(), "*.corp.example".to_owned()],
            ..NetworkPolicy::default()
        };
        let address = ip("10.0.0.1");
        for host in [
            "git.example",
            "GIT.example.",
            "a.corp.example",
            "a.b.Corp.example",
        ] {
            assert!(policy.check_host_addr(host, address).is_ok(), "{host}");
        }
        for host in [
            "xgit.example",
            "git.example.evil",
            "corp.example",
            ".corp.example",
            "evilcorp.example",
        ] {
            let error = policy.check_host_addr(host, address).unwrap_err();
            assert!(error.message().contains(host), "{error}");
            assert!(!error.message().contains("10.0.0.1"), "{error}");
        }
    }

    #[test]
    fn an_address_written_as_a_host_is_refused_before_it_is_resolved() {
        let policy = NetworkPolicy::default();
        for host in ["127.0.0.1", "[::1]", "::1", "[::ffff:10.0.0.1]"] {
            assert!(policy.check_host(host).is_err(), "{host}");
        }
        for host in ["github.com", "1.1.1.1", "[2606:4700::1111]"] {
            assert!(policy.check_host(host).is_ok(), "{host}");
        }
    }

    #[test]
    fn local_files_are_sources_only_where_the_embedder_says_so() {
        assert!(
            NetworkPolicy::default()
                .check_file_source("a directory")
                .is_err()
        );
        assert!(
            NetworkPolicy::trusting()
                .check_file_source("a directory")
                .is_ok()
        );
    }
}
