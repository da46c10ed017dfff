//! Teams: several users who see the same projects.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::TeamId;

/// A group of users. Its members are a relation of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Identifier.
    pub id: TeamId,
    /// Grows by one with each change; expected by writes that can race.
    pub version: i64,
    /// Unique among the teams that are not deleted.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
