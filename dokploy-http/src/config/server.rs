//! What the environment says about a server.

use std::net::SocketAddr;
use std::time::Duration;

use dokploy_core::control::Registration;
use dokploy_core::limit::Rate;
use dokploy_core::source::AddressRange;
use dokploy_core::{Result, Secret};
use url::Url;

use super::{Environment, bad, rate, refused, switch};

/// What the environment says about a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// `DOKPLOY_LISTEN`; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `DOKPLOY_PUBLIC_URL`, without a path.
    pub public_url: Option<Url>,
    /// `DOKPLOY_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// `DOKPLOY_REGISTRATION`.
    pub registration: Registration,
    /// `DOKPLOY_RATE_LIMIT`, for each user.
    pub rate_limit: Rate,
    /// `DOKPLOY_INIT_SWARM`: whether an engine that is in no swarm is made one.
    pub initialise_swarm: bool,
    /// `DOKPLOY_PROMETHEUS_URL`; may hold a password.
    pub prometheus_url: Option<Secret>,
    /// `OIDC_ISSUER`, `OIDC_CLIENT_ID` and `OIDC_CLIENT_SECRET`: all or none.
    pub oidc: Option<OidcConfig>,
}

/// An `OpenID` provider.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// The provider, exactly as its tokens name it.
    pub issuer: Url,
    /// The name of this server at the provider.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: Secret,
}

impl ServerConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// `invalid_spec` that names the variable, the value unless it may hold a secret, and what is expected.
    pub fn read(environment: &Environment) -> Result<Self> {
        Ok(Self {
            listen: listen(environment)?,
            public_url: public_url(environment)?,
            trusted_proxies: trusted_proxies(environment)?,
            registration: registration(environment)?,
            rate_limit: rate_limit(environment)?,
            initialise_swarm: switch(environment, "DOKPLOY_INIT_SWARM")?,
            prometheus_url: secret_url(environment, "DOKPLOY_PROMETHEUS_URL", &["http", "https"])?,
            oidc: oidc(environment)?,
        })
    }
}

fn listen(environment: &Environment) -> Result<SocketAddr> {
    const NAME: &str = "DOKPLOY_LISTEN";
    let text = environment
        .set(NAME)
        .unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    text.parse().map_err(|_| {
        bad(
            NAME,
            &text,
            "an address and a port are expected, as in 127.0.0.1:3000 or [::]:3000",
        )
    })
}

fn public_url(environment: &Environment) -> Result<Option<Url>> {
    const NAME: &str = "DOKPLOY_PUBLIC_URL";
    let Some(text) = environment.set(NAME) else {
        return Ok(None);
    };
    let url = Url::parse(&text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let expected =
        "the address of the server without a path is expected, as in https://deploy.example.com";
    url.map(Some).ok_or_else(|| bad(NAME, &text, expected))
}

fn trusted_proxies(environment: &Environment) -> Result<Vec<AddressRange>> {
    const NAME: &str = "DOKPLOY_TRUSTED_PROXIES";
    let text = environment.set(NAME).unwrap_or_default();
    let ranges = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    ranges
        .map(|part| {
            part.parse().map_err(|_| {
                bad(
                    NAME,
                    part,
                    "addresses or ranges with commas between them are expected, as in 10.0.0.0/8",
                )
            })
        })
        .collect()
}

fn registration(environment: &Environment) -> Result<Registration> {
    const NAME: &str = "DOKPLOY_REGISTRATION";
    match environment.set(NAME).as_deref() {
        None | Some("first") => Ok(Registration::First),
        Some("open") => Ok(Registration::Open),
        Some("closed") => Ok(Registration::Closed),
        Some(other) => Err(bad(NAME, other, "first, open or closed is expected")),
    }
}

fn rate_limit(environment: &Environment) -> Result<Rate> {
    const NAME: &str = "DOKPLOY_RATE_LIMIT";
    let text = environment
        .set(NAME)
        .unwrap_or_else(|| "100/min".to_owned());
    Rate::new(rate(NAME, &text, "100/min")?, Duration::from_mins(1))
}

/// A URL that may hold a password, so that it is never shown.
fn secret_url(environment: &Environment, name: &str, schemes: &[&str]) -> Result<Option<Secret>> {
    let Some(text) = environment.set(name) else {
        return Ok(None);
    };
    let right =
        Url::parse(&text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.host().is_some());
    if right {
        return Ok(Some(Secret::new(text)));
    }
    Err(refused(&format!(
        "{name} cannot be used: a URL is expected that begins with {}://",
        schemes[0]
    )))
}

fn oidc(environment: &Environment) -> Result<Option<OidcConfig>> {
    let issuer = environment.set("OIDC_ISSUER");
    let client_id = environment.set("OIDC_CLIENT_ID");
    let client_secret = environment.set("OIDC_CLIENT_SECRET").map(Secret::new);
    match (issuer, client_id, client_secret) {
        (None, None, None) => Ok(None),
        (Some(issuer), Some(client_id), Some(client_secret)) => {
            let url = Url::parse(&issuer)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
            let issuer = url.ok_or_else(|| {
                bad(
                    "OIDC_ISSUER",
                    &issuer,
                    "a URL is expected, as in https://login.example.com",
                )
            })?;
            Ok(Some(OidcConfig {
                issuer,
                client_id,
                client_secret,
            }))
        }
        _ => Err(refused(
            "OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET belong together: set all of them or none",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let config = ServerConfig::read(&Environment::of([])).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.registration, Registration::First);
        assert_eq!(config.rate_limit, Rate::default());
        assert!(config.public_url.is_none() && config.oidc.is_none());
        assert!(config.trusted_proxies.is_empty() && !config.initialise_swarm);
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_what_is_expected() {
        let cases = [
            (
                "DOKPLOY_LISTEN",
                "3000",
                "an address and a port are expected",
            ),
            (
                "DOKPLOY_LISTEN",
                "localhost:3000",
                "an address and a port are expected",
            ),
            (
                "DOKPLOY_PUBLIC_URL",
                "deploy.example.com",
                "without a path is expected",
            ),
            (
                "DOKPLOY_PUBLIC_URL",
                "https://example.com/deploy",
                "without a path is expected",
            ),
            (
                "DOKPLOY_TRUSTED_PROXIES",
                "10.0.0.0/33",
                "addresses or ranges",
            ),
            (
                "DOKPLOY_REGISTRATION",
                "all",
                "first, open or closed is expected",
            ),
            ("DOKPLOY_RATE_LIMIT", "100", "as in 100/min"),
            (
                "DOKPLOY_RATE_LIMIT",
                "600001/min",
                "a number from 1 to 600000 in a minute is expected",
            ),
            ("DOKPLOY_INIT_SWARM", "maybe", "true or false is expected"),
        ];
        for (name, value, expected) in cases {
            let error = ServerConfig::read(&Environment::of([(name, value)])).unwrap_err();
            let message = error.message();
            assert!(
                message.starts_with(&format!("{name} is {value:?}: ")),
                "{message}"
            );
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_url_that_may_hold_a_password_is_never_shown() {
        for (name, value) in [
            ("DOKPLOY_PROMETHEUS_URL", "prometheus:hunter2"),
            ("DOKPLOY_PROMETHEUS_URL", "ftp://u:hunter2@prometheus"),
        ] {
            let error = ServerConfig::read(&Environment::of([(name, value)])).unwrap_err();
            assert!(error.message().starts_with(name), "{error}");
            assert!(!error.message().contains("hunter2"), "{error}");
        }
        let environment =
            Environment::of([("DOKPLOY_PROMETHEUS_URL", "http://u:hunter2@prometheus")]);
        let shown = format!("{:?}", ServerConfig::read(&environment).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_provider_is_named_completely_or_not_at_all() {
        let half = [
            ("OIDC_ISSUER", "https://login.example.com"),
            ("OIDC_CLIENT_ID", "dokploy"),
        ];
        let error = ServerConfig::read(&Environment::of(half)).unwrap_err();
        assert!(error.message().contains("OIDC_CLIENT_SECRET"), "{error}");
    }

    #[test]
    fn proxies_are_ranges_with_commas_between_them() {
        let environment = Environment::of([("DOKPLOY_TRUSTED_PROXIES", "10.0.0.0/8, ::1")]);
        let config = ServerConfig::read(&environment).unwrap();
        let shown: Vec<_> = config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, ["10.0.0.0/8", "::1/128"]);
    }
}
