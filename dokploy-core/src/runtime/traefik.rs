//! The labels by which Traefik routes requests to a service.

use std::collections::BTreeMap;

use crate::model::{Domain, is_host, is_object_name, is_url_prefix};

/// Traefik's entry points for plain HTTP and for TLS, by their usual names.
const PLAIN: &str = "web";
const SECURE: &str = "websecure";

/// Labels that make Traefik route the domains of an application to its service, through the given network.
///
/// Routers, services and middlewares are named after the service and the domain's place in the list, so that no
/// text of a person becomes part of a label's name. What is not a plain host name, path or resolver name is not
/// routed at all: nothing that is written into a rule can end it.
pub fn traefik_labels(
    service_name: &str,
    network: &str,
    domains: &[Domain],
) -> BTreeMap<String, String> {
    let mut labels = Labels(BTreeMap::new());
    if !is_object_name(service_name) || service_name.contains('.') || !is_object_name(network) {
        return labels.0;
    }
    for (index, domain) in domains.iter().enumerate() {
        if is_sound(domain) {
            labels.route(&format!("{service_name}-{index}"), domain);
        }
    }
    if !labels.0.is_empty() {
        labels.set("enable", "true");
        // The first name is read by Traefik 2, the second one by Traefik 3.
        labels.set("docker.network", network);
        labels.set("swarm.network", network);
    }
    labels.0
}

fn is_sound(domain: &Domain) -> bool {
    is_host(&domain.host)
        && domain.path.as_deref().is_none_or(is_url_prefix)
        && domain
            .certificate_resolver
            .as_deref()
            .is_none_or(is_object_name)
}

struct Labels(BTreeMap<String, String>);

impl Labels {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(format!("traefik.{name}"), value.into());
    }

    fn route(&mut self, name: &str, domain: &Domain) {
        let server = format!("http.services.{name}.loadbalancer.server.port");
        self.set(&server, domain.port.to_string());
        let host = domain.host.to_ascii_lowercase();
        let rule = rule(&host, domain);
        if domain.https {
            self.secure_router(name, name, &rule, domain);
            let redirect = format!("{name}-https");
            self.router(
                &format!("{name}-plain"),
                name,
                &rule,
                PLAIN,
                Some(&redirect),
            );
            let redirect = format!("http.middlewares.{redirect}.redirectscheme");
            self.set(&format!("{redirect}.scheme"), "https");
            self.set(&format!("{redirect}.permanent"), "true");
        } else {
            self.router(name, name, &rule, PLAIN, None);
        }
        if domain.redirect_www {
            self.redirect_www(name, &host, domain);
        }
    }

    /// Sends `www.<host>` to the host, over TLS at once where the domain has it.
    fn redirect_www(&mut self, service: &str, host: &str, domain: &Domain) {
        let name = format!("{service}-www");
        let rule = rule(&format!("www.{host}"), domain);
        self.router(&format!("{name}-plain"), service, &rule, PLAIN, Some(&name));
        if domain.https {
            self.secure_router(&name, service, &rule, domain);
            self.set(&format!("http.routers.{name}.middlewares"), &name);
        }
        let scheme = if domain.https { "https" } else { "http" };
        let redirect = format!("http.middlewares.{name}.redirectregex");
        self.set(&format!("{redirect}.regex"), "^https?://www\\.([^/]+)(.*)$");
        self.set(
            &format!("{redirect}.replacement"),
            format!("{scheme}://${{1}}${{2}}"),
        );
        self.set(&format!("{redirect}.permanent"), "true");
    }

    fn secure_router(&mut self, name: &str, service: &str, rule: &str, domain: &Domain) {
        self.router(name, service, rule, SECURE, None);
        self.set(&format!("http.routers.{name}.tls"), "true");
        if let Some(resolver) = &domain.certificate_resolver {
            self.set(&format!("http.routers.{name}.tls.certresolver"), resolver);
        }
    }

    fn router(
        &mut self,
        name: &str,
        service: &str,
        rule: &str,
        entry_point: &str,
        middleware: Option<&str>,
    ) {
        let router = format!("http.routers.{name}");
        self.set(&format!("{router}.rule"), rule);
        self.set(&format!("{router}.entrypoints"), entry_point);
        self.set(&format!("{router}.service"), service);
        if let Some(middleware) = middleware {
            self.set(&format!("{router}.middlewares"), middleware);
        }
    }
}

fn rule(host: &str, domain: &Domain) -> String {
    match domain.path.as_deref() {
        None | Some("/") => format!("Host(`{host}`)"),
        Some(path) => format!("Host(`{host}`) && PathPrefix(`{path}`)"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn domain(host: &str) -> Domain {
        Domain {
            host: host.to_owned(),
            port: 8080,
            path: None,
            https: false,
            certificate_resolver: None,
            redirect_www: false,
        }
    }

    fn labels(domains: &[Domain]) -> Vec<String> {
        let labels = traefik_labels("shop-web", "dokploy-network", domains);
        let mut labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        labels.sort_unstable();
        labels
    }

    const COMMON: [&str; 3] = [
        "traefik.docker.network=dokploy-network",
        "traefik.enable=true",
        "traefik.swarm.network=dokploy-network",
    ];

    fn assert_labels(domains: &[Domain], expected: &[&str]) {
        let mut expected = [expected, &COMMON].concat();
        expected.sort_unstable();
        assert_eq!(labels(domains), expected);
    }

    #[test]
    fn a_plain_domain_has_one_router() {
        assert_labels(
            &[domain("Shop.example.com")],
            &[
                "traefik.http.routers.shop-web-0.entrypoints=web",
                "traefik.http.routers.shop-web-0.rule=Host(`shop.example.com`)",
                "traefik.http.routers.shop-web-0.service=shop-web-0",
                "traefik.http.services.shop-web-0.loadbalancer.server.port=8080",
            ],
        );
    }

    #[test]
    fn a_secure_domain_has_a_certificate_and_redirects_plain_requests() {
        let domain = Domain {
            https: true,
            path: Some("/api".to_owned()),
            certificate_resolver: Some("letsencrypt".to_owned()),
            ..domain("shop.example.com")
        };
        assert_labels(
            &[domain],
            &[
                "traefik.http.middlewares.shop-web-0-https.redirectscheme.permanent=true",
                "traefik.http.middlewares.shop-web-0-https.redirectscheme.scheme=https",
                "traefik.http.routers.shop-web-0.entrypoints=websecure",
                "traefik.http.routers.shop-web-0.rule=Host(`shop.example.com`) && PathPrefix(`/api`)",
                "traefik.http.routers.shop-web-0.service=shop-web-0",
                "traefik.http.routers.shop-web-0.tls=true",
                "traefik.http.routers.shop-web-0.tls.certresolver=letsencrypt",
                "traefik.http.routers.shop-web-0-plain.entrypoints=web",
                "traefik.http.routers.shop-web-0-plain.middlewares=shop-web-0-https",
                "traefik.http.routers.shop-web-0-plain.rule=Host(`shop.example.com`) && PathPrefix(`/api`)",
                "traefik.http.routers.shop-web-0-plain.service=shop-web-0",
                "traefik.http.services.shop-web-0.loadbalancer.server.port=8080",
            ],
        );
    }

    #[test]
    fn www_is_redirected_on_both_entry_points() {
        let domain = Domain {
            https: true,
            redirect_www: true,
            ..domain("example.com")
        };
        let labels = labels(&[domain]);
        for expected in [
            "traefik.http.middlewares.shop-web-0-www.redirectregex.regex=^https?://www\\.([^/]+)(.*)$",
            "traefik.http.middlewares.shop-web-0-www.redirectregex.replacement=https://${1}${2}",
            "traefik.http.routers.shop-web-0-www.entrypoints=websecure",
            "traefik.http.routers.shop-web-0-www.middlewares=shop-web-0-www",
            "traefik.http.routers.shop-web-0-www.rule=Host(`www.example.com`)",
            "traefik.http.routers.shop-web-0-www.tls=true",
            "traefik.http.routers.shop-web-0-www-plain.entrypoints=web",
            "traefik.http.routers.shop-web-0-www-plain.middlewares=shop-web-0-www",
        ] {
            assert!(
                labels.iter().any(|label| label == expected),
                "{expected}\n{labels:#?}"
            );
        }
    }

    #[test]
    fn without_a_domain_there_is_no_label() {
        assert!(labels(&[]).is_empty());
    }

    #[test]
    fn a_hostile_domain_is_not_routed_and_the_others_are() {
        let hostile = [
            domain("a`) || Host(`bank.example.com"),
            domain("*.example.com"),
            domain("a,b"),
            Domain {
                path: Some("/`) || Host(`x".to_owned()),
                ..domain("a")
            },
            Domain {
                certificate_resolver: Some("x\ntraefik".to_owned()),
                ..domain("a")
            },
        ];
        for hostile in hostile {
            let labels = labels(&[hostile, domain("good.example.com")]);
            assert_eq!(labels.len(), 4 + COMMON.len(), "{labels:#?}");
            let rule = "traefik.http.routers.shop-web-1.rule=Host(`good.example.com`)";
            assert!(labels.iter().any(|label| label == rule), "{labels:#?}");
        }
        assert!(traefik_labels("a.rule=x", "n", &[domain("a")]).is_empty());
        assert!(traefik_labels("a", "n,m", &[domain("a")]).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(
            host in ".{0,20}|[a-z.`|& ()]{0,20}|[a-z]{1,5}",
            path in proptest::option::of("/[a-z`|& ()\"]{0,9}|/[a-z]{0,5}|.{0,9}"),
            resolver in proptest::option::of("[a-z]{1,5}|.{0,9}"),
            https: bool,
            redirect_www: bool,
        ) {
            let domain = Domain {
                path, https, redirect_www,
                certificate_resolver: resolver.clone(),
                ..domain(&host)
            };
            let labels = traefik_labels("shop-web", "dokploy-network", &[domain]);
            for (key, value) in &labels {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
                prop_assert!(key.starts_with("traefik.") && key.chars().all(is_plain), "{}", key);
                let (_, property) = key.rsplit_once('.').unwrap();
                if property == "rule" {
                    let inner = value.strip_prefix("Host(`").and_then(|rest| rest.strip_suffix("`)"));
                    let parts: Vec<_> = inner.unwrap().split("`) && PathPrefix(`").collect();
                    prop_assert!(parts.len() <= 2, "{}", value);
                    for part in parts {
                        prop_assert!(!part.contains(['`', ' ', '|', '&', '(', ')', '"', '\\', '\n']), "{}", value);
                    }
                }
                if property == "certresolver" {
                    prop_assert_eq!(Some(value), resolver.as_ref());
                }
            }
        }
    }
}
