//! An application as clients see it, and what they say about one.

use std::collections::BTreeMap;
use std::time::Duration;

use dokploy_core::Result;
use dokploy_core::clock::{Timestamp, seconds};
use dokploy_core::deployment::Status;
use dokploy_core::id::{ApplicationId, CredentialId, ProjectId, ReleaseId};
use dokploy_core::model::{
    Application, ApplicationSpec, CommandLine, Deadlines, Deployment, Domain, EndpointMode,
    GitSource, HealthCheck, Port, RestartPolicy, ServiceMode, Tmpfs, UpdatePolicy, Volume,
};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::DeploymentShape;
use super::env::{self, EnvVarShape, SecretText};
use super::joined::joined;

/// What a person says about an application. Everything but a name and one source has a default.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApplicationInput)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicationInput {
    /// Name: lower-case letters, digits and hyphens, 1 to 40 characters, unique within the project.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    pub name: String,
    /// A git repository. Exactly one source is expected: this, an image, or an uploaded archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_source: Option<GitSource>,
    /// An existing image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Dockerfile, relative to `context`.
    #[serde(default = "defaults::dockerfile")]
    pub dockerfile: String,
    /// Directory of the source that is the build context.
    #[serde(default = "defaults::context")]
    pub context: String,
    /// Stage of the Dockerfile to build; unset: the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Build arguments. They end up in the image's history: no secrets here.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// Secrets for `RUN --mount=type=secret,id=…`, by id. A value is never returned; null keeps the stored one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub build_secrets: BTreeMap<String, Option<SecretText>>,
    /// Memory limit of the build in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_memory_limit: Option<u64>,
    /// Processor limit of the build in cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_cpu_limit: Option<f64>,
    /// Repository to push built images to, without a tag: `registry.example.com/team`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// Credential for the registry that images are pushed to or pulled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_credential_id: Option<CredentialId>,
    /// Environment, in order.
    #[serde(default)]
    pub env_vars: Vec<EnvVarShape>,
    /// Arguments that replace the image's command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Number of tasks.
    #[serde(default = "defaults::replicas")]
    #[schema(minimum = 1, maximum = 1000)]
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
    /// Labels of the service.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Host names that Traefik routes here.
    #[serde(default)]
    pub domains: Vec<Domain>,
    /// Further networks.
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
    /// Linux capabilities to take away, as in `NET_RAW` or `ALL`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_capabilities: Vec<String>,
    /// Whether the root file system is read-only.
    #[serde(default)]
    pub read_only_root: bool,
    /// Whether a small init process reaps zombies and passes signals on.
    #[serde(default)]
    pub init: bool,
    /// How many seconds a task may take to stop before it is killed.
    #[serde(default = "defaults::stop_grace", with = "seconds")]
    #[schema(value_type = f64, minimum = 0.0)]
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
    #[serde(default = "defaults::auto_deploy")]
    pub auto_deploy: bool,
}

/// The defaults of the core, so that they are written down in one place.
mod defaults {
    use std::time::Duration;

    use dokploy_core::model::ApplicationSpec;

    fn spec() -> ApplicationSpec {
        ApplicationSpec::named("")
    }
    pub(super) fn dockerfile() -> String {
        spec().dockerfile
    }
    pub(super) fn context() -> String {
        spec().context
    }
    pub(super) fn replicas() -> u32 {
        spec().replicas
    }
    pub(super) fn stop_grace() -> Duration {
        spec().stop_grace
    }
    pub(super) fn auto_deploy() -> bool {
        spec().auto_deploy
    }
}

impl ApplicationInput {
    /// What is stored, as a client may read it and send it back.
    pub fn of(spec: &ApplicationSpec) -> Self {
        let spec = spec.clone();
        Self {
            env_vars: env::shown(&spec.env_vars),
            build_secrets: env::secrets_shown(&spec.build_secrets),
            name: spec.name,
            git_source: spec.git_source,
            image: spec.image,
            dockerfile: spec.dockerfile,
            context: spec.context,
            target: spec.target,
            build_args: spec.build_args,
            build_memory_limit: spec.build_memory_limit,
            build_cpu_limit: spec.build_cpu_limit,
            registry: spec.registry,
            registry_credential_id: spec.registry_credential_id,
            command: spec.command,
            replicas: spec.replicas,
            mode: spec.mode,
            ports: spec.ports,
            volumes: spec.volumes,
            tmpfs: spec.tmpfs,
            health_check: spec.health_check,
            memory_limit: spec.memory_limit,
            cpu_limit: spec.cpu_limit,
            memory_reservation: spec.memory_reservation,
            cpu_reservation: spec.cpu_reservation,
            restart: spec.restart,
            labels: spec.labels,
            domains: spec.domains,
            networks: spec.networks,
            endpoint_mode: spec.endpoint_mode,
            constraints: spec.constraints,
            user: spec.user,
            drop_capabilities: spec.drop_capabilities,
            read_only_root: spec.read_only_root,
            init: spec.init,
            stop_grace: spec.stop_grace,
            update: spec.update,
            deadlines: spec.deadlines,
            release_command: spec.release_command,
            auto_deploy: spec.auto_deploy,
        }
    }

    /// The specification. Secrets without a value, and an uploaded archive unless another source is named, are those
    /// that are stored.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a secret without a value of which none is stored.
    pub fn into_spec(self, stored: Option<&ApplicationSpec>) -> Result<ApplicationSpec> {
        let nothing = ApplicationSpec::named("");
        let stored = stored.unwrap_or(&nothing);
        let keeps_archive = self.git_source.is_none() && self.image.is_none();
        Ok(ApplicationSpec {
            env_vars: env::asked(self.env_vars, &stored.env_vars)?,
            build_secrets: env::secrets_asked(self.build_secrets, &stored.build_secrets)?,
            archive: stored.archive.clone().filter(|_| keeps_archive),
            directory: stored.directory.clone().filter(|_| keeps_archive),
            name: self.name,
            git_source: self.git_source,
            image: self.image,
            dockerfile: self.dockerfile,
            context: self.context,
            target: self.target,
            build_args: self.build_args,
            build_memory_limit: self.build_memory_limit,
            build_cpu_limit: self.build_cpu_limit,
            registry: self.registry,
            registry_credential_id: self.registry_credential_id,
            command: self.command,
            replicas: self.replicas,
            mode: self.mode,
            ports: self.ports,
            volumes: self.volumes,
            tmpfs: self.tmpfs,
            health_check: self.health_check,
            memory_limit: self.memory_limit,
            cpu_limit: self.cpu_limit,
            memory_reservation: self.memory_reservation,
            cpu_reservation: self.cpu_reservation,
            restart: self.restart,
            labels: self.labels,
            domains: self.domains,
            networks: self.networks,
            endpoint_mode: self.endpoint_mode,
            constraints: self.constraints,
            user: self.user,
            drop_capabilities: self.drop_capabilities,
            read_only_root: self.read_only_root,
            init: self.init,
            stop_grace: self.stop_grace,
            update: self.update,
            deadlines: self.deadlines,
            release_command: self.release_command,
            auto_deploy: self.auto_deploy,
        })
    }
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationStatus {
    /// It was never deployed.
    Idle,
    /// Its current release serves.
    Running,
    /// A deployment is under way.
    Deploying,
    /// Somebody stopped it.
    Stopped,
    /// Its last deployment failed.
    Error,
}

impl ApplicationStatus {
    pub(super) fn of(application: &Application, last: Option<&Deployment>) -> Self {
        let status = last.map(|deployment| deployment.state.status);
        match status {
            Some(status) if !status.is_terminal() => Self::Deploying,
            _ if application.stopped => Self::Stopped,
            Some(Status::Failed) => Self::Error,
            _ if application.current_release_id.is_none() => Self::Idle,
            _ => Self::Running,
        }
    }
}

/// Where the code of an application comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A git repository.
    Git,
    /// An image that exists already.
    Image,
    /// An uploaded archive.
    Archive,
    /// A directory on the machine of the engine.
    Directory,
}

impl SourceKind {
    fn of(spec: &ApplicationSpec) -> Self {
        if spec.git_source.is_some() {
            Self::Git
        } else if spec.image.is_some() {
            Self::Image
        } else if spec.archive.is_some() {
            Self::Archive
        } else {
            Self::Directory
        }
    }
}

/// An application as clients see it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationShape {
    /// What the server says about it.
    #[serde(flatten)]
    pub record: ApplicationRecord,
    /// What a person said about it.
    #[serde(flatten)]
    pub input: ApplicationInput,
}

/// What the server says about an application.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRecord {
    /// Identifier.
    pub id: ApplicationId,
    /// Grows by one with each change; `If-Match` takes it.
    pub version: i64,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// Name of its Swarm service.
    pub service_name: String,
    /// Where it stands.
    pub status: ApplicationStatus,
    /// Where its code comes from.
    pub source: SourceKind,
    /// The release that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_release_id: Option<ReleaseId>,
    /// What webhooks are signed with; only for who may change the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
    /// Its newest deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_deployment: Option<DeploymentShape>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ApplicationShape {
    /// Makes it of what is stored.
    pub fn of(application: &Application, last: Option<&Deployment>) -> Self {
        Self {
            record: ApplicationRecord {
                id: application.id,
                version: application.version,
                project_id: application.project_id,
                service_name: application.service_name.clone(),
                status: ApplicationStatus::of(application, last),
                source: SourceKind::of(&application.spec),
                current_release_id: application.current_release_id,
                webhook_secret: None,
                last_deployment: last.map(DeploymentShape::of),
                created_at: application.created_at,
                updated_at: application.updated_at,
            },
            input: ApplicationInput::of(&application.spec),
        }
    }
}

impl PartialSchema for ApplicationShape {
    fn schema() -> RefOr<Schema> {
        joined(ApplicationRecord::schema(), ApplicationInput::schema())
    }
}

impl ToSchema for ApplicationShape {
    fn name() -> std::borrow::Cow<'static, str> {
        "Application".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApplicationRecord::schemas(schemas);
        ApplicationInput::schemas(schemas);
    }
}
