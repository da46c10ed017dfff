//! The options of an engine, as JavaScript writes them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::clock::seconds;
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{
    EngineOptions, Error, EventSink, OpenOptions, Result, Secret, SecretKey, SourceFetcher,
};
use serde::Deserialize;

/// Everything has the default of the core.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Options {
    data_dir: Option<PathBuf>,
    database_url: Option<Secret>,
    redis_url: Option<Secret>,
    docker_host: Option<String>,
    docker_cert_path: Option<String>,
    secret_key: Option<Secret>,
    secret_key_file: Option<PathBuf>,
    allow_private: bool,
    allowed_ranges: Vec<String>,
    allowed_hosts: Vec<String>,
    local_sources: bool,
    concurrency: Option<usize>,
    starts_per_minute: Option<u32>,
    queue_max: Option<u64>,
    #[serde(with = "seconds::option")]
    lease: Option<Duration>,
    #[serde(with = "seconds::option")]
    lease_renewal: Option<Duration>,
    #[serde(with = "seconds::option")]
    poll_interval: Option<Duration>,
    attempts_max: Option<u32>,
    context_bytes_max: Option<u64>,
    #[serde(with = "seconds::option")]
    watch_interval: Option<Duration>,
    initialise_swarm: bool,
    network: Option<String>,
}

impl Options {
    /// The options as the core takes them.
    pub(crate) fn into_core(
        self,
        sources: Option<Arc<dyn SourceFetcher>>,
        event_sink: Option<Arc<dyn EventSink>>,
    ) -> Result<OpenOptions> {
        let policy = self.policy()?;
        let secret_key = match (&self.secret_key, &self.secret_key_file) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_field(
                    "secretKey",
                    "is given twice: leave it out, or secretKeyFile",
                ));
            }
            (Some(keys), None) => SecretKey::Base64(keys.clone()),
            (None, Some(path)) => SecretKey::File(path.clone()),
            (None, None) => SecretKey::Generated,
        };
        let defaults = OpenOptions::default();
        Ok(OpenOptions {
            data_dir: self.data_dir.clone().unwrap_or(defaults.data_dir),
            database_url: self.database_url.clone(),
            redis_url: self.redis_url.clone(),
            docker_host: self.docker_host.clone(),
            docker_cert_path: self.docker_cert_path.clone().map(PathBuf::from),
            secret_key,
            network: policy,
            sources,
            event_sink,
            options: self.limits(),
        })
    }

    fn policy(&self) -> Result<NetworkPolicy> {
        let ranges = self.allowed_ranges.iter().map(|range| range.parse());
        Ok(NetworkPolicy {
            allow_private: self.allow_private,
            ranges: ranges.collect::<Result<_>>()?,
            hosts: self.allowed_hosts.clone(),
            file_sources: self.local_sources,
        })
    }

    fn limits(self) -> EngineOptions {
        let defaults = EngineOptions::default();
        EngineOptions {
            concurrency: self.concurrency.unwrap_or(defaults.concurrency),
            starts_per_minute: self.starts_per_minute.unwrap_or(defaults.starts_per_minute),
            queue_max: self.queue_max.unwrap_or(defaults.queue_max),
            lease: self.lease.unwrap_or(defaults.lease),
            lease_renewal: self.lease_renewal.unwrap_or(defaults.lease_renewal),
            poll_interval: self.poll_interval.unwrap_or(defaults.poll_interval),
            attempts_max: self.attempts_max.unwrap_or(defaults.attempts_max),
            context_bytes_max: self.context_bytes_max.unwrap_or(defaults.context_bytes_max),
            watch_interval: self.watch_interval.unwrap_or(defaults.watch_interval),
            initialise_swarm: self.initialise_swarm,
            network: self.network.unwrap_or(defaults.network),
            ..defaults
        }
    }
}
