//! Projects in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Page, PageRequest, Project};
use crate::store::{ProjectStore, refusal};

impl Tables {
    pub(super) fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id).and_then(Kept::live)
    }

    fn project_named(&self, name: &str) -> Option<&Project> {
        self.projects
            .values()
            .filter_map(Kept::live)
            .find(|project| project.name == name)
    }
}

#[async_trait]
impl ProjectStore for MemoryStore {
    async fn create_project(&self, project: &Project) -> Result<()> {
        let mut tables = self.lock();
        if tables.project_named(&project.name).is_some()
            || tables.projects.contains_key(&project.id)
        {
            return Err(refusal::taken("project", &project.name));
        }
        tables
            .projects
            .insert(project.id, Kept::new(project.clone()));
        Ok(())
    }

    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>> {
        Ok(self.lock().project(id).cloned())
    }

    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>> {
        Ok(self.lock().project_named(name).cloned())
    }

    async fn list_projects(&self, page: PageRequest) -> Result<Page<Project>> {
        let tables = self.lock();
        let live = tables.projects.values().rev().filter_map(Kept::live);
        Ok(page_of(live, page, |project| project.id.as_uuid()))
    }

    async fn update_project(&self, project: &Project) -> Result<Project> {
        let mut tables = self.lock();
        if tables
            .project_named(&project.name)
            .is_some_and(|other| other.id != project.id)
        {
            return Err(refusal::taken("project", &project.name));
        }
        let stored = tables
            .projects
            .get_mut(&project.id)
            .and_then(Kept::live_mut)
            .ok_or_else(|| Error::not_found("project", project.id))?;
        if stored.version != project.version {
            return Err(refusal::stale_version("project", project.id));
        }
        *stored = Project {
            version: project.version + 1,
            created_at: stored.created_at,
            ..project.clone()
        };
        Ok(stored.clone())
    }

    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()> {
        let mut tables = self.lock();
        let in_use = tables
            .applications
            .values()
            .filter_map(Kept::live)
            .any(|application| application.project_id == id);
        if in_use {
            return Err(refusal::project_in_use(id));
        }
        if let Some(project) = tables.projects.get_mut(&id) {
            project.delete(at);
        }
        Ok(())
    }
}
