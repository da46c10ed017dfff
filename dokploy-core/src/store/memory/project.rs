//! Projects in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Page, PageRequest, Project, Reach};
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

    /// Whether a project is in reach. A deleted one is, as long as somebody asks for what is left of it.
    pub(super) fn reaches(&self, reach: &Reach, id: ProjectId) -> bool {
        let of_user = reach.user().is_none_or(|user| {
            self.projects.get(&id).is_some_and(|kept| {
                let Project {
                    owner_id, team_id, ..
                } = kept.value;
                owner_id == Some(user)
                    || team_id.is_some_and(|team| self.members.contains(&(team, user)))
            })
        });
        of_user && reach.projects().is_none_or(|ids| ids.contains(&id))
    }

    /// Whose a project is has to be there.
    fn require_owner_and_team(&self, project: &Project) -> Result<()> {
        if let Some(owner) = project.owner_id {
            self.require_user(owner)?;
        }
        if let Some(team) = project.team_id {
            self.require_team(team)?;
        }
        Ok(())
    }
}

#[async_trait]
impl ProjectStore for MemoryStore {
    async fn create_project(&self, project: &Project) -> Result<()> {
        let mut tables = self.change();
        tables.require_owner_and_team(project)?;
        if tables.project_named(&project.name).is_some()
            || tables.projects.contains_key(&project.id)
        {
            return Err(refusal::taken("project", &project.name));
        }
        tables
            .projects
            .insert(project.id, Kept::new(project.clone()));
        tables.commit();
        Ok(())
    }

    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>> {
        Ok(self.lock().project(id).cloned())
    }

    async fn find_project_in_reach(&self, reach: &Reach, id: ProjectId) -> Result<Option<Project>> {
        let tables = self.lock();
        let found = tables.project(id).filter(|_| tables.reaches(reach, id));
        Ok(found.cloned())
    }

    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>> {
        Ok(self.lock().project_named(name).cloned())
    }

    async fn list_projects(&self, reach: &Reach, page: PageRequest) -> Result<Page<Project>> {
        let tables = self.lock();
        let live = tables.projects.values().rev().filter_map(Kept::live);
        let reached = live.filter(|project| tables.reaches(reach, project.id));
        Ok(page_of(reached, page, |project| project.id.as_uuid()))
    }

    async fn update_project(&self, project: &Project) -> Result<Project> {
        let mut tables = self.change();
        let stored = tables
            .project(project.id)
            .ok_or_else(|| Error::not_found("project", project.id))?;
        if stored.version != project.version {
            return Err(refusal::stale_version("project", project.id));
        }
        let changed = Project {
            version: project.version + 1,
            created_at: stored.created_at,
            ..project.clone()
        };
        if tables
            .project_named(&project.name)
            .is_some_and(|other| other.id != project.id)
        {
            return Err(refusal::taken("project", &project.name));
        }
        tables.require_owner_and_team(project)?;
        tables
            .projects
            .insert(project.id, Kept::new(changed.clone()));
        tables.commit();
        Ok(changed)
    }

    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        let in_use = tables
            .applications
            .values()
            .filter_map(Kept::live)
            .any(|application| application.project_id == id);
        if in_use {
            return Err(refusal::project_in_use(id));
        }
        if tables
            .projects
            .get_mut(&id)
            .is_some_and(|project| project.delete(at))
        {
            tables.commit();
        }
        Ok(())
    }
}
