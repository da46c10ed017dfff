//! Where a deployment stands, as clients who watch see it.

use dokploy_core::clock::Timestamp;
use dokploy_core::control::Progress;
use dokploy_core::deployment::{Event, Reason, Status};
use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a deployment stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeploymentProgress)]
#[serde(rename_all = "camelCase")]
pub struct ProgressShape {
    /// Which.
    pub deployment_id: DeploymentId,
    /// Its application.
    pub application_id: ApplicationId,
    /// Its project.
    pub project_id: ProjectId,
    /// Number of its last event: where to go on.
    pub seq: u64,
    /// Where it stands.
    pub status: Status,
    /// 0 to 100.
    pub progress: u8,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// When the event was written, for whoever watches this one deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What happened, for whoever watches this one deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub change: Option<Event>,
}

impl From<Progress> for ProgressShape {
    fn from(progress: Progress) -> Self {
        Self {
            deployment_id: progress.deployment,
            application_id: progress.application,
            project_id: progress.project,
            seq: progress.state.seq,
            status: progress.state.status,
            progress: progress.state.progress,
            reason: progress.state.reason,
            message: progress.state.message,
            at: progress.event.as_ref().map(|event| event.at),
            change: progress.event,
        }
    }
}
