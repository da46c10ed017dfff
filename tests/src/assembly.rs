//! Engines of real parts, described by data so that another process can build the same one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use dokploy_core::engine::{Injection, Point};
use dokploy_core::model::{
    ApplicationSpec, CommandLine, EndpointMode, GitSource, HealthCheck, UpdatePolicy,
};
use dokploy_core::runtime::{DockerOptions, DockerRuntime};
use dokploy_core::secret::Keyring;
use dokploy_core::source::{NetworkPolicy, Sources, SourcesOptions};
use dokploy_core::store::{SqlStore, SqlStoreOptions};
use dokploy_core::{Engine, EngineOptions, Store};
use serde::{Deserialize, Serialize};

/// What an engine is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assembly {
    /// Database.
    pub database_url: String,
    /// Container engine.
    pub docker_host: String,
    /// Directory for logs and mirrors.
    pub data_dir: PathBuf,
    /// Key that seals secrets, base64.
    pub key: String,
    /// Deployments at once; 0: it only accepts.
    pub concurrency: usize,
    /// Length of a lease in milliseconds.
    pub lease_millis: u64,
}

impl Assembly {
    /// An engine on an SQLite file below a directory.
    pub fn sqlite(docker_host: &str, data_dir: PathBuf) -> Self {
        Self {
            database_url: format!("sqlite://{}", data_dir.join("dokploy.db").display()),
            docker_host: docker_host.to_owned(),
            data_dir,
            key: "u7OeW2mGr0vPyB8N4sJkQxLh1TfCiZpAoDdXgRw5EYk=".to_owned(),
            concurrency: 3,
            lease_millis: 2_000,
        }
    }

    /// The same parts with an engine that only accepts and shows.
    #[must_use]
    pub fn observer(&self) -> Self {
        Self {
            concurrency: 0,
            ..self.clone()
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(
            SqlStore::open(&self.database_url, SqlStoreOptions::default()).await?,
        ))
    }

    /// Opens the container engine.
    ///
    /// # Errors
    ///
    /// What the engine answers.
    pub fn runtime(&self) -> Result<DockerRuntime> {
        let options = DockerOptions {
            host: self.docker_host.clone(),
            ..DockerOptions::default()
        };
        Ok(DockerRuntime::new(options)?)
    }

    /// Starts an engine.
    ///
    /// # Errors
    ///
    /// What its parts answer.
    pub async fn start(&self, injection: Option<Arc<dyn Injection>>) -> Result<Engine> {
        let lease = Duration::from_millis(self.lease_millis);
        let options = EngineOptions {
            concurrency: self.concurrency,
            starts_per_minute: 10_000,
            lease,
            lease_renewal: lease / 6,
            poll_interval: Duration::from_millis(100),
            watch_interval: Duration::ZERO,
            network: "dokploy-tests".to_owned(),
            ..EngineOptions::default()
        };
        let sources = Sources::new(&SourcesOptions {
            policy: NetworkPolicy::trusting(),
            ..SourcesOptions::new(&self.data_dir)
        })?;
        let mut builder = Engine::builder()
            .store(self.store().await?)
            .runtime(Arc::new(self.runtime()?))
            .source(Arc::new(sources))
            .keyring(Keyring::from_base64(&self.key)?)
            .data_dir(&self.data_dir)
            .options(options);
        if let Some(injection) = injection {
            builder = builder.injection(injection);
        }
        Ok(builder.start().await?)
    }
}

/// A specification for the tiny web application of a repository: healthy within a second or so, watched for one more.
pub fn web_application(name: &str, repo_url: &str) -> ApplicationSpec {
    let probe = [
        "/bin/busybox",
        "wget",
        "-q",
        "-O",
        "-",
        "http://127.0.0.1:8080/",
    ];
    let probe = CommandLine::Exec(probe.map(str::to_owned).to_vec());
    ApplicationSpec {
        git_source: Some(GitSource::branch(repo_url, "main")),
        health_check: Some(HealthCheck {
            interval: Duration::from_millis(500),
            timeout: Duration::from_secs(5),
            retries: 3,
            ..HealthCheck::new(probe)
        }),
        // A kernel without IPVS carries no traffic of a virtual address.
        endpoint_mode: EndpointMode::Dnsrr,
        stop_grace: Duration::from_secs(1),
        update: UpdatePolicy {
            monitor: Duration::from_secs(1),
            delay: Duration::ZERO,
            ..UpdatePolicy::default()
        },
        ..ApplicationSpec::named(name)
    }
}

/// The name of a point, for an argument of a process.
pub fn point_name(point: Point) -> String {
    format!("{point:?}")
}
