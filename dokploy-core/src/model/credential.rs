//! Credentials for git hosts and registries, sealed at rest and never read back.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{CredentialId, ProjectId};
use crate::secret::{SealedSecret, Secret};

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum CredentialKind {
    /// A git host.
    Git,
    /// An image registry.
    Registry,
}

/// A stored credential. The secret part is sealed; reads never return it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Identifier.
    pub id: CredentialId,
    /// The project whose applications alone may use it; absent: an administrator gives it to applications.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// What it is for.
    pub kind: CredentialKind,
    /// Name for people; unique within its project.
    pub name: String,
    /// The only host, with an optional port, that it is ever sent to.
    pub host: String,
    /// A sealed JSON form of [`CredentialSecret`].
    #[serde(skip_serializing)]
    pub sealed: SealedSecret,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The secret part of a credential, in memory only.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CredentialSecret {
    /// User and password, or user and token.
    Basic {
        /// User name.
        username: String,
        /// Password or token.
        password: Secret,
    },
    /// A bearer token; git hosts get it as the password of the user `x-access-token`.
    Token {
        /// The token.
        token: Secret,
    },
    /// An ssh key in OpenSSH or PEM form.
    SshKey {
        /// Private key.
        private_key: Secret,
        /// Passphrase of the key.
        passphrase: Option<Secret>,
        /// Accepted host keys in `known_hosts` form, without the host column. At least one is required: an
        /// unknown host key is refused.
        host_keys: Vec<String>,
    },
}
