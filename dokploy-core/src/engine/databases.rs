//! Databases: applications whose specification is written here. The engine keeps all its promises for them.

mod blueprint;
mod connection;

use std::collections::BTreeMap;

use self::blueprint::Blueprint;
pub use self::connection::DatabaseConnection;
use super::{Engine, sealing};
use crate::deployer::{DeployRequest, Deployer, DeploymentHandle};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DatabaseId, ProjectId};
use crate::model::{
    ActorRef, Application, Database, DatabaseEngine, DeploymentRequest, EndpointMode, Reach,
};
use crate::runtime::{OwnedKind, label};
use crate::secret::{Secret, random};

/// Random bytes of a password. In hexadecimal, so that it is the same in a URL, a shell and a configuration.
const PASSWORD_BYTES: usize = 24;

/// A database to be made.
#[derive(Clone, Debug)]
pub struct NewDatabase {
    /// Name, unique within the project also among its applications.
    pub name: String,
    /// Which database.
    pub engine: DatabaseEngine,
    /// Tag of the engine's official image; unset: the one that was current when this version was made.
    pub version: Option<String>,
    /// Another image that works like the official one. Not together with `version`.
    pub image: Option<String>,
    /// Limits.
    pub limits: DatabaseLimits,
    /// How its name resolves.
    pub endpoint_mode: EndpointMode,
}

/// What a database may use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DatabaseLimits {
    /// Memory in MiB.
    pub memory: Option<u64>,
    /// Cores.
    pub cpu: Option<f64>,
}

/// What of a database is to change; unset is what stays.
#[derive(Clone, Debug, Default)]
pub struct DatabaseChange {
    /// Tag of the engine's official image.
    pub version: Option<String>,
    /// Another image.
    pub image: Option<String>,
    /// Memory limit in MiB; the inner `None` takes it away.
    pub memory: Option<Option<u64>>,
    /// Processor limit in cores; the inner `None` takes it away.
    pub cpu: Option<Option<f64>>,
}

impl Engine {
    /// Makes a database, with a password of its own, and deploys it.
    ///
    /// # Errors
    ///
    /// As [`Engine::create_application`] and [`Deployer::deploy`]. A database that was made and could not be deployed,
    /// because the queue is full, stays and can be deployed later.
    pub async fn create_database(
        &self,
        project: ProjectId,
        new: NewDatabase,
        actor: Option<ActorRef>,
    ) -> Result<(Database, DeploymentHandle)> {
        let database = self.store_database(DatabaseId::new(), project, new).await?;
        let handle = self.deploy_database(&database, actor).await?;
        Ok((database, handle))
    }

    /// Makes a database under an identifier that the caller has made, and does not deploy it yet.
    pub(crate) async fn store_database(
        &self,
        id: DatabaseId,
        project: ProjectId,
        new: NewDatabase,
    ) -> Result<Database> {
        let found = self.inner.store.find_project(project).await?;
        let project = found.ok_or_else(|| Error::not_found("project", project))?;
        let image = blueprint::image(new.engine, new.version.as_deref(), new.image.as_deref())?
            .unwrap_or_else(|| blueprint::default_image(new.engine));
        let password = password()?;
        let service_name = crate::model::service_name(&project.name, &new.name);
        let spec = Blueprint {
            engine: new.engine,
            name: &new.name,
            image: &image,
            volume: blueprint::volume(&service_name, id),
            password: password.clone(),
            limits: new.limits,
            endpoint_mode: new.endpoint_mode,
        }
        .spec();
        spec.validate()?;
        let keyring = &self.inner.keyring;
        let application_id = ApplicationId::new();
        let now = self.inner.clock.now();
        let database = Database {
            id,
            version: 1,
            project_id: project.id,
            name: new.name,
            engine: new.engine,
            image,
            application_id,
            password: sealing::seal_database_password(keyring, id, &password)?,
            created_at: now,
            updated_at: now,
        };
        let application = Application {
            id: application_id,
            version: 1,
            project_id: project.id,
            service_name,
            spec: sealing::seal(keyring, application_id, spec)?,
            stopped: false,
            current_release_id: None,
            webhook_secret: None,
            database_id: Some(id),
            created_at: now,
            updated_at: now,
        };
        let store = &self.inner.store;
        store.create_database(&database, &application).await?;
        self.announce(&application).await;
        Ok(database)
    }

    /// Deploys a database as it is described now.
    pub(crate) async fn deploy_database(
        &self,
        database: &Database,
        actor: Option<ActorRef>,
    ) -> Result<DeploymentHandle> {
        let request = DeploymentRequest {
            actor,
            ..DeploymentRequest::default()
        };
        self.deploy(DeployRequest {
            request,
            ..DeployRequest::of(database.application_id)
        })
        .await
    }

    /// Changes image or limits of a database. It takes effect with the next deployment.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is not the stored one, `invalid_spec` for a version or an image that is none,
    /// `not_found`.
    pub async fn update_database(
        &self,
        id: DatabaseId,
        version: i64,
        change: DatabaseChange,
    ) -> Result<Database> {
        let stored = self.database(id).await?;
        let application = self.application(stored.application_id).await?;
        let image = blueprint::image(
            stored.engine,
            change.version.as_deref(),
            change.image.as_deref(),
        )?
        .unwrap_or_else(|| stored.image.clone());
        let mut spec = application.spec.clone();
        spec.image = Some(image.clone());
        spec.memory_limit = change.memory.unwrap_or(spec.memory_limit);
        spec.cpu_limit = change.cpu.unwrap_or(spec.cpu_limit);
        spec.validate()?;
        let store = &self.inner.store;
        let changed = store
            .update_database(&Database {
                version,
                image,
                updated_at: self.inner.clock.now(),
                ..stored
            })
            .await?;
        // Who wrote the database holds its version: nobody else writes this specification.
        self.save(&Application {
            spec,
            updated_at: self.inner.clock.now(),
            ..application
        })
        .await?;
        Ok(changed)
    }

    /// Deletes a database with everything that was made for it. Its data stay, unless `volume` is the name of its
    /// volume. Deleting what is absent is Ok.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when `volume` is the name of another volume, `unavailable` when the volume is still in use.
    pub async fn delete_database(&self, id: DatabaseId, volume: Option<&str>) -> Result<()> {
        let store = &self.inner.store;
        let Some(database) = store.find_database(&Reach::All, id).await? else {
            return Ok(());
        };
        let owner = database.application_id;
        // An earlier deletion may have come this far.
        if let Some(application) = store.find_application(owner).await? {
            let own = application.spec.volumes.first();
            let is_own = own.map(|volume| volume.source.as_str()) == volume;
            if volume.is_some() && !is_own {
                return Err(
                    Error::invalid_field("volume", "is not the volume of this database").with_hint(
                        "leave it out to keep the data, or write the name that the database shows",
                    ),
                );
            }
            self.remove_service_of(&application).await?;
            if let Some(volume) = volume {
                self.remove_volume(owner, volume).await?;
            }
            self.remove_application(&application).await?;
        }
        store.delete_database(id, self.inner.clock.now()).await
    }

    /// How to connect to a database from within the swarm, its password included.
    ///
    /// # Errors
    ///
    /// `permission_denied` when the key that sealed the password is not in the key ring.
    pub async fn database_connection(&self, database: &Database) -> Result<DatabaseConnection> {
        let application = self.application(database.application_id).await?;
        let keyring = &self.inner.keyring;
        let password = sealing::database_password(keyring, database.id, &database.password)?;
        Ok(DatabaseConnection::new(
            database,
            &application.service_name,
            password,
        ))
    }

    /// A database.
    pub(crate) async fn database(&self, id: DatabaseId) -> Result<Database> {
        let found = self.inner.store.find_database(&Reach::All, id).await?;
        found.ok_or_else(|| Error::not_found("database", id))
    }

    async fn remove_volume(&self, owner: ApplicationId, name: &str) -> Result<()> {
        let labels = BTreeMap::from([(label::APPLICATION.to_owned(), owner.to_string())]);
        self.remove_owned(OwnedKind::Volume, &labels, |object| object.name == name)
            .await
    }
}

/// Refuses to change what a database consists of: it would no longer be the one that its record describes.
pub(super) fn refuse_part_of_database(application: &Application) -> Result<()> {
    match application.database_id {
        None => Ok(()),
        Some(database) => {
            let name = &application.spec.name;
            let message = format!("{name} runs the database {database} and is changed with it");
            Err(Error::new(ErrorKind::Conflict, message)
                .with_hint("change or delete the database instead"))
        }
    }
}

fn password() -> Result<Secret> {
    let mut bytes = [0; PASSWORD_BYTES];
    random(&mut bytes)?;
    Ok(Secret::new(hex::encode(bytes)))
}
