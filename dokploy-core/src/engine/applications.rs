//! Projects and applications: created, changed, scaled, stopped, deleted. The rules live here, for every front end.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::databases::refuse_part_of_database;
use super::{Engine, sealing};
use crate::bus::Signal;
use crate::deployer::Deployer;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, ApplicationSpec, PageRequest, Project, ServiceMode};
use crate::runtime::{ObservedService, OwnedKind, OwnedObject, label};
use crate::secret::Secret;
use crate::store::DeploymentFilter;

/// How long a deletion waits for a deployment that runs to stop.
const STOP_DEADLINE: Duration = Duration::from_mins(1);

impl Engine {
    /// Makes a project.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a bad name, `already_exists` when it is taken.
    pub async fn create_project(&self, name: &str, description: &str) -> Result<Project> {
        let now = self.inner.clock.now();
        let project = Project {
            id: ProjectId::new(),
            version: 1,
            name: name.to_owned(),
            description: description.to_owned(),
            owner_id: None,
            team_id: None,
            created_at: now,
            updated_at: now,
        };
        project.validate()?;
        self.inner.store.create_project(&project).await?;
        Ok(project)
    }

    /// Deletes a project that has no applications. Deleting what is absent is Ok.
    pub async fn delete_project(&self, id: ProjectId) -> Result<()> {
        self.inner
            .store
            .delete_project(id, self.inner.clock.now())
            .await
    }

    /// Makes an application. New secrets in the specification are sealed before anything is stored.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with every broken field, `not_found` for an unknown project, `already_exists` when the name is
    /// taken in it.
    pub async fn create_application(
        &self,
        project: ProjectId,
        spec: ApplicationSpec,
    ) -> Result<Application> {
        self.create_application_as(ApplicationId::new(), project, spec)
            .await
    }

    /// The same under an identifier that the caller has made.
    pub(crate) async fn create_application_as(
        &self,
        id: ApplicationId,
        project: ProjectId,
        spec: ApplicationSpec,
    ) -> Result<Application> {
        spec.validate()?;
        let found = self.inner.store.find_project(project).await?;
        let project = found.ok_or_else(|| Error::not_found("project", project))?;
        let now = self.inner.clock.now();
        let application = Application {
            id,
            version: 1,
            project_id: project.id,
            service_name: crate::model::service_name(&project.name, &spec.name),
            spec: sealing::seal(&self.inner.keyring, id, spec)?,
            stopped: false,
            current_release_id: None,
            webhook_secret: Some(sealing::new_webhook_secret(&self.inner.keyring, id)?),
            database_id: None,
            created_at: now,
            updated_at: now,
        };
        self.inner.store.create_application(&application).await?;
        self.announce(&application).await;
        Ok(application)
    }

    /// Replaces the specification of an application. It takes effect with the next deployment.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is not the stored one; see also [`Engine::create_application`]. The name cannot be
    /// changed, because the service is named after it.
    pub async fn update_application(
        &self,
        id: ApplicationId,
        version: i64,
        spec: ApplicationSpec,
    ) -> Result<Application> {
        spec.validate()?;
        let stored = self.application(id).await?;
        refuse_part_of_database(&stored)?;
        if stored.spec.name != spec.name {
            return Err(Error::invalid_field(
                "name",
                "cannot be changed: the service is named after it",
            )
            .with_hint("make a new application and delete this one"));
        }
        let spec = sealing::seal(&self.inner.keyring, id, spec)?;
        let now = self.inner.clock.now();
        self.save(&Application {
            version,
            spec,
            updated_at: now,
            ..stored
        })
        .await
    }

    /// What senders of webhooks for an application sign with; absent where an earlier version made it and nobody has
    /// rotated it since.
    ///
    /// # Errors
    ///
    /// `unavailable` when the key that sealed it is not in the key ring.
    pub fn webhook_secret(&self, application: &Application) -> Result<Option<Secret>> {
        let sealed = application.webhook_secret.as_ref();
        sealed
            .map(|sealed| sealing::webhook_secret(&self.inner.keyring, application.id, sealed))
            .transpose()
    }

    /// Gives an application a new webhook secret. What is signed with the old one is refused from then on.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is not the stored one, `not_found` when there is no such application.
    pub async fn rotate_webhook_secret(
        &self,
        id: ApplicationId,
        version: i64,
    ) -> Result<Application> {
        let stored = self.application(id).await?;
        let secret = sealing::new_webhook_secret(&self.inner.keyring, id)?;
        self.save(&Application {
            version,
            webhook_secret: Some(secret),
            updated_at: self.inner.clock.now(),
            ..stored
        })
        .await
    }

    /// Sets the number of replicas at once, without a deployment.
    ///
    /// # Errors
    ///
    /// `conflict` while a deployment is under way, `invalid_spec` where the specification allows only one.
    pub async fn scale(&self, id: ApplicationId, replicas: u32) -> Result<Application> {
        let mut application = self.application(id).await?;
        application.spec.replicas = replicas;
        application.spec.validate()?;
        if application.spec.mode == ServiceMode::Global {
            return Err(Error::invalid_field(
                "replicas",
                "a global application has one task on each node",
            ));
        }
        let service = self.idle_service(&application).await?;
        application.stopped = replicas == 0;
        let saved = self.save(&application).await?;
        self.inner
            .runtime
            .scale_service(&service.name, replicas, service.version)
            .await?;
        Ok(saved)
    }

    /// Stops an application: it keeps its service, with no tasks.
    pub async fn stop(&self, id: ApplicationId) -> Result<Application> {
        let mut application = self.application(id).await?;
        let service = self.idle_service(&application).await?;
        application.stopped = true;
        let saved = self.save(&application).await?;
        self.inner
            .runtime
            .scale_service(&service.name, 0, service.version)
            .await?;
        Ok(saved)
    }

    /// Starts a stopped application with the release that it had.
    pub async fn start(&self, id: ApplicationId) -> Result<Application> {
        let mut application = self.application(id).await?;
        let service = self.idle_service(&application).await?;
        application.stopped = false;
        let saved = self.save(&application).await?;
        let replicas = application.spec.replicas;
        self.inner
            .runtime
            .scale_service(&service.name, replicas, service.version)
            .await?;
        Ok(saved)
    }

    /// Replaces all tasks of an application, with nothing changed.
    pub async fn restart(&self, id: ApplicationId) -> Result<()> {
        let application = self.application(id).await?;
        let service = self.idle_service(&application).await?;
        self.inner
            .runtime
            .restart_service(&service.name, service.version)
            .await?;
        Ok(())
    }

    /// Deletes an application and everything that was made for it, in order: its open deployments, its service, its
    /// secrets, images, mirror and logs, and last its row, so that a deletion that was interrupted can be asked for
    /// again. Its volumes stay: data is deleted only when asked for by name.
    pub async fn delete_application(&self, id: ApplicationId) -> Result<()> {
        let Some(application) = self.inner.store.find_application(id).await? else {
            return Ok(());
        };
        refuse_part_of_database(&application)?;
        self.remove_service_of(&application).await?;
        self.remove_application(&application).await
    }

    /// Ends what is open of an application, and removes its service.
    pub(super) async fn remove_service_of(&self, application: &Application) -> Result<()> {
        self.end_deployments(application).await?;
        let runtime = &self.inner.runtime;
        let observed = runtime.observe_service(&application.service_name).await?;
        // One that only has the same name belongs to somebody else.
        let own = Some(application.id.to_string());
        let ours =
            observed.filter(|service| service.labels.get(label::APPLICATION) == own.as_ref());
        if let Some(service) = ours {
            runtime.remove_service(&service.id).await?;
        }
        Ok(())
    }

    /// Removes everything else that was made for an application without a service, its volumes excepted, and last its
    /// row.
    pub(super) async fn remove_application(&self, application: &Application) -> Result<()> {
        let id = application.id;
        let labels = BTreeMap::from([(label::APPLICATION.to_owned(), id.to_string())]);
        for kind in [OwnedKind::Secret, OwnedKind::Image] {
            self.remove_owned(kind, &labels, |_| true).await?;
        }
        self.inner.sources.forget(id).await?;
        self.delete_logs(id).await?;
        self.inner
            .store
            .delete_application(id, self.inner.clock.now())
            .await?;
        self.announce(application).await;
        Ok(())
    }

    /// Removes everything of a kind that is chosen. The containers of a service go a little later than the service does, and what they
    /// use cannot be removed before.
    pub(super) async fn remove_owned(
        &self,
        kind: OwnedKind,
        labels: &BTreeMap<String, String>,
        chosen: impl Fn(&OwnedObject) -> bool,
    ) -> Result<()> {
        let runtime = &self.inner.runtime;
        let begun = Instant::now();
        loop {
            let mut in_use = None;
            let owned = runtime.list_owned(kind, labels).await?;
            for object in owned.into_iter().filter(&chosen) {
                if !runtime.remove_owned(&object).await? {
                    in_use = Some(object.name);
                }
            }
            match in_use {
                None => return Ok(()),
                Some(name) if begun.elapsed() > STOP_DEADLINE => {
                    let message = format!("{name} is still in use and cannot be removed");
                    return Err(Error::new(ErrorKind::Unavailable, message)
                        .with_hint("stop what uses it, and delete the application again"));
                }
                Some(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    pub(super) async fn save(&self, application: &Application) -> Result<Application> {
        let saved = self.inner.store.update_application(application).await?;
        self.announce(&saved).await;
        Ok(saved)
    }

    pub(super) async fn announce(&self, application: &Application) {
        self.inner
            .forget_cached(application.id, &application.service_name)
            .await;
        let signal = Signal::Application {
            application: application.id,
            project: application.project_id,
        };
        if let Err(error) = self.inner.bus.publish(&signal).await {
            tracing::debug!(error = %error, "a signal was lost; listeners also poll");
        }
    }

    /// The service of an application that no deployment is changing.
    async fn idle_service(&self, application: &Application) -> Result<ObservedService> {
        if let Some(open) = self.open_deployments(application.id).await?.first() {
            let message = format!(
                "deployment {open} of {} is under way",
                application.spec.name
            );
            return Err(Error::new(ErrorKind::Conflict, message)
                .with_hint("wait for it, or cancel it, and try again"));
        }
        let observed = self
            .inner
            .runtime
            .observe_service(&application.service_name)
            .await?;
        observed.ok_or_else(|| {
            let message = format!("{} has no service yet", application.spec.name);
            Error::new(ErrorKind::Conflict, message).with_hint("deploy it first")
        })
    }

    async fn open_deployments(
        &self,
        application: ApplicationId,
    ) -> Result<Vec<crate::id::DeploymentId>> {
        let filter = DeploymentFilter {
            application: Some(application),
            ..DeploymentFilter::default()
        };
        let page = self
            .inner
            .store
            .list_deployments(&filter, PageRequest::first())
            .await?;
        let open = page
            .items
            .into_iter()
            .filter(|deployment| !deployment.state.status.is_terminal());
        Ok(open.map(|deployment| deployment.id).collect())
    }

    /// Cancels what is open and waits until it has stopped. What was accepted meanwhile is cancelled, too.
    async fn end_deployments(&self, application: &Application) -> Result<()> {
        loop {
            let open = self.open_deployments(application.id).await?;
            if open.is_empty() {
                return Ok(());
            }
            for id in open {
                self.cancel(id, None).await?;
                crate::deployer::wait(&self.deployer(), id, STOP_DEADLINE)
                    .await
                    .map_err(|error| {
                        error.with_hint("a running engine has to stop it first; delete again then")
                    })?;
            }
        }
    }

    async fn delete_logs(&self, application: ApplicationId) -> Result<()> {
        let filter = DeploymentFilter {
            application: Some(application),
            ..DeploymentFilter::default()
        };
        let mut page = PageRequest {
            limit: PageRequest::LIMIT_MAX,
            before: None,
        };
        loop {
            let deployments = self.inner.store.list_deployments(&filter, page).await?;
            for deployment in &deployments.items {
                self.inner.logs.delete(deployment.id).await?;
            }
            match deployments.next {
                Some(next) => page.before = Some(next),
                None => return Ok(()),
            }
        }
    }
}
