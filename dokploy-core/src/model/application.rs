//! Applications: what a person describes, and the service that it becomes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::network::{Domain, EndpointMode, Port};
use super::source::{GitSource, Source};
use super::update::{Deadlines, UpdatePolicy};
use crate::clock::{Timestamp, seconds};
use crate::error::{Error, Result};
use crate::id::{ApplicationId, CredentialId, DatabaseId, ProjectId, ReleaseId};
use crate::secret::{SealedSecret, Secret};

/// What a person says about an application. Everything but a name and one source has a default.
///
/// Exactly one of `git_source`, `image`, `directory` and `archive` is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicationSpec {
    /// Name: lower-case letters, digits and hyphens, 1 to 40 characters, unique within the project.
    pub name: String,
    /// A git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_source: Option<GitSource>,
    /// An existing image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A directory on the machine of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// An uploaded archive in the engine's data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<PathBuf>,

    /// Dockerfile, relative to `context`.
    #[serde(default = "default_dockerfile")]
    pub dockerfile: String,
    /// Directory of the source that is the build context.
    #[serde(default = "default_context")]
    pub context: String,
    /// Stage of the Dockerfile to build; unset: the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Build arguments. They end up in the image's history: no secrets here.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// Secrets for `RUN --mount=type=secret,id=…`, by id. They reach neither the image nor its history.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub build_secrets: BTreeMap<String, EnvValue>,
    /// Memory limit of the build in MiB. Only the classic builder honours it, so that it is used when set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_memory_limit: Option<u64>,
    /// Processor limit of the build in cores, with the same consequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_cpu_limit: Option<f64>,

    /// Repository to push built images to, without a tag: `registry.example.com/team`.
    /// Unset: images stay on this engine, which is enough for a single node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// Credential for the registry that images are pushed to or pulled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_credential_id: Option<CredentialId>,

    /// Environment, in order.
    #[serde(default)]
    pub env_vars: Vec<EnvVar>,
    /// Arguments that replace the image's command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Number of tasks.
    #[serde(default = "default_replicas")]
    pub replicas: u32,
    /// Replicated, or one task on each node.
    #[serde(default)]
    pub mode: ServiceMode,
    /// Published ports.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Mounted volumes.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// In-memory file systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tmpfs: Vec<Tmpfs>,
    /// Health check; unset: the image's own, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Memory limit in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Processor limit in cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<f64>,
    /// Memory that a node must have free, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<u64>,
    /// Cores that a node must have free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_reservation: Option<f64>,
    /// What Swarm does with a task that ends.
    #[serde(default)]
    pub restart: RestartPolicy,
    /// Labels of the service. `dokploy.` and `com.docker.` names are ours and the engine's.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Host names that Traefik routes here.
    #[serde(default)]
    pub domains: Vec<Domain>,
    /// Further networks; every application is in `dokploy-network`.
    #[serde(default)]
    pub networks: Vec<String>,
    /// How the service's name resolves.
    #[serde(default)]
    pub endpoint_mode: EndpointMode,
    /// Placement constraints, as in `node.labels.disk==ssd`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// User that the process runs as: `uid`, `uid:gid` or a name. Unset: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Linux capabilities to take away, as in `NET_RAW` or `ALL`. None can be added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_capabilities: Vec<String>,
    /// Whether the root file system is read-only.
    #[serde(default)]
    pub read_only_root: bool,
    /// Whether a small init process reaps zombies and passes signals on.
    #[serde(default)]
    pub init: bool,
    /// How long a task may take to stop before it is killed.
    #[serde(default = "default_stop_grace", with = "seconds")]
    pub stop_grace: Duration,
    /// How a new release takes over.
    #[serde(default)]
    pub update: UpdatePolicy,
    /// How long each phase may take.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// Runs in the new image before the switch, once for each attempt: migrations, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_command: Option<CommandLine>,
    /// Whether a push starts a deployment.
    #[serde(default = "default_true")]
    pub auto_deploy: bool,
}

fn default_dockerfile() -> String {
    "Dockerfile".to_owned()
}
fn default_context() -> String {
    ".".to_owned()
}
const fn default_replicas() -> u32 {
    1
}
const fn default_true() -> bool {
    true
}
const fn default_stop_grace() -> Duration {
    Duration::from_secs(30)
}

impl ApplicationSpec {
    /// A specification with the defaults and no source yet.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            git_source: None,
            image: None,
            directory: None,
            archive: None,
            dockerfile: default_dockerfile(),
            context: default_context(),
            target: None,
            build_args: BTreeMap::new(),
            build_secrets: BTreeMap::new(),
            build_memory_limit: None,
            build_cpu_limit: None,
            registry: None,
            registry_credential_id: None,
            env_vars: Vec::new(),
            command: None,
            replicas: default_replicas(),
            mode: ServiceMode::default(),
            ports: Vec::new(),
            volumes: Vec::new(),
            tmpfs: Vec::new(),
            health_check: None,
            memory_limit: None,
            cpu_limit: None,
            memory_reservation: None,
            cpu_reservation: None,
            restart: RestartPolicy::default(),
            labels: BTreeMap::new(),
            domains: Vec::new(),
            networks: Vec::new(),
            endpoint_mode: EndpointMode::default(),
            constraints: Vec::new(),
            user: None,
            drop_capabilities: Vec::new(),
            read_only_root: false,
            init: false,
            stop_grace: default_stop_grace(),
            update: UpdatePolicy::default(),
            deadlines: Deadlines::default(),
            release_command: None,
            auto_deploy: true,
        }
    }

    /// The one source of the application.
    ///
    /// # Errors
    ///
    /// `invalid_spec` unless exactly one is set.
    pub fn source(&self) -> Result<Source> {
        let mut sources = Vec::new();
        sources.extend(self.git_source.clone().map(Source::Git));
        sources.extend(
            self.image
                .clone()
                .map(|reference| Source::Image { reference }),
        );
        sources.extend(
            self.directory
                .clone()
                .map(|path| Source::Directory { path }),
        );
        sources.extend(self.archive.clone().map(|path| Source::Archive { path }));
        match (sources.pop(), sources.is_empty()) {
            (Some(source), true) => Ok(source),
            _ => Err(Error::invalid_field(
                "gitSource",
                "exactly one of gitSource, image, directory and archive is expected",
            )),
        }
    }
}

/// One variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvVar {
    /// Name: letters, digits and underscores, not starting with a digit.
    pub key: String,
    /// Value.
    pub value: EnvValue,
    /// How the process gets it.
    #[serde(default)]
    pub delivery: EnvDelivery,
}

/// A value in clear, a secret that was just handed in, or a secret as it is stored.
///
/// On the wire: a string is a value in clear, `{"secret": "…"}` a new secret, and
/// `{"keyId": "…", "sealed": "…"}` a stored one. A new secret is never written: it is sealed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or an object with the field secret, is expected"
)]
pub enum EnvValue {
    /// Shown to whoever may read the application.
    Plain(String),
    /// A secret that was just handed in. Serialising it is an error.
    #[serde(skip_serializing)]
    Secret {
        /// The value.
        secret: Secret,
    },
    /// A secret as it is stored.
    Sealed(SealedSecret),
}

/// How a process gets a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum EnvDelivery {
    /// In its environment.
    #[default]
    Env,
    /// As the file `/run/secrets/<key>`, a Swarm secret.
    File,
}

/// A command: one text for the image's shell, or the words themselves, which need no shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "a text, or a list of texts, is expected")]
pub enum CommandLine {
    /// Run as `/bin/sh -c <text>` in the container.
    Shell(String),
    /// Run as it is.
    Exec(Vec<String>),
}

/// How the engine finds out whether a task is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// Exit code 0 is healthy.
    pub command: CommandLine,
    /// Time between two probes.
    #[serde(default = "default_interval", with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub interval: Duration,
    /// How long a probe may take.
    #[serde(default = "default_timeout", with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub timeout: Duration,
    /// Failures in a row that make it unhealthy.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Time at the start during which failures do not count.
    #[serde(
        default,
        with = "seconds::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub start_period: Option<Duration>,
}

const fn default_interval() -> Duration {
    Duration::from_secs(30)
}
const fn default_timeout() -> Duration {
    Duration::from_secs(10)
}
const fn default_retries() -> u32 {
    3
}

impl HealthCheck {
    /// A check with the preset times: every 30 s, 10 s each, 3 retries.
    pub fn new(command: CommandLine) -> Self {
        Self {
            command,
            interval: default_interval(),
            timeout: default_timeout(),
            retries: default_retries(),
            start_period: None,
        }
    }

    /// The preset `curl -f http://localhost/ || exit 1`. It needs curl in the image, hence offered and not forced.
    pub fn curl_preset() -> Self {
        Self::new(CommandLine::Shell(
            "curl -f http://localhost/ || exit 1".to_owned(),
        ))
    }
}

/// Replicated, or one task on each node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ServiceMode {
    /// As many tasks as `replicas` says.
    #[default]
    Replicated,
    /// One task on each node.
    Global,
}

/// A named volume in the container. Host paths cannot be mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Name of the volume.
    pub source: String,
    /// Absolute path in the container.
    pub target: String,
    /// A writable volume means stop-first updates and one task.
    #[serde(default)]
    pub read_only: bool,
}

/// An in-memory file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tmpfs {
    /// Absolute path in the container.
    pub target: String,
    /// Size limit in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_limit: Option<u64>,
}

/// What Swarm does with a task that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RestartPolicy {
    /// When it starts another one.
    pub condition: RestartCondition,
    /// How often at most; unset: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// How long it waits before.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub delay: Duration,
    /// Attempts older than this no longer count.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub window: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            condition: RestartCondition::OnFailure,
            max_attempts: Some(3),
            delay: Duration::from_secs(5),
            window: Duration::from_mins(2),
        }
    }
}

/// When a task that ended is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RestartCondition {
    /// Never.
    None,
    /// When it failed.
    #[default]
    OnFailure,
    /// Always.
    Any,
}

/// An application as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Identifier.
    pub id: ApplicationId,
    /// Grows by one with each change; expected by writes that can race.
    pub version: i64,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// Name of its Swarm service: derived from its name once and then kept, at most 63 characters.
    pub service_name: String,
    /// What a person says about it.
    pub spec: ApplicationSpec,
    /// Whether it is meant to run; a stopped one keeps its service with no tasks.
    pub stopped: bool,
    /// The release that serves; absent before the first success.
    pub current_release_id: Option<ReleaseId>,
    /// What senders of webhooks sign with; absent in one that an earlier version made, until it is rotated.
    #[serde(default, skip_serializing)]
    pub webhook_secret: Option<SealedSecret>,
    /// The database that it runs. Such an application is not listed among the others.
    #[serde(default)]
    pub database_id: Option<DatabaseId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
