//! What runs containers. Every verb is idempotent: "already so" is Ok.

mod constraint;
#[cfg(feature = "docker")]
mod docker;
mod fake;
mod observe;
#[cfg_attr(
    not(feature = "docker"),
    expect(
        dead_code,
        reason = "webhooks compare names, and only an engine needs the rest"
    )
)]
mod reference;
mod spec;
mod traefik;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "docker")]
pub use self::docker::{DockerOptions, DockerRuntime, DockerTls};
pub use self::fake::{
    FakeBehavior, FakeBuild, FakeBuildInput, FakeEffect, FakeHang, FakeLaunch, FakeMoment,
    FakeRuntime, FakeTask, FakeTimings, FakeVerb,
};
pub use self::observe::{
    ObservedService, ObservedTask, Refusal, RuntimeInfo, ServiceStats, TaskHealth, TaskState,
    TaskStats,
};
pub(crate) use self::reference::Reference;
pub use self::spec::{SecretMount, ServiceHealth, ServiceSpec, TaskSpec, label};
pub use self::traefik::traefik_labels;
use crate::error::Result;
use crate::secret::Secret;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// Name and tag of the image, as in `app:1a2b3c4`.
    pub image: String,
    /// Dockerfile, relative to the root of the context.
    pub dockerfile: String,
    /// Stage; unset: the last one.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Secrets for `RUN --mount=type=secret`.
    pub secrets: BTreeMap<String, Secret>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Memory limit in bytes; only the classic builder honours it.
    pub memory_limit: Option<u64>,
    /// Processor limit in billionths of a core; only the classic builder honours it.
    pub nano_cpus: Option<i64>,
    /// Whether cached layers are ignored.
    pub no_cache: bool,
    /// Credentials for base images, by registry host.
    pub credentials: Vec<RegistryCredential>,
}

/// A registry and how to sign in to it.
#[derive(Clone, Debug)]
pub struct RegistryCredential {
    /// Host, with a port where it has one.
    pub host: String,
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: Secret,
}

/// An image on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub id: String,
    /// Names and tags.
    pub tags: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Whether the image has a health check of its own.
    pub has_health_check: bool,
    /// Size in bytes.
    pub size: u64,
}

/// Where lines of output go. Called from the task that reads them; must not block for long.
pub trait LogSink: Send + Sync {
    /// Takes one line, without its end.
    fn line(&self, stream: LogStream, text: &[u8]);
}

/// Which output a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Said by the engine itself.
    System,
}

/// One line of a running service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceLogLine {
    /// When it was written, where the engine knows.
    pub at: Option<crate::clock::Timestamp>,
    /// Identifier of the task.
    pub task: Option<String>,
    /// Which output.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

/// Which lines of a running service.
#[derive(Clone, Debug, Default)]
pub struct ServiceLogQuery {
    /// Name of the service.
    pub service: String,
    /// Only the last so many lines of each task; unset: all.
    pub tail: Option<u32>,
    /// Only lines since then.
    pub since: Option<crate::clock::Timestamp>,
    /// Whether to go on with what is written from now on.
    pub follow: bool,
    /// Only one task.
    pub task: Option<String>,
}

/// What became of a one-off task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOutcome {
    /// Exit code; absent when it never started.
    pub exit_code: Option<i64>,
    /// What the engine says about it.
    pub message: Option<String>,
    /// Its last lines.
    pub tail: Vec<String>,
}

/// A thing on the engine that carries our label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnedObject {
    /// What it is.
    pub kind: OwnedKind,
    /// Identifier for [`ContainerRuntime::remove_owned`].
    pub id: String,
    /// Name or first tag.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// What kinds of things carry our label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnedKind {
    /// A service.
    Service,
    /// An image.
    Image,
    /// A secret.
    Secret,
    /// A network.
    Network,
    /// A volume. Removed only when asked for by name.
    Volume,
}

/// Runs containers.
#[async_trait]
pub trait ContainerRuntime: Send + Sync + Debug {
    /// What the engine is and can do. `unavailable` with a hint when it does not answer.
    async fn info(&self) -> Result<RuntimeInfo>;

    /// Makes this engine a single-node swarm, unless it is in one already.
    async fn ensure_swarm(&self) -> Result<()>;

    /// Builds an image from a tar stream.
    ///
    /// # Behavior
    ///
    /// - Every line of output reaches the sink as it comes; neither the image nor its history nor the output holds
    ///   a build secret.
    /// - `build_failed` with the failing instruction in its message when the build fails.
    /// - A cancelled call ends the build on the engine and returns `cancelled`.
    async fn build_image(
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<Image>;

    /// The image with this name or id, as far as this engine has it.
    async fn find_image(&self, reference: &str) -> Result<Option<Image>>;

    /// Fetches an image to this engine.
    async fn pull_image(
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>,
        cancel: &CancellationToken,
    ) -> Result<Image>;

    /// Pushes an image under a full name, as in `registry.example.com/team/app:1a2b3c4`, and returns
    /// `name@sha256:…`.
    async fn push_image(
        &self,
        image_id: &str,
        name: &str,
        credential: Option<&RegistryCredential>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<String>;

    /// Pins a name to a digest by asking its registry: `name@sha256:…`. `not_found` when the registry has no such
    /// image.
    async fn resolve_digest(
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>,
    ) -> Result<String>;

    /// Creates or updates a service.
    ///
    /// # Behavior
    ///
    /// - `expected_version` is compare-and-set: `None` creates, and fails with `conflict` when the service exists;
    ///   `Some` updates, and fails with `conflict` when its version is another one.
    /// - A service without our label is never changed: `permission_denied`.
    /// - A specification that equals the current one restarts nothing.
    /// - Constraints that no node meets, not even one that is down, are `invalid_spec`, and nothing is changed.
    /// - Returns the service as it is then.
    async fn apply_service(
        &self,
        spec: &ServiceSpec,
        expected_version: Option<u64>,
        credential: Option<&RegistryCredential>,
    ) -> Result<ObservedService>;

    /// The service and all its tasks, or `None`.
    async fn observe_service(&self, name: &str) -> Result<Option<ObservedService>>;

    /// Yields once for every change that concerns the service. May yield too often and may miss one: the caller
    /// also polls.
    fn watch_service(&self, name: &str) -> BoxStream<'static, Result<()>>;

    /// Sets the number of tasks and changes nothing else. `conflict` when the version is another one.
    async fn scale_service(
        &self,
        name: &str,
        replicas: u32,
        expected_version: u64,
    ) -> Result<ObservedService>;

    /// Replaces all tasks without changing anything else.
    async fn restart_service(&self, name: &str, expected_version: u64) -> Result<ObservedService>;

    /// Removes a service, named or by its identifier, and waits until its tasks are gone.
    ///
    /// # Behavior
    ///
    /// - Removing what is absent is Ok.
    /// - A service without our label is never removed: `permission_denied`.
    /// - An identifier means that very service, and not one that was made anew under its name: who decided to remove
    ///   it a while ago cannot remove its successor.
    async fn remove_service(&self, service: &str) -> Result<()>;

    /// The last lines of one task, for evidence.
    async fn task_tail(&self, task_id: &str, lines: u32) -> Result<Vec<String>>;

    /// Output of a service.
    fn service_logs(&self, query: &ServiceLogQuery) -> BoxStream<'static, Result<ServiceLogLine>>;

    /// Use of processor, memory and network, as far as the tasks run on this engine.
    async fn service_stats(&self, name: &str) -> Result<ServiceStats>;

    /// Runs a one-off task to its end: a release command, for example.
    ///
    /// # Behavior
    ///
    /// - A task of the same name is taken up, not started twice; its outcome is returned when it ended before.
    /// - A passed deadline and a cancelled call stop it.
    /// - What is left of it is removed by [`ContainerRuntime::remove_task`], so that a caller that was killed
    ///   before it wrote the outcome down finds it again.
    async fn run_task(
        &self,
        spec: &TaskSpec,
        deadline: Duration,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<TaskOutcome>;

    /// Removes what a one-off task left. Removing what is absent is Ok.
    async fn remove_task(&self, name: &str) -> Result<()>;

    /// Makes sure that an attachable overlay network exists. A foreign one of the same name is used as it is.
    async fn ensure_network(&self, name: &str) -> Result<()>;

    /// Makes sure that a volume exists. A foreign one of the same name is used as it is.
    async fn ensure_volume(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<()>;

    /// Makes sure that a secret exists. Secrets are immutable: the name carries a digest of the value.
    async fn ensure_secret(
        &self,
        name: &str,
        value: &Secret,
        labels: &BTreeMap<String, String>,
    ) -> Result<()>;

    /// Everything that carries our label and all the given ones.
    async fn list_owned(
        &self,
        kind: OwnedKind,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<OwnedObject>>;

    /// Removes one thing that carries our label; one that does not is `permission_denied`. Removing what is absent
    /// or still in use is Ok: it is collected another time. Returns whether it is gone.
    async fn remove_owned(&self, object: &OwnedObject) -> Result<bool>;
}
