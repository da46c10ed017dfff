//! A plan for an application as somebody thinks of changing it, or of making it: nothing is stored for it.

use super::{Engine, plan, sealing};
use crate::deployer::Plan;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, ApplicationSpec, DeploymentRequest, service_name};

impl Engine {
    /// What a deployment would do if the application of this name had this specification, whether there is one
    /// already or not. Deploying with its digest is possible only when the application was not changed for it.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with every broken field; and what [`crate::Deployer::plan`] answers.
    pub async fn preview(
        &self,
        project: &str,
        spec: ApplicationSpec,
        request: &DeploymentRequest,
    ) -> Result<Plan> {
        spec.validate()?;
        request.validate()?;
        let store = &self.inner.store;
        let stored = match store.find_project_by_name(project).await? {
            Some(project) => {
                store
                    .find_application_by_name(project.id, &spec.name)
                    .await?
            }
            None => None,
        };
        if let Some(application) = stored {
            let spec = sealing::seal(&self.inner.keyring, application.id, spec)?;
            return plan::plan(
                &self.inner,
                &Application {
                    spec,
                    ..application
                },
                request,
            )
            .await;
        }
        let id = ApplicationId::new();
        let now = self.inner.clock.now();
        let application = Application {
            id,
            version: 1,
            project_id: ProjectId::new(),
            service_name: service_name(project, &spec.name),
            spec: sealing::seal(&self.inner.keyring, id, spec)?,
            stopped: false,
            current_release_id: None,
            webhook_secret: None,
            database_id: None,
            created_at: now,
            updated_at: now,
        };
        let plan = plan::plan(&self.inner, &application, request).await;
        // Looking at a source may have left a mirror that nobody would ever ask for again.
        let forgotten: Result<(), Error> = self.inner.sources.forget(id).await;
        forgotten.and(plan)
    }
}
