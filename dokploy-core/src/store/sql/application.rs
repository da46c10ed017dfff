//! Applications in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::session::Session;
use super::statement::statements;
use super::value::{Row, json, optional_json};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Page, PageRequest, Reach, RepositoryKey};
use crate::store::application::OF_REPOSITORY_MAX;
use crate::store::{ApplicationFilter, ApplicationStore, refusal};

statements! {
    columns = "id, version, project_id, service_name, spec, stopped, current_release_id,
        webhook_secret, database_id, created_at, updated_at";

    LOCK_PROJECT = ["SELECT id FROM projects WHERE id = $1 AND deleted_at IS NULL" lock];
    INSERT = [
        "INSERT INTO applications (" columns ", name, repository)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    ];
    FIND = [
        "SELECT " columns " FROM applications
         WHERE " (reached "project_id") " AND id = $3 AND deleted_at IS NULL"
    ];
    FIND_BY_NAME = [
        "SELECT " columns " FROM applications WHERE project_id = $1 AND name = $2 AND deleted_at IS NULL"
    ];
    FIND_BY_SERVICE_NAME = [
        "SELECT " columns " FROM applications WHERE service_name = $1 AND deleted_at IS NULL"
    ];
    OF_REPOSITORY = [
        "SELECT " columns " FROM applications WHERE repository = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2"
    ];
    LIST = [
        "SELECT " columns " FROM applications
         WHERE " (reached "project_id") " AND ($3 OR database_id IS NULL) AND deleted_at IS NULL AND id < $4
         ORDER BY id DESC LIMIT $5"
    ];
    LIST_OF_USER = [
        "SELECT " columns " FROM applications
         WHERE " (reached_by_user "project_id") " AND ($3 OR database_id IS NULL) AND deleted_at IS NULL AND id < $4
         ORDER BY id DESC LIMIT $5"
    ];
    LIST_OF_PROJECT = [
        "SELECT " columns " FROM applications
         WHERE " (reached "project_id") " AND ($3 OR database_id IS NULL) AND project_id = $4
           AND deleted_at IS NULL AND id < $5
         ORDER BY id DESC LIMIT $6"
    ];
    UPDATE = [
        "UPDATE applications SET version = version + 1, name = $3, spec = $4, stopped = $5,
            webhook_secret = $6, updated_at = $7, repository = $8
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
        webhook_secret: row.take_optional_json()?,
        database_id: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// What webhooks find it by.
fn repository(application: &Application) -> Option<RepositoryKey> {
    RepositoryKey::of(&application.spec)
}

/// Stores a new application. The lock keeps the project from being deleted at the same moment.
pub(super) async fn insert(transaction: &mut Session, application: &Application) -> Result<()> {
    let project = transaction
        .optional(LOCK_PROJECT.bind(application.project_id))
        .await?;
    if project.is_none() {
        return Err(Error::not_found("project", application.project_id));
    }
    let insert = INSERT
        .bind(application.id)
        .bind(application.version)
        .bind(application.project_id)
        .bind(application.service_name.as_str())
        .bind(json(&application.spec)?)
        .bind(application.stopped)
        .bind(application.current_release_id)
        .bind(optional_json(application.webhook_secret.as_ref())?)
        .bind(application.database_id)
        .bind(application.created_at)
        .bind(application.updated_at)
        .bind(application.spec.name.as_str())
        .bind(repository(application).as_ref().map(RepositoryKey::as_str));
    transaction
        .execute(insert)
        .await
        .map_err(|error| refusal::if_taken(error, "application", &application.spec.name))
}

#[async_trait]
impl ApplicationStore for SqlStore {
    async fn create_application(&self, application: &Application) -> Result<()> {
        let mut change = self.change().await?;
        insert(&mut change, application).await?;
        change.commit().await
    }

    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>> {
        self.find_application_in_reach(&Reach::All, id).await
    }

    async fn find_application_in_reach(
        &self,
        reach: &Reach,
        id: ApplicationId,
    ) -> Result<Option<Application>> {
        let found = self.read().optional(FIND.within(reach).bind(id)).await?;
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

    async fn applications_of_repository(
        &self,
        repository: &RepositoryKey,
    ) -> Result<Vec<Application>> {
        let find = OF_REPOSITORY
            .bind(repository.as_str())
            .bind(OF_REPOSITORY_MAX);
        let rows = self.read().all(find).await?;
        rows.into_iter().map(read).collect()
    }

    async fn list_applications(
        &self,
        filter: &ApplicationFilter,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let ApplicationFilter {
            reach,
            project,
            with_databases,
        } = filter;
        let call = match project {
            Some(project) => LIST_OF_PROJECT
                .within(reach)
                .bind(*with_databases)
                .bind(*project),
            None => {
                let list = reach.user().map_or(&LIST, |_| &LIST_OF_USER);
                list.within(reach).bind(*with_databases)
            }
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
            .bind(optional_json(application.webhook_secret.as_ref())?)
            .bind(application.updated_at)
            .bind(repository(application).as_ref().map(RepositoryKey::as_str));
        let mut change = self.single_change().await?;
        let updated = change
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "application", &application.spec.name))?;
        if let Some(row) = updated {
            change.commit().await?;
            return read(row);
        }
        drop(change);
        match self.find_application(application.id).await? {
            Some(_) => Err(refusal::stale_version("application", application.id)),
            None => Err(Error::not_found("application", application.id)),
        }
    }

    async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()> {
        let mut transaction = self.change().await?;
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
