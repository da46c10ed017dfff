//! The options of an engine, as `tests/parity/operations.json` lists them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::clock::seconds;
use dokploy_core::error::{Error, Result};
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{EngineOptions, EventSink, OpenOptions, Secret, SecretKey, SourceFetcher};
use serde::Deserialize;

/// What a caller says about an engine. The package fills every field in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    data_dir: PathBuf,
    database_url: Option<Secret>,
    redis_url: Option<Secret>,
    docker_host: Option<String>,
    docker_cert_path: Option<PathBuf>,
    secret_key: Option<Secret>,
    secret_key_file: Option<PathBuf>,
    allow_private: bool,
    allowed_ranges: Vec<String>,
    allowed_hosts: Vec<String>,
    local_sources: bool,
    concurrency: usize,
    starts_per_minute: u32,
    queue_max: u64,
    #[serde(with = "seconds")]
    lease: Duration,
    #[serde(with = "seconds")]
    lease_renewal: Duration,
    #[serde(with = "seconds")]
    poll_interval: Duration,
    attempts_max: u32,
    context_bytes_max: u64,
    #[serde(with = "seconds")]
    watch_interval: Duration,
    initialise_swarm: bool,
    network: String,
}

impl Options {
    /// The options of the core, with parts of the caller's own.
    pub(crate) fn into_core(
        self,
        sources: Option<Arc<dyn SourceFetcher>>,
        event_sink: Option<Arc<dyn EventSink>>,
    ) -> Result<OpenOptions> {
        let ranges = self.allowed_ranges.iter().map(|range| range.parse());
        Ok(OpenOptions {
            data_dir: self.data_dir,
            database_url: self.database_url,
            redis_url: self.redis_url,
            docker_host: self.docker_host,
            docker_cert_path: self.docker_cert_path,
            secret_key: secret_key(self.secret_key, self.secret_key_file)?,
            network: NetworkPolicy {
                allow_private: self.allow_private,
                ranges: ranges.collect::<Result<_>>()?,
                hosts: self.allowed_hosts,
                file_sources: self.local_sources,
            },
            sources,
            event_sink,
            options: EngineOptions {
                concurrency: self.concurrency,
                starts_per_minute: self.starts_per_minute,
                queue_max: self.queue_max,
                lease: self.lease,
                lease_renewal: self.lease_renewal,
                poll_interval: self.poll_interval,
                attempts_max: self.attempts_max,
                context_bytes_max: self.context_bytes_max,
                watch_interval: self.watch_interval,
                initialise_swarm: self.initialise_swarm,
                network: self.network,
                ..EngineOptions::default()
            },
        })
    }
}

fn secret_key(key: Option<Secret>, file: Option<PathBuf>) -> Result<SecretKey> {
    match (key, file) {
        (None, None) => Ok(SecretKey::Generated),
        (Some(key), None) => Ok(SecretKey::Base64(key)),
        (None, Some(file)) => Ok(SecretKey::File(file)),
        (Some(_), Some(_)) => Err(Error::invalid_field(
            "secretKey",
            "is given together with secretKeyFile: one of them is expected",
        )),
    }
}
