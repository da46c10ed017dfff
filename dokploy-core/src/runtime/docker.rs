//! Docker Swarm through the engine's API.

mod build;
mod connect;
mod convert;
mod error;
mod image;
mod lines;
mod logs;
mod messages;
mod network;
mod observe;
mod owned;
mod placement;
mod push;
mod refusal;
mod registry;
mod secret;
mod service;
mod stats;
mod swarm;
mod task;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use self::connect::Engine;
use super::{
    BuildRequest, ContainerRuntime, Image, LogSink, ObservedService, OwnedKind, OwnedObject,
    RegistryCredential, RuntimeInfo, ServiceLogLine, ServiceLogQuery, ServiceSpec, ServiceStats,
    TaskOutcome, TaskSpec,
};
use crate::error::Result;
use crate::secret::Secret;

/// Which engine, and how to reach it.
#[derive(Clone, Debug)]
pub struct DockerOptions {
    /// Address: `unix:///var/run/docker.sock`, `tcp://host:2375`, or `tcp://host:2376` with certificates.
    pub host: String,
    /// Certificates of an engine that speaks TLS.
    pub tls: Option<DockerTls>,
    /// How long the engine may take to begin an answer. A stream may go on for longer.
    pub timeout: Duration,
    /// Address on which other nodes reach this engine once it is a swarm; unset: it is found out.
    pub advertise_address: Option<String>,
}

/// Certificates to reach an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerTls {
    /// File of the authority that signed the engine's certificate.
    pub ca: PathBuf,
    /// File of our own certificate.
    pub certificate: PathBuf,
    /// File of its key.
    pub key: PathBuf,
}

impl Default for DockerOptions {
    fn default() -> Self {
        Self {
            host: "unix:///var/run/docker.sock".to_owned(),
            tls: None,
            timeout: Duration::from_mins(1),
            advertise_address: None,
        }
    }
}

impl DockerOptions {
    /// Reads `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` as the Docker client does. `variable` looks
    /// one up.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let mut options = Self::default();
        if let Some(host) = set("DOCKER_HOST") {
            options.host = host;
        }
        if set("DOCKER_TLS_VERIFY").is_some() {
            options.tls = set("DOCKER_CERT_PATH").map(|folder| {
                let folder = PathBuf::from(folder);
                DockerTls {
                    ca: folder.join("ca.pem"),
                    certificate: folder.join("cert.pem"),
                    key: folder.join("key.pem"),
                }
            });
        }
        options
    }
}

/// Docker Swarm on one engine.
#[derive(Clone, Debug)]
pub struct DockerRuntime {
    engine: Arc<Engine>,
    docker: Docker,
    options: DockerOptions,
}

impl DockerRuntime {
    /// Prepares the way to an engine. Nothing is sent before the first call, so that an engine that is away now
    /// may come later.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the address or a certificate cannot be used.
    pub fn new(options: DockerOptions) -> Result<Self> {
        let engine = Arc::new(Engine::new(&options)?);
        Ok(Self {
            docker: engine.docker()?,
            engine,
            options,
        })
    }
}

#[async_trait]
impl ContainerRuntime for DockerRuntime {
    async fn info(&self) -> Result<RuntimeInfo> {
        swarm::info(&self.docker, &self.engine).await
    }

    async fn ensure_swarm(&self) -> Result<()> {
        swarm::ensure(&self.docker, self.options.advertise_address.as_deref()).await
    }

    async fn build_image(
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<Image> {
        build::image(&self.docker, &self.engine, request, context, &*log, cancel).await
    }

    async fn find_image(&self, reference: &str) -> Result<Option<Image>> {
        image::find(&self.docker, reference).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>,
        cancel: &CancellationToken,
    ) -> Result<Image> {
        image::pull(&self.docker, &self.engine, reference, credential, cancel).await
    }

    async fn push_image(
        &self,
        image_id: &str,
        name: &str,
        credential: Option<&RegistryCredential>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<String> {
        push::push(
            &self.docker,
            &self.engine,
            image_id,
            name,
            credential,
            &*log,
            cancel,
        )
        .await
    }

    async fn resolve_digest(
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>,
    ) -> Result<String> {
        registry::resolve_digest(&self.docker, reference, credential).await
    }

    async fn apply_service(
        &self,
        spec: &ServiceSpec,
        expected_version: Option<u64>,
        credential: Option<&RegistryCredential>,
    ) -> Result<ObservedService> {
        service::apply(&self.docker, spec, expected_version, credential).await
    }

    async fn observe_service(&self, name: &str) -> Result<Option<ObservedService>> {
        observe::service(&self.docker, name).await
    }

    fn watch_service(&self, name: &str) -> BoxStream<'static, Result<()>> {
        observe::watch(&self.docker, name)
    }

    async fn scale_service(
        &self,
        name: &str,
        replicas: u32,
        expected_version: u64,
    ) -> Result<ObservedService> {
        service::scale(&self.docker, name, replicas, expected_version).await
    }

    async fn restart_service(&self, name: &str, expected_version: u64) -> Result<ObservedService> {
        service::restart(&self.docker, name, expected_version).await
    }

    async fn remove_service(&self, name: &str) -> Result<()> {
        service::remove(&self.docker, name).await
    }

    async fn task_tail(&self, task_id: &str, lines: u32) -> Result<Vec<String>> {
        logs::task_tail(&self.engine, task_id, lines).await
    }

    fn service_logs(&self, query: &ServiceLogQuery) -> BoxStream<'static, Result<ServiceLogLine>> {
        logs::service(&self.docker, &self.engine, query)
    }

    async fn service_stats(&self, name: &str) -> Result<ServiceStats> {
        stats::service(&self.docker, name).await
    }

    async fn run_task(
        &self,
        spec: &TaskSpec,
        deadline: Duration,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<TaskOutcome> {
        Box::pin(task::run(
            &self.docker,
            &self.engine,
            spec,
            deadline,
            &*log,
            cancel,
        ))
        .await
    }

    async fn remove_task(&self, name: &str) -> Result<()> {
        task::remove(&self.docker, name).await
    }

    async fn ensure_network(&self, name: &str) -> Result<()> {
        network::ensure_network(&self.docker, name).await
    }

    async fn ensure_volume(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<()> {
        network::ensure_volume(&self.docker, name, labels).await
    }

    async fn ensure_secret(
        &self,
        name: &str,
        value: &Secret,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        secret::ensure(&self.docker, name, value, labels).await
    }

    async fn list_owned(
        &self,
        kind: OwnedKind,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<OwnedObject>> {
        match kind {
            OwnedKind::Image => image::list_owned(&self.docker, labels).await,
            _ => owned::list(&self.docker, kind, labels).await,
        }
    }

    async fn remove_owned(&self, object: &OwnedObject) -> Result<bool> {
        match object.kind {
            OwnedKind::Image => image::remove_owned(&self.docker, object).await,
            _ => owned::remove(&self.docker, object).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_the_docker_client_are_understood() {
        let options = DockerOptions::from_variables(|name| match name {
            "DOCKER_HOST" => Some("tcp://engine:2376".to_owned()),
            "DOCKER_TLS_VERIFY" => Some("1".to_owned()),
            "DOCKER_CERT_PATH" => Some("/certificates".to_owned()),
            _ => None,
        });
        assert_eq!(options.host, "tcp://engine:2376");
        assert_eq!(
            options.tls.unwrap().key,
            PathBuf::from("/certificates/key.pem")
        );
        let options = DockerOptions::from_variables(|_| Some(String::new()));
        assert_eq!(options.host, DockerOptions::default().host);
        assert_eq!(options.tls, None);
    }
}
