//! Databases in SQL.

use async_trait::async_trait;

use super::statement::statements;
use super::value::{Row, json, name};
use super::{SqlStore, application};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{DatabaseId, ProjectId};
use crate::model::{Application, Database, Page, PageRequest, Reach};
use crate::store::{DatabaseStore, refusal};

statements! {
    columns = "id, version, project_id, name, engine, image, application_id, password, created_at, updated_at";

    INSERT = ["INSERT INTO databases (" columns ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"];
    FIND = [
        "SELECT " columns " FROM databases
         WHERE " (reached "project_id") " AND id = $3 AND deleted_at IS NULL"
    ];
    LIST = [
        "SELECT " columns " FROM databases
         WHERE " (reached "project_id") " AND deleted_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST_OF_USER = [
        "SELECT " columns " FROM databases
         WHERE " (reached_by_user "project_id") " AND deleted_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST_OF_PROJECT = [
        "SELECT " columns " FROM databases
         WHERE " (reached "project_id") " AND project_id = $3 AND deleted_at IS NULL AND id < $4
         ORDER BY id DESC LIMIT $5"
    ];
    UPDATE = [
        "UPDATE databases SET version = version + 1, image = $3, password = $4, updated_at = $5
         WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING " columns
    ];
    IN_USE = [
        "SELECT id FROM applications
         WHERE id = (SELECT application_id FROM databases WHERE id = $1 AND deleted_at IS NULL)
           AND deleted_at IS NULL"
    ];
    DELETE = ["UPDATE databases SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING id"];
}

fn read(mut row: Row) -> Result<Database> {
    Ok(Database {
        id: row.take()?,
        version: row.take()?,
        project_id: row.take()?,
        name: row.take()?,
        engine: row.take_name()?,
        image: row.take()?,
        application_id: row.take()?,
        password: row.take_json()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

#[async_trait]
impl DatabaseStore for SqlStore {
    async fn create_database(&self, database: &Database, application: &Application) -> Result<()> {
        let insert = INSERT
            .bind(database.id)
            .bind(database.version)
            .bind(database.project_id)
            .bind(database.name.as_str())
            .bind(name(&database.engine)?)
            .bind(database.image.as_str())
            .bind(database.application_id)
            .bind(json(&database.password)?)
            .bind(database.created_at)
            .bind(database.updated_at);
        let mut change = self.change().await?;
        application::insert(&mut change, application).await?;
        change
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "database", &database.name))?;
        change.commit().await
    }

    async fn find_database(&self, reach: &Reach, id: DatabaseId) -> Result<Option<Database>> {
        let found = self.read().optional(FIND.within(reach).bind(id)).await?;
        found.map(read).transpose()
    }

    async fn list_databases(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Database>> {
        let call = match project {
            Some(project) => LIST_OF_PROJECT.within(reach).bind(project),
            None => {
                let list = reach.user().map_or(&LIST, |_| &LIST_OF_USER);
                list.within(reach)
            }
        };
        self.list(call, page, read, |database| database.id.as_uuid())
            .await
    }

    async fn update_database(&self, database: &Database) -> Result<Database> {
        let update = UPDATE
            .bind(database.id)
            .bind(database.version)
            .bind(database.image.as_str())
            .bind(json(&database.password)?)
            .bind(database.updated_at);
        let mut change = self.single_change().await?;
        if let Some(row) = change.optional(update).await? {
            change.commit().await?;
            return read(row);
        }
        drop(change);
        match self.find_database(&Reach::All, database.id).await? {
            Some(_) => Err(refusal::stale_version("database", database.id)),
            None => Err(Error::not_found("database", database.id)),
        }
    }

    async fn delete_database(&self, id: DatabaseId, at: Timestamp) -> Result<()> {
        let mut change = self.change().await?;
        if change.optional(IN_USE.bind(id)).await?.is_some() {
            return Err(refusal::database_in_use(id));
        }
        let deleted = change.optional(DELETE.bind(id).bind(at)).await?;
        change.commit_if(deleted.is_some()).await
    }
}
