//! Projects.

use dokploy_core::clock::Timestamp;
use dokploy_core::id::{ProjectId, TeamId, UserId};
use dokploy_core::model::Project;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change;

/// A project as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Project)]
#[serde(rename_all = "camelCase")]
pub struct ProjectShape {
    /// Identifier.
    pub id: ProjectId,
    /// Grows by one with each change; `If-Match` takes it.
    pub version: i64,
    /// Name; unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whose it is; absent for one that the program itself made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// The team that sees it besides its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ProjectShape {
    /// Makes it of what is stored.
    pub fn of(project: &Project) -> Self {
        Self {
            id: project.id,
            version: project.version,
            name: project.name.clone(),
            description: project.description.clone(),
            owner_id: project.owner_id,
            team_id: project.team_id,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

/// A new project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProjectInput {
    /// Name: lower-case letters, digits and hyphens, 1 to 40 characters; unique.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// The team that sees it besides whoever makes it.
    #[serde(default)]
    pub team_id: Option<TeamId>,
}

/// What changes about a project; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectPatch {
    /// Name. Services keep the names that they have.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    pub name: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The team that sees it; null takes it from its team.
    #[serde(default, deserialize_with = "change::given")]
    #[schema(value_type = Option<TeamId>)]
    pub team_id: Option<Option<TeamId>>,
}
