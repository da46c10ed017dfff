//! Deployments: asked for, looked at, gone back from.

use futures::stream::BoxStream;

use super::ControlPlane;
use super::applications::{sees_secrets, without_secrets};
use super::audited::About;
use super::live::Subject;
use super::reach::{reach_of, require};
use super::sources::waits_for_upload;
use crate::access::{Action, Actor};
use crate::deployer::{DeployRequest, Deployer, LogLine, Plan, RollbackRequest};
use crate::deployment::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DeploymentId, ReleaseId};
use crate::model::{Application, Deployment, DeploymentKind, Page, PageRequest};
use crate::store::DeploymentFilter;

impl ControlPlane {
    /// Accepts a deployment: durable when it returns. The same idempotency key gives the same deployment.
    ///
    /// # Errors
    ///
    /// As [`Deployer::deploy`].
    pub async fn deploy(&self, actor: &Actor, mut request: DeployRequest) -> Result<Deployment> {
        let id = request.application;
        request.request.actor = Some(actor.reference());
        let work = async {
            let action = Action::ApplicationDeploy;
            require_source(&self.application_for(actor, action, id).await?)?;
            let handle = self.inner.engine.deploy(request).await?;
            handle.get().await
        };
        let about = About::thing("application", id);
        let accepted = self
            .change(actor, Action::ApplicationDeploy, about, work)
            .await?;
        Ok(seen_by(actor, accepted))
    }

    /// What a deployment would do, without doing any of it.
    ///
    /// # Errors
    ///
    /// As [`Deployer::plan`].
    pub async fn plan(&self, actor: &Actor, request: DeployRequest) -> Result<Plan> {
        let id = request.application;
        let work = async {
            let action = Action::ApplicationDeploy;
            require_source(&self.application_for(actor, action, id).await?)?;
            self.inner.engine.plan(request).await
        };
        let about = About::thing("application", id);
        self.read(actor, Action::ApplicationDeploy, about, work)
            .await
    }

    /// Goes back to an earlier release of an application; unset: to the stable one before the current one.
    ///
    /// # Errors
    ///
    /// As [`Deployer::roll_back`].
    pub async fn roll_back(
        &self,
        actor: &Actor,
        application: ApplicationId,
        release: Option<ReleaseId>,
        idempotency_key: Option<String>,
    ) -> Result<Deployment> {
        let mut about = About::thing("application", application);
        if let Some(release) = release {
            about = about.with_detail(format!("to release:{release}"));
        }
        let action = Action::DeploymentRollBack;
        let work = async {
            self.application_for(actor, action, application).await?;
            self.rolled_back(actor, application, release, idempotency_key)
                .await
        };
        let accepted = self.change(actor, action, about, work).await?;
        Ok(seen_by(actor, accepted))
    }

    /// Goes back by the name of a deployment. Of the one whose release is current it undoes what it did: the stable
    /// release before it becomes current. The release of an older one becomes current again.
    ///
    /// # Errors
    ///
    /// `conflict` for a deployment that made no release, and as [`ControlPlane::roll_back`].
    pub async fn roll_back_to(
        &self,
        actor: &Actor,
        id: DeploymentId,
        idempotency_key: Option<String>,
    ) -> Result<Deployment> {
        let action = Action::DeploymentRollBack;
        let work = async {
            let deployment = self.deployment_for(actor, action, id).await?;
            let release = self.target_of(&deployment).await?;
            self.rolled_back(actor, deployment.application_id, release, idempotency_key)
                .await
        };
        let about = About::thing("deployment", id);
        let accepted = self.change(actor, action, about, work).await?;
        Ok(seen_by(actor, accepted))
    }

    /// The release that one goes back to by the name of a deployment; `None` for the one before the current one.
    async fn target_of(&self, deployment: &Deployment) -> Result<Option<ReleaseId>> {
        let made = match deployment.kind {
            DeploymentKind::Rollback => deployment.target_release_id,
            DeploymentKind::Deploy => deployment.state.release_id,
        };
        let Some(release) = made else {
            let message = format!("deployment {} made no release to go back to", deployment.id);
            return Err(
                Error::new(ErrorKind::Conflict, message).with_hint("name one that was a success")
            );
        };
        let engine = &self.inner.engine;
        let application = engine.application(deployment.application_id).await?;
        Ok(Some(release).filter(|_| application.current_release_id != Some(release)))
    }

    async fn rolled_back(
        &self,
        actor: &Actor,
        application: ApplicationId,
        release: Option<ReleaseId>,
        idempotency_key: Option<String>,
    ) -> Result<Deployment> {
        let request = RollbackRequest {
            application,
            release,
            actor: Some(actor.reference()),
            idempotency_key,
        };
        let handle = self.inner.engine.roll_back(request).await?;
        handle.get().await
    }

    /// Asks to cancel a deployment. Asking again, or for one that is terminal, changes nothing.
    pub async fn cancel(&self, actor: &Actor, id: DeploymentId) -> Result<Deployment> {
        let work = async {
            self.deployment_for(actor, Action::DeploymentCancel, id)
                .await?;
            self.inner.engine.cancel(id, Some(actor.reference())).await
        };
        let about = About::thing("deployment", id);
        let cancelled = self
            .change(actor, Action::DeploymentCancel, about, work)
            .await?;
        Ok(seen_by(actor, cancelled))
    }

    /// A deployment.
    pub async fn deployment(&self, actor: &Actor, id: DeploymentId) -> Result<Deployment> {
        let work = self.deployment_for(actor, Action::DeploymentRead, id);
        let about = About::thing("deployment", id);
        let found = self
            .read(actor, Action::DeploymentRead, about, work)
            .await?;
        Ok(seen_by(actor, found))
    }

    /// Deployments that the actor reaches, newest first.
    ///
    /// # Errors
    ///
    /// `not_found` for an application or a project that he does not reach.
    pub async fn deployments(
        &self,
        actor: &Actor,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>> {
        require(actor, Action::DeploymentRead)?;
        let reach = reach_of(actor)?;
        if let Some(project) = filter.project {
            self.project_for(actor, Action::ProjectRead, project)
                .await?;
        }
        if let Some(application) = filter.application {
            self.application_for(actor, Action::ApplicationRead, application)
                .await?;
        }
        let filter = DeploymentFilter {
            reach,
            ..filter.clone()
        };
        let found = self.store().list_deployments(&filter, page).await?;
        Ok(Page {
            items: found
                .items
                .into_iter()
                .map(|one| seen_by(actor, one))
                .collect(),
            next: found.next,
        })
    }

    /// Events of a deployment after a number, those of the past first and then those to come, without a gap, until the
    /// terminal one. The stream ends with an error when the right to it ends.
    pub async fn events(
        &self,
        actor: &Actor,
        id: DeploymentId,
        after: u64,
    ) -> Result<BoxStream<'static, Result<Event>>> {
        self.require_subject(actor, Subject::Deployment(id)).await?;
        let events = self.inner.engine.watch(id, after);
        Ok(self.guarded(actor.clone(), Subject::Deployment(id), events))
    }

    /// Lines of a deployment's log after a number; with `follow`, until it is terminal. The stream ends with an error
    /// when the right to it ends.
    pub async fn deployment_logs(
        &self,
        actor: &Actor,
        id: DeploymentId,
        after: u64,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine>>> {
        self.require_subject(actor, Subject::DeploymentLogs(id))
            .await?;
        let lines = self.inner.engine.logs(id, after, follow);
        Ok(self.guarded(actor.clone(), Subject::DeploymentLogs(id), lines))
    }
}

/// There is nothing to deploy before the first upload.
fn require_source(application: &Application) -> Result<()> {
    if !waits_for_upload(&application.spec) {
        return Ok(());
    }
    let message = format!("{} has no source yet", application.spec.name);
    Err(Error::new(ErrorKind::Conflict, message).with_hint("upload an archive first"))
}

/// What an actor sees of a deployment that he reaches.
pub(super) fn seen_by(actor: &Actor, mut deployment: Deployment) -> Deployment {
    if !sees_secrets(actor) {
        deployment.spec = without_secrets(deployment.spec);
    }
    deployment
}
