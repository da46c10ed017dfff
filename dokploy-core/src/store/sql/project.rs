//! Projects in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::statement::statements;
use super::value::Row;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Page, PageRequest, Project};
use crate::store::{ProjectStore, refusal};

statements! {
    columns = "id, version, name, description, created_at, updated_at";

    INSERT = ["INSERT INTO projects (" columns ") VALUES ($1, $2, $3, $4, $5, $6)"];
    FIND = ["SELECT " columns " FROM projects WHERE id = $1 AND deleted_at IS NULL"];
    FIND_BY_NAME = ["SELECT " columns " FROM projects WHERE name = $1 AND deleted_at IS NULL"];
    LIST = ["SELECT " columns " FROM projects WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"];
    UPDATE = [
        "UPDATE projects SET version = version + 1, name = $3, description = $4, updated_at = $5
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
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

#[async_trait]
impl ProjectStore for SqlStore {
    async fn create_project(&self, project: &Project) -> Result<()> {
        let insert = INSERT
            .bind(project.id)
            .bind(project.version)
            .bind(project.name.as_str())
            .bind(project.description.as_str())
            .bind(project.created_at)
            .bind(project.updated_at);
        self.write()
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "project", &project.name))
    }

    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(read).transpose()
    }

    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>> {
        let found = self.read().optional(FIND_BY_NAME.bind(name)).await?;
        found.map(read).transpose()
    }

    async fn list_projects(&self, page: PageRequest) -> Result<Page<Project>> {
        self.list(LIST.call(), page, read, |project| project.id.as_uuid())
            .await
    }

    async fn update_project(&self, project: &Project) -> Result<Project> {
        let update = UPDATE
            .bind(project.id)
            .bind(project.version)
            .bind(project.name.as_str())
            .bind(project.description.as_str())
            .bind(project.updated_at);
        let updated = self
            .write()
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "project", &project.name))?;
        match updated {
            Some(row) => read(row),
            None if self.find_project(project.id).await?.is_some() => {
                Err(refusal::stale_version("project", project.id))
            }
            None => Err(Error::not_found("project", project.id)),
        }
    }

    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
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
