//! Projects: what groups applications, and whose turn the queue takes in order.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ProjectId, TeamId, UserId};

/// A group of applications. The queue is fair over projects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Identifier.
    pub id: ProjectId,
    /// Grows by one with each change; expected by writes that can race.
    pub version: i64,
    /// Unique among the projects that are not deleted.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Whose it is; absent where an embedder without users made it.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// The team whose members see it, too.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
