//! Where code comes from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::CredentialId;

/// A git repository and what of it is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSource {
    /// `https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`.
    /// Never holds credentials: they are stored apart.
    pub repo_url: String,
    /// Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Credential to use for this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<CredentialId>,
    /// Whether submodules belong to the tree.
    #[serde(default)]
    pub submodules: bool,
    /// Glob patterns; a push that touches none of them starts no deployment. Empty: every push does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch_paths: Vec<String>,
}

impl GitSource {
    /// A branch of a public repository.
    pub fn branch(repo_url: impl Into<String>, branch: impl Into<String>) -> Self {
        Self {
            repo_url: repo_url.into(),
            branch: Some(branch.into()),
            credential_id: None,
            submodules: false,
            watch_paths: Vec::new(),
        }
    }
}

/// Where an application's code comes from, resolved from its specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Source {
    /// A git repository.
    Git(GitSource),
    /// An image that exists already; nothing is fetched and nothing is built.
    Image {
        /// Image reference, as in `registry.example.com/team/app:1.2`.
        reference: String,
    },
    /// A directory on the machine of the engine.
    Directory {
        /// Absolute path.
        path: PathBuf,
    },
    /// An uploaded tar (optionally gzip) or zip archive in the engine's data directory.
    Archive {
        /// Path of the archive.
        path: PathBuf,
    },
}

/// A source pinned to one state: a commit, or the digest of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Full commit id, or the hexadecimal digest of a directory or archive.
    pub id: String,
    /// The full reference that was asked for, as in `refs/heads/main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// First line of the commit message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Author's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
}

impl Revision {
    /// The first seven characters, as used in image names.
    pub fn short(&self) -> &str {
        self.id.get(..7).unwrap_or(&self.id)
    }
}
