//! Credentials for git hosts and registries: their secrets go in and never come out.

use dokploy_core::Secret;
use dokploy_core::clock::Timestamp;
use dokploy_core::id::{CredentialId, ProjectId};
use dokploy_core::model::{Credential, CredentialKind, CredentialSecret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A credential as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
#[serde(rename_all = "camelCase")]
pub struct CredentialShape {
    /// Identifier.
    pub id: CredentialId,
    /// The project whose applications may name it; absent for one of the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// What it is for.
    pub kind: CredentialKind,
    /// Name for people; unique within its project.
    pub name: String,
    /// The only host, with an optional port, that it is ever sent to.
    pub host: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl CredentialShape {
    /// Makes it of what is stored.
    pub fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id,
            project_id: credential.project_id,
            kind: credential.kind,
            name: credential.name.clone(),
            host: credential.host.clone(),
            created_at: credential.created_at,
        }
    }
}

/// A new credential.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCredentialInput {
    /// The project whose applications may name it; left out, it belongs to the installation.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// What it is for.
    pub kind: CredentialKind,
    /// Name for people; unique within its project.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The only host, with an optional port, that it is ever sent to.
    pub host: String,
    /// The secret.
    pub secret: CredentialSecretInput,
}

/// The secret of a credential.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CredentialSecretInput {
    /// User and password, or user and token.
    Basic {
        /// User name.
        username: String,
        /// Password or token.
        #[schema(value_type = String, format = Password)]
        password: Secret,
    },
    /// A bearer token.
    Token {
        /// The token.
        #[schema(value_type = String, format = Password)]
        token: Secret,
    },
    /// An ssh key in OpenSSH or PEM form.
    #[serde(rename_all = "camelCase")]
    SshKey {
        /// Private key.
        #[schema(value_type = String, format = Password)]
        private_key: Secret,
        /// Passphrase of the key.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = Password)]
        passphrase: Option<Secret>,
        /// Accepted host keys in `known_hosts` form, without the host column; at least one.
        host_keys: Vec<String>,
    },
}

impl From<CredentialSecretInput> for CredentialSecret {
    fn from(input: CredentialSecretInput) -> Self {
        match input {
            CredentialSecretInput::Basic { username, password } => {
                Self::Basic { username, password }
            }
            CredentialSecretInput::Token { token } => Self::Token { token },
            CredentialSecretInput::SshKey {
                private_key,
                passphrase,
                host_keys,
            } => Self::SshKey {
                private_key,
                passphrase,
                host_keys,
            },
        }
    }
}
