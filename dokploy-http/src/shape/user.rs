//! Accounts, and what somebody gets who signs in.

use dokploy_core::Secret;
use dokploy_core::clock::Timestamp;
use dokploy_core::control::SignedIn;
use dokploy_core::id::UserId;
use dokploy_core::model::{Role, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change;

/// An account as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
#[serde(rename_all = "camelCase")]
pub struct UserShape {
    /// Identifier.
    pub id: UserId,
    /// Grows by one with each change; `If-Match` takes it.
    pub version: i64,
    /// Name to sign in with, whatever its case.
    pub username: String,
    /// Address, for people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// Whether it is locked out.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl UserShape {
    /// Makes it of what is stored.
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id,
            version: user.version,
            username: user.username.clone(),
            email: user.email.clone(),
            role: user.role,
            disabled: user.disabled,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// A new account that somebody makes for himself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registering {
    /// Name to sign in with: letters, digits and any of `._@+-`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$")]
    pub username: String,
    /// At least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8)]
    pub password: Secret,
    /// Address, for people to read.
    #[serde(default)]
    pub email: Option<String>,
}

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigningIn {
    /// Name of the account.
    pub username: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    pub password: Secret,
}

/// A change of one's own password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[schema(value_type = String, format = Password)]
    pub current_password: Secret,
    /// The password from now on; at least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8)]
    pub new_password: Secret,
}

/// Somebody who has just signed in.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Session)]
#[serde(rename_all = "camelCase")]
pub struct SessionShape {
    /// The account.
    pub user: UserShape,
    /// What proves the session from now on, as a bearer.
    pub token: String,
    /// What a page sends as `X-CSRF-Token` with each write that it makes with the cookie.
    pub csrf_token: String,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl SessionShape {
    /// Makes it of what the core returned.
    pub fn of(signed_in: &SignedIn) -> Self {
        Self {
            user: UserShape::of(&signed_in.user),
            token: signed_in.token.expose().to_owned(),
            csrf_token: signed_in.csrf_token.clone(),
            expires_at: signed_in.session.expires_at,
        }
    }
}

impl std::fmt::Debug for SessionShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionShape")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Me)]
#[serde(rename_all = "camelCase")]
pub struct MeShape {
    /// The account.
    pub user: UserShape,
    /// What a page sends as `X-CSRF-Token` with each write that it makes with the cookie; absent for an API token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
}

/// A new account that an administrator makes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUserInput {
    /// Name to sign in with: letters, digits and any of `._@+-`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$")]
    pub username: String,
    /// At least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8)]
    pub password: Secret,
    /// What the account may do.
    pub role: Role,
    /// Address, for people to read.
    #[serde(default)]
    pub email: Option<String>,
}

/// What changes about an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPatch {
    /// What the account may do.
    #[serde(default)]
    pub role: Option<Role>,
    /// Whether it is locked out.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// Address, for people to read; null takes it away.
    #[serde(default, deserialize_with = "change::given")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// A new password; all sessions of the account end.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8)]
    pub password: Option<Secret>,
}
