//! Teams.

use dokploy_core::clock::Timestamp;
use dokploy_core::id::{TeamId, UserId};
use dokploy_core::model::{Role, Team, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A team as clients see it in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Team)]
#[serde(rename_all = "camelCase")]
pub struct TeamShape {
    /// Identifier.
    pub id: TeamId,
    /// Grows by one with each change; `If-Match` takes it.
    pub version: i64,
    /// Name; unique.
    pub name: String,
    /// Its members; only where one team is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberShape>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A member of a team.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TeamMember)]
#[serde(rename_all = "camelCase")]
pub struct MemberShape {
    /// The account.
    pub user_id: UserId,
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: Role,
}

impl MemberShape {
    /// Makes it of what is stored.
    pub fn of(user: &User) -> Self {
        Self {
            user_id: user.id,
            username: user.username.clone(),
            role: user.role,
        }
    }
}

impl TeamShape {
    /// Makes it of what is stored.
    pub fn of(team: &Team) -> Self {
        Self {
            id: team.id,
            version: team.version,
            name: team.name.clone(),
            members: None,
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }

    /// Adds the members.
    #[must_use]
    pub fn with_members(mut self, members: &[User]) -> Self {
        self.members = Some(members.iter().map(MemberShape::of).collect());
        self
    }
}

/// A new team, or a new name for one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamInput {
    /// Name; unique.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}
