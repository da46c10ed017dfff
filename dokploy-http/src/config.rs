//! What the environment says. This is the one place that reads it; everything else is handed what it needs.

mod server;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use dokploy_core::engine::{EngineOptions, OpenOptions, SecretKey};
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{Error, ErrorKind, Result, Secret};
use tracing_subscriber::EnvFilter;

pub use self::server::{OidcConfig, ServerConfig};

/// Where variables are looked up: the environment of the process, or a map in a test.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// That of this process. A value that is not UTF-8 counts as unset.
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// These variables and no others.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables: std::collections::BTreeMap<_, _> = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// The value, which may be empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    /// The value, where an empty one counts as unset.
    fn set(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment(…)")
    }
}

/// What the environment says about an engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DOKPLOY_DATA_DIR`.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`; may hold a password.
    pub database_url: Option<Secret>,
    /// `REDIS_URL`; may hold a password.
    pub redis_url: Option<Secret>,
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CERT_PATH`, when `DOCKER_TLS_VERIFY` is set.
    pub docker_cert_path: Option<PathBuf>,
    /// `DOKPLOY_SECRET_KEY` or `DOKPLOY_SECRET_KEY_FILE`.
    pub secret_key: SecretKey,
    /// `DOKPLOY_ALLOW_FILE_SOURCES`.
    pub allow_file_sources: bool,
    /// `DOKPLOY_DEPLOY_CONCURRENCY`.
    pub deploy_concurrency: usize,
    /// `DOKPLOY_DEPLOY_RATE`, starts in a minute.
    pub deploy_rate: u32,
    /// `DOKPLOY_LOG`, a filter that was checked.
    pub log: Option<String>,
    /// `DOKPLOY_LOG_FORMAT`.
    pub log_json: bool,
    /// Whether colours are wanted: `NO_COLOR` is not set.
    pub colour: bool,
    /// Whether the terminal can move its cursor: `TERM` is set and not `dumb`.
    pub terminal_moves: bool,
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// `invalid_spec` that names the variable, the value unless it is a secret, and what is expected.
    pub fn read(environment: &Environment) -> Result<Self> {
        let defaults = EngineOptions::default();
        let filter = environment.set("DOKPLOY_LOG");
        if let Some(filter) = &filter {
            EnvFilter::try_new(filter).map_err(|_| {
                bad(
                    "DOKPLOY_LOG",
                    filter,
                    "a filter is expected, as in info or dokploy_core=debug",
                )
            })?;
        }
        Ok(Self {
            data_dir: environment
                .set("DOKPLOY_DATA_DIR")
                .map_or_else(|| PathBuf::from("dokploy-data"), PathBuf::from),
            database_url: environment.set("DATABASE_URL").map(Secret::new),
            redis_url: environment.set("REDIS_URL").map(Secret::new),
            docker_host: environment.set("DOCKER_HOST"),
            docker_cert_path: docker_cert_path(environment)?,
            secret_key: secret_key(environment)?,
            allow_file_sources: switch(environment, "DOKPLOY_ALLOW_FILE_SOURCES")?,
            deploy_concurrency: match environment.set("DOKPLOY_DEPLOY_CONCURRENCY") {
                Some(text) => concurrency(&text)?,
                None => defaults.concurrency,
            },
            deploy_rate: match environment.set("DOKPLOY_DEPLOY_RATE") {
                Some(text) => rate("DOKPLOY_DEPLOY_RATE", &text, "10/min")?,
                None => defaults.starts_per_minute,
            },
            log: filter,
            log_json: log_format(environment)?,
            colour: environment.set("NO_COLOR").is_none(),
            terminal_moves: environment.set("TERM").is_some_and(|term| term != "dumb"),
            home: environment.set("HOME").map(PathBuf::from),
        })
    }

    /// The options of an engine, for a network policy that the front end chooses.
    pub fn open_options(&self, network: NetworkPolicy) -> OpenOptions {
        OpenOptions {
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            redis_url: self.redis_url.clone(),
            docker_host: self.docker_host.clone(),
            docker_cert_path: self.docker_cert_path.clone(),
            secret_key: self.secret_key.clone(),
            network,
            options: EngineOptions {
                concurrency: self.deploy_concurrency,
                starts_per_minute: self.deploy_rate,
                ..EngineOptions::default()
            },
            ..OpenOptions::default()
        }
    }
}

fn docker_cert_path(environment: &Environment) -> Result<Option<PathBuf>> {
    if environment.set("DOCKER_TLS_VERIFY").is_none() {
        return Ok(None);
    }
    let path = environment.set("DOCKER_CERT_PATH");
    path.map(PathBuf::from).map(Some).ok_or_else(|| {
        refused("DOCKER_CERT_PATH is not set: with DOCKER_TLS_VERIFY it names the folder of ca.pem, cert.pem and key.pem")
    })
}

fn secret_key(environment: &Environment) -> Result<SecretKey> {
    let key = environment.set("DOKPLOY_SECRET_KEY");
    let file = environment.set("DOKPLOY_SECRET_KEY_FILE");
    match (key, file) {
        (Some(_), Some(_)) => Err(refused(
            "DOKPLOY_SECRET_KEY and DOKPLOY_SECRET_KEY_FILE are both set: only one of them is expected",
        )),
        (Some(key), None) => Ok(SecretKey::Base64(Secret::new(key))),
        (None, Some(file)) => Ok(SecretKey::File(file.into())),
        (None, None) => Ok(SecretKey::Generated),
    }
}

fn switch(environment: &Environment, name: &str) -> Result<bool> {
    match environment.set(name).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(bad(name, other, "true or false is expected")),
    }
}

fn concurrency(text: &str) -> Result<usize> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err(bad(
            "DOKPLOY_DEPLOY_CONCURRENCY",
            text,
            "a number from 1 to 1000 is expected",
        )),
    }
}

/// The highest rate that limiters can count.
const PER_MINUTE_MAX: u32 = 600_000;

/// A number of something in a minute: `10/min`.
fn rate(variable: &str, text: &str, example: &str) -> Result<u32> {
    let number = text
        .strip_suffix("/min")
        .and_then(|number| number.trim_end().parse().ok());
    match number {
        Some(count @ 1..=PER_MINUTE_MAX) => Ok(count),
        _ => Err(bad(
            variable,
            text,
            &format!(
                "a number from 1 to {PER_MINUTE_MAX} in a minute is expected, as in {example}"
            ),
        )),
    }
}

fn log_format(environment: &Environment) -> Result<bool> {
    match environment.set("DOKPLOY_LOG_FORMAT").as_deref() {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(bad("DOKPLOY_LOG_FORMAT", other, "text or json is expected")),
    }
}

fn bad(variable: &str, value: &str, expected: &str) -> Error {
    refused(&format!("{variable} is {value:?}: {expected}"))
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let config = Config::read(&Environment::of([])).unwrap();
        assert_eq!(config.data_dir, PathBuf::from("dokploy-data"));
        assert_eq!((config.deploy_concurrency, config.deploy_rate), (3, 10));
        assert!(config.colour && !config.terminal_moves && !config.allow_file_sources);
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_what_is_expected() {
        let cases = [
            (
                "DOKPLOY_DEPLOY_CONCURRENCY",
                "0",
                "a number from 1 to 1000 is expected",
            ),
            (
                "DOKPLOY_DEPLOY_CONCURRENCY",
                "many",
                "a number from 1 to 1000 is expected",
            ),
            ("DOKPLOY_DEPLOY_RATE", "10", "as in 10/min"),
            ("DOKPLOY_DEPLOY_RATE", "0/min", "as in 10/min"),
            (
                "DOKPLOY_ALLOW_FILE_SOURCES",
                "yes please",
                "true or false is expected",
            ),
            ("DOKPLOY_LOG_FORMAT", "xml", "text or json is expected"),
            ("DOKPLOY_LOG", "a=b=c", "a filter is expected"),
        ];
        for (name, value, expected) in cases {
            let error = Config::read(&Environment::of([(name, value)])).unwrap_err();
            let message = error.message();
            assert!(
                message.starts_with(&format!("{name} is {value:?}: ")),
                "{message}"
            );
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let environment = Environment::of([
            ("DOKPLOY_SECRET_KEY", "aGVsbG8="),
            ("DATABASE_URL", "postgres://u:hunter2@h/d"),
            ("REDIS_URL", "redis://:hunter2@h"),
        ]);
        let shown = format!("{:?}", Config::read(&environment).unwrap());
        assert!(
            !shown.contains("aGVsbG8=") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
