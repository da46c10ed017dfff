//! Projects: whose they are says who sees what is in them.

use super::ControlPlane;
use super::audited::About;
use super::reach::{reach_of, require};
use crate::access::{Action, Actor};
use crate::bus::Signal;
use crate::error::Result;
use crate::id::{ProjectId, TeamId};
use crate::model::{Page, PageRequest, Project};

/// A project to be made.
#[derive(Clone, Debug, Default)]
pub struct NewProject {
    /// Name: lower-case letters, digits and hyphens, 1 to 40 characters; unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The team that sees it besides its owner, who is whoever makes it.
    pub team_id: Option<TeamId>,
}

/// What changes about a project; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// Name. Services keep the names that they have.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The team; `Some(None)` takes it from its team.
    pub team_id: Option<Option<TeamId>>,
}

impl ControlPlane {
    /// Projects that the actor reaches, newest first.
    pub async fn projects(&self, actor: &Actor, page: PageRequest) -> Result<Page<Project>> {
        require(actor, Action::ProjectRead)?;
        let reach = reach_of(actor)?;
        self.store().list_projects(&reach, page).await
    }

    /// A project.
    pub async fn project(&self, actor: &Actor, id: ProjectId) -> Result<Project> {
        let work = self.project_for(actor, Action::ProjectRead, id);
        self.read(
            actor,
            Action::ProjectRead,
            About::thing("project", id),
            work,
        )
        .await
    }

    /// Makes a project that belongs to the actor.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a bad name, `already_exists` when it is taken, `not_found` for a team that the actor is
    /// not in.
    pub async fn create_project(&self, actor: &Actor, new: NewProject) -> Result<Project> {
        let now = self.now();
        let project = Project {
            id: ProjectId::new(),
            version: 1,
            name: new.name,
            description: new.description,
            owner_id: actor.user_id(),
            team_id: new.team_id,
            created_at: now,
            updated_at: now,
        };
        let about = About::thing("project", project.id).with_detail(&project.name);
        let work = async {
            require(actor, Action::ProjectCreate)?;
            project.validate()?;
            if let Some(team) = project.team_id {
                self.team_to_give_to(actor, team).await?;
            }
            self.store().create_project(&project).await?;
            Ok(project)
        };
        self.change(actor, Action::ProjectCreate, about, work).await
    }

    /// Changes a project, or gives it to a team.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one; see also [`ControlPlane::create_project`].
    pub async fn update_project(
        &self,
        actor: &Actor,
        id: ProjectId,
        version: Option<i64>,
        change: ProjectChange,
    ) -> Result<Project> {
        let about = About::thing("project", id);
        let work = async {
            let stored = self.project_for(actor, Action::ProjectUpdate, id).await?;
            if let Some(Some(team)) = change.team_id
                && stored.team_id != Some(team)
            {
                self.team_to_give_to(actor, team).await?;
            }
            let project = Project {
                version: version.unwrap_or(stored.version),
                name: change.name.unwrap_or(stored.name),
                description: change.description.unwrap_or(stored.description),
                team_id: change.team_id.unwrap_or(stored.team_id),
                updated_at: self.now(),
                ..stored
            };
            project.validate()?;
            self.store().update_project(&project).await
        };
        let project = self
            .change(actor, Action::ProjectUpdate, about, work)
            .await?;
        self.tell(&Signal::Project { project: id }).await;
        Ok(project)
    }

    /// Deletes a project.
    ///
    /// # Errors
    ///
    /// `conflict` while it has applications.
    pub async fn delete_project(&self, actor: &Actor, id: ProjectId) -> Result<()> {
        let work = async {
            self.project_for(actor, Action::ProjectDelete, id).await?;
            self.store().delete_project(id, self.now()).await
        };
        self.change(
            actor,
            Action::ProjectDelete,
            About::thing("project", id),
            work,
        )
        .await?;
        self.tell(&Signal::Project { project: id }).await;
        Ok(())
    }

    /// Wakes up whoever listens; who hears nothing looks by himself.
    pub(super) async fn tell(&self, signal: &Signal) {
        if let Err(error) = self.inner.engine.bus().publish(signal).await {
            tracing::debug!(error = %error, "a signal was lost; listeners also poll");
        }
    }
}
