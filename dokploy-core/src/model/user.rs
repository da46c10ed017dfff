//! Users: who may sign in, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::id::UserId;

/// What a user may do, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees what is his or his teams'.
    Viewer,
    /// Changes and deploys it, too.
    Developer,
    /// Does everything everywhere, but to owners.
    Admin,
    /// Does everything everywhere. There is always at least one.
    Owner,
}

/// Somebody who may sign in. Whatever proves who he is is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Identifier.
    pub id: UserId,
    /// Grows by one with each change; expected by writes that can race.
    pub version: i64,
    /// Name to sign in with; unique among the users that are not deleted, upper and lower case being the same.
    pub username: String,
    /// Address for people; not unique and never proof of who somebody is.
    #[serde(default)]
    pub email: Option<String>,
    /// What he may do.
    pub role: Role,
    /// Whether he is locked out: no session and no token of his is accepted.
    #[serde(default)]
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Whether he is an owner who may sign in. There is always at least one.
    pub fn is_owner(&self) -> bool {
        self.role == Role::Owner && !self.disabled
    }
}

/// A password as it is stored: what only the right password fits. It is neither shown nor serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Zeroizing<String>);

impl PasswordHash {
    /// Wraps a hash, as in `$argon2id$v=19$…`.
    pub fn new(hash: impl Into<String>) -> Self {
        Self(Zeroizing::new(hash.into()))
    }

    /// The text of the hash.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A user as an identity provider knows him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalIdentity {
    /// URL of the provider.
    pub issuer: String,
    /// The provider's own name for him, which never changes.
    pub subject: String,
    /// The user that he is here.
    pub user_id: UserId,
}
