//! Releases: what can be gone back to.

use dokploy_core::clock::Timestamp;
use dokploy_core::id::{ApplicationId, DeploymentId, ReleaseId};
use dokploy_core::model::Release;
use serde::Serialize;
use utoipa::ToSchema;

/// A release as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Release)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseShape {
    /// Identifier.
    pub id: ReleaseId,
    /// Its application.
    pub application_id: ApplicationId,
    /// The deployment that made it.
    pub deployment_id: DeploymentId,
    /// Name of the image.
    pub image: String,
    /// What is really run: by digest, or the id of the image.
    pub image_reference: String,
    /// Commit or digest of the tree; absent for an existing image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
    /// First line of the commit's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it had proved itself healthy; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_at: Option<Timestamp>,
    /// When it could no longer be gone back to; absent: it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
}

impl ReleaseShape {
    /// Makes it of what is stored.
    pub fn of(release: Release) -> Self {
        let (commit_sha, commit_message) = match release.revision {
            Some(revision) => (Some(revision.id), revision.message),
            None => (None, None),
        };
        Self {
            id: release.id,
            application_id: release.application_id,
            deployment_id: release.deployment_id,
            image: release.image,
            image_reference: release.image_reference,
            commit_sha,
            commit_message,
            created_at: release.created_at,
            stable_at: release.stable_at,
            retired_at: release.retired_at,
        }
    }
}
