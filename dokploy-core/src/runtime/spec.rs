//! What is asked of a runtime: a service or a one-off task, fully resolved. No secret is in it but by name, and
//! nothing in it gives a container power over its host.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{
    CommandLine, EndpointMode, Port, RestartPolicy, ServiceMode, Tmpfs, UpdateOrder, Volume,
};
use crate::secret::Secret;

/// Names of the labels by which things are found again.
pub mod label {
    use std::collections::BTreeMap;

    /// On everything that is ours; its value is [`OURS`].
    pub const MANAGED_BY: &str = "dokploy.managed";
    /// Value of [`MANAGED_BY`].
    pub const OURS: &str = "dokploy";
    /// Id of the application.
    pub const APPLICATION: &str = "dokploy.application";
    /// Id of the project.
    pub const PROJECT: &str = "dokploy.project";
    /// Id of the deployment that wrote the specification.
    pub const DEPLOYMENT: &str = "dokploy.deployment";
    /// Step that wrote it.
    pub const STEP: &str = "dokploy.step";
    /// `<deployment>/<step>` that last replaced the tasks; on containers, so that tasks are told apart.
    pub const ROLLOUT: &str = "dokploy.rollout";
    /// Digest of the specification as we wrote it, without the labels that change with each deployment.
    pub const SPEC: &str = "dokploy.spec";
    /// Digest of the part of the specification whose change replaces the tasks.
    pub const TEMPLATE: &str = "dokploy.template";
    /// Number of tasks that the service had before the deployment changed it: what restoring goes back to.
    pub const REPLICAS_BEFORE: &str = "dokploy.replicas-before";
    /// Epoch of the worker that wrote it.
    pub const EPOCH: &str = "dokploy.epoch";
    /// Id of the release.
    pub const RELEASE: &str = "dokploy.release";
    /// Digest of the inputs of a build, on images.
    pub const FINGERPRINT: &str = "dokploy.fingerprint";
    /// Commit or tree that an image was built from.
    pub const REVISION: &str = "dokploy.revision";

    /// Whether a thing with these labels is ours. Nothing else is ever changed or removed.
    pub fn is_ours(labels: &BTreeMap<String, String>) -> bool {
        labels.get(MANAGED_BY).is_some_and(|value| value == OURS)
    }
}

/// A secret that is mounted as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMount {
    /// Name of the Swarm secret.
    pub secret_name: String,
    /// File name below `/run/secrets`.
    pub file_name: String,
}

/// A service, fully resolved.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// Name.
    pub name: String,
    /// Labels of the service.
    pub labels: BTreeMap<String, String>,
    /// Labels of its containers. A change of them replaces the tasks.
    pub container_labels: BTreeMap<String, String>,
    /// Image, pinned.
    pub image: String,
    /// Arguments that replace the image's command.
    pub command: Option<Vec<String>>,
    /// Environment in clear, in order.
    pub env: Vec<(String, Secret)>,
    /// Secrets that are mounted as files.
    pub secrets: Vec<SecretMount>,
    /// Replicated or global.
    pub mode: ServiceMode,
    /// Number of tasks of a replicated service.
    pub replicas: u32,
    /// Published ports.
    pub ports: Vec<Port>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// In-memory file systems.
    pub tmpfs: Vec<Tmpfs>,
    /// Health check; `None`: the image's own.
    pub health: Option<ServiceHealth>,
    /// Memory limit in bytes.
    pub memory_limit: Option<u64>,
    /// Processor limit in billionths of a core.
    pub nano_cpus: Option<i64>,
    /// Memory reservation in bytes.
    pub memory_reservation: Option<u64>,
    /// Processor reservation in billionths of a core.
    pub nano_cpus_reservation: Option<i64>,
    /// What Swarm does with a task that ends.
    pub restart: RestartPolicy,
    /// Networks.
    pub networks: Vec<String>,
    /// How the name resolves.
    pub endpoint_mode: EndpointMode,
    /// Placement constraints.
    pub constraints: Vec<String>,
    /// User.
    pub user: Option<String>,
    /// Capabilities to take away.
    pub drop_capabilities: Vec<String>,
    /// Whether the root file system is read-only.
    pub read_only_root: bool,
    /// Whether there is an init process.
    pub init: bool,
    /// How long a task may take to stop.
    pub stop_grace: Duration,
    /// Which goes first.
    pub order: UpdateOrder,
    /// Tasks replaced at once.
    pub parallelism: u32,
    /// Pause between batches.
    pub delay: Duration,
    /// How long Swarm itself watches a replaced task.
    pub monitor: Duration,
}

/// A health check, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceHealth {
    /// Command.
    pub command: CommandLine,
    /// Time between two probes.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Failures in a row.
    pub retries: u32,
    /// Time at the start during which failures do not count.
    pub start_period: Option<Duration>,
}

/// A one-off task.
#[derive(Clone, Debug)]
pub struct TaskSpec {
    /// Name; the same name is the same task.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Image, pinned.
    pub image: String,
    /// Command.
    pub command: CommandLine,
    /// Environment in clear, in order.
    pub env: Vec<(String, Secret)>,
    /// Secrets that are mounted as files.
    pub secrets: Vec<SecretMount>,
    /// Networks.
    pub networks: Vec<String>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// User.
    pub user: Option<String>,
    /// Memory limit in bytes.
    pub memory_limit: Option<u64>,
    /// Placement constraints.
    pub constraints: Vec<String>,
    /// Credential for the image.
    pub credential: Option<super::RegistryCredential>,
}
