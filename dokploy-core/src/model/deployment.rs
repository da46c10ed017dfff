//! Deployments as they are stored: one attempt to make a release current.

use serde::{Deserialize, Serialize};

use super::application::ApplicationSpec;
use crate::clock::Timestamp;
use crate::deployment::DeploymentState;
use crate::id::{ApplicationId, DeploymentId, ProjectId, ReleaseId};
use crate::webhook::PushRef;

/// One attempt to make a release current. Everything that it needs was written down when it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Identifier; later deployments have greater ones.
    pub id: DeploymentId,
    /// Its application.
    pub application_id: ApplicationId,
    /// Its application's project.
    pub project_id: ProjectId,
    /// Name of the Swarm service.
    pub service_name: String,
    /// Forwards or back.
    pub kind: DeploymentKind,
    /// What was asked.
    pub request: DeploymentRequest,
    /// The application as it was when the deployment was accepted, secrets sealed.
    pub spec: ApplicationSpec,
    /// Which release a rollback goes back to.
    pub target_release_id: Option<ReleaseId>,
    /// Where it stands: the projection of its events.
    pub state: DeploymentState,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its last event was written.
    pub updated_at: Timestamp,
}

/// Forwards or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentKind {
    /// A new release from the source.
    Deploy,
    /// An older release as it was, without a rebuild.
    Rollback,
}

/// What a caller asks for when he deploys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentRequest {
    /// Branch or full reference instead of the application's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Exact commit, 40 hexadecimal digits, instead of the head of the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
    /// A line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Builds and restarts even when neither commit nor configuration changed.
    #[serde(default)]
    pub force: bool,
    /// What started it.
    #[serde(default)]
    pub trigger: DeploymentTrigger,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorRef>,
    /// The push that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushRef>,
    /// What happens to deployments of the same application that still wait.
    #[serde(default)]
    pub supersede: SupersedePolicy,
}

/// Who asked for something, as recorded: not a permission, only a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ActorRef(pub String);

/// What started a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentTrigger {
    /// A call of the API, in process or over HTTP.
    #[default]
    Api,
    /// A push or a registry event.
    Webhook,
    /// The command line.
    Cli,
    /// A person who went back.
    Rollback,
}

/// What happens to deployments of the same application when a newer one is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SupersedePolicy {
    /// Those that wait are superseded; a running one finishes first.
    #[default]
    Queued,
    /// Those that wait are superseded and a running one is cancelled.
    Running,
    /// All run, in the order of their acceptance.
    Never,
}
