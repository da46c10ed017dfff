//! Credentials for git hosts and registries: stored sealed, and never read back.

use super::ControlPlane;
use super::audited::About;
use super::reach::require;
use crate::access::{Action, Actor};
use crate::error::{Error, Result};
use crate::id::CredentialId;
use crate::model::{Credential, CredentialKind, CredentialSecret, Page, PageRequest};

impl ControlPlane {
    /// Credentials, newest first, without their secrets.
    pub async fn credentials(&self, actor: &Actor, page: PageRequest) -> Result<Page<Credential>> {
        let work = async {
            require(actor, Action::CredentialRead)?;
            self.store().list_credentials(page).await
        };
        let about = About::thing("credential", "all");
        self.read(actor, Action::CredentialRead, about, work).await
    }

    /// A credential, without its secret.
    pub async fn credential(&self, actor: &Actor, id: CredentialId) -> Result<Credential> {
        let work = async {
            require(actor, Action::CredentialRead)?;
            self.known_credential(id).await
        };
        let about = About::thing("credential", id);
        self.read(actor, Action::CredentialRead, about, work).await
    }

    /// Stores a credential, sealed.
    ///
    /// # Errors
    ///
    /// `already_exists` when the name is taken, `invalid_spec` for an empty name or host, or an ssh key without a host
    /// key.
    pub async fn create_credential(
        &self,
        actor: &Actor,
        kind: CredentialKind,
        name: &str,
        host: &str,
        secret: &CredentialSecret,
    ) -> Result<Credential> {
        let about = About::thing("credential", "new").with_detail(format!("{name} for {host}"));
        let work = async {
            require(actor, Action::CredentialCreate)?;
            self.inner
                .engine
                .create_credential(kind, name, host, secret)
                .await
        };
        self.change(actor, Action::CredentialCreate, about, work)
            .await
    }

    /// Deletes a credential. Applications that name it fail to fetch from then on, and say so.
    pub async fn delete_credential(&self, actor: &Actor, id: CredentialId) -> Result<()> {
        let work = async {
            require(actor, Action::CredentialDelete)?;
            self.known_credential(id).await?;
            self.inner.engine.delete_credential(id).await
        };
        let about = About::thing("credential", id);
        self.change(actor, Action::CredentialDelete, about, work)
            .await
    }

    async fn known_credential(&self, id: CredentialId) -> Result<Credential> {
        let found = self.store().find_credential(id).await?;
        found.ok_or_else(|| Error::not_found("credential", id))
    }
}
