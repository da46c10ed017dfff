//! Credentials for git hosts and registries: stored sealed, and never read back.
//!
//! A credential belongs to a project, whose applications alone may name it, or to the installation: an administrator
//! gives that one to the applications that he chooses.

use super::ControlPlane;
use super::audited::About;
use super::reach::{reach_of, require};
use crate::access::{Action, Actor, can};
use crate::error::{Error, Result};
use crate::id::{CredentialId, ProjectId};
use crate::model::{
    ApplicationSpec, Credential, CredentialKind, CredentialSecret, Page, PageRequest,
};

impl ControlPlane {
    /// Credentials that the actor reaches, of one project or of all, newest first, without their secrets.
    ///
    /// # Errors
    ///
    /// `not_found` for a project that he does not reach.
    pub async fn credentials(
        &self,
        actor: &Actor,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Credential>> {
        let action = Action::CredentialRead;
        let work = async {
            require(actor, action)?;
            let mut reach = reach_of(actor)?;
            if let Some(project) = project {
                self.project_for(actor, action, project).await?;
                reach = reach.within(project);
            }
            self.store().list_credentials_in_reach(&reach, page).await
        };
        let about = About::thing("credential", "all");
        self.read(actor, action, about, work).await
    }

    /// A credential, without its secret.
    pub async fn credential(&self, actor: &Actor, id: CredentialId) -> Result<Credential> {
        let action = Action::CredentialRead;
        let work = async {
            let credential = self.reached_credential(actor, id).await?;
            require(actor, action)?;
            Ok(credential)
        };
        let about = About::thing("credential", id);
        self.read(actor, action, about, work).await
    }

    /// Stores a credential of the installation, sealed.
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
        let action = Action::SharedCredentialUpdate;
        let work = async {
            require(actor, action)?;
            let engine = &self.inner.engine;
            engine.create_credential(kind, name, host, secret).await
        };
        let about = About::thing("credential", "new").with_detail(format!("{name} for {host}"));
        self.change(actor, action, about, work).await
    }

    /// Stores a credential for the applications of a project, sealed.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::create_credential`].
    pub async fn create_project_credential(
        &self,
        actor: &Actor,
        project: ProjectId,
        kind: CredentialKind,
        name: &str,
        host: &str,
        secret: &CredentialSecret,
    ) -> Result<Credential> {
        let action = Action::CredentialCreate;
        let work = async {
            let project = self.project_for(actor, action, project).await?.id;
            let engine = &self.inner.engine;
            engine
                .create_credential_in(Some(project), kind, name, host, secret)
                .await
        };
        let about = About::thing("project", project).with_detail(format!("{name} for {host}"));
        self.change(actor, action, about, work).await
    }

    /// Deletes a credential. Applications that name it fail to fetch from then on, and say so.
    pub async fn delete_credential(&self, actor: &Actor, id: CredentialId) -> Result<()> {
        let work = async {
            let credential = self.reached_credential(actor, id).await?;
            match credential.project_id {
                Some(project) => {
                    let action = Action::CredentialDelete;
                    self.project_for(actor, action, project).await?;
                }
                None => require(actor, Action::SharedCredentialUpdate)?,
            }
            self.inner.engine.delete_credential(id).await
        };
        let about = About::thing("credential", id);
        self.change(actor, Action::CredentialDelete, about, work)
            .await
    }

    async fn reached_credential(&self, actor: &Actor, id: CredentialId) -> Result<Credential> {
        let reach = reach_of(actor)?;
        let found = self.store().find_credential_in_reach(&reach, id).await?;
        found.ok_or_else(|| Error::not_found("credential", id))
    }

    /// Refuses to let an application name a credential that is not its project's, unless an administrator says so. What
    /// is stored may stay.
    pub(super) async fn check_credentials(
        &self,
        actor: &Actor,
        project: ProjectId,
        spec: &ApplicationSpec,
        stored: Option<&ApplicationSpec>,
    ) -> Result<()> {
        let known: Vec<_> = stored.map(named).unwrap_or_default();
        for id in named(spec).into_iter().filter(|id| !known.contains(id)) {
            let credential = self.reached_credential(actor, id).await?;
            let is_given = match credential.project_id {
                Some(own) => own == project,
                None => can(actor, Action::SharedCredentialUpdate),
            };
            if !is_given {
                return Err(Error::not_found("credential", id));
            }
        }
        Ok(())
    }
}

/// The credentials that a specification names.
fn named(spec: &ApplicationSpec) -> Vec<CredentialId> {
    let git = spec.git_source.as_ref().and_then(|git| git.credential_id);
    git.into_iter().chain(spec.registry_credential_id).collect()
}
