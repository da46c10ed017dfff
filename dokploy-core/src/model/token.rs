//! API tokens: what programs sign in with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ProjectId, TokenId, UserId};

/// What a token may be used for, within what its user may do. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To look.
    Read,
    /// To deploy, roll back, cancel and scale.
    Deploy,
    /// To change projects and applications.
    Write,
    /// To manage users, teams and tokens.
    Admin,
}

/// A token. Its secret is shown once, when it is made, and kept as a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Identifier.
    pub id: TokenId,
    /// On whose behalf it acts.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// The only projects that it may be used for; absent: every one that its user reaches.
    #[serde(default)]
    pub project_ids: Option<Vec<ProjectId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted any more; absent: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last accepted, give or take a minute; absent: never.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
}
