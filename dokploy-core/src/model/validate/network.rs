//! Rules of ports, domains and networks.

use std::collections::BTreeSet;

use super::Rules;
use super::syntax::{is_host, is_object_name, is_url_prefix};
use crate::model::limits::ENTRIES_MAX;
use crate::model::{ApplicationSpec, Domain, EndpointMode, PortMode, UpdateOrder};

/// Networks of the engine itself; `host` would give a container the network of its machine.
const ENGINE_NETWORKS: [&str; 8] = [
    "host",
    "none",
    "null",
    "bridge",
    "default",
    "nat",
    "ingress",
    "docker_gwbridge",
];

pub(super) fn check(spec: &ApplicationSpec, rules: &mut Rules) {
    check_ports(spec, rules);
    rules.count("domains", spec.domains.len());
    let mut routes = BTreeSet::new();
    for (index, domain) in spec.domains.iter().enumerate().take(ENTRIES_MAX) {
        check_domain(&format!("domains[{index}]"), domain, rules);
        let route = (
            domain.host.to_ascii_lowercase(),
            domain.path.as_deref().unwrap_or("/"),
        );
        rules.require(
            routes.insert(route),
            format!("domains[{index}].host"),
            "is there twice with the same path",
        );
    }
    rules.count("networks", spec.networks.len());
    let mut names = BTreeSet::new();
    for (index, name) in spec.networks.iter().enumerate().take(ENTRIES_MAX) {
        let field = format!("networks[{index}]");
        rules.require(is_object_name(name), &field, "is not the name of a network");
        let is_engines = ENGINE_NETWORKS.contains(&name.as_str());
        rules.require(!is_engines, &field, "is a network of the engine itself");
        rules.require(names.insert(name), &field, "is there twice");
    }
}

fn check_ports(spec: &ApplicationSpec, rules: &mut Rules) {
    rules.count("ports", spec.ports.len());
    let mut published = BTreeSet::new();
    let mut picked = BTreeSet::new();
    for (index, port) in spec.ports.iter().enumerate().take(ENTRIES_MAX) {
        let field = |name: &str| format!("ports[{index}].{name}");
        let is_udp = port.protocol == crate::model::Protocol::Udp;
        rules.require(
            port.target > 0,
            field("target"),
            "is not between 1 and 65535",
        );
        if let Some(number) = port.published {
            let expected = "is not between 1 and 65535: leave it out to have one picked";
            rules.require(number > 0, field("published"), expected);
            let is_first = published.insert((number, is_udp));
            rules.require(is_first, field("published"), "is published twice");
        } else {
            let is_first = picked.insert((port.target, is_udp));
            rules.require(is_first, field("target"), "is published twice");
        }
        let is_ingress = port.mode == PortMode::Ingress;
        let expected =
            "is ingress, which needs the endpoint mode vip: choose host or change endpointMode";
        let is_possible = !is_ingress || spec.endpoint_mode == EndpointMode::Vip;
        rules.require(is_possible, field("mode"), expected);
    }
    let is_fixed = spec
        .ports
        .iter()
        .any(|port| port.mode == PortMode::Host && port.published.is_some());
    let is_start_first = spec.update.order == Some(UpdateOrder::StartFirst);
    let expected = "is start-first, but two tasks cannot share the host port that is published";
    rules.require(!(is_fixed && is_start_first), "update.order", expected);
}

fn check_domain(field: &str, domain: &Domain, rules: &mut Rules) {
    let field = |name: &str| format!("{field}.{name}");
    let expected = "is not a DNS name: letters, digits, hyphens and dots, no pattern";
    rules.require(is_host(&domain.host), field("host"), expected);
    rules.require(domain.port > 0, field("port"), "is not between 1 and 65535");
    if let Some(path) = &domain.path {
        let expected = "is not a path of letters, digits and `/-_.~%+@:` that begins with a slash";
        rules.require(is_url_prefix(path), field("path"), expected);
    }
    if let Some(resolver) = &domain.certificate_resolver {
        let expected = "is not the name of a certificate resolver";
        rules.require(
            is_object_name(resolver),
            field("certificateResolver"),
            expected,
        );
        let expected = "has no meaning without https";
        rules.require(domain.https, field("certificateResolver"), expected);
    }
    let is_www = domain.host.to_ascii_lowercase().starts_with("www.");
    let expected = "would redirect to a host that begins with www. itself";
    rules.require(
        !(domain.redirect_www && is_www),
        field("redirectWww"),
        expected,
    );
}
