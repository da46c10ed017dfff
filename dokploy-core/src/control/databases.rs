//! Databases.

use super::audited::About;
use super::reach::{reach_of, require};
use super::{ControlPlane, applications, deployments};
use crate::access::{Action, Actor};
use crate::engine::{DatabaseChange, DatabaseConnection, NewDatabase};
use crate::error::{Error, Result};
use crate::id::{DatabaseId, ProjectId};
use crate::model::{Application, Database, Deployment, Page, PageRequest};

/// A database with what a reader wants to know besides.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseView {
    /// As stored, its password sealed.
    pub database: Database,
    /// The application that runs it.
    pub application: Application,
    /// Its newest deployment.
    pub last_deployment: Option<Deployment>,
}

impl DatabaseView {
    /// Name of the volume with its data.
    pub fn volume(&self) -> &str {
        let volume = self.application.spec.volumes.first();
        volume.map_or("", |volume| &volume.source)
    }
}

impl ControlPlane {
    /// Databases that the actor reaches, of one project or of all, newest first.
    ///
    /// # Errors
    ///
    /// `not_found` for a project that he does not reach.
    pub async fn databases(
        &self,
        actor: &Actor,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<DatabaseView>> {
        require(actor, Action::DatabaseRead)?;
        if let Some(project) = project {
            self.project_for(actor, Action::ProjectRead, project)
                .await?;
        }
        let reach = reach_of(actor)?;
        let listed = self.store().list_databases(&reach, project, page).await?;
        let mut items = Vec::new();
        for database in listed.items {
            // One that is being deleted has no application any more.
            if let Ok(view) = self.viewed(actor, database).await {
                items.push(view);
            }
        }
        Ok(Page {
            items,
            next: listed.next,
        })
    }

    /// A database.
    pub async fn database(&self, actor: &Actor, id: DatabaseId) -> Result<DatabaseView> {
        let work = async {
            let database = self.database_for(actor, Action::DatabaseRead, id).await?;
            self.viewed(actor, database).await
        };
        let about = About::thing("database", id);
        self.read(actor, Action::DatabaseRead, about, work).await
    }

    /// Makes a database, with a password of its own, and deploys it.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with every broken field, `not_found` for a project that the actor does not reach,
    /// `already_exists` when the name is taken in the project.
    pub async fn create_database(
        &self,
        actor: &Actor,
        project: ProjectId,
        new: NewDatabase,
    ) -> Result<DatabaseView> {
        let id = DatabaseId::new();
        let about = About::thing("database", id).with_detail(&new.name);
        let work = async {
            self.project_for(actor, Action::DatabaseCreate, project)
                .await?;
            self.inner.engine.store_database(id, project, new).await
        };
        let change = self.change(actor, Action::DatabaseCreate, about, work);
        let database = Box::pin(change).await?;
        self.deployed(actor, database).await
    }

    /// Changes image or limits of a database, and deploys it.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one, `invalid_spec` with every broken field.
    pub async fn update_database(
        &self,
        actor: &Actor,
        id: DatabaseId,
        version: Option<i64>,
        change: DatabaseChange,
    ) -> Result<DatabaseView> {
        let work = async {
            let stored = self.database_for(actor, Action::DatabaseUpdate, id).await?;
            let version = version.unwrap_or(stored.version);
            self.inner.engine.update_database(id, version, change).await
        };
        let about = About::thing("database", id);
        let change = self.change(actor, Action::DatabaseUpdate, about, work);
        let database = Box::pin(change).await?;
        self.deployed(actor, database).await
    }

    /// Deletes a database. Its data stay, unless `volume` is the name of its volume.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when `volume` is another name.
    pub async fn delete_database(
        &self,
        actor: &Actor,
        id: DatabaseId,
        volume: Option<&str>,
    ) -> Result<()> {
        let mut about = About::thing("database", id);
        if let Some(volume) = volume {
            about = about.with_detail(format!("with volume {volume}"));
        }
        let work = async {
            self.database_for(actor, Action::DatabaseDelete, id).await?;
            self.inner.engine.delete_database(id, volume).await
        };
        Box::pin(self.change(actor, Action::DatabaseDelete, about, work)).await
    }

    /// How to connect to a database, its password included.
    pub async fn database_connection(
        &self,
        actor: &Actor,
        id: DatabaseId,
    ) -> Result<DatabaseConnection> {
        let work = async {
            let action = Action::DatabaseConnect;
            let database = self.database_for(actor, action, id).await?;
            self.inner.engine.database_connection(&database).await
        };
        let about = About::thing("database", id);
        self.read(actor, Action::DatabaseConnect, about, work).await
    }

    /// The database, when the actor reaches it and may do this with it.
    async fn database_for(
        &self,
        actor: &Actor,
        action: Action,
        id: DatabaseId,
    ) -> Result<Database> {
        let reach = reach_of(actor)?;
        let found = self.store().find_database(&reach, id).await?;
        let database = found.ok_or_else(|| Error::not_found("database", id))?;
        self.require_where(actor, action, database.project_id)
            .await?;
        Ok(database)
    }

    /// The right to make or change a database is the right to have it run.
    async fn deployed(&self, actor: &Actor, database: Database) -> Result<DatabaseView> {
        let engine = &self.inner.engine;
        engine
            .deploy_database(&database, Some(actor.reference()))
            .await?;
        self.viewed(actor, database).await
    }

    async fn viewed(&self, actor: &Actor, database: Database) -> Result<DatabaseView> {
        let id = database.application_id;
        let found = self.store().find_application(id).await?;
        let application = found.ok_or_else(|| Error::not_found("database", database.id))?;
        let last = self.last_deployments(&[id]).await?.remove(&id);
        Ok(DatabaseView {
            application: applications::seen_by(actor, application),
            last_deployment: last.map(|one| deployments::seen_by(actor, one)),
            database,
        })
    }
}
