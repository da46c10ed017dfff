//! Applications.

use std::collections::BTreeMap;

use super::ControlPlane;
use super::audited::About;
use super::deployments;
use super::reach::{reach_of, require};
use crate::access::{Action, Actor, can};
use crate::error::Result;
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, ApplicationSpec, Deployment, EnvValue, Page, PageRequest, Reach};

/// An application with what a reader wants to know besides.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationView {
    /// As stored, secrets sealed. Who may not know which secrets there are gets it without them.
    pub application: Application,
    /// Its newest deployment.
    pub last_deployment: Option<Deployment>,
}

impl ControlPlane {
    /// Applications that the actor reaches, of one project or of all, newest first.
    ///
    /// # Errors
    ///
    /// `not_found` for a project that he does not reach.
    pub async fn applications(
        &self,
        actor: &Actor,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<ApplicationView>> {
        let reach = self.listing(actor, project).await?;
        let listed = self.listed_applications(&reach, project, page).await?;
        let ids: Vec<_> = listed
            .items
            .iter()
            .map(|application| application.id)
            .collect();
        let mut last = self.last_deployments(&ids).await?;
        let items = listed
            .items
            .into_iter()
            .map(|application| view(actor, application, &mut last));
        Ok(Page {
            items: items.collect(),
            next: listed.next,
        })
    }

    /// What an actor reaches when he lists the applications of a project, or of all.
    pub(super) async fn listing(&self, actor: &Actor, project: Option<ProjectId>) -> Result<Reach> {
        require(actor, Action::ApplicationRead)?;
        if let Some(project) = project {
            self.project_for(actor, Action::ProjectRead, project)
                .await?;
        }
        reach_of(actor)
    }

    /// An application.
    pub async fn application(&self, actor: &Actor, id: ApplicationId) -> Result<ApplicationView> {
        let work = async {
            let application = self.shown_application(actor, id).await?;
            let mut last = self.last_deployments(&[id]).await?;
            Ok(view(actor, application, &mut last))
        };
        let about = About::thing("application", id);
        self.read(actor, Action::ApplicationRead, about, work).await
    }

    /// Makes an application. One without a source waits for an upload.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with every broken field and for a source on the machine of the engine, `not_found` for a project
    /// or a credential that the actor does not reach, `already_exists` when the name is taken in the project.
    pub async fn create_application(
        &self,
        actor: &Actor,
        project: ProjectId,
        spec: ApplicationSpec,
    ) -> Result<Application> {
        let id = ApplicationId::new();
        let about = About::thing("application", id).with_detail(&spec.name);
        let work = async {
            self.project_for(actor, Action::ApplicationCreate, project)
                .await?;
            let spec = self.with_upload(id, spec);
            self.check_sources(actor, id, &spec, None)?;
            self.check_credentials(actor, project, &spec, None).await?;
            self.inner
                .engine
                .create_application_as(id, project, spec)
                .await
        };
        let made = self
            .change(actor, Action::ApplicationCreate, about, work)
            .await?;
        Ok(seen_by(actor, made))
    }

    /// Replaces the specification of an application. It takes effect with the next deployment.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one; see also [`ControlPlane::create_application`].
    pub async fn update_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
        version: Option<i64>,
        spec: ApplicationSpec,
    ) -> Result<Application> {
        let work = async {
            let action = Action::ApplicationUpdate;
            let stored = self.application_for(actor, action, id).await?;
            self.check_sources(actor, id, &spec, Some(&stored.spec))?;
            let known = Some(&stored.spec);
            self.check_credentials(actor, stored.project_id, &spec, known)
                .await?;
            let version = version.unwrap_or(stored.version);
            self.inner
                .engine
                .update_application(id, version, spec)
                .await
        };
        let about = About::thing("application", id);
        let changed = self
            .change(actor, Action::ApplicationUpdate, about, work)
            .await?;
        Ok(seen_by(actor, changed))
    }

    /// Deletes an application with everything that was made for it, its volumes excepted.
    pub async fn delete_application(&self, actor: &Actor, id: ApplicationId) -> Result<()> {
        let work = async {
            self.application_for(actor, Action::ApplicationDelete, id)
                .await?;
            self.inner.engine.delete_application(id).await?;
            self.forget_archives(id).await
        };
        let about = About::thing("application", id);
        self.change(actor, Action::ApplicationDelete, about, work)
            .await
    }

    /// Sets the number of replicas at once, without a deployment.
    ///
    /// # Errors
    ///
    /// `conflict` while a deployment is under way and before the first one.
    pub async fn scale(
        &self,
        actor: &Actor,
        id: ApplicationId,
        replicas: u32,
    ) -> Result<Application> {
        let about = About::thing("application", id).with_detail(format!("replicas {replicas}"));
        let work = async {
            self.application_for(actor, Action::ApplicationScale, id)
                .await?;
            self.inner.engine.scale(id, replicas).await
        };
        let scaled = self
            .change(actor, Action::ApplicationScale, about, work)
            .await?;
        Ok(seen_by(actor, scaled))
    }

    /// Stops an application: it keeps its service, with no tasks.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::scale`].
    pub async fn stop(&self, actor: &Actor, id: ApplicationId) -> Result<Application> {
        let work = async {
            self.application_for(actor, Action::ApplicationStop, id)
                .await?;
            self.inner.engine.stop(id).await
        };
        let about = About::thing("application", id);
        let stopped = self
            .change(actor, Action::ApplicationStop, about, work)
            .await?;
        Ok(seen_by(actor, stopped))
    }

    /// Starts a stopped application with the release that it had.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::scale`].
    pub async fn start(&self, actor: &Actor, id: ApplicationId) -> Result<Application> {
        let work = async {
            self.application_for(actor, Action::ApplicationStart, id)
                .await?;
            self.inner.engine.start(id).await
        };
        let about = About::thing("application", id);
        let started = self
            .change(actor, Action::ApplicationStart, about, work)
            .await?;
        Ok(seen_by(actor, started))
    }

    /// Replaces all tasks of an application, with nothing changed.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::scale`].
    pub async fn restart(&self, actor: &Actor, id: ApplicationId) -> Result<()> {
        let work = async {
            self.application_for(actor, Action::ApplicationRestart, id)
                .await?;
            self.inner.engine.restart(id).await
        };
        let about = About::thing("application", id);
        self.change(actor, Action::ApplicationRestart, about, work)
            .await
    }
}

fn view(
    actor: &Actor,
    application: Application,
    last: &mut BTreeMap<ApplicationId, Deployment>,
) -> ApplicationView {
    let last = last.remove(&application.id);
    ApplicationView {
        last_deployment: last.map(|deployment| deployments::seen_by(actor, deployment)),
        application: seen_by(actor, application),
    }
}

/// What an actor sees of an application that he reaches: not which secrets it has, unless he may know that.
pub(super) fn seen_by(actor: &Actor, mut application: Application) -> Application {
    if !sees_secrets(actor) {
        application.spec = without_secrets(application.spec);
    }
    application
}

/// Whether an actor may know which secrets there are. Of two who reach the same, it is all that one sees and the other
/// does not.
pub(super) fn sees_secrets(actor: &Actor) -> bool {
    can(actor, Action::EnvironmentRead)
}

/// A specification without the names of its secrets.
pub(super) fn without_secrets(mut spec: ApplicationSpec) -> ApplicationSpec {
    spec.env_vars
        .retain(|variable| matches!(variable.value, EnvValue::Plain(_)));
    spec.build_secrets.clear();
    spec
}
