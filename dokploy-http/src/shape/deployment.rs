//! A deployment as clients see it.

use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::{Failure, Reason, Status, Step, StepOutput, StepStatus};
use dokploy_core::id::{ApplicationId, DeploymentId, ReleaseId};
use dokploy_core::model::{Deployment, DeploymentKind, DeploymentTrigger, Revision};
use serde::Serialize;
use utoipa::ToSchema;

/// A deployment as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Deployment)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentShape {
    /// Identifier.
    pub id: DeploymentId,
    /// The same.
    pub deployment_id: DeploymentId,
    /// Its application.
    pub application_id: ApplicationId,
    /// Name of its application.
    pub application_name: String,
    /// Name of the service.
    pub service_name: String,
    /// Forwards or back.
    pub kind: DeploymentKind,
    /// Where it stands.
    pub status: Status,
    /// 0 to 100.
    pub progress: u8,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Branch or reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Commit or digest of the tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
    /// First line of the commit's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
    /// Name of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Digest or id of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The release that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_id: Option<ReleaseId>,
    /// What started it.
    pub trigger: DeploymentTrigger,
    /// The deployment that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<DeploymentId>,
    /// How many workers have tried.
    pub attempt: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When a worker first took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Its steps, in order.
    pub steps: Vec<StepShape>,
}

/// A step as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeploymentStep)]
#[serde(rename_all = "camelCase")]
pub struct StepShape {
    /// Which.
    pub name: Step,
    /// Where it stands.
    pub status: StepStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

impl DeploymentShape {
    /// Makes it of what is stored.
    pub fn of(deployment: &Deployment) -> Self {
        let state = &deployment.state;
        let revision = revision(deployment);
        let (image, digest) = image(deployment);
        Self {
            id: deployment.id,
            deployment_id: deployment.id,
            application_id: deployment.application_id,
            application_name: deployment.spec.name.clone(),
            service_name: deployment.service_name.clone(),
            kind: deployment.kind,
            status: state.status,
            progress: state.progress,
            reason: state.reason,
            message: state.message.clone(),
            failure: state.failure.clone(),
            branch: branch(deployment, revision),
            commit_sha: revision
                .map(|revision| revision.id.clone())
                .or_else(|| deployment.request.commit_sha.clone()),
            commit_message: revision.and_then(|revision| revision.message.clone()),
            image,
            digest,
            release_id: state.release_id,
            trigger: deployment.request.trigger,
            superseded_by: state.superseded_by,
            attempt: state.attempt,
            created_at: deployment.created_at,
            started_at: state.started_at,
            finished_at: state.finished_at,
            steps: state
                .steps
                .iter()
                .map(|(step, record)| StepShape {
                    name: *step,
                    status: record.status,
                    started_at: record.started_at,
                    finished_at: record.finished_at,
                })
                .collect(),
        }
    }
}

fn revision(deployment: &Deployment) -> Option<&Revision> {
    match deployment.state.output(Step::ResolveSource) {
        Some(StepOutput::Resolved { revision }) => Some(revision),
        _ => None,
    }
}

fn branch(deployment: &Deployment, revision: Option<&Revision>) -> Option<String> {
    let asked = deployment.request.branch.clone();
    let configured = || {
        deployment
            .spec
            .git_source
            .as_ref()
            .and_then(|git| git.branch.clone())
    };
    let resolved = || revision.and_then(|revision| revision.reference.clone());
    asked.or_else(configured).or_else(resolved)
}

fn image(deployment: &Deployment) -> (Option<String>, Option<String>) {
    let pinned = match deployment.state.output(Step::PushImage) {
        Some(StepOutput::Pinned { image_reference }) => Some(image_reference.clone()),
        _ => None,
    };
    match deployment.state.output(Step::BuildImage) {
        Some(StepOutput::Built {
            image, image_id, ..
        }) => (
            Some(image.clone()),
            pinned.or_else(|| Some(image_id.clone())),
        ),
        _ => (deployment.spec.image.clone(), pinned),
    }
}
