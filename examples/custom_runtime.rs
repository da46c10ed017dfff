//! A part of your own: a runtime that lets a change through only when somebody has approved the image, around one that
//! is there already. What it answers becomes the failure of the deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use dokploy_core::model::ApplicationSpec;
use dokploy_core::runtime::{
    BuildRequest, ContainerRuntime, FakeRuntime, Image, LogSink, ObservedService, OwnedKind,
    OwnedObject, RegistryCredential, RuntimeInfo, ServiceLogLine, ServiceLogQuery, ServiceSpec,
    ServiceStats, TaskOutcome, TaskSpec,
};
use dokploy_core::secret::{Keyring, Secret};
use dokploy_core::source::FakeSource;
use dokploy_core::store::MemoryStore;
use dokploy_core::{DeployRequest, Deployer, Engine, Error, ErrorKind};
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct ApprovingRuntime {
    inner: FakeRuntime,
    approved: BTreeSet<String>,
}

/// Every method is passed on as it is, but for the one that changes a service.
macro_rules! pass_on {
    (
        async { $($method:ident($($name:ident: $type:ty),*) -> $output:ty;)+ }
        streams { $($stream:ident($argument:ident: $argument_type:ty) -> $item:ty;)+ }
    ) => {
        #[async_trait]
        impl ContainerRuntime for ApprovingRuntime {
            async fn apply_service(
                &self,
                spec: &ServiceSpec,
                expected_version: Option<u64>,
                credential: Option<&RegistryCredential>,
            ) -> dokploy_core::Result<ObservedService> {
                if !self.approved.contains(&spec.image) {
                    let message = format!("nobody has approved {}", spec.image);
                    return Err(Error::new(ErrorKind::PermissionDenied, message)
                        .with_hint("ask for an approval and deploy again"));
                }
                self.inner.apply_service(spec, expected_version, credential).await
            }
            $(async fn $method(&self, $($name: $type),*) -> dokploy_core::Result<$output> {
                self.inner.$method($($name),*).await
            })+
            $(fn $stream(
                &self,
                $argument: $argument_type,
            ) -> BoxStream<'static, dokploy_core::Result<$item>> {
                self.inner.$stream($argument)
            })+
        }
    };
}

pass_on! {
    async {
        info() -> RuntimeInfo;
        ensure_swarm() -> ();
        build_image(
            request: &BuildRequest,
            context: BoxStream<'static, dokploy_core::Result<Bytes>>,
            log: Arc<dyn LogSink>,
            cancel: &CancellationToken
        ) -> Image;
        find_image(reference: &str) -> Option<Image>;
        pull_image(
            reference: &str,
            credential: Option<&RegistryCredential>,
            cancel: &CancellationToken
        ) -> Image;
        push_image(
            image_id: &str,
            name: &str,
            credential: Option<&RegistryCredential>,
            log: Arc<dyn LogSink>,
            cancel: &CancellationToken
        ) -> String;
        resolve_digest(reference: &str, credential: Option<&RegistryCredential>) -> String;
        observe_service(name: &str) -> Option<ObservedService>;
        scale_service(name: &str, replicas: u32, expected_version: u64) -> ObservedService;
        restart_service(name: &str, expected_version: u64) -> ObservedService;
        remove_service(service: &str) -> ();
        task_tail(task_id: &str, lines: u32) -> Vec<String>;
        service_stats(name: &str) -> ServiceStats;
        run_task(
            spec: &TaskSpec,
            deadline: Duration,
            log: Arc<dyn LogSink>,
            cancel: &CancellationToken
        ) -> TaskOutcome;
        remove_task(name: &str) -> ();
        ensure_network(name: &str) -> ();
        ensure_volume(name: &str, labels: &BTreeMap<String, String>) -> ();
        ensure_secret(name: &str, value: &Secret, labels: &BTreeMap<String, String>) -> ();
        list_owned(kind: OwnedKind, labels: &BTreeMap<String, String>) -> Vec<OwnedObject>;
        remove_owned(object: &OwnedObject) -> bool;
    }
    streams {
        watch_service(name: &str) -> ();
        service_logs(query: &ServiceLogQuery) -> ServiceLogLine;
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<()> {
    let inner = FakeRuntime::new();
    inner.add_image("hello:1");
    inner.add_image("hello:2");
    let approved = inner.resolve_digest("hello:1", None).await?;
    let runtime = ApprovingRuntime {
        inner,
        approved: [approved].into(),
    };
    let data = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(Arc::new(MemoryStore::default()))
        .runtime(Arc::new(runtime))
        .source(Arc::new(FakeSource::new()))
        .keyring(Keyring::generate()?)
        .data_dir(data.path())
        .start()
        .await?;
    let project = engine.create_project("demo", "").await?;
    let mut outcomes = Vec::new();
    for (name, image) in [("first", "hello:1"), ("second", "hello:2")] {
        let mut spec = ApplicationSpec::named(name);
        spec.image = Some(image.to_owned());
        spec.update.monitor = Duration::from_millis(100);
        let application = engine.create_application(project.id, spec).await?;
        let deployment = engine.deploy(DeployRequest::of(application.id)).await?;
        let done = deployment.wait(Duration::from_mins(1)).await?;
        println!("{image}: {}: {}", done.state.status, done.state.message);
        outcomes.push(done.state.status.as_str());
    }
    engine.shutdown().await;
    ensure!(outcomes == ["success", "failed"]);
    Ok(())
}
