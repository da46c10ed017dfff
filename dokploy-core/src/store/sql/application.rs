//! Applications in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::statement::statements;
use super::value::{Row, json};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Page, PageRequest};
use crate::store::{ApplicationStore, refusal};

statements! {
    columns = "id, version, project_id, service_name, spec, stopped, current_release_id, created_at, updated_at";

    LOCK_PROJECT = ["SELECT id FROM projects WHERE id = $1 AND deleted_at IS NULL" lock];
    INSERT = [
        "INSERT INTO applications (" columns ", name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    ];
    FIND = ["SELECT " columns " FROM applications WHERE id = $1 AND deleted_at IS NULL"];
    FIND_BY_NAME = [
        "SELECT " columns " FROM applications WHERE project_id = $1 AND name = $2 AND deleted_at IS NULL"
    ];
    FIND_BY_SERVICE_NAME = [
        "SELECT " columns " FROM applications WHERE service_name = $1 AND deleted_at IS NULL"
    ];
    LIST = [
        "SELECT " columns " FROM applications WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"
    ];
    LIST_OF_PROJECT = [
        "SELECT " columns " FROM applications
         WHERE project_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3"
    ];
    UPDATE = [
        "UPDATE applications SET version = version + 1, name = $3, spec = $4, stopped = $5, updated_at = $6
         WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING " columns
    ];
    LOCK = ["SELECT id FROM applications WHERE id = $1 AND deleted_at IS NULL" lock];
    IN_USE = ["SELECT id FROM deployments WHERE application_id = $1 AND queue <> 'done' LIMIT 1"];
    DELETE = ["UPDATE applications SET deleted_at = $2 WHERE id = $1"];
}

fn read(mut row: Row) -> Result<Application> {
    Ok(Application {
        id: row.take()?,
        version: row.take()?,
        project_id: row.take()?,
        service_name: row.take()?,
        spec: row.take_json()?,
        stopped: row.take()?,
        current_release_id: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

#[async_trait]
impl ApplicationStore for SqlStore {
    async fn create_application(&self, application: &Application) -> Result<()> {
        let insert = INSERT
            .bind(application.id)
            .bind(application.version)
            .bind(application.project_id)
            .bind(application.service_name.as_str())
            .bind(json(&application.spec)?)
            .bind(application.stopped)
            .bind(application.current_release_id)
            .bind(application.created_at)
            .bind(application.updated_at)
            .bind(application.spec.name.as_str());
        let mut transaction = self.begin().await?;
        // The lock keeps the project from being deleted at the same moment.
        let project = transaction
            .optional(LOCK_PROJECT.bind(application.project_id))
            .await?;
        if project.is_none() {
            return Err(Error::not_found("project", application.project_id));
        }
        transaction
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "application", &application.spec.name))?;
        transaction.commit().await
    }

    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(read).transpose()
    }

    async fn find_application_by_name(
        &self,
        project: ProjectId,
        name: &str,
    ) -> Result<Option<Application>> {
        let find = FIND_BY_NAME.bind(project).bind(name);
        self.read().optional(find).await?.map(read).transpose()
    }

    async fn find_application_by_service_name(
        &self,
        service_name: &str,
    ) -> Result<Option<Application>> {
        let find = FIND_BY_SERVICE_NAME.bind(service_name);
        self.read().optional(find).await?.map(read).transpose()
    }

    async fn list_applications(
        &self,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let call = match project {
            Some(project) => LIST_OF_PROJECT.bind(project),
            None => LIST.call(),
        };
        self.list(call, page, read, |application| application.id.as_uuid())
            .await
    }

    async fn update_application(&self, application: &Application) -> Result<Application> {
        let update = UPDATE
            .bind(application.id)
            .bind(application.version)
            .bind(application.spec.name.as_str())
            .bind(json(&application.spec)?)
            .bind(application.stopped)
            .bind(application.updated_at);
        let updated = self
            .write()
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "application", &application.spec.name))?;
        match updated {
            Some(row) => read(row),
            None if self.find_application(application.id).await?.is_some() => {
                Err(refusal::stale_version("application", application.id))
            }
            None => Err(Error::not_found("application", application.id)),
        }
    }

    async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
        // Who accepts a deployment takes the same lock, so that none can slip in between.
        if transaction.optional(LOCK.bind(id)).await?.is_none() {
            return Ok(());
        }
        if transaction.optional(IN_USE.bind(id)).await?.is_some() {
            return Err(refusal::application_in_use(id));
        }
        transaction.execute(DELETE.bind(id).bind(at)).await?;
        transaction.commit().await
    }
}
