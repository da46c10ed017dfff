//! Applications in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Page, PageRequest, Reach, RepositoryKey};
use crate::store::application::OF_REPOSITORY_MAX;
use crate::store::{ApplicationFilter, ApplicationStore, refusal};

impl Tables {
    pub(super) fn application(&self, id: ApplicationId) -> Option<&Application> {
        self.applications.get(&id).and_then(Kept::live)
    }

    fn live_applications(&self) -> impl DoubleEndedIterator<Item = &Application> {
        self.applications.values().filter_map(Kept::live)
    }

    fn application_named(&self, project: ProjectId, name: &str) -> Option<&Application> {
        self.live_applications()
            .find(|application| application.project_id == project && application.spec.name == name)
    }

    pub(super) fn insert_application(&mut self, application: &Application) -> Result<()> {
        if self.project(application.project_id).is_none() {
            return Err(Error::not_found("project", application.project_id));
        }
        let name_taken = self
            .application_named(application.project_id, &application.spec.name)
            .is_some();
        let service_name_taken = self
            .live_applications()
            .any(|other| other.service_name == application.service_name);
        if name_taken || service_name_taken || self.applications.contains_key(&application.id) {
            return Err(refusal::taken("application", &application.spec.name));
        }
        self.applications
            .insert(application.id, Kept::new(application.clone()));
        Ok(())
    }
}

#[async_trait]
impl ApplicationStore for MemoryStore {
    async fn create_application(&self, application: &Application) -> Result<()> {
        let mut tables = self.change();
        tables.insert_application(application)?;
        tables.commit();
        Ok(())
    }

    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>> {
        Ok(self.lock().application(id).cloned())
    }

    async fn find_application_in_reach(
        &self,
        reach: &Reach,
        id: ApplicationId,
    ) -> Result<Option<Application>> {
        let tables = self.lock();
        let found = tables.application(id);
        let reached = found.filter(|found| tables.reaches(reach, found.project_id));
        Ok(reached.cloned())
    }

    async fn find_application_by_name(
        &self,
        project: ProjectId,
        name: &str,
    ) -> Result<Option<Application>> {
        Ok(self.lock().application_named(project, name).cloned())
    }

    async fn find_application_by_service_name(
        &self,
        service_name: &str,
    ) -> Result<Option<Application>> {
        Ok(self
            .lock()
            .live_applications()
            .find(|application| application.service_name == service_name)
            .cloned())
    }

    async fn applications_of_repository(
        &self,
        repository: &RepositoryKey,
    ) -> Result<Vec<Application>> {
        let tables = self.lock();
        let found = tables.live_applications().filter(|application| {
            RepositoryKey::of(&application.spec).as_ref() == Some(repository)
        });
        Ok(found.take(OF_REPOSITORY_MAX as usize).cloned().collect())
    }

    async fn list_applications(
        &self,
        filter: &ApplicationFilter,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let tables = self.lock();
        let asked = tables.live_applications().rev().filter(|application| {
            filter.project.is_none_or(|id| application.project_id == id)
                && (filter.with_databases || application.database_id.is_none())
                && tables.reaches(&filter.reach, application.project_id)
        });
        Ok(page_of(asked, page, |application| application.id.as_uuid()))
    }

    async fn update_application(&self, application: &Application) -> Result<Application> {
        let mut tables = self.change();
        let stored = tables
            .application(application.id)
            .ok_or_else(|| Error::not_found("application", application.id))?;
        if stored.version != application.version {
            return Err(refusal::stale_version("application", application.id));
        }
        if tables
            .application_named(stored.project_id, &application.spec.name)
            .is_some_and(|other| other.id != application.id)
        {
            return Err(refusal::taken("application", &application.spec.name));
        }
        let changed = Application {
            version: stored.version + 1,
            spec: application.spec.clone(),
            stopped: application.stopped,
            webhook_secret: application.webhook_secret.clone(),
            updated_at: application.updated_at,
            ..stored.clone()
        };
        tables
            .applications
            .insert(application.id, Kept::new(changed.clone()));
        tables.commit();
        Ok(changed)
    }

    async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        if tables.open_of(id).next().is_some() {
            return Err(refusal::application_in_use(id));
        }
        if tables
            .applications
            .get_mut(&id)
            .is_some_and(|application| application.delete(at))
        {
            tables.commit();
        }
        Ok(())
    }
}
