//! Projects in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::session::Session;
use super::statement::statements;
use super::value::Row;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Page, PageRequest, Project, Reach};
use crate::store::{ProjectStore, refusal};

statements! {
    columns = "id, version, name, description, owner_id, team_id, created_at, updated_at";

    INSERT = ["INSERT INTO projects (" columns ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"];
    FIND = ["SELECT " columns " FROM projects WHERE " (reached "id") " AND id = $3 AND deleted_at IS NULL"];
    FIND_BY_NAME = ["SELECT " columns " FROM projects WHERE name = $1 AND deleted_at IS NULL"];
    LIST = [
        "SELECT " columns " FROM projects
         WHERE " (reached "id") " AND deleted_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST_OF_USER = [
        "SELECT " columns " FROM projects
         WHERE " (reached_by_user "id") " AND deleted_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    FIND_OWNER = ["SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL"];
    LOCK_TEAM = ["SELECT id FROM teams WHERE id = $1 AND deleted_at IS NULL" lock];
    UPDATE = [
        "UPDATE projects SET version = version + 1, name = $3, description = $4, owner_id = $5, team_id = $6,
            updated_at = $7
         WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING " columns
    ];
    LOCK = ["SELECT id FROM projects WHERE id = $1 AND deleted_at IS NULL" lock];
    IN_USE = ["SELECT id FROM applications WHERE project_id = $1 AND deleted_at IS NULL LIMIT 1"];
    DELETE = ["UPDATE projects SET deleted_at = $2 WHERE id = $1"];
}

fn read(mut row: Row) -> Result<Project> {
    Ok(Project {
        id: row.take()?,
        version: row.take()?,
        name: row.take()?,
        description: row.take()?,
        owner_id: row.take()?,
        team_id: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// Whose a project is has to be there. The lock keeps the team from being deleted at the same moment.
async fn require_owner_and_team(change: &mut Session, project: &Project) -> Result<()> {
    if let Some(owner) = project.owner_id
        && change.optional(FIND_OWNER.bind(owner)).await?.is_none()
    {
        return Err(Error::not_found("user", owner));
    }
    if let Some(team) = project.team_id
        && change.optional(LOCK_TEAM.bind(team)).await?.is_none()
    {
        return Err(Error::not_found("team", team));
    }
    Ok(())
}

#[async_trait]
impl ProjectStore for SqlStore {
    async fn create_project(&self, project: &Project) -> Result<()> {
        let insert = INSERT
            .bind(project.id)
            .bind(project.version)
            .bind(project.name.as_str())
            .bind(project.description.as_str())
            .bind(project.owner_id)
            .bind(project.team_id)
            .bind(project.created_at)
            .bind(project.updated_at);
        let mut change = self.change().await?;
        require_owner_and_team(&mut change, project).await?;
        change
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "project", &project.name))?;
        change.commit().await
    }

    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>> {
        self.find_project_in_reach(&Reach::All, id).await
    }

    async fn find_project_in_reach(&self, reach: &Reach, id: ProjectId) -> Result<Option<Project>> {
        let found = self.read().optional(FIND.within(reach).bind(id)).await?;
        found.map(read).transpose()
    }

    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>> {
        let found = self.read().optional(FIND_BY_NAME.bind(name)).await?;
        found.map(read).transpose()
    }

    async fn list_projects(&self, reach: &Reach, page: PageRequest) -> Result<Page<Project>> {
        let list = reach.user().map_or(&LIST, |_| &LIST_OF_USER);
        self.list(list.within(reach), page, read, |project| {
            project.id.as_uuid()
        })
        .await
    }

    async fn update_project(&self, project: &Project) -> Result<Project> {
        let update = UPDATE
            .bind(project.id)
            .bind(project.version)
            .bind(project.name.as_str())
            .bind(project.description.as_str())
            .bind(project.owner_id)
            .bind(project.team_id)
            .bind(project.updated_at);
        let mut change = self.change().await?;
        require_owner_and_team(&mut change, project).await?;
        let updated = change
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "project", &project.name))?;
        if let Some(row) = updated {
            change.commit().await?;
            return read(row);
        }
        drop(change);
        match self.find_project(project.id).await? {
            Some(_) => Err(refusal::stale_version("project", project.id)),
            None => Err(Error::not_found("project", project.id)),
        }
    }

    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()> {
        let mut transaction = self.change().await?;
        if transaction.optional(LOCK.bind(id)).await?.is_none() {
            return Ok(());
        }
        if transaction.optional(IN_USE.bind(id)).await?.is_some() {
            return Err(refusal::project_in_use(id));
        }
        transaction.execute(DELETE.bind(id).bind(at)).await?;
        transaction.commit().await
    }
}
