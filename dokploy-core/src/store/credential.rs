//! Credentials, and small facts about the installation.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::CredentialId;
use crate::model::{Credential, Page, PageRequest, Reach};

/// Credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync + Debug {
    /// Stores a credential. `already_exists` when its name is taken within its project.
    async fn create_credential(&self, credential: &Credential) -> Result<()>;

    /// The credential, unless it is absent or deleted.
    async fn find_credential(&self, id: CredentialId) -> Result<Option<Credential>>;

    /// The credential, unless it is absent, deleted or out of reach. One that belongs to no project is reached by who
    /// reaches everything, and by nobody else.
    async fn find_credential_in_reach(
        &self,
        reach: &Reach,
        id: CredentialId,
    ) -> Result<Option<Credential>>;

    /// Credentials that are in reach, newest first.
    async fn list_credentials_in_reach(
        &self,
        reach: &Reach,
        page: PageRequest,
    ) -> Result<Page<Credential>>;

    /// Credentials, newest first.
    async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>>;

    /// Deletes a credential softly. Deleting what is absent or deleted is Ok.
    async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()>;
}

/// Small facts about the installation, such as the sealed canary of the key ring.
#[async_trait]
pub trait SettingStore: Send + Sync + Debug {
    /// Stores a value unless there is one, and returns the one that is stored then.
    async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String>;

    /// Whether the store answers and its migrations are complete.
    async fn ping(&self) -> Result<()>;

    /// How its connections are used; `None` for a store that has none.
    fn connections(&self) -> Option<ConnectionStats> {
        None
    }
}

/// How the connections of a store are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStats {
    /// Open ones that do nothing.
    pub idle: u32,
    /// Those that run a statement.
    pub used: u32,
    /// Most that there may be.
    pub max: u32,
}
