//! Releases: immutable records of what ran, and what a rollback goes back to.

use serde::{Deserialize, Serialize};

use super::application::ApplicationSpec;
use super::source::Revision;
use crate::clock::Timestamp;
use crate::id::{ApplicationId, DeploymentId, ReleaseId};

/// Image, configuration and resolved environment (secrets sealed) of one deployment. Never changes but for
/// `stable_at` and `retired_at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Identifier.
    pub id: ReleaseId,
    /// Its application.
    pub application_id: ApplicationId,
    /// The deployment that made it. One deployment makes at most one release.
    pub deployment_id: DeploymentId,
    /// Human-readable image name, as in `app:1a2b3c4`.
    pub image: String,
    /// What is really run: `name@sha256:…` where a registry holds it, or the image id `sha256:…`.
    pub image_reference: String,
    /// Digest of the inputs of the build; an equal one needs no build.
    pub build_fingerprint: Option<String>,
    /// The commit or tree that it was built from; absent for an existing image.
    pub revision: Option<Revision>,
    /// The application as it was, secrets sealed.
    pub spec: ApplicationSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it had proved itself healthy; absent: never.
    pub stable_at: Option<Timestamp>,
    /// When it left the last ten and lost its protection from clean-up.
    pub retired_at: Option<Timestamp>,
}

impl Release {
    /// How many stable releases of an application are kept.
    pub const RETAINED_COUNT: usize = 10;
}
