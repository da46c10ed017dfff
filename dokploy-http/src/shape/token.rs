//! API tokens. The secret is in one answer only: that of its making.

use std::collections::BTreeSet;

use dokploy_core::clock::Timestamp;
use dokploy_core::control::CreatedToken;
use dokploy_core::id::{ProjectId, TokenId, UserId};
use dokploy_core::model::{ApiToken, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An API token as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
#[serde(rename_all = "camelCase")]
pub struct TokenShape {
    /// Identifier.
    pub id: TokenId,
    /// On whose behalf it acts.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// The only projects that it may be used for; absent: every one that its user reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_ids: Option<Vec<ProjectId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted any more; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last accepted, give or take a minute; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

impl TokenShape {
    /// Makes it of what is stored.
    pub fn of(token: &ApiToken) -> Self {
        Self {
            id: token.id,
            user_id: token.user_id,
            name: token.name.clone(),
            scopes: token.scopes.clone(),
            project_ids: token.project_ids.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A token that was just made: the only time that its secret is shown.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = CreatedToken)]
#[serde(rename_all = "camelCase")]
pub struct CreatedTokenShape {
    /// The secret, `dkp_…`; sent as a bearer.
    pub token: String,
    /// Identifier.
    pub id: TokenId,
    /// On whose behalf it acts.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// The only projects that it may be used for; absent: every one that its user reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_ids: Option<Vec<ProjectId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted any more; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl CreatedTokenShape {
    /// Makes it of what the core returned.
    pub fn of(created: &CreatedToken) -> Self {
        let token = TokenShape::of(&created.token);
        Self {
            token: created.secret.expose().to_owned(),
            id: token.id,
            user_id: token.user_id,
            name: token.name,
            scopes: token.scopes,
            project_ids: token.project_ids,
            created_at: token.created_at,
            expires_at: token.expires_at,
        }
    }
}

impl std::fmt::Debug for CreatedTokenShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedTokenShape")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A new API token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTokenInput {
    /// Name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may be used for; each scope includes those before it: read, deploy, write, admin.
    pub scopes: BTreeSet<Scope>,
    /// The only projects that it may be used for.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 500)]
    pub project_ids: Option<Vec<ProjectId>>,
    /// From when on it is not accepted any more.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}
